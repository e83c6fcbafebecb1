"""The CMS envelope round a PDF signature (RFC 5652): modern algorithms, and nothing odd in the parts that the signature
itself does not cover, so that no byte of the envelope can be changed unnoticed.
"""

from asn1crypto import cms
from cryptography import x509
from cryptography.exceptions import InvalidSignature

from webapp.papers.seal_report import SealRefused

HASHES = ("sha256", "sha384", "sha512")
SIGNATURES = ("rsassa_pkcs1v15", "rsassa_pss", "ecdsa")


def check_modern(signer: cms.SignerInfo) -> None:
    """SHA-2 with RSA or ECDSA; raises SealRefused weak."""
    digest = signer["digest_algorithm"]["algorithm"].native
    if digest not in HASHES or signer["signature_algorithm"].signature_algo not in SIGNATURES:
        raise SealRefused("weak", f"電子署名の方式({digest})が古いため、受け付けられません。")


def check_plain(contents: bytes, anchors: list[bytes], others: list[bytes]) -> None:
    """`contents` is /Contents with its padding. Raises SealRefused: broken (not one plain detached CMS with zero
    padding), untrusted (a certificate in it that nothing vouches for); ValueError and its like for broken DER."""
    size = der_length(contents)
    envelope = cms.ContentInfo.load(contents[:size], strict=True)
    _require(not contents[size:].strip(b"\0") and envelope["content_type"].native == "signed_data")
    data = envelope["content"]
    _require(len(data["signer_infos"]) == 1 and contents[:size].endswith(data.dump()))
    signer = data["signer_infos"][0]
    _check_envelope(data, signer)
    _check_certificates([choice.chosen.dump() for choice in data["certificates"]], [*anchors, *others])


def der_length(data: bytes) -> int:
    """How many bytes the DER value at the start of `data` takes (X.690 8.1.3, definite length). Raises ValueError."""
    if len(data) < 2 or not 1 <= (count := data[1] & 0x7F) <= 4 or not data[1] & 0x80:
        raise ValueError("not a long definite length")
    return 2 + count + int.from_bytes(data[2 : 2 + count], "big")


def _check_envelope(data: cms.SignedData, signer: cms.SignerInfo) -> None:
    """Versions, the set of digests and the (detached) content are what RFC 5652 §5.1-5.3 prescribes for this signer."""
    content = data["encap_content_info"]
    by_name = signer["sid"].name == "issuer_and_serial_number"
    _require(data["version"].native == signer["version"].native == ("v1" if by_name else "v3"))
    _require(not by_name or signer["sid"].chosen["issuer"].dump() in _issuers(data))
    _require(content["content_type"].native == "data" and not content["content"].native)
    _require(
        {a["algorithm"].native for a in data["digest_algorithms"]} == {signer["digest_algorithm"]["algorithm"].native}
    )
    for algorithm in (*data["digest_algorithms"], signer["digest_algorithm"]):
        _require(algorithm["parameters"].dump() in (b"", b"\x05\x00"))
    digest, algorithm = signer["digest_algorithm"]["algorithm"].native, signer["signature_algorithm"]
    mechanism = algorithm["algorithm"].native
    _require(mechanism in (f"{digest}_rsa", f"{digest}_ecdsa", "rsassa_pkcs1v15", "rsassa_pss"))
    _require(mechanism == "rsassa_pss" or algorithm["parameters"].dump() in (b"", b"\x05\x00"))


def _issuers(data: cms.SignedData) -> set[bytes]:
    return {choice.chosen.issuer.dump() for choice in data["certificates"] if choice.name == "certificate"}


def _check_certificates(ders: list[bytes], known: list[bytes]) -> None:
    """Each certificate that comes along is known, or was issued by one that comes along or is known."""
    pool = [x509.load_der_x509_certificate(der) for der in {*ders, *known}]
    for der in set(ders) - set(known):
        certificate = x509.load_der_x509_certificate(der)
        issuers = [issuer for issuer in pool if issuer.subject == certificate.issuer]
        if not any(_issued(certificate, issuer) for issuer in issuers):
            raise SealRefused("untrusted", "電子署名に含まれる証明書に、発行者を確かめられないものがあります。")


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def _require(holds: bool) -> None:
    if not holds:
        raise SealRefused("broken", "電子署名が壊れています。")
