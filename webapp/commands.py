"""The operator's commands: `python -m webapp.commands <command>`. What they say is Japanese; secrets are asked for at
the terminal, printed once where they must be, and never taken from arguments or environment."""

import argparse
import json
import logging
import os
import sys
from dataclasses import fields, replace
from getpass import getpass
from pathlib import Path
from urllib.parse import urlsplit

from webapp import imap_file, profile_commands, register, smtp_file, worker
from webapp.acts import founding, letters, visits
from webapp.errors import Refused
from webapp.papers.password import new_password
from webapp.questions import QUESTIONS, ask
from webapp.register import Account, ChainBroken, Institution, content, database, verify_chain
from webapp.settings import Settings

NO_DATA = "はじめに real-init コマンドでデータを作ってください。"


def main(arguments=None):
    """Run one command; returns the exit status: 0, or 1 after a sentence on stderr."""
    options = _parser().parse_args(arguments)
    try:
        is_read_only = getattr(options, "action", "") == "check"  # needs no data
        return options.run(None if is_read_only else _settings(options), options) or 0
    except Refused as refusal:
        _complain(refusal)
        return 1
    except (KeyboardInterrupt, EOFError):
        print("\n中止しました。何も変更していません。", file=sys.stderr)
        return 1


def _parser():
    parser = argparse.ArgumentParser(prog="python -m webapp.commands", description="しるしを運用するためのコマンド")
    commands = parser.add_subparsers(required=True, metavar="コマンド")
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--data", metavar="DIR", help="データの置き場所(指定しなければ環境変数 SHIRUSHI_DATA)")
    for name, run, about in COMMANDS:
        command = commands.add_parser(name, parents=[shared], help=about, description=about)
        command.set_defaults(run=run)
        if name == "real-init":
            command.add_argument("--answers", metavar="FILE", help="質問への回答(JSON)。指定すると質問しません。")
        if name == "profiles":
            command.add_argument("action", choices=profile_commands.ACTIONS, help="確かめる、加える、一覧にする")
            command.add_argument("file", nargs="?", metavar="FILE", help="プロファイルのファイル(TOML)")
        if name == "password":
            command.add_argument("login", metavar="LOGIN", help="ログイン名")
    return parser


def _settings(options):
    environ = dict(os.environ) | ({"SHIRUSHI_DATA": options.data} if options.data else {})
    if "SHIRUSHI_DATA" not in environ:
        raise Refused("データの置き場所が指定されていません。", "--data DIR を付けてください(例: --data var/real)。")
    try:
        return Settings.from_environment(environ)
    except ValueError as error:
        raise Refused(f"環境変数による設定を読み取れません: {error}", "設定を直してください。") from None


def _complain(refusal):
    lines = [refusal.message, *refusal.fields.values()]
    if refusal.advice not in lines and not refusal.fields:
        lines.append(refusal.advice)
    print("\n".join(line for line in lines if line), file=sys.stderr)


def _open(settings):
    """Point the rooms at an installation that is there. Raises Refused when there is none."""
    if not settings.content_key_file.exists():
        raise Refused(f"{settings.data} に、しるしのデータがありません。", NO_DATA)
    register.bind(settings.database)
    content.unlock(settings.content_key_file)
    letters.settle_house(settings.sender, settings.public_url)


# The commands


def real_init(settings, options):
    """Make the data of a real installation, ask what must be known, and print the first password once."""
    _refuse_what_is_there(settings)
    answers = _read_answers(options.answers) if options.answers else ask(founding.checked)
    founding.checked(answers)
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    settings.data.chmod(0o700)
    content.unlock(settings.content_key_file)
    register.bind(settings.database)
    register.migrate()
    with database.connection_context():
        password = founding.found(answers)
    print(f"「{answers['formal_name']}」のデータを {settings.data} に作りました。")
    print(f"ログイン名: {answers['login']}\n初期パスワード(表示は1度だけです): {password}")
    print(
        "次に smtp コマンドでメールサーバーを設定し、bin/run --real で始めてください。残りは画面の「設定」で行います。"
    )


def _refuse_what_is_there(settings):
    if not settings.content_key_file.exists():
        return
    register.bind(settings.database)
    register.migrate()
    with database.connection_context():
        if Institution.is_set_up():
            raise Refused(
                f"{settings.data} には、すでに機関のデータがあります。",
                "別の場所を指定するか、画面の「設定」で変更してください。",
            )


def _read_answers(path):
    try:
        given = json.loads(Path(path).read_text("utf-8"))
    except (OSError, ValueError):
        raise Refused(f"回答のファイル {path} を読み取れません。", "JSON(UTF-8)で書いてください。") from None
    known = {question.name: question.default for question in QUESTIONS}
    strange = sorted(set(given) - set(known)) if isinstance(given, dict) else ["(全体)"]
    if strange or not all(isinstance(value, str) for value in given.values()):
        raise Refused(
            f"回答のファイルに、分からない項目があります: {'、'.join(strange) or '文字列ではない値'}",
            f"使える項目: {'、'.join(known)}",
        )
    answers = known | given
    return answers | {each.name: answers[each.name] or answers[each.like] for each in QUESTIONS if each.like}


