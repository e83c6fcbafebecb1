"""The electronic signatures of a PDF: whose they are. Whether they hold is the seal's business (seal.py)."""

from webapp.errors import Unreadable
from webapp.papers import signed_data
from webapp.papers.identified import Identification, once
from webapp.papers.pdf import PARSER_ERRORS, reader

MOST_SIGNATURES = 20


def identify(data):
    """The Identification of a PDF: the signer of each signature with their chain; time stamps of the document are
    left out. Raises Unreadable if the PDF is damaged, encrypted or bears no signature."""
    found, notes = (), ()
    contents = _contents(data)
    for der in contents[:MOST_SIGNATURES]:
        more, further = signed_data.signed(der, "PDF")
        found, notes = once((*found, *more)), (*notes, *further)
    if len(contents) > MOST_SIGNATURES:
        notes = (*notes, f"署名が{len(contents)}個あります。はじめの{MOST_SIGNATURES}個だけを読み取りました。")
    return Identification("電子署名されたPDF", found, notes, is_signed=True)


def _contents(data):
    """The SignedData (padded) of each signature, the oldest first."""
    try:
        pdf = reader(data)
        if pdf.encrypted:
            raise Unreadable(
                "このPDFは暗号化されているため、署名を読み取れません。",
                "Acrobatの署名パネルで「証明書の詳細」を開くと、シリアル番号を確認できます。",
            )
        found = [each.pkcs7_content for each in pdf.embedded_regular_signatures]
    except PARSER_ERRORS:
        raise Unreadable(
            "PDFを読み取れませんでした。ファイルが壊れています。", "ファイルを入手し直して、もう一度選択してください。"
        ) from None
    if not found:
        raise Unreadable("このPDFには電子署名がありません。", "電子署名されたPDFを選択してください。")
    return found
