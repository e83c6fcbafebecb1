"""Codes that people carry from one screen to another: made, read as typed, hashed."""

import hashlib
import hmac
import re
import secrets
import unicodedata

from tokens.station.refusals import Refusal

ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"


def new_user_code():
    """ "BCDF-GHJK": eight letters of an alphabet without vowels and digits (RFC 8628 §6.1)."""
    letters = "".join(secrets.choice(ALPHABET) for _ in range(8))
    return f"{letters[:4]}-{letters[4:]}"


def new_digits():
    """Six digits: the number of a pairing, the match code of a job."""
    return f"{secrets.randbelow(1_000_000):06}"


def user_code(typed):
    """What a person typed, as "BCDF-GHJK". Raises Refusal bad_code."""
    letters = _squeezed(typed).upper()
    if len(letters) != 8 or any(each not in ALPHABET for each in letters):
        raise Refusal("bad_code")
    return f"{letters[:4]}-{letters[4:]}"


def digits(typed):
    """What a person typed, as six ASCII digits. Raises Refusal bad_code."""
    found = _squeezed(typed)
    if not re.fullmatch(r"[0-9]{6}", found):
        raise Refusal("bad_code")
    return found


def hashed(code, salt):
    """How a code is stored: hex of scrypt (RFC 7914; 16 MB, about 50 ms), so that a copy of the rows does not give the code
    before it expires. `salt` is text: "pairing" for a user code (found by its hash), the job's id for a match code."""
    made = hashlib.scrypt(code.encode("ascii"), salt=f"shirushi {salt}".encode(), n=2**14, r=8, p=1, dklen=32)
    return made.hex()


def is_code(code, salt, stored):
    """Is this the code that was hashed?"""
    return hmac.compare_digest(hashed(code, salt), stored)


def _squeezed(typed):
    return re.sub(r"[\s\-‐‑–—−ー]", "", unicodedata.normalize("NFKC", typed[:40]))
