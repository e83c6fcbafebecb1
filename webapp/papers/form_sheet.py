"""Our specimen of a form, drawn with openpyxl from its Design, and its filling by labels (seed 1-1-2, 1-1-4, 1-3-1).

The specimen carries 見本 and is never called the CA's form. A4, one page, a 印 spot of about 24 mm beside the name of
who seals; IPAex fonts by name, so that LibreOffice embeds them.
"""

import io
import re

import openpyxl
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.worksheet.worksheet import Worksheet

from webapp.errors import Incomplete, Refused
from webapp.papers.form_design import Design

GOTHIC, MINCHO, WIDE_MINCHO = "IPAexGothic", "IPAexMincho", "Noto Serif CJK JP"
LAST_OF_IPAEX = "\uffff"  # letters beyond, 𠮷 among them, are mostly not in the IPAex fonts
WIDTHS = {"A": 15, "B": 20.5, "C": 33.5, "D": 12.5}  # characters; together the 174 mm between the margins
FIRST_ROW = 5
ROW = 23  # points
SPECIMEN_NOTE = "この様式は見本です。認証局の正式な様式ではありません。"

_thin, _strong = Side(style="thin", color="808080"), Side(style="medium", color="333333")
_shade = PatternFill("solid", fgColor="EEF2F6")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f￾￿]")


def draw(design: Design) -> bytes:
    """The empty specimen as xlsx bytes."""
    return _saved(_drawn(design))


def _drawn(design: Design) -> openpyxl.Workbook:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = design.name
    _page(sheet)
    _head(sheet, design)
    last = _table(sheet, design)
    _note(sheet, last + 1, design.note)
    return book


def write(design: Design, texts: dict[str, str], foot: str, blank: bytes | None = None) -> bytes:
    """The sheet (`blank` or our specimen) with `texts` (key -> text) beside the labels of `design` and the line `foot`
    in the footer of the page, as xlsx bytes.

    Every value is stored as text with a quote prefix: nothing in it can become a formula. Raises Incomplete for
    control characters, Refused for a blank that lacks a label."""
    check_writable(texts)
    book = openpyxl.load_workbook(io.BytesIO(blank)) if blank else _drawn(design)
    sheet = book.active
    cells = _value_cells(sheet, design.labels)
    for key, text in texts.items():
        _write(cells[key], text)
    _foot(sheet.oddFooter.left, foot.replace("&", "&&"))
    return _saved(book)


def check_writable(texts: dict[str, str]) -> None:
    if bad := {key: "制御文字が含まれています。" for key, text in texts.items() if _CONTROL.search(text)}:
        raise Incomplete("印刷できない文字(制御文字)が含まれています。", "該当する欄を入力し直してください。", bad)


def _write(cell, text: str) -> None:
    cell.value = text or None
    if text:
        cell.data_type = "s"
        cell.quotePrefix = True
    if any(letter > LAST_OF_IPAEX for letter in text):
        cell.font = Font(WIDE_MINCHO, cell.font.size)  # so that a rare letter does not stand out from its name


def _value_cells(sheet: Worksheet, labels: dict) -> dict:
    """Key -> the first cell right of its label; a group holds from its name in column A down to the next."""
    spans = {(r.min_row, r.min_col): r.max_col for r in sheet.merged_cells.ranges}
    group, cells = "", {}
    for row in sheet.iter_rows(max_col=2):
        group = "".join(str(row[0].value).split()) if row[0].value else group
        if key := labels.get((group, "".join(str(row[1].value).split()))):
            right = spans.get((row[1].row, row[1].column), row[1].column) + 1
            cells[key] = sheet.cell(row[1].row, right)
    if missing := set(labels.values()) - set(cells):
        names = "、".join(label for (_, label), key in labels.items() if key in missing)
        raise Refused(f"登録された様式に、次の欄が見つかりません: {names}", "様式の見出しを確認してください。")
    return cells


def _foot(part, text: str) -> None:
    part.font, part.size, part.text = f"{GOTHIC},Regular", 8, text


