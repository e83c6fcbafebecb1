"""What a PDF shows of the values of a form: where each stands, and which cannot be found or are cut off. The PDF may be
anybody's: call it in a guarded child. Read with pdfium, in the order in which the page is painted, so that a value
broken over lines stays in one piece."""

import ctypes
import unicodedata
from dataclasses import dataclass

import pypdfium2
from pypdfium2 import raw

from webapp.errors import Unreadable
from webapp.papers.pdf import PARSER_ERRORS, reader
from webapp.papers.scan import refuse_active, refuse_locked

LARGEST, MOST_PAGES, MOST_LETTERS = 20_000_000, 20, 200_000
# Letters that some fonts of PDFs call by their radicals, where NFKC knows no better.
_RADICALS = str.maketrans("⻑⻘⻄⻆⻤⻩⻫⻭⻯⻲⻨⻝⻢⻁⻦⻅⻣⻳⺟⺠⻗", "長青西角鬼黄斉歯竜亀麦食馬虎鳥見骨龍母民雨")
_SLACK = 1.5  # points that a letter may reach over the edge of its cell


@dataclass(frozen=True)
class Printed:
    """`places`: key -> (page from 0, left, top, right, bottom) in points from the upper left corner; `missing`: the keys
    whose value is not shown in full; `sizes` of the pages in points."""

    places: dict
    missing: list
    sizes: list


def look(pdf: bytes, expected: dict) -> Printed:
    """Find the values {key: [text, another way to write it, …]} on the pages, each at a place of its own. Raises
    Unreadable for what is no PDF, is locked, holds scripts, attachments or fields, or is too large."""
    _refuse(pdf)
    try:
        document = pypdfium2.PdfDocument(pdf)
        if len(document) > MOST_PAGES:
            raise Unreadable(
                f"このPDFは{len(document)}ページあります({MOST_PAGES}ページまで)。", "申請書だけを保存してください。"
            )
        if any(page.get_rotation() for page in document):
            raise Unreadable("このPDFには、回転されたページがあります。", "回転せずに保存し直してください。")
        sizes = [page.get_size() for page in document]
        letters = [each for number, page in enumerate(document) for each in _letters(number, page)]
    except pypdfium2.PdfiumError as broken:
        raise _unreadable() from broken
    places = _found(letters, expected)
    return Printed(places, [key for key in expected if key not in places], sizes)


def _refuse(pdf):
    if len(pdf) > LARGEST or not pdf.startswith(b"%PDF-"):
        raise _unreadable()
    try:
        opened = reader(pdf)
        refuse_locked(opened)
        refuse_active(opened)
        has_fields = bool(opened.root.get("/AcroForm"))
    except PARSER_ERRORS as broken:
        raise _unreadable() from broken
    if has_fields:
        raise Unreadable(
            "このPDFには、入力欄や署名欄があります。",
            "Excelの「名前を付けて保存」でPDFを選び、保存し直してください。",
        )


def _unreadable():
    return Unreadable(
        "このファイルは、読み取れるPDFではありません。", "Excelで「PDF」として保存したファイルを選択してください。"
    )


def _letters(number, page):
    """(page, letter, left, top, right, bottom) of the visible letters in the order of painting, blanks left out."""
    text = page.get_textpage()
    count = text.count_chars()
    if count > MOST_LETTERS:
        raise _unreadable()
    width, height = page.get_size()
    clips, pending = {}, 0
    for index in range(count):
        code = raw.FPDFText_GetUnicode(text, index)
        if 0xD800 <= code < 0xDC00:
            pending = code
            continue
        if pending and 0xDC00 <= code < 0xE000:
            code = 0x10000 + ((pending - 0xD800) << 10) + (code - 0xDC00)
        pending = 0
        code = ord("-") if raw.FPDFText_IsHyphen(text, index) == 1 else code  # at the end of a line
        letter = fold(chr(code)) if code and not 0xD800 <= code < 0xE000 else ""
        if not letter:
            continue
        left, bottom, right, top = text.get_charbox(index)
        clip = _clip(text, index, clips, (0, 0, width, height))
        if _is_inside((left, bottom, right, top), clip):
            yield from ((number, each, left, height - top, right, height - bottom) for each in letter)


def _clip(text, index, clips, whole):
    """The rectangle that the letter is painted through."""
    thing = raw.FPDFText_GetTextObject(text, index)
    address = ctypes.cast(thing, ctypes.c_void_p).value
    if address not in clips:
        clips[address] = _clip_of(thing, whole) if address else whole
    return clips[address]


def _clip_of(thing, whole):
    left, bottom, right, top = whole
    path = raw.FPDFPageObj_GetClipPath(thing)
    for number in range(max(raw.FPDFClipPath_CountPaths(path), 0)):
        points = [
            _point(path, number, each) for each in range(max(raw.FPDFClipPath_CountPathSegments(path, number), 0))
        ]
        if points:
            left, bottom = max(left, min(x for x, _ in points)), max(bottom, min(y for _, y in points))
            right, top = min(right, max(x for x, _ in points)), min(top, max(y for _, y in points))
    return left, bottom, right, top


def _point(path, number, segment):
    x, y = ctypes.c_float(), ctypes.c_float()
    raw.FPDFPathSegment_GetPoint(raw.FPDFClipPath_GetPathSegment(path, number, segment), x, y)
    return x.value, y.value


def _is_inside(box, clip):
    return (
        box[0] >= clip[0] - _SLACK
        and box[1] >= clip[1] - _SLACK
        and box[2] <= clip[2] + _SLACK
        and box[3] <= clip[3] + _SLACK
    )


def fold(text: str) -> str:
    """A text as it is compared: NFKC, without blanks and line breaks."""
    return "".join(unicodedata.normalize("NFKC", text).translate(_RADICALS).split())


def _found(letters, expected):
    """Key -> place; the longest values take their letters first, so that 11 is not found within a telephone number."""
    run = "".join(each[1] for each in letters)
    used, places = [False] * len(run), {}
    wanted = sorted(
        ((key, [fold(each) for each in ways]) for key, ways in expected.items()),
        key=lambda each: -max(map(len, each[1])),
    )
    for key, ways in wanted:
        spots = [(start, len(each)) for each in ways if each for start in _starts(run, each, used)]
        if spots:
            start, length = next((spot for spot in spots if _stands_alone(letters, *spot)), spots[0])
            used[start : start + length] = [True] * length
            places[key] = _frame(letters[start : start + length])
    return places


def _starts(run, text, used):
    start = run.find(text)
    while start >= 0:
        if not any(used[start : start + len(text)]):
            yield start
        start = run.find(text, start + 1)


def _stands_alone(letters, start, length):
    """Whether there is a gap before and behind a run of letters."""
    before, behind = (
        letters[start - 1] if start else None,
        letters[start + length] if start + length < len(letters) else None,
    )
    return _are_apart(before, letters[start]) and _are_apart(letters[start + length - 1], behind)


def _are_apart(one, other):
    if one is None or other is None or one[0] != other[0]:
        return True
    height = max(one[5] - one[3], other[5] - other[3], 4)
    return not -height < other[2] - one[4] < height * 0.8 or abs(other[5] - one[5]) > height


def _frame(letters):
    page = letters[0][0]
    own = [each for each in letters if each[0] == page]
    lowest, highest = [min(each[k] for each in own) for k in (2, 3)], [max(each[k] for each in own) for k in (4, 5)]
    return (page, *lowest, *highest)
