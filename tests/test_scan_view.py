"""A scan beside the frozen PDF: upright, and the 印 spot of both cut out at the same place."""

import io
import time
from dataclasses import dataclass

import pytest
from PIL import Image, ImageDraw

from tests.papers_pdf import frozen_pdf, plain_pdf
from tests.scans import printed_form, red_box, saved, sheets, stamped, turned, without_code
from webapp.errors import Unreadable
from webapp.papers import guard, scan, scan_mark, scan_view

pytestmark = pytest.mark.slow  # many, and each walks far


@dataclass
class Form:
    number: str = "CS-2026-0012"
    version: int = 2
    mark: str = "0123456789abcdef"


@pytest.fixture(scope="module")
def frozen():
    return printed_form(Form())


def seen(frozen, kind, *pages):
    return scan_view.look(scan.read(saved(kind, *pages), f"scan.{kind.lower()}").pdf, frozen)


@pytest.mark.parametrize("degrees", [0, 3, -4, 90, 180, 270, 183])
def test_the_seal_lies_in_the_middle_of_its_crop_however_the_sheet_lay(frozen, degrees):
    [sheet] = sheets(frozen)
    found = seen(frozen, "PNG", turned(degrees)(stamped(sheet)))
    assert found.pages[0].mark.number == "CS-2026-0012"
    left, top, right, bottom = red_box(found.spots[1])
    assert abs((left + right) / 2 - 0.5) < 0.05 and abs((top + bottom) / 2 - 0.5) < 0.05
    assert 0.35 < right - left < 0.5  # 18 mm of 42
    examined, scanned = (Image.open(io.BytesIO(each)) for each in found.spots)
    assert examined.size == scanned.size


def test_the_page_is_shown_upright(frozen):
    [sheet] = sheets(frozen)
    [page] = seen(frozen, "PDF", turned(180)(stamped(sheet))).pages
    shown = Image.open(io.BytesIO(page.picture)).convert("RGB")
    left, top, right, bottom = red_box(page.picture)
    assert shown.height > shown.width and left > 0.75 and 0.35 < top < bottom < 0.5


def test_without_a_code_nobody_knows_where_the_seal_is(frozen):
    [sheet] = sheets(frozen)
    found = seen(frozen, "PNG", without_code(stamped(sheet)))
    assert found.pages[0].mark is None and found.spots == ()


def test_behind_a_cover_the_page_with_the_code_is_the_one(frozen):
    [sheet] = sheets(frozen)
    found = seen(frozen, "TIFF", Image.new("RGB", sheet.size, "white"), stamped(sheet))
    assert [page.mark is not None for page in found.pages] == [False, True] and found.spots


def test_of_several_pages_the_one_that_has_the_seal_is_cut(frozen):
    two = printed_form(Form(), pages=2)
    first, second = sheets(two)
    assert red_box(seen(two, "PDF", stamped(first), second).spots[1])
    assert seen(two, "PDF", without_code(stamped(first)), second).spots == ()
    assert seen(two, "PDF", stamped(first), second, second).spots == ()


def test_a_print_without_room_for_a_code_is_looked_at_all_the_same(frozen):
    [sheet] = sheets(frozen)
    assert seen(frozen_pdf(), "JPEG", stamped(sheet)).spots == ()


def test_it_is_read_in_the_guarded_child(frozen):
    [sheet] = sheets(frozen)
    pdf = saved("PDF", turned(2)(stamped(sheet)))
    found = guard.run("webapp.papers.scan_view:look", pdf, frozen, seconds=60, megabytes=1024)
    assert found.pages[0].mark.version == 2 and len(found.spots) == 2


def corners_of_codes(side):
    """A sheet full of the three squares by which a code is found."""
    tile = Image.new("L", (9, 9), "white")
    pen = ImageDraw.Draw(tile)
    pen.rectangle((1, 1, 7, 7), outline="black")
    pen.rectangle((3, 3, 5, 5), fill="black")
    row = Image.new("L", (side, 9), "white")
    for x in range(0, side, 9):
        row.paste(tile, (x, 0))
    sheet = Image.new("L", (side, side), "white")
    for y in range(0, side, 9):
        sheet.paste(row, (0, y))
    return sheet


def test_pages_full_of_corners_of_codes_are_given_up_in_time_and_shown_as_they_came(frozen, monkeypatch):
    monkeypatch.setattr(scan_view, "SECONDS", 0.3)
    before = time.process_time()
    found = scan_view.look(saved("PDF", *[corners_of_codes(900)] * 8), frozen)
    assert time.process_time() - before < 4  # all would take 10
    assert [page.mark for page in found.pages] == [None] * 8 and all(page.picture for page in found.pages)


def test_no_more_pages_are_drawn_than_a_scan_may_have(frozen):
    with pytest.raises(Unreadable, match="20ページを超えています"):
        scan_view.look(plain_pdf(pages=scan.MOST_PAGES + 1), frozen)


def test_a_page_larger_than_paper_is_not_made_finer_than_a_sheet_is():
    for size in ((1654, 2339), (3000, 3000), (190, 40)):
        *_, (finer, scale) = scan_mark._tries(Image.new("L", size))
        assert finer.width * finer.height <= scan_mark.MOST_FINER * 1.01 and 1 < scale <= 2
