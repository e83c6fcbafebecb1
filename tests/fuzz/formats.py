"""Bytes spoilt in the places their format gives meaning to, so that the rest still reads: ZIP and the XML in it, PDF,
mails, JSON, pictures, compound files. Each takes the bytes and a random.Random and returns other bytes."""

import io
import json
import re
import struct
import zipfile
import zlib

from tests.fuzz.asn1 import armoured
from tests.fuzz.mutations import WORDS, line, raw, text, word

# What zipfile makes of an archive that was spoilt before.
SPOILT = (zipfile.BadZipFile, zlib.error, struct.error, OSError, EOFError, ValueError, RuntimeError)


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
