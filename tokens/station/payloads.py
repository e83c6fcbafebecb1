"""What a job carries and what comes back, by type: values with strict reading. An unknown, missing or misshapen field is refused.

In JSON bytes are base64; SHA-256 values, challenges and nonces are lower-case hex, here too.
"""

import base64
import binascii
from dataclasses import dataclass, fields
from typing import ClassVar

from tokens.station.refusals import Refusal
from tokens.station.shapes import (  # noqa: F401 - also what callers ask of this room
    ALGORITHMS,
    LARGEST,
    LONGEST_LIST,
    algorithm,
    attributes,
    count,
    data,
    flag,
    hex_32,
    listed,
    pair,
    text,
)

MOST_SEALED = 20  # documents of one list


def attachment(value):
    return read(Attachment, value)


def listed_pdfs(value):
    """Two to MOST_SEALED documents, none of them twice."""
    found = listed(lambda each: read(ListedPdf, each))(value)
    if not 2 <= len(found) <= MOST_SEALED:
        raise ValueError("number of documents")
    if any(len({getattr(each, name) for each in found}) < len(found) for name in ("number", "sha256")):
        raise ValueError("the same document twice")
    return found


def left_out(value):
    return read(Left, value)


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
class ListedPdf(SealPdf):
    """One of a list: whose application it is (`applicant`, `title`) and the `subject` DN that it is about ("CN=…, O=…")."""

    title: str
    applicant: str
    subject: str
    READ: ClassVar = SealPdf.READ | dict.fromkeys(("title", "applicant", "subject"), text)


@dataclass(frozen=True)
class SealList(Values):
    """Documents of one head; `one_pin`: the server's procedure allows one PIN entry for all of them."""

    documents: tuple[ListedPdf, ...]
    one_pin: bool
    READ: ClassVar = {"documents": listed_pdfs, "one_pin": flag}


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
class Left(Values):
    """A document of a list (by its place, from 0) that was not signed, and why."""

    place: int
    reason: str
    READ: ClassVar = {"place": count, "reason": text}


@dataclass(frozen=True)
class SealedList(Values):
    """The end of a list, each of whose sealed documents was sent before as a SealedPdf of its own."""

    left: tuple[Left, ...]
    token: Token
    READ: ClassVar = {"left": listed(left_out), "token": token}


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


ASKED = {
    "seal_pdf": SealPdf,
    "seal_list": SealList,
    "make_key": MakeKey,
    "install": Install,
    "sign_mail": SignMail,
    "sign_in": SignIn,
}
RESULTS = {
    "seal_pdf": SealedPdf,
    "seal_list": SealedList,
    "make_key": MadeKey,
    "install": Installed,
    "sign_mail": SignedMail,
    "sign_in": SignedIn,
}
