"""A workbook as its XML parts say it (ECMA-376 part 1, 18): sheets, cells with text, style and formula, merged ranges.

openpyxl would lose shapes and form controls when it writes, and calamine knows no styles; so a form that is not ours is
read here, part by part, and `form_filling` changes nothing but cells. Call it in a guarded child.
"""

import io
import posixpath
import re
import zipfile
from dataclasses import dataclass, field
from functools import cached_property

from lxml import etree

from webapp.errors import Unreadable
from webapp.papers import form_reader

MOST_ROWS, MOST_COLUMNS = 1000, 100  # where anybody looks for labels and values
_REF = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_GUIDE = re.compile(r"(記入|記載|入力)の?(例|見本|要領|方法|手引|上の注意|について)|書き方|説明")


@dataclass(frozen=True)
class Cell:
    """One cell: `value` is text, a number, a truth or None; `style` the index of its format."""

    row: int
    column: int
    value: object
    has_formula: bool
    style: int

    @property
    def text(self) -> str:
        """What stands in it, a whole number without its point."""
        return "" if self.value is None else form_reader.text(self.value)


@dataclass(frozen=True)
class Sheet:
    """One worksheet: `part` is its name in the package; `cells` by (row, column), those with a style but no value too;
    `merged` are (first row, first column, last row, last column)."""

    name: str
    part: str
    is_hidden: bool
    is_protected: bool
    cells: dict = field(repr=False)
    merged: tuple = ()

    @property
    def is_guide(self) -> bool:
        """Whether the sheet only tells how to fill in the others, by its name: 記入例, 記入要領."""
        return _GUIDE.search(self.name) is not None

    def area(self, row: int, column: int) -> tuple:
        """The merged range that covers a cell, or the cell alone as such a range."""
        return next(
            (each for each in self.merged if each[0] <= row <= each[2] and each[1] <= column <= each[3]),
            (row, column, row, column),
        )

    def text(self, row: int, column: int) -> str:
        cell = self.cells.get((row, column))
        return cell.text if cell else ""


class Book:
    """An opened workbook. Raises Unreadable for what is not an xlsx, encrypted, a bomb, or not well-formed."""

    def __init__(self, xlsx: bytes, name: str):
        form_reader.refuse_other_kinds(xlsx, name)
        try:
            with zipfile.ZipFile(io.BytesIO(xlsx)) as package:
                self.members = package.infolist()
                form_reader.refuse_members(self.members, name)
                self._refuse_odd_members()
                self.parts = {info.filename: package.read(info) for info in self.members}
        except (NotImplementedError, RuntimeError, *form_reader.DAMAGE) as broken:
            raise damaged() from broken

    def _refuse_odd_members(self):
        names = [info.filename.lower() for info in self.members]
        if len(names) != len(set(names)) or any(info.flag_bits & 1 for info in self.members):
            raise damaged()

    def xml(self, part: str):
        """The root element of a part. Raises Unreadable if it is missing or not plain XML."""
        try:
            return parsed(self.parts[part])
        except (KeyError, etree.XMLSyntaxError) as broken:
            raise damaged() from broken

    def targets(self, part: str) -> dict:
        """Relationship id -> (kind, target, whether it lies outside) of a part."""
        folder, name = posixpath.split(part)
        rels = f"{folder}/_rels/{name}.rels" if folder else f"_rels/{name}.rels"
        if rels not in self.parts:
            return {}
        return {each.get("Id"): _target(each, folder) for each in self.xml(rels).findall("{*}Relationship")}

    @cached_property
    def workbook(self) -> str:
        """The name of the part that lists the sheets."""
        found = [target for kind, target, _ in self.targets("").values() if kind == "officeDocument"]
        return found[0] if found and found[0] in self.parts else "xl/workbook.xml"

    @cached_property
    def sheets(self) -> list:
        """The worksheets in their order; chart sheets are left out."""
        targets = self.targets(self.workbook)
        listed = self.xml(self.workbook).find("{*}sheets")
        sheets = []
        for entry in listed if listed is not None else ():
            kind, part, _ = targets.get(_relation(entry), ("", "", True))
            if kind == "worksheet" and part in self.parts:
                sheets.append(self._sheet(entry.get("name", ""), part, entry.get("state", "visible") != "visible"))
        return sheets

    def _sheet(self, name, part, is_hidden):
        root = self.xml(part)
        protection = root.find("{*}sheetProtection")
        return Sheet(
            name=name,
            part=part,
            is_hidden=is_hidden,
            is_protected=protection is not None and protection.get("sheet") in ("1", "true"),
            cells={
                (row, column): Cell(row, column, self.value(c), c.find("{*}f") is not None, style_of(c))
                for row, column, c in cells_of(root)
                if row <= MOST_ROWS and column <= MOST_COLUMNS
            },
            merged=tuple(_ranges(root)),
        )

    def value(self, c):
        """The value of a <c> element."""
        kind, v = c.get("t", "n"), c.findtext("{*}v")
        if kind == "inlineStr":
            inline = c.find("{*}is")
            return _text_of(inline) if inline is not None else ""
        if not v:
            return None
        try:
            if kind == "s":
                return self._strings[int(v)]
            return bool(int(v)) if kind == "b" else float(v) if kind == "n" else _unescaped(v)
        except (ValueError, IndexError) as broken:
            raise damaged() from broken

    @cached_property
    def _strings(self) -> list:
        part = next((t for kind, t, _ in self.targets(self.workbook).values() if kind == "sharedStrings"), None)
        return [_text_of(each) for each in self.xml(part).findall("{*}si")] if part in self.parts else []

    @cached_property
    def styles(self) -> "Styles":
        part = next((t for kind, t, _ in self.targets(self.workbook).values() if kind == "styles"), None)
        return Styles(self.xml(part)) if part in self.parts else Styles(None)

    @cached_property
    def counts_from_1904(self) -> bool:
        found = self.xml(self.workbook).find("{*}workbookPr")
        return found is not None and found.get("date1904") in ("1", "true")


