"""Trying out what the house depends on: a letter through the mail server, a signature by the token."""

import json
import secrets
import smtplib
import ssl
import stat

from tokens import self_check
from webapp import mails, posting
from webapp.acts import entries, house, letters
from webapp.acts.keys import on_token
from webapp.errors import Refused
from webapp.register import Institution, Letter

_TO_COMMAND_LINE = "サーバーのコマンドラインで、smtpコマンドを使って設定し直してください。"


def try_mail(who, recipient, settings):
    """Send a test letter now and return the server's answer. The letter and its outcome are kept, whatever it is.
    Raises NotYourAct, Incomplete, or Refused with what the server or the network said."""
    house.require_administrator(who)
    to = entries.checked({"recipient": entries.mail("宛先")}, {"recipient": recipient})["recipient"]
    check_server_file(settings)
    letter = letters.keep(mails.trial(settings.sender, ("", to)), "notice", state="posting")
    try:
        with posting.server(settings) as server:
            answer = posting.hand_over(server, letter)
    except posting.Doubtful as error:
        _fail(who, letter, "unknown", str(error), "届いているかを、宛先の受信箱で確認してください。")
    except posting.Rejected as error:
        _fail(who, letter, "refused", str(error), "差出人と宛先が、このメールサーバーで使えるかを確認してください。")
    except (OSError, smtplib.SMTPException) as error:
        _fail(who, letter, "cancelled", *trouble(error))
    _settle(who, letter, "posted", answer)
    return answer


def check_server_file(settings):
    """How to reach the mail server lies in a file that only we can read. Raises Refused when it does not; returns the
    host and the port, and nothing secret."""
    path = posting.server_file(settings)
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        at = json.loads(path.read_text())
        host, port = at["host"], at["port"]
    except FileNotFoundError:
        raise Refused("メールサーバーがまだ設定されていません。", _TO_COMMAND_LINE) from None
    except (OSError, ValueError, KeyError, TypeError):
        raise Refused("メールサーバーの設定ファイルを読み取れません。", _TO_COMMAND_LINE) from None
    if mode & 0o077:
        raise Refused(
            "メールサーバーの設定ファイルを、ほかの利用者も読める状態です。",
            "パスワードを変え、サーバーのコマンドラインで、smtpコマンドを使って設定し直してください。",
        )
    return {"host": host, "port": port}


def trouble(error):
    """(what happened, what to do) for an error on the way to the mail server."""
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


def _fail(who, letter, state, message, advice):
    _settle(who, letter, state, message)
    raise Refused(message, advice)


def _settle(who, letter, state, answer):
    """Write what became of the letter, with the event. Addresses and the server's words lie beside the chain."""
    with house.administering(who):
        letter.state, letter.answer = state, answer
        letter.save(only=[Letter.state, Letter.answer])
        private = {"recipient": letter.recipients, "note": answer}
        house.note("try_mail", Institution.here(), who, {"outcome": state, "letter": letter.id}, private)


def try_token(who, tokend):
    """Let the token make a key that is never stored, sign with it, and verify the signature here; returns what
    tokens.client calls a SelfCheck. No key of an application is touched. Raises NotYourAct or Refused."""
    house.require_administrator(who)
    nonce = secrets.token_bytes(32)
    made = on_token(tokend.self_check, nonce=nonce)
    on_token(self_check.verify, nonce=nonce, spki=made.spki, signature=made.signature)
    with house.administering(who):
        told = {"mechanism": made.mechanism, "token": made.token}
        house.note("try_token", Institution.here(), who, told)
    return made
