"""`python -m webapp.practice --data DIR`: opens the practice desk until it is interrupted."""

import argparse
import logging
import signal
import sys
import threading

from webapp.practice.cards.reader import ReaderFailed
from webapp.practice.service import Service


def main(words=None) -> int:
    """Runs the desk; returns the exit code."""
    chosen = _parser().parse_args(words)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    try:
        service = Service(chosen.data, chosen.smtp_port, chosen.port, chosen.automatic, chosen.card, chosen.pad_url)
    except OSError as error:
        print(
            f"練習用の窓口を開けませんでした({error.strerror})。ほかのポート番号を指定してください。", file=sys.stderr
        )
        return 1
    except ReaderFailed as error:
        print(f"練習用カードリーダーを動かせませんでした({error})。", file=sys.stderr)
        return 1
    service.start()
    print(f"練習用の窓口: {service.url}/  SMTP: 127.0.0.1:{service.smtp_port}", flush=True)
    _wait()
    service.close()
    return 0


def _wait():
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    ended.wait()


def _parser():
    parser = argparse.ArgumentParser(
        prog="python -m webapp.practice", description="練習用のサービス窓口と認証局を開きます。"
    )
    parser.add_argument("--data", required=True, metavar="DIR", help="データの置き場所")
    parser.add_argument("--smtp-port", type=int, default=8025, metavar="N", help="SMTPのポート番号(0は空いている番号)")
    parser.add_argument("--port", type=int, default=8026, metavar="N", help="画面のポート番号(0は空いている番号)")
    parser.add_argument("--automatic", action="store_true", help="届いた申請を、検査から発行まで自動で進めます")
    parser.add_argument("--card", metavar="FILE", help="練習用カードリーダーに挿すカード")
    parser.add_argument("--pad-url", default="", metavar="URL", help="練習用カードリーダーのPINパッドのアドレス")
    return parser


if __name__ == "__main__":
    sys.exit(main())
