"""Which way up a scanned page lies on which no code says it: the quarter turn at which it looks most like a page of the frozen
PDF, both strongly reduced. It serves the picture alone; nothing is held to be read by it. For a guarded child."""

import math
from operator import mul

from PIL import Image, ImageChops, ImageFilter, ImageOps

SIDE = 500  # pixels of the longer side, in which ink is told from shadows
GRID = (44, 62)  # of about 5 mm
SHIFTS = range(-2, 3)  # how many of them the print may lie beside its place
ZOOMS = (1, 0.93)  # printers shrink
CLEAR = 0.12  # by how much one turn must agree better than every other (-1 to 1)

__all__ = ["degrees", "patterns"]


def patterns(pictures) -> list[list[float]]:
    """What is compared of the frozen pages (pictures); nothing of an empty one."""
    return [found for each in pictures if (found := _pattern(ImageOps.fit(_ink(each), GRID, Image.Resampling.BOX)))]


def degrees(picture: Image.Image, known: list[list[float]]) -> int:
    """The turn (0, 90, 180 or 270, counter-clockwise) that sets a scanned page upright beside the frozen pages of which
    `known` are the patterns; 0 where none is clearly better than the others."""
    ink = _ink(picture)
    agreed = {turn: _agreement(ink.rotate(turn, expand=True), known) for turn in (0, 90, 180, 270)}
    second, best = sorted(agreed, key=agreed.get)[-2:]
    return best if agreed[best] - agreed[second] > CLEAR else 0


def _ink(picture):
    """What is darker than its surroundings, bright on black: neither the shadow of a fold nor the edge of the glass."""
    grey = picture.convert("L")
    grey.thumbnail((SIDE, SIDE), Image.Resampling.BOX)
    return ImageChops.subtract(grey.filter(ImageFilter.GaussianBlur(SIDE / 40)), grey)


def _agreement(ink, known):
    """The best correlation of a page with one of the known ones, wherever its print lies."""
    return max((sum(map(mul, seen, each)) for seen in _seen(ink) for each in known), default=0)


def _seen(ink):
    """The middle of the page in the shape of the grid (a page that lay sideways was put on upright paper), shifted."""
    for zoom in ZOOMS:
        whole = ImageOps.fit(ink, GRID, Image.Resampling.BOX, bleed=(1 - zoom) / 2)
        for right in SHIFTS:
            for down in SHIFTS:
                if pattern := _pattern(ImageChops.offset(whole, right, down)):
                    yield pattern


def _pattern(grid):
    """The values of a grid with mean 0 and length 1, so that a product of two is their correlation; None without ink."""
    values = grid.tobytes()
    mean = sum(values) / len(values)
    centred = [value - mean for value in values]
    length = math.hypot(*centred)
    return [value / length for value in centred] if length > math.sqrt(len(values)) / 2 else None
