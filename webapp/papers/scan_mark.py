"""Reading the mark's two-dimensional code from a scan: skewed, upside down, faint, on any page. For a guarded child."""

import io
import math
import time
from dataclasses import dataclass

import pypdfium2
import zxingcpp
from PIL import Image, ImageFilter, ImageOps

from webapp.errors import Unreadable
from webapp.papers.page_code import Mark, said
from webapp.papers.scan import MOST_PAGES

DPI, MOST_PIXELS = 200, 9_000_000
MOST_TIMES = 20  # how much longer one side of a page may be than the other
MOST_FINER = 18_000_000  # A4 at twice the resolution, lying askew
SHOWN = (1240, 1754)  # A4 at 150 dpi

__all__ = ["Code", "Mark", "Page", "drawn", "jpeg", "opened", "read", "read_plain", "shown"]


@dataclass(frozen=True)
class Code:
    """A code on a picture: what it says, and where its corners lie, ((x, y), …) in pixels from its own upper left one on,
    clockwise."""

    mark: Mark
    corners: tuple

    @property
    def angle(self) -> float:
        """The degrees (counter-clockwise) that set the picture upright; a quarter of a degree is left as it is."""
        (left, top), (right, bottom) = self.corners[:2]
        angle = math.degrees(math.atan2(bottom - top, right - left))
        return angle if abs(angle) > 0.25 else 0


@dataclass(frozen=True)
class Page:
    """A page of a scan: the mark read on it or None, and its picture (JPEG), upright where that can be told."""

    mark: Mark | None
    picture: bytes


def opened(pdf: bytes):
    """The pages of a PDF, to be drawn one by one, counted by what draws them. Raises Unreadable."""
    try:
        document = pypdfium2.PdfDocument(pdf)
        if len(document) > MOST_PAGES:
            raise Unreadable(
                f"このPDFは{MOST_PAGES}ページを超えています。", "捺印した申請書だけをスキャンしてください。"
            )
        return [document[number] for number in range(len(document))]
    except pypdfium2.PdfiumError as broken:
        raise _not_shown() from broken


def drawn(page) -> Image.Image:
    """A page as a picture of 200 dpi, or less where it is larger than paper is. Raises Unreadable."""
    width, height = page.get_size()
    if max(width, height) > MOST_TIMES * max(1, min(width, height)):
        raise Unreadable("このPDFのページは細長く、紙のスキャンではありません。", "スキャンし直してください。")
    scale = min(DPI / 72, math.sqrt(MOST_PIXELS / max(1, width * height)))
    try:
        return page.render(scale=scale, may_draw_forms=False).to_pil().convert("RGB")
    except pypdfium2.PdfiumError as broken:
        raise _not_shown() from broken


def _not_shown():
    return Unreadable("このPDFのページを表示できません。", "PDFを開けることを確認し、スキャンし直してください。")


def shown(picture: Image.Image, code: Code | None, degrees: int = 0) -> Page:
    """The page behind a drawn picture and what was read on it; without a code it is turned by `degrees`."""
    angle = code.angle if code else degrees
    upright = picture.rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor="white") if angle else picture
    return Page(code and code.mark, jpeg(ImageOps.contain(upright, SHOWN)))


def read(picture: Image.Image, until: float = math.inf) -> Code | None:
    """The code with a mark on a picture, or None without a readable one. At `until` (time.process_time) it is given up: what
    a page is full of, such as corners of codes, takes a hundred times what its pixels take."""
    for tried, scale in _tries(picture.convert("L")):
        if time.process_time() > until:
            return None
        if code := _read(tried, scale):
            return code
    return None


def read_plain(picture: Image.Image) -> Code | None:
    """The same on a picture that no scanner has spoilt."""
    return _read(picture.convert("L"), 1)


def _read(tried, scale):
    for code in zxingcpp.read_barcodes(tried, formats=zxingcpp.BarcodeFormat.QRCodeModel2, try_invert=False):
        if mark := said(code.text):
            return Code(mark, _corners(code.position, scale))
    return None


def _tries(grey):
    """(picture, its scale): as it is, then with its contrast stretched, then smoothed, then in black and white at several
    levels, then finer."""
    yield grey, 1
    stretched = ImageOps.autocontrast(grey, cutoff=1)
    yield stretched, 1
    smooth = ImageOps.autocontrast(grey.filter(ImageFilter.GaussianBlur(1.5)), cutoff=1)
    yield smooth, 1
    yield smooth.point(lambda value: 255 if value > 140 else 0), 1
    for level in (128, 170, 210):
        yield stretched.point(lambda value, level=level: 255 if value > level else 0), 1
    finer = min(2, math.sqrt(MOST_FINER / (grey.width * grey.height)))
    yield stretched.resize((round(grey.width * finer), round(grey.height * finer)), Image.Resampling.BICUBIC), finer


def _corners(position, scale):
    corners = (position.top_left, position.top_right, position.bottom_right, position.bottom_left)
    return tuple((corner.x / scale, corner.y / scale) for corner in corners)


def jpeg(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=80)
    return out.getvalue()
