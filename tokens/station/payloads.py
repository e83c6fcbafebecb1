"""What a job carries and what comes back, by type: values with strict reading. An unknown, missing or misshapen field is refused.

In JSON bytes are base64; SHA-256 values, challenges and nonces are lower-case hex, here too.
"""

import base64
import binascii
import re
from dataclasses import dataclass, fields
from typing import ClassVar

from tokens.station.refusals import Refusal

LARGEST = 20_000_000  # bytes of a document or a result
LONGEST_TEXT = 4_000
LONGEST_LIST = 100
HEX_32 = re.compile(r"[0-9a-f]{64}")
ALGORITHMS = ("RSA-3072", "RSA-4096", "P-256", "P-384")


# What a field may be: a function from the JSON value to ours, raising ValueError or TypeError.


def text(value):
    """Text of one or several lines, without control characters that could make it look like something else."""
    if not isinstance(value, str) or not value or len(value) > LONGEST_TEXT:
        raise ValueError("text")
    if any(not each.isprintable() and each not in "\n\u3000" for each in value):
        raise ValueError("control character")
    return value


def hex_32(value):
    """32 bytes as 64 lower-case hex digits."""
    if not isinstance(value, str) or not HEX_32.fullmatch(value):
        raise ValueError("hex")
    return value


def count(value):
    """A whole number from 0 to LARGEST."""
    if type(value) is not int or not 0 <= value <= LARGEST:
        raise ValueError("number")
    return value


def data(value):
    """base64 -> bytes."""
    if not isinstance(value, str) or len(value) > LARGEST * 4 // 3 + 4:
        raise ValueError("base64")
    return base64.b64decode(value, validate=True)


def listed(kind):
    """A list of `kind`, as a tuple."""

    def read(value):
        if not isinstance(value, list) or len(value) > LONGEST_LIST:
            raise ValueError("list")
        return tuple(kind(each) for each in value)

    return read


def pair(value):
    """[text, text], as a tuple."""
    first, second = value
    return text(first), text(second)


def algorithm(value):
    if value not in ALGORITHMS:
        raise ValueError("algorithm")
    return value


def attribute(value):
    if value not in (True, False, None):
        raise ValueError("attribute")
    return value


def attributes(value):
    """{name: true, false or null} of a key, as the token tells them."""
    if not isinstance(value, dict) or len(value) > LONGEST_LIST:
        raise ValueError("attributes")
    return {text(name): attribute(told) for name, told in value.items()}


def attachment(value):
    return read(Attachment, value)


def token(value):
    return read(Token, value)


class Values:
    """What all these share: `read` makes one from JSON, `written` gives the JSON again."""

    READ: ClassVar[dict] = {}
    IN_JSON: ClassVar[dict] = {}


def read(kind, values):
    """A value of the dataclass `kind` from a JSON object. Raises Refusal unknown_field, malformed."""
    if not isinstance(values, dict):
        raise Refusal("malformed", kind.__name__)
    names = {kind.IN_JSON.get(each.name, each.name): each.name for each in fields(kind)}
    if unknown := sorted(values.keys() - names.keys()):
        raise Refusal("unknown_field", f"{kind.__name__}: {unknown[0]!r:.60}")
    if missing := sorted(names.keys() - values.keys()):
        raise Refusal("malformed", f"{kind.__name__} without {missing[0]}")
    made = {}
    for said, name in names.items():
        try:
            made[name] = kind.READ[name](values[said])
        except (ValueError, TypeError, binascii.Error) as error:
            raise Refusal("malformed", f"{kind.__name__}.{said}") from error
    return kind(**made)


def written(value):
    """The JSON object of such a value."""
    return {value.IN_JSON.get(each.name, each.name): _plain(getattr(value, each.name)) for each in fields(value)}


def _plain(value):
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, (tuple, list)):
        return [_plain(each) for each in value]
    return written(value) if isinstance(value, Values) else value


@dataclass(frozen=True)
class Token(Values):
    """The token that did it, by its own names."""

    label: str
    serial: str
    model: str
    READ: ClassVar = dict.fromkeys(("label", "serial", "model"), lambda value: text(value or "-"))


