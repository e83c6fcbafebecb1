"""Public keys of certificates, in the shapes a token stores them."""

import hashlib

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tokens.errors import named

CURVES = {"secp256r1": "P-256", "secp384r1": "P-384"}


def of_certificate(der):
    """The public key (cryptography) of a DER certificate. Raises TokenError bad_request if it is none, or its key is
    neither RSA nor EC."""
    try:
        key = x509.load_der_x509_certificate(der).public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise named("bad_request", "certificate") from error
    if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        raise named("bad_request", "kind of key")
    return key


def algorithm(public_key):
    """ "RSA-3072", "P-256", …"""
    if isinstance(public_key, rsa.RSAPublicKey):
        return f"RSA-{public_key.key_size}"
    return CURVES.get(public_key.curve.name, public_key.curve.name)


def spki(public_key):
    """DER SubjectPublicKeyInfo."""
    return public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def identifier(public_key):
    """A CKA_ID for a key that has none of its own on the token: SHA-1 of the SubjectPublicKeyInfo, 20 bytes."""
    return hashlib.sha1(spki(public_key), usedforsecurity=False).digest()


def modulus(public_key):
    """CKA_MODULUS: big endian, no leading zero."""
    n = public_key.public_numbers().n
    return n.to_bytes((n.bit_length() + 7) // 8, "big")


def ec_point(public_key):
    """CKA_EC_POINT: a DER OCTET STRING round the uncompressed point (PKCS#11 v2.40 §2.3.3)."""
    point = public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    length = bytes([len(point)]) if len(point) < 128 else bytes([0x81, len(point)])
    return b"\x04" + length + point


def common_name(der):
    """The common name of a DER certificate's subject, or "certificate"."""
    names = x509.load_der_x509_certificate(der).subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return names[0].value if names else "certificate"
