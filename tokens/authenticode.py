"""Authenticode signatures by a key on a token (Microsoft, "Windows Authenticode Portable Executable Signature Format").

osslsigncode digests the program and puts the signature in; the signature itself is made here from a SignedData over the
same digest, so that osslsigncode never gets a PIN and needs no PKCS#11 engine."""

import hashlib

from asn1crypto import cms, core, parser
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from tokens.to_be_signed import INDIRECT_DATA

STATEMENT_TYPE, OPUS_INFO = "1.3.6.1.4.1.311.2.1.11", "1.3.6.1.4.1.311.2.1.12"
EMPTY = b"\x30\x00"  # a SEQUENCE of nothing
INDIVIDUAL = "1.3.6.1.4.1.311.2.1.21"  # SPC_INDIVIDUAL_SP_KEY_PURPOSE_OBJID, as the common tools write it


class _StatementType(core.SequenceOf):
    _child_spec = core.ObjectIdentifier


def attributes(data, at):
    """DER of the attributes to be signed for `data` (a SignedData, DER, that osslsigncode made for the same program with any key) at the instant `at`.
    Raises ValueError for other bytes."""
    content = _content(cms.ContentInfo.load(data, strict=True))
    said = cms.Time({"utc_time": core.UTCTime(at.replace(microsecond=0))})
    found = [
        {"type": "content_type", "values": [INDIRECT_DATA]},
        {"type": "message_digest", "values": [hashlib.sha256(content).digest()]},
        {"type": "signing_time", "values": [said]},
        {"type": STATEMENT_TYPE, "values": [_StatementType([INDIVIDUAL])]},
        {"type": OPUS_INFO, "values": [core.Any.load(EMPTY)]},
    ]
    return cms.CMSAttributes([cms.CMSAttribute(each) for each in found]).dump()


def signed(data, attributes_der, signature, certificate, chain):
    """The SignedData (DER) of `data` with the signature over `attributes_der`; `certificate` and `chain` are DER."""
    whole = cms.ContentInfo.load(data, strict=True)
    held = asn1.Certificate.load(certificate)
    is_rsa = isinstance(x509.load_der_x509_certificate(certificate).public_key(), rsa.RSAPublicKey)
    inner = whole["content"]
    inner["digest_algorithms"] = [{"algorithm": "sha256"}]
    inner["certificates"] = [
        cms.CertificateChoices("certificate", asn1.Certificate.load(der)) for der in (certificate, *chain)
    ]
    inner["signer_infos"] = [
        {
            "version": "v1",
            "sid": {"issuer_and_serial_number": {"issuer": held.issuer, "serial_number": held.serial_number}},
            "digest_algorithm": {"algorithm": "sha256"},
            "signed_attrs": cms.CMSAttributes.load(attributes_der),
            "signature_algorithm": {"algorithm": "rsassa_pkcs1v15" if is_rsa else "sha256_ecdsa"},
            "signature": signature,
        }
    ]
    return whole.dump(force=True)


def _content(whole):
    """The octets that are digested: the SpcIndirectDataContent without tag and length (PKCS#7, RFC 2315 §9.3)."""
    info = whole["content"]["encap_content_info"]
    if info["content_type"].dotted != INDIRECT_DATA:
        raise ValueError("no digest of a program")
    members = parser.parse(info.dump())[4]  # an OBJECT IDENTIFIER, and the content under [0]
    wrapped = parser.parse(members[parser.peek(members) :])[4]
    return parser.parse(wrapped)[4]
