"""Looking at a PDF with poppler: where its words stand, and what its pages look like."""

import html
import io
import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw

from webapp.errors import Unreadable

SECONDS = 30
DPI = 110
_PAGE = re.compile(r'<page width="([\d.]+)" height="([\d.]+)"')
_WORD = re.compile(r'<word xMin="([-\d.]+)" yMin="([-\d.]+)" xMax="([-\d.]+)" yMax="([-\d.]+)">(.*?)</word>')


@dataclass(frozen=True)
class Word:
    """A word of a page; lengths in points from the upper left corner of the page."""

    page: int
    left: float
    top: float
    right: float
    bottom: float
    text: str


def words(pdf: bytes) -> tuple[list[tuple[float, float]], list[Word]]:
    """(sizes of the pages, words in reading order), by `pdftotext -bbox`. Raises Unreadable."""
    sizes, found = [], []
    for line in drawn(["pdftotext", "-bbox", "-", "-"], pdf).decode("utf-8", "replace").splitlines():
        if match := _PAGE.search(line):
            sizes.append((float(match[1]), float(match[2])))
        elif match := _WORD.search(line):
            found.append(Word(len(sizes) - 1, *map(float, match.groups()[:4]), html.unescape(match[5])))
    return sizes, found


def pictures(pdf: bytes, hide: list[str] = ()) -> list[bytes]:
    """The pages as PNG bytes, with a black box over every place where a text of `hide` stands.

    Raises Unreadable if the PDF cannot be drawn, and also if a text to hide is not found on any page: a picture that
    might show it is never returned."""
    with tempfile.TemporaryDirectory(prefix="pages-") as room:
        drawn(["pdftoppm", "-r", str(DPI), "-png", "-", f"{room}/page"], pdf)
        pages = [Image.open(path).convert("RGB") for path in sorted(Path(room).glob("page*.png"))]
    if not pages:
        raise Unreadable("PDFのページを表示できませんでした。", "PDFを開けることを確認してください。")
    for box in _boxes_to_hide(pdf, hide):
        _blacken(pages[box.page], box)
    return [_png(page) for page in pages]


def _boxes_to_hide(pdf: bytes, hide: list[str]) -> list[Word]:
    if not hide:
        return []
    _, all_words = words(pdf)
    boxes = []
    for text in hide:
        places = _places("".join(text.split()), all_words)
        if not places:
            raise Unreadable(
                "パスワードを隠した画像を作れませんでした。",
                "PDFの中のパスワードの位置が分かりません。担当者にお知らせください。",
            )
        boxes += places
    return boxes


def _places(text: str, all_words: list[Word]) -> list[Word]:
    """The words that hold `text`, also when it is broken over several words or lines."""
    run, owners = "", []
    for word in all_words:
        run += word.text
        owners += [word] * len(word.text)
    places, start = [], run.find(text)
    while start >= 0:
        places += dict.fromkeys(owners[start : start + len(text)])
        start = run.find(text, start + 1)
    return places


def _blacken(page: Image.Image, word: Word) -> None:
    scale, edge = DPI / 72, 3
    ImageDraw.Draw(page).rectangle(
        (word.left * scale - edge, word.top * scale - edge, word.right * scale + edge, word.bottom * scale + edge),
        fill="black",
    )


def _png(page: Image.Image) -> bytes:
    out = io.BytesIO()
    page.save(out, "PNG", optimize=True)
    return out.getvalue()


def drawn(command: list[str], pdf: bytes) -> bytes:
    try:
        done = subprocess.run(command, input=pdf, capture_output=True, timeout=SECONDS, check=True)
    except subprocess.TimeoutExpired:
        raise Unreadable("PDFの読み取りに時間がかかりすぎるため、中止しました。", "PDFを作り直してください。") from None
    except subprocess.CalledProcessError:
        raise Unreadable("PDFを読み取れませんでした。", "PDFを開けることを確認してください。") from None
    return done.stdout
