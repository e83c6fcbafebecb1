"""Days as an iCalendar object (RFC 5545) that calendar programs take: all-day events with an alarm the day before."""

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, date, timedelta

LINE = 75  # octets of a line without its CRLF (§3.1)
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True)
class Entry:
    """`on` a day, `summary` its name, `description` what is to be done, `url` where (absolute, ASCII)."""

    on: date
    summary: str
    description: str
    url: str


def write(entries, stamp, name="しるし"):
    """The bytes (UTF-8, CRLF) of a calendar called `name` with these entries; `stamp` (aware) is when it was made. Two
    entries of one day and address are one event, and keep its UID in every calendar that has them (§3.8.4.7)."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Shirushi//Shirushi//JA", "CALSCALE:GREGORIAN"]
    lines += [
        "METHOD:PUBLISH",
        f"X-WR-CALNAME:{_text(name)}",
        f"NAME:{_text(name)}",
        "REFRESH-INTERVAL;VALUE=DURATION:PT12H",
    ]
    for alike in _events(entries):
        lines += _event(alike, stamp)
    return b"".join(_folded(line) for line in [*lines, "END:VCALENDAR"])


def _events(entries):
    found = {}
    for entry in entries:
        found.setdefault((entry.on, entry.url), []).append(entry)
    return found.values()


def _event(entries, stamp):
    first = entries[0]
    summary = " / ".join(dict.fromkeys(entry.summary for entry in entries))
    said = "\n".join([*dict.fromkeys(entry.description for entry in entries), first.url])
    return [
        "BEGIN:VEVENT",
        f"UID:{hashlib.sha256(f'{first.url} {first.on}'.encode()).hexdigest()[:32]}@shirushi",
        f"DTSTAMP:{stamp.astimezone(UTC):%Y%m%dT%H%M%SZ}",
        f"DTSTART;VALUE=DATE:{first.on:%Y%m%d}",
        f"DTEND;VALUE=DATE:{first.on + timedelta(days=1):%Y%m%d}",
        f"SUMMARY:{_text(summary)}",
        f"DESCRIPTION:{_text(said)}",
        f"URL:{first.url}",
        "CLASS:PRIVATE",
        "TRANSP:TRANSPARENT",
        "BEGIN:VALARM",
        "ACTION:DISPLAY",
        f"DESCRIPTION:{_text(summary)}",
        "TRIGGER:-PT15H",  # 9:00 on the day before
        "END:VALARM",
        "END:VEVENT",
    ]


def _text(value):
    """A TEXT value (§3.3.11): backslash, semicolon, comma and line end escaped, no control characters."""
    value = value.replace("\r\n", "\n").replace("\r", "\n").replace("\\", "\\\\")
    return _CONTROLS.sub("", value.replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n"))


def _folded(line):
    """The octets of a content line, folded between characters (§3.1)."""
    pieces, piece = [], b""
    for letter in line:
        octets = letter.encode()
        if len(piece) + len(octets) > LINE - bool(pieces):
            pieces.append(piece)
            piece = b""
        piece += octets
    return b"\r\n ".join([*pieces, piece]) + b"\r\n"
