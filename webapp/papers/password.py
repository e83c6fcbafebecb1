"""パスワード(証明書取得時用): made here, written on the form, used by the CA to encrypt the ZIP."""

import secrets
import string

LENGTH = 20
LOOK_ALIKES = "0O1lI|"
# Safe in Excel cells, in ZIP tools and in a shell's quotes; none of them is a full-width pair's look-alike.
SYMBOLS = "#%*+-.:=?@_"

_LETTERS = "".join(each for each in string.ascii_letters if each not in LOOK_ALIKES)
_DIGITS = "".join(each for each in string.digits if each not in LOOK_ALIKES)


def new_password():
    """A random password of 20 characters: upper and lower case, digits and symbols, no look-alikes, beginning and
    ending with a letter (so that Excel sees no formula and a double click takes all). About 120 bits (PWD-01)."""
    while True:
        middle = "".join(secrets.choice(_LETTERS + _DIGITS + SYMBOLS) for _ in range(LENGTH - 2))
        password = secrets.choice(_LETTERS) + middle + secrets.choice(_LETTERS)
        if len(classes_of(password)) == 4:
            return password


def classes_of(password):
    """The kinds of characters in it: a subset of {"upper", "lower", "digit", "symbol"}."""
    kinds = {"upper": str.isupper, "lower": str.islower, "digit": str.isdigit, "symbol": _is_symbol}
    return {kind for kind, belongs in kinds.items() if any(belongs(each) for each in password)}


def _is_symbol(character):
    return character in string.punctuation
