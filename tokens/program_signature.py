"""Where a signed program keeps its signature (a CMS SignedData, DER).

Windows programs (Microsoft, "Windows Authenticode Portable Executable Signature Format"), scripts with a signature block,
and JARs (JAR File Specification, "Signed JAR File"). Nothing is verified here.
"""

import base64
import binascii
import io
import re
import struct
import zipfile
import zlib

SECURITY_DIRECTORY = 4
DIRECTORIES_AT = {0x10B: 96, 0x20B: 112}  # PE32, PE32+: bytes from the optional header's start
PKCS_SIGNED_DATA = 2
LARGEST_BLOCK = 2_000_000  # bytes of a signature file within a JAR
_SCRIPT = re.compile(rb"SIG # Begin signature block(.*?)SIG # End signature block", re.DOTALL)
_JAR = re.compile(r"META-INF/[^/]+\.(RSA|DSA|EC)", re.IGNORECASE)


def signed_data(data):
    """The first SignedData (DER) that `data`, a signed program, carries; None where there is none or it cannot be read."""
    try:
        if data[:2] == b"MZ":
            return _of_program(data)
        if data[:2] == b"PK":
            return _of_jar(data)
        block = _SCRIPT.search(data)
        return base64.b64decode(re.sub(rb"[#\s]", b"", block[1]), validate=True) if block else None
    except (
        struct.error,
        KeyError,
        binascii.Error,
        zipfile.BadZipFile,
        zlib.error,
        NotImplementedError,
        RuntimeError,
        OSError,
    ):
        return None


def _of_program(data):
    (header,) = struct.unpack_from("<I", data, 0x3C)
    optional = header + 24
    (magic,) = struct.unpack_from("<H", data, optional)
    offset, size = struct.unpack_from("<II", data, optional + DIRECTORIES_AT[magic] + 8 * SECURITY_DIRECTORY)
    length, _, kind = struct.unpack_from("<IHH", data, offset) if size else (0, 0, 0)
    if kind != PKCS_SIGNED_DATA or not 8 < length <= len(data) - offset:
        return None
    return data[offset + 8 : offset + length]


def _of_jar(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for member in archive.infolist():
            if _JAR.fullmatch(member.filename) and member.file_size <= LARGEST_BLOCK:
                with archive.open(member) as block:
                    return block.read(LARGEST_BLOCK)
    return None
