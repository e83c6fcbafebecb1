"""What can go wrong with a token, in words a person can act on.

Every error has a `code` for programs, a `message` (what happened) and an `advice` (what to do next), both Japanese.
`named` makes the error of a code, `of_return_value` that of a CKR_ name, `translated` that of an exception of python-pkcs11. The
wording stands in `SENTENCES` here and, for each return value of PKCS#11, in tokens/return_values.py.
"""

from tokens import return_values

FUNCTION_FAILED = "function_failed"


class TokenError(Exception):
    """A refusal or a failure of a token. `detail` is a technical word for the log, never a PIN; where it is the name of
    a return value of PKCS#11 (CKR_…), message and advice are those of that value."""

    code = FUNCTION_FAILED

    def __init__(self, code="", detail=""):
        self.code = code or self.code
        self.message, self.advice = (return_values.said(detail) or ("", *SENTENCES[self.code]))[1:]
        self.detail = detail
        super().__init__(self.message)


class PinIncorrect(TokenError):
    """The token refused the PIN. One try of its counter is gone."""

    code = "pin_incorrect"


class PinLocked(TokenError):
    """The token takes no PIN any more."""

    code = "pin_locked"


class TokenMissing(TokenError):
    """No token of that name is there."""

    code = "token_missing"


class NoSuchKey(TokenError):
    """The token holds no private key that belongs to the certificate or identifier."""

    code = "no_key"


class CredentialRefused(TokenError):
    """tokend logs in no more with this credential file."""

    code = "credential_refused"


class ProofRefused(TokenError):
    """A proof of possession does not prove what it should."""

    code = "proof_refused"


class TimedOut(TokenError):
    """The token did not answer in time; its worker process was ended."""

    code = "timeout"


class WorkerDied(TokenError):
    """The process that holds the module ended without an answer."""

    code = "worker_died"


