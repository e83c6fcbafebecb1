"""Certificates as files and as candidates for signing."""

from datetime import UTC, datetime, timedelta, timezone

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

LARGEST = 1_000_000
JAPAN = timezone(timedelta(hours=9))


def read(path):
    """[certificate, …] of a PEM or DER file. Raises ValueError if it holds none, OSError."""
    with open(path, "rb") as file:
        data = file.read(LARGEST)
    if b"-----BEGIN" in data:
        return x509.load_pem_x509_certificates(data)
    return [x509.load_der_x509_certificate(data)]


def leaf_and_chain(certificates):
    """(the one that issued none of the others, the rest). Raises ValueError if there is not exactly one."""
    issuers = [each.issuer for each in certificates if each.issuer != each.subject]
    leaves = [each for each in certificates if each.subject not in issuers]
    if len(leaves) != 1:
        raise ValueError(f"{len(leaves)} leaf certificates")
    return leaves[0], [each for each in certificates if each is not leaves[0]]


def for_sealing(certificates):
    """Those a person seals with today: for e-mail protection (S/MIME), no authority, within their term."""
    now = datetime.now(UTC)
    return [each for each in certificates if _protects_mail(each) and each.not_valid_before_utc <= now <= _end(each)]


def chain_of(certificate, others):
    """The issuers of a certificate among `others`, nearest first, without a self-signed root."""
    chain = []
    while (issuer := _issuer(certificate, others)) and issuer not in chain:
        if issuer.subject == issuer.issuer:
            break
        chain.append(issuer)
        certificate = issuer
    return chain


def is_authority(certificate):
    """Is it the certificate of an authority (basicConstraints)?"""
    constraints = _extension(certificate, x509.BasicConstraints)
    return bool(constraints) and constraints.ca


def mails(certificate):
    """The mail addresses (rfc822Name) a certificate is for."""
    names = _extension(certificate, x509.SubjectAlternativeName)
    return names.get_values_for_type(x509.RFC822Name) if names else []


def common_name(certificate):
    """The common name of the subject, else its first mail address, else the whole name."""
    found = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return found[0].value if found else next(iter(mails(certificate)), certificate.subject.rfc4514_string())


def serial_hex(certificate):
    """The serial in lower-case hex with whole octets, as `openssl x509 -serial` prints it but for the case."""
    digits = f"{certificate.serial_number:x}"
    return digits.zfill(len(digits) + len(digits) % 2)


def der(certificate):
    return certificate.public_bytes(Encoding.DER)


def _end(certificate):
    return certificate.not_valid_after_utc


def _protects_mail(certificate):
    purposes = _extension(certificate, x509.ExtendedKeyUsage)
    return bool(purposes) and ExtendedKeyUsageOID.EMAIL_PROTECTION in purposes


def _issuer(certificate, others):
    return next((each for each in others if each.subject == certificate.issuer and each != certificate), None)


def _extension(certificate, kind):
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
