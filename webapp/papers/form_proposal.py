"""Proposing where the values of a form go on a blank that nobody here has seen before: labels are recognised by their
words, whose label it is by the heading around it, and the cell for the value right of the label or below it."""

import itertools
import re
from dataclasses import dataclass

from webapp.papers.form_book import Book, Sheet, ref
from webapp.papers.form_fields import CHOICE, GROUPS, Field, fields, fold
from webapp.papers.form_mapping import BOXES, PREFIX, boxes, is_label, is_placeholder

MOST_CROSSED = 40  # rows, columns and lines of a table of persons
LONGEST_LABEL = 60  # characters
LONE_DAY = re.compile("(令和|西暦|20)?年月日")
POSTAL = "〒"  # alone in a cell: the label of the one beside it
SURE, LIKELY = 0.95, 0.7  # scores from which a proposal counts as 高 and 中
_GROUP_WORDS = {fold(word): group for group, words in GROUPS.items() for word in words}
# The institution's own fields, which a group of people or the DN may also have under the same name.
_OF_THE_HOUSE = {"address", "institution_name", "postal_code", "switchboard"}


@dataclass(frozen=True)
class Proposal:
    """A cell for a field: `place` as 「シート!C5」, `confidence` 高, 中 or 低, `reason` a sentence for people."""

    place: str
    confidence: str
    reason: str


@dataclass(frozen=True)
class Label:
    """A text of the blank that may be a label: `area` is its (merged) range, `group` whose label it is by the headings
    around it, "" if none."""

    sheet: Sheet
    area: tuple
    text: str
    folded: str
    group: str


def propose(book: Book, kind: str) -> tuple[dict, list[str]]:
    """(key -> Proposal, what a person should decide: cells that two fields want, fields with several labels)."""
    sheets = [sheet for sheet in book.sheets if not sheet.is_hidden]
    sheets = [sheet for sheet in sheets if not sheet.is_guide] or sheets
    labels = [label for sheet in sheets for label in _labels(sheet)]
    wanted = [each for each in fields(kind).values() if each.kind != CHOICE]
    scored = sorted(
        (
            (score, -place, field, label)
            for place, label in enumerate(labels)
            for field in wanted
            if (score := _score(field, label))
        ),
        key=lambda each: each[:2],
        reverse=True,
    )
    found, told = _assigned(book, scored, _crossed(labels, wanted))
    found |= _lone_day(found, sheets) | _day_parts(found, sheets)
    ticks = _ticks(sheets, kind)
    in_words = {key.partition("=")[0] for key in ticks}
    found = {key: each for key, each in found.items() if key not in in_words} | ticks
    return {key: found[key] for key in fields(kind) if key in found}, told


def _crossed(labels, wanted):
    """What a table of persons takes, with a row for each group and a column for each item: field, label of the column and
    cell, for every such crossing."""
    rows = {}
    for each in labels:
        rows.setdefault(_group_of(each.folded), []).append(each)
    for field in (each for each in wanted if each.group not in ("", "subject")):
        columns = [each for each in labels if _likeness(field.words, each.folded)]
        for row, column in itertools.product(rows.get(field.group, ())[:MOST_CROSSED], columns[:MOST_CROSSED]):
            spot = row.sheet.area(row.area[0], column.area[1])
            if row.sheet is column.sheet and row.area[3] < column.area[1] and _is_column(column, spot):
                reason = f"「{_in_line(row.text)}」の行、「{_in_line(column.text)}」の列"
                yield field, column, Proposal(f"{row.sheet.name}!{ref(*spot[:2])}", "高", reason)


def _is_column(label, spot):
    """Whether a cell stands under a label, as wide as it, with nothing but free cells of that width between them."""
    _, left, bottom, right = label.area
    if not 0 < spot[0] - bottom <= MOST_CROSSED:
        return False
    between = (label.sheet.area(row, left) for row in range(bottom + 1, spot[0] + 1))
    return all((each[1], each[3]) == (left, right) and _is_free(label.sheet, *each[:2]) for each in between)


def _in_line(text):
    return " ".join(text.split())


