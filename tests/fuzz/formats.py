"""Bytes spoilt in the places their format gives meaning to, so that the rest still reads: DER and PEM, ZIP and the XML in it,
PDF, mails, JSON, pictures, compound files. Each takes the bytes and a random.Random and returns other bytes."""

import base64
import io
import json
import re
import struct
import zipfile
import zlib

from tests.fuzz.mutations import WORDS, line, raw, text, word

TAGS = (2, 3, 4, 5, 6, 10, 12, 19, 22, 23, 24, 30, 0x30, 0x31, 0x80, 0xA0, 0xA3, 0x1F, 0, 1, 9)
LENGTHS = (b"\x80", b"\0", b"\x7f", b"\xff", b"\x84\xff\xff\xff\xff", b"\x82\0\x05", b"\x88" + b"\x7f" * 8, b"\x81\x01")

DEEPEST = 60
# What zipfile makes of an archive that was spoilt before.
SPOILT = (zipfile.BadZipFile, zlib.error, struct.error, OSError, EOFError, ValueError, RuntimeError)


# DER (X.690)


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


# XML, ZIP and Excel

_XML = re.compile(rb'(?<==")[^"]*(?=")|(?<=>)[^<>]+(?=<)')
_ELEMENT = re.compile(rb"<(\w[\w:]*)[^<>]*?(?:/>|>[^<>]*</\1>)")
_REFS = (b"XFD1048576", b"A0", b"A1:XFD1048576", b"ZZZZZ99999999999", b"$A$1", b"1A", b"s", b"b", b"e", b"str", b"d", b"inlineStr")  # fmt: skip


def xml(data, random):
    """A value, an element or the beginning of an XML document."""
    act, pattern = random.randrange(6), _XML
    if act == 0:
        entity = b'<!DOCTYPE a [<!ENTITY a "x"><!ENTITY b SYSTEM "file:///etc/passwd">]>'
        return re.sub(rb"(\?>)", rb"\1" + entity, data, count=1) if b"?>" in data else entity + data
    if act in (1, 2):
        pattern = _ELEMENT
    found = list(pattern.finditer(data))
    if not found:
        return raw(data, random)
    hit = random.choice(found)
    if act == 1:
        given = random.choice((b"", hit[0] * 2, hit[0] * 200))
    elif act == 2:
        given = random.choice(found)[0]
    else:
        given = random.choice((*WORDS, *_REFS, b"&a;", b"&b;", random.choice(found)[0]))
        given = given.replace(b"<", b"&lt;").replace(b'"', b"&quot;") if random.random() < 0.9 else given
    return data[: hit.start()] + given + data[hit.end() :]


