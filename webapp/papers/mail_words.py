"""What a mail says, as plain text: headers (RFC 2047, RFC 2231), Japanese charsets as they are really used, HTML reduced to
its words. Nothing is rendered and nothing is fetched."""

import binascii
import quopri
import re
import unicodedata
from base64 import b64decode
from datetime import UTC
from email.utils import collapse_rfc2231_value, getaddresses, parsedate_to_datetime
from html.parser import HTMLParser

from webapp.papers.mime import as_bytes

LONGEST_TEXT = 200_000  # characters that are kept
LONGEST_LINE = 1000  # characters of a header
LONGEST_HTML = 2_000_000
_BIDI = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C])
_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]*)\?=")
_WORDS = re.compile(r"(?:=\?[^?\s]{1,60}\?[bBqQ]\?[^?]*\?=)+")
_IDS = re.compile(r"<[^<>\s]{1,300}>")
_BREAKS = {"br", "p", "div", "tr", "li", "h1", "h2", "h3", "h4", "h5", "h6", "table", "blockquote", "pre", "hr"}
_SILENT = {"script", "style", "title", "template"}
# What header parsing of the standard library was seen to raise on damaged headers.
# email takes headers apart by recursion: a thousand colons or brackets are too many.
_DAMAGE = (ValueError, LookupError, TypeError, AttributeError, UnicodeError, RecursionError)


def decoded(raw, charset=""):
    """(text, whether the charset that was named fits): `raw` in it, else in the first of the usual ones that fits."""
    usual = ("iso-2022-jp", "utf-8") if b"\x1b$" in raw else ("utf-8", "cp932", "euc_jp")
    for name in (_known(charset), *usual):
        if name and (text := _strictly(raw, name)) is not None:
            return text, not charset or name == _known(charset)
    return raw.decode("utf-8", "replace"), False


def _known(charset):
    charset = charset.strip().strip("\"'").lower()
    return {"shift_jis": "cp932", "shift-jis": "cp932", "x-sjis": "cp932", "sjis": "cp932", "ascii": "us-ascii"}.get(
        charset, charset
    )


def _strictly(raw, name):
    try:
        if name.startswith(("iso-2022-jp", "cp5022")):
            return _from_jis(raw)
        return raw.decode(name)
    except (LookupError, ValueError, TypeError):
        return None


def _from_jis(raw):
    """ISO-2022-JP with what Japanese mailers add (①, ㈱, half-width kana): each run is turned into CP932."""
    pieces = re.split(rb"\x1b(\$[@B]|\$\([@BD]|\([BJIH])", raw)
    text = pieces[0].decode("ascii")
    for escape, run in zip(pieces[1::2], pieces[2::2], strict=True):
        if escape == b"$(D":
            text += (b"\x1b$(D" + run + b"\x1b(B").decode("iso2022_jp_1")
        elif escape.startswith(b"$"):
            lines = run.split(b"\r\n")
            text += "\r\n".join(_shifted(line).decode("cp932") for line in lines)
        elif escape == b"(I":
            text += bytes(byte | 0x80 for byte in run).decode("cp932")
        else:
            text += run.decode("ascii")
    return text


def _shifted(run):
    """JIS X 0208 pairs (7 bit) as Shift_JIS pairs."""
    out = bytearray()
    for high, low in zip(run[::2], run[1::2], strict=True):
        low += (0x1F + (low >= 0x60)) if high % 2 else 0x7E
        high = (high - 0x21) // 2 + 0x81
        out += bytes((high + 0x40 if high > 0x9F else high, low))
    return bytes(out)


def line(text):
    """Text as one harmless line: no control characters, no marks that turn the direction of reading."""
    text = "".join(" " if unicodedata.category(each) in ("Cc", "Zl", "Zp", "Cs") else each for each in text)
    return " ".join(text.translate(_BIDI).split())[:LONGEST_LINE]