def _assigned(book, scored, crossed):
    found, told, used, cells = {}, [], set(), {}
    for field, label, proposal in crossed:
        if field.key not in found and proposal.place not in cells:
            found[field.key], cells[proposal.place] = (proposal, 1.0), field.label
            used.add((label.sheet.name, label.area))
    for score, _, field, label in scored:
        spot = (label.sheet.name, label.area)
        if field.key in found:
            if score >= found[field.key][1] and spot not in used:
                told.append(
                    f"「{field.label}」の見出しに見えるものが複数あります: {found[field.key][0].place}、{label.sheet.name}!{ref(*label.area[:2])}"
                )
            continue
        if spot in used:
            continue
        target, how, fit = _target(label, book)
        place = f"{label.sheet.name}!{ref(*target)}" if target else ""
        if not target:
            continue
        if place in cells:
            told.append(f"「{field.label}」と「{cells[place]}」が、同じセル{place}に書かれそうです。")
            continue
        used.add(spot)
        cells[place] = field.label
        sure = score * fit
        words = "高" if sure >= SURE else "中" if sure >= LIKELY else "低"
        found[field.key] = Proposal(place, words, f"見出し「{_in_line(label.text)}」の{how}"), score
    return {key: proposal for key, (proposal, _) in found.items()}, list(dict.fromkeys(told))


def _labels(sheet: Sheet) -> list[Label]:
    """All texts of a sheet in reading order, each with the group it stands in."""
    texts = [
        (sheet.area(row, column), cell.text)
        for (row, column), cell in sorted(sheet.cells.items())
        if isinstance(cell.value, str) and not cell.has_formula and 0 < len(cell.text.strip()) <= LONGEST_LABEL
    ]
    heads = [(area, group) for area, text in texts if (group := _group_of(fold(text)))]
    return [Label(sheet, area, text, fold(text), _context(area, heads)) for area, text in texts]


def _group_of(folded):
    """The group that a text names as its heading: the name alone, or with 情報, 欄, について behind it."""
    bare = folded.removesuffix("情報").removesuffix("欄").removesuffix("について").removesuffix("記入")
    return _GROUP_WORDS.get(bare) or _GROUP_WORDS.get(folded)


def _context(area, heads):
    """The heading left of an area that spans its rows, else the nearest one above it."""
    top, left = area[:2]
    beside = [(head[1], group) for head, group in heads if head[0] <= top <= head[2] and head[3] < left]
    if beside:
        return max(beside)[1]
    above = [((head[2], head[1]), group) for head, group in heads if head[2] < top and head[1] <= left]
    return max(above)[1] if above else ""


def _score(field: Field, label: Label) -> float:
    """How well a label fits a field, 0 for not at all."""
    words, group = label.folded, label.group
    for word in sorted(_GROUP_WORDS, key=len, reverse=True):
        rest = words.removeprefix(word).lstrip("のは")
        if rest != words and rest and rest in field.words and _GROUP_WORDS[word] == field.group:
            return 1.0
    score = _likeness(field.words, words)
    if not score:
        return 0.0
    if field.group:
        return score if group == field.group else 0.0 if group or field.group != "subject" else score * 0.8
    if group and field.key in _OF_THE_HOUSE:
        return score * 0.6
    return score


def _likeness(words, text):
    bare = text.split("(")[0]
    if text in words:
        return 1.0
    if bare and bare in words:
        return 0.95
    near = [word for word in words if len(word) >= 4 and word in text and len(text) <= len(word) + 8]
    return 0.75 if near else 0.0


def _target(label: Label, book: Book):
    """((row, column) or None, how it lies, how well that fits) of the cell for the value of a label."""
    sheet, (top, left, bottom, right) = label.sheet, label.area
    if PREFIX.fullmatch(label.text) and not _is_inviting(sheet, sheet.area(top, right + 1), book):
        return (top, left), "同じセル", 0.8
    ways, beside = [], (top, right + 1)
    if sheet.text(*beside) == POSTAL:  # 住所 | 〒 | … has its value under the postal code
        beside = (sheet.area(*beside)[2] + 1, right + 1)
    for how, base, (row, column) in (("右", 1.0, beside), ("下", 0.6, (bottom + 1, left))):
        area = sheet.area(row, column)
        if _is_free(sheet, *area[:2]):
            ways.append((base + _fit(sheet, area, book, label, how), how, area[:2]))
    if not ways:
        return None, "", 0
    worth, how, spot = max(ways)
    return spot, how, 1.0 if worth >= 1.5 else 0.9 if worth >= 1.0 else 0.7