def _page(sheet: Worksheet) -> None:
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.page_setup.orientation = "portrait"
    sheet.page_setup.fitToWidth = sheet.page_setup.fitToHeight = 1
    sheet.sheet_properties.pageSetUpPr = openpyxl.worksheet.properties.PageSetupProperties(fitToPage=True)
    sheet.print_options.horizontalCentered = True
    margins = sheet.page_margins
    margins.left = margins.right = 18 / 25.4
    margins.top, margins.bottom, margins.header, margins.footer = 13 / 25.4, 17 / 25.4, 6 / 25.4, 8 / 25.4
    _foot(sheet.oddFooter.right, "見本様式 &P / &N")
    sheet.sheet_view.showGridLines = False
    for letter, width in WIDTHS.items():
        sheet.column_dimensions[letter].width = width


def _head(sheet: Worksheet, design: Design) -> None:
    _put(sheet, "A1", "見 本", font=Font(GOTHIC, 14, bold=True), align="center")
    sheet["A1"].border = Border(_strong, _strong, _strong, _strong)
    _put(sheet, "B1:D1", SPECIMEN_NOTE, font=Font(GOTHIC, 8, color="555555"), align="right")
    _put(sheet, "A2:D2", design.title, font=Font(MINCHO, 20, bold=True), align="center")
    _put(sheet, "A3:B3", "サービス窓口 御中", font=Font(MINCHO, 12))
    _put(sheet, "A4:D4", design.sentence, font=Font(MINCHO, 10))
    for row, height in {1: 24, 2: 42, 3: 21, 4: 22}.items():
        sheet.row_dimensions[row].height = height


def _table(sheet: Worksheet, design: Design) -> int:
    """The rows of the labels, a group after the other; returns the last row used."""
    row, groups = FIRST_ROW, {}
    for (group, label), key in design.labels.items():
        groups.setdefault(group, []).append(row)
        sheet.row_dimensions[row].height = design.tall.get(key, ROW)
        _put(sheet, f"B{row}", label, font=Font(GOTHIC, 9.5), fill=_shade, wrap=True)
        beside_seal = design.has_seal and group == design.seal_group
        _value(sheet, f"C{row}" if beside_seal else f"C{row}:D{row}", key, design)
        row += 1
    for group, rows in groups.items():
        name = design.seal_group_lines if group == design.seal_group else group
        _put(sheet, f"A{rows[0]}:A{rows[-1]}", name, font=Font(GOTHIC, 10), fill=_shade, wrap=True)
        _frame(sheet, rows[0], rows[-1])
    if design.has_seal:
        seal = groups[design.seal_group]
        _put(sheet, f"D{seal[0]}:D{seal[-1]}", "印", font=Font(MINCHO, 14, color="9A9A9A"), align="center")
    return row - 1


def _value(sheet: Worksheet, area: str, key: str, design: Design) -> None:
    wrap = key in design.wrapped
    font = Font(GOTHIC if key in design.upright else MINCHO, design.large.get(key, 10.5))
    _put(sheet, area, None, font=font, wrap=wrap, shrink=not wrap)
    sheet[area.split(":")[0]].number_format = "@"


def _note(sheet: Worksheet, row: int, text: str) -> None:
    _put(sheet, f"A{row}:D{row}", text, font=Font(GOTHIC, 8, color="555555"))
    sheet.row_dimensions[row].height = 18
    sheet.print_area = f"A1:D{row}"


def _put(sheet: Worksheet, area: str, text, *, font, align="left", fill=None, wrap=False, shrink=False) -> None:
    """Write `text` into an area ("A1" or "A1:D1", then merged)."""
    first = area.split(":")[0]
    if area != first and area != f"{first}:{first}":
        sheet.merge_cells(area)
    cell = sheet[first]
    cell.value, cell.font = text, font
    cell.alignment = Alignment(
        horizontal=align, vertical="center", wrap_text=wrap, shrink_to_fit=shrink, indent=0 if align == "center" else 1
    )
    if fill:
        cell.fill = fill


def _frame(sheet: Worksheet, top: int, bottom: int) -> None:
    """Thin lines inside, a strong line round the group."""
    spans = {(area.min_row, area.min_col): area.max_col for area in sheet.merged_cells.ranges}
    for row in range(top, bottom + 1):
        for column in range(1, 5):
            sheet.cell(row, column).border = Border(
                left=_strong if column == 1 else _thin,
                right=_strong if column == 4 or spans.get((row, column)) == 4 else _thin,
                top=_strong if row == top else _thin,
                bottom=_strong if row == bottom else _thin,
            )


def _saved(book: openpyxl.Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
