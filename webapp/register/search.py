"""Searching as one types: by number, 管理名称, person, subject or serial."""

from string import hexdigits

from peewee import JOIN

from webapp.register.applications import Application
from webapp.register.certificates import Certificate
from webapp.register.papers import Csr
from webapp.register.people import Person


def matching(query, words):
    """Narrow a query of Application.seen_by to what the words fit."""
    by_subject = Csr.select(Csr.application).where(Csr.subject.contains(words))
    by_certificate = Certificate.select(Certificate.application).where(
        Certificate.subject.contains(words) | Certificate.serial.in_(serials(words))
    )
    subscriber = Person.alias()
    return query.join(subscriber, JOIN.LEFT_OUTER, on=(Application.subscriber == subscriber.id)).where(
        Application.number.contains(words)
        | Application.title.contains(words)
        | Person.name.contains(words)
        | subscriber.name.contains(words)
        | Application.id.in_(by_subject)
        | Application.id.in_(by_certificate)
    )


def serials(words):
    """How a serial typed in any notation (hex with or without 0x, colons, blanks; decimal) may stand in the register."""
    digits = "".join(words.split()).replace(":", "").lower().removeprefix("0x")
    readings = {int(digits, 16)} if digits and not set(digits) - set(hexdigits) else set()
    readings |= {int(digits)} if digits.isascii() and digits.isdigit() else set()
    return [value.to_bytes(max(1, (value.bit_length() + 7) // 8)).hex() for value in readings]
