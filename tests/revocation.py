"""What a certification authority says about revocation, right or wrong, made in memory."""

from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests import ca
from webapp.papers.certificate import serial_hex

DAYS = timedelta(days=7)


def crl(authority, *entries, key=None, issuer=None, hash=None, begins=None, ends=DAYS, extensions=()):
    """DER of a CRL; `entries` are (certificate, reason flag or None), `extensions` (value, critical) pairs."""
    begins = begins or authority.at
    revoked = [entry(certificate, authority.at, reason) for certificate, reason in entries]
    builder = x509.CertificateRevocationListBuilder(
        issuer or authority.issuing.subject, begins, begins + ends, [], revoked
    )
    for value, critical in extensions:
        builder = builder.add_extension(value, critical)
    return ca.der(builder.sign(key or authority.issuing_key, hash or hashes.SHA256()))


def entry(certificate, at, reason=None, *extensions):
    """A RevokedCertificate; `extensions` are (value, critical) pairs besides the reason."""
    builder = x509.RevokedCertificateBuilder(certificate.serial_number, at)
    for value, critical in [*([(x509.CRLReason(reason), False)] if reason else []), *extensions]:
        builder = builder.add_extension(value, critical)
    return builder.build()


def crl_of(authority, *entries):
    """DER of a CRL with these RevokedCertificates."""
    builder = x509.CertificateRevocationListBuilder(
        authority.issuing.subject, authority.at, authority.at + DAYS, [], list(entries)
    )
    return ca.der(builder.sign(authority.issuing_key, hashes.SHA256()))


def answer(authority, certificate, **how):
    """DER of an OCSPResponse, see `response`."""
    return response(authority, certificate, **how).public_bytes(Encoding.DER)


def response(
    authority,
    certificate,
    *,
    status=ocsp.OCSPCertStatus.GOOD,
    reason=None,
    revoked_at=None,
    issuer=None,
    responder=None,
    key=None,
    by_name=False,
    begins=None,
    ends=timedelta(hours=8),
    nonce=None,
    extensions=(),
    is_enclosed=True,
    algorithm=None,
    hash=None,
):
    """An OCSPResponse. `responder` (default: the issuing CA) signs with `key`, its certificate enclosed;
    `ends` None leaves nextUpdate out."""
    begins = begins or authority.at
    builder = ocsp.OCSPResponseBuilder()
    builder = builder.add_response(
        certificate,
        issuer or authority.issuing,
        algorithm or hashes.SHA1(),
        status,
        begins,
        None if ends is None else begins + ends,
        (revoked_at or authority.at) if status == ocsp.OCSPCertStatus.REVOKED else None,
        reason,
    )
    encoding = ocsp.OCSPResponderEncoding.NAME if by_name else ocsp.OCSPResponderEncoding.HASH
    builder = builder.responder_id(encoding, responder or authority.issuing)
    if responder is not None and is_enclosed:
        builder = builder.certificates([responder])
    for value, critical in [*([(x509.OCSPNonce(nonce), False)] if nonce else []), *extensions]:
        builder = builder.add_extension(value, critical)
    return builder.sign(key or authority.issuing_key, hash or hashes.SHA256())


def responder(authority, key, **changes):
    """A certificate of the issuing CA for somebody who may answer in its name."""
    rule = {
        "usages": ("digital_signature",),
        "purposes": (ExtendedKeyUsageOID.OCSP_SIGNING,),
        "mails": (),
        "policies": (),
        "crl_urls": (),
        "issuer_urls": (),
        "ocsp_urls": (),
    }
    return authority.certificate(key.public_key(), (("CN", "OCSP Responder"),), **(rule | changes))


def damaged(data, rng):
    """`data` with one to three bits flipped, and sometimes an end missing."""
    changed = bytearray(data)
    for _ in range(rng.randint(1, 3)):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed[: rng.choice([None, None, None, rng.randrange(len(changed))])])


def signed_crl(tbs, key):
    """The DER of a CRL round any bytes, with a good signature, so that damage is met behind the signature as well."""
    return _tlv(0x30, tbs, _ECDSA_SHA256, _tlv(0x03, b"\0", key.sign(tbs, ec.ECDSA(hashes.SHA256()))))


def signed_answer(tbs, key):
    """The same for an OCSPResponse."""
    basic = signed_crl(tbs, key)
    return _tlv(0x30, _tlv(0x0A, b"\0"), _tlv(0xA0, _tlv(0x30, _BASIC, _tlv(0x04, basic))))


_ECDSA_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")  # RFC 5758 §3.2
_BASIC = bytes.fromhex("06092b0601050507300101")  # id-pkix-ocsp-basic, RFC 6960 §4.2.1


def _tlv(tag, *contents):
    content = b"".join(contents)
    if len(content) < 128:
        return bytes([tag, len(content)]) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def serial(certificate):
    """As the register writes it."""
    return serial_hex(certificate.serial_number)
