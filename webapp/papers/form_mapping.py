"""Which field of a form stands in which cell of a CA's sheet: places, how people write them, and the file they are
exported as. A mapping is a plain dict, as the register keeps it:

    {"kind": "issue", "places": {"address": {"sheet": "申請書", "cell": "C7", …}}, "seal": None or {"page": 1, "left": 150, …}}
"""

import json
import re
import unicodedata
from dataclasses import asdict, dataclass

from webapp.errors import Incomplete, Unreadable
from webapp.papers.form_book import Book, Sheet, place, ref
from webapp.papers.form_fields import CHOICE, GROUPS, TEXT, Field, fields, fold

FORMAT = "shirushi-form-mapping/1"
LARGEST = 100_000  # bytes of an exported mapping
BOXES = "□☐⬜◻▢"
TICKED, CIRCLE = "☑", "○"
PAPER = {"page": (1, 20), "left": (0, 1200), "top": (0, 1200), "width": (10, 200), "height": (10, 200)}  # mm
_PLACE = re.compile(r"(?:'?(.{1,31}?)'?[!\uff01])?\$?([A-Za-z]{1,3})\$?([1-9][0-9]{0,3})")
_BLANKS = re.compile(r"[\s_~()・.…年月日時分〒平成令和西暦様殿印]*")
PREFIX = re.compile(r"^(.{1,40}?[:\uff1a])[\s_\uff3f]*$", re.DOTALL)
_BOX = re.compile(f"([{BOXES}])([^{BOXES}{TICKED}■]*)")


@dataclass(frozen=True)
class Place:
    """Where a value goes: a cell (of a merged range the first one). `prefix` stands before it in the same cell
    (「氏名:」); `choice` is the folded text behind the box that is ticked. `label_cell` and `label` say which label the
    value belongs to: a filled form is only read where these still stand."""

    sheet: str
    cell: str
    prefix: str = ""
    choice: str = ""
    label_cell: str = ""
    label: str = ""

    def __str__(self):
        return f"{self.sheet}!{self.cell}"


def bind(book: Book, field: Field, text: str) -> Place:
    """The place that a person chose or typed for a field (「申請書!C7」; without a sheet: the first one). Raises ValueError
    with the sentence for that field."""
    match = _PLACE.fullmatch(text.strip())
    if match is None:
        raise ValueError("「シート名!C5」の形で入力してください。")
    sheet = _sheet(book, match[1])
    row, column = place(f"{match[2].upper()}{match[3]}")
    row, column = sheet.area(row, column)[:2]
    cell = sheet.cells.get((row, column))
    if cell and cell.has_formula:
        raise ValueError(f"{ref(row, column)}は数式のセルのため、書き込めません。別のセルを選んでください。")
    label_row, label_column = label_at(sheet, row, column)
    found = {"sheet": sheet.name, "cell": ref(row, column), **_inside(field, cell.text if cell else "")}
    if label_row and (label_row, label_column) != (row, column):
        found |= {"label_cell": ref(label_row, label_column), "label": fold(sheet.text(label_row, label_column))}
    return Place(**found)


def _sheet(book, name) -> Sheet:
    found = [sheet for sheet in book.sheets if name in (None, sheet.name) and not sheet.is_hidden]
    if not found:
        raise ValueError(f"シート「{name}」が様式にありません。")
    return found[0]


def _inside(field: Field, text: str) -> dict:
    """What already stands in the cell, and how the value goes with it."""
    if field.kind == CHOICE:
        return _box(field, text)
    if match := PREFIX.fullmatch(text):
        return {"prefix": match[1]}
    if is_label(text):
        raise ValueError(f"このセルには見出し「{_short(text)}」があります。値を書くセルを選んでください。")
    return {}


def _box(field, text):
    if not text.strip():
        return {}  # an empty cell takes a circle
    segments = [fold(words) for _, words in boxes(text)]
    if not segments:
        raise ValueError(f"このセル「{_short(text)}」には□がありません。□のあるセルか、空のセルを選んでください。")
    chosen = next((each for word in field.words for each in segments if word in each), None)
    if chosen is None and len(segments) > 1:
        raise ValueError(f"「{_short(text)}」のどの□か分かりません。1つだけ□のあるセルを選んでください。")
    return {"choice": segments[0] if chosen is None else chosen}


