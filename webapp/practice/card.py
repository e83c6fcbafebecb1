"""A practice card for the head, with a key and an S/MIME certificate of the practice authority: a SoftHSM token of its own,
or a smartcard for the practice reader."""

from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from tokens import softhsm
from tokens.worker import TokenWorker
from webapp.practice.cards import card as cards
from webapp.practice.cards.piv import SIGNATURE

KEY = b"seal"
DER = serialization.Encoding.DER


@dataclass(frozen=True)
class Card:
    """`env` leads a PKCS#11 module to the token; `certificate` and `issuer` are DER."""

    module: str
    env: dict
    label: str
    certificate: bytes
    issuer: bytes


def issue_head_card(authority, directory, mail, label, pin, algorithm="RSA-3072") -> Card:
    """Makes the token `label` in `directory`, its key, and installs an S/MIME certificate for `mail`. Raises TokenError."""
    env = softhsm.make_token(directory, label, pin)
    with TokenWorker(softhsm.MODULE, env) as worker:
        key = {"cka_id": KEY, "label": mail, "algorithm": algorithm, "subject": [["CN", mail]]}
        made = worker.call("make_key", token=label, pin=pin, **key)
        csr = x509.load_der_x509_csr(made["csr_der"])
        certificate = authority.issue_mail(mail, csr.public_key()).public_bytes(DER)
        issuer = authority.certificate("smime").public_bytes(DER)
        worker.call("install", token=label, pin=pin, certificate_der=certificate, chain_ders=[issuer])
    return Card(softhsm.MODULE, env, label, certificate, issuer)


def issue_head_smartcard(authority, path, mail, pin, puk, algorithm="RSA-3072") -> bytes:
    """Makes the smartcard in the file `path` (cards/card.py): a PIV card whose signature key demands the PIN each time.
    Returns its S/MIME certificate (DER)."""
    made = cards.make(path, "piv", pin=pin, puk=puk)
    certificate = authority.issue_mail(mail, made.make_key(SIGNATURE, algorithm).public_key()).public_bytes(DER)
    made.put_certificate(SIGNATURE, certificate)
    return certificate
