"""Filling a CA's blank form: in the XML of its sheets the values of cells change, and nothing else. Shapes, form
controls, pictures, comments, conditional formats and print settings are kept because nobody touches them."""

import copy
import datetime
import io
import zipfile
from dataclasses import dataclass

from lxml import etree

from webapp.errors import Refused
from webapp.papers import form_blank, form_sheet
from webapp.papers.form_book import Book, cells_of, place, ref
from webapp.papers.form_fields import CHOICE, day, era_day, fields, fold, written
from webapp.papers.form_mapping import CIRCLE, TICKED, Place, boxes
from webapp.papers.issue_form import IssueForm
from webapp.papers.revocation_form import RevocationForm

__all__ = ["Filled", "IssueForm", "RevocationForm", "fill", "filled", "texts"]

_SPACE = "{http://www.w3.org/XML/1998/namespace}space"


@dataclass(frozen=True)
class Filled:
    """A filled sheet, what its print must show: key -> [text, another way to write it, …]; and `to_print`, the same without
    the sheets that only tell how to fill it in."""

    xlsx: bytes
    expected: dict
    to_print: bytes


def filled(blank: bytes, mapping: dict, form) -> Filled:
    """`fill`, and what a print of it must show of the values."""
    book = form_blank.opened(blank)
    values = texts(book, mapping, form)
    ways = {key: _ways(value) for key, value in values.items() if value != mapping["places"][key]["prefix"]}
    xlsx = fill(blank, mapping, form)
    used = {each["sheet"] for each in mapping["places"].values()}
    guides = {sheet.name for sheet in book.sheets if sheet.is_guide} - used
    return Filled(xlsx, ways, _hidden(xlsx, guides, used) if guides and used else xlsx)


def _hidden(xlsx, guides, used):
    """A copy for printing in which the sheets `guides` are hidden and one of the `used` ones is shown first."""
    book = form_blank.opened(xlsx)
    root = book.xml(book.workbook)
    listed = root.findall("{*}sheets/{*}sheet")
    for entry in listed:
        if entry.get("name") in guides:
            entry.set("state", "hidden")
    for view in root.findall("{*}bookViews/{*}workbookView"):
        view.attrib.pop("firstSheet", None)
        view.set("activeTab", str(next(at for at, each in enumerate(listed) if each.get("name") in used)))
    return _packed(xlsx, {book.workbook: _bytes(root)})


def _ways(value):
    """How a value may stand on paper: a day in a cell with a format of its own in several ways."""
    if not isinstance(value, datetime.date):
        return [value]
    two = f"{value.year}/{value.month:02}/{value.day:02}"
    ways = [day(value), era_day(value), two, two.replace("/", "-"), f"{value.year}年{value.month:02}月{value.day:02}日"]
    return [*ways, f"{value.year}/{value.month}/{value.day}", f"{value.month}/{value.day}/{value.year}"]


def fill(blank: bytes, mapping: dict, form) -> bytes:
    """`blank` with the values of `form` in the cells of `mapping`, as xlsx bytes: every other part of the package stays
    byte for byte, but for formulas, whose results are forgotten so that they are calculated anew.

    Raises Incomplete for control characters, Refused for a value that has no place on the sheet, Unreadable for a blank
    that cannot be filled."""
    book = form_blank.opened(blank)
    values = texts(book, mapping, form)
    form_sheet.check_writable({key: text for key, text in values.items() if isinstance(text, str)})
    roots = {sheet.part: book.xml(sheet.part) for sheet in book.sheets}
    changed = _write(book, roots, mapping, values)
    changed |= _forget_results(roots)
    return _packed(blank, {part: _bytes(root) for part, root in roots.items() if part in changed} | _recalculated(book))


def texts(book: Book, mapping: dict, form) -> dict:
    """What stands in the cells afterwards: key -> text, or for a cell that shows dates the day itself; a box that stays
    empty is left out. Raises Refused for a blank with other sheets than the mapping."""
    values, known, found = written(form), fields(mapping["kind"]), {}
    for key, spot in mapping["places"].items():
        each, sheet = Place(**spot), _sheet(book, spot["sheet"])
        before = sheet.text(*place(each.cell))
        if known[key].kind == CHOICE:
            if values[key]:
                found[key] = f"{TICKED}{_words_behind(before, each.choice)}" if boxes(before) else CIRCLE
        elif isinstance(values[key], datetime.date):
            found[key] = _day(book, sheet, each, values[key], before)
        else:
            found[key] = each.prefix + values[key]
    return found


def _sheet(book, name):
    found = next((sheet for sheet in book.sheets if sheet.name == name), None)
    if found is None:
        raise Refused(f"様式にシート「{name}」がありません。", "様式の対応表を確認してください。")
    return found


def _words_behind(text, choice):
    found = [words for _, words in boxes(text)]
    return next((words for words in found if fold(words) == choice), found[0]).rstrip()


def _day(book, sheet, each, value, before):
    cell = sheet.cells.get(place(each.cell))
    shows = book.styles.shows_day
    if cell and not each.prefix and cell.style < len(shows) and shows[cell.style]:
        return value
    return each.prefix + (era_day(value) if "令和" in before else day(value))


