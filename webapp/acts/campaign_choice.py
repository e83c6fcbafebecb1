"""Which certificates a forced replacement is about: by what the register knows of them, or by pasted serials."""

import re
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta

from webapp import clock
from webapp.acts import entries
from webapp.errors import Incomplete
from webapp.papers import serial
from webapp.register import Certificate
from webapp.register.campaigns import replaceable

MOST = 100_000  # certificates in one campaign
LONGEST_PASTE = 3_000_000  # characters
_ASKED_AT_ONCE = 400
_DAYS = ("issued_since", "issued_until", "ends_since", "ends_until")
FIELDS = ("issuer", "department", "key", *_DAYS, "serials")
_DATES = {
    "issued_since": "発行日(この日から)",
    "issued_until": "発行日(この日まで)",
    "ends_since": "有効期限(この日から)",
    "ends_until": "有効期限(この日まで)",
}


@dataclass
class Choice:
    """`numbers`: the row numbers of the certificates to be replaced. Of the pasted lines: `unread` [(line, why)] are no
    serials, `unknown` are not in the register, `ambiguous` fit several certificates, `over` are revoked or expired."""

    numbers: list = field(default_factory=list)
    unread: list = field(default_factory=list)
    unknown: list = field(default_factory=list)
    ambiguous: list = field(default_factory=list)
    over: list = field(default_factory=list)


def choose(given):
    """The Choice for FIELDS as typed. Serials, one a line in any notation, are looked up among what the other fields
    leave. Raises Incomplete when nothing narrows it, or with a sentence for each field."""
    values = entries.checked(
        {name: _day(label) for name, label in _DATES.items()}
        | {"department": entries.pattern(r"\d{1,18}", "所属を一覧から選んでください。", is_needed=False)}
        | {"issuer": entries.line("発行者", is_needed=False), "key": _fingerprint},
        given,
    )
    serials = given.get("serials") or ""
    if not serials.strip() and not any(values.values()):
        raise Incomplete("対象の証明書を選ぶ条件を、1つ以上入力してください。", "すべての証明書は選べません。")
    if len(serials) > LONGEST_PASTE:
        entries.refuse({"serials": "一度に貼り付けられる量を超えています。分けて登録してください。"})
    query = replaceable(
        issuer=values["issuer"],
        department=int(values["department"]) if values["department"] else None,
        spki_sha256=values["key"],
        **{name: _instant(values[name], name.endswith("until")) for name in _DAYS},
    )
    choice = _by_serials(query, serials) if serials.strip() else _by_filter(query)
    if len(choice.numbers) > MOST:
        raise Incomplete(f"一度に選べるのは{MOST}枚までです。", "条件を絞ってください。")
    return choice


def _day(label):
    """A date within the years that certificates are of, or None."""
    rule = entries.day(label, is_needed=False)

    def within(text):
        day = rule(text)
        if day and not 1970 <= day.year < 2200:
            raise entries.Unfit(f"{label}の年を確かめてください。")
        return day

    return within


def _fingerprint(text):
    """SHA-256 of a public key (SPKI), hex in any notation."""
    digits = re.sub(r"[\s:]", "", text).lower()
    if digits and not re.fullmatch(r"[0-9a-f]{64}", digits):
        raise entries.Unfit("公開鍵のSHA-256は、16進64桁で入力してください。")
    return digits


def _instant(day, is_end):
    """The instant at which a Japanese day begins, or for an end the one at which it is over; None for none."""
    return datetime.combine(day + timedelta(is_end), time(), clock.JST) if day else None


def _by_filter(query):
    valid = Certificate.revoked_at.is_null() & (Certificate.not_after > clock.now())
    rows = query.where(valid).order_by(Certificate.id).limit(MOST + 1).tuples()
    return Choice(numbers=[row[0] for row in rows])


def _by_serials(query, text):
    lines = list(dict.fromkeys(line.strip() for line in re.split(r"[\n\r,;\t、]+", text) if line.strip()))
    choice, readings = Choice(), {}
    for line in lines:
        if fault := serial.fault(line):
            choice.unread.append((line[:100], fault))
        else:
            readings[line] = [serial.as_hex(value) for value in serial.readings(line)]
    found = _looked_up(query, sorted({each for values in readings.values() for each in values}))
    numbers = {}
    for line, values in readings.items():
        rows = [row for value in values for row in found.get(value, ())]
        if not rows:
            choice.unknown.append(line)
        elif len(rows) > 1:
            choice.ambiguous.append(line)
        elif rows[0].is_valid:
            numbers[rows[0].id] = True
        else:
            choice.over.append((line, rows[0].state))
    choice.numbers = sorted(numbers)
    return choice


def _looked_up(query, values):
    """{serial: [Certificate]}"""
    found, columns = {}, (Certificate.id, Certificate.serial, Certificate.revoked_at, Certificate.not_after)
    for at in range(0, len(values), _ASKED_AT_ONCE):
        for row in query.select(*columns).where(Certificate.serial.in_(values[at : at + _ASKED_AT_ONCE])):
            found.setdefault(row.serial, []).append(row)
    return found
