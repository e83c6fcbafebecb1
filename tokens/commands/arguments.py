"""What the operations of `python -m tokens` are given on the command line, where several are given the same."""

import argparse

from tokens.pin_entry import MODULE, PAD, TYPED
from tokens.station.shapes import ALGORITHMS

AFTERWORD = """\
PINは、カードリーダーの操作部、専用の窓、端末のいずれかで入力します。引数や環境変数では受け取りません。
プログラムから使うときは、--pin-fdでPINを渡すパイプの番号を指定します(1行目がPIN、署名用のPINや新しいPINは2行目)。
間違えたPINを自動で試し直すことはありません。

終了コード: 0 できました / 1 できませんでした(理由を表示します) / 2 指定の誤り / 3 PINに関わる理由 /
  4 PINのロック、または最後の1回 / 5 トークンが見つからない / 6 モジュールや接続の問題 / 130 中止
"""


def act(acts, name, function, sentence, pin=True):
    """Add an operation to `acts` (an argparse subparsers object): its parser, which takes a module and, if it wants a `pin`,
    a token and how the PIN is given."""
    made = acts.add_parser(
        name,
        help=sentence,
        description=sentence,
        epilog=AFTERWORD,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.set_defaults(act=function)
    made.add_argument("--module", help="PKCS#11モジュールの場所、またはmodulesが示す短い名前(1つに決まるなら不要)")
    if pin:
        token(made)
        made.add_argument("--pin-fd", type=int, metavar="番号", help="PINを渡すパイプの番号(自動化用)")
        made.add_argument(
            "--pin-entry",
            choices=[PAD, TYPED, MODULE],
            help="PINを入力するところ: pad リーダー、typed パソコン、module トークンのソフトウェア。ふつうは不要",
        )
    return made


def token(made):
    made.add_argument("--token", help="トークンの名前または製造番号(1つだけなら不要)")


def new_key(made):
    made.add_argument("--algorithm", default="RSA-3072", choices=ALGORITHMS, help="鍵の種類(既定はRSA-3072)")
    made.add_argument("--label", default="コード署名", help="鍵の名前")


def signer(made, output):
    made.add_argument("-o", "--output", required=True, help=output)
    made.add_argument("--certificate", help="署名に使う証明書(トークンに1枚だけなら不要)")
