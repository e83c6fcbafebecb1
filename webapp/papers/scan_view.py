"""A scan beside the frozen PDF of which it should be a print: its pages set upright, and the 印 spot cut out of both alike
(seed 1-1-4, 1-3-2). For a guarded child."""

import io
import time
from dataclasses import dataclass
from functools import cache

from PIL import Image
from pyhanko.pdf_utils.reader import PdfFileReader

from webapp.papers import scan_turn
from webapp.papers.pdf import field_place
from webapp.papers.scan_mark import Mark, Page, drawn, jpeg, opened, read, read_plain, shown

AROUND = 10 / 25.4 * 72  # points round the seal's box that are shown with it
ZOOM = 2
SECONDS = 20  # of the processor, for the codes of all pages together: a page without one takes half a second

__all__ = ["Mark", "Page", "View", "look"]


@dataclass(frozen=True)
class View:
    """The pages of a scan, and the 印 spot of the frozen PDF and of the scan (JPEG, JPEG); () where no code says where it
    is."""

    pages: list[Page]
    spots: tuple = ()


def look(pdf: bytes, frozen: bytes) -> View:
    """The pages of a scan (PDF) as they are seen beside those of `frozen`, our own PDF. Raises Unreadable."""
    number, box = field_place(PdfFileReader(io.BytesIO(frozen)))
    examined, scanned, pages, coded = opened(frozen), opened(pdf), [], None
    known = cache(lambda: scan_turn.patterns(map(drawn, examined)))
    until = time.process_time() + SECONDS
    for place, picture in enumerate(map(drawn, scanned)):
        code = read(picture, until)
        pages.append(shown(picture, code, 0 if code else scan_turn.degrees(picture, known())))
        is_its_page = place == number if len(scanned) == len(examined) else len(examined) == 1
        if code and is_its_page and not coded:
            coded = picture, code
    return View(pages, _spots(examined[number], box, *coded) if coded else ())


def _spots(page, box, picture, code):
    """The spot on the frozen page and on the scan of it, at the same size and upright; () where it cannot be told."""
    frozen = drawn(page)
    known = read_plain(frozen)
    if known is None or page.get_rotation():
        return ()
    left, _, _, top = page.get_cropbox()
    scale = frozen.width / page.get_width()
    corner = complex(box[0] - AROUND - left, top - box[3] - AROUND) * scale
    size = tuple(round(each * scale) for each in (box[2] - box[0] + 2 * AROUND, box[3] - box[1] + 2 * AROUND))
    turn, shift = _similarity(known.corners, code.corners)
    middle = turn * (corner + complex(*size) / 2) + shift
    if not (0 < middle.real < picture.width and 0 < middle.imag < picture.height):
        return ()
    return _cut(frozen, corner, size, 1, 0), _cut(picture, corner, size, turn, shift)


def _similarity(before, after):
    """(turn, shift), so that a point p of the frozen page lies at turn·p + shift on the scan: the least squares over the
    corners of the code, as complex numbers."""
    before, after = ([complex(*point) for point in corners] for corners in (before, after))
    centre, other = sum(before) / 4, sum(after) / 4
    pairs = list(zip(before, after, strict=True))
    turn = sum((p - centre).conjugate() * (q - other) for p, q in pairs) / sum(abs(p - centre) ** 2 for p in before)
    return turn, other - turn * centre


def _cut(picture, corner, size, turn, shift):
    """What lies at `corner` (complex) and is of `size` on the frozen page, out of a picture, enlarged."""
    start, step = turn * corner + shift, complex(turn) / ZOOM
    affine = (step.real, -step.imag, start.real, step.imag, step.real, start.imag)
    enlarged = tuple(side * ZOOM for side in size)
    return jpeg(
        picture.transform(enlarged, Image.Transform.AFFINE, affine, Image.Resampling.BICUBIC, fillcolor="white")
    )
