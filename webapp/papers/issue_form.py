"""発行申請書: an application for issue and the Excel sheet it is written on (seed 1-1-2).

`form_values` holds the values and the labels, `form_mark` the mark; `form_sheet` draws and fills a sheet and
`form_reader` reads it back, both by its labels. Others import from here.
"""

import functools
from dataclasses import replace

from webapp.errors import Refused
from webapp.papers import form_design, form_reader
from webapp.papers.form_design import Design
from webapp.papers.form_mark import canonical, mark_line, mark_of
from webapp.papers.form_values import LABELS, SUBJECT_ROWS, IssueForm, as_read, printed

__all__ = [
    "LABELS",
    "IssueForm",
    "as_read",
    "canonical",
    "draw_blank",
    "fill",
    "mark_line",
    "mark_of",
    "printed",
    "read",
]

NAME = "発行申請書"
DESIGN = Design(
    name=NAME,
    title="コード署名用証明書 発行申請書",
    sentence="次のとおり、コード署名用証明書の発行を申請します。申請にあたり、下記の文書を承認しました。",
    note="「印」の欄に、機関の長または機関責任者の公印を押してください。電子署名(S/MIME証明書)で代えることもできます。",
    labels=LABELS,
    seal_group="代表者または機関責任者の資格・氏名",
    seal_group_lines="代表者または\n機関責任者の\n資格・氏名",
    tall={
        "head_title": 34,
        "head_name": 34,
        "address": 32,
        "institution_name": 26,
        "zip_password": 26,
        "agreements": 70,
    },
    large={"institution_name": 12, "head_title": 12, "head_name": 13, "zip_password": 13},
    wrapped=("address", "agreements"),
    upright=("zip_password", "mark"),
)
WITHOUT_PASSWORD = replace(DESIGN, labels={label: key for label, key in LABELS.items() if key != "zip_password"})


@functools.cache
def draw_blank() -> bytes:
    """The empty specimen as xlsx bytes."""
    return form_design.sheet().draw(DESIGN)


def fill(form: IssueForm, blank: bytes | None = None, wants_seal: bool = True) -> bytes:
    """The sheet (`blank` or our specimen, with 印 or without) with the values of `form` written beside its labels, as xlsx
    bytes; see `form_sheet.write`. Raises Incomplete for control characters, Refused for a subject the sheet has no row for and
    for a blank that lacks a label. Where no password is wanted, our specimen has no row for one."""
    _check_subject(form.subject)
    design, texts = DESIGN, printed(form)
    if blank is None and not form.zip_password:
        design = WITHOUT_PASSWORD
        del texts["zip_password"]
    return form_design.sheet().write(design if wants_seal else design.without_seal(), texts, mark_line(form), blank)


def _check_subject(subject: list[tuple[str, str]]) -> None:
    shorts = [short for short, _ in subject]
    if strange := [short for short in shorts if short not in SUBJECT_ROWS or shorts.count(short) > 1]:
        raise Refused(
            f"発行申請書には、主体者DNの{'、'.join(dict.fromkeys(strange))}を書く欄がないか、値が2つ以上あります。",
            f"主体者DNを{'、'.join(SUBJECT_ROWS)}の各1つだけにして、CSRを作り直してください。",
        )


def read(xlsx: bytes) -> dict:
    """The values of a filled sheet, with or without a row for the password: the keys of IssueForm; missing values are ""
    (applied_on: None, version: 0). Raises Unreadable, see `form_reader.cells`. Call it in a guarded child."""
    return values_of(form_reader.cells(xlsx, LABELS, NAME, optional=("zip_password",)))


def values_of(cells: dict) -> dict:
    """The values behind the cells of a sheet, key of LABELS -> text, number, date or ""; see `read`."""
    values = {key: form_reader.text(cell) for key, cell in cells.items() if not key.startswith("subject.")}
    values["version"] = form_reader.version(cells["version"])
    values["applied_on"] = form_reader.day(cells["applied_on"])
    values["subject"] = [(short, form_reader.text(cells[f"subject.{short}"])) for short in SUBJECT_ROWS]
    values["subject"] = [(short, value) for short, value in values["subject"] if value]
    values["agreements"] = [line.strip() for line in values["agreements"].splitlines() if line.strip()]
    return values
