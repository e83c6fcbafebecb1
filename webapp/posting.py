"""Handing a letter to the mail server (SMTP, RFC 5321; STARTTLS, RFC 3207), so that doubt is told apart from failure.

How to reach the server is a file of mode 0600 (JSON: host, port, user, password, and `ca`, a PEM file to trust besides
the system's); credentials are never rows, environment or arguments.
"""

import json
import re
import smtplib
import ssl
from contextlib import contextmanager
from email import policy
from email.parser import BytesParser
from pathlib import Path

from webapp.register import Institution


class Doubtful(Exception):
    """The bytes were handed over, but the server's answer never came: nobody knows whether the letter arrived."""


class Rejected(Exception):
    """The server refused the letter for good (a 5xx answer); the message holds its words."""


def server_file(settings):
    """The demo posts to the practice desk alone, whatever else is configured."""
    if Institution.here().is_practice:
        return settings.data / "practice" / "smtp.json"
    return settings.mail_file


@contextmanager
def server(settings):
    """A connection after STARTTLS and login. Raises OSError or smtplib.SMTPException when that fails."""
    at = json.loads(server_file(settings).read_text())
    context = ssl.create_default_context()
    if at.get("ca"):
        context.load_verify_locations(Path(server_file(settings).parent, at["ca"]))
    smtp = smtplib.SMTP(at["host"], at["port"], timeout=30)
    try:
        smtp.starttls(context=context)
        smtp.ehlo()  # RFC 3207 §4.2: what the server said before is forgotten
        if at.get("user"):
            smtp.login(at["user"], at["password"])
        yield smtp
    finally:
        smtp.close()


def hand_over(smtp, letter):
    """Hand the letter's bytes over and return the server's answer. Raises Rejected, Doubtful once the bytes have begun
    to leave, or smtplib.SMTPException/OSError while it is certain that nothing was taken."""
    data = letter.content.bytes()
    _agree(smtp.mail(_sender(data)), "MAIL")
    for recipient in letter.recipients:
        _agree(smtp.rcpt(recipient), recipient)
    _agree(smtp.docmd("DATA"), "DATA")
    try:
        smtp.send(re.sub(rb"(?m)^\.", b"..", data) + b".\r\n")
        reply = smtp.getreply()
    except (smtplib.SMTPServerDisconnected, OSError) as error:
        raise Doubtful("本文を渡したあと、メールサーバーから応答がありませんでした。") from error
    return _agree(reply, "本文")


def _sender(data):
    headers = BytesParser(policy=policy.default).parsebytes(data, headersonly=True)
    return headers["From"].addresses[0].addr_spec


def _agree(reply, about):
    code, words = reply
    words = words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)
    if 200 <= code < 400:
        return f"{code} {words}"
    if code >= 500:
        raise Rejected(f"メールサーバーが受け付けませんでした({about}): {code} {words}")
    raise smtplib.SMTPResponseException(code, words)
