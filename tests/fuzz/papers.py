"""Valid papers for the readers: sheets, PDFs, pictures, scans with a code, and mails that carry an application."""

import io
import tempfile
from email.message import EmailMessage
from functools import cache
from pathlib import Path

import segno
from PIL import Image

from tests import ca, form_blanks, importing, papers_seals, scans, time_stamps
from tests.fuzz.worlds import frozen, template, world
from tests.papers_pdf import plain_pdf
from tests.papers_people import issue_form as person
from tests.papers_revocation import revocation_form as revoking
from webapp.papers import issue_form, page_code, revocation_form, signature_stamp, spreadsheet

EXPECTED = {"number": ["CS-2026-0012"], "word": ["Application"], "none": ["見つからない値"]}


def issue_books():
    return [issue_form.fill(person()), issue_form.draw_blank(), template()[2]]


def revoke_books():
    return [revocation_form.fill(revoking()), revocation_form.draw_blank()]


def blank_books():
    return [form_blanks.labels_left(), form_blanks.labels_above(), form_blanks.two_sheets(), issue_form.draw_blank()]


def filled_books():
    return [template()[2]]


def list_books():
    rows = [importing.GOOD.split(",")] * 3
    with spreadsheet.xlsx_file(importing.HEADS.split(","), rows, "一覧") as file:
        return [file.read()]


@cache
def sealed():
    head = world().head
    return [papers_seals.sign(frozen(), head), papers_seals.like_acrobat(frozen(), head)]


def pdf_scans():
    return [plain_pdf(), plain_pdf(pages=3), *sealed()]


def pictures():
    made = []
    for kind, mode, options in (("PNG", "RGB", {}), ("PNG", "RGBA", {}), ("PNG", "P", {}), ("JPEG", "RGB", {"progressive": True}), ("JPEG", "L", {"dpi": (200, 200)}), ("TIFF", "1", {"compression": "group4"}), ("TIFF", "RGB", {"compression": "tiff_lzw"}), ("TIFF", "RGB", {})):  # fmt: skip
        out = io.BytesIO()
        Image.linear_gradient("L").resize((64, 90)).convert(mode).save(out, kind, **options)
        made.append(out.getvalue())
    exif = Image.Exif()
    exif[0x0112] = 6
    out = io.BytesIO()
    Image.new("RGB", (50, 40), "white").save(out, "JPEG", exif=exif)
    return [*made, out.getvalue()]


@cache
def printed():
    """A frozen form with its code, of which the scans are."""
    return scans.printed_form(person(mark="0123456789abcdef"))


def coded_scans():
    """PDFs of a small picture with the code of a form, upright and askew, one without, and the edge of the stamped print."""
    text = page_code.text_of(person(mark="0123456789abcdef"))
    square = io.BytesIO()
    segno.make_qr(text, error="q").save(square, kind="png", scale=3, border=4)
    code = Image.open(square).convert("L")
    askew, empty = code.rotate(170, expand=True, fillcolor="white"), Image.new("L", (90, 90), "white")
    [sheet] = scans.sheets(printed())
    edge = scans.stamped(sheet).crop((1200, 780, *sheet.size)).convert("L").resize((300, 1040))
    return [_scanned(code), _scanned(askew, empty), _scanned(edge)]


def _scanned(first, *more):
    out = io.BytesIO()
    first.save(out, "PDF", resolution=100, save_all=True, append_images=more)
    return out.getvalue()


def prints():
    """PDFs as a person might save them in place of ours."""
    return [plain_pdf(), plain_pdf(pages=2, lines=("CS-2026-0012", "Tokyo"))]


def _mail(*files):
    message = EmailMessage()
    head = {"From": "sato@shinsei.example", "To": "suzuki@shinsei.example", "Subject": "証明書の申請"}
    for name, value in (head | {"Date": "Mon, 23 Nov 2026 16:00:00 +0900"}).items():
        message[name] = value
    message.set_content("申請します。")
    for name, data in files:
        message.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    return message.as_bytes()


def arriving_mails():
    csr = ca.pem(ca.csr(world().key))
    csr = csr if isinstance(csr, bytes) else csr.encode()
    forms = [*issue_books()[::2], *revoke_books()[:1]]
    return [_mail(("申請書.xlsx", each), ("a.csr", csr)) for each in forms] + [_mail(("scan.pdf", plain_pdf()))]


@cache
def stamp_question():
    """(a sealed PDF with room for a time stamp, the question for one)."""
    pdf = papers_seals.sign(frozen(), world().head, pades=True, room=32768)
    return pdf, signature_stamp.question(pdf)


@cache
def stamp_answers():
    with tempfile.TemporaryDirectory() as folder:
        authority = time_stamps.TimeStampAuthority(Path(folder), world().stamper.authority)
        return [authority.answer(stamp_question()[1])]
