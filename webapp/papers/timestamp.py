"""Time stamps on signatures of programs: RFC 3161 tokens, and the older countersignature of PKCS#9 (RFC 2985 §5.3.6).

What is verified: the stamp is over this very signature value, and its own signature is right with the certificate that
came along, which is for time-stamping and was valid at that time. Apart from that it is judged whether this certificate
leads to an authority that the house trusts for time stamps; revocation of time-stamp authorities is not looked at.
"""

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from asn1crypto import cms, tsp
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from webapp.errors import Unreadable
from webapp.papers import certificate as papers
from webapp.papers.key import MALFORMED
from webapp.papers.subject import Subject, shown

# What asn1crypto and cryptography raise on damaged or forged bytes.
_DAMAGE = (
    *MALFORMED,
    UnsupportedAlgorithm,
    LookupError,
    AttributeError,
    RecursionError,
    NotImplementedError,
    OverflowError,
)
MICROSOFT = "1.3.6.1.4.1.311.3.3.1"
STAMP = "1.2.840.113549.1.9.16.2.14"  # id-aa-timeStampToken, as jarsigner writes it
COUNTERSIGNATURE = "1.2.840.113549.1.9.6"
LONGEST_CHAIN = 12
HASHES = {"sha1": hashes.SHA1, "sha256": hashes.SHA256, "sha384": hashes.SHA384, "sha512": hashes.SHA512}


@dataclass(frozen=True)
class Timestamp:
    """`at` is aware UTC, or None where it could not be read; `authority` the name in its certificate; `fault` a sentence saying
    why it proves nothing, else "". `chain`: the authority's certificate and what came with it (DER); `is_trusted`: it leads
    to a trusted root."""

    at: datetime | None
    authority: str
    fault: str = ""
    chain: tuple[bytes, ...] = ()
    is_trusted: bool = False


@dataclass(frozen=True)
class ReadSignature:
    """`is_right`: the signature value verifies with the certificate over what it signs (the program itself is not looked
    at). `signed_at` is what the signer's computer said, or None; `timestamp` a Timestamp or None."""

    is_right: bool
    signed_at: datetime | None
    timestamp: Timestamp | None


def read(signed_data, certificate, roots=(), others=()):
    """The ReadSignature by `certificate` (DER) in a SignedData (DER), or None where it did not sign there or where the
    bytes are none; its time stamp judged by `roots` and `others` (DER). Never raises for whatever bytes."""
    try:
        data = cms.ContentInfo.load(signed_data)["content"]
        held = asn1.Certificate.load(certificate)
        signer = next((each for each in data["signer_infos"] if _names(each["sid"], held)), None)
        if signer is None:
            return None
        is_right = _verifies(signer, certificate)
        stamp = _stamp(data, signer, roots, others) if is_right else None
        return ReadSignature(is_right, _said_at(signer), stamp)
    except _DAMAGE:
        return None


def judged_token(token, value, roots=(), others=()):
    """The Timestamp that a TimeStampToken (DER) over a signature's `value` is, with its fault if it has one, its trust judged
    by `roots` and `others` (DER). Never raises for whatever bytes."""
    try:
        envelope = cms.ContentInfo.load(token, strict=True)
        data = envelope["content"]
        if len(data["signer_infos"]) != 1 or data["encap_content_info"]["content_type"].native != "tst_info":
            return Timestamp(None, "", "タイムスタンプの形式が正しくありません。")
        found = _token(data, value)
        return found if found.fault else _with_trust(found, roots, others)
    except _DAMAGE:
        return Timestamp(None, "", "タイムスタンプが壊れていて読み取れません。")


def trusted_window(chain, roots, others):
    """(since, until), aware, between which everything from the first certificate of `chain` up to one of `roots` was valid
    (all DER); None where it leads to none of them."""
    try:
        leaf, *found = [papers.read(der) for der in chain[:LONGEST_CHAIN]]
        candidates = [each for each in (*found, *map(papers.read, others)) if each.extensions.is_ca]
        anchors = [papers.read(der) for der in roots]
    except (Unreadable, *_DAMAGE):
        return None
    path = papers.path(leaf, [*anchors, *candidates])
    top = next((place for place, each in enumerate(path) if each.der in roots), None)
    if top is None:
        return None
    path = path[: top + 1]
    return max(each.not_before for each in path), min(each.not_after for each in path)


