"""Reading the mark's two-dimensional code from a scan: skewed, upside down, faint, on any page. For a guarded child."""

import io
import math
from dataclasses import dataclass

import pypdfium2
import zxingcpp
from PIL import Image, ImageFilter, ImageOps

from webapp.errors import Unreadable
from webapp.papers.page_code import Mark, said

DPI, MOST_PIXELS = 200, 9_000_000
SHOWN = (1240, 1754)  # A4 at 150 dpi

__all__ = ["Mark", "Page", "look"]


@dataclass(frozen=True)
class Page:
    """A page of a scan: the mark read on it or None, and its picture (JPEG), upright where a mark says what is up."""

    mark: Mark | None
    picture: bytes


def look(pdf: bytes) -> list[Page]:
    """The pages of a PDF as they are seen, with the marks on them. Raises Unreadable."""
    try:
        document = pypdfium2.PdfDocument(pdf)
        return [_page(_drawn(document[number])) for number in range(len(document))]
    except pypdfium2.PdfiumError as broken:
        raise Unreadable(
            "このPDFのページを表示できません。", "PDFを開けることを確認し、スキャンし直してください。"
        ) from broken


def _drawn(page):
    width, height = page.get_size()
    scale = min(DPI / 72, math.sqrt(MOST_PIXELS / max(1, width * height)))
    return page.render(scale=scale, may_draw_forms=False).to_pil().convert("RGB")


def _page(picture):
    mark, angle = read(picture)
    upright = picture.rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor="white") if angle else picture
    return Page(mark, _jpeg(ImageOps.contain(upright, SHOWN)))


def read(picture: Image.Image) -> tuple[Mark | None, float]:
    """The mark on a picture and the degrees (counter-clockwise) that set it upright; (None, 0) without a readable one."""
    grey = picture.convert("L")
    for tried in _tries(grey):
        for code in zxingcpp.read_barcodes(tried, formats=zxingcpp.BarcodeFormat.QRCode):
            if mark := said(code.text):
                return mark, _degrees(code.position)
    return None, 0


def _tries(grey):
    """The picture as it is, then with its contrast stretched, then smoothed, then in black and white at several levels, then
    finer."""
    yield grey
    stretched = ImageOps.autocontrast(grey, cutoff=1)
    yield stretched
    smooth = ImageOps.autocontrast(grey.filter(ImageFilter.GaussianBlur(1.5)), cutoff=1)
    yield smooth
    yield smooth.point(lambda value: 255 if value > 140 else 0)
    for level in (128, 170, 210):
        yield stretched.point(lambda value, level=level: 255 if value > level else 0)
    yield stretched.resize((grey.width * 2, grey.height * 2), Image.Resampling.BICUBIC)


def _degrees(position):
    """How far the top side of the code lies turned; a quarter of a degree is left as it is."""
    left, right = position.top_left, position.top_right
    angle = math.degrees(math.atan2(right.y - left.y, right.x - left.x))
    return angle if abs(angle) > 0.25 else 0


def _jpeg(picture):
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=80)
    return out.getvalue()
