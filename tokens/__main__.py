"""`python -m tokens`: keys, requests, seals, mails and proofs from the command line, for people with a card of their own."""

import argparse
import sys

from tokens import softhsm
from tokens.commands import health, keys, looking, pin, sign, signing
from tokens.errors import TokenError
from tokens.process import leave_no_core
from tokens.station import commands as station
from tokens.terminal import Complaint, complain

ALGORITHMS = ("RSA-3072", "RSA-4096", "P-256", "P-384")
DONE, REFUSED, USAGE, PIN, PIN_LOCKED, NO_TOKEN, NO_MODULE, INTERRUPTED = 0, 1, 2, 3, 4, 5, 6, 130
STATUSES = {
    PIN: "pin_incorrect pin_length pin_expired pin_not_set pin_weak pin_unsuitable pin_not_given no_place_for_pin "
    "pipe_unreadable second_pin_needed login_state",
    PIN_LOCKED: "pin_locked pin_final_try",
    NO_TOKEN: "token_missing token_ambiguous token_removed token_unreadable",
    NO_MODULE: "module_unusable timeout worker_died function_failed busy",
}
AFTERWORD = """\
PINは、カードリーダーの操作部、専用の窓、端末のいずれかで入力します。引数や環境変数では受け取りません。
プログラムから使うときは、--pin-fdでPINを渡すパイプの番号を指定します(1行目がPIN、署名用のPINや新しいPINは2行目)。
間違えたPINを自動で試し直すことはありません。

終了コード: 0 できました / 1 できませんでした(理由を表示します) / 2 指定の誤り / 3 PINに関わる理由 /
  4 PINのロック、または最後の1回 / 5 トークンが見つからない / 6 モジュールや接続の問題 / 130 中止
"""


def main(arguments=None):
    leave_no_core()
    options = parser().parse_args(arguments)
    try:
        options.act(options)
    except (TokenError, Complaint) as error:
        complain(error)
        return status_of(error)
    except KeyboardInterrupt:
        print("\n中止しました。", file=sys.stderr)
        return INTERRUPTED
    return DONE


def status_of(error):
    """The exit status for a TokenError or Complaint."""
    code = getattr(error, "code", "")
    return next((status for status, codes in STATUSES.items() if code in codes.split()), REFUSED)


class Parser(argparse.ArgumentParser):
    def error(self, message):
        self.print_usage(sys.stderr)
        self.exit(USAGE, f"指定が正しくありません。「{self.prog} --help」で使い方をお確かめください。\n  ({message})\n")


