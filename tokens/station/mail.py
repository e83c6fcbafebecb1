"""The mail that an officer is to sign: who wrote it, to whom, what it carries; and nothing that a reader would not see."""

import hashlib
from email import message_from_bytes
from email.errors import MessageError
from email.policy import SMTP
from email.utils import getaddresses

from tokens.station.payloads import Attachment
from tokens.station.refusals import Refusal

RECIPIENTS = ("To", "Cc", "Bcc")
ONCE = ("From", "Sender", "Reply-To", "To", "Cc", "Bcc", "Subject", "Date", "Message-ID")
NEVER = "resent-"
LARGEST_TEXT = 100_000


def check(data, payload):
    """The mail's text (str), after comparing it with a payloads.SignMail. Raises Refusal mail_unreadable, mail_sender,
    mail_recipients, mail_subject, mail_attachments, mail_parts."""
    try:
        mail = message_from_bytes(data, policy=SMTP)
        _check_headers(mail, payload)
        text, attachments = _parts(mail)
    except (MessageError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise Refusal("mail_unreadable", type(error).__name__) from error
    if tuple(attachments) != payload.attachments:
        raise Refusal("mail_attachments", "、".join(each.name for each in attachments)[:100])
    return text


def _check_headers(mail, payload):
    names = [name.lower() for name in mail.keys()]
    if any(names.count(name.lower()) > 1 for name in ONCE) or any(name.startswith(NEVER) for name in names):
        raise Refusal("mail_unreadable", "headers")
    sender = payload.sender.lower()
    for name in ("From", "Sender", "Reply-To"):
        if (name == "From" or name in mail) and _addresses(mail, name) != [sender]:
            raise Refusal("mail_sender", name)
    told = sorted(each.lower() for each in payload.recipients)
    if not told or sorted(address for name in RECIPIENTS for address in _addresses(mail, name)) != told:
        raise Refusal("mail_recipients")
    if str(mail["Subject"] or "") != payload.subject:
        raise Refusal("mail_subject")


def _addresses(mail, name):
    return [address.lower() for _, address in getaddresses([str(value) for value in mail.get_all(name, [])])]


def _parts(mail):
    """(text, [Attachment, …]) of a plain mail or a multipart/mixed one: one text, then files."""
    if mail.defects or any(part.defects for part in mail.walk()):
        raise Refusal("mail_unreadable", "defects")
    parts = list(mail.iter_parts()) if mail.get_content_type() == "multipart/mixed" else [mail]
    body, files = parts[0], parts[1:]
    if body.get_content_type() != "text/plain" or body.is_attachment():
        raise Refusal("mail_parts", body.get_content_type())
    if any(part.is_multipart() or not part.is_attachment() for part in files):
        raise Refusal("mail_parts", "within")
    return body.get_content()[:LARGEST_TEXT], [_attachment(part) for part in files]


def _attachment(part):
    data = part.get_payload(decode=True)
    return Attachment(part.get_filename() or "", len(data), hashlib.sha256(data).hexdigest())
