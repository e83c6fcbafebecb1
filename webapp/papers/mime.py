"""The parts of a mail, byte for byte (RFC 2045, RFC 2046): heads and bodies as they came, so that a signature over a part
can be checked. Nothing is repaired silently; what has no end is cut by the limits below."""

import binascii
import quopri
import re
from base64 import b64decode
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32

from webapp.errors import Unreadable

LARGEST = 25 * 1024 * 1024  # bytes of a mail
LONGEST_HEAD = 128 * 1024  # bytes of the headers of one part
MOST_HEADERS = 500
MOST_PARTS = 300
DEEPEST = 10
_ADVICE = "送り主に、ファイルを添付した通常の形のメールで送り直してもらってください。"
_NO_BYTE = re.compile("[\ud800-\udc7f\udd00-\udfff]")
_NO_BASE64 = re.compile(rb"[^A-Za-z0-9+/=\s]")


class TooMany(Unreadable):
    """More parts, or deeper ones, than a mail of people has."""


@dataclass
class Part:
    """`raw` is the whole part with CRLF line ends, `headers` its parsed head, `body` what follows it, still encoded."""

    raw: bytes
    headers: Message
    body: bytes

    @property
    def type(self):
        return self.headers.get_content_type().replace("\0", "")


def whole(data):
    """The outermost Part of a mail. Raises Unreadable for one that is too large."""
    if len(data) > LARGEST:
        raise Unreadable("メールが大きすぎます(25MBまで)。", "添付のファイルだけを保存し、選択してください。")
    return part(re.sub(rb"\r?\n", b"\r\n", data.removeprefix(b"\xef\xbb\xbf")))


def part(raw):
    """A Part from its bytes (CRLF). Raises Unreadable for a head that is too long."""
    head, gap, body = (b"", b"\r\n", raw[2:]) if raw.startswith(b"\r\n") else raw.partition(b"\r\n\r\n")
    if len(head) > LONGEST_HEAD or head.count(b"\r\n") > MOST_HEADERS * 4:
        raise Unreadable("メールのヘッダーが長すぎます。開かずに中止しました。", _ADVICE)
    headers = BytesParser(policy=compat32).parsebytes(head + b"\r\n\r\n", headersonly=True)
    if len(headers) > MOST_HEADERS:
        raise Unreadable("メールのヘッダーが多すぎます。開かずに中止しました。", _ADVICE)
    return Part(raw, headers, body)


def as_bytes(text):
    """A value of a head as bytes: those that were kept as surrogates come back, surrogates that stand for none (a parameter in
    UTF-7 may hold some) are replaced."""
    return _NO_BYTE.sub("\ufffd", text).encode("utf-8", "surrogateescape")


def boundary(parent):
    """The boundary of a multipart as bytes, b"" where there is none."""
    try:
        found = parent.headers.get_boundary("")
    except (ValueError, LookupError, UnicodeError, TypeError):
        found = ""
    return as_bytes(found)[:200]


def children(parent):
    """(list of Part, whether the last boundary was there) of a multipart; an empty list where none can be found."""
    mark = boundary(parent)
    if not mark:
        return [], False
    found, body, start = [], b"\r\n" + parent.body, None
    for match in re.finditer(rb"\r\n--" + re.escape(mark) + rb"(--)?[ \t]*(?=\r\n|\Z)", body):
        if start is not None:
            found.append(body[start : match.start()].removeprefix(b"\r\n"))
        if len(found) > MOST_PARTS:
            raise too_many()
        start = match.end()
        if match[1]:
            return [part(raw) for raw in found], True
    if start is not None:
        found.append(body[start:].removeprefix(b"\r\n"))
    return [part(raw) for raw in found], False


def too_many():
    return TooMany("メールの部分が多すぎるか、入れ子が深すぎます。開かずに中止しました。", _ADVICE)


def content(leaf):
    """(decoded bytes, whether the encoding was whole) of a part that is no multipart."""
    encoding = str(leaf.headers.get("Content-Transfer-Encoding", "")).strip().lower()
    if encoding == "quoted-printable":
        return quopri.decodestring(leaf.body), True
    if encoding != "base64":
        return leaf.body, encoding in ("", "7bit", "8bit", "binary")
    return _base64(leaf.body)


def _base64(body):
    plain = b"".join(_NO_BASE64.sub(b"", body).split())
    is_whole = not _NO_BASE64.search(body)
    try:
        return b64decode(plain, validate=True), is_whole
    except binascii.Error:
        kept = plain.rstrip(b"=").replace(b"=", b"")
        return b64decode(kept[: len(kept) // 4 * 4]), False