def _write(book, roots, mapping, values):
    """Write the values; returns the names of the parts that changed."""
    known, changed = fields(mapping["kind"]), set()
    parts = {sheet.name: sheet.part for sheet in book.sheets}
    for key, value in values.items():
        each = Place(**mapping["places"][key])
        part = parts[each.sheet]
        c = _cell(roots[part], *place(each.cell))
        if c.find("{*}f") is not None:
            raise Refused(f"{each}は数式のセルのため、書き込めません。", "様式の対応表を直してください。")
        if known[key].kind == CHOICE:
            value = _ticked(book.value(c) or "", each.choice)
        _set_day(c, value, book.counts_from_1904) if isinstance(value, datetime.date) else _set_text(c, value)
        changed.add(part)
    return changed


def _ticked(text, choice):
    """`text` with its box ticked, or a circle for a cell without a box."""
    found = boxes(text)
    if not found:
        return text if TICKED in text else CIRCLE
    start = next((start for start, words in found if fold(words) == choice), found[0][0])
    return text[:start] + TICKED + text[start + 1 :]


def _set_text(c, text):
    _empty(c)
    if not text:
        return
    c.set("t", "inlineStr")
    inline = etree.Element(_sibling(c, "is"))
    t = etree.SubElement(inline, _sibling(c, "t"))
    t.text = text.replace("_x", "_x005F_x")
    t.set(_SPACE, "preserve")
    c.insert(0, inline)


def _set_day(c, value, counts_from_1904):
    _empty(c)
    v = etree.Element(_sibling(c, "v"))
    v.text = str((value - (datetime.date(1904, 1, 1) if counts_from_1904 else datetime.date(1899, 12, 30))).days)
    c.insert(0, v)


def _empty(c):
    for child in [*c.findall("{*}v"), *c.findall("{*}is")]:
        c.remove(child)
    for name in ("t", "vm", "cm"):
        c.attrib.pop(name, None)


def _sibling(element, name):
    return f"{{{etree.QName(element).namespace}}}{name}"


def _cell(root, row, column):
    """The <c> of a place; made, with the format of its row or column, if the sheet has none."""
    found = next((c for r, k, c in cells_of(root) if (r, k) == (row, column)), None)
    return found if found is not None else _new_cell(root, _row(root, row), row, column)


def _row(root, number):
    data, last, behind = root.find("{*}sheetData"), 0, []
    for row in data:
        last = int(row.get("r", last + 1))
        if last == number:
            return row
        behind += [row] if last > number else []
    row = etree.Element(_sibling(data, "row"), r=str(number))
    data.insert(data.index(behind[0]) if behind else len(data), row)
    return row


def _new_cell(root, row, number, column):
    c = etree.Element(_sibling(row, "c"), r=ref(number, column))
    if style := _style(root, row, column):
        c.set("s", style)
    others = [each for each in row if each.get("r") and place(each.get("r"))[1] > column]
    row.insert(row.index(others[0]) if others else len(row), c)
    return c


def _style(root, row, column):
    if row.get("s") and row.get("customFormat") in ("1", "true"):
        return row.get("s")
    columns = root.findall("{*}cols/{*}col")
    return next((each.get("style") for each in columns if int(each.get("min")) <= column <= int(each.get("max"))), None)


def _forget_results(roots):
    """Take the results of all formulas away: they were calculated without the values."""
    changed = set()
    for part, root in roots.items():
        for _, _, c in cells_of(root):
            if c.find("{*}f") is not None and c.find("{*}v") is not None:
                c.remove(c.find("{*}v"))
                c.attrib.pop("t", None)
                changed.add(part)
    return changed


def _recalculated(book):
    """The workbook part that asks to be calculated when it is opened; only for a book with formulas."""
    if not any(cell.has_formula for sheet in book.sheets for cell in sheet.cells.values()):
        return {}
    root = book.xml(book.workbook)
    settings = root.find("{*}calcPr")
    if settings is None:
        settings = etree.Element(_sibling(root, "calcPr"))
        before = [each for each in root if etree.QName(each).localname in _BEFORE_CALCULATION]
        before[-1].addnext(settings)
    settings.set("fullCalcOnLoad", "1")
    return {book.workbook: _bytes(root)}


# What stands before calcPr in a workbook (18.2.27), in its order.
_BEFORE_CALCULATION = {
    "fileVersion", "fileSharing", "workbookPr", "workbookProtection", "bookViews", "sheets", "functionGroups",
    "externalReferences", "definedNames",
}  # fmt: skip


def _bytes(root):
    return etree.tostring(root.getroottree(), xml_declaration=True, encoding="UTF-8", standalone=True)


def _packed(blank, changed):
    """The package with the changed parts, in the same order."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(blank)) as before, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as after:
        for info in before.infolist():
            data = changed.get(info.filename)
            after.writestr(copy.copy(info), before.read(info) if data is None else data)
    return out.getvalue()
