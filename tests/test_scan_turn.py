"""A scan on which no code can be read is shown upright beside the frozen form, where its picture says which way that is."""

import io
import random

import pytest
from PIL import Image, ImageDraw

from tests.papers_pdf import plain_pdf
from tests.papers_people import issue_form
from tests.scans import saved, sheets, stamped, turned
from tests.test_form_templates import BLANKS, mapping_of
from webapp.papers import form_template, freeze, jpeg_turn, scan, scan_turn, scan_view

pytestmark = pytest.mark.slow  # LibreOffice draws the forms

QUARTERS = (0, 90, 180, 270)


def smeared(sheet):
    """Its code cannot be read."""
    pen = ImageDraw.Draw(sheet := sheet.copy())
    for x in range(sheet.width * 2 // 3, sheet.width, 12):
        pen.line((x, sheet.height * 5 // 6, x, sheet.height), fill="black", width=7)
    return sheet


def faint(sheet):
    return sheet.point(lambda value: 255 - round((255 - value) * 0.2))


def noisy(sheet):
    grains = random.Random(1).randbytes(sheet.width * sheet.height)
    return Image.blend(sheet, Image.frombytes("L", sheet.size, grains).convert("RGB"), 0.2)


def smaller(sheet):
    """Printed at 95 %, and put into the scanner with the edge of the glass beside it."""
    paper = Image.new("RGB", sheet.size, "white")
    paper.paste(sheet.resize((sheet.width * 95 // 100, sheet.height * 95 // 100)), (sheet.width // 40, 40))
    ImageDraw.Draw(paper).rectangle((0, 0, 20, sheet.height), fill="black")
    return paper


SPOILT = {
    "as it is": lambda sheet: sheet,
    "faint and noisy": lambda sheet: noisy(faint(sheet)),
    "askew": turned(4),
    "faint and askew": lambda sheet: faint(turned(-3)(sheet)),
    "smaller": smaller,
}


@pytest.fixture(scope="module")
def forms(tmp_path_factory):
    """Frozen forms as they are: our specimen, a CA's own form of one page, one of two."""
    room, made = tmp_path_factory.mktemp("office"), {"specimen": None, "labels_left": None, "two_sheets": None}
    for name in made:
        template = name != "specimen" and form_template.Template(*mapping_of(name))
        form = issue_form() if name == "specimen" else BLANKS[name][1]()
        made[name] = freeze.freeze(form, template or None, work=room).pdf
    return made


@pytest.fixture(scope="module")
def prints(forms):
    return {name: [smeared(stamped(sheet)) for sheet in sheets(pdf)] for name, pdf in forms.items()}


@pytest.fixture(scope="module")
def known(forms):
    return {name: scan_turn.patterns(sheets(pdf)) for name, pdf in forms.items()}


@pytest.mark.parametrize("spoilt", SPOILT)
@pytest.mark.parametrize("name", ["specimen", "labels_left", "two_sheets"])
def test_a_print_is_known_whichever_way_it_lies(prints, known, name, spoilt):
    for sheet in prints[name]:
        came = SPOILT[spoilt](sheet)
        assert [scan_turn.degrees(turned(-quarter)(came), known[name]) for quarter in QUARTERS] == [*QUARTERS]


def test_a_page_that_says_nothing_stays_as_it_came(known):
    white = Image.new("RGB", (1654, 2339), "white")
    glass = white.copy()
    ImageDraw.Draw(glass).rectangle((0, 0, 30, 2339), fill="black")
    for page in (white, noisy(white), glass, Image.new("RGB", (1, 1)), Image.new("RGB", (2, 40), "red")):
        assert [scan_turn.degrees(page, each) for each in (*known.values(), [])] == [0] * 4


def test_another_form_is_looked_at_and_stays_as_it_came_where_none_of_its_turns_agrees(prints, known):
    found = [scan_turn.degrees(turned(180)(prints["specimen"][0]), known[name]) for name in known]
    assert found[0] == 180 and found[1] == 0 and found[2] in QUARTERS


def shown(forms, name, kind, *pages):
    found = scan_view.look(scan.read(saved(kind, *pages), f"scan.{kind.lower()}").pdf, forms[name])
    return found, [Image.open(io.BytesIO(page.picture)) for page in found.pages]


@pytest.mark.parametrize("kind, quarter", [("PDF", 180), ("PDF", 90), ("PNG", 270), ("JPEG", 180)])
def test_the_page_is_shown_upright_and_nothing_is_held_to_be_read(forms, prints, known, kind, quarter):
    found, [picture] = shown(forms, "specimen", kind, turned(quarter)(prints["specimen"][0]))
    assert [page.mark for page in found.pages] == [None] and found.spots == ()
    assert scan_turn.degrees(picture, known["specimen"]) == 0 and scan_turn.degrees(
        turned(180)(picture), known["specimen"]
    )


def test_pages_in_another_order_each_lie_their_own_way(forms, prints, known):
    first, second = prints["two_sheets"]
    blank = Image.new("RGB", first.size, "white")
    came = (turned(180)(second), blank, turned(270)(first))
    _, pictures = shown(forms, "two_sheets", "PDF", *came)
    assert [scan_turn.degrees(each, known["two_sheets"]) for each in pictures] == [0, 0, 0]
    assert all(each.width < each.height for each in pictures)


def test_a_frozen_page_without_ink_turns_nothing(prints):
    assert scan_turn.patterns([Image.new("RGB", (1654, 2339), "white")]) == []
    found = scan_view.look(
        saved("PDF", turned(180)(prints["specimen"][0])), freeze.add_seal_field(plain_pdf(), 0, (474, 466, 536, 528))
    )
    assert found.pages[0].mark is None


@pytest.mark.parametrize("quarter", QUARTERS)
def test_a_jpeg_is_shown_turned_without_being_drawn_anew(quarter):
    found = saved("JPEG", Image.new("RGB", (40, 60), "red"))
    marked = jpeg_turn.turned(found, quarter)
    assert marked.endswith(found[2:])
    opened = Image.open(io.BytesIO(marked))
    assert opened.getexif().get(0x0112, 1) == {0: 1, 90: 6, 180: 3, 270: 8}[quarter]
    assert opened.convert("RGB").getpixel((20, 30))[0] > 250
