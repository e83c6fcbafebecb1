"""The mark as a code: drawn on white paper beside everything else, and read again from a bad scan of the print."""

import io
import random

import pypdfium2
import pytest
from PIL import Image, ImageDraw, ImageFilter

from tests.papers_pdf import SPOT, frozen_pdf, plain_pdf
from tests.papers_people import issue_form
from webapp.papers import freeze, guard, look, page_code, scan, scan_mark, scan_view
from webapp.papers.page_code import Mark, coded, said

pytestmark = pytest.mark.slow  # many, and each walks far

TEXT = "SHIRUSHI1 CS-2026-0012 2 0123456789ABCDEF"
MARK = Mark("CS-2026-0012", 2, "0123456789abcdef")


def drawn(pdf, page=0, dpi=200):
    return pypdfium2.PdfDocument(pdf)[page].render(scale=dpi / 72).to_pil().convert("RGB")


@pytest.fixture(scope="module")
def printed():
    return drawn(coded(plain_pdf(), TEXT, (0, SPOT)))


def stamped(picture):
    pen = ImageDraw.Draw(picture := picture.copy())
    pen.ellipse((1320, 870, 1480, 1030), outline=(200, 40, 40), width=8)
    return picture


def faint(picture):
    return picture.point(lambda value: 255 - round((255 - value) * 0.3))


def noisy(picture, share=0.25):
    grains = random.Random(1).randbytes(picture.width * picture.height)
    noise = Image.frombytes("L", picture.size, grains).convert("RGB")
    return Image.blend(picture, noise, share)


def squeezed(picture):
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=30)
    return Image.open(out).convert("RGB")


def turned(degrees):
    return lambda picture: picture.rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor="white")


SPOILT = {
    "as it is": lambda picture: picture,
    "blurred": lambda picture: picture.filter(ImageFilter.GaussianBlur(1.5)),
    "noisy": noisy,
    "faint": faint,
    "JPEG of quality 30": squeezed,
    "faint, noisy and squeezed": lambda picture: squeezed(noisy(faint(picture), 0.1)),
}


@pytest.mark.slow
@pytest.mark.parametrize("spoilt", SPOILT)
@pytest.mark.parametrize("degrees", [0, 3, -3, 90, 180, 270, 183])
def test_the_code_is_read_from_a_bad_scan_and_says_what_is_up(printed, degrees, spoilt):
    code = scan_mark.read(SPOILT[spoilt](turned(degrees)(stamped(printed))))
    assert code.mark == MARK
    assert abs((code.angle + degrees + 180) % 360 - 180) < 1


def test_the_code_is_read_from_a_skewed_faint_scan(printed):
    assert scan_mark.read(faint(turned(183)(stamped(printed)))).mark == MARK


def test_the_code_is_drawn_on_white_paper_and_changes_nothing_else():
    plain = plain_pdf(lines=["one", "two"])
    before, after = (drawn(each, dpi=72).convert("L") for each in (plain, coded(plain, TEXT, (0, SPOT))))
    added = Image.frombytes(
        "L", before.size, bytes(255 if a != b else 0 for a, b in zip(before.tobytes(), after.tobytes(), strict=True))
    )
    left, top, right, bottom = added.getbbox()
    assert right - left >= 15 * page_code.MM - 1
    assert before.crop((left - 5, top - 5, right + 5, bottom + 5)).getextrema() == (255, 255)


def test_a_page_full_of_ink_keeps_its_letters_only():
    out = io.BytesIO()
    Image.new("RGB", (595, 842), "grey").save(out, "PDF", resolution=72)
    full = out.getvalue().replace(b"0000000000 65536 f", b"0000000000 65535 f")
    assert scan_mark.read(drawn(coded(full, TEXT, (0, SPOT)))) is None


@pytest.mark.parametrize(
    "text", ["", "https://shinsei.example/", TEXT[:-1], TEXT.replace(" 2 ", " 0 "), TEXT + " ", "SHIRUSHI2" + TEXT[9:]]
)
def test_a_code_that_is_none_of_ours_says_nothing(text):
    assert said(text) is None


def test_the_page_of_the_mark_is_found_behind_a_cover_in_the_guarded_child():
    out = io.BytesIO()
    cover = Image.new("RGB", (1654, 2339), "white")
    page = turned(180)(drawn(coded(plain_pdf(), TEXT, (0, SPOT))))
    cover.save(out, "TIFF", save_all=True, append_images=[page], compression="tiff_lzw")
    taken = guard.run("webapp.papers.scan:read", out.getvalue(), "scan.tif")
    assert (taken.pages, taken.original_type) == (2, "TIFF")
    first, second = guard.run("webapp.papers.scan_view:look", taken.pdf, frozen_pdf()).pages
    assert (first.mark, second.mark) == (None, MARK)
    assert Image.open(io.BytesIO(second.picture)).format == "JPEG"


def test_a_fax_in_black_and_white_is_read():
    out = io.BytesIO()
    drawn(coded(plain_pdf(), TEXT, (0, SPOT))).convert("1").save(out, "TIFF", compression="group4")
    [page] = scan_view.look(scan.read(out.getvalue(), "fax.TIFF").pdf, frozen_pdf()).pages
    assert page.mark == MARK


@pytest.mark.slow
def test_the_frozen_form_carries_the_code_beside_its_letters(tmp_path):
    frozen = freeze.freeze(issue_form(), work=tmp_path)
    [page] = scan_view.look(frozen.pdf, frozen.pdf).pages
    assert page.mark == Mark("CS-2026-0012", 1, frozen.mark)
    assert [word.text for word in look.words(frozen.pdf)[1]].count(frozen.mark) == 2
