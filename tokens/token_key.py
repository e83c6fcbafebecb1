"""Private keys that stay on a token, in a shape that cryptography's builders sign with.

`TokenKey(public_key, sign)` can be handed to CertificateBuilder, CertificateSigningRequestBuilder and
CertificateRevocationListBuilder `.sign(key, hash)`. `sign(data: bytes, hash_name: str) -> bytes` gets the
to-be-signed bytes and "sha256", "sha384" or "sha512"; it returns an RSASSA-PKCS1-v1_5 signature (RFC 8017 §8.2)
or a DER ECDSA-Sig-Value (RFC 3279 §2.2.3).
"""

from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa


class OnToken:
    """What both kinds share: the public half, the callable, and no way to the private numbers."""

    def __init__(self, public_key, sign):
        self._public_key = public_key
        self._sign = sign

    def public_key(self):
        return self._public_key

    @property
    def key_size(self):
        return self._public_key.key_size

    def private_numbers(self):
        raise NotImplementedError("the private key stays on the token")

    def private_bytes(self, *args, **kwargs):
        raise NotImplementedError("the private key stays on the token")

    def __copy__(self):
        return self

    def __deepcopy__(self, memo):
        return self


class RsaTokenKey(OnToken, rsa.RSAPrivateKey):
    """An RSA key on a token; signs RSASSA-PKCS1-v1_5 only."""

    def sign(self, data, padding_, algorithm):
        if not isinstance(padding_, padding.PKCS1v15):
            raise NotImplementedError("PKCS#1 v1.5 signatures only")
        return self._sign(data, algorithm.name)

    def decrypt(self, ciphertext, padding_):
        raise NotImplementedError("a signing key")


class EcTokenKey(OnToken, ec.EllipticCurvePrivateKey):
    """An elliptic-curve key on a token; signs ECDSA."""

    @property
    def curve(self):
        return self._public_key.curve

    def sign(self, data, signature_algorithm):
        return self._sign(data, signature_algorithm.algorithm.name)

    def exchange(self, algorithm, peer_public_key):
        raise NotImplementedError("a signing key")


def TokenKey(public_key, sign):
    """The private key object for `public_key` (RSA or EC of cryptography) whose signatures `sign` makes."""
    kind = RsaTokenKey if isinstance(public_key, rsa.RSAPublicKey) else EcTokenKey
    return kind(public_key, sign)


def verify(public_key, signature, data, hash_algorithm):
    """Check a signature as a token makes it. Raises cryptography's InvalidSignature."""
    if isinstance(public_key, rsa.RSAPublicKey):
        public_key.verify(signature, data, padding.PKCS1v15(), hash_algorithm)
    else:
        public_key.verify(signature, data, ec.ECDSA(hash_algorithm))
