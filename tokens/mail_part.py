"""The part of a signed mail that its signature covers (RFC 8551 §3.5.3; headers repeated inside, RFC 9788), read as what it must
be before a key of an office signs for it: no document, no form, no login can pass for one."""

from email.errors import MessageError
from email.parser import BytesHeaderParser
from email.policy import SMTP
from hashlib import sha256

from asn1crypto import cms
from cryptography import x509

from tokens import certificates
from tokens.errors import named
from tokens.to_be_signed import check_signed_attributes

LARGEST = 28_000_000
ONCE = ("From", "To", "Subject", "Date", "Message-ID", "Content-Type")


def check(inside, attributes_der, certificate_der):
    """`inside` must be the signed part of a mail, `attributes_der` the signed attributes over just these bytes with
    this certificate as the signer's, which is its From address's. Raises TokenError bytes_refused, mail_other_sender."""
    check_signed_attributes(attributes_der, certificate_der)
    attributes = cms.CMSAttributes.load(attributes_der)
    digests = [each["values"][0].native for each in attributes if each["type"].native == "message_digest"]
    if digests != [sha256(inside).digest()]:
        raise named("bytes_refused", "another mail's digest")
    senders = {address.addr_spec.lower() for address in _headers(inside)["From"].addresses}
    known = {each.lower() for each in certificates.mails(x509.load_der_x509_certificate(certificate_der))}
    if len(senders) != 1 or not senders <= known:
        raise named("mail_other_sender")


def _headers(inside):
    head, gap, _ = inside.partition(b"\r\n\r\n")
    try:
        found = BytesHeaderParser(policy=SMTP).parsebytes(head + b"\r\n\r\n")
        missing = [name for name in ONCE if len(found.get_all(name, [])) != 1 or found[name].defects]
        protects = found.get_param("hp") == "clear"
    except (MessageError, UnicodeError, ValueError, LookupError, TypeError) as error:
        raise named("bytes_refused", "no mail") from error
    if not gap or not inside.isascii() or missing or not protects:
        raise named("bytes_refused", "no mail")
    return found
