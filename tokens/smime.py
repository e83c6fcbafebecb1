"""Signed mail: multipart/signed (RFC 8551 §3.5.3, RFC 1847) with a detached CMS SignedData by a card's key.

The headers a reader relies on (from, to, cc, subject, date, …) are outside what such a signature covers; so they are repeated
inside the signed part (RFC 9788 §4, hp="clear").
"""

import asyncio
import base64
import secrets
from datetime import UTC, datetime
from email import message_from_bytes
from email.errors import MessageError
from email.policy import SMTP
from email.utils import getaddresses
from hashlib import sha256

from cryptography import x509
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes

from tokens import certificates
from tokens.cms import HASH, checked, finished, signer_of
from tokens.errors import named

PROTECTED = ("From", "To", "Cc", "Reply-To", "Subject", "Date", "Message-ID", "In-Reply-To", "References")
CONTENT = ("content-", "mime-version")
UNREADABLE = (MessageError, UnicodeError, ValueError, LookupError, TypeError, RecursionError)  # a header of brackets


def signed(message, signing_certificate, chain, sign, now=None):
    """`message` (RFC 5322, bytes) as multipart/signed, bytes with CRLF. `signing_certificate` and each of `chain` are DER;
    `sign(signed_attributes_der) -> signature` is called once (as in tokens/sealing.py); `now` is aware.

    Raises TokenError mail_unreadable, mail_other_sender (From is no address of the certificate), signature_wrong, and
    whatever `sign` raises."""
    parsed = _parsed(message)
    _written_by_holder(parsed, signing_certificate)
    inside = inner_part(parsed)
    signer = signer_of(signing_certificate, chain)
    settings = PdfCMSSignedAttributes(signing_time=now or datetime.now(UTC))
    digest = sha256(inside).digest()
    attributes = asyncio.run(signer.signed_attrs(digest, HASH, attr_settings=settings, is_pdf_sig=False))
    signature = checked(signing_certificate, sign(attributes.dump()), attributes.dump())
    cms = asyncio.run(finished(signer, attributes, signature))
    return _assembled(parsed, inside, cms.dump())


def part_of(message):
    """The part of `message` (RFC 5322, bytes) that `signed` has signed. Raises TokenError mail_unreadable."""
    return inner_part(_parsed(message))


def inner_part(parsed):
    """The bytes that are signed: the content with its own headers and the protected ones, 7-bit, lines ending in CRLF."""
    inner = message_from_bytes(parsed.as_bytes(), policy=SMTP)
    for name in list(inner.keys()):
        if not name.lower().startswith(CONTENT):
            del inner[name]
    for name in PROTECTED:
        for value in parsed.get_all(name, []):
            inner[name] = str(value)
    if "Content-Type" not in inner:
        inner["Content-Type"] = "text/plain; charset=us-ascii"
    inner.set_param("hp", "clear")
    data = inner.as_bytes()
    if not data.isascii():
        raise named("mail_unreadable", "not 7-bit")
    return data


def _parsed(message):
    try:
        parsed = message_from_bytes(message, policy=SMTP.clone(cte_type="7bit"))
        parsed = message_from_bytes(parsed.as_bytes(), policy=SMTP)  # 8-bit parts are encoded by now
        missing = [name for name in ("From", "Subject") if not parsed.get(name)]
        has_recipients = bool(parsed.get("To") or parsed.get("Cc") or parsed.get("Bcc"))
    except UNREADABLE as error:
        raise named("mail_unreadable", type(error).__name__) from error
    if missing or not has_recipients:
        raise named("mail_unreadable", f"without {' '.join(missing) or 'To'}")
    if parsed.get_content_type() in ("multipart/signed", "multipart/encrypted"):
        raise named("mail_unreadable", "signed already")
    return parsed


def _written_by_holder(parsed, signing_certificate):
    known = {mail.lower() for mail in certificates.mails(x509.load_der_x509_certificate(signing_certificate))}
    try:
        senders = {address.lower() for _, address in getaddresses([str(parsed["From"])])}
    except UNREADABLE as error:
        raise named("mail_unreadable", type(error).__name__) from error
    if not senders <= known:
        raise named("mail_other_sender")


def _assembled(parsed, inside, cms):
    """The whole message: its outer headers, the signed part byte for byte, and the signature."""
    boundary = f"shirushi-{secrets.token_hex(16)}"
    kind = f'multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256;\r\n boundary="{boundary}"'
    outer = message_from_bytes(b"", policy=SMTP)
    for name, value in parsed.items():
        if not name.lower().startswith((*CONTENT, "bcc")):
            outer[name] = str(value)
    headers = outer.as_bytes().rstrip(b"\r\n") + f"\r\nMIME-Version: 1.0\r\nContent-Type: {kind}\r\n\r\n".encode()
    encoded = base64.encodebytes(cms).replace(b"\n", b"\r\n")
    signature = (
        b'Content-Type: application/pkcs7-signature; name="smime.p7s"\r\nContent-Transfer-Encoding: base64\r\n'
        b'Content-Disposition: attachment; filename="smime.p7s"\r\n\r\n' + encoded
    )
    line = f"--{boundary}".encode()
    note = b"This is a signed message (S/MIME).\r\n"
    return b"".join([headers, note, line, b"\r\n", inside, b"\r\n", line, b"\r\n", signature, line, b"--\r\n"])
