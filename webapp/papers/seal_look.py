"""What the visible mark of a signature does to the words of the form: nothing. The frozen PDF and the sealed one are drawn, and each
letter of the frozen one must look the same, but for what stands in the field on 印 (domain.md §16.6; ETSI leaves the appearance
to the application).
"""

import pypdfium2
from PIL import ImageChops

from webapp.papers.seal_report import SealRefused

SCALE = 100 / 72  # pixels to a point
DIFFERS, SHARE = 48, 0.08  # of 255 levels of grey; of the pixels round a letter
MOST_TOLD = 20


def check_legible(signed: bytes, frozen: bytes, field: tuple) -> None:
    """`field` is where the field on 印 lies in `frozen`: (page index, box in points). Raises SealRefused covers_text, naming the
    letters that look different; changed_before for other pages."""
    try:
        now, was = _opened(signed), _opened(frozen)
        if len(now) != len(was):
            raise SealRefused("changed_before", "署名のほかに、PDFに書き足しや変更がされています。")
        boxes = [field[1] if number == field[0] else None for number in range(len(was))]
        covered = "".join(each for number, box in enumerate(boxes) for each in _covered(now[number], was[number], box))
    except pypdfium2.PdfiumError as broken:
        raise SealRefused("unreadable", "署名されたPDFのページを表示できません。") from broken
    if covered:
        said = covered[:MOST_TOLD] + ("…" if len(covered) > MOST_TOLD else "")
        raise SealRefused("covers_text", f"電子署名の表示が、申請書の文字「{said}」に重なっています。")


def _opened(pdf):
    document = pypdfium2.PdfDocument(pdf)
    document.init_forms()  # without it, the marks of signature fields are not drawn
    return document


def _covered(now, was, field):
    """The letters of a page, in order, that do not look as before; those in the box `field` do not count."""
    difference = ImageChops.difference(_drawn(was), _drawn(now)).point(lambda level: 255 if level > DIFFERS else 0)
    if difference.getbbox() is None:
        return
    text, height = was.get_textpage(), was.get_height()
    for index in range(text.count_chars()):
        left, bottom, right, top = text.get_charbox(index)
        box = round(left * SCALE), round((height - top) * SCALE), round(right * SCALE), round((height - bottom) * SCALE)
        spot = difference.crop((box[0], box[1], max(box[2], box[0] + 1), max(box[3], box[1] + 1)))
        letter = text.get_text_range(index, 1)
        if (
            not letter.isspace()
            and not _within((left + right) / 2, (bottom + top) / 2, field)
            and spot.histogram()[255] > SHARE * spot.width * spot.height
        ):
            yield letter


def _within(x, y, box):
    return box is not None and box[0] <= x <= box[2] and box[1] <= y <= box[3]


def _drawn(page):
    return page.render(scale=SCALE).to_pil().convert("L")
