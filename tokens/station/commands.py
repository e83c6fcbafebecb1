"""`python -m tokens station …`, and the opener that needs no word."""

import argparse
import sys
import threading
import time
import webbrowser
from contextlib import contextmanager

from tokens import folders
from tokens.errors import TokenError
from tokens.modules import path_of
from tokens.process import leave_no_core
from tokens.prompts import prompt
from tokens.station import console, device, pages, pairing, protocol
from tokens.station.cards import Cards
from tokens.station.journal import Journal
from tokens.station.refusals import Refusal
from tokens.station.window import FILE, Window
from tokens.terminal import complain, say

LOCK = "signing station"
TROUBLE = "trouble.html"


def register(acts):
    """Add `station` to the operations of `python -m tokens` (an argparse subparsers object)."""
    sentence = "このパソコンを、しるしの署名ステーションにします。"
    station = acts.add_parser("station", help=sentence, description=sentence)
    parts = station.add_subparsers(required=True, metavar="操作")

    def part(name, act, sentence):
        made = parts.add_parser(name, help=sentence, description=sentence)
        made.set_defaults(act=act)
        return made

    pair_ = part("pair", pair, "このパソコンを、しるしとペアリングします。")
    pair_.add_argument("url", metavar="アドレス", help="しるしを開いているときのアドレス(https://…)")
    run_ = part("run", run, "署名の依頼を待ちます。")
    _running_options(run_)
    part("window", open_window, "動いている署名ステーションの画面を開きます。動いていなければ、動かします。")
    part("status", status, "ペアリング先、鍵、記録の状態を表示します。")
    forget_ = part("forget", forget, "ペアリングを解除します。")
    forget_.add_argument("url", metavar="アドレス", nargs="?", help="ペアリング先(1つだけなら不要)")
    return station


def _running_options(parser):
    parser.add_argument(
        "--module",
        action="append",
        default=[],
        help="PKCS#11モジュールの場所。繰り返し指定できます。次から指定は要りません",
    )
    parser.add_argument("--terminal", action="store_true", help="ブラウザーを使わず、この端末で操作します")
    parser.add_argument("--pin-fd", type=int, metavar="番号", help=argparse.SUPPRESS)


def pair(options):
    """Make this PC a station of the server at `options.url`."""
    key = device.key()
    begun = pairing.begin(options.url, key)
    say(f"ペアリング先: {begun.origin}", f"この端末の鍵の指紋: {begun.fingerprint}", "")
    say("しるしにサインインし、「署名ステーション」›「端末をペアリングする」で、次の2つを入力してください(10分以内)。")
    say(f"  コード    : {begun.user_code}", f"  6桁の番号 : {begun.match_number}", "", "確認を待っています…")
    made = pairing.finish(begun, key)
    say(f"ペアリングしました。持ち主: {made.owner}", f"次のコマンドで、署名の依頼を待ち始めます: {_command('run')}")
    if _is_running():
        say("署名ステーションはすでに動いています。新しいペアリング先は、いったん終えて動かし直すと使えます。")


def run(options):
    """Wait for jobs and do them, until interrupted."""
    if options.module:
        device.choose_modules(path_of(each) for each in options.module)
    with _alone(), _agent(options) as agent:
        if options.terminal:
            console.run(agent, say, input)
        _with_window(agent)


def open_window(options=None):
    """The window of the station that runs; if none does, one is run here."""
    try:
        run(options if options and hasattr(options, "module") else _no_options())
    except Refusal as error:
        if error.code != "already_running":
            raise
        _show(device.folder() / FILE)


