"""A CSR (PKCS#10, RFC 2986) as a value: read from PEM or DER, judged elsewhere (webapp/rules/csr.py)."""

import hashlib
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import AttributeOID, ExtensionOID

from webapp.errors import Unreadable
from webapp.papers import armour, key
from webapp.papers.armour import PrivateKeyPasted
from webapp.papers.key import PublicKey
from webapp.papers.subject import Subject

__all__ = ["BrokenSignature", "Csr", "PrivateKeyPasted", "check_signature", "read"]


class BrokenSignature(Unreadable):
    """The CSR's own signature does not fit its public key: it was changed, or damaged on the way."""


@dataclass(frozen=True)
class Csr:
    """What is in a CSR. `der` and `pem` (canonical text), `sha256` of the DER and `spki_sha256` of the public key in
    lower-case hex, `signature_hash` like "SHA-256" ("" if the algorithm has none), `extensions` and `attributes` by
    name (dotted OID where there is none), `san_mails` the rfc822Names asked for."""

    der: bytes = field(repr=False)
    pem: str = field(repr=False)
    sha256: str
    subject: Subject
    key: PublicKey
    spki_sha256: str
    signature_hash: str
    extensions: tuple[str, ...]
    attributes: tuple[str, ...]
    challenge_password: bool
    san_mails: tuple[str, ...]


def read(data):
    """The one CSR in `data` (bytes or str, PEM or DER, at most 64 kB). Its signature is not checked here.

    PrivateKeyPasted when a private key is in it, Unreadable for everything else that is not exactly one CSR.
    """
    found = armour.blocks(data)
    requests = [block.der for block in found if block.kind == armour.CSR]
    if not requests:
        raise _something_else(found[0].kind)
    if len(requests) > 1:
        raise Unreadable(f"CSRが{len(requests)}件あります。", "この申請のCSRを1件だけ提出してください。")
    return _described(requests[0])


def check_signature(csr):
    """Verify the CSR's signature with the key in it (proof of possession, RFC 2986 §4.2); BrokenSignature if not.
    Whether hash and key are good enough is for the rules to say: SHA-1 verifies as well."""
    request = x509.load_der_x509_csr(csr.der)
    try:
        request.public_key().verify(request.signature, request.tbs_certrequest_bytes, *_parameters(request))
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        raise BrokenSignature(
            "CSRの自己署名を検証できません。作成後に内容が変わったか、途中で壊れています。",
            "同じ鍵ペアでCSRを作り直し、ファイルのまま提出してください。確認のコマンド: openssl req -in request.csr -noout -verify",
        ) from None


def _parameters(request):
    """What `verify` of this kind of key wants besides signature and data; nothing for Ed25519 and Ed448."""
    padding_or_ecdsa, hash_algorithm = request.signature_algorithm_parameters, request.signature_hash_algorithm
    if isinstance(padding_or_ecdsa, ec.ECDSA):
        return (padding_or_ecdsa,)
    return (padding_or_ecdsa, hash_algorithm) if hash_algorithm else ()


def _described(der):
    try:
        request = x509.load_der_x509_csr(der)
        subject = _subject(request.subject)
        extensions = tuple(request.extensions)
        attributes = tuple(request.attributes)
    except key.MALFORMED:
        raise Unreadable(
            "CSRの中身を読み取れません。壊れているか、CSRの規格(PKCS#10)に合っていません。",
            "CSRを作り直し、ファイルのまま提出してください。確認のコマンド: openssl req -in request.csr -noout -text",
        ) from None
    public_key = key.of(request)
    return Csr(
        der=der,
        pem=armour.pem("CERTIFICATE REQUEST", der),
        sha256=hashlib.sha256(der).hexdigest(),
        subject=subject,
        key=key.describe(public_key),
        spki_sha256=key.spki_sha256(public_key),
        signature_hash=key.hash_name(request),
        extensions=tuple(_name(extension.oid) for extension in extensions),
        attributes=tuple(_name(attribute.oid) for attribute in attributes),
        challenge_password=any(a.oid == AttributeOID.CHALLENGE_PASSWORD and a.value for a in attributes),
        san_mails=_mails(extensions),
    )


def _subject(name):
    if any(len(list(rdn)) > 1 for rdn in name.rdns):
        raise Unreadable(
            "主体者DNの1つの階層に複数の項目がまとめられています(「+」でつないだ形式)。",
            "C、ST、L、O、CNを1項目ずつ分けてCSRを作り直してください。",
        )
    return Subject.from_name(name)


def _mails(extensions):
    names = [e.value for e in extensions if e.oid == ExtensionOID.SUBJECT_ALTERNATIVE_NAME]
    return tuple(mail for san in names for mail in san.get_values_for_type(x509.RFC822Name))


def _name(oid):
    return oid.dotted_string if oid._name == "Unknown OID" else oid._name


_INSTEAD = {
    armour.CERTIFICATE: "これは証明書です。CSR(証明書発行要求)ではありません。",
    armour.PKCS7: "これは証明書をまとめたファイル(PKCS#7、.p7b)です。CSR(証明書発行要求)ではありません。",
    armour.PUBLIC_KEY: "これは公開鍵だけのファイルです。CSR(証明書発行要求)ではありません。",
}


def _something_else(kind):
    return Unreadable(
        _INSTEAD.get(kind, "CSR(証明書発行要求)として読み取れません。"),
        "「-----BEGIN CERTIFICATE REQUEST-----」で始まるファイル(またはDER形式のCSR)を提出してください。",
    )
