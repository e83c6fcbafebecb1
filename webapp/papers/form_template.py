"""The blank form (xlsx) of a CA as an institution uses it: what stands in it, where the values go, and a trial.

`form_book` reads the workbook, `form_blank` says whether it can be filled, `form_fields` names the fields, `form_proposal`
proposes their cells, `form_mapping` binds them, `form_filling` and `form_filled` write and read. The functions here are
for a guarded child; others import from here.
"""

from dataclasses import dataclass

from webapp.papers import form_blank, form_mapping, form_proposal
from webapp.papers.form_book import ref
from webapp.papers.form_fields import ISSUE, REVOKE, fields
from webapp.papers.form_filled import carried, read_filled
from webapp.papers.form_mapping import exported, imported
from webapp.papers.form_proposal import Proposal

__all__ = [
    "ISSUE", "REVOKE", "Proposal", "Reading", "Template", "bind", "carried", "exported", "fields", "imported", "read",
    "read_filled",
]  # fmt: skip

MOST_CHOICES = 400


@dataclass(frozen=True)
class Template:
    """A blank in force: its bytes and its mapping (see form_mapping)."""

    blank: bytes
    mapping: dict


@dataclass(frozen=True)
class Reading:
    """What was found in a blank: `proposals` by key; `choices` are cells that a value may go to, as (「シート!C5」, what
    stands beside it); `conflicts` to decide; `notes` to know."""

    proposals: dict
    choices: list
    conflicts: list
    notes: list


def read(xlsx: bytes, kind: str) -> Reading:
    """Read a blank for forms of a kind ("issue", "revoke"). Raises Unreadable for one that cannot be used."""
    book = form_blank.opened(xlsx)
    proposals, conflicts = form_proposal.propose(book, kind)
    return Reading(proposals, _choices(book), conflicts, form_blank.notes(book))


def bind(xlsx: bytes, kind: str, typed: dict) -> dict:
    """The places of a mapping, for the chosen or typed cells {key: 「シート!C5」}. Raises Incomplete with a sentence for
    each field whose cell cannot take it."""
    return form_mapping.bound(form_blank.opened(xlsx), kind, typed)


def _choices(book) -> list:
    """The cells that values may go to, sheet by sheet in reading order: free ones beside a text, and those with a box."""
    found = {}
    for sheet in book.sheets:
        texts = [] if sheet.is_hidden else [(spot, cell.text) for spot, cell in sorted(sheet.cells.items())]
        for (row, column), text in texts:
            if not text.strip() or form_mapping.is_placeholder(text):
                continue
            for each in _around(sheet, row, column, text):
                spot = f"{sheet.name}!{ref(*each)}"
                found.setdefault(spot, " ".join(text.split())[:24])
    return list(found.items())[:MOST_CHOICES]


def _around(sheet, row, column, text):
    if form_mapping.boxes(text) or form_mapping.PREFIX.fullmatch(text):
        yield row, column
    top, left, bottom, right = sheet.area(row, column)
    for spot in ((top, right + 1), (bottom + 1, left)):
        first = sheet.area(*spot)[:2]
        cell = sheet.cells.get(first)
        if cell is not None and not cell.has_formula and form_mapping.is_placeholder(cell.text):
            yield first
