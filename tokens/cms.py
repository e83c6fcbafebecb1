"""What seals and signed mails share: pyHanko's signer whose raw signature comes from outside."""

from asn1crypto import x509 as asn1
from asn1crypto.algos import SignedDigestAlgorithm
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from pyhanko.sign.signers import ExternalSigner
from pyhanko_certvalidator.registry import SimpleCertificateStore

from tokens.errors import named
from tokens.token_key import verify

HASH = "sha256"


def signer_of(signing_certificate, chain):
    """An ExternalSigner for a certificate (DER), SHA-256; the chain (DER each) travels in the CMS."""
    store = SimpleCertificateStore()
    store.register_multiple([asn1.Certificate.load(der) for der in chain])
    key = x509.load_der_x509_certificate(signing_certificate).public_key()
    is_rsa = isinstance(key, rsa.RSAPublicKey)
    return ExternalSigner(
        asn1.Certificate.load(signing_certificate),
        store,
        signature_value=key.key_size // 8 if is_rsa else 2 * (key.key_size // 8 + 1) + 9,
        signature_mechanism=SignedDigestAlgorithm({"algorithm": f"{HASH}_{'rsa' if is_rsa else 'ecdsa'}"}),
    )


def checked(signing_certificate, signature, data):
    """The signature, if it verifies over `data` with the certificate. Raises TokenError signature_wrong."""
    key = x509.load_der_x509_certificate(signing_certificate).public_key()
    try:
        verify(key, signature, data, hashes.SHA256())
    except InvalidSignature as error:
        raise named("signature_wrong") from error
    return signature


async def finished(signer, attributes, signature):
    """The CMS (ContentInfo of asn1crypto) of signed attributes and the signature over them."""
    complete = ExternalSigner(
        signer.signing_cert,
        signer.cert_registry,
        signature_value=signature,
        signature_mechanism=signer.signature_mechanism,
    )
    return await complete.async_sign_prescribed_attributes(HASH, attributes)
