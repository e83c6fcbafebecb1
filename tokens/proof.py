"""Proof of possession: a signature which shows that the private key of a certificate is at hand.

Signed are the bytes b"SHIRUSHI-PROOF-v1\\0" + challenge (32 bytes) + SHA-256 of the certificate's DER, with SHA-256:
RSASSA-PKCS1-v1_5 or DER ECDSA. The fixed beginning can be no CMS, CSR or certificate, so a proof is nothing else.
"""

import base64
import binascii
import hashlib
import json
import re
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes

from tokens import public_keys
from tokens.errors import ProofRefused
from tokens.token_key import verify as verify_signature

PREFIX = b"SHIRUSHI-PROOF-v1\0"
BEGIN, END = "-----BEGIN SHIRUSHI PROOF-----", "-----END SHIRUSHI PROOF-----"
ARMOUR = re.compile(f"{BEGIN}([A-Za-z0-9+/=\\s]+){END}")
LONGEST_TEXT = 16_000


@dataclass(frozen=True)
class Proof:
    """A proof as it is handed on. Bytes are raw; `mechanism` is the PKCS#11 name; the token is named for people."""

    challenge: bytes
    certificate_sha256: bytes
    signature: bytes
    mechanism: str
    token_label: str
    token_serial: str


def to_be_signed(challenge, certificate_der):
    """The bytes to sign. Raises ProofRefused unless the challenge is 32 bytes."""
    if len(challenge) != 32:
        raise ProofRefused(detail="challenge length")
    return PREFIX + challenge + hashlib.sha256(certificate_der).digest()


def verify(challenge, certificate_der, signature):
    """The signature must be one by the certificate's key over this challenge. Raises ProofRefused, and
    TokenError bad_request if the certificate itself cannot be read."""
    public_key = public_keys.of_certificate(certificate_der)
    try:
        verify_signature(public_key, signature, to_be_signed(challenge, certificate_der), hashes.SHA256())
    except InvalidSignature as error:
        raise ProofRefused(detail="signature") from error


def check(proof, challenge, certificate_der):
    """A Proof must answer this challenge for this certificate, and verify. Raises ProofRefused; `.detail` says why."""
    if proof.challenge != challenge:
        raise ProofRefused(detail="another challenge")
    if proof.certificate_sha256 != hashlib.sha256(certificate_der).digest():
        raise ProofRefused(detail="another certificate")
    verify(challenge, certificate_der, proof.signature)


def to_text(proof):
    """A Proof -> the text of its file: PEM-like armour round base64 of JSON."""
    inside = json.dumps({**vars(proof), **{name: getattr(proof, name).hex() for name in BYTES}}, sort_keys=True)
    armoured = base64.b64encode(inside.encode("utf-8")).decode("ascii")
    lines = [armoured[start : start + 64] for start in range(0, len(armoured), 64)]
    return "\n".join([BEGIN, *lines, END, ""])


def from_text(text):
    """The text of a proof file -> Proof, nothing verified yet. Raises ProofRefused if it is none."""
    found = ARMOUR.search(text[:LONGEST_TEXT])
    if not found:
        raise ProofRefused(detail="no armour")
    try:
        values = json.loads(base64.b64decode("".join(found[1].split()), validate=True))
        return Proof(**{name: _field(name, values[name]) for name in Proof.__dataclass_fields__})
    except (binascii.Error, UnicodeDecodeError, ValueError, TypeError, KeyError) as error:
        raise ProofRefused(detail="damaged") from error


BYTES = ("challenge", "certificate_sha256", "signature")


def _field(name, value):
    if not isinstance(value, str):
        raise TypeError(name)
    return bytes.fromhex(value) if name in BYTES else value
