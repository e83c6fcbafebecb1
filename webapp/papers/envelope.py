"""The CMS envelope round a PDF signature, and round the time stamp on it (RFC 5652): modern algorithms, and nothing odd in
the parts that the signature itself does not cover, so that no byte of an envelope can be changed by chance unnoticed.

What can still be written in another way, to the same effect, by who means to: parameters that are absent or NULL, the twin
(r, n-s) of a signature by ECDSA, and the hex digits of /Contents, all in lower or all in upper case.
"""

from asn1crypto import cms
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidSignature

from webapp.papers.seal_report import SealRefused
from webapp.papers.subject import Subject

HASHES = ("sha256", "sha384", "sha512")
SIGNATURES = ("rsassa_pkcs1v15", "rsassa_pss", "ecdsa")
EMPTY = (b"", b"\x05\x00")  # parameters that are absent, or NULL (RFC 5754 §2)


def check_modern(signer: cms.SignerInfo) -> None:
    """SHA-2 with RSA or ECDSA; raises SealRefused weak."""
    digest = signer["digest_algorithm"]["algorithm"].native
    if digest not in HASHES or signer["signature_algorithm"].signature_algo not in SIGNATURES:
        raise SealRefused("weak", f"電子署名の方式({digest})が古いため、受け付けられません。")


def check_encoding(contents: bytes) -> None:
    """ISO 32000-1 12.8.3.3 wants DER in /Contents. Raises SealRefused unusual for what begins with an indefinite length, as
    NSS (poppler, Okular) and Bouncy Castle write it unless told otherwise."""
    if contents[1:2] == b"\x80":
        raise SealRefused(
            "unusual",
            "電子署名が、PDFの規格が定める書き方(DER)になっていません。余分な内容がないことを確かめられません。",
        )


def check_plain(contents: bytes, certificate: bytes, anchors: list[bytes], others: list[bytes]) -> None:
    """`contents` is /Contents with its padding, `certificate` (DER) the signer's. Raises SealRefused: broken (not one plain
    detached CMS with zero padding), untrusted (a certificate in it that nothing vouches for); ValueError and its like for
    broken DER."""
    size = der_length(contents)
    envelope = cms.ContentInfo.load(contents[:size], strict=True)
    data = envelope["content"]
    content = data["encap_content_info"]
    _require(not contents[size:].strip(b"\0") and is_der(contents[:size]) and contents[:size].endswith(data.dump()))
    _require(content["content_type"].native == "data" and not content["content"].native)
    _require(is_plain(envelope, certificate))
    if odd := unvouched(data, certificate, [*anchors, *others]):
        said = f"電子署名に、余分な証明書か、発行者を確かめられない証明書が含まれています({odd})。"
        raise SealRefused("untrusted", said, sub="SIG_CONSTRAINTS_FAILURE")


def der_length(data: bytes) -> int:
    """How many bytes the DER value at the start of `data` takes (X.690 8.1.3, definite length). Raises ValueError."""
    if len(data) < 2 or not 1 <= (count := data[1] & 0x7F) <= 4 or not data[1] & 0x80:
        raise ValueError("not a long definite length")
    return 2 + count + int.from_bytes(data[2 : 2 + count], "big")


def is_der(data: bytes) -> bool:
    """Whether the values in `data` follow each other, and lie in each other, without a gap: lengths definite and as short as can
    be (X.690 10.1), strings in one piece (10.2)."""
    place, ends = 0, [len(data)]
    while place < len(data):
        if place + 1 >= len(data) or data[place + 1] == 0x80:
            return False
        tag, length, count = data[place], data[place + 1], 0
        if length > 0x80:
            count = length - 0x80
            length = int.from_bytes(data[place + 2 : place + 2 + count], "big")
        place += 2 + count
        if (count and length < max(0x80, 1 << 8 * (count - 1))) or place + length > ends[-1]:
            return False
        if tag < 0x40 and bool(tag & 0x20) != (tag & 0x1F in (16, 17)):  # SEQUENCE and SET alone are put together
            return False
        if tag & 0x20:
            ends.append(place + length)
        else:
            place += length
        while len(ends) > 1 and place == ends[-1]:
            ends.pop()
    return len(ends) == 1