def _is_free(sheet, row, column):
    cell = sheet.cells.get((row, column))
    return cell is None or (not cell.has_formula and is_placeholder(cell.text) and cell.text != POSTAL)


def _is_inviting(sheet, area, book):
    """Whether a cell is free and made to be filled: framed or merged."""
    return _is_free(sheet, *area[:2]) and (_is_framed(sheet, area, book) or area[:2] != area[2:])


def _is_framed(sheet, area, book):
    cell, frames = sheet.cells.get(area[:2]), book.styles.is_framed
    return cell is not None and cell.style < len(frames) and frames[cell.style]


def _fit(sheet, area, book, label, how):
    """What speaks for a cell: a frame around it, a merged range, and for one below also that labels stand side by side
    and that it is as wide as its label."""
    worth = 0.6 if _is_framed(sheet, area, book) else 0.0 if area[:2] in sheet.cells else -0.4
    worth += 0.3 if area[:2] != area[2:] else 0.0
    if how == "下" and label.text != POSTAL:
        top, left, bottom, right = label.area
        beside = [sheet.area(top, column) for column in (left - 1, right + 1) if column]
        in_row = [
            each[:2] for each in beside if (each[0], each[2]) == (top, bottom)
        ]  # a heading of several rows is no label
        worth += 0.7 if any(is_label(sheet.text(*spot)) for spot in in_row) else 0.0
        worth += 0.3 if (area[1], area[3]) == (left, right) and left != right else 0.0
    return worth


def _lone_day(found, sheets):
    """The cell 「令和　年　月　日」 that has no label, where there is only one."""
    days = [
        f"{sheet.name}!{ref(*spot)}"
        for sheet in sheets
        for spot, cell in sorted(sheet.cells.items())
        if LONE_DAY.fullmatch(fold(cell.text)) and not cell.has_formula
    ]
    taken = {each.place for each in found.values()}
    if "applied_on" in found or len(days) != 1 or days[0] in taken:
        return {}
    return {"applied_on": Proposal(days[0], "中", "「年 月 日」の欄")}


def _day_parts(found, sheets):
    """The cells before 年, 月 and 日 in the row of the day, where the blank has one for each."""
    proposal = found.get("applied_on")
    rows = {sheet.name: sheet for sheet in sheets}
    if proposal is None:
        return {}
    name, _, cell = proposal.place.rpartition("!")
    sheet, parts = rows[name], {}
    row = int("".join(filter(str.isdigit, cell)))
    for (r, column), each in sorted(sheet.cells.items()):
        part = {"年": "year", "月": "month", "日": "day"}.get(fold(each.text)) if r == row else None
        if part and column > 1:
            before = sheet.area(row, column - 1)[:2]
            if _is_free(sheet, *before) and not sheet.text(*before):
                parts[f"applied_on.{part}"] = Proposal(f"{name}!{ref(*before)}", "高", f"「{each.text.strip()}」の左")
    if len(parts) < 3:
        return {}
    del found["applied_on"]
    return parts


def _ticks(sheets, kind):
    """The boxes that stand for a choice: in one cell with its words, or in the cell left of them."""
    choices = [each for each in fields(kind).values() if each.kind == CHOICE]
    found = {}
    for sheet in sheets:
        for (row, column), cell in sorted(sheet.cells.items()):
            for words in _choice_words(sheet, row, column, cell):
                field = next((each for each in choices if each.key not in found and _is_choice(each, words)), None)
                if field:
                    found[field.key] = Proposal(f"{sheet.name}!{ref(row, column)}", "高", f"□の横の「{words}」")
    return found


def _choice_words(sheet, row, column, cell):
    text = cell.text
    if not any(box in text for box in BOXES) or cell.has_formula:
        return []
    words = [words.strip() for _, words in boxes(text)]
    if words == [""]:
        words = [sheet.text(*sheet.area(row, sheet.area(row, column)[3] + 1)[:2]).strip()]
    return [each for each in words if each]


def _is_choice(field, words):
    folded = fold(words)
    return any(folded == word or (len(word) >= 4 and word in folded) for word in field.words)
