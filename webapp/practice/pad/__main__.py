"""`python -m webapp.practice.pad --data DIR --port N`: the PIN pad of the practice reader in DIR, until it is interrupted."""

import argparse
import signal
import sys
import threading

from tokens.process import leave_no_core
from webapp.practice.pad.module import NoCompiler
from webapp.practice.pad.service import PadService


def main(words=None) -> int:
    """Runs the pad; returns the exit code."""
    chosen = _parser().parse_args(words)
    leave_no_core()
    try:
        service = PadService(chosen.data, chosen.port, reader_url=chosen.reader_url)
    except OSError as error:
        print(f"練習用リーダーのPINパッドを開けませんでした({error.strerror})。", file=sys.stderr)
        return 1
    except NoCompiler:
        print("練習用リーダーのPINパッドには、Cコンパイラー(Debianではtcc)が要ります。", file=sys.stderr)
        return 1
    service.start()
    print(f"練習用リーダーのPINパッド: {service.url}/  モジュール: {service.module}", flush=True)
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    ended.wait()
    service.close()
    return 0


def _parser():
    parser = argparse.ArgumentParser(
        prog="python -m webapp.practice.pad", description="練習用カードリーダーのPINパッドを開きます。"
    )
    parser.add_argument("--data", required=True, metavar="DIR", help="カードリーダーのデータの置き場所")
    parser.add_argument("--port", type=int, default=8027, metavar="N", help="画面のポート番号(0は空いている番号)")
    parser.add_argument("--reader-url", default="", metavar="URL", help="カードを抜き差しするページのアドレス")
    return parser


if __name__ == "__main__":
    sys.exit(main())