def parser():
    whole = Parser(
        prog="python -m tokens",
        description="ICカードやHSMの鍵と証明書を扱います。はじめは doctor、modules、list をお試しください。",
        epilog=AFTERWORD,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    acts = whole.add_subparsers(required=True, metavar="操作")

    _act(acts, "doctor", health.examine, "リーダー、モジュール、カード、PIN、証明書の具合を順に調べます。", pin=False)
    _act(acts, "modules", looking.list_modules, "このパソコンにあるPKCS#11モジュールを一覧にします。", pin=False)
    listing = _act(acts, "list", looking.list_tokens, "挿してあるトークンと証明書を一覧にします。", pin=False)
    listing.add_argument(
        "--pem", metavar="ファイル", help="証明書の書き出し先(PEM)。シリアル番号を調べる画面で選べます"
    )
    _token(_act(acts, "show", looking.show, "トークン1つの中身と、使える方式を表示します。", pin=False))

    keygen = _act(acts, "keygen", keys.keygen, "トークンの中に鍵を作り、公開鍵を書き出します。")
    _new_key(keygen)
    keygen.add_argument("--officer", action="store_true", help="管理者PIN(管理キー)で作る。YubiKeyなどで必要")
    keygen.add_argument(
        "--id", metavar="16進数", help="鍵の識別子がトークンで決まっているとき、その番号(YubiKeyの9cは02)"
    )
    keygen.add_argument("-o", "--output", required=True, help="公開鍵の書き出し先(PEM)")

    csr = _act(acts, "csr", keys.csr, "トークンの中に鍵を作り、CSRを書き出します。")
    csr.add_argument(
        "--subject", action="append", required=True, metavar="名前=値", help="主体者の項目。順に繰り返し指定"
    )
    csr.add_argument("--public-key", metavar="ファイル", help="keygenで作った鍵のCSRを作るとき、その公開鍵(PEM)")
    _new_key(csr)
    csr.add_argument("-o", "--output", required=True, help="CSRの書き出し先(PEM)")

    sentence = "鍵がトークンの中で作られたことの証明(アテステーション)を書き出します。PINは要りません。"
    attest = _act(acts, "attest", keys.attest, sentence, pin=False)
    _token(attest)
    attest.add_argument("--public-key", metavar="ファイル", help="keygenが書き出した公開鍵(PEM)")
    attest.add_argument("--certificate", metavar="ファイル", help="鍵の証明書のファイル")
    attest.add_argument("-o", "--output", required=True, help="書き出し先(PEM)")

    install = _act(acts, "install", keys.install, "証明書をトークンに格納します。")
    install.add_argument("--certificate", required=True, help="証明書のファイル(中間証明書を含んでもよい)")
    install.add_argument("--chain", action="append", default=[], help="中間証明書のファイル")

    prove = _act(acts, "prove", keys.prove, "証明書の鍵を持っていることの証明を作ります。")
    prove.add_argument("--challenge", required=True, help="画面に表示された確認番号(16進数64文字)")
    prove.add_argument("--certificate", required=True, help="証明書のファイル")
    prove.add_argument("-o", "--output", required=True, help="証明の書き出し先")

    seal = _act(acts, "seal", signing.seal, "申請書のPDFに電子署名します。")
    seal.add_argument("pdf", help="捺印・署名用のPDF")
    _signer(seal, "署名したPDFの書き出し先")
    seal.add_argument("--field", default="Seal", help="署名欄の名前")
    seal.add_argument("--name", action="append", help="印影に入れる資格と氏名。順に繰り返し指定(氏名が最後)")
    seal.add_argument("--reason", default="", help="署名の理由")

    smime = _act(acts, "smime", signing.smime, "メールのファイルに署名します(S/MIME)。")
    smime.add_argument("message", help="差出人・宛先・件名のあるメールのファイル(.eml)")
    _signer(smime, "署名したメールの書き出し先")

    sign.register(acts, _act)
    sign.register_send(acts)

    _act(acts, "change-pin", pin.change_pin, "トークンのPINを変更します。")

    init = _act(acts, "init-softhsm", pin.init_softhsm, "練習用のソフトウェアトークンを作ります。")
    init.set_defaults(module=softhsm.MODULE)
    init.add_argument("directory", help="トークンを置くフォルダー")

    station.register(acts)
    return whole


def _act(acts, name, function, sentence, pin=True):
    act = acts.add_parser(
        name,
        help=sentence,
        description=sentence,
        epilog=AFTERWORD,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    act.set_defaults(act=function)
    act.add_argument("--module", help="PKCS#11モジュールの場所、またはmodulesが示す短い名前(1つに決まるなら不要)")
    if pin:
        _token(act)
        act.add_argument("--pin-fd", type=int, metavar="番号", help="PINを渡すパイプの番号(自動化用)")
        act.add_argument(
            "--pin-entry",
            choices=["pad", "typed", "module"],
            help="PINを入力するところ: pad リーダー、typed パソコン、module トークンのソフトウェア。ふつうは不要",
        )
    return act


def _token(act):
    act.add_argument("--token", help="トークンの名前または製造番号(1つだけなら不要)")


def _new_key(act):
    act.add_argument("--algorithm", default="RSA-3072", choices=ALGORITHMS, help="鍵の種類(既定はRSA-3072)")
    act.add_argument("--label", default="コード署名", help="鍵の名前")


def _signer(act, output):
    act.add_argument("-o", "--output", required=True, help=output)
    act.add_argument("--certificate", help="署名に使う証明書(トークンに1枚だけなら不要)")


if __name__ == "__main__":
    sys.exit(main())
