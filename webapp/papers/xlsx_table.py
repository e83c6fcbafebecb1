"""Tables as XLSX: numbers as numbers, every text as text, so that nothing in it becomes a formula (OWASP, CSV Injection)."""

import io

import openpyxl
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter


def written(headings, rows):
    """XLSX bytes of one sheet; a row is a list of texts and numbers. Signs that a sheet cannot hold are left out."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append([_held(value) for value in headings])
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    for row in rows:
        sheet.append([_held(value) for value in row])
    for line in sheet.iter_rows():
        for cell in line:
            if isinstance(cell.value, str):
                cell.data_type = "s"
                cell.quotePrefix = cell.value[:1] in "=+-@"
    sheet.freeze_panes = "A2"
    for column, heading in enumerate(headings, 1):
        sheet.column_dimensions[get_column_letter(column)].width = max(12, 2 * len(heading) + 2)
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def _held(value):
    if not isinstance(value, str):
        return value
    return "".join(letter for letter in value if letter in "\t\n" or letter.isprintable())
