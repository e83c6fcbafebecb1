"""A letter of ours as it came back signed (multipart/signed, RFC 1847; RFC 8551 §3.5.3; headers repeated inside, RFC 9788).

The rule: it says to its readers exactly what our letter says, and nothing else. The signed part has our body byte for byte
and our headers; the outer headers are ours; one detached CMS signature (RFC 5652) covers the whole part; its certificate
is an S/MIME certificate of the sender's address and chains to an anchor now. Nothing is ever fetched. Any doubt is a refusal.
"""

import asyncio
import binascii
import re
from base64 import b64decode
from dataclasses import dataclass
from datetime import datetime
from email.errors import MessageError, MultipartInvariantViolationDefect, StartBoundaryNotFoundDefect
from email.parser import BytesParser
from email.policy import SMTP

from asn1crypto import cms
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from pyhanko.sign.validation import KeyUsageConstraints, async_validate_detached_cms

from webapp.errors import Refused
from webapp.papers import envelope, signer
from webapp.papers.pdf import PARSER_ERRORS
from webapp.papers.seal_report import SealRefused
from webapp.papers.subject import Subject

LARGEST = 28_000_000
# The headers that a signature repeats inside; those that describe the content are compared apart.
PROTECTED = ("from", "to", "cc", "reply-to", "subject", "date", "message-id", "in-reply-to", "references")
_USAGE = KeyUsageConstraints(key_usage={"digital_signature", "non_repudiation"}, match_all_key_usages=False)
_TYPES = ("application/pkcs7-signature", "application/x-pkcs7-signature")
_WITHOUT_BODY = (StartBoundaryNotFoundDefect, MultipartInvariantViolationDefect)  # since only the headers are parsed
_NOTE = re.compile(rb"[ -~\r\n]{0,100}")  # what stands before the first part, which no reader shows
_AGAIN = "送付の画面から、もう一度はじめからやり直してください。"


@dataclass(frozen=True)
class SignedMail:
    """An accepted signed letter: the address it is from (lower-case), and its certificate (DER), its serial (hex) and issuer."""

    sender: str
    certificate_der: bytes
    serial_hex: str
    issuer_text: str


class MailRefused(Refused):
    """The signed letter may not leave; `code` names the reason."""

    def __init__(self, code: str, message: str, advice: str = _AGAIN):
        super().__init__(message, advice)
        self.code = code


def check(signed: bytes, ours: bytes, anchors: list[bytes], others: list[bytes], at: datetime) -> SignedMail:
    """The SignedMail in `signed`, if it is our letter `ours` under a good signature. `anchors` and `others` are DER as for
    seals, `at` is aware. Raises MailRefused (broken, changed, another_sender), SealRefused (untrusted, expired, weak, …)."""
    try:
        head, inside, signature = _parts(signed)
        _check_letter(head, inside, ours)
        return _signed_by(head, inside, signature, anchors, others, at)
    except (*PARSER_ERRORS, MessageError, binascii.Error, UnsupportedAlgorithm, x509.InvalidVersion):
        raise _broken() from None


def _parts(signed):
    """(outer headers, the signed part, the CMS in DER) of a multipart/signed of exactly two parts."""
    raw_head, gap, body = signed.partition(b"\r\n\r\n")
    head = _headers(raw_head)
    boundary = (head.get_boundary() or "").encode()
    _require(len(signed) <= LARGEST and gap and boundary)
    _require(head.get_content_type() == "multipart/signed" and head.get_param("protocol") in _TYPES)
    pieces = (b"\r\n" + body).split(b"\r\n--" + boundary)
    _require(len(pieces) == 4 and pieces[3].strip(b"\r\n") == b"--" and _NOTE.fullmatch(pieces[0]))
    _require(pieces[1].startswith(b"\r\n") and pieces[2].startswith(b"\r\n"))
    signature_head, gap, encoded = pieces[2][2:].partition(b"\r\n\r\n")
    described = _headers(signature_head)
    _require(described.get_content_type() in _TYPES)
    _require(str(described["Content-Transfer-Encoding"]).strip().lower() == "base64")
    return head, pieces[1][2:], b64decode(b"".join(encoded.split()), validate=True)


def _check_letter(head, inside, ours):
    """Both sets of headers and the body are those of our letter."""
    our_head, _, our_body = ours.partition(b"\r\n\r\n")
    our_headers = _headers(our_head)
    inner_head, gap, inner_body = inside.partition(b"\r\n\r\n")
    inner = _headers(inner_head)
    said = _values(our_headers)
    same = gap and inner_body.rstrip(b"\r\n") == our_body.rstrip(b"\r\n")
    same = same and _values(head) == said and _values(inner) == [pair for pair in said if pair[0] in PROTECTED]
    same = same and _content(inner) == _content(our_headers)
    if not same:
        raise MailRefused("changed", "署名されたメールの内容が、しるしが用意したメールと同じではありません。")


def _headers(raw):
    parsed = BytesParser(policy=SMTP).parsebytes(raw + b"\r\n\r\n", headersonly=True)
    damage = [each for each in parsed.defects if not isinstance(each, _WITHOUT_BODY)]
    _require(not damage and not any(value.defects for value in parsed.values()))
    return parsed


def _values(headers):
    """What the headers say but for those about the content, as sorted pairs."""
    pairs = ((name.lower(), " ".join(str(value).split())) for name, value in headers.items())
    return sorted(pair for pair in pairs if not pair[0].startswith("content-") and pair[0] != "mime-version")


def _content(headers):
    """How the content is described, without the mark of RFC 9788."""
    parameters = {name: value for name, value in (headers.get_params() or []) if name != "hp"}
    others = {name.lower() for name in headers.keys()} - set(PROTECTED) - {"mime-version"}
    encoding = str(headers.get("Content-Transfer-Encoding", "")).strip().lower()
    return headers.get_content_type(), parameters, encoding, others


def _signed_by(head, inside, signature, anchors, others, at):
    info = cms.ContentInfo.load(signature, strict=True)
    _require(info["content_type"].native == "signed_data")
    data = info["content"]
    _require(len(data["signer_infos"]) == 1 and not data["encap_content_info"]["content"].native)
    envelope.check_modern(data["signer_infos"][0])
    context = signer.validation_context(anchors, others, at)
    checking = async_validate_detached_cms(inside, data, context, key_usage_settings=_USAGE)
    status = asyncio.run(checking)
    if not (status.intact and status.valid):
        raise _broken()
    certificate = x509.load_der_x509_certificate(status.signing_cert.dump())
    signer.check_kind(certificate)
    signer.check_dates(certificate, at)
    if not status.trusted:
        raise signer.untrusted(certificate)
    return SignedMail(
        sender=_sender(head, certificate),
        certificate_der=status.signing_cert.dump(),
        serial_hex=f"{certificate.serial_number:x}",
        issuer_text=str(Subject.from_name(certificate.issuer)),
    )


def _sender(head, certificate):
    senders = {address.addr_spec.lower() for address in head["From"].addresses}
    known = signer.mails(certificate)
    if len(senders) != 1 or not senders <= set(known):
        raise MailRefused(
            "another_sender",
            f"署名に使われた証明書のメールアドレス({'、'.join(known)})は、差出人のものではありません。",
            "差出人になっている登録担当者のカードで署名してください。",
        )
    return senders.pop()


def _require(holds):
    if not holds:
        raise _broken()


def _broken():
    return MailRefused("broken", "署名されたメールとして読み取れないか、署名が内容と一致しません。")


__all__ = ["MailRefused", "SealRefused", "SignedMail", "check"]
