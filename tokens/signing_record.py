"""署名の記録: what was signed with a certificate, as a small file that the register takes in.

Canonical JSON (UTF-8, sorted keys, no spaces) of {kind, name, release, sha256, sha256_before, signed_at, tool, certificate,
signature}: the SHA-256 in lower-case hex of the file after and before it was signed (before: null where nobody knows),
`signed_at` by the clock of the computer that signed (ISO 8601, UTC), `certificate` and `signature` (the CMS SignedData
with its time stamp, null where the file's form does not give it away) DER in Base64. It is signed by nobody: what
counts is the signature within it, and who brings it.
"""

import base64
import binascii
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime

KIND = "shirushi.signing-record/1"
LARGEST = 1_000_000  # bytes
LONGEST = 200  # characters of a text
_HASH = re.compile(r"[0-9a-f]{64}")
_NAMES = {"kind", "name", "release", "sha256", "sha256_before", "signed_at", "tool", "certificate", "signature"}


@dataclass(frozen=True)
class SigningRecord:
    """`signed_at` is aware; `certificate` and `signature` DER, the latter None where it is not known."""

    name: str
    release: str
    sha256: str
    sha256_before: str | None
    signed_at: datetime
    tool: str
    certificate: bytes
    signature: bytes | None


def to_bytes(record):
    """The file of a SigningRecord."""
    told = {
        "kind": KIND,
        "name": record.name,
        "release": record.release,
        "sha256": record.sha256,
        "sha256_before": record.sha256_before,
        "signed_at": record.signed_at.astimezone(UTC).isoformat(timespec="seconds"),
        "tool": record.tool,
        "certificate": base64.b64encode(record.certificate).decode(),
        "signature": base64.b64encode(record.signature).decode() if record.signature else None,
    }
    return json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def from_bytes(data):
    """The SigningRecord in a file. Raises ValueError for whatever is none."""
    if len(data) > LARGEST:
        raise ValueError("too large")
    try:
        told = json.loads(data)
    except RecursionError as error:
        raise ValueError("too deep") from error
    if not isinstance(told, dict) or told.keys() != _NAMES or told["kind"] != KIND:
        raise ValueError("no signing record")
    return SigningRecord(
        name=_text(told["name"], is_needed=True),
        release=_text(told["release"]),
        sha256=_hash(told["sha256"]),
        sha256_before=None if told["sha256_before"] is None else _hash(told["sha256_before"]),
        signed_at=_instant(told["signed_at"]),
        tool=_text(told["tool"]),
        certificate=_bytes(told["certificate"]),
        signature=None if told["signature"] is None else _bytes(told["signature"]),
    )


def _text(value, is_needed=False):
    if (
        not isinstance(value, str)
        or len(value) > LONGEST
        or not value.isprintable()
        or (is_needed and not value.strip())
    ):
        raise ValueError("text")
    return value


def _hash(value):
    if not isinstance(value, str) or not _HASH.fullmatch(value):
        raise ValueError("hash")
    return value


def _instant(value):
    found = datetime.fromisoformat(_text(value))
    if found.tzinfo is None or not 2000 <= found.year <= 9000:
        raise ValueError("instant")
    return found.astimezone(UTC)


def _bytes(value):
    try:
        return base64.b64decode(_letters(value), validate=True)
    except binascii.Error as error:
        raise ValueError("Base64") from error


def _letters(value):
    if not isinstance(value, str) or not value.isascii() or not value:
        raise ValueError("Base64")
    return value