def smtp(settings, _options):
    """Ask how the mail server is reached, and write the file that only this user can read."""
    _open(settings)
    with database.connection_context():
        if Institution.here().is_practice:
            raise Refused(
                "練習環境のメールは、練習用の窓口にだけ届きます。", "メールサーバーは本番の環境で設定してください。"
            )
    at = smtp_file.checked(
        host=input("メールサーバーのホスト名: "),
        port=input("ポート番号 [587]: ") or "587",
        user=input("ユーザー名(ログインしない場合は空): "),
        ca=input("認証局の証明書のファイル(OSが信頼する認証局なら空): "),
    )
    if at["user"]:
        at["password"] = getpass("パスワード(表示されません): ")
    smtp_file.write(settings.mail_file, at)
    print(f"{settings.mail_file} に保存しました。画面の「設定」→「メール」で試験メールを送ってください。")


def imap(settings, _options):
    """Ask how the shared mailbox is reached, and write the file that only this user can read."""
    _open(settings)
    with database.connection_context():
        if Institution.here().is_practice:
            raise Refused(
                "練習環境では、実際のメールボックスを読みません。", "共用メールボックスは本番の環境で設定してください。"
            )
    at = imap_file.checked(
        host=input("メールサーバー(IMAP)のホスト名: "),
        port=input("ポート番号 [993]: ") or "993",
        user=input("共用メールボックスのユーザー名: "),
        folder=input("フォルダー [INBOX]: ") or "INBOX",
        token_file=input("アクセストークンのファイル(XOAUTH2。パスワードを使う場合は空): "),
        ca=input("認証局の証明書のファイル(OSが信頼する認証局なら空): "),
    )
    if not at["token_file"]:
        at["password"] = getpass("パスワード(表示されません): ")
    smtp_file.write(settings.mailbox_file, at)
    print(f"{settings.mailbox_file} に保存しました。画面の「設定」→「メール」で、読めたことを確認してください。")


def migrate(settings, _options):
    """Bring the register to the present shape."""
    _open(settings)
    applied = register.migrate()
    print(f"台帳を更新しました: {'、'.join(applied)}" if applied else "台帳は最新の形です。")


def check_chain(settings, _options):
    """Walk the whole chain of events."""
    _open(settings)
    try:
        with database.connection_context():
            count = verify_chain()
    except ChainBroken as broken:
        raise Refused(
            f"操作記録のつながりに異常があります: {broken}", "バックアップと照合し、監査担当者に知らせてください。"
        ) from None
    print(f"操作記録 {count}件: つながりに異常はありません。")


def work(settings, _options):
    """Run the worker until it is ended."""
    _open(settings)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    worker.run(settings)


def password(settings, options):
    """Give an account a new password, and print it once."""
    _open(settings)
    with database.connection_context():
        login = options.login.strip().lower()
        account = Account.get_or_none((Account.login == login) & Account.closed_at.is_null())
        if account is None:
            raise Refused(f"ログイン名「{login}」で使えるアカウントはありません。", "ログイン名を確認してください。")
        made = new_password()
        visits.set_password(account.person, made, None, founding.OPERATOR.address)
    print(f"{login} の新しいパスワード(表示は1度だけです): {made}")


def ca_profiles(settings, options):
    """Check, add or list CA profiles."""
    if settings:
        _open(settings)
    return profile_commands.run(options.action, options.file)


def show_settings(settings, _options):
    """Print the settings in force, without secrets."""
    shown = replace(settings, database_url=_without_password(settings.database_url))
    for option in fields(shown):
        print(f"{option.name}: {getattr(shown, option.name)}")
    for name in ("database", "tokend", "content_key_file", "mail_file", "lobby"):
        print(f"{name}: {getattr(shown, name)}")


def _without_password(url):
    parts = urlsplit(url)
    secret = parts.password
    return url.replace(f":{secret}@", ":***@", 1).partition("?")[0] if secret else url.partition("?")[0]


COMMANDS = (
    ("real-init", real_init, "本番のデータを新しく作ります。"),
    ("smtp", smtp, "メールサーバーへの接続を設定します。"),
    ("imap", imap, "共用メールボックスの読み取りを設定します。"),
    ("migrate", migrate, "台帳を今の形に更新します。"),
    ("check-chain", check_chain, "操作記録のつながりを確認します。"),
    ("worker", work, "メールの送信と書類の作成を続けて行います。"),
    ("password", password, "パスワードを再設定します。"),
    ("profiles", ca_profiles, "認証局のプロファイルを確かめ(check)、加え(add)、一覧にします(list)。"),
    ("settings", show_settings, "有効な設定を表示します(秘密の値は表示しません)。"),
)

if __name__ == "__main__":
    sys.exit(main())
