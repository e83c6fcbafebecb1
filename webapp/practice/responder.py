"""OCSP of the practice authority (RFC 6960): who asks about a certificate is told what is published about it by now."""

import base64
import binascii
import datetime
import hashlib

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.x509 import ocsp

from webapp.practice import certificates

MAX_BYTES = 4096
VALID = datetime.timedelta(hours=8)  # CSBR 3.10.0 §4.9.10: not less
DER = serialization.Encoding.DER
_UNREADABLE = (ValueError, TypeError, KeyError, UnsupportedAlgorithm, NotImplementedError)


def answer(authority, request_der) -> bytes:
    """The OCSPResponse (DER) of `authority` (authority.py) to an OCSPRequest about one certificate; its nonce comes
    back. An error status for what is no such request, or is about another authority."""
    try:
        request = ocsp.load_der_ocsp_request(request_der)
        nonces = [each.value for each in request.extensions if isinstance(each.value, x509.OCSPNonce)]
        is_ours = _is_about(request, authority.certificate("issuing"))
    except _UNREADABLE:
        return _error("MALFORMED_REQUEST")
    if not is_ours:
        return _error("UNAUTHORIZED")
    builder = _about(authority, request)
    for nonce in nonces:
        builder = builder.add_extension(nonce, critical=False)
    return authority.sign_answer(builder)


def decoded(text) -> bytes:
    """The bytes behind base64 in an address, with or without its padding; nothing if it is none."""
    try:
        return base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _about(authority, request):
    now = authority.now()
    revoked = {serial: (when, reason) for serial, when, reason in authority.published()}
    when, reason = revoked.get(request.serial_number, (None, None))
    status = ocsp.OCSPCertStatus.REVOKED
    if when is None:
        is_known = authority.issued.with_serial(request.serial_number)
        status = ocsp.OCSPCertStatus.GOOD if is_known else ocsp.OCSPCertStatus.UNKNOWN
    return ocsp.OCSPResponseBuilder().add_response_by_hash(
        request.issuer_name_hash,
        request.issuer_key_hash,
        request.serial_number,
        request.hash_algorithm,
        status,
        now,
        now + VALID,
        when,
        certificates.reason_flag(reason),
    )


def _is_about(request, issuer):
    """Whether the request names this authority (RFC 6960 §4.1.1, CertID)."""
    certificate = asn1_x509.Certificate.load(issuer.public_bytes(DER))
    key_bits = certificate.public_key["public_key"].contents[1:]  # without the count of unused bits
    hashed = [
        hashlib.new(request.hash_algorithm.name, part).digest() for part in (certificate.subject.dump(), key_bits)
    ]
    return [request.issuer_name_hash, request.issuer_key_hash] == hashed


def _error(status):
    return ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus[status]).public_bytes(DER)
