"""A list of certificates issued before, as offices keep it: CSV (UTF-8 with or without BOM, or CP932; comma, tab or
semicolon) or XLSX, its columns known by their headings in any order. Every cell is a text, never a formula."""

import csv
import datetime
import io
import re
import unicodedata

from webapp.errors import Unreadable
from webapp.papers import form_reader
from webapp.papers.spreadsheet import is_like_formula

MOST_ROWS = 20_000
MOST_COLUMNS = 60
MOST_BYTES = 20_000_000
LONGEST = 1000  # letters of a cell that are kept
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
ROUNDED = 1e15  # a spreadsheet keeps 15 digits of a number

# key -> headings, folded (NFKC, without blanks, lower case, what stands in brackets left out). The first is the
# template's.
HEADINGS = {
    "serial": ("シリアル番号", "シリアルナンバー", "シリアル", "serial", "serialnumber", "証明書シリアル番号"),
    "issuer": ("発行者", "発行者dn", "認証局", "issuer", "issuerdn"),
    "subject": ("主体者dn", "主体者", "サブジェクト", "subject", "subjectdn", "dn"),
    "begins": ("開始日", "有効期間開始", "有効期間の開始", "発行日", "notbefore", "validfrom"),
    "ends": ("終了日", "有効期限", "有効期間終了", "有効期間の終了", "満了日", "notafter", "validto", "expires"),
    "title": ("管理名称", "名称", "管理名", "件名", "title"),
    "purpose": ("用途", "利用目的", "目的", "purpose"),
    "subscriber": ("利用管理者", "利用管理者氏名", "利用管理者メールアドレス", "管理者", "担当者", "subscriber"),
    "department": ("所属", "部署", "部局", "利用管理者所属", "department"),
    "revoked": ("失効日", "失効日時", "revoked", "revocationdate"),
    "reason": ("失効理由", "失効事由", "reason", "revocationreason"),
    "number": ("申請番号", "受付番号", "number"),
}
NAMES = ("シリアル番号", "発行者", "主体者DN", "開始日", "終了日", "管理名称", "用途", "利用管理者", "所属", "失効日", "失効理由", "申請番号")  # fmt: skip
_KNOWN = {heading: key for key, headings in HEADINGS.items() for heading in headings}


def is_list(data, name):
    """Whether this is a table and no certificate, by its bytes and its name."""
    if data.startswith(b"PK"):
        return b"xl/workbook.xml" in data
    if data.startswith(form_reader.OLE):
        return True
    if data.startswith(UTF_16):
        return True
    if b"-----BEGIN" in data[:1_000_000] or b"\x00" in data[:4096]:
        return False
    return name.lower().endswith((".csv", ".tsv", ".txt")) or b"\n" in data[:100_000]


def read(data, name):
    """(rows, notes): rows as (line number, {key: text}), blank ones left out; notes about columns that are not known.
    A key may be "serial:hex" or "serial:decimal" where the heading says so in brackets. Raises Unreadable."""
    if len(data) > MOST_BYTES:
        raise _too_many()
    table = _book(data) if data.startswith((b"PK", form_reader.OLE)) else _text(data)
    lines = [(number, [_cell(cell) for cell in row]) for number, row in enumerate(table, 1)]
    lines = [(number, cells) for number, cells in lines if any(cells)]
    place = next((at for at, (_, cells) in enumerate(lines[:20]) if _keys(cells).keys() >= {"ends"} and _has_serial(cells)), None)  # fmt: skip
    if place is None:
        raise _without_headings(lines)
    keys, heads = _keys(lines[place][1]), lines[place][1]
    rows = [(number, {key: cells[at] for key, at in keys.items() if at < len(cells)}) for number, cells in lines[place + 1 :]]  # fmt: skip
    if len(rows) > MOST_ROWS:
        raise _too_many()
    if not rows:
        raise Unreadable("見出しの下に、証明書の行がありません。", "1行に1枚ずつ、証明書を記入してください。")
    return rows, _notes(heads, keys)


def _keys(cells):
    """{key: column} of the headings that are known, the first of each."""
    found = {}
    for at, cell in enumerate(cells):
        folded = "".join(unicodedata.normalize("NFKC", cell).split()).lower()
        plain, bracket = re.sub(r"\(.*?\)", "", folded), "".join(re.findall(r"\((.*?)\)", folded))
        key = _KNOWN.get(plain)
        if key == "serial" and re.search(r"16|hex", bracket):
            key = "serial:hex"
        elif key == "serial" and re.search(r"10|dec", bracket):
            key = "serial:decimal"
        if key:
            found.setdefault(key, at)
    return found


def _has_serial(cells):
    return any(key.startswith("serial") for key in _keys(cells))


def _notes(heads, keys):
    unknown = [head for at, head in enumerate(heads) if head and at not in keys.values()]
    names = "、".join(f"「{head[:30]}」" for head in unknown[:10])
    return (f"次の列は読み取りませんでした: {names}",) if unknown else ()


def _book(data):
    return form_reader.rows(data, "証明書の一覧", MOST_ROWS + 50, MOST_COLUMNS)


def _text(data):
    text = _decoded(data).lstrip("\ufeff")
    first = next((line for line in text.splitlines() if line.strip()), "")
    separator = max(",\t;", key=first.count)
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    except csv.Error:
        raise Unreadable(
            'CSVとして読み取れません。引用符(")の対応が崩れているか、1つの欄が長すぎます。',
            "表計算ソフトで開き、CSV UTF-8で保存し直してください。",
        ) from None


def _decoded(data):
    if data.startswith(UTF_16):
        return data.decode("utf-16", "replace")
    for encoding in ("utf-8", "cp932"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Unreadable(
        "文字を読み取れません。UTF-8でもShift_JIS(CP932)でもないか、途中で壊れています。",
        "表計算ソフトで開き、「CSV UTF-8(コンマ区切り)」で保存し直してください。",
    )


def _cell(cell):
    """What stands in a cell, as one line of text. A number that a spreadsheet has rounded says so with 「≈」."""
    if isinstance(cell, float) and abs(cell) >= ROUNDED:
        return f"≈{cell:.6g}"
    if isinstance(cell, datetime.datetime):
        return cell.isoformat(" ") if cell.time() != datetime.time() else cell.date().isoformat()
    if isinstance(cell, (datetime.date, datetime.time, datetime.timedelta)):
        return str(cell)
    text = " ".join(form_reader.text(cell).split())
    text = text[1:] if text.startswith("'") and is_like_formula(text[1:]) else text  # as our own CSV guards it
    return "".join(letter for letter in text if letter.isprintable())[:LONGEST]


def _too_many():
    return Unreadable(
        f"一覧が大きすぎます。一度に取り込めるのは{MOST_ROWS:,}行、20MBまでです。", "ファイルを分けてください。"
    )


def _without_headings(lines):
    seen = "、".join(cell[:20] for cell in (lines[0][1] if lines else [])[:8] if cell) or "なし"
    return Unreadable(
        f"見出しの行が見つかりません。少なくとも「シリアル番号」と「終了日」の列が必要です(最初の行: {seen})。",
        "この画面から様式を保存し、その見出しのまま記入してください。",
    )
