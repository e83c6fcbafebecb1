"""A mail as Outlook saves it (.msg: MS-OXMSG in a compound file), taken apart into what an .eml would hold."""

import io
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.header import Header
from email.message import Message
from email.parser import HeaderParser
from email.policy import compat32
from email.utils import format_datetime

import olefile

from webapp.errors import Unreadable

MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
LARGEST_STREAM = 25 * 1024 * 1024
_DEEPEST, _MOST = 5, 100
_CLASS, _SUBJECT, _HEADERS, _BODY, _HTML, _RTF = "001A", "0037", "007D", "1000", "1013", "1009"
_NAME, _ADDRESS, _SMTP, _TO, _CC = "0C1A", "0C1F", "5D01", "0E04", "0E03"
_MESSAGE_ID, _REFERENCES, _IN_REPLY_TO = "1035", "1039", "1042"
_DATA, _LONG_NAME, _SHORT_NAME, _TYPE = "3701", "3707", "3704", "370E"
_TIMES = (0x00390040, 0x0E060040)  # when it was submitted, when it was delivered
# What olefile was seen to raise on damaged files.
_DAMAGE = (OSError, ValueError, TypeError, LookupError, AttributeError, struct.error, RecursionError, OverflowError)


@dataclass
class Saved:
    """`headers` as of a mail; `files` (name, type, bytes); `mails` are the Saved inside; `signed` the whole signed part
    of a signed mail, else b""."""

    headers: Message
    text: str
    html: str
    files: list
    mails: list
    signed: bytes
    notes: list


def is_one(data):
    return data.startswith(MAGIC)


def read(data):
    """The Saved in a .msg file. Raises Unreadable for another compound file (an old Word document) or a damaged one."""
    try:
        with olefile.OleFileIO(io.BytesIO(data)) as ole:
            if not ole.exists("__properties_version1.0"):
                raise Unreadable(
                    "Outlookのメール(.msg)ではありません。", "メールを .msg または .eml で保存し、選択してください。"
                )
            return _Folder(ole, ()).saved(1)
    except _DAMAGE:
        raise Unreadable(
            "Outlookのメール(.msg)として読み取れません。途中で壊れています。",
            "Outlookで保存し直すか、.eml で保存し、選択してください。",
        ) from None


class _Folder:
    """A storage of the compound file and the properties in it."""

    def __init__(self, ole, path):
        self.ole, self.path = ole, path

    def saved(self, depth):
        files, mails, notes, signed = [], [], [], b""
        is_signed = self.text(_CLASS).upper().startswith("IPM.NOTE.SMIME.MULTIPARTSIGNED")
        for folder in self._attachments():
            inner = _Folder(self.ole, (*folder.path, "__substg1.0_3701000D"))
            if inner.exists("__properties_version1.0") and depth < _DEEPEST:
                mails.append(inner.saved(depth + 1))
            elif is_signed and not signed:
                signed = folder.binary(_DATA)
            else:
                files.append(
                    (folder.file_name(), folder.text(_TYPE) or "application/octet-stream", folder.binary(_DATA))
                )
        text, html = self.text(_BODY), self._html()
        if not (text or html or signed) and self.binary(_RTF):
            notes.append("本文がOutlookの独自形式(RTF)だけで保存されているため、表示できません。")
        return Saved(self._headers(), text, html, files, mails, signed, notes)

    def _attachments(self):
        depth = len(self.path)
        names = {
            each[depth]
            for each in self.ole.listdir(streams=True, storages=False)
            if tuple(each[:depth]) == self.path and len(each) > depth + 1
        }
        found = sorted(name for name in names if name.lower().startswith("__attach_version1.0_"))
        if len(found) > _MOST:
            raise Unreadable(
                "Outlookのメールの添付ファイルが多すぎます。", "必要な添付ファイルだけを選択してください。"
            )
        return [_Folder(self.ole, (*self.path, name)) for name in found]

    def exists(self, name):
        return self.ole.exists([*self.path, name])

    def _stream(self, name):
        path = [*self.path, name]
        if not self.ole.exists(path) or self.ole.get_size(path) > LARGEST_STREAM:
            return b""
        return self.ole.openstream(path).read(LARGEST_STREAM)

    def binary(self, tag):
        return self._stream(f"__substg1.0_{tag}0102")

    def text(self, tag):
        """A text property: Unicode, else in the usual Japanese code page."""
        wide = self._stream(f"__substg1.0_{tag}001F")
        found = wide.decode("utf-16-le", "replace") if wide else _narrow(self._stream(f"__substg1.0_{tag}001E"))
        return found.replace("\0", "")

    def _html(self):
        return self.text(_HTML) or _narrow(self.binary(_HTML))

    def file_name(self):
        name = (self.text(_LONG_NAME) or self.text(_SHORT_NAME)).replace("\\", "/").rpartition("/")[2]
        return "".join(each for each in name if each.isprintable())[:150]

    def _headers(self):
        """The mail's own head where Outlook kept it (it does for mails from outside), completed from its properties."""
        headers = HeaderParser(policy=compat32).parsestr(_head(self.text(_HEADERS)))
        address = self.text(_SMTP) or self.text(_ADDRESS)
        known = {
            "From": f"{_encoded(self.text(_NAME))} <{_plain(address)}>" if "@" in address else "",
            "To": _addressed(self.text(_TO)),
            "Cc": _addressed(self.text(_CC)),
            "Subject": _encoded(self.text(_SUBJECT)),
            "Date": self._sent(),
            "Message-ID": _plain(self.text(_MESSAGE_ID)),
            "In-Reply-To": _plain(self.text(_IN_REPLY_TO)),
            "References": _plain(self.text(_REFERENCES)),
        }
        for name, value in known.items():
            if value and name not in headers:
                headers[name] = value
        return headers

    def _sent(self):
        properties = self._stream("__properties_version1.0")
        start = 24 if self.path else 32  # of an embedded message, of the outermost one (MS-OXMSG 2.4.1)
        times = {}
        for offset in range(start, len(properties) - 15, 16):
            tag, _, ticks = struct.unpack_from("<IIQ", properties, offset)
            times[tag] = ticks
        ticks = next((times[tag] for tag in _TIMES if times.get(tag)), None)
        if ticks is None:
            return ""
        return format_datetime(datetime(1601, 1, 1, tzinfo=UTC) + timedelta(microseconds=ticks // 10))


def _head(text):
    """The header block alone: Outlook puts words of its own before it, and sometimes heads of the parts after it."""
    lines = text.replace("\r\n", "\n").lstrip("\n").split("\n")
    if lines and lines[0].lower().startswith("microsoft mail internet headers"):
        del lines[0]
    return "\n".join(lines).split("\n\n")[0][: 128 * 1024] + "\n\n"


def _narrow(raw):
    for name in ("utf-8", "cp932"):
        try:
            return raw.decode(name)
        except UnicodeDecodeError:
            continue
    return raw.decode("cp932", "replace")


def _plain(text):
    return " ".join(text.split())[:5000]


def _encoded(text):
    """As an encoded word, so that no comma, quote or line end in it can become part of the header."""
    text = _plain(text)
    return Header(text, "utf-8", maxlinelen=10_000).encode() if text else ""


def _addressed(text):
    """The addresses among the displayed recipients, which are often only names."""
    return ", ".join(each.strip(" '\"<>") for each in _plain(text).split(";") if "@" in each)
