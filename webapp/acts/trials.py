"""Trying out what the house depends on: a letter through the mail server, a signature by the token."""

import json
import secrets
import stat

from tokens import self_check
from webapp import mails
from webapp.acts import THE_WORKER, entries, house, letters
from webapp.acts.keys import on_token
from webapp.errors import Refused
from webapp.register import Event, Institution

_TO_COMMAND_LINE = "サーバーのコマンドラインで、smtpコマンドを使って設定し直してください。"


def try_mail(who, recipient, settings):
    """Ask the worker to post a test letter, once; returns the letter, which will say what became of it.
    Raises NotYourAct, Incomplete, or Refused while there is no way to the mail server."""
    house.require_administrator(who)
    to = entries.checked({"recipient": entries.mail("宛先")}, {"recipient": recipient})["recipient"]
    check_server_file(settings)
    with house.administering(who):
        letter = letters.send(mails.trial(settings.sender, ("", to)), "trial")
        house.note("try_mail", Institution.here(), who, {"letter": letter.id}, {"recipient": to})
    return letter


def tell(letter):
    """The event of what became of a test letter. Called by the worker in the transaction that settles it; the mail
    server's words lie beside the chain."""
    told = {"letter": letter.id, "outcome": letter.state}
    Event.write("tried_mail", Institution.here(), None, THE_WORKER.address, told, {"note": letter.answer})


def check_server_file(settings):
    """How to reach the mail server lies in a file that only we can read. Raises Refused when it does not; returns the
    host and the port, and nothing secret."""
    path = settings.server_file(Institution.here().is_practice)
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
