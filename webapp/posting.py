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

_TO_COMMAND_LINE = "サーバーのコマンドラインで、smtpコマンドを使って設定し直してください。"


class NoServer(OSError):
    """How to reach the mail server cannot be read from its file."""


# That the letter was not taken is certain after these; `trouble` says them in words. UnicodeError: smtplib speaks ASCII.
FAILURES = (OSError, UnicodeError, smtplib.SMTPException)


class Doubtful(Exception):
    """The bytes were handed over, but the server's answer never came: nobody knows whether the letter arrived."""


class Rejected(Exception):
    """The server refused the letter for good (a 5xx answer); the message holds its words."""


@contextmanager
def server(settings):
    """A connection after STARTTLS and login. Raises one of FAILURES when that fails."""
    file = settings.server_file(Institution.here().is_practice)
    at = _read(file)
    context = ssl.create_default_context()
    if at["ca"]:
        context.load_verify_locations(Path(file.parent, at["ca"]))
    smtp = smtplib.SMTP(at["host"], at["port"], timeout=30)
    try:
        smtp.starttls(context=context)
        smtp.ehlo()  # RFC 3207 §4.2: what the server said before is forgotten
        if at["user"]:
            smtp.login(at["user"], at["password"])
        yield smtp
    finally:
        smtp.close()


def _read(file):
    try:
        at = {"user": "", "password": "", "ca": ""} | json.loads(file.read_text())
        return at | {"host": at["host"], "port": int(at["port"])}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NoServer(f"{file.name}: {type(error).__name__}") from error


def hand_over(smtp, letter):
    """Hand the letter's bytes over and return the server's answer. Raises Rejected, Doubtful once the bytes have begun
    to leave, or one of FAILURES while it is certain that nothing was taken."""
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
    code, words = reply[0], _words(reply[1])
    if 200 <= code < 400:
        return f"{code} {words}"
    if code >= 500:
        raise Rejected(f"メールサーバーが受け付けませんでした({about}): {code} {words}")
    raise smtplib.SMTPResponseException(code, words)


def trouble(error):
    """(what happened, what to do), both Japanese, for one of FAILURES."""
    if isinstance(error, NoServer):
        return "メールサーバーの設定ファイルを読み取れませんでした。", _TO_COMMAND_LINE
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return "メールサーバーにログインできませんでした。ユーザー名またはパスワードが違います。", _TO_COMMAND_LINE
    if isinstance(error, smtplib.SMTPNotSupportedError):
        sentence = "メールサーバーが、暗号化した接続(STARTTLS)またはログインに対応していません。"
        return sentence, "サーバーの管理者に、STARTTLSを使えるホスト名とポート番号を確認してください。"
    if isinstance(error, ssl.SSLCertVerificationError):
        sentence = "メールサーバーの証明書を確認できませんでした。"
        return sentence, "ホスト名が証明書と合っているか、認証局の証明書(ca)の指定が必要かを確認してください。"
    if isinstance(error, smtplib.SMTPResponseException):
        words = f"メールサーバーが受け付けませんでした: {error.smtp_code} {_words(error.smtp_error)}"
        return words, "しばらく待って、もう一度お試しください。続く場合は、サーバーの管理者に確認してください。"
    sentence = f"メールサーバーにつながりませんでした({type(error).__name__})。"
    return sentence, "ホスト名とポート番号、ネットワークを確認してください。"


def _words(answer):
    return answer.decode("utf-8", "replace") if isinstance(answer, bytes) else str(answer)
