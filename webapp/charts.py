"""Charts as shapes: numbers in, places out. What draws them (ui.chart) only writes the shapes down as SVG.

Colour is never needed: each series has a pattern of its own and a name in the legend, and the page shows the same
numbers as a table. Lengths are the units of the drawing, `WIDTH` across.
"""

from dataclasses import dataclass, field

WIDTH, HEIGHT = 520, 230
LEFT, RIGHT, TOP, BOTTOM = 52, 4, 12, 28
ROW, NAMES = 34, 180
MOST_LABELS = 12


@dataclass(frozen=True)
class Bar:
    x: float
    y: float
    width: float
    height: float
    series: int  # 1 for the first
    value: str = ""  # written beside the bar


@dataclass(frozen=True)
class Label:
    x: float
    y: float
    text: str
    is_minor: bool = False  # left out where there is little room


@dataclass(frozen=True)
class Chart:
    """`kind` is columns or rows; `lines` are (x1, y1, x2, y2) of the grid, the base line last."""

    id: str
    kind: str
    title: str
    description: str
    height: float
    legend: tuple
    bars: list = field(default_factory=list)
    labels: list = field(default_factory=list)
    scale: list = field(default_factory=list)
    lines: list = field(default_factory=list)
    width: float = WIDTH


def columns(id, title, description, names, series):
    """Upright bars side by side for each of `names` (words below). `series`: [(name, values as long as names), …]."""
    top = ceiling(max((value for _, values in series for value in values), default=0))
    room, floor = WIDTH - LEFT - RIGHT, HEIGHT - BOTTOM
    step = room / max(len(names), 1)
    breadth = min(step * 0.76 / len(series), 48)
    chart = Chart(id, "columns", title, description, HEIGHT, _legend(series))
    for tick in (1, 0.5, 0):
        y = round(floor - (floor - TOP) * tick, 1)
        chart.lines.append((LEFT, y, WIDTH - RIGHT, y))
        chart.scale.append(Label(LEFT - 8, y + 4, _short(top * tick)))
    for n in range(len(names)):
        middle = LEFT + step * (n + 0.5)
        every = -(-len(names) // MOST_LABELS)
        if n % every == 0:
            chart.labels.append(Label(round(middle, 1), HEIGHT - 8, names[n], n // every % 3 != 0))
        for order, (_, values) in enumerate(series):
            height = round((floor - TOP) * values[n] / top, 1)
            x = round(middle + breadth * (order - len(series) / 2), 1)
            chart.bars.append(Bar(x, round(floor - height, 1), round(breadth, 1), height, order + 1))
    return chart


def rows(id, title, description, names, series, unit=""):
    """Lying bars, one row for each of `names` (words to the left), the value written at the end of each bar."""
    top = ceiling(max((value for _, values in series for value in values), default=0))
    room = WIDTH - NAMES - 70
    breadth = min((ROW - 10) / len(series), 18)
    height = ROW * len(names) + 8
    chart = Chart(id, "rows", title, description, height, _legend(series), lines=[(NAMES, 0, NAMES, height)])
    for n in range(len(names)):
        middle = ROW * (n + 0.5) + 4
        chart.labels.append(Label(NAMES - 10, middle + 5, names[n]))
        for order, (_, values) in enumerate(series):
            y = round(middle + breadth * (order - len(series) / 2), 1)
            length = round(room * values[n] / top, 1)
            chart.bars.append(Bar(NAMES, y, length, round(breadth, 1), order + 1, f"{values[n]:,}{unit}"))
    return chart


def span(begin, end, first, last, width):
    """Where a span of days lies on a line from the day `first` to the day `last`: (x, width), cut at both ends."""
    days = (last - first).days
    x1, x2 = (min(max((day - first).days, 0), days) * width / days for day in (begin, end))
    return round(x1, 1), round(max(x2 - x1, 1), 1)


def ceiling(value):
    """The round number at or above a value whose half is whole: 2, 4, 6, 8, 10, 12, 14, 16, 20, 30, …, 80, 100, 120, …"""
    for small in (2, 4, 6, 8):
        if small >= value:
            return small
    power = 1
    while True:
        for step in (10, 12, 14, 16, 20, 30, 40, 50, 60, 80):
            if step * power >= value:
                return step * power
        power *= 10


def _short(number):
    """As the scale says it: 500, 1.4万."""
    return f"{number / 10000:g}万" if number >= 10000 else f"{number:g}"


def _legend(series):
    return tuple(name for name, _ in series) if len(series) > 1 else ()