def lines(text):
    """Text of several lines, harmless in the same way."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").translate(_BIDI)[:LONGEST_TEXT]
    text = "".join(each for each in text if each in "\n\t" or unicodedata.category(each) not in ("Cc", "Cs"))
    return re.sub(r"\n{4,}", "\n\n\n", text).strip()


def header(headers, name):
    """A header decoded, in one line; "" where there is none. Of several the first counts."""
    raw = next((value for key, value in headers.raw_items() if key.lower() == name.lower()), "")
    return line(unfolded(raw))


def unfolded(raw):
    """A header's value as text: encoded words, else raw UTF-8, JIS or Shift_JIS as some senders write them."""
    data = as_bytes(str(raw)[: LONGEST_LINE * 60])
    text = re.sub(r"\r?\n[ \t]*", " ", decoded(data)[0])
    text = re.sub(r"\?=\s+=\?", "?==?", text)  # blanks between encoded words belong to nobody (RFC 2047 6.2)
    return _WORDS.sub(lambda run: _run(_WORD.findall(run[0])), text)


def _run(words):
    """Encoded words that follow each other: a character may be cut in two between words of one charset."""
    pieces = []
    for charset, kind, encoded in words:
        raw = _unencoded(kind, encoded)
        if pieces and pieces[-1][0] == charset.lower():
            pieces[-1][1].append(raw)
        else:
            pieces.append((charset.lower(), [raw]))
    return "".join(decoded(b"".join(raws), charset.partition("*")[0])[0] for charset, raws in pieces)


def _unencoded(kind, encoded):
    data = encoded.encode("utf-8")
    if kind in "qQ":
        return quopri.decodestring(data, header=True)
    try:
        return b64decode(data + b"=" * (-len(data) % 4))
    except binascii.Error:
        return data


def addresses(headers, name):
    """[(display name, address in lower case)] of an address header; encoded words are decoded after it is taken apart."""
    raw = [re.sub(r"\r?\n[ \t]*", " ", str(value)) for key, value in headers.raw_items() if key.lower() == name.lower()]
    safe = [as_bytes(value).decode("utf-8", "replace")[:20_000] for value in raw]
    try:
        pairs = getaddresses(safe)
    except _DAMAGE:
        return []
    return [(line(unfolded(shown)), line(address).lower()) for shown, address in pairs if "@" in address]


def ids(text):
    """The Message-IDs in a header, in order, each once."""
    return tuple(dict.fromkeys(_IDS.findall(text)))[-100:]


def instant(text):
    """The aware datetime of a Date header, or None."""
    try:
        found = parsedate_to_datetime(text)
        found = found if found.tzinfo else found.replace(tzinfo=UTC)
        return found.astimezone(UTC)
    except (*_DAMAGE, OverflowError):
        return None


def file_name(headers):
    """The name of an attached file without folders, "" where it has none (RFC 2231, and encoded words all the same)."""
    try:
        raw = headers.get_param("filename", None, "content-disposition") or headers.get_param("name", None) or ""
        name = collapse_rfc2231_value(raw, "replace")
    except _DAMAGE:
        name = ""
    name = re.split(r"[\\/]", line(unfolded(name)))[-1].strip()
    stem, dot, ending = name.rpartition(".")
    return name if len(name) <= 150 else (stem[: 149 - len(ending)] + dot + ending if dot else name)[:150]


def words_of(html):
    """The words of an HTML text, one line for each of its lines."""
    reader = _Words()
    reader.feed(html[:LONGEST_HTML])
    reader.close()
    return re.sub(r"\n\s*\n+", "\n\n", "".join(reader.words))


class _Words(HTMLParser):
    """Collects what would be read; links keep their words, not their addresses."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.words, self.silent = [], 0

    def handle_starttag(self, tag, attrs):
        self.silent += tag in _SILENT
        if tag in _BREAKS:
            self.words.append("\n")

    def handle_endtag(self, tag):
        self.silent -= tag in _SILENT and self.silent > 0
        if tag in _BREAKS:
            self.words.append("\n")

    def handle_data(self, data):
        if not self.silent:
            self.words.append(re.sub(r"\s+", " ", data))