class Styles:
    """What the formats of the cells are: by index, whether it shows a date, and whether it draws a frame."""

    _BUILT_IN = {*range(14, 18), 22, *range(27, 37), *range(50, 59)}

    def __init__(self, root):
        formats = root.findall("{*}cellXfs/{*}xf") if root is not None else []
        own = {each.get("numFmtId"): each.get("formatCode", "") for each in _all(root, "{*}numFmts/{*}numFmt")}
        frames = [
            any(side.get("style", "none") != "none" for side in each) for each in _all(root, "{*}borders/{*}border")
        ]
        self.shows_day = [self._is_day(each.get("numFmtId", "0"), own) for each in formats]
        self.is_framed = [
            0 <= (number := _index(each.get("borderId", "0"))) < len(frames) and frames[number] for each in formats
        ]

    def _is_day(self, number, own):
        if number in own:
            bare = re.sub(r'"[^"]*"|\\.|\[[^\]]*\]', "", own[number])
            return bool(re.search("[ydeg]", bare, re.IGNORECASE)) and "general" not in bare.lower()
        return _index(number) in self._BUILT_IN


def parsed(data: bytes):
    """The root element; no entity, no DTD, no network. Raises lxml's XMLSyntaxError, Unreadable for a DOCTYPE."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    root = etree.fromstring(data, parser)
    if root.getroottree().docinfo.doctype:
        raise damaged()
    return root


def cells_of(root):
    """(row, column, <c>) of a worksheet, also where the file leaves the places out."""
    row_number = 0
    for row in root.iterfind("{*}sheetData/{*}row"):
        row_number = _number(row.get("r"), row_number + 1)
        column = 0
        for c in row.findall("{*}c"):
            column = place(c.get("r"))[1] if c.get("r") else column + 1
            yield row_number, column, c


def place(ref: str) -> tuple[int, int]:
    """(row, column) of a reference such as C5. Raises Unreadable."""
    match = _REF.fullmatch(ref)
    if match is None:
        raise damaged()
    column = 0
    for letter in match[1]:
        column = column * 26 + ord(letter) - 64
    return int(match[2]), column


def ref(row: int, column: int) -> str:
    """The reference of a cell: ref(5, 3) is C5."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return f"{letters}{row}"


def style_of(c) -> int:
    return _number(c.get("s"), 0)


def damaged() -> Unreadable:
    return Unreadable(
        "このExcelファイルは壊れているか、しるしが読み取れない作りです。",
        "Excelで開き、「Excelブック(*.xlsx)」として保存し直してから、もう一度選択してください。",
    )


def _number(text, otherwise):
    if text is None:
        return otherwise
    if not re.fullmatch("[0-9]{1,7}", text):
        raise damaged()
    return int(text)


def _index(text):
    """A small number as text, or -1 for what is none."""
    return int(text) if re.fullmatch("[0-9]{1,7}", text) else -1


def _ranges(root):
    for each in root.findall("{*}mergeCells/{*}mergeCell"):
        first, _, last = each.get("ref", "").partition(":")
        yield (*place(first), *place(last or first))


def _text_of(element) -> str:
    """The text of a string item without its phonetic guide (18.4.6)."""
    texts = (t for t in element.iter("{*}t") if etree.QName(t.getparent()).localname != "rPh")
    return _unescaped("".join(t.text or "" for t in texts))


def _unescaped(text):
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)


def _target(each, folder):
    kind, target = each.get("Type", "").rsplit("/", 1)[-1], each.get("Target", "")
    inside = target[1:] if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
    return kind, inside, each.get("TargetMode") == "External"


def _relation(entry):
    return next((value for key, value in entry.attrib.items() if etree.QName(key).localname == "id" and "}" in key), "")


def _all(root, path):
    return root.findall(path) if root is not None else []
