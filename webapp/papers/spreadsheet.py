"""Tables as files that a spreadsheet opens: CSV (RFC 4180, UTF-8 with BOM, CRLF, every field quoted) and XLSX.

All cells are texts. A text that a spreadsheet might take for a formula (beginning with = + - @, also full-width, with a
tab or a line break; OWASP, CSV Injection) gets an apostrophe before it in CSV; in XLSX every cell is a string of the
format 「文字列」, those texts with the mark that a typed apostrophe leaves, so nothing is added to what they say.
"""

import csv
import io
import re
from tempfile import SpooledTemporaryFile

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

BOM = b"\xef\xbb\xbf"
LONGEST_CELL = 32_767  # letters, Excel's limit
_IN_MEMORY = 4_000_000  # bytes of a book before it goes to a temporary file
_FORMULA = re.compile(r"[\t\r\n]|\s*[=+\-@＝＋－＠−]")
_NEVER = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")  # XML 1.0 has no way to say them


def is_like_formula(text):
    """Whether a spreadsheet might run this text."""
    return _FORMULA.match(text) is not None


def csv_file(heads, rows):
    """The file in pieces of bytes: `heads` (list of str), `rows` (iterable of lists of str)."""
    yield BOM
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(map(_guarded, heads))
    for number, row in enumerate(rows):
        writer.writerow(map(_guarded, row))
        if number % 100 == 0:
            yield _emptied(buffer)
    yield _emptied(buffer)


def _guarded(text):
    return f"'{text}" if is_like_formula(text) else text


def _emptied(buffer):
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.encode()


def xlsx_file(heads, rows, title):
    """An open file (binary, at its beginning) with one sheet called `title`; the caller closes it. A number among the
    texts of `rows` stays a number."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    sheet.freeze_panes = "A2"
    for place in range(len(heads)):
        sheet.column_dimensions[chr(ord("A") + place)].width = 22
    plain, marked, bold = _cell(sheet), _cell(sheet, is_marked=True), _cell(sheet)
    bold.font = Font(bold=True)
    sheet.append(_said(bold, head) for head in heads)
    for row in rows:
        sheet.append(
            text if isinstance(text, int | float) else _said(marked if is_like_formula(text) else plain, text)
            for text in row
        )
    file = SpooledTemporaryFile(_IN_MEMORY)
    book.save(file)
    file.seek(0)
    return file


def _cell(sheet, is_marked=False):
    cell = WriteOnlyCell(sheet)
    cell.number_format = "@"
    cell.quotePrefix = is_marked
    return cell


def _said(cell, text):
    """The cell with another text: openpyxl writes it before it asks for the next one."""
    cell.value = _NEVER.sub("", text)[:LONGEST_CELL]
    cell.data_type = "s"  # also for what begins with =
    return cell
