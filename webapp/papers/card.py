"""The certificate on a card by which somebody signs in: may it be used so, is it valid, does it chain to an anchor.

It is a certificate for client authentication (EKU clientAuth; one for S/MIME besides is no matter) and may sign. Nothing is
fetched: whether it was revoked is judged apart, by the lists at hand (revocation_state.py).
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from pyhanko_certvalidator import CertificateValidator
from pyhanko_certvalidator.errors import PathBuildingError, ValidationError

from webapp.errors import Unreadable
from webapp.papers import certificate, signer
from webapp.papers.seal_report import SealRefused

LARGEST = 65_536  # bytes; a certificate may be read in place


@dataclass(frozen=True)
class Card:
    """What counts of the certificate: its mail addresses (lower-case), itself (DER), its serial (hex) and issuer (text)."""

    mails: tuple[str, ...]
    certificate_der: bytes
    serial_hex: str
    issuer_text: str


def check(der: bytes, anchors: list[bytes], others: list[bytes], at: datetime) -> Card:
    """The Card behind a certificate that is trusted at an instant. `anchors` and `others` are DER, trusted for this. Raises
    Unreadable, SealRefused (untrusted, expired, not_yet_valid, client_certificate, weak)."""
    if len(der) > LARGEST:
        raise Unreadable("カードの証明書が大きすぎます。", "カードの証明書を確認してください。")
    read = certificate.read(der)
    loaded = x509.load_der_x509_certificate(read.der)
    _check_purpose(loaded)
    signer.check_key(loaded)
    signer.check_dates(loaded, at)
    _check_path(read, loaded, anchors, others, at)
    return Card(signer.mails(loaded), read.der, read.serial_hex, str(read.issuer))


def _check_purpose(loaded):
    try:
        purposes = list(loaded.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
        usage = loaded.extensions.get_extension_for_class(x509.KeyUsage).value
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        purposes, usage = [], None
    if ExtendedKeyUsageOID.CLIENT_AUTH not in purposes or not usage.digital_signature:
        raise SealRefused(
            "client_certificate",
            "カードの証明書は、本人の確認に使えるもの(クライアント認証用)ではありません。",
            "クライアント認証に使える証明書の入ったカードを使ってください。",
        )


def _check_path(read, loaded, anchors, others, at):
    context = signer.validation_context(anchors, others, at)
    validator = CertificateValidator(asn1_x509.Certificate.load(read.der), validation_context=context)
    try:
        asyncio.run(validator.async_validate_usage({"digital_signature"}))
    except (PathBuildingError, ValidationError):
        raise signer.untrusted(loaded) from None
    except (ValueError, TypeError, LookupError, AttributeError):
        raise Unreadable("カードの証明書を読み取れません。", "カードの証明書を確認してください。") from None
