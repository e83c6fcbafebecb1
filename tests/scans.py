"""Scans of a stamped print, simulated: drawn from the PDF, stamped in red on 印, spoilt as scanners do, saved as one file."""

import io

import pypdfium2
from PIL import Image, ImageChops, ImageDraw

from tests.papers_pdf import SPOT, plain_pdf
from webapp.papers.freeze import add_seal_field
from webapp.papers.page_code import coded, text_of

DPI = 200
RED = (200, 40, 40)


def printed_form(row, pages=1):
    """What freezing makes of a submitted form (number, version, mark), without LibreOffice: code and empty field."""
    pdf = plain_pdf(f"{row.number} {row.version}", pages=pages)
    return add_seal_field(coded(pdf, text_of(row), (0, SPOT)), 0, SPOT)


def sheets(pdf):
    """The printed pages."""
    return [page.render(scale=DPI / 72).to_pil().convert("RGB") for page in pypdfium2.PdfDocument(pdf)]


def stamped(sheet, spot=SPOT):
    """A sheet with a round seal of 18 mm on 印."""
    scale, radius = DPI / 72, 9 / 25.4 * DPI
    x, y = (spot[0] + spot[2]) / 2 * scale, sheet.height - (spot[1] + spot[3]) / 2 * scale
    pen = ImageDraw.Draw(sheet := sheet.copy())
    pen.ellipse((x - radius, y - radius, x + radius, y + radius), outline=RED, width=8)
    return sheet


def turned(degrees):
    """How a sheet lies that was not put straight into the scanner."""
    return lambda sheet: sheet.rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor="white")


def without_code(sheet):
    """A sheet whose foot is cut off, as a careless copy does."""
    pen = ImageDraw.Draw(sheet := sheet.copy())
    pen.rectangle((0, sheet.height * 3 // 4, sheet.width, sheet.height), fill="white")
    return sheet


def saved(kind, *pages):
    """The pages as one file: TIFF, PDF, JPEG or PNG."""
    out, more = io.BytesIO(), {}
    if kind in ("TIFF", "PDF"):
        more = {"save_all": True, "append_images": pages[1:]}
    if kind in ("PDF", "TIFF"):
        more |= {"resolution": DPI} if kind == "PDF" else {"compression": "tiff_lzw"}
    pages[0].save(out, kind, **more)
    return out.getvalue().replace(b"0000000000 65536 f", b"0000000000 65535 f")


def red_box(jpeg):
    """Where the red ink lies, as shares of the picture."""
    picture = Image.open(io.BytesIO(jpeg)).convert("RGB")
    red, green, _ = picture.split()
    ink = ImageChops.subtract(red, green).point(lambda value: 255 if value > 80 else 0)
    left, top, right, bottom = ink.getbbox()
    return left / picture.width, top / picture.height, right / picture.width, bottom / picture.height
