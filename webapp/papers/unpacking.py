"""ZIP files from outside: their members and the bytes of these, under limits. Call it in a guarded child."""

import io
import lzma
import struct
import zipfile
import zlib

from webapp.errors import Unreadable

MAX_MEMBERS = 50_000  # of which at most MAX_READ are opened
MAX_READ = 200
MAX_TOTAL_BYTES = 40 * 1024 * 1024  # unpacked, all levels together
DAMAGE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, ValueError, LookupError, OSError)
_ENCRYPTED, _UTF8_NAME = 0x1, 0x800


class TooLarge(Unreadable):
    """More members than MAX_MEMBERS, or more bytes than may be unpacked."""


def is_zip(data):
    return data[:4] in (b"PK\x03\x04", b"PK\x05\x06")


def opened(data):
    """(ZipFile, its members without folders) of a ZIP (bytes). Raises Unreadable for a damaged one, TooLarge."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        members = [member for member in archive.infolist() if not member.is_dir()]
    except (NotImplementedError, *DAMAGE):
        raise Unreadable(
            "ZIP形式のファイルとして開けません。途中で壊れています。",
            "ファイルを入手し直して、もう一度選択してください。",
        ) from None
    if len(members) > MAX_MEMBERS:
        raise _too_large()
    return archive, members


def content(archive, member, budget):
    """The member's bytes, at most what the `budget` (a list of one number, the bytes that may still be unpacked) allows; what
    the directory claims is not believed. Raises Unreadable for a damaged one, TooLarge."""
    if member.file_size > budget[0]:
        raise _too_large()
    try:
        with archive.open(member) as file:
            data = file.read(budget[0] + 1)
    except (NotImplementedError, RuntimeError, *DAMAGE):
        raise Unreadable(
            f"ZIPの中の「{member_name(member)}」が壊れているか、対応していない圧縮方式です。",
            "手元で展開し、中のファイルを選択してください。",
        ) from None
    budget[0] -= len(data)
    if budget[0] < 0:
        raise _too_large()
    return data


def is_encrypted(member):
    return bool(member.flag_bits & _ENCRYPTED)


def member_name(member):
    """The member's name. Without the flag for UTF-8 it is UTF-8 all the same (Linux) or CP932 (Windows)."""
    if member.flag_bits & _UTF8_NAME:
        return member.filename
    raw = member.filename.encode("cp437", "replace")
    for encoding in ("utf-8", "cp932"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return member.filename


def _too_large():
    return TooLarge(
        "ZIPの中のファイルが多すぎるか、展開すると大きすぎます。開かずに中止しました。",
        "手元で展開し、必要なファイルだけを選択してください。",
    )
