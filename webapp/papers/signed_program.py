"""Authenticode: where a Windows program or a script keeps its signature (Microsoft, "Windows Authenticode Portable
Executable Signature Format", and the PE format's attribute certificate table)."""

import base64
import binascii
import re
import struct

from webapp.errors import Unreadable
from webapp.papers import signed_data
from webapp.papers.identified import Identification, once

_SECURITY_DIRECTORY = 4
_DIRECTORIES_AT = {0x10B: 96, 0x20B: 112}  # PE32, PE32+: bytes from the optional header's start
_PKCS_SIGNED_DATA = 2
_MOST_ENTRIES = 16
_SCRIPT = re.compile(r"SIG (?:#|//|'') Begin signature block(.*?)SIG (?:#|//|'') End signature block", re.DOTALL)
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_MARKS = (b"Begin signature block", "Begin signature block".encode("utf-16-le"))


def is_program(data):
    return data[:2] == b"MZ"


def is_script(data):
    return any(mark in data for mark in _MARKS)


def identify_program(data):
    """The Identification of a PE file (.exe, .dll, .sys). Raises Unreadable if it is damaged or bears no signature."""
    found, notes = (), ()
    for der in _signatures(data):
        more, further = signed_data.signed(der, "プログラム")
        found, notes = once((*found, *more)), (*notes, *further)
    return Identification("署名されたWindowsのプログラム(Authenticode)", found, notes, is_signed=True)


def identify_script(data):
    """The Identification of a PowerShell script (or another of Windows) with a signature block. Raises Unreadable."""
    block = _SCRIPT.search(_text(data))
    if block is None:
        raise Unreadable(
            "スクリプトの署名ブロックが途中で切れています(End signature block がありません)。",
            "ファイルを入手し直して、もう一度選択してください。",
        )
    found, notes = signed_data.signed(_decoded(block[1]), "スクリプト")
    return Identification("署名されたスクリプト(PowerShellなど)", found, notes, is_signed=True)


def _signatures(data):
    """The SignedData of each entry of the attribute certificate table."""
    offset, size = _table(data)
    if not size:
        raise Unreadable(
            "このプログラムには署名が埋め込まれていません。",
            "署名済みのファイルを選択してください。Windowsのシステムファイルのように、別のカタログファイル(.cat)で"
            "署名されている場合は、そのカタログファイルを選択してください。",
        )
    if offset + size > len(data):
        raise Unreadable(
            "プログラムの署名の場所が、ファイルの終わりより後ろを指しています。ファイルが途中で切れています。",
            "ファイルを入手し直して、もう一度選択してください。",
        )
    found, at, end = [], offset, offset + size
    while at + 8 <= end and len(found) < _MOST_ENTRIES:
        length, _, kind = struct.unpack_from("<IHH", data, at)
        if not 8 < length <= end - at:
            break
        if kind == _PKCS_SIGNED_DATA:
            found.append(data[at + 8 : at + length])
        at += (length + 7) // 8 * 8
    if not found:
        raise _broken()
    return found


def _table(data):
    """(file offset, size) of the attribute certificate table; (0, 0) if there is none."""
    try:
        (header,) = struct.unpack_from("<I", data, 0x3C)
        if data[header : header + 4] != b"PE\0\0":
            raise Unreadable(
                "Windowsの32ビット・64ビットのプログラム(PE形式)ではありません。",
                "署名済みの.exe、.dll、.sysファイルを選択してください。",
            )
        optional = header + 24
        (magic,) = struct.unpack_from("<H", data, optional)
        directories = optional + _DIRECTORIES_AT[magic]
        (count,) = struct.unpack_from("<I", data, directories - 4)
        if count <= _SECURITY_DIRECTORY:
            return 0, 0
        return struct.unpack_from("<II", data, directories + 8 * _SECURITY_DIRECTORY)
    except (struct.error, KeyError):
        raise _broken() from None


def _text(data):
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"
    if encoding == "utf-8" and _MARKS[1] in data:
        encoding = "utf-16-le"
    return data.decode(encoding, "replace")


def _decoded(block):
    """The bytes of a signature block: the last Base64 word of each line, whatever marks it as a comment."""
    words = [_last(line.removesuffix("-->").split()) for line in block.replace("\r", "").split("\n")]
    try:
        return base64.b64decode("".join(words), validate=True)
    except binascii.Error:
        raise _broken() from None


def _last(words):
    return words[-1] if words and len(words) > 1 and _BASE64.fullmatch(words[-1]) and words[-1] != "//" else ""


def _broken():
    return Unreadable(
        "プログラムの署名を読み取れません。ファイルが壊れています。",
        "ファイルを入手し直して、もう一度選択してください。",
    )
