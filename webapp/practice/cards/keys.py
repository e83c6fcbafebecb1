"""The private keys of a practice card: made, kept as PKCS#8, and used as a chip does, on bytes already padded."""

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa, utils
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)

from webapp.practice.cards.apdu import WRONG_DATA, Refusal
from webapp.practice.cards.tlv import tlv

CURVES = {"P-256": ec.SECP256R1, "P-384": ec.SECP384R1}
HASHES = {20: hashes.SHA1, 32: hashes.SHA256, 48: hashes.SHA384, 64: hashes.SHA512}  # noqa: S303 (ECDSA of old drivers)


def make(algorithm):
    """A new key: "RSA-2048", "RSA-3072", "P-256", "P-384"."""
    kind, size = algorithm.split("-")
    if kind == "RSA":
        return rsa.generate_private_key(65537, int(size))
    return ec.generate_private_key(CURVES[algorithm]())


def to_text(key):
    """PKCS#8 in hex, for a card's memory."""
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()).hex()


def from_text(text):
    return load_der_private_key(bytes.fromhex(text), None)


def public_template(key, *before):
    """The answer to "generate": 7F49 with modulus and exponent, or with the point after what stands `before` it."""
    if isinstance(key, rsa.RSAPrivateKey):
        numbers = key.public_key().public_numbers()
        modulus = numbers.n.to_bytes(key.key_size // 8, "big")
        return tlv(0x7F49, tlv(0x81, modulus), tlv(0x82, numbers.e.to_bytes(3, "big")))
    point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return tlv(0x7F49, *before, tlv(0x86, point))


def sign_padded(key, block):
    """RSA without padding (RFC 8017 §5.2.1) over a block as long as the modulus, by the Chinese remainders."""
    size = key.key_size // 8
    if len(block) != size:
        raise Refusal(WRONG_DATA)
    numbers, message = key.private_numbers(), int.from_bytes(block, "big")
    first = pow(message % numbers.p, numbers.dmp1, numbers.p)
    second = pow(message % numbers.q, numbers.dmq1, numbers.q)
    return (second + numbers.q * ((first - second) * numbers.iqmp % numbers.p)).to_bytes(size, "big")


def sign_digest(key, digest):
    """ECDSA over a digest; DER."""
    if len(digest) not in HASHES:
        raise Refusal(WRONG_DATA)
    return key.sign(digest, ec.ECDSA(utils.Prehashed(HASHES[len(digest)]())))