def boxes(text: str) -> list[tuple[int, str]]:
    """(place of the box in the text, the words behind it), for every empty box."""
    return [(match.start(), match[2]) for match in _BOX.finditer(text)]


def is_placeholder(text: str) -> bool:
    """Whether a text only shows where to write: blanks, lines, 「年 月 日」, 〒."""
    return _BLANKS.fullmatch(unicodedata.normalize("NFKC", text)) is not None


def is_label(text: str) -> bool:
    """Whether some field or group is called so."""
    return fold(text) in _all_words()


def _all_words():
    return {
        word
        for kind in ("issue", "revoke")
        for each in fields(kind).values()
        for word in each.words
        if each.kind == TEXT
    } | {fold(word) for words in GROUPS.values() for word in words}


def label_at(sheet: Sheet, row: int, column: int) -> tuple[int, int]:
    """Where the label of a cell stands: the nearest text left of it in its row, else above it; (0, 0) if none."""
    left = [(row, c) for c in range(column - 1, 0, -1)]
    above = [(r, column) for r in range(row - 1, max(row - 6, 0), -1)]
    for r, c in (*left, *above):
        first = sheet.area(r, c)[:2]
        text = sheet.text(*first)
        if text.strip() and not is_placeholder(text) and not boxes(text):
            return first
    return 0, 0


def _short(text):
    text = " ".join(text.split())
    return text if len(text) <= 20 else text[:20] + "…"


def bound(book: Book, kind: str, typed: dict) -> dict:
    """key -> Place as plain dicts, for the typed places (empty ones left out). Raises Incomplete with a sentence for
    every field that cannot stand there; two fields cannot share a cell unless they tick different boxes of it."""
    known, places, faults = fields(kind), {}, {}
    for key, text in typed.items():
        if key in known and text.strip():
            try:
                places[key] = bind(book, known[key], text)
            except (ValueError, Unreadable) as fault:
                faults[key] = str(fault)
    taken = {}
    for key, each in places.items():
        other = taken.setdefault((each.sheet, each.cell, each.choice), key)
        if other != key:
            faults[key] = f"「{known[other].label}」と同じセルです。"
    if faults:
        raise Incomplete("対応付けられない項目があります。", "印の付いた項目を直してください。", faults)
    return {key: asdict(each) for key, each in places.items()}


def exported(kind: str, name: str, places: dict, seal: dict | None) -> bytes:
    """The mapping as a JSON file: field -> 「シート!セル」."""
    content = {"format": FORMAT, "kind": kind, "name": name, "seal": seal}
    content["places"] = {key: str(Place(**each)) for key, each in places.items()}
    return json.dumps(content, ensure_ascii=False, indent=2).encode()


def imported(data: bytes, kind: str) -> tuple[dict, dict | None]:
    """(key -> 「シート!セル」, seal) of an exported file, which may be anybody's: only known keys, short texts and numbers
    in their bounds come out. Raises Unreadable."""
    try:
        content = json.loads(data.decode("utf-8-sig")) if len(data) <= LARGEST else None
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict) or content.get("format") != FORMAT or not isinstance(content.get("places"), dict):
        raise Unreadable(
            "このファイルは、しるしから書き出した対応表ではありません。", "対応表(.json)を選択してください。"
        )
    if content.get("kind") != kind:
        raise Unreadable("この対応表は、別の種類の申請書のものです。", "同じ種類の申請書の対応表を選択してください。")
    known = fields(kind)
    typed = {key: each for key, each in content["places"].items() if key in known and isinstance(each, str)}
    return {key: each for key, each in typed.items() if len(each) <= 60}, _seal(content.get("seal"))


def _seal(found):
    if found is None:
        return None
    try:
        values = {key: found[key] for key in PAPER}
        if all(
            type(value) in (int, float) and PAPER[key][0] <= value <= PAPER[key][1] for key, value in values.items()
        ):
            return values | {"page": int(values["page"])}
    except (KeyError, TypeError):
        pass
    raise Unreadable("対応表の「印」の位置が正しくありません。", "対応表を書き出し直してください。")
