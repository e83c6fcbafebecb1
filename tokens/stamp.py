"""The visible mark of an electronic seal, drawn as a picture: 電子署名, 資格・氏名, the day, the certificate in short.

A picture because pyHanko sets the glyphs of Japan's usual fonts (2048 units to the em) twice too far apart and takes
no .ttc; Pillow reads both.
"""

import re
from datetime import datetime
from hashlib import sha256

from PIL import Image, ImageDraw, ImageFont, features

from tokens.certificates import JAPAN

FONTS = (  # found by name in the system's font folders; Debian's, then those of Windows and macOS
    "NotoSansCJK-Regular.ttc",
    "ipaexg.ttf",
    "ipag.ttf",
    "YuGothM.ttc",
    "meiryo.ttc",
    "msgothic.ttc",
    "ヒラギノ角ゴシック W3.ttc",
)
VERMILION = (176, 32, 40, 255)
VEIL = (255, 255, 255, 208)  # the 印 below shines through, and disturbs no letter
DOTS_PER_POINT = 600 / 72
LARGEST = 1600  # pixels of a side
HEADING = "電子署名"
HEADING_SIZE, TITLE_SIZE, NAME_SIZE, DAY_SIZE, CERTIFICATE_SIZE = 0.85, 0.9, 1.5, 0.9, 0.8  # beside each other
LEADING = 1.2  # a line's height, in its letters' size
SMALLEST = 2  # pixels
LONG = 12  # letters; a shorter word is not broken
_LETTERS = r"(?:[!-~]+|.)[、。，．・：；！？）」』】〕〉》｝］ー々ゝゞ\ufe00-\ufe0f\U000e0100-\U000e01ef\s]*"
NOWHERE = "\U0010ffff"  # no font has a letter for it


def lines_of(name_lines, signing_certificate):
    """[(text, size beside the others), …] of the mark of who seals today: `name_lines` are 資格 (none or more lines) and, last,
    the name; without them there is no mark. `signing_certificate` (DER) is named by the first digits of its SHA-256."""
    if not name_lines:
        return []
    *titles, name = name_lines
    day = datetime.now(JAPAN)
    return [
        (HEADING, HEADING_SIZE),
        *((title, TITLE_SIZE) for title in titles),
        (name, NAME_SIZE),
        (f"{day.year}年{day.month}月{day.day}日", DAY_SIZE),
        (f"証明書 {sha256(signing_certificate).hexdigest()[:8]}", CERTIFICATE_SIZE),
    ]


def draw(lines, width, height):
    """A picture (RGBA) for a box of `width` x `height` points: the lines in vermilion, centred, inside a frame, as large as
    they fit together. Raises OSError if no Japanese font with all their letters is installed."""
    scale = min(DOTS_PER_POINT, LARGEST / max(width, height))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    picture = Image.new("RGBA", size, (255, 255, 255, 0))
    pen, frame = ImageDraw.Draw(picture), max(2, min(size) // 60)
    edge = {"radius": min(size) // 10, "fill": VEIL, "outline": VERMILION, "width": frame}
    pen.rounded_rectangle((0, 0, size[0] - 1, size[1] - 1), **edge)
    lines = [(_plain(text), part) for text, part in lines]
    rows = _fitting(lines, _japanese("".join(text for text, _ in lines)), size[0] - 6 * frame, size[1] - 6 * frame)
    top = (size[1] - sum(_height(font) for _, font in rows)) / 2
    for text, font in rows:
        pen.text((size[0] / 2, top + _height(font) / 2), text, font=font, fill=VERMILION, anchor="mm")
        top += _height(font)
    return picture


def _fitting(lines, face, width, height):
    """[(row of text, its font), …]: the lines, broken where they may be, in the largest letters that fit the box."""
    for unit in range(max(SMALLEST, round(height / 3)), SMALLEST - 1, -1):
        rows = []
        for text, part in lines:
            font = ImageFont.truetype(face[0], max(SMALLEST, round(unit * part)), index=face[1])
            rows.extend((row, font) for row in _rows(text, font, width))
        widest = max(font.getlength(row) for row, font in rows)
        if widest <= width and sum(_height(font) for _, font in rows) <= height:
            break
    return rows


def _rows(text, font, width):
    """The rows of a line that is too long: it is broken at its spaces, within a word only where that is a long one."""
    rows, row = [], ""
    for piece in _pieces(text):
        if row.strip() and font.getlength((row + piece).rstrip()) > width:
            rows.append(row.strip())
            row = ""
        row += piece
    return [*rows, row.strip()]


def _pieces(text):
    """The parts of a text between which a row may end: words with the space behind them; of a long word of Japanese each
    letter, with what closes behind it."""
    for word in re.findall(r"\S+\s*|\s+", text):
        yield from re.findall(_LETTERS, word) if len(word.rstrip()) > LONG else [word]


def _height(font):
    return font.size * LEADING


def _plain(text):
    """Without variation selectors where they would be drawn as letters of their own."""
    if features.check("raqm"):
        return text
    return "".join(each for each in text if not ("\ufe00" <= each <= "\ufe0f" or "\U000e0100" <= each <= "\U000e01ef"))


def _japanese(text):
    """(file name, index in its collection) of the first Japanese font installed that has every letter of the text."""
    for name in FONTS:
        for index in range(10):
            try:
                font = ImageFont.truetype(name, 20, index=index)
            except OSError:
                break
            family = font.getname()[0]
            if ("CJK" not in family or "JP" in family) and not _missing(font, text):
                return name, index
    raise OSError("no Japanese font with these letters")


def _missing(font, text):
    """Letters of the text that a font draws as its sign for nothing."""
    nothing = bytes(font.getmask(NOWHERE))
    return [each for each in set(text) if not each.isspace() and bytes(font.getmask(each)) == nothing]
