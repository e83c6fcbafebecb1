"""A public key as the rules want to see it."""

import hashlib
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from webapp.errors import Unreadable

# How cryptography reports a CSR or certificate whose inside is not as X.509 wants it; parts are parsed when first read.
MALFORMED = (
    ValueError,
    TypeError,
    AssertionError,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
_CURVES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}


@dataclass(frozen=True)
class PublicKey:
    """`algorithm` is "RSA", "EC" or another name (Ed25519, DSA …). RSA: bits, modulus, exponent. EC: bits and curve
    (P-256, P-384, P-521, or OpenSSL's name of another curve)."""

    algorithm: str
    bits: int = 0
    curve: str = ""
    modulus: int = 0
    exponent: int = 0

    def __str__(self):
        """ "RSA-3072", "P-256", "Ed25519"."""
        return self.curve or (f"{self.algorithm}-{self.bits}" if self.bits else self.algorithm)


def describe(public_key):
    """The PublicKey of a key object of cryptography."""
    if isinstance(public_key, rsa.RSAPublicKey):
        numbers = public_key.public_numbers()
        return PublicKey("RSA", public_key.key_size, "", numbers.n, numbers.e)
    if isinstance(public_key, ec.EllipticCurvePublicKey):
        return PublicKey("EC", public_key.key_size, _CURVES.get(public_key.curve.name, public_key.curve.name))
    return PublicKey(type(public_key).__name__.removesuffix("PublicKey").removeprefix("_"))


def spki_sha256(public_key):
    """SHA-256 (lower-case hex) over the SubjectPublicKeyInfo in its canonical DER, so that the same key gives the
    same value however a CSR, a certificate or a token encoded it."""
    return hashlib.sha256(public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def of(carrier):
    """The key object in a CSR or certificate of cryptography; Unreadable for a kind of key nobody can read."""
    try:
        return carrier.public_key()
    except (ValueError, UnsupportedAlgorithm):
        raise Unreadable(
            "公開鍵を読み取れません。鍵が壊れているか、対応していない種類の鍵です。",
            "RSA(3072ビット以上)またはECDSA(P-256、P-384、P-521)の鍵ペアを新しく作成してください。",
        ) from None


def hash_name(carrier):
    """The hash of a CSR's or certificate's signature: "SHA-256", "SHA-1", "MD5"; "" if it has none or is unknown."""
    try:
        algorithm = carrier.signature_hash_algorithm
    except UnsupportedAlgorithm:
        return ""
    if algorithm is None:
        return ""
    return algorithm.name.upper().replace("SHA", "SHA-").replace("SHA-3-", "SHA3-")
