"""What a field of a job may be: functions from the JSON value to ours, each raising ValueError or TypeError."""

import base64
import re

LARGEST = 20_000_000  # bytes of a document or a result
LONGEST_TEXT = 4_000
LONGEST_LIST = 100
HEX_32 = re.compile(r"[0-9a-f]{64}")
ALGORITHMS = ("RSA-3072", "RSA-4096", "P-256", "P-384")


def text(value):
    """Text of one or several lines, without control characters that could make it look like something else."""
    if not isinstance(value, str) or not value or len(value) > LONGEST_TEXT:
        raise ValueError("text")
    if any(not each.isprintable() and each not in "\n\u3000" for each in value):
        raise ValueError("control character")
    return value


def hex_32(value):
    """32 bytes as 64 lower-case hex digits."""
    if not isinstance(value, str) or not HEX_32.fullmatch(value):
        raise ValueError("hex")
    return value


def count(value):
    """A whole number from 0 to LARGEST."""
    if type(value) is not int or not 0 <= value <= LARGEST:
        raise ValueError("number")
    return value


def data(value):
    """base64 -> bytes."""
    if not isinstance(value, str) or len(value) > LARGEST * 4 // 3 + 4:
        raise ValueError("base64")
    return base64.b64decode(value, validate=True)


def listed(kind):
    """A list of `kind`, as a tuple."""

    def read(value):
        if not isinstance(value, list) or len(value) > LONGEST_LIST:
            raise ValueError("list")
        return tuple(kind(each) for each in value)

    return read


def pair(value):
    """[text, text], as a tuple."""
    first, second = value
    return text(first), text(second)


def algorithm(value):
    if value not in ALGORITHMS:
        raise ValueError("algorithm")
    return value


def attribute(value):
    if value not in (True, False, None):
        raise ValueError("attribute")
    return value


def attributes(value):
    """{name: true, false or null} of a key, as the token tells them."""
    if not isinstance(value, dict) or len(value) > LONGEST_LIST:
        raise ValueError("attributes")
    return {text(name): attribute(told) for name, told in value.items()}


def flag(value):
    if value is not True and value is not False:
        raise ValueError("flag")
    return value
