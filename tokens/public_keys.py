"""Public keys of certificates, in the shapes a token stores them."""

import hashlib

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from tokens.errors import named

CURVES = {"secp256r1": "P-256", "secp384r1": "P-384"}
EC_PARAMETERS = {  # DER OBJECT IDENTIFIER (RFC 5480 §2.1.1.1)
    bytes.fromhex("06082a8648ce3d030107"): ec.SECP256R1(),
    bytes.fromhex("06052b81040022"): ec.SECP384R1(),
    bytes.fromhex("06052b81040023"): ec.SECP521R1(),
}


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


def of_spki(der):
    """The public key of a DER SubjectPublicKeyInfo. Raises TokenError bad_request if it is none, neither RSA nor EC."""
    try:
        key = load_der_public_key(der)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise named("bad_request", "public key") from error
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


def kind(public_key):
    """ "RSA" or "EC"."""
    return "RSA" if isinstance(public_key, rsa.RSAPublicKey) else "EC"


def of_rsa_numbers(modulus, exponent):
    """The key of CKA_MODULUS and CKA_PUBLIC_EXPONENT (big endian), or None if they make none. A card that tells no
    exponent has 65537."""
    if not modulus:
        return None
    exponent = int.from_bytes(exponent or b"\1\0\1", "big")
    try:
        return rsa.RSAPublicNumbers(exponent, int.from_bytes(modulus, "big")).public_key()
    except ValueError:
        return None


def of_ec_point(parameters, point):
    """The key of CKA_EC_PARAMS (DER of the curve's identifier) and CKA_EC_POINT: the uncompressed point, bare or in a
    DER OCTET STRING (PKCS#11 v2.40 §2.3.3). None if they make none."""
    curve = EC_PARAMETERS.get(parameters)
    if curve is None or not point:
        return None
    length = 2 * ((curve.key_size + 7) // 8) + 1
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(curve, point[-length:])
    except ValueError:
        return None


def common_name(der):
    """The common name of a DER certificate's subject, or "certificate"."""
    names = x509.load_der_x509_certificate(der).subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return names[0].value if names else "certificate"
