"""How often in a row a PIN was refused, as this person's account remembers it: many tokens do not tell, and a missing flag
means unknown, never "three tries left". Counts only; no PIN and nothing derived from one."""

import json
import os
from contextlib import suppress

from tokens import folders

FILE = "pin-misses.json"
USER, SIGNATURE, OFFICER = "user", "signature", "officer"


def count(token, kind=USER):
    """The misses since the last right PIN. `token` has label, serial, manufacturer and model; `kind` is USER,
    SIGNATURE (the second PIN of a key that wants one each time) or OFFICER."""
    return _read().get(_name(token, kind), 0)


def missed(token, kind=USER):
    """The token refused a PIN."""
    _change(token, kind, lambda before: before + 1)


def taken(token, kind=USER):
    """The token took the PIN."""
    _change(token, kind, lambda before: 0)


def _change(token, kind, changed):
    with suppress(OSError), folders.alone(FILE):  # without a folder there is no memory; the token still counts
        counts = _read()
        now = changed(counts.pop(_name(token, kind), 0))
        _write({**counts, _name(token, kind): now} if now else counts)


def _name(token, kind):
    return " / ".join([*(token.get(each) or "" for each in ("manufacturer", "model", "serial", "label")), kind])


def _read():
    try:
        counts = json.loads((folders.state() / FILE).read_text("utf-8"))
        return {str(name): int(number) for name, number in counts.items()}
    except (OSError, RuntimeError, ValueError, TypeError, AttributeError):
        return {}


def _write(counts):
    path = folders.state() / FILE
    half = path.with_suffix(".new")
    with open(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(counts, file, ensure_ascii=False)
    os.replace(half, path)
