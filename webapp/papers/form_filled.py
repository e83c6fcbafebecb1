"""Reading a form that somebody filled on a CA's own sheet, by the mapping of that sheet. Call it in a guarded child."""

import datetime
import re
import unicodedata

from webapp.errors import Unreadable
from webapp.papers import form_reader, issue_form, revocation_form
from webapp.papers.form_book import Book, place
from webapp.papers.form_fields import CHOICE, DAY, ISSUE, fields, fold
from webapp.papers.form_mapping import BOXES, Place, is_placeholder

__all__ = ["carried", "read_filled"]

_TICKS = "☑☒■✓✔レ○●◯✅"
_ERA = re.compile(r"(令和|平成|R|H)\s*(\d{1,2}|元)\s*[年./-]\s*(\d{1,2})\s*[月./-]\s*(\d{1,2})", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"\s*(C|ST|L|O|CN)\s*=\s*")


def read_filled(xlsx: bytes, mapping: dict) -> dict:
    """The values that stand on a filled sheet: the keys and kinds of `issue_form.read` or `revocation_form.read`, by the
    mapping's kind; what the sheet has no place for is "" (days, instant and reason: None, version: 0, lists: []); see
    `carried`. Raises Unreadable for what is no such workbook, and where a label of the mapping is not at its place: then
    it is another form, or another version of it."""
    paper = issue_form if mapping["kind"] == ISSUE else revocation_form
    book = Book(xlsx, paper.NAME)
    sheets = {sheet.name: sheet for sheet in book.sheets}
    places = {key: Place(**spot) for key, spot in mapping["places"].items()}
    _check_labels(sheets, places, paper.NAME)
    known = fields(mapping["kind"])
    values = {key: _value(book, sheets[each.sheet], each, known[key]) for key, each in places.items()}
    return paper.values_of(
        {key: values.get(key, "") for key in paper.LABELS.values()} | _derived(values, mapping["kind"])
    )


def _check_labels(sheets, places, name):
    missing = [
        each.label for each in places.values()
        if each.sheet not in sheets
        or (each.label and fold(sheets[each.sheet].text(*place(each.label_cell))) != each.label)
    ]  # fmt: skip
    if missing:
        names = "、".join(dict.fromkeys(each or "シート" for each in missing))
        raise Unreadable(
            f"登録された{name}の様式と一致しません。見出しが元の場所にありません: {names}",
            "様式の版が違うか、行や列が変えられています。いまの様式に記入し直してください。",
        )


def _value(book, sheet, each, field):
    """What stands in a cell as the reader of forms takes it: text or a day; for a box whether it is ticked."""
    cell = sheet.cells.get(place(each.cell))
    if field.kind == CHOICE:
        return _is_ticked(cell.text if cell else "", each.choice)
    if cell is None or cell.value is None:
        return ""
    if field.kind == DAY:
        return _day(book, cell) or cell.text
    text = cell.text
    if each.prefix and text.startswith(each.prefix):
        text = text[len(each.prefix) :].strip()
    return "" if is_placeholder(text) else text


def _is_ticked(text, choice):
    """Whether the box before the words `choice` carries a mark; in a cell without words, whether it says anything."""
    if not choice:
        return bool(text.strip()) and not any(box in text for box in BOXES)
    for match in re.finditer(f"([{_TICKS}{BOXES}])([^{_TICKS}{BOXES}]*)", text):
        if fold(match[2]) == choice:
            return match[1] in _TICKS
    return False


def _day(book, cell):
    shows = book.styles.shows_day
    if isinstance(cell.value, float):
        if cell.style < len(shows) and shows[cell.style] and 0 < cell.value < 100_000:
            begin = datetime.date(1904, 1, 1) if book.counts_from_1904 else datetime.date(1899, 12, 30)
            return begin + datetime.timedelta(days=int(cell.value))
        return None
    return form_reader.day(_western(cell.text))


def _western(text):
    """A day of an era in the common era: 令和8年4月1日 is 2026年4月1日."""
    match = _ERA.search(unicodedata.normalize("NFKC", text))
    if match is None:
        return text
    begin = 2018 if match[1].upper() in ("令和", "R") else 1988
    return f"{begin + (1 if match[2] == '元' else int(match[2]))}年{match[3]}月{match[4]}日"


def _derived(values, kind):
    """Cells of our specimen that this sheet says in another way: a day in three cells, boxes, one line for the DN."""
    found = {}
    if "applied_on.year" in values:
        parts = (values.get(f"applied_on.{part}", "") for part in ("year", "month", "day"))
        found["applied_on"] = "{}年{}月{}日".format(*parts)
    for key, is_ticked in values.items():
        name, _, choice = key.partition("=")
        if choice and is_ticked:
            found[name] = {"reason": _reason, "is_emergency": lambda _: revocation_form.EMERGENCY[True]}.get(name, str)(
                choice
            )
    if kind == ISSUE:
        found |= {f"subject.{short}": value for short, value in _attributes(values.get("subject", ""))}
        if values.get("agreements=1"):
            found.setdefault("agreements", "")
    elif "begins_on" in values or "ends_on" in values:
        found["period"] = f"{_written(values.get('begins_on', ''))}から{_written(values.get('ends_on', ''))}"
    return found


def _reason(code):
    return str(revocation_form.REASONS[int(code)])


def _written(value):
    return value.isoformat() if isinstance(value, datetime.date) else value


def _attributes(line):
    """[(short, value)] of "CN=…, O=…"."""
    parts = re.split(r",(?=\s*(?:C|ST|L|O|CN)\s*=)", line)
    return [(match[1], part[match.end() :].strip()) for part in parts if (match := _ATTRIBUTE.match(part))]


def carried(mapping: dict) -> set:
    """The keys of IssueForm or RevocationForm that a sheet with this mapping says in full: what may be compared."""
    places = set(mapping["places"])
    keys = {key for key in places if not set(".=") & set(key)}
    parts = {"subject": [f"subject.{short}" for short in issue_form.SUBJECT_ROWS]}
    parts |= {"applied_on": [f"applied_on.{part}" for part in ("year", "month", "day")]}
    parts |= {"kind_label": ["kind_label=新規", "kind_label=更新"], "is_emergency": ["is_emergency=1"]}
    parts |= {"reason": [f"reason={code}" for code in revocation_form.REASONS]}
    keys |= {key for key, needed in parts.items() if places.issuperset(needed)}
    keys |= {"begins_on", "ends_on"} if "period" in places else set()
    keys -= {"period", "serial_otherwise", "head", "sealer"}
    return keys | ({"serial_format"} if {"serial", "serial_otherwise"} <= places else set())
