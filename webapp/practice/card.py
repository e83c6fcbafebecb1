"""A practice card for the head: a SoftHSM token of its own, or a smartcard for the practice reader. It holds two keys with a
certificate of the practice authority each, one (S/MIME) to seal and to sign mails, one (client authentication) to sign in."""

from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from tokens import softhsm
from tokens.worker import TokenWorker
from webapp.practice.cards import card as cards
from webapp.practice.cards.piv import AUTHENTICATION, SIGNATURE

KEY, SIGN_IN_KEY = b"seal", b"sign-in"
SIGN_IN_ALGORITHM = "P-256"
DER = serialization.Encoding.DER


@dataclass(frozen=True)
class Card:
    """`env` leads a PKCS#11 module to the token; `certificate` (S/MIME), `authentication` (to sign in) and `issuer`
    are DER."""

    module: str
    env: dict
    label: str
    certificate: bytes
    authentication: bytes
    issuer: bytes


def issue_head_card(authority, directory, mail, label, pin, algorithm="RSA-3072") -> Card:
    """Makes the token `label` in `directory`, its keys, and installs the certificates for `mail`; `algorithm` is that of the
    S/MIME key. Raises TokenError."""
    env = softhsm.make_token(directory, label, pin)
    with TokenWorker(softhsm.MODULE, env) as worker:
        issuer = authority.certificate("smime").public_bytes(DER)

        def installed(cka_id, kind, issue):
            key = {"cka_id": cka_id, "label": mail, "algorithm": kind, "subject": [["CN", mail]]}
            made = worker.call("make_key", token=label, pin=pin, **key)
            public_key = x509.load_der_x509_csr(made["csr_der"]).public_key()
            certificate = issue(mail, public_key).public_bytes(DER)
            worker.call("install", token=label, pin=pin, certificate_der=certificate, chain_ders=[issuer])
            return certificate

        certificate = installed(KEY, algorithm, authority.issue_mail)
        authentication = installed(SIGN_IN_KEY, SIGN_IN_ALGORITHM, authority.issue_authentication)
    return Card(softhsm.MODULE, env, label, certificate, authentication, issuer)


def issue_head_smartcard(authority, path, mail, pin, puk, algorithm="RSA-3072") -> bytes:
    """Makes the smartcard in the file `path` (cards/card.py): a PIV card whose signature key demands the PIN each time, and
    whose authentication key does not. Returns its S/MIME certificate (DER)."""
    made = cards.make(path, "piv", pin=pin, puk=puk)

    def installed(slot, kind, issue):
        certificate = issue(mail, made.make_key(slot, kind).public_key()).public_bytes(DER)
        made.put_certificate(slot, certificate)
        return certificate

    installed(AUTHENTICATION, SIGN_IN_ALGORITHM, authority.issue_authentication)
    return installed(SIGNATURE, algorithm, authority.issue_mail)