@dataclass(frozen=True)
class Attachment(Values):
    """An attached file as it is when decoded."""

    name: str
    size: int
    sha256: str
    READ: ClassVar = {"name": text, "size": count, "sha256": hex_32}


# What is asked


@dataclass(frozen=True)
class SealPdf(Values):
    """`mark` is the number printed on the form, `field` the empty signature field, `name_lines` what the stamp shows."""

    number: str
    form_name: str
    sha256: str
    size: int
    mark: str
    field: str
    signer_mails: tuple[str, ...]
    name_lines: tuple[str, ...]
    READ: ClassVar = {
        "number": text,
        "form_name": text,
        "sha256": hex_32,
        "size": count,
        "mark": text,
        "field": text,
        "signer_mails": listed(text),
        "name_lines": listed(text),
    }


@dataclass(frozen=True)
class MakeKey(Values):
    """`subject` [(short name, value), …] in encoded order; `journal_id` names the key: the same one, the same key."""

    number: str
    subject: tuple[tuple[str, str], ...]
    algorithm: str
    label: str
    journal_id: str
    READ: ClassVar = {
        "number": text,
        "subject": listed(pair),
        "algorithm": algorithm,
        "label": text,
        "journal_id": text,
    }


@dataclass(frozen=True)
class Install(Values):
    """DER certificates; `challenge` is what the proof answers."""

    number: str
    certificate: bytes
    chain: tuple[bytes, ...]
    spki_sha256: str
    challenge: str
    READ: ClassVar = {
        "number": text,
        "certificate": data,
        "chain": listed(data),
        "spki_sha256": hex_32,
        "challenge": hex_32,
    }


@dataclass(frozen=True)
class SignMail(Values):
    """The mail of `size` bytes with this SHA-256; `sender` is "from" in JSON; `recipients` all of To, Cc and Bcc."""

    number: str
    sha256: str
    size: int
    sender: str
    recipients: tuple[str, ...]
    subject: str
    attachments: tuple[Attachment, ...]
    IN_JSON: ClassVar = {"sender": "from"}
    READ: ClassVar = {
        "number": text,
        "sha256": hex_32,
        "size": count,
        "sender": text,
        "recipients": listed(text),
        "subject": text,
        "attachments": listed(attachment),
    }


@dataclass(frozen=True)
class SignIn(Values):
    """`session_bind`: 32 bytes that only the asking browser session knows."""

    session_bind: str
    READ: ClassVar = {"session_bind": hex_32}


# What comes back


@dataclass(frozen=True)
class SealedPdf(Values):
    pdf: bytes
    token: Token
    READ: ClassVar = {"pdf": data, "token": token}


@dataclass(frozen=True)
class MadeKey(Values):
    """`attestation`: certificates (DER) by which the token vouches for the key, or none."""

    csr: bytes
    attributes: dict
    attestation: tuple[bytes, ...]
    token: Token
    READ: ClassVar = {"csr": data, "attributes": attributes, "attestation": listed(data), "token": token}


@dataclass(frozen=True)
class Installed(Values):
    """`proof` is the text of tokens.proof."""

    proof: str
    token: Token
    READ: ClassVar = {"proof": text, "token": token}


@dataclass(frozen=True)
class SignedMail(Values):
    mail: bytes
    token: Token
    READ: ClassVar = {"mail": data, "token": token}


@dataclass(frozen=True)
class SignedIn(Values):
    certificate: bytes
    signature: bytes
    mechanism: str
    token: Token
    READ: ClassVar = {"certificate": data, "signature": data, "mechanism": text, "token": token}


ASKED = {"seal_pdf": SealPdf, "make_key": MakeKey, "install": Install, "sign_mail": SignMail, "sign_in": SignIn}
RESULTS = {
    "seal_pdf": SealedPdf,
    "make_key": MadeKey,
    "install": Installed,
    "sign_mail": SignedMail,
    "sign_in": SignedIn,
}
