"""失効申請書: an application for revocation and the Excel sheet it is written on (seed 1-3-1).

`revocation_values` holds the values and the labels, `form_mark` the mark; `form_sheet` draws and fills a sheet and
`form_reader` reads it back, both by its labels. Others import from here.
"""

import datetime
import functools
import re

from webapp.papers import form_design, form_reader
from webapp.papers.form_design import Design
from webapp.papers.form_mark import canonical, mark_line, mark_of
from webapp.papers.revocation_reasons import REASONS
from webapp.papers.revocation_values import (
    EMERGENCY,
    JST,
    LABELS,
    NOTATIONS,
    OTHER,
    SEAL_GROUP,
    RevocationForm,
    as_read,
    printed,
)
from webapp.papers.serial import as_hex, readings

__all__ = [
    "LABELS", "RevocationForm", "as_read", "canonical", "draw_blank", "fill", "mark_line", "mark_of", "printed", "read",
]  # fmt: skip

NAME = "失効申請書"
DESIGN = Design(
    name=NAME,
    title="コード署名用証明書 失効申請書",
    sentence="次のとおり、コード署名用証明書の失効を申請します。",
    note="「印」の欄に、上に記入した人が印を押してください。電子署名(S/MIME証明書)で代えることもできます。",
    labels=LABELS,
    seal_group=SEAL_GROUP,
    seal_group_lines="代表者または\n機関責任者\n(登録担当者)の\n資格・氏名",
    tall={"sealer_title": 34, "sealer_name": 34, "address": 32, "institution_name": 26, "serial": 26, "subject": 50}
    | {"comment": 72},
    large={"institution_name": 12, "sealer_title": 12, "sealer_name": 13, "serial": 12, "subject": 9},
    wrapped=("address", "subject", "comment"),
    upright=("serial", "serial_otherwise", "mark"),
)
_TIME = re.compile(r"(\d{1,2})\s*[:時]\s*(\d{1,2})")


@functools.cache
def draw_blank() -> bytes:
    """The empty specimen as xlsx bytes."""
    return form_design.sheet().draw(DESIGN)


def fill(form: RevocationForm, blank: bytes | None = None, wants_seal: bool = True) -> bytes:
    """The sheet (`blank` or our specimen, with 印 or without) with the values of `form` written beside its labels, as xlsx
    bytes; see `form_sheet.write`. Raises Incomplete for control characters, Refused for a blank that lacks a label."""
    design = DESIGN if wants_seal else DESIGN.without_seal()
    return form_design.sheet().write(design, printed(form), mark_line(form), blank)


def read(xlsx: bytes) -> dict:
    """The values of a filled sheet: the keys of RevocationForm; missing or illegible values are "" (days, instant and
    reason: None, version: 0). Raises Unreadable, see `form_reader.cells`. Call it in a guarded child."""
    return values_of(form_reader.cells(xlsx, LABELS, NAME))


def values_of(cells: dict) -> dict:
    """The values behind the cells of a sheet, key of LABELS -> text, number, date or ""; see `read`."""
    texts = {key: form_reader.text(cell) for key, cell in cells.items()}
    begins, _, ends = texts.pop("period").partition("から")
    made = {
        "version": form_reader.version(cells["version"]),
        "applied_on": form_reader.day(cells["applied_on"]),
        "begins_on": form_reader.day(begins),
        "ends_on": form_reader.day(ends),
        "reason": next((code for code, reason in REASONS.items() if str(reason) == texts["reason"]), None),
        "compromised_at": _instant(texts["compromised_at"]),
        "is_emergency": texts["is_emergency"] == EMERGENCY[True],
    }
    made |= _serial(texts["serial"], texts.pop("serial_otherwise"))
    return texts | made


def _serial(written, otherwise):
    """The serial as hex, and the notation of the first row: the one that the second row does not name."""
    notation = next((OTHER[each] for each, (word, _) in NOTATIONS.items() if otherwise.startswith(word)), "hex")
    numbers = readings(written)  # hexadecimal first
    number = numbers and numbers[-1 if notation == "dec" else 0]
    return {"serial": as_hex(number) if number else "", "serial_format": notation}


def _instant(text):
    day, time = form_reader.day(text), _TIME.search(text)
    try:
        return day and time and datetime.datetime.combine(day, datetime.time(*map(int, time.groups())), JST)
    except ValueError:
        return None
