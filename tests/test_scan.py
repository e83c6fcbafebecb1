"""Scans of the stamped form: what is taken, what is refused and how it is said."""

import io
import zlib

import pytest
from PIL import Image
from pyhanko.pdf_utils.crypt import StandardSecurityHandler
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import copy_into_new_writer

from tests import papers_seals as hand
from tests.papers_pdf import frozen_pdf, plain_pdf
from webapp.errors import Unreadable
from webapp.papers import scan


def picture(kind="JPEG", size=(800, 1100), mode="RGB", **options):
    out = io.BytesIO()
    Image.new(mode, size, "white").save(out, kind, **options)
    return out.getvalue()


def test_a_pdf_is_taken_byte_for_byte():
    pdf = plain_pdf(pages=2)
    assert scan.read(pdf, "stamp.PDF") == scan.Scan(pdf, 2, "PDF")


@pytest.mark.parametrize(("kind", "name"), [("JPEG", "a.jpg"), ("JPEG", "a.JPEG"), ("PNG", "a.png")])
def test_a_picture_becomes_one_a4_page(kind, name):
    found = scan.read(picture(kind), name)
    page = PdfFileReader(io.BytesIO(found.pdf)).root["/Pages"]["/Kids"][0]
    assert (found.pages, found.original_type) == (1, kind)
    assert [round(float(side)) for side in page["/MediaBox"]] == [0, 0, 595, 842]


def test_a_photo_taken_sideways_is_turned():
    exif = Image.Exif()
    exif[0x0112] = 6
    photo = Image.new("RGB", (1100, 800), "white")
    photo.paste("black", (0, 0, 200, 800))
    out = io.BytesIO()
    photo.save(out, "JPEG", exif=exif)
    turned = scan._upright(Image.open(io.BytesIO(out.getvalue())))
    assert turned.size == (800, 1100)
    assert turned.getpixel((400, 50)) == (0, 0, 0)


def test_transparency_becomes_white_paper():
    page = Image.new("RGBA", (100, 100), (0, 0, 0, 0))
    assert scan._upright(page).getpixel((50, 50)) == (255, 255, 255)


def locked_pdf():
    writer = copy_into_new_writer(PdfFileReader(io.BytesIO(plain_pdf())))
    writer.encrypt(owner_pass="owner", user_pass="")
    assert isinstance(writer.security_handler, StandardSecurityHandler)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def png_bomb():
    head = picture("PNG", size=(10, 10))
    wide = (30000).to_bytes(4, "big") * 2 + head[24:29]
    return head[:16] + wide + zlib.crc32(b"IHDR" + wide).to_bytes(4, "big") + head[33:]


REFUSED = {
    "a JPEG renamed to PDF": (picture(), "stamp.pdf", "JPEG.*一致しません"),
    "a PDF renamed to JPEG": (plain_pdf(), "stamp.jpg", "PDF.*一致しません"),
    "a name without suffix": (plain_pdf(), "stamp", "拡張子なし"),
    "an Excel file": (b"PK\x03\x04xxxx", "form.xlsx", "Office"),
    "a text": (b"hello", "a.pdf", "不明な形式"),
    "nothing": (b"", "a.pdf", "不明な形式"),
    "too large": (b"%PDF-" + bytes(20_000_001), "a.pdf", "20 MB"),
    "a damaged PDF": (plain_pdf()[:300], "a.pdf", "壊れている"),
    "a damaged JPEG": (picture()[:200], "a.jpg", "壊れている"),
    "a locked PDF": (locked_pdf(), "a.pdf", "暗号化"),
    "a script": (hand.changed(frozen_pdf(), hand.open_action), "a.pdf", "スクリプト"),
    "a hidden script": (hand.changed(frozen_pdf(), hand.named_script), "a.pdf", "スクリプト"),
    "an attachment": (hand.changed(frozen_pdf(), hand.attach_file), "a.pdf", "添付ファイル"),
    "a book": (plain_pdf(pages=21), "a.pdf", "21ページ"),
    "a picture bomb": (png_bomb(), "a.png", "画素数"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_scan_is_refused_with_its_own_sentence(case):
    data, name, sentence = REFUSED[case]
    with pytest.raises(Unreadable, match=sentence) as refusal:
        scan.read(data, name)
    assert refusal.value.advice