def status(options):
    """What this station is, without asking anybody."""
    found = device.pairings()
    if not found:
        raise Refusal("not_paired")
    say(f"この端末の鍵の指紋: {protocol.fingerprint(protocol.raw(device.key()))}")
    for each in found:
        say(f"ペアリング先: {each.origin}(持ち主: {each.owner}、番号: {each.station})")
    say("動いています。" if _is_running() else f"動いていません。次のコマンドで動かします: {_command('run')}")
    record = Journal()
    broken, entries = record.broken_at(), record.entries()
    say(f"記録: {record.path}({len(entries)}行)")
    if broken:
        say(f"  ご注意: 記録の{broken}行目が、前の行とつながりません。記録が書き換えられたか、壊れています。")
    for entry in [each for each in entries if each["event"] in ("signed", "refused", "stopped")][-5:]:
        at = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(entry["at"]))
        what = {"signed": "署名しました", "refused": "断りました", "stopped": "やめました"}[entry["event"]]
        say(f"  {at} {entry.get('type', '')} {entry.get('number', '')} {what} {entry.get('reason', '')}".rstrip())


def forget(options):
    """Forget a pairing. The server keeps its side until it is revoked there."""
    found = device.pairings()
    if not found:
        raise Refusal("not_paired")
    if options.url is None and len(found) > 1:
        say("ペアリング先が2つ以上あります。やめるものを指定してください。", *(f"  {each.origin}" for each in found))
        return
    origin = protocol.origin_of(options.url) if options.url else found[0].origin
    if not device.forget(origin):
        raise Refusal("not_paired", origin)
    say(
        f"{origin}とのペアリングを解除しました。",
        "しるしの「署名ステーション」のページでも、この端末のペアリングを解除してください。",
    )


def main():
    """The opener: `station-window`, for a menu or a desktop icon."""
    leave_no_core()
    try:
        open_window()
    except TokenError as error:
        complain(error)
        if not (sys.stderr and sys.stderr.isatty()):  # started from a menu: nobody reads that
            device.replace(device.folder() / TROUBLE, pages.refused(error.message, error.advice).encode("utf-8"))
            _show(device.folder() / TROUBLE)
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


@contextmanager
def _agent(options):
    """The Agent, with a thread looking for jobs at each pairing. Raises Refusal not_paired."""
    from tokens.station.agent import Agent  # with it comes pyHanko, which takes a second to load

    found = device.pairings()
    if not found:
        raise Refusal("not_paired")
    stopped = threading.Event()
    with Cards(device.modules()) as cards:
        agent = Agent(found, device.key(), cards, Journal(), prompt(options.pin_fd))
        for each in found:
            threading.Thread(target=agent.keep_looking, args=(each, stopped), daemon=True).start()
        try:
            yield agent
        finally:
            stopped.set()


def _with_window(agent):
    window = Window(agent)
    window.serve()
    try:
        say("署名の依頼を待っています。終わるときは Ctrl+C を押してください。")
        if not _show(device.folder() / FILE):
            say("ブラウザーを開けませんでした。")
        say(
            "画面が開かないときは、次のアドレスをこのパソコンのブラウザーで開いてください(一度だけ使えます)。",
            f"  {window.address}",
        )
        while True:
            window.act(seconds=1)  # never for ever: Windows would not hear Ctrl+C
            agent.sweep()
    finally:
        window.close()


def _show(path):
    """Open a file in the person's browser; False if there is none. The code is in the file, not in the browser's arguments."""
    try:
        return webbrowser.open(path.as_uri())
    except (webbrowser.Error, OSError):
        return False


@contextmanager
def _alone():
    """Only one station of this person at a time. Raises Refusal already_running."""
    lock = folders.alone(LOCK, seconds=0)
    try:
        lock.__enter__()
    except TokenError as error:
        raise Refusal("already_running") from error
    try:
        yield
    finally:
        lock.__exit__(None, None, None)


def _is_running():
    try:
        with _alone():
            return False
    except Refusal:
        return True


def _command(act):
    """A command as it is typed on this PC: Debian, for one, has no plain `python`."""
    return f"{sys.executable} -m tokens station {act}"


def _no_options():
    return argparse.Namespace(module=[], terminal=False, pin_fd=None)


if __name__ == "__main__":
    sys.exit(main())
