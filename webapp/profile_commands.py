"""The operator's commands about CA profiles: `profiles check FILE`, `profiles add FILE`, `profiles list`. They are offered by
`python -m webapp.commands`, by `flask` (app.py) and by `flask --app webapp.wsgi`."""

import sys
from pathlib import Path

import click

from webapp import profiles
from webapp.acts import Who, ca_profiles
from webapp.errors import Refused
from webapp.register import Institution, ProfileVersion, database

OPERATOR = Who(None, "command line")
ACTIONS = ("check", "add", "list")


def check(path):
    """Print 問題はありません and the reading of a file, or everything that is wrong with it; returns the exit status."""
    try:
        profile = profiles.check(_bytes_of(path), Path(path).stem)
    except profiles.ProfileRefused as refused:
        return _complain(path, refused)
    print("問題はありません。")
    for group, rows in profiles.read_aloud(profile):
        print(f"\n■ {group}")
        for row in rows:
            print(f"  {row.label}: " + f"\n  {'  ' * len(row.label)}  ".join(row.lines))
    return 0


def add(path):
    """Keep a file as a new version of the profile that is called like it; returns the exit status."""
    name = Path(path).stem
    try:
        with database.connection_context():
            version = ca_profiles.add(OPERATOR, name, _bytes_of(path))
            is_chosen = Institution.here().profile == name
    except profiles.ProfileRefused as refused:
        return _complain(path, refused)
    print(f"プロファイル「{name}」の第{version.number}版を保存しました。")
    print(
        "これから始める申請は、この版で扱います。すでにある申請は、始めたときの版のままです。"
        if is_chosen
        else "画面の「設定」→「機関の情報」で選ぶと、これから始める申請に使います。"
    )
    return 0


def show_all():
    """Print the profiles that may be chosen, each with its newest version."""
    with database.connection_context():
        ca_profiles.catch_up()
        chosen = Institution.here().profile
        for name in ca_profiles.names():
            mark = " ← 機関の設定" if name == chosen else ""
            print(f"{name} 第{ProfileVersion.newest(name).number}版 {ca_profiles.named(name).title}{mark}")
    return 0


def run(action, path):
    """Do one of ACTIONS; returns the exit status. Raises Refused."""
    if action == "list":
        return show_all()
    if not path:
        raise Refused("ファイルが指定されていません。", f"profiles {action} FILE の形で実行してください。")
    return check(path) if action == "check" else add(path)


def _bytes_of(path):
    try:
        with open(path, "rb") as file:
            return file.read(profiles.LARGEST + 1)
    except OSError:
        raise Refused(f"ファイル {path} を読み取れません。", "ファイルの場所を確認してください。") from None


def _complain(path, refused):
    print(f"{path}: {len(refused.faults)}件の問題があります。", file=sys.stderr)
    for fault in refused.faults:
        print(f"  {fault}", file=sys.stderr)
    return 1


def offer(app):
    """Let `flask profiles …` do the same."""

    @app.cli.command("profiles", help="認証局のプロファイルを確かめ(check)、加え(add)、一覧にします(list)。")
    @click.argument("action", type=click.Choice(ACTIONS))
    @click.argument("file", required=False)
    def command(action, file):
        try:
            status = run(action, file)
        except Refused as refusal:
            print(f"{refusal.message}\n{refusal.advice}", file=sys.stderr)
            status = 1
        raise SystemExit(status)
