"""The visible stamp of an electronic seal, drawn as a picture.

A picture because pyHanko sets the glyphs of Japan's usual fonts (2048 units to the em) twice too far apart and takes
no .ttc; Pillow reads both.
"""

from PIL import Image, ImageDraw, ImageFont

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
DOTS_PER_POINT = 300 / 72
LARGEST = 1600  # pixels of a side


def draw(lines, width, height):
    """A transparent picture (RGBA) for a box of `width` x `height` points: the lines in vermilion, centred, inside
    a frame, as large as they fit. Raises OSError if no Japanese font is installed."""
    scale = min(DOTS_PER_POINT, LARGEST / max(width, height))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    picture = Image.new("RGBA", size, (255, 255, 255, 0))
    pen = ImageDraw.Draw(picture)
    frame = max(2, min(size) // 40)
    pen.rounded_rectangle((0, 0, size[0] - 1, size[1] - 1), radius=min(size) // 8, outline=VERMILION, width=frame)
    text = "\n".join(lines)
    font = _fitting(pen, text, size[0] - 6 * frame, size[1] - 6 * frame)
    middle = (size[0] / 2, size[1] / 2)
    pen.multiline_text(middle, text, font=font, fill=VERMILION, anchor="mm", align="center")
    return picture


def _fitting(pen, text, width, height):
    """The largest font in which the text fits the box."""
    name, index = _japanese()
    for size in range(max(8, round(height)), 7, -2):
        font = ImageFont.truetype(name, size, index=index)
        left, top, right, bottom = pen.multiline_textbbox((0, 0), text, font=font)
        if right - left <= width and bottom - top <= height:
            break
    return font


def _japanese():
    """(file name, index in its collection) of the first Japanese font that is installed."""
    for name in FONTS:
        for index in range(10):
            try:
                family = ImageFont.truetype(name, 10, index=index).getname()[0]
            except OSError:
                break
            if "CJK" not in family or "JP" in family:
                return name, index
    raise OSError("no Japanese font")
