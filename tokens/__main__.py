"""`python -m tokens`: keys, requests, seals and proofs from the command line, for people with a card of their own.

The PIN is typed at the terminal; `--pin-fd N` reads it from an inherited pipe. It is never an argument. Exit status:
0 done, 1 refused (the reason is on stderr), 2 wrong usage.
"""

import argparse
import sys

from tokens import commands, softhsm
from tokens.errors import TokenError
from tokens.terminal import Complaint, complain


def main(arguments=None):
    options = parser().parse_args(arguments)
    try:
        options.act(options)
    except (TokenError, Complaint) as error:
        complain(error)
        return 1
    except KeyboardInterrupt:
        print("\n中止しました。", file=sys.stderr)
        return 1
    return 0


class Parser(argparse.ArgumentParser):
    def error(self, message):
        self.print_usage(sys.stderr)
        self.exit(2, f"指定が正しくありません。「{self.prog} --help」で使い方をお確かめください。\n  ({message})\n")


def parser():
    whole = Parser(prog="python -m tokens", description="トークンの鍵と証明書を扱います。")
    acts = whole.add_subparsers(required=True, metavar="操作")

    listing = _act(acts, "list", commands.list_tokens, "挿してあるトークンと証明書を一覧にします。", pin=False)
    listing.add_argument(
        "--pem", metavar="ファイル", help="証明書の書き出し先(PEM)。シリアル番号を調べる画面で選べます"
    )

    csr = _act(acts, "csr", commands.csr, "トークンの中に鍵を作り、CSRを書き出します。")
    csr.add_argument(
        "--subject", action="append", required=True, metavar="名前=値", help="主体者の項目。順に繰り返し指定"
    )
    csr.add_argument("--algorithm", default="RSA-3072", choices=["RSA-3072", "RSA-4096", "P-256", "P-384"])
    csr.add_argument("--label", default="コード署名", help="鍵の名前")
    csr.add_argument("-o", "--output", required=True, help="CSRの書き出し先(PEM)")

    seal = _act(acts, "seal", commands.seal, "申請書のPDFに電子署名します。")
    seal.add_argument("pdf", help="捺印・署名用のPDF")
    seal.add_argument("-o", "--output", required=True, help="署名したPDFの書き出し先")
    seal.add_argument("--certificate", help="署名に使う証明書(トークンに1枚だけなら不要)")
    seal.add_argument("--field", default="Seal", help="署名欄の名前")
    seal.add_argument("--name", action="append", help="印影に入れる行。順に繰り返し指定")
    seal.add_argument("--reason", default="", help="署名の理由")

    prove = _act(acts, "prove", commands.prove, "証明書の鍵を持っていることの証明を作ります。")
    prove.add_argument("--challenge", required=True, help="画面に表示された確認番号(16進数64文字)")
    prove.add_argument("--certificate", required=True, help="証明書のファイル")
    prove.add_argument("-o", "--output", required=True, help="証明の書き出し先")

    install = _act(acts, "install", commands.install, "証明書をトークンに格納します。")
    install.add_argument("--certificate", required=True, help="証明書のファイル(中間証明書を含んでもよい)")
    install.add_argument("--chain", action="append", default=[], help="中間証明書のファイル")

    init = _act(acts, "init-softhsm", commands.init_softhsm, "練習用のソフトウェアトークンを作ります。")
    init.set_defaults(module=softhsm.MODULE)
    init.add_argument("directory", help="トークンを置くフォルダー")
    return whole


def _act(acts, name, function, sentence, pin=True):
    act = acts.add_parser(name, help=sentence, description=sentence)
    act.set_defaults(act=function)
    act.add_argument("--module", required=name != "init-softhsm", help="PKCS#11モジュール(ライブラリー)の場所")
    if pin:
        act.add_argument("--token", help="トークンの名前または製造番号(1つだけなら不要)")
        act.add_argument("--pin-fd", type=int, metavar="番号", help="PINを1行で渡すパイプの番号(自動化用)")
    return act


if __name__ == "__main__":
    sys.exit(main())
