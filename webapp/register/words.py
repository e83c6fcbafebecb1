"""What somebody types to find something, and the conditions it becomes: words and parts of words, serials in any
notation, application numbers, days and months. The texts searched are kept by the triggers of migration 0004."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from string import hexdigits

from peewee import SQL, BigIntegerField, TextField, fn

from webapp import clock
from webapp.register.applications import Application
from webapp.register.certificates import Certificate
from webapp.register.database import Row, database
from webapp.register.dialect import is_postgresql

LONGEST = 100  # letters of what is typed
MOST = 2000  # ids that a condition is asked for; what fits more is looked at row by row, and soon found
LONG_SERIAL = 12  # digits from which a word among others may be a whole serial
YEARS = (1900, 9000)  # in which days and months are understood
_NUMBER = re.compile(r"CS-?(\d{4})-?(\d{4,9})")
_DAY = re.compile(r"(\d{4})(?:[-/.年](\d{1,2})(?:[-/.月](\d{1,2})日?|月)?|年)")
_FULL = str.maketrans({chr(code): chr(code + 0xFEE0) for code in range(0x21, 0x7F)})


class CertificateWords(Row):
    id = BigIntegerField(primary_key=True)
    words = TextField()

    class Meta:
        table_name = "certificate_words"


class ApplicationWords(Row):
    id = BigIntegerField(primary_key=True)
    words = TextField()

    class Meta:
        table_name = "application_words"


TEXTS = {Certificate: CertificateWords, Application: ApplicationWords}
DAYS = {
    Certificate: (Certificate.not_after, Certificate.not_before, Certificate.received_at),
    Application: (Application.created_at, Application.stage_since_at),
}


@dataclass(frozen=True)
class Condition:
    """What rows must fulfil: `test` for one row, `ids` of all that do, or None while they are more than MOST."""

    test: object
    ids: frozenset | None = None


def conditions(table, typed):
    """The conditions for rows of Certificate or Application behind what somebody typed; none for nothing."""
    typed = " ".join(unicodedata.normalize("NFKC", typed).split())[:LONGEST]
    exact = _exactly(table, typed)
    if exact is not None:
        return [exact]
    pieces = [_joined_hex(typed)] if _joined_hex(typed) else typed.split()
    days = {piece: _period(piece) for piece in pieces}
    plain = [_spellings(piece) for piece in pieces if not days[piece]]
    return [
        *([_text(table, plain)] if plain else []),
        *(_text_or_day(table, piece, period) for piece, period in days.items() if period),
    ]


def serials(words):
    """How a serial typed in any notation (hex with or without 0x, colons, blanks; decimal) may stand in the register."""
    digits = _digits(words)
    readings = {int(digits, 16)} if digits and not set(digits) - set(hexdigits) else set()
    readings |= {int(digits)} if digits.isascii() and digits.isdigit() else set()
    return [value.to_bytes(max(1, (value.bit_length() + 7) // 8)).hex() for value in readings]


def _digits(words):
    folded = "".join(unicodedata.normalize("NFKC", words).split())
    return folded.replace(":", "").lower().removeprefix("0x")


def _exactly(table, typed):
    """The one condition of a whole application number or serial that is there, or None."""
    if found := _NUMBER.fullmatch(typed.upper()):
        row = Application.get_or_none(Application.number == f"CS-{found[1]}-{found[2]}")
        if row:
            return _of_application(table, row)
    readings = serials(typed)
    rows = list(Certificate.select(Certificate.id, Certificate.application_id).where(Certificate.serial.in_(readings)))
    if not rows:
        return None
    return _of_certificates(table, rows)


def _of_application(table, row):
    if table is Application:
        test = table.id == row.id
    else:
        test = table.id == row.target_id if row.is_revocation else table.application == row
    return Condition(test, _few(table, test))


def _of_certificates(table, rows):
    if table is Certificate:
        test = table.id.in_([row.id for row in rows])
    else:
        test = table.id.in_([row.application_id for row in rows if row.application_id])
        test |= table.target.in_([row.id for row in rows])
    return Condition(test, _few(table, test))


def _few(table, test):
    """The ids of the rows that fulfil a test, or None for more than MOST."""
    ids = frozenset(id for (id,) in table.select(table.id).where(test).limit(MOST + 1).tuples())
    return ids if len(ids) <= MOST else None


def _joined_hex(typed):
    """The hex digits of a part of a serial written with colons, 0x or blanks between the octets, or an empty string."""
    digits = _digits(typed)
    is_grouped = len(groups := typed.split()) > 2 and all(len(each) in (2, 4, 8) for each in groups)
    is_marked = ":" in typed or typed.lower().startswith("0x")
    return digits if (is_grouped or is_marked) and len(digits) >= 4 and not set(digits) - set(hexdigits) else ""


def _period(piece):
    """(first, last + 1) instants of the day, month or year that a piece names, in Japan; or None."""
    found = _DAY.fullmatch(piece)
    if not found:
        return None
    year, month, day = (int(part) if part else 0 for part in found.groups())
    if not YEARS[0] <= year <= YEARS[1]:
        return None
    try:
        first = date(year, month or 1, day or 1)
        last = first if day else date(year + (month or 12) // 12, (month or 12) % 12 + 1, 1) - timedelta(1)
        return midnight(first), midnight(last + timedelta(1))
    except ValueError:
        return None


def midnight(day):
    """The instant at which a day begins in Japan."""
    return datetime(day.year, day.month, day.day, tzinfo=clock.JST)


def _spellings(piece):
    """How a piece may be written in the texts: as typed (half-width), full-width, and a serial of which it is the
    decimal or unpadded number."""
    folded = _lower(piece)
    wide = [folded.translate(_FULL), folded.upper().translate(_FULL)]
    spelt = [folded, *wide, *(f"#{serial}#" for serial in serials(piece) if len(piece) >= LONG_SERIAL)]
    return list(dict.fromkeys(_without_quotes(each) for each in spelt if _without_quotes(each)))


def _lower(text):
    """ASCII letters only, as the texts are folded."""
    return "".join(letter.lower() if letter.isascii() else letter for letter in text)


def _without_quotes(text):
    """Quotation marks separate; the longest stretch between them is searched."""
    return max(re.split(r"[\"'`\s]", text), key=len)


def _text(table, plain):
    """Every piece stands in the text, in one of its spellings."""
    plain = [spellings for spellings in plain if spellings]
    if not plain:
        return Condition(SQL("0 = 1"), frozenset())
    rows = database.execute_sql(*_pairs(table, plain)).fetchall()
    ids = frozenset(id for (id,) in rows) if len(rows) <= MOST else None
    return Condition(_contains(table, plain), ids)


def _contains(table, plain):
    words = TEXTS[table]
    text = words.select(words.words).where(words.id == table.id)
    place = fn.STRPOS if is_postgresql(database.obj) else fn.INSTR
    every = [_any([place(text, spelling) > 0 for spelling in spellings]) for spellings in plain]
    tested = every[0]
    for test in every[1:]:
        tested &= test
    return tested


def _any(tests):
    tested = tests[0]
    for test in tests[1:]:
        tested |= test
    return tested


def _pairs(table, plain):
    """(SQL, parameters) that ask the index of pairs for at most MOST + 1 ids."""
    noun = table._meta.table_name
    if not is_postgresql(database.obj):
        match = " AND ".join("(" + " OR ".join(map(_phrase, spellings)) + ")" for spellings in plain)
        return f"SELECT rowid FROM {noun}_pairs WHERE {noun}_pairs MATCH ? LIMIT {MOST + 1}", (match,)
    one = "(letter_pairs(words) @> %s::text[] AND strpos(words, %s) > 0)"
    tested = " AND ".join("(" + " OR ".join([one] * len(spellings)) + ")" for spellings in plain)
    given = [value for spellings in plain for spelling in spellings for value in (_cut(spelling), spelling)]
    return f"SELECT id FROM {noun}_words WHERE {tested} LIMIT {MOST + 1}", given


def _cut(spelling):
    return [spelling[at : at + 2] for at in range(len(spelling) - 1)] or [spelling]


def _phrase(spelling):
    """The pairs one after the other; a single letter begins some pair wherever it stands."""
    return f'"{" ".join(_cut(spelling))}"' + (" *" if len(spelling) == 1 else "")


def _text_or_day(table, piece, period):
    """The piece stands in the text, or the period holds one of the row's days. Where few texts have it, all that fit are
    ids that indexes give, so that nothing is looked at row by row."""
    text = _text(table, [_spellings(piece)])
    if text.ids is None:
        return Condition(text.test | _any([_lies_in(column, period) for column in DAYS[table]]))
    others = table.alias()
    found = others.select(others.id).where(others.id.in_(list(text.ids)))
    for column in DAYS[table]:
        found = found.union_all(others.select(others.id).where(_lies_in(getattr(others, column.name), period)))
    often = 1 + len(DAYS[table])  # how often one row can be found at most
    ids = {id for (id,) in found.limit(often * MOST + 1).tuples()}
    return Condition(table.id.in_(found), frozenset(ids) if len(ids) <= MOST else None)


def _lies_in(column, period):
    return (column >= period[0]) & (column < period[1])
