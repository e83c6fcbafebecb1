"""Messages between processes: one JSON object on one line; bytes travel as {"base64": "…"}."""

import base64
import json

LONGEST = 4_000_000  # characters of one line


def pack(message):
    """A message of plain values and bytes -> one line of ASCII bytes, newline included."""
    return json.dumps(message, default=_armour).encode("ascii") + b"\n"


def unpack(line):
    """One line (bytes) -> the message, its bytes restored. Raises ValueError if it is no JSON object."""
    try:
        message = json.loads(line, object_hook=_unarmour)
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    if not isinstance(message, dict):
        raise ValueError("a message is a JSON object")
    return message


def _armour(value):
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode("ascii")}
    raise TypeError(f"{type(value).__name__} cannot travel")


def _unarmour(value):
    if value.keys() == {"base64"} and isinstance(value["base64"], str):
        return base64.b64decode(value["base64"], validate=True)
    return value
