"""Makes .msg files as Outlook saves them (MS-CFB version 3, MS-OXMSG): small, and enough for the reader's tests."""

import struct
from datetime import UTC, datetime

SECTOR, MINI, CUTOFF = 512, 64, 4096
FREE, END, FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
SUBJECT, NAME, SMTP, BODY, HTML, TO = "0037", "0C1A", "5D01", "1000", "1013", "0E04"
HEADERS, CLASS, MESSAGE_ID, IN_REPLY_TO = "007D", "001A", "1035", "1042"


def message(texts, files=(), inside=(), sent=datetime(2026, 11, 23, 7, 0, tzinfo=UTC), is_inner=False, narrow=""):
    """The tree of a message: `texts` {tag: str}, `files` [(name, bytes)], `inside` trees of messages in it. With `narrow`
    (a codec) its texts are not in Unicode, as of an old Outlook."""
    kind, codec = ("001E", narrow) if narrow else ("001F", "utf-16-le")
    tree = {f"__substg1.0_{tag}{kind}": text.encode(codec) for tag, text in texts.items()}
    ticks = int((sent - datetime(1601, 1, 1, tzinfo=UTC)).total_seconds()) * 10_000_000
    tree["__properties_version1.0"] = bytes(24 if is_inner else 32) + struct.pack("<IIQ", 0x00390040, 6, ticks)
    attached = [
        {"__substg1.0_3707001F": name.encode("utf-16-le"), "__substg1.0_37010102": data} for name, data in files
    ]
    attached += [{"__substg1.0_3701000D": each} for each in inside]
    for number, each in enumerate(attached):
        tree[f"__attach_version1.0_#{number:08X}"] = each | {"__properties_version1.0": bytes(8)}
    return tree


def saved(tree):
    """The compound file (bytes) of a tree of dicts (storages) and bytes (streams)."""
    entries = [("Root Entry", 5, FREE, None)]
    children, streams = {}, {}
    _list(tree, 0, entries, children, streams)
    mini, mini_fat, sectors, fat, starts = bytearray(), [], [], [], {}
    for index, data in streams.items():
        if len(data) >= CUTOFF:
            starts[index] = _chain(sectors, fat, data)
        elif data:
            starts[index] = len(mini) // MINI
            count = -(-len(data) // MINI)
            mini_fat += [len(mini_fat) + step + 1 for step in range(count - 1)] + [END]
            mini += data.ljust(count * MINI, b"\0")
    root_start = _chain(sectors, fat, bytes(mini)) if mini else END
    table = b"".join(
        _entry(each, index, children, starts, streams, root_start, len(mini)) for index, each in enumerate(entries)
    )
    directory = _chain(sectors, fat, table + bytes(-len(table) % SECTOR))
    mini_fat_start = _chain(sectors, fat, struct.pack(f"<{len(mini_fat)}I", *mini_fat), b"\xff") if mini_fat else END
    fat_sectors = -(-(len(fat) + 8) // (SECTOR // 4))
    places = [len(sectors) + step for step in range(fat_sectors)]
    fat += [FAT] * fat_sectors
    fat_bytes = struct.pack(f"<{len(fat)}I", *fat).ljust(fat_sectors * SECTOR, b"\xff")
    head = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16) + struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    head += struct.pack("<IIIIIIIIII", 0, fat_sectors, directory, 0, CUTOFF, mini_fat_start, bool(mini_fat), END, 0, 0)[
        :36
    ]
    head += struct.pack("<109I", *places, *[FREE] * (109 - len(places)))
    return head + b"".join(sectors) + fat_bytes


def _list(tree, index, entries, children, streams):
    """Number the entries of a storage; its children form a list to the right, in the order that MS-CFB prescribes."""
    numbers = []
    for name in sorted(tree, key=lambda each: (len(each), each.upper())):
        number = len(entries)
        numbers.append(number)
        is_storage = isinstance(tree[name], dict)
        entries.append((name, 1 if is_storage else 2, index, None))
        if is_storage:
            _list(tree[name], number, entries, children, streams)
        else:
            streams[number] = tree[name]
    children[index] = numbers


def _entry(entry, index, children, starts, streams, root_start, root_size):
    name, kind, parent, _ = entry
    siblings = children.get(parent, [])
    place = siblings.index(index) if index in siblings else -1
    right = siblings[place + 1] if 0 <= place < len(siblings) - 1 else FREE
    child = children[index][0] if children.get(index) else FREE
    start = root_start if kind == 5 else starts.get(index, END if kind == 2 else 0)
    size = root_size if kind == 5 else len(streams.get(index, b""))
    raw = (name + "\0").encode("utf-16-le")
    return raw.ljust(64, b"\0") + struct.pack(
        "<HBBIII16xI8x8xIQ", len(raw), kind, 1, FREE, right, child, 0, start, size
    )


def _chain(sectors, fat, data, filler=b"\0"):
    """Write `data` into new sectors; the number of the first."""
    first, count = len(sectors), max(1, -(-len(data) // SECTOR))
    padded = data.ljust(count * SECTOR, filler)
    sectors += [padded[step * SECTOR : (step + 1) * SECTOR] for step in range(count)]
    fat += [first + step + 1 for step in range(count - 1)] + [END]
    return first
