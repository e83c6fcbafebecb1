"""The mark as a two-dimensional code in a free corner of every page, so that a scan of the print can be tied to its version.

The code says what stands in letters at the foot: "SHIRUSHI1 CS-2026-0012 2 0123456789ABCDEF" (number, version, mark).
"""

import io
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

import segno
from PIL import Image
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.writer import copy_into_new_writer

from webapp.errors import Unreadable
from webapp.papers.look import drawn
from webapp.papers.pdf import PARSER_ERRORS, reader

MM = 72 / 25.4  # points
SIDE, QUIET, EDGE = 16 * MM, 2.4 * MM, 5 * MM  # the code, the white around it, what printers leave at the paper's edge
ROOM = SIDE + 2 * QUIET
STEP = 2 * MM
DPI = 72  # a pixel is a point
WHITE = 250
_SAID = re.compile(r"SHIRUSHI1 ([A-Z0-9-]{1,40}) ([1-9][0-9]{0,3}) ([0-9A-F]{16})")


@dataclass(frozen=True)
class Mark:
    """What a code says: the application's number, the version of its form, the mark over its values."""

    number: str
    version: int
    mark: str


def text_of(form) -> str:
    """What the code of a form with `number`, `version` and `mark` says, in the characters that QR packs tightest."""
    return f"SHIRUSHI1 {form.number} {form.version} {form.mark}".upper()


def said(text: str) -> Mark | None:
    """The mark behind the text of a code, or None if the code is none of ours."""
    found = _SAID.fullmatch(text)
    return Mark(found[1], int(found[2]), found[3].lower()) if found else None


def coded(pdf: bytes, text: str, seal: tuple[int, tuple[float, float, float, float]] | None) -> bytes:
    """`pdf` written anew with the code in a free place of every page that has one, never on the seal's box (page index,
    box in points from the lower left corner; None: there is none). A page without room keeps its letters only. Raises Unreadable."""
    places = [_free(page, seal[1] if seal and number == seal[0] else None) for number, page in enumerate(_pages(pdf))]
    try:
        return _drawn(reader(pdf), places, _squares(text))
    except PARSER_ERRORS as broken:
        raise Unreadable("PDFに照合用の二次元コードを書き込めませんでした。", "PDFを保存し直してください。") from broken


def _pages(pdf):
    with tempfile.TemporaryDirectory(prefix="pages-") as room:
        drawn(["pdftoppm", "-r", str(DPI), "-gray", "-", f"{room}/page"], pdf)
        return [Image.open(path).convert("L") for path in sorted(Path(room).glob("page*.pgm"))]


def _free(page, seal):
    """The lower left corner of a room of white paper that lies open to an edge of the page (no empty cell of a table):
    at the foot, else at the head, else at a side; from the right. None if there is no such place."""
    if seal:
        left, bottom, right, top = (round(side) for side in seal)
        page.paste(0, (left, page.height - top, right, page.height - bottom))
    rights = _steps(page.width - EDGE - ROOM, EDGE)
    tops = _steps(page.height - EDGE - ROOM, EDGE)
    ways = (
        lambda x, y: (x, y, x + ROOM, page.height),
        lambda x, y: (x, 0, x + ROOM, y + ROOM),
        lambda x, y: (x, y, page.width, y + ROOM),
        lambda x, y: (0, y, x + ROOM, y + ROOM),
    )
    for way in ways:
        for y in tops:
            for x in rights:
                if page.crop(tuple(map(round, way(x, y)))).getextrema()[0] >= WHITE:
                    return x + QUIET, page.height - y - ROOM + QUIET
    return None


def _steps(first, last):
    return [first - number * STEP for number in range(int((first - last) / STEP) + 1)]


def _squares(text):
    """The code as drawing operators within a square of side 1, from its lower left corner."""
    rows = [bytes(row) for row in segno.make_qr(text, error="q", boost_error=False).matrix]
    unit = 1 / len(rows)
    runs = [
        f"{run.start() * unit:.6f} {1 - (y + 1) * unit:.6f} {(run.end() - run.start()) * unit:.6f} {unit:.6f} re"
        for y, row in enumerate(rows)
        for run in re.finditer(rb"\x01+", row)
    ]
    return "\n".join(runs) + "\nf"


def _drawn(opened, places, squares):
    writer = copy_into_new_writer(opened)
    for number, place in enumerate(places):
        if place is None:
            continue
        page, _ = writer.find_page_for_modification(number)
        left, bottom = _corner(page.get_object())
        x, y = left + place[0], bottom + place[1]
        words = f"\nQ q 0 g {SIDE:.3f} 0 0 {SIDE:.3f} {x:.3f} {y:.3f} cm\n{squares}\nQ"
        writer.add_stream_to_page(number, writer.add_object(generic.StreamObject(stream_data=b"q\n")), prepend=True)
        writer.add_stream_to_page(number, writer.add_object(generic.StreamObject(stream_data=words.encode("ascii"))))
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _corner(page):
    """The lower left corner of the page as it is shown."""
    while "/CropBox" not in page and "/MediaBox" not in page:
        page = page["/Parent"]
    box = page["/CropBox"] if "/CropBox" in page else page["/MediaBox"]
    return float(box[0]), float(box[1])