def members(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return [(each.filename, archive.read(each)) for each in archive.infolist()]


def stored(files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files:
            archive.writestr(zipfile.ZipInfo(name), content)
    return out.getvalue()


_NAMES = (
    "../a",
    "/a",
    "C:\\a",
    "a\0b",
    "xl/workbook.xml",
    "xl/vbaProject.bin",
    "あ.cer",
    "a" * 300,
    "META-INF/A.RSA",
    "a.zip",
)


def files_changed(files, random, change):
    """One of [(name, bytes)] changed by `change`, renamed, doubled or left out."""
    files = list(files)
    at, act = random.randrange(len(files)), random.randrange(10)
    name, content = files[at]
    if act == 0:
        files[at] = (random.choice(_NAMES), content)
    elif act == 1:
        del files[at]
    elif act == 2:
        files.append((name, raw(content, random)))
    elif act == 3:
        files.append((random.choice(_NAMES), random.choice((b"", b"\0" * 1000, content))))
    else:
        files[at] = (name, change(content, random))
    return files or [("a", b"")]


def book(data, random):
    """An xlsx: its parts as XML, all checksums right; or the ZIP round them."""
    return _zip(data, random, xml)


def archive(data, random):
    """A ZIP of certificates and signatures."""
    return _zip(data, random, armoured)


def _zip(data, random, change):
    if random.random() < 0.25:
        return zip_header(data, random)
    try:
        found = members(data)
    except SPOILT:
        return raw(data, random)
    return stored(files_changed(found, random, change)) if found else raw(data, random)


def zip_header(data, random):
    """A field of a local header, a directory entry or the end record."""
    places = [each.start() for each in re.finditer(rb"PK(?:\x01\x02|\x03\x04|\x05\x06)", data)]
    if not places:
        return raw(data, random)
    at = random.choice(places) + random.choice((4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 32, 36, 42))
    value = random.choice((0, 1, 8, 9, 12, 14, 93, 99, 0x7FFF, 0xFFFF, 0x800, 0x41))
    return data[:at] + struct.pack("<H", value) + data[at + 2 :]


# PDF

_PDF_TOKEN = re.compile(rb"/[A-Za-z0-9]+|\b\d+ \d+ R\b|\b\d+\b|<<|>>|\[|\]|\((?:[^()\\]|\\.)*\)")
_OBJECT = re.compile(rb"\b\d+ \d+ obj\b.*?\bendobj\b", re.S)
_PDF_WORDS = (b"1 0 R", b"0 0 R", b"99999999 0 R", b"2 65535 R", b"null", b"[[[[", b"<<", b"/Names", b"/Kids", b"/JavaScript", b"/Length", b"true", b"/FlateDecode", b"[/FlateDecode/FlateDecode]", b"/Parent", b"/Prev", b"/Encrypt", b"/Type/ObjStm", b"(" + b"(" * 300, b"[" * 2000)  # fmt: skip


def pdf(data, random, keep=0):
    """A token, an object or a cross-reference of a PDF, behind its first `keep` bytes."""
    head, tail = data[:keep], data[keep:]
    act = random.randrange(8)
    found = list((_OBJECT if act in (0, 1) else _PDF_TOKEN).finditer(tail))
    if not found:
        return head + raw(tail, random)
    hit = random.choice(found)
    if act == 0:
        given = random.choice((b"", hit[0] + b"\n" + hit[0], random.choice(found)[0]))
    elif act == 1:
        body = re.sub(rb"^\d+ \d+ obj", b"", hit[0])
        given = random.choice(found)[0].split(b"obj")[0] + b"obj" + body
    elif act == 2:
        number = re.search(rb"startxref\s+(\d+)", tail)
        if not number:
            return head + raw(tail, random)
        given = random.choice((b"0", b"9", b"999999999", b"-1", str(random.randrange(len(data))).encode()))
        return head + tail[: number.start(1)] + given + tail[number.end(1) :]
    else:
        given = random.choice((*_PDF_WORDS, *WORDS, random.choice(found)[0], random.choice(found)[0]))
    return head + tail[: hit.start()] + given + tail[hit.end() :]


# Mails

_MIME = (b"Content-Type: multipart/mixed; boundary=a", b"Content-Type: text/plain; charset=utf-7", b"Content-Type: text/html; charset=nonsense", b"Content-Transfer-Encoding: uuencode", b"Content-Transfer-Encoding: base64", b"Content-Transfer-Encoding: quoted-printable", b"Content-Type: message/rfc822", b"Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\"", b"Subject: =?iso-2022-jp?B?GyRC?=", b"Subject: =?x?q?=00=FF?=", b"From: @@<,>;:", b"Date: Mon, 99 Foo 99999 99:99:99 +9999", b"Content-Disposition: attachment; filename*=utf-8''%00%ff", b"Content-Disposition: attachment; filename*0*=x''a; filename*2=b", b"Content-Type: a/b; charset*=x'y'%z", b"To: " + b"a," * 3000, b"Message-ID: <" + b"[" * 500, b"MIME-Version: (((((", b"X" * 5000)  # fmt: skip


def mail(data, random):
    """A line of a header or a part of an RFC 5322 message."""
    lines = data.splitlines(keepends=True) or [b""]
    act, at = random.randrange(6), random.randrange(len(lines))
    if act == 0:
        lines[at] = random.choice(_MIME) + b"\r\n"
    elif act == 1:
        lines.insert(random.randrange(min(len(lines), 12)), random.choice(_MIME) + b"\r\n")
    elif act == 2:
        head = [
            place for place, each in enumerate(lines) if b":" in each or b"boundary" in each or each.startswith(b"--")
        ]
        lines[at := random.choice(head or [at])] = text(lines[at], random)
    elif act == 3:
        inner = b"Content-Type: message/rfc822\r\n\r\n" * random.choice((1, 5, 200))
        return inner + data
    else:
        return random.choice((line, word))(data, random)
    return b"".join(lines)


# JSON

VALUES = (None, True, 0, -1, 2**31, 2**64, 10**400, 1.5, float("nan"), "", "\0", "\ud800", "あ" * 3000, "=1", [], {}, [[]], {"a": 1}, [1] * 200, "2026-13-01", {"base64": "="}, {"record": ["X", {}]}, {"int": "zz"}, {"tuple": 5})  # fmt: skip


def as_json(data, random):
    """A value somewhere in the tree becomes another, or a key is added, renamed or goes away."""
    if random.random() < 0.2:
        return text(data, random)
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return raw(data, random)
    nodes = list(_nodes({"": value} if not isinstance(value, (dict, list)) else value))
    if not nodes:
        return raw(data, random)
    holder, key = random.choice(nodes)
    act = random.randrange(5)
    if act == 0 and isinstance(holder, dict):
        holder[str(random.choice(WORDS))] = holder.pop(key)
    elif act == 1:
        del holder[key]
    elif act == 2:
        other, there = random.choice(nodes)
        try:
            holder[key] = json.loads(json.dumps(other[there]))
        except (KeyError, IndexError):
            del holder[key]
    else:
        holder[key] = random.choice(VALUES)
    return json.dumps(value, ensure_ascii=random.random() < 0.5, sort_keys=True, separators=(",", ":")).encode(
        "utf-8", "surrogatepass"
    )


def _nodes(value):
    for key, inside in list(value.items()) if isinstance(value, dict) else list(enumerate(value)):
        yield value, key
        if isinstance(inside, (dict, list)):
            yield from _nodes(inside)


# Pictures and compound files


def picture(data, random):
    """A chunk of a PNG (its checksum right), a segment of a JPEG, a number of a TIFF."""
    if data.startswith(b"\x89PNG"):
        return _png(data, random)
    at = random.randrange(2, max(3, min(len(data), 700)))
    if data.startswith(b"\xff\xd8"):
        marks = [each.start() for each in re.finditer(rb"\xff[\xc0-\xfe]", data)]
        at = random.choice(marks or [2]) + random.randrange(1, 12)
    value = random.choice((0, 1, 2, 8, 0x100, 0xFFFF, 0x7FFF, 0xC2, 0xDA, random.randrange(65536)))
    return data[:at] + value.to_bytes(2, random.choice(("big", "little"))) + data[at + 2 :]


def _png(data, random):
    chunks, at = [], 8
    while at + 12 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        chunks.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + size]))
        at += size + 12
    if not chunks:
        return raw(data, random)
    at, act = random.randrange(len(chunks)), random.randrange(5)
    kind, content = chunks[at]
    if act == 0:
        chunks[at] = (random.choice((b"IDAT", b"tEXt", b"zTXt", b"iCCP", b"eXIf", b"acTL", b"IHDR", b"IEND")), content)
    elif act == 1:
        chunks[at:at] = [chunks[at]] * random.choice((1, 2, 300))
    elif act == 2:
        del chunks[at]
    elif act == 3 and kind == b"IHDR":
        sizes = (0, 1, 5000, 20000, 2**31 - 1, 2**32 - 1)
        chunks[at] = (kind, struct.pack(">II", random.choice(sizes), random.choice(sizes)) + content[8:])
    else:
        chunks[at] = (kind, raw(content, random))
    body = b"".join(struct.pack(">I", len(c)) + k + c + struct.pack(">I", zlib.crc32(k + c)) for k, c in chunks)
    return data[:8] + body


def compound(data, random):
    """A number of the header, the tables or the directory of a compound file (MS-CFB)."""
    at = random.choice((random.randrange(0, 512, 2), random.randrange(0, max(2, len(data)), 4)))
    value = random.choice((0, 1, 2, 5, 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD, 0x7FFFFFFF, random.randrange(64)))
    return data[:at] + struct.pack("<I", value) + data[at + 4 :]
