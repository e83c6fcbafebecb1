"""Bytes spoilt without respect for what they are, and words of a text exchanged. Each takes the bytes and a random.Random (or
Hypothesis's) and returns other bytes."""

import re

WORDS = (
    b"0", b"-1", b"1", b"65536", b"2147483648", b"-2147483649", b"18446744073709551616", b"1" * 5000, b"1e999", b"NaN",
    b"0x10", b"", b" ", b"\0", b"\xff", b"\xed\xa0\x80", b"\xf0\x9f\x92\xa9", b"A" * 3000, "申請".encode(), "ﾃｽﾄ".encode("cp932"),
    b"\r\n", b"\n\n", b"\t", b"'", b'"', b'"""', b"[", b"]", b"{", b"}", b"<", b">", b"&", b"&#0;", b"../../etc/passwd",
    b"http://192.0.2.1/", b"=1+1", b"%s%n", b"null", b"true", b"1979-05-27T07:32:00Z", b"9999-12-31", b"0000-00-00", b"\\u0000",
    b"\\ud800", b"\xe2\x80\xae", b"9" * 400, b"-----BEGIN CERTIFICATE-----",
)  # fmt: skip
_WORD = re.compile(rb"[A-Za-z0-9_.+-]+|[^\sA-Za-z0-9_.+-]")
MOST = 400_000  # bytes of a spoilt input: larger ones only cost time


def raw(data, random):
    """One blunt change anywhere."""
    return random.choice(_RAW)(data, random)[:MOST]


def _flip(data, random):
    changed = bytearray(data or b"\0")
    for _ in range(random.randint(1, 8)):
        changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
    return bytes(changed)


def _truncate(data, random):
    return data[: random.randrange(len(data) + 1)]


def _set(data, random):
    at = random.randrange(len(data) + 1)
    return data[:at] + bytes([random.choice((0, 1, 0x7F, 0x80, 0xFF, 0x30, 0x0A))]) + data[at + 1 :]


def _splice(data, random):
    start, length = random.randrange(len(data) + 1), random.randint(1, 64)
    at = random.randrange(len(data) + 1)
    return data[:at] + data[start : start + length] * random.choice((1, 1, 2, 50)) + data[at:]


def _cut(data, random):
    at = random.randrange(len(data) + 1)
    return data[:at] + data[at + random.randint(1, 64) :]


def _noise(data, random):
    at = random.randrange(len(data) + 1)
    return data[:at] + random.randbytes(random.randint(1, 16)) + data[at:]


def _wrap(data, random):
    return random.choice((b"\xef\xbb\xbf", b"\0", b"\n", b"%PDF-1.7\n", b"PK\x03\x04", b"\x30\x80")) + data


_RAW = (_flip, _flip, _truncate, _set, _set, _splice, _cut, _noise, _wrap)


def word(data, random):
    """A word or a sign of a text becomes another, is doubled or goes away."""
    found = list(_WORD.finditer(data[:MOST]))
    if not found:
        return raw(data, random)
    hit = random.choice(found)
    given = random.choice((*WORDS, b"", hit[0] * 2, random.choice(found)[0], hit[0] * 300))
    return data[: hit.start()] + given + data[hit.end() :]


def line(data, random):
    """A line is doubled, goes away, moves or is repeated a thousand times."""
    lines = data.splitlines(keepends=True) or [b""]
    at = random.randrange(len(lines))
    taken = lines.pop(at)
    lines[(new := random.randrange(len(lines) + 1)) : new] = [taken] * random.choice((0, 1, 2, 1000))
    return b"".join(lines)[:MOST]


def text(data, random):
    return random.choice((word, word, line))(data, random)
