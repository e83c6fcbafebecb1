"""What may be sent to a token as a PIN."""

import unicodedata

from tokens.errors import named

SHORTEST, LONGEST = 4, 64  # bytes of UTF-8
# What makers ship: PIV and OpenPGP cards, eToken, Nitrokey and SmartCard-HSM, and words nobody should choose.
FACTORY = {"648219", "3537363231383830", "password", "changeme", "qwerty"} | {"0102030405060708" * 3}
ROWS = ("01234567890123456789", "98765432109876543210", "abcdefghijklmnop")


def checked(pin):
    """The PIN (text), if it can be one: 4 to 64 bytes of UTF-8, no control character. Raises TokenError pin_unsuitable."""
    try:
        length = len(pin.encode("utf-8"))
    except UnicodeEncodeError:
        length = 0
    if not SHORTEST <= length <= LONGEST or any(unicodedata.category(each) == "Cc" for each in pin):
        raise named("pin_unsuitable")
    return pin


def is_default(pin):
    """Is it a PIN that tokens are shipped with, or one like it: a row of digits, one digit again and again?"""
    plain = pin.lower()
    return plain in FACTORY or len(set(plain)) == 1 or any(plain in row for row in ROWS)


def sound(pin):
    """The PIN, if it is also no default one. Raises TokenError pin_unsuitable or pin_weak."""
    if is_default(checked(pin)):
        raise named("pin_weak")
    return pin
