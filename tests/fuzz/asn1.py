"""DER and PEM spoilt in the places that X.690 gives meaning to: tags, lengths, values, order."""

import base64
import re

from tests.fuzz.mutations import WORDS, raw, text

TAGS = (2, 3, 4, 5, 6, 10, 12, 19, 22, 23, 24, 30, 0x30, 0x31, 0x80, 0xA0, 0xA3, 0x1F, 0, 1, 9)
LENGTHS = (b"\x80", b"\0", b"\x7f", b"\xff", b"\x84\xff\xff\xff\xff", b"\x82\0\x05", b"\x88" + b"\x7f" * 8, b"\x81\x01")
DEEPEST = 60


def tree(data, depth=0):
    """[(tag, bytes or such a list)] of DER with one-byte tags; None where it is none."""
    found, at = [], 0
    while at < len(data) and depth < DEEPEST:
        if at + 2 > len(data) or data[at] & 0x1F == 0x1F:
            return None
        tag, length, at = data[at], data[at + 1], at + 2
        if length & 0x80:
            size = length & 0x7F
            length, at = int.from_bytes(data[at : at + size], "big"), at + size
            if not 1 <= size <= 4:
                return None
        if at + length > len(data):
            return None
        content, at = data[at : at + length], at + length
        inside = tree(content, depth + 1) if tag & 0x20 or (tag in (3, 4) and len(content) > 4) else None
        found.append((tag, inside if inside is not None and content else content))
    return found if depth < DEEPEST else None


def tlv(tag, content):
    size = len(content)
    head = bytes([size]) if size < 0x80 else b""
    if not head:
        digits = size.to_bytes((size.bit_length() + 7) // 8, "big")
        head = bytes([0x80 | len(digits)]) + digits
    return bytes([tag]) + head + content


def flat(found):
    return b"".join(tlv(tag, flat(inside) if isinstance(inside, list) else inside) for tag, inside in found)


def _places(found):
    for at, (_, inside) in enumerate(found):
        yield found, at
        if isinstance(inside, list):
            yield from _places(inside)


def der(data, random):
    """One element of the tree changed, all lengths round it right (but the one that is meant to be wrong)."""
    found = tree(data)
    if not found:
        return raw(data, random)
    places = list(_places(found))
    where, at = random.choice(places)
    tag, inside = where[at]
    content = flat(inside) if isinstance(inside, list) else inside
    act = random.randrange(9)
    if act == 0:
        where[at] = (random.choice(TAGS), content)
    elif act == 1:
        del where[at]
    elif act == 2:
        where[at:at] = [where[at]] * random.choice((1, 2, 40))
    elif act == 3:
        other, there = random.choice(places)
        if there < len(other):
            where[at] = (other[there][0], flat(other[there : there + 1]))
    elif act == 4:
        where[at] = (tag, random.choice((b"", b"\0", b"\xff", b"\x80" * 20, b"\x7f" * 300, *WORDS)))
    elif act == 5:
        where[at] = (tag, raw(content, random)[:5000])
    elif act == 6:
        for _ in range(random.choice((3, 60, 2000))):
            content = tlv(0x30, content)
        where[at] = (tag, content)
    elif act == 7:
        mark = b"\x5a" * 4 + random.randbytes(4)
        where[at] = (tag, mark)
        whole, made = flat(found), tlv(tag, mark)
        return whole.replace(made, bytes([tag]) + random.choice(LENGTHS) + content, 1)
    else:
        where[at] = (tag, _other_value(tag, content, random))
    return flat(found)


def _other_value(tag, content, random):
    if tag == 2:
        return random.choice((b"\0", b"\xff", b"\x80" + bytes(30), b"\x7f" + b"\xff" * 600, b"\0" * 3, b""))
    if tag in (23, 24):
        return random.choice((b"000000000000Z", b"99991231235959Z", b"20261301000000Z", b"500101000000Z", b"0", b"00000101000000Z"))  # fmt: skip
    if tag == 6:
        return random.choice((b"\x80", b"\x55\x1d" + b"\xff" * 40, b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05", b"\x55\x1d\x0f", b"*", b""))  # fmt: skip
    return random.choice((b"\0", b"\xff\xfe", b"\xd8\0", b"a\0b", "偽".encode(), b"\xe2\x80\xae", content * 2))


_PEM = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----\s*(.*?)-----END \1-----", re.S)


def armoured(data, random):
    """DER, or one of the blocks of a PEM file; now and then its armour."""
    blocks = list(_PEM.finditer(data))
    if not blocks:
        return der(data, random)
    if random.random() < 0.15:
        return text(data, random)
    hit = random.choice(blocks)
    try:
        changed = der(base64.b64decode(hit[2]), random)
    except ValueError:
        return raw(data, random)
    body = base64.encodebytes(changed)
    return data[: hit.start(2)] + body + data[hit.end(2) :]
