"""The 発行申請書: what is written can be read back, and nothing hostile gets in or out."""

import dataclasses
import datetime
import io
import zipfile

import openpyxl
import pytest

from tests.papers_people import PASSWORD, issue_form
from webapp.errors import Incomplete, Refused, Unreadable
from webapp.papers import issue_form as paper


def test_the_sheet_reads_back_as_it_was_filled():
    form = issue_form()
    expected = dataclasses.replace(form, mark=paper.mark_of(form))
    assert paper.IssueForm(**paper.read(paper.fill(form))) == expected


def test_a_sheet_without_a_row_for_the_password_reads_back_too():
    form = issue_form(zip_password="")
    assert paper.IssueForm(**paper.read(paper.fill(form))) == dataclasses.replace(form, mark=paper.mark_of(form))


def test_a_blank_sheet_reads_as_missing_values_not_as_an_error():
    values = paper.read(paper.draw_blank())
    assert values["applied_on"] is None
    assert values["version"] == 0
    assert values["subject"] == []
    assert values["zip_password"] == ""


def test_the_specimen_says_so_and_never_names_the_authority():
    cells = [str(c.value) for row in openpyxl.load_workbook(io.BytesIO(paper.draw_blank())).active for c in row]
    assert "見 本" in cells
    assert not any("NII" in cell or "UPKI" in cell for cell in cells)


@pytest.mark.parametrize("wish", ["=1+1", "=cmd|'/c calc'!A0", "+81-3", "-2+3", "@SUM(A1)", '=HYPERLINK("http://x")'])
def test_no_value_becomes_a_formula(wish):
    xlsx = paper.fill(issue_form(subscriber_name=wish, zip_password=wish))
    cells = [cell for row in openpyxl.load_workbook(io.BytesIO(xlsx)).active for cell in row if cell.value == wish]
    assert len(cells) == 2
    assert all(cell.data_type == "s" and cell.quotePrefix for cell in cells)
    assert b"<f>" not in zipfile.ZipFile(io.BytesIO(xlsx)).read("xl/worksheets/sheet1.xml")
    assert paper.read(xlsx)["subscriber_name"] == wish


def test_a_control_character_is_refused_with_its_field():
    with pytest.raises(Incomplete) as refusal:
        paper.fill(issue_form(officer_name="鈴木\x00花子"))
    assert list(refusal.value.fields) == ["officer_name"]


def test_a_subject_without_a_row_is_refused_not_dropped():
    with pytest.raises(Refused, match="OU"):
        paper.fill(issue_form(subject=[("C", "JP"), ("OU", "Lab")]))
    with pytest.raises(Refused, match="CN"):
        paper.fill(issue_form(subject=[("CN", "One"), ("CN", "Two")]))


def test_the_mark_stands_in_the_footer_and_follows_every_value_but_the_password():
    form = issue_form()
    footer = openpyxl.load_workbook(io.BytesIO(paper.fill(form))).active.oddFooter.left.text
    assert footer == f"CS-2026-0012 第1版 {paper.mark_of(form)}"
    assert paper.mark_of(issue_form(zip_password="another")) == paper.mark_of(form)
    assert paper.mark_of(issue_form(address="大阪府")) != paper.mark_of(form)
    assert PASSWORD.encode() not in paper.canonical(form)


def test_a_date_typed_into_excel_is_understood():
    book = openpyxl.load_workbook(io.BytesIO(paper.draw_blank()))
    next(row for row in book.active if row[1].value == "申請日")[2].value = datetime.datetime(2026, 4, 1)
    out = io.BytesIO()
    book.save(out)
    assert paper.read(out.getvalue())["applied_on"] == datetime.date(2026, 4, 1)


def test_another_workbook_is_named_as_such():
    out = io.BytesIO()
    openpyxl.Workbook().save(out)
    with pytest.raises(Unreadable, match="様式と一致しません"):
        paper.read(out.getvalue())


def with_member(xlsx: bytes, name: str, content: bytes) -> bytes:
    """The book with a member added, or replaced where it is there already."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(xlsx)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.namelist():
            if member != name:
                new.writestr(member, old.read(member))
        new.writestr(name, content)
    return out.getvalue()


OLE = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600)
SHEET = "xl/worksheets/sheet1.xml"
HEAD = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
FAR = HEAD + b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData></worksheet>'
MERGED = HEAD + b'</sheetData><mergeCells><mergeCell ref="A1:XFD20000"/></mergeCells></worksheet>'
HOSTILE = {
    "text": (b"hello", "ではありません"),
    "nothing": (b"", "ではありません"),
    "an old xls": (OLE, "xls"),
    "an encrypted book": (OLE + "EncryptedPackage".encode("utf-16-le"), "パスワードで保護"),
    "a macro": (with_member(paper.draw_blank(), "xl/vbaProject.bin", b"x"), "マクロ"),
    "a bomb": (with_member(paper.draw_blank(), SHEET, bytes(50_000_000)), "大きくなりすぎる"),
    "a far cell": (with_member(paper.draw_blank(), SHEET, FAR), "大きくなりすぎる"),
    "a merge bomb": (with_member(paper.draw_blank(), SHEET, MERGED), "様式と一致しません"),
    "a truncated book": (paper.draw_blank()[:3000], "壊れている"),
    "a zip of something else": (with_member(b"PK\x05\x06" + bytes(18), "a.txt", b"x"), "ではありません"),
    "broken XML": (with_member(paper.draw_blank(), SHEET, b"<worksheet><row>"), "壊れている|様式と一致しません"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_what_is_not_our_sheet_is_refused_with_its_own_sentence(case):
    data, sentence = HOSTILE[case]
    with pytest.raises(Unreadable, match=sentence) as refusal:
        paper.read(data)
    assert refusal.value.advice
