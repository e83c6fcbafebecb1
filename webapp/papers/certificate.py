"""A certificate (X.509, RFC 5280) as a value, and how certificates hang together."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from webapp.errors import Unreadable
from webapp.papers import armour, extensions, key
from webapp.papers.extensions import Extensions
from webapp.papers.key import PublicKey
from webapp.papers.subject import Subject

MAX_CERTIFICATES = 20


class NotIssuedBy(Unreadable):
    """A certificate was not signed by the certificate that should have issued it."""


@dataclass(frozen=True)
class Certificate:
    """What is in a certificate.

    `sha256` (of the DER), `spki_sha256`, `subject_sha256` and `issuer_sha256` (SHA-256 of the names' DER) are lower-case hex.
    `serial` is the positive integer; `serial_hex` writes it in lower case with whole octets: an even number of
    digits, no leading 00 octet, no colons (as `openssl x509 -serial`, lower-cased). Instants are aware UTC.
    """

    der: bytes = field(repr=False)
    pem: str = field(repr=False)
    sha256: str
    subject: Subject
    issuer: Subject
    subject_sha256: str
    issuer_sha256: str
    serial: int
    serial_hex: str
    not_before: datetime
    not_after: datetime
    key: PublicKey
    spki_sha256: str
    signature_hash: str
    extensions: Extensions


def read(data):
    """The one certificate in `data` (bytes or str, PEM or DER). PrivateKeyPasted or Unreadable otherwise."""
    found = read_all(data)
    if len(found) > 1:
        raise Unreadable(f"証明書が{len(found)}枚あります。", "証明書を1枚だけ指定してください。")
    return found[0]


def read_all(data):
    """All certificates in a PEM bundle, a DER file or a P7B (PEM or DER), in order, at least one.
    PrivateKeyPasted when a private key is among them, Unreadable otherwise."""
    ders = [der for block in armour.blocks(data) for der in _ders(block)]
    if len(ders) > MAX_CERTIFICATES:
        raise Unreadable(f"証明書が{len(ders)}枚あります。多すぎます。", "選択したファイルが正しいか確認してください。")
    return [_described(der) for der in ders]


def serial_hex(serial):
    """The serial in lower-case hex with whole octets: 10 -> "0a", 2748 -> "0abc"."""
    digits = f"{serial:x}"
    return digits.zfill(len(digits) + len(digits) % 2)


def check_issued(certificate, issuer):
    """Verify that `issuer` (a Certificate) signed `certificate`: names and signature (RFC 5280 §6.1.3 a.1, a.4)."""
    try:
        _loaded(certificate.der).verify_directly_issued_by(_loaded(issuer.der))
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        raise NotIssuedBy(
            f"「{certificate.subject}」の証明書は「{issuer.subject}」が発行したものではありません。",
            "認証局から届いたままのファイルか確認してください。",
        ) from None


def issued(issuer, certificate):
    """Whether `issuer` directly issued `certificate`; for sorting a bundle, not for trust."""
    try:
        check_issued(certificate, issuer)
    except NotIssuedBy:
        return False
    return True


def own_name_sha256(certificate):
    """SHA-256 (hex) of the DER of the subject's name: what `issuer_sha256` of those says whom this CA issued."""
    return hashlib.sha256(_loaded(certificate.der).subject.public_bytes()).hexdigest()


def path(leaf, others):
    """`leaf` and, of the certificates in `others`, its issuers: next issuer first, as far as they lead."""
    found = [leaf]
    while above := next((each for each in others if each not in found and issued(each, found[-1])), None):
        found.append(above)
    return tuple(found)


def _ders(block):
    if block.kind == armour.CERTIFICATE:
        return [block.der]
    if block.kind == armour.PKCS7:
        return _from_pkcs7(block.der)
    if block.kind == armour.CSR:
        raise Unreadable(
            "これはCSRです。証明書ではありません。", "認証局が発行した証明書のファイルを指定してください。"
        )
    raise _broken()


def _from_pkcs7(der):
    try:
        found = pkcs7.load_der_pkcs7_certificates(der)
    except (*key.MALFORMED, UnsupportedAlgorithm):
        raise _broken() from None
    return [certificate.public_bytes(Encoding.DER) for certificate in found]


def _broken():
    return Unreadable(
        "証明書を読み取れません。壊れているか、証明書の規格に合っていません。",
        "認証局から届いたままのファイルを指定してください。確認のコマンド: openssl x509 -in cert.cer -noout -text",
    )


def _loaded(der):
    try:
        return x509.load_der_x509_certificate(der)
    except key.MALFORMED:
        raise _broken() from None


def _described(der):
    loaded = _loaded(der)
    public_key = key.of(loaded)
    try:
        names = loaded.subject, loaded.issuer
        serial = _positive(loaded.serial_number)
        found = extensions.read(loaded)
    except key.MALFORMED:
        raise _broken() from None
    return Certificate(
        der=der,
        pem=armour.pem("CERTIFICATE", der),
        sha256=hashlib.sha256(der).hexdigest(),
        subject=Subject.from_name(names[0]),
        issuer=Subject.from_name(names[1]),
        subject_sha256=hashlib.sha256(names[0].public_bytes()).hexdigest(),
        issuer_sha256=hashlib.sha256(names[1].public_bytes()).hexdigest(),
        serial=serial,
        serial_hex=serial_hex(serial),
        not_before=loaded.not_valid_before_utc,
        not_after=loaded.not_valid_after_utc,
        key=key.describe(public_key),
        spki_sha256=key.spki_sha256(public_key),
        signature_hash=key.hash_name(loaded),
        extensions=found,
    )


def _positive(serial):
    if serial < 1:
        raise _broken()
    return serial
