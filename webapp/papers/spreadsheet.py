"""Tables as files that a spreadsheet opens: CSV (RFC 4180, UTF-8 with BOM, CRLF, every field quoted) and XLSX.

All cells are texts. A text that a spreadsheet might take for a formula (beginning with = + - @, also full-width, with a
tab or a line break; OWASP, CSV Injection) gets an apostrophe before it in CSV; in XLSX every cell is a string of the
format 「文字列」, those texts with the mark that a typed apostrophe leaves, so nothing is added to what they say.
"""

import csv
import io
import re
import zipfile
from tempfile import SpooledTemporaryFile
from xml.sax.saxutils import escape

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

BOM = b"\xef\xbb\xbf"
SHEET = "xl/worksheets/sheet1.xml"
LONGEST_CELL = 32_767  # letters, Excel's limit
_IN_MEMORY = 4_000_000  # bytes of a book before it goes to a temporary file
_FORMULA = re.compile(r"[\t\r\n]|\s*[=+\-@＝＋－＠−]")
_RETURN = {"\r": "&#13;"}  # as it stands, every reader of XML takes it for a line feed
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
    mould = _mould(heads, title)
    above, plain, marked, below = _parts(mould.read(SHEET))
    file = SpooledTemporaryFile(_IN_MEMORY)
    with mould, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as book:
        for name in mould.namelist():
            if name != SHEET:
                book.writestr(name, mould.read(name))
        with book.open(SHEET, "w", force_zip64=True) as sheet:
            sheet.write(above)
            for number, row in enumerate(rows, 2):
                cells = "".join(_cell(value, plain, marked) for value in row)
                sheet.write(f'<row r="{number}">{cells}</row>'.encode())
            sheet.write(below)
    file.seek(0)
    return file


def _mould(heads, title):
    """The book with its heads alone and, as the second row, one cell of each format: openpyxl would take three times as
    long for the cells of a long list as their XML takes to be written."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    sheet.freeze_panes = "A2"
    for place in range(len(heads)):
        sheet.column_dimensions[chr(ord("A") + place)].width = 22
    sheet.append([_of_format(sheet, _kept(head), is_bold=True) for head in heads])
    sheet.append([_of_format(sheet, "plain"), _of_format(sheet, "marked", is_marked=True)])
    file = io.BytesIO()
    book.save(file)
    return zipfile.ZipFile(file)


def _of_format(sheet, text, is_bold=False, is_marked=False):
    cell = WriteOnlyCell(sheet, text)
    cell.data_type = "s"  # also for what begins with =
    cell.number_format = "@"
    cell.quotePrefix = is_marked
    if is_bold:
        cell.font = Font(bold=True)
    return cell


def _parts(sheet):
    """(XML above the rows, number of the plain format, of the marked one, XML below) of the mould's sheet (bytes)."""
    above, second, below = re.fullmatch(rb"(.*)(<row r=\"2\".*</row>)(</sheetData>.*)", sheet, re.DOTALL).groups()
    plain, marked = re.findall(r'<c [^>]*\bs="(\d+)"', second.decode())
    return above, plain, marked, below


def _cell(value, plain, marked):
    """The XML of one cell (ECMA-376 part 1, 18.3.1.4); where it stands follows from its place in the row."""
    if isinstance(value, int | float):
        return f"<c><v>{value}</v></c>"
    style = marked if is_like_formula(value) else plain
    return f'<c s="{style}" t="inlineStr"><is><t xml:space="preserve">{escape(_kept(value), _RETURN)}</t></is></c>'


def _kept(text):
    """What a cell can hold of a text."""
    return _NEVER.sub("", text)[:LONGEST_CELL]
