"""Freezing: from values to the PDF with one empty field on 印, by the real LibreOffice and poppler."""

import html
import io
import subprocess
import time
from dataclasses import replace

import pytest
from PIL import Image
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import enumerate_sig_fields

from tests.browser import chromium
from tests.papers_pdf import plain_pdf
from tests.papers_people import PASSWORD, issue_form
from webapp.errors import Unreadable
from webapp.papers import freeze as freezing
from webapp.papers import issue_form as issue_paper
from webapp.papers import look
from webapp.papers.issue_form import IssueForm, fill, mark_of, read

MM = 72 / 25.4


@pytest.fixture(scope="module")
def frozen(tmp_path_factory):
    return freezing.freeze(issue_form(), work=tmp_path_factory.mktemp("office"))


@pytest.mark.slow
def test_the_frozen_form_is_one_a4_page_with_its_mark(frozen):
    sizes, words = look.words(frozen.pdf)
    assert [tuple(round(side) for side in size) for size in sizes] == [(595, 842)]
    texts = [word.text for word in words]
    assert frozen.mark == mark_of(issue_form())
    assert texts.count(frozen.mark) == 2
    assert "見" in texts and "本" in texts
    foot = [word for word in words if word.text == frozen.mark][-1]
    assert foot.top > 790


@pytest.mark.slow
def test_the_frozen_sheet_holds_the_values(frozen):
    form = issue_form(mark=frozen.mark)
    assert IssueForm(**read(frozen.xlsx)) == form


@pytest.mark.slow
def test_the_frozen_pdf_has_one_empty_field_on_the_seal_spot(frozen):
    fields = list(enumerate_sig_fields(PdfFileReader(io.BytesIO(frozen.pdf))))
    assert [(name, value) for name, value, _ in fields] == [("Seal", None)]
    left, bottom, right, top = (float(x) for x in fields[0][2].get_object()["/Rect"])
    assert abs(right - left - 22 * MM) < 1 and abs(top - bottom - 22 * MM) < 1
    seal = next(word for word in look.words(frozen.pdf)[1] if word.text == "印")
    assert left < seal.left and seal.right < right
    assert bottom < 841.89 - seal.bottom and 841.89 - seal.top < top


@pytest.mark.slow
def test_the_form_is_drawn_in_embedded_japanese_fonts(frozen):
    listed = subprocess.run(["pdffonts", "-"], input=frozen.pdf, capture_output=True, check=True).stdout.decode()
    rows = listed.splitlines()[2:]
    assert all("IPAex" in row and " yes yes" in row for row in rows), listed


@pytest.mark.slow
def test_the_password_is_black_in_the_masked_picture_and_only_there(frozen):
    word = next(word for word in look.words(frozen.pdf)[1] if word.text == PASSWORD)
    box = tuple(round(side * look.DPI / 72) for side in (word.left, word.top, word.right, word.bottom))
    masked, shown = (Image.open(io.BytesIO(p[0])).convert("L") for p in (frozen.masked_pictures, frozen.pictures))
    assert masked.crop(box).getextrema() == (0, 0)
    assert shown.crop(box).getextrema()[1] > 250
    above = (0, 0, masked.width, box[1] - 10)
    assert masked.crop(above).tobytes() == shown.crop(above).tobytes()


@pytest.mark.slow
def test_a_hanging_office_is_killed_with_its_children(tmp_path):
    before = time.monotonic()
    with pytest.raises(Unreadable, match="中止しました"):
        freezing.to_pdf(b"PK", tmp_path, seconds=0.2)
    assert time.monotonic() - before < 20
    assert not [
        line for line in subprocess.check_output(["ps", "-eo", "args"], text=True).splitlines() if str(tmp_path) in line
    ]


@pytest.mark.slow
def test_what_a_killed_office_left_behind_is_removed_by_the_next(tmp_path):
    left = tmp_path / "form-of-a-killed-worker"
    left.mkdir()
    (left / "form.xlsx").write_text(PASSWORD)
    freezing.to_pdf(fill(issue_form()), tmp_path)
    assert list(tmp_path.glob("form-*")) == []


@pytest.mark.slow
def test_what_the_office_cannot_open_is_said(tmp_path):
    with pytest.raises(Unreadable, match="作れませんでした"):
        freezing.to_pdf(b"PK\x03\x04 not a workbook", tmp_path)


def test_the_password_is_found_also_when_it_is_broken_over_words():
    pdf = plain_pdf(lines=["hello secret", "word bye"])
    masked = Image.open(io.BytesIO(freezing.pictures(pdf, ["secretword"])[0])).convert("L")
    for word in look.words(pdf)[1]:
        box = tuple(round(side * look.DPI / 72) for side in (word.left, word.top, word.right, word.bottom))
        assert (masked.crop(box).getextrema() == (0, 0)) == (word.text in ("secret", "word"))


def test_no_picture_is_made_when_the_password_cannot_be_found():
    with pytest.raises(Unreadable, match="パスワードを隠した"):
        freezing.pictures(plain_pdf(), ["not on the page"])


def test_a_pdf_without_a_seal_spot_is_refused():
    with pytest.raises(Unreadable, match="印"):
        freezing.seal_box(plain_pdf())


def test_junk_is_not_drawn():
    with pytest.raises(Unreadable):
        freezing.pictures(b"%PDF-1.7 junk")


def printed_by_chromium(form, path):
    """The values of a form in a table, as a program with a PDF library of its own (Skia) prints it."""
    texts = issue_paper.printed(form)
    cells = [(html.escape(label), html.escape(texts[key])) for (_, label), key in issue_paper.LABELS.items()]
    rows = "".join(f"<tr><td>{label}</td><td style='white-space:pre-wrap'>{text}</td></tr>" for label, text in cells)
    with chromium() as browser:
        page = browser.new_page()
        page.set_content(f"<body style='font-family: IPAexMincho'><table>{rows}</table><p>代表者 印</p></body>")
        page.pdf(path=path, format="A4")
    return path.read_bytes()


@pytest.mark.slow
def test_a_pdf_by_another_program_is_frozen_if_it_shows_every_value(tmp_path):
    form = issue_form(head_name="𠮷野 﨑子")
    printed = printed_by_chromium(replace(form, mark=mark_of(form)), tmp_path / "printed.pdf")
    frozen = freezing.freeze(form, printed=printed)
    assert len(list(enumerate_sig_fields(PdfFileReader(io.BytesIO(frozen.pdf))))) == 1
    with pytest.raises(Unreadable) as refused:
        freezing.freeze(issue_form(head_name="吉野 崎子"), printed=printed)
    assert list(refused.value.fields) == ["head_name", "mark"]
