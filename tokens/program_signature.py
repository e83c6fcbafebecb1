"""Where a signed program keeps its signature (a CMS SignedData, DER).

Windows programs (Microsoft, "Windows Authenticode Portable Executable Signature Format"), scripts with a signature block,
and JARs (JAR File Specification, "Signed JAR File"). Nothing is verified here.
"""

import base64
import io
import re
import struct
import zipfile
import zlib
from datetime import UTC

from asn1crypto import cms, parser, tsp

SECURITY_DIRECTORY = 4
DIRECTORIES_AT = {0x10B: 96, 0x20B: 112}  # PE32, PE32+: bytes from the optional header's start
PKCS_SIGNED_DATA = 2
STAMPS = ("1.3.6.1.4.1.311.3.3.1", "1.2.840.113549.1.9.16.2.14")  # Authenticode's, and that of JARs
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
        ValueError,
        zipfile.BadZipFile,
        zlib.error,
        NotImplementedError,
        RuntimeError,
        OSError,
    ):
        return None


def pem(signed_data):
    """A SignedData (DER) as PEM."""
    return b"-----BEGIN PKCS7-----\n" + base64.encodebytes(signed_data) + b"-----END PKCS7-----\n"


def said_at(signed_data):
    """The signing time (aware, UTC) that the signer's computer wrote into a SignedData (DER), or None."""
    try:
        attributes = cms.ContentInfo.load(signed_data)["content"]["signer_infos"][0]["signed_attrs"]
        said = [each["values"][0] for each in attributes if each["type"].native == "signing_time"]
        return said[0].native.astimezone(UTC) if said else None
    except (ValueError, TypeError, LookupError, AttributeError):
        return None


def stamped_at(signed_data):
    """The time (aware, UTC) that an RFC 3161 time stamp on a SignedData (DER) tells, or None. Nothing is verified."""
    try:
        for attribute in cms.ContentInfo.load(signed_data)["content"]["signer_infos"][0]["unsigned_attrs"] or ():
            if attribute["type"].dotted in STAMPS:
                token = cms.ContentInfo.load(attribute["values"][0].dump())["content"]["encap_content_info"]["content"]
                return tsp.TSTInfo.load(bytes(token))["gen_time"].native.astimezone(UTC)
    except (ValueError, TypeError, LookupError, AttributeError):
        return None
    return None


def _of_program(data):
    (header,) = struct.unpack_from("<I", data, 0x3C)
    optional = header + 24
    (magic,) = struct.unpack_from("<H", data, optional)
    offset, size = struct.unpack_from("<II", data, optional + DIRECTORIES_AT[magic] + 8 * SECURITY_DIRECTORY)
    length, _, kind = struct.unpack_from("<IHH", data, offset) if size else (0, 0, 0)
    if kind != PKCS_SIGNED_DATA or not 8 < length <= len(data) - offset:
        return None
    entry = data[offset + 8 : offset + length]
    return entry[: parser.peek(entry)]  # without what pads it to eight bytes


def _of_jar(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for member in archive.infolist():
            if _JAR.fullmatch(member.filename) and member.file_size <= LARGEST_BLOCK:
                with archive.open(member) as block:
                    return block.read(LARGEST_BLOCK)
    return None
