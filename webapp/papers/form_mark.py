"""The mark that ties a printed page to the values it was made from. A form is a frozen dataclass of plain values (text,
numbers, days, instants, lists of these) with `number`, `version` and `mark`."""

import datetime
import hashlib
import json
from dataclasses import asdict

UNMARKED = ("zip_password", "mark")  # a secret, and the mark itself


def canonical(form) -> bytes:
    """The values as canonical JSON (UTF-8, sorted keys, no spaces; days and instants in ISO 8601, instants in UTC) without the password
    and the mark itself."""
    values = {key: value for key, value in asdict(form).items() if key not in UNMARKED}
    return json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_iso).encode()


def _iso(moment):
    is_instant = isinstance(moment, datetime.datetime)
    return (moment.astimezone(datetime.UTC) if is_instant else moment).isoformat()


def mark_of(form) -> str:
    """The first 16 hex digits of the SHA-256 over `canonical(form)`: printed on the page, equal for equal values."""
    return hashlib.sha256(canonical(form)).hexdigest()[:16]


def mark_line(form) -> str:
    """The line at the foot of the page: number, version and mark ("CS-2026-0012 第1版 0123456789abcdef")."""
    return f"{form.number} 第{form.version}版 {form.mark or mark_of(form)}"
