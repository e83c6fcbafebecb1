"""BER-TLV as cards speak it (ISO/IEC 7816-4 §5.2.2): tags of one or two bytes, lengths up to 65535."""

from webapp.practice.cards.apdu import WRONG_DATA, Refusal


def tlv(tag, *values):
    """One object: `tag` as a number (0x7C, 0x7F49), the values joined."""
    value = b"".join(values)
    size = len(value)
    if size < 0x80:
        length = bytes([size])
    elif size < 0x100:
        length = bytes([0x81, size])
    else:
        length = b"\x82" + size.to_bytes(2, "big")
    return tag.to_bytes((tag.bit_length() + 7) // 8, "big") + length + value


def objects(data):
    """The objects of `data` as [(tag, value)], not looked into. Refusal WRONG_DATA if it is cut off."""
    found = []
    while data:
        try:
            tag_size = 2 if data[0] & 0x1F == 0x1F else 1
            tag, data = int.from_bytes(data[:tag_size], "big"), data[tag_size:]
            further = max(0, data[0] - 0x80)  # bytes of a long length
            size = int.from_bytes(data[1 : 1 + further], "big") if further else data[0]
        except IndexError:
            raise Refusal(WRONG_DATA) from None
        value, data = data[1 + further : 1 + further + size], data[1 + further + size :]
        if further > 2 or len(value) != size:
            raise Refusal(WRONG_DATA)
        found.append((tag, value))
    return found


def inside(tag, data):
    """The objects within the one object `tag` that `data` is, as a dict. Refusal WRONG_DATA if it is another."""
    found = objects(data)
    if [each for each, _ in found] != [tag]:
        raise Refusal(WRONG_DATA)
    return dict(objects(found[0][1]))