def _stamp(data, signer, roots, others):
    """The first time stamp that is trusted, else that is right, else the first with its fault, else None."""
    value, found = signer["signature"].native, []
    for attribute in signer["unsigned_attrs"] or ():
        kind = attribute["type"].dotted
        for each in attribute["values"] if kind in (MICROSOFT, STAMP, COUNTERSIGNATURE) else ():
            found.append(_read_stamp(kind, each, value, data))
    right = [_with_trust(each, roots, others) for each in found if not each.fault]
    return next((each for each in right if each.is_trusted), (right or found or [None])[0])


def _with_trust(stamp, roots, others):
    window = trusted_window(stamp.chain, roots, others)
    return replace(stamp, is_trusted=window is not None and window[0] <= stamp.at <= window[1])


def _read_stamp(kind, each, value, data):
    try:
        if kind == COUNTERSIGNATURE:
            return _countersignature(cms.SignerInfo.load(each.dump()), value, data)
        return _token(cms.ContentInfo.load(each.dump())["content"], value)
    except _DAMAGE:
        return Timestamp(None, "", "タイムスタンプが壊れていて読み取れません。")


def _token(data, value):
    """A TimeStampToken over `value` (RFC 3161 §2.4.2)."""
    content = bytes(data["encap_content_info"]["content"])
    told = tsp.TSTInfo.load(content, strict=True)
    imprint = told["message_imprint"]
    is_over_it = _digest(imprint["hash_algorithm"]["algorithm"].native, value) == imprint["hashed_message"].native
    signer = data["signer_infos"][0]
    return _judged(told["gen_time"].native.astimezone(UTC), signer, data, is_over_it, content)


def _countersignature(signer, value, data):
    at = _said_at(signer)
    if at is None:
        return Timestamp(None, "", "タイムスタンプに日時がありません。")
    return _judged(at, signer, data, True, value)


def _judged(at, signer, data, is_over_it, content):
    came_along = _certificates(data)
    der = next((held for held in came_along if _names(signer["sid"], asn1.Certificate.load(held))), None)
    if der is None:
        return Timestamp(at, "", "タイムスタンプ局の証明書が入っていないため、検証できません。")
    certificate = x509.load_der_x509_certificate(der)
    chain = (der, *(each for each in came_along if each != der))
    return Timestamp(at, _called(certificate), _fault(at, signer, certificate, der, is_over_it, content), chain)


def _fault(at, signer, certificate, der, is_over_it, content):
    if not is_over_it:
        return "タイムスタンプは、この署名に対するものではありません。"
    digest = _attribute(signer, "message_digest")
    if digest is None or digest.native != _digest(signer["digest_algorithm"]["algorithm"].native, content):
        return "タイムスタンプの内容が、署名されたときと異なります。"
    if not _verifies(signer, der):
        return "タイムスタンプの署名が正しくありません。"
    try:
        purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        purposes = ()
    if x509.ExtendedKeyUsageOID.TIME_STAMPING not in purposes:
        return "タイムスタンプの証明書が、タイムスタンプ用のものではありません。"
    if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
        return "タイムスタンプの日時が、タイムスタンプ局の証明書の有効期間の外にあります。"
    return ""


def _verifies(signer, certificate):
    """Does the SignerInfo's signature verify over its signed attributes with this certificate (DER)? (RFC 5652 §5.6)"""
    if not len(signer["signed_attrs"]):
        return False
    key = x509.load_der_x509_certificate(certificate).public_key()
    algorithm = HASHES[signer["digest_algorithm"]["algorithm"].native]()
    signature, signed = signer["signature"].native, signer["signed_attrs"].untag().dump()
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, signed, padding.PKCS1v15(), algorithm)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, signed, ec.ECDSA(algorithm))
        else:
            return False
    except (InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _certificates(data):
    return [each.chosen.dump() for each in data["certificates"] or () if each.name == "certificate"]


def _names(sid, held):
    if sid.name == "issuer_and_serial_number":
        named = sid.chosen["serial_number"].native, sid.chosen["issuer"].dump()
        return named == (held.serial_number, held.issuer.dump())
    return sid.chosen.native == held.key_identifier


def _attribute(signer, name):
    return next((each["values"][0] for each in signer["signed_attrs"] if each["type"].native == name), None)


def _said_at(signer):
    said = _attribute(signer, "signing_time")
    return said.native.astimezone(UTC) if said is not None else None


def _digest(name, data):
    return hashlib.new(name, data, usedforsecurity=False).digest()


def _called(certificate):
    subject = Subject.from_name(certificate.subject)
    return shown(subject.get("CN")) or str(subject)
