"""Values as JSON and back, for the pipe between the web and a guarded child. Nothing that is decoded can run code.

Travels: None, bool, int, float, str, bytes, list, tuple, dict, date, datetime, and records: dataclasses that the
module of the called function can name. An object in JSON has exactly one key, the tag.
"""

import base64
import dataclasses
import json
from datetime import date, datetime

_SMALL = 2**53


class NotPlain(ValueError):
    """The value, or the text, is not of the kinds above."""


def records_of(module):
    """The dataclasses of its own package that a module's namespace names: what may travel for its functions."""
    package = module.__name__.partition(".")[0]
    return {each.__name__: each for each in vars(module).values() if _is_record(each, package)}


def _is_record(thing, package):
    return isinstance(thing, type) and dataclasses.is_dataclass(thing) and thing.__module__.partition(".")[0] == package


def encode(value):
    """`value` as JSON bytes (ASCII); NotPlain if something in it may not travel."""
    return json.dumps(_down(value)).encode("ascii")


def decode(text, records):
    """The value behind JSON bytes; `records` maps names to the dataclasses that may be made. NotPlain for anything
    unexpected, however hostile."""
    try:
        return _up(json.loads(text), records)
    except (ValueError, TypeError, KeyError, RecursionError):
        raise NotPlain("not a plain value") from None


def _down(value):
    if value is None or isinstance(value, (bool, float)):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int):
        return value if abs(value) < _SMALL else {"int": hex(value)}
    if isinstance(value, list):
        return [_down(each) for each in value]
    for kind, tag, make in _TAGGED:
        if isinstance(value, kind):
            return {tag: make(value)}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        values = {f.name: _down(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return {"record": [type(value).__name__, values]}
    raise NotPlain(f"{type(value).__name__} does not travel")


_TAGGED = (
    (bytes, "bytes", lambda value: base64.b64encode(value).decode("ascii")),
    (tuple, "tuple", lambda value: [_down(each) for each in value]),
    (dict, "dict", lambda value: [[_down(key), _down(each)] for key, each in value.items()]),
    (datetime, "datetime", datetime.isoformat),
    (date, "date", date.isoformat),
)


def _up(value, records):
    if isinstance(value, list):
        return [_up(each, records) for each in value]
    if not isinstance(value, dict):
        return value
    [(tag, inside)] = value.items()
    if tag == "record":
        return _record(inside, records)
    if tag == "tuple":
        return tuple(_up(each, records) for each in inside)
    if tag == "dict":
        return {_up(key, records): _up(each, records) for key, each in inside}
    return _ATOMS[tag](inside)


_ATOMS = {
    "bytes": lambda text: base64.b64decode(text, validate=True),
    "int": lambda text: int(text, 16),
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
}


def _record(inside, records):
    name, values = inside
    cls = records[name]
    if set(values) != {field.name for field in dataclasses.fields(cls)}:
        raise NotPlain(f"{name} has other fields")
    return cls(**{key: _up(each, records) for key, each in values.items()})
