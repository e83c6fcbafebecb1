"""A test signature by a token, for whoever sets it up: a key that is never stored signs a nonce and is gone.

Signed are the bytes b"SHIRUSHI-SELF-CHECK-v1\\0" + nonce (32 bytes), with SHA-256: RSASSA-PKCS1-v1_5 or DER ECDSA. The
fixed beginning can be no CMS, CSR, certificate or proof.
"""

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import load_der_public_key

from tokens.errors import named
from tokens.token_key import verify as verify_signature

PREFIX = b"SHIRUSHI-SELF-CHECK-v1\0"


def to_be_signed(nonce):
    """The bytes to sign. Raises TokenError bad_request unless the nonce is 32 bytes."""
    if len(nonce) != 32:
        raise named("bad_request", "nonce length")
    return PREFIX + nonce


def verify(nonce, spki, signature):
    """The signature must be one over this nonce by the key of `spki` (DER). Raises TokenError signature_wrong."""
    try:
        verify_signature(load_der_public_key(spki), signature, to_be_signed(nonce), hashes.SHA256())
    except (ValueError, UnsupportedAlgorithm, InvalidSignature) as error:
        raise named("signature_wrong") from error
