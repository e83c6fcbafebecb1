"""Reads a form that came from outside, by its labels, with python-calamine (which follows no link, runs no macro
and allocates nothing for merged ranges). Call it in a guarded child; the limits here only keep it civil."""

import datetime
import io
import lzma
import re
import struct
import zipfile
import zlib

from python_calamine import CalamineError, CalamineWorkbook

from webapp.errors import Unreadable

MOST_BYTES, MOST_MEMBERS, MOST_UNPACKED = 5_000_000, 200, 40_000_000
MOST_ROWS, MOST_COLUMNS = 1000, 100
# How the standard library fails on a damaged member, by its compression (bzip2: OSError, LZMA: LZMAError).
DAMAGE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, ValueError, LookupError, OSError)
OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_CELL = re.compile(rb"""\br\s*=\s*["']([A-Za-z]{0,4})(\d{1,9})["']""")
_DATE = re.compile(r"(\d{4})\s*[年/.-]\s*(\d{1,2})\s*[月/.-]\s*(\d{1,2})")


def cells(xlsx: bytes, labels: dict, name: str, optional: tuple = ()) -> dict:
    """Key -> value of the cell right of its label, for every label: text, number, date or "". `labels` as in a
    form_design.Design, `name` of the form for people (発行申請書); a row with a key in `optional` may be missing ("").

    Raises Unreadable, with its own sentence, for what is not an xlsx, an old .xls, an encrypted or macro-bearing book,
    a bomb, and a book without these labels."""
    return dict.fromkeys(optional, "") | _cells_by_label(rows(xlsx, name), labels, name, optional)


def rows(xlsx: bytes, name: str, most_rows: int = MOST_ROWS, most_columns: int = MOST_COLUMNS) -> list[list]:
    """The first sheet as rows of cells. Raises Unreadable as `cells` does, also for a sheet that reaches further."""
    refuse_other_kinds(xlsx, name)
    _refuse_bombs(xlsx, name, most_rows, most_columns)
    return _rows(xlsx)


def refuse_other_kinds(data: bytes, name: str) -> None:
    if data.startswith(OLE) and "EncryptedPackage".encode("utf-16-le") in data:
        raise Unreadable(
            "このExcelファイルは、パスワードで保護されているため読み取れません。",
            "Excelで開き、ファイル›情報›ブックの保護でパスワードを外して保存し、もう一度選択してください。",
        )
    if data.startswith(OLE):
        raise Unreadable(
            "このファイルは、古い形式のExcelファイル(.xls)です。",
            "Excelで開き、「Excelブック(*.xlsx)」として保存し直してから、もう一度選択してください。",
        )
    if not data.startswith(b"PK\x03\x04"):
        raise Unreadable("このファイルは、Excelファイル(.xlsx)ではありません。", f"{name}の.xlsxを選択してください。")
    if len(data) > MOST_BYTES:
        raise Unreadable("このExcelファイルは大きすぎます(5 MBまで)。", "画像などを取り除き、保存し直してください。")


def _refuse_bombs(data: bytes, name: str, most_rows: int, most_columns: int) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as book:
            members = book.infolist()
            refuse_members(members, name)
            for member in members:
                if member.filename.lower().startswith("xl/worksheets/"):
                    _refuse_far_cells(_unpacked(book, member, name), name, most_rows, most_columns)
    except (NotImplementedError, RuntimeError, *DAMAGE) as broken:
        raise _damaged() from broken


def refuse_members(members: list[zipfile.ZipInfo], name: str) -> None:
    names = {member.filename.lower() for member in members}
    if any(each.endswith("vbaproject.bin") or each.startswith("xl/macrosheets/") for each in names):
        raise Unreadable(
            "このExcelファイルにはマクロが含まれています。",
            "マクロのない「Excelブック(*.xlsx)」として保存し直してから、もう一度選択してください。",
        )
    if len(members) > MOST_MEMBERS or sum(member.file_size for member in members) > MOST_UNPACKED:
        raise _bomb(name)
    if "xl/workbook.xml" not in names:
        raise Unreadable("このファイルは、Excelファイル(.xlsx)ではありません。", f"{name}の.xlsxを選択してください。")


def _unpacked(book: zipfile.ZipFile, member: zipfile.ZipInfo, name: str) -> bytes:
    with book.open(member) as stream:
        content = stream.read(MOST_UNPACKED + 1)
    if len(content) > MOST_UNPACKED:
        raise _bomb(name)
    return content


def _refuse_far_cells(sheet: bytes, name: str, most_rows: int, most_columns: int) -> None:
    """calamine makes a dense table of the used range: one cell at XFD1048576 must not cost the memory of all."""
    for letters, digits in _CELL.findall(sheet):
        if int(digits) > most_rows or _column(letters) > most_columns:
            raise _bomb(name)


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def _bomb(name: str) -> Unreadable:
    return Unreadable(
        "このExcelファイルは、開くと大きくなりすぎるため読み取りを中止しました。",
        f"{name}の様式に記入し直し、余分なシートや行を取り除いて保存してください。",
    )


def _damaged() -> Unreadable:
    return Unreadable(
        "このExcelファイルは壊れているため読み取れません。", "Excelで開けることを確認し、保存し直してください。"
    )


def _rows(xlsx: bytes) -> list[list]:
    try:
        sheet = CalamineWorkbook.from_filelike(io.BytesIO(xlsx)).get_sheet_by_index(0)
        return sheet.to_python(skip_empty_area=False)
    except (CalamineError, zipfile.BadZipFile, OSError, ValueError, IndexError) as broken:
        raise _damaged() from broken


def _cells_by_label(rows: list[list], labels: dict, name: str, optional: tuple) -> dict:
    """Key -> value of the first filled cell right of its label (column A names the group, column B the item)."""
    group, found = "", {}
    for row in rows:
        group = "".join(str(row[0]).split()) if row and str(row[0]).strip() else group
        label = "".join(str(row[1]).split()) if len(row) > 1 else ""
        if key := labels.get((group, label)):
            found[key] = row[2] if len(row) > 2 else ""
    if missing := [label for (_, label), key in labels.items() if key not in found and key not in optional]:
        names = "、".join(missing)
        raise Unreadable(
            f"{name}の様式と一致しません。次の欄が見つかりません: {names}",
            "この画面から保存した様式に記入し、行や見出しを変えずに保存してください。",
        )
    return found


def text(cell) -> str:
    """What stands in a cell, a whole number without its point."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


def version(cell) -> int:
    """The number in 「第2版」, 0 if there is none."""
    digits = re.sub(r"\D", "", text(cell))[:6]
    return int(digits) if digits else 0


def day(cell) -> datetime.date | None:
    """The day of a date cell, or of a text such as 2026年4月1日 or 2026/4/1; None if it is none."""
    if isinstance(cell, datetime.datetime):
        return cell.date()
    if isinstance(cell, datetime.date):
        return cell
    match = _DATE.search(str(cell))
    try:
        return datetime.date(*map(int, match.groups())) if match else None
    except ValueError:
        return None