SENTENCES = {
    "pin_incorrect": (
        "PINが正しくありません。",
        "入力し直す前にPINをお確かめください。続けて間違えるとトークンがロックされることがあります。",
    ),
    "pin_locked": (
        "PINがロックされています。",
        "トークンの管理者に、ロックの解除を依頼してください。",
    ),
    "pin_final_try": (
        "次にPINを間違えるとロックされる状態です。",
        "PINを確かめたうえで、「最後の1回」であることを承知して操作し直してください。",
    ),
    "pin_length": (
        "PINの長さまたは文字が、このトークンで使えるものではありません。",
        "トークンの説明書で、PINの文字数と使える文字をお確かめください。",
    ),
    "pin_expired": (
        "PINの有効期限が切れているか、初期値のままです。",
        "トークンに付属のソフトウェアでPINを変更してから、もう一度お試しください。",
    ),
    "pin_not_set": (
        "トークンに利用者のPINが設定されていません。",
        "トークンに付属のソフトウェアで初期設定をしてください。",
    ),
    "pin_weak": (
        "初期値のPINや、推測されやすいPINは使えません。",
        "「python -m tokens change-pin」で、推測されにくいPINに変更してください。このPINはトークンに送っていません。",
    ),
    "pin_unsuitable": (
        "PINとして送れない入力です。",
        "4バイト以上64バイト以下で、制御文字を含めずに入力してください。この入力はトークンに送っていません。",
    ),
    "pin_not_given": (
        "PINが入力されませんでした。",
        "続けるときは、もう一度操作してPINを入力してください。トークンには何も送っていません。",
    ),
    "no_place_for_pin": (
        "PINを入力する端末がありません。",
        "端末から直接実行するか、--pin-fdで、PINを渡すパイプの番号を指定してください。",
    ),
    "pipe_unreadable": (
        "PINを渡すパイプを読み取れません。",
        "--pin-fdの番号をお確かめください。",
    ),
    "second_pin_needed": (
        "この鍵は、署名のたびに署名用のPINを求めます。",
        "PINを入力できる端末か画面から操作してください。--pin-fdでは、2行目に署名用のPINを渡します。",
    ),
    "login_state": (
        "トークンのログインの状態が、想定と違います。",
        "トークンを使っているほかのプログラムを閉じ、挿し直してから、もう一度お試しください。",
    ),
    "not_permitted": (
        "この鍵またはPINでは、この操作は許されていません。",
        "署名用の鍵を選んでいるか、管理者PINの要る操作でないかをお確かめください。",
    ),
    "template_refused": (
        "鍵や証明書の項目を、トークンが受け付けません。",
        "付属のソフトウェアで操作するか、管理者にご連絡ください。",
    ),
    "cancelled": (
        "操作が取り消されました。",
        "続けるときは、はじめから操作してください。",
    ),
    "token_unreadable": (
        "挿してあるカードを、このモジュールは読めません。",
        "カードの表裏と、モジュールの選び方をお確かめください。",
    ),
    "token_missing": (
        "トークンが見つかりません。",
        "カードやUSBトークンが挿してあるか、名前が正しいかをお確かめください。",
    ),
    "token_ambiguous": (
        "同じ名前のトークンが2つ以上あります。",
        "ほかのトークンを抜くか、名前の代わりに製造番号を指定してください。",
    ),
    "token_removed": (
        "処理の途中でトークンが使えなくなりました。",
        "トークンを挿し直して、もう一度お試しください。",
    ),
    "token_write_protected": (
        "トークンに書き込めません。",
        "書き込み保護の設定をお確かめください。",
    ),
    "token_full": (
        "トークンの空き容量が足りません。",
        "使わなくなった鍵や証明書を、付属のソフトウェアで整理してください。",
    ),
    "module_unusable": (
        "トークンの付属ライブラリー(PKCS#11モジュール)を読み込めません。",
        "モジュールの場所と、必要なソフトウェアがすべて入っているかをお確かめください。",
    ),
    "no_key": (
        "この証明書に対応する秘密鍵が、トークンにありません。",
        "鍵を作ったトークンが挿してあるかをお確かめください。",
    ),
    "no_certificate": (
        "署名に使える証明書が、トークンに見つかりません。",
        "証明書のファイルを指定するか、証明書が入ったトークンを挿してください。",
    ),
    "key_ambiguous": (
        "同じ識別子の秘密鍵が2つ以上あり、どれを使うか決められません。",
        "トークンの管理者に、鍵の整理を依頼してください。",
    ),
    "key_differs": (
        "同じ識別子で、種類の違う鍵がすでにあります。",
        "鍵の種類の指定をお確かめください。新しい鍵が必要なときは、別の識別子で作成してください。",
    ),
    "mechanism_missing": (
        "このトークンは、必要な署名方式または鍵の種類に対応していません。",
        "RSA 3072ビット以上とSHA-256に対応したトークンをお使いください。",
    ),
    "not_read_back": (
        "トークンに書き込んだ証明書を読み戻したところ、内容が一致しませんでした。",
        "この証明書は使わず、トークンの管理者にご連絡ください。",
    ),
    "signature_wrong": (
        "トークンの作った署名が、証明書で検証できませんでした。",
        "トークンの管理者にご連絡ください。この署名は使われていません。",
    ),
    "bytes_refused": (
        "署名しようとした内容が、許された種類のものではありません。",
        "操作をはじめからやり直してください。繰り返すときは、管理者にご連絡ください。",
    ),
    "bad_request": (
        "依頼の内容が正しくありません。",
        "操作をはじめからやり直してください。繰り返すときは、管理者にご連絡ください。",
    ),
    "not_an_office": (
        "このトークンで署名できるのは、機関の窓口のメールアドレスの証明書だけです。個人の署名は、本人のカードで行います。",
        "機関の長・機関責任者の署名は、本人のカードと署名ステーションで行ってください。",
    ),
    "not_allowed": (
        "この利用者には、鍵の管理プログラムの使用が許可されていません。",
        "管理者に、使用を許可する利用者の設定を依頼してください。",
    ),
    "busy": (
        "トークンが混み合っています。",
        "少し待ってから、もう一度お試しください。",
    ),
    "credential_refused": (
        "登録されているPINが以前に拒否されたため、ログインを止めています。",
        "管理者に、PINのファイルを正しいPINに書き換えるよう依頼してください。書き換えると再開します。",
    ),
    "credential_unreadable": (
        "PINのファイルを使えません。",
        "管理者に、PINのファイルがあること、所有者だけが読み書きできること(モード0600)の確認を依頼してください。",
    ),
    "timeout": (
        "時間内にトークンから応答がありませんでした。処理は中止されました。",
        "トークンの接続を確かめてから、もう一度お試しください。",
    ),
    "worker_died": (
        "トークンを扱うプログラムが途中で終了しました。",
        "もう一度お試しください。繰り返すときは、管理者にご連絡ください。",
    ),
    "tokend_unreachable": (
        "鍵の管理プログラム(tokend)につながりません。",
        "管理者に、tokendが動いているかの確認を依頼してください。",
    ),
    "proof_refused": (
        "鍵を持っていることの証明を確認できませんでした。",
        "証明書と確認番号が正しいことを確かめて、証明を作り直してください。",
    ),
    "seal_unreadable": (
        "このPDFを開けません。",
        "捺印・署名用にダウンロードしたPDFを、編集せずにそのまま指定してください。",
    ),
    "seal_no_field": (
        "このPDFには、空いている署名欄がありません。",
        "捺印・署名用のPDFであること、まだ署名されていないことをお確かめください。",
    ),
    "mail_unreadable": (
        "このファイルは、署名できるメールではありません。",
        "差出人・宛先・件名のある、まだ署名していないメールのファイル(.eml)を指定してください。",
    ),
    "mail_other_sender": (
        "メールの差出人が、証明書のメールアドレスと違います。",
        "差出人を証明書のメールアドレスにするか、差出人の証明書を指定してください。",
    ),
    "font_missing": (
        "印影に使う日本語の書体が見つかりません。",
        "管理者に、日本語フォント(Noto Sans CJK、IPAexゴシックなど)の導入を依頼してください。",
    ),
    "function_failed": (
        "トークンの処理に失敗しました(PINの誤りではありません)。",
        "トークンを挿し直してから、もう一度お試しください。繰り返すときは、管理者にご連絡ください。",
    ),
}

# Exceptions that python-pkcs11 makes itself, without a return value of the module.
OWN = {
    "NoSuchToken": "token_missing",
    "MultipleTokensReturned": "token_ambiguous",
    "NoSuchKey": "no_key",
    "MultipleObjectsReturned": "key_ambiguous",
}


def translated(error):
    """The TokenError for an exception of python-pkcs11; the one place where those are understood."""
    name = return_values.name_of_exception(error)
    return of_return_value(name) if return_values.said(name) else named(OWN.get(name, FUNCTION_FAILED), name)


def of_return_value(name):
    """The TokenError for the name of a return value (tokens.return_values.name_of); an unknown one is a failure of the
    function, never a wrong PIN."""
    family, _, _ = return_values.said(name) or (FUNCTION_FAILED, "", "")
    return named(family, name)


def named(code, detail=""):
    """The TokenError of `code` in its own class; an unknown code is a failure of the function."""
    kinds = {kind.code: kind for kind in TokenError.__subclasses__()}
    code = code if code in SENTENCES else FUNCTION_FAILED
    return kinds.get(code, TokenError)(code, detail)
