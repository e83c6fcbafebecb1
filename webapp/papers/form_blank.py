"""Whether a blank form of a CA can be filled here: what it holds that would be lost, would break or would reach out."""

import re

from webapp.errors import Unreadable
from webapp.papers.form_book import Book

NAME = "様式"
_REACHES_OUT = re.compile(
    rb"\b(WEBSERVICE|IMAGE|RTD|DDE|CALL|REGISTER\.ID|SQL\.REQUEST|CUBE[A-Z]+)\s*\(", re.IGNORECASE
)
_ADVICE = "Excelで開き、その部分を取り除いて保存し直してから、もう一度選択してください。"


def opened(xlsx: bytes) -> Book:
    """The blank as a Book. Raises Unreadable with its reason: what Book refuses, macros, links to other files or data,
    a signature over the workbook, formulas that fetch something, and a book without a worksheet."""
    book = Book(xlsx, NAME)
    names = [name.lower() for name in book.parts]
    _refuse(
        any(name.startswith("_xmlsignatures/") for name in names),
        "電子署名が付いています。値を書き込むと署名が壊れます",
    )
    _refuse(any(name.startswith("xl/externallinks/") for name in names), "ほかのブックへのリンクが含まれています")
    _refuse(
        any(name.startswith(("xl/connections", "xl/querytables/")) for name in names),
        "外部のデータへの接続が含まれています",
    )
    _refuse(_is_of_macros(book), "マクロを含む形式です")
    _refuse(_links_out(book), "ほかの場所にある画像やデータへのリンクが含まれています")
    formulas = (data for name, data in book.parts.items() if name.startswith("xl/") and name.endswith(".xml"))
    _refuse(any(_REACHES_OUT.search(data) for data in formulas), "外部から値を取り寄せる数式が含まれています")
    _refuse(not any(not sheet.is_hidden for sheet in book.sheets), "表示できるシートがありません")
    return book


def _refuse(is_so, reason):
    if is_so:
        raise Unreadable(f"この様式は使えません。{reason}。", _ADVICE)


def _is_of_macros(book):
    """By the types of the parts that are there; SheetJS names types of macros for parts that might be."""
    parts = book.xml("[Content_Types].xml").findall("{*}Override")
    return any("macroenabled" in each.get("ContentType", "").lower() for each in parts)


def _links_out(book):
    rels = (name for name in book.parts if name.endswith(".rels"))
    for name in rels:
        for each in book.xml(name).findall("{*}Relationship"):
            if each.get("TargetMode") == "External" and not each.get("Type", "").endswith("/hyperlink"):
                return True
    return False


def notes(book: Book) -> list[str]:
    """What a person should know about a blank that can be filled."""
    names = [name.lower() for name in book.parts]
    told = [
        f"シート「{each.name}」は保護されています。保護したまま値を書き込みます。"
        for each in book.sheets
        if each.is_protected
    ]
    told += [f"シート「{each.name}」は非表示です。" for each in book.sheets if each.is_hidden]
    told += [
        f"シート「{each.name}」は記入のしかたの説明として扱い、PDFには印刷しません。値を書き込むと印刷します。"
        for each in book.sheets
        if each.is_guide and not each.is_hidden
    ]
    controls = sum(name.startswith(("xl/ctrlprops/", "xl/activex/activex")) and name.endswith(".xml") for name in names)
    if controls:
        told.append(
            f"フォームのチェックボックスなどの部品が{controls}個あります。部品はそのまま残りますが、しるしは印を付けません。"
            "印を付けるには、印刷した申請書を確認するか、Excelで印を付けてPDFを保存してください。"
        )
    if formulas := sum(cell.has_formula for sheet in book.sheets for cell in sheet.cells.values()):
        told.append(
            f"数式のセルが{formulas}個あります。値は開いたときに計算し直されます。数式のセルには書き込みません。"
        )
    if any(name.startswith("xl/embeddings/") for name in names):
        told.append("ほかの文書が埋め込まれています。そのまま残ります。")
    return told