def is_plain(envelope: cms.ContentInfo, certificate: bytes) -> bool:
    """Whether a SignedData by the one `certificate` (DER) holds what RFC 5652 §5.1-5.3 prescribes for it, in its one encoding:
    versions, the set of digests, the algorithms, the signer's name; no CRLs; certificates of X.509 alone."""
    data, held = envelope["content"], asn1_x509.Certificate.load(certificate)
    if envelope["content_type"].native != "signed_data" or len(data["signer_infos"]) != 1 or data["crls"].dump():
        return False
    signer, content = data["signer_infos"][0], data["encap_content_info"]["content_type"]
    by_name = signer["sid"].name == "issuer_and_serial_number"
    version = "v1" if by_name else "v3"
    digests = (*data["digest_algorithms"], signer["digest_algorithm"])
    uncovered = (envelope["content_type"], data["version"], content, signer["version"], signer["signature_algorithm"])
    return (
        signer["version"].native == version
        and data["version"].native == (version if content.native == "data" else "v3")
        and _names(signer["sid"], held)
        and all(choice.name == "certificate" for choice in data["certificates"])
        and len(digests) == 2
        and digests[0]["algorithm"].native == digests[1]["algorithm"].native
        and all(each["parameters"].dump() in EMPTY for each in digests)
        and _fits(signer["signature_algorithm"], digests[0]["algorithm"].native)
        and all(map(is_canonical, (*digests, *uncovered)))
        and all(map(is_whole, (envelope, data, data["encap_content_info"], signer)))
    )


def _names(sid: cms.SignerIdentifier, held: asn1_x509.Certificate) -> bool:
    if sid.name != "issuer_and_serial_number":
        return sid.chosen.native == held.key_identifier
    serial = held["tbs_certificate"]["serial_number"]
    return sid.chosen["issuer"].dump() == held.issuer.dump() and sid.chosen["serial_number"].dump() == serial.dump()


def _fits(algorithm, digest) -> bool:
    mechanism = algorithm["algorithm"].native
    if mechanism == "rsassa_pss":
        return True  # its parameters enter the verification
    return (
        mechanism in (f"{digest}_rsa", f"{digest}_ecdsa", "rsassa_pkcs1v15") and algorithm["parameters"].dump() in EMPTY
    )


def is_canonical(value) -> bool:
    """Whether a small ASN.1 value is written as DER writes it."""
    return type(value).load(value.dump(), strict=True).dump(force=True) == value.dump()


def is_whole(sequence) -> bool:
    """Whether an ASN.1 SEQUENCE consists of the fields that it has a name for (asn1crypto passes over others at its end)."""
    return sequence.contents == b"".join(sequence[name].dump() for name in sequence)


def unvouched(data: cms.SignedData, certificate: bytes, known: list[bytes]) -> str:
    """The subject and issuer of the first certificate that comes along and is neither that of the signer (`certificate`, judged
    apart), nor one that has issued another which comes along and is itself known or issued by one that is known or comes along
    (all DER); "" where there is none."""
    ders = [each.chosen.dump() for each in data["certificates"]]
    along = [x509.load_der_x509_certificate(der) for der in ders]
    pool = [*along, *map(x509.load_der_x509_certificate, known)]
    for place, (der, each) in enumerate(zip(ders, along, strict=True)):
        has_part = der == certificate or any(_issued(other, each) for other in along if other != each)
        is_right = der == certificate or der in known or any(_issued(each, issuer) for issuer in pool)
        if not (has_part and is_right) or der in ders[:place]:
            return f"主体者 {Subject.from_name(each.subject)}、発行者 {Subject.from_name(each.issuer)}"
    return ""


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    if certificate.issuer != issuer.subject:
        return False
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def _require(holds: bool) -> None:
    if not holds:
        raise SealRefused("broken", "電子署名が壊れています。")
