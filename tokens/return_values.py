"""What each return value of PKCS#11 means to the person before the token.

`TABLE`: a line each with value | name | code of the family (tokens/errors.py) | what happened | what to do. CKR_FUNCTION_FAILED,
CKR_GENERAL_ERROR and CKR_DEVICE_ERROR say nothing about the PIN, so their sentences call it neither wrong nor right.
Names and values: PKCS#11 v2.40 §5.1 (OASIS pkcs11t.h), v3.0 where newer.
"""

TABLE = """
0x001 | CKR_CANCEL | cancelled | 操作が取り消されました。 | 続けるときは、はじめから操作してください。
0x002 | CKR_HOST_MEMORY | function_failed | パソコンのメモリーが足りません。 | ほかのプログラムを閉じてから、もう一度お試しください。
0x003 | CKR_SLOT_ID_INVALID | token_removed | カードの差し込み口が見つからなくなりました。 | カードリーダーをつなぎ直してから、もう一度お試しください。
0x005 | CKR_GENERAL_ERROR | function_failed | トークンの処理が、理由の示されないまま失敗しました(PINの誤りではありません)。 | トークンを挿し直してから、もう一度お試しください。繰り返すときは「python -m tokens doctor」で調べてください。
0x006 | CKR_FUNCTION_FAILED | function_failed | トークンの処理に失敗しました(PINの誤りではありません)。 | トークンを挿し直してから、もう一度お試しください。繰り返すときは、管理者にご連絡ください。
0x007 | CKR_ARGUMENTS_BAD | function_failed | トークンのモジュールが、依頼の形を受け付けません。 | PINパッドの有無の指定と、モジュールの版をお確かめください。
0x008 | CKR_NO_EVENT | function_failed | カードの抜き挿しは起きていません。 | カードを挿してから、もう一度お試しください。
0x009 | CKR_NEED_TO_CREATE_THREADS | module_unusable | モジュールが、このプログラムの動かし方に対応していません。 | モジュールを新しい版に替えてください。
0x00A | CKR_CANT_LOCK | module_unusable | モジュールが、排他の仕組みを用意できません。 | モジュールを新しい版に替えてください。
0x010 | CKR_ATTRIBUTE_READ_ONLY | template_refused | 変更できない項目を書き込もうとしたため、トークンに断られました。 | トークンの説明書で、鍵や証明書の書き込み方をお確かめください。
0x011 | CKR_ATTRIBUTE_SENSITIVE | not_permitted | 取り出せない秘密の項目を読もうとしました。 | 秘密鍵はトークンの外に出せません。操作をお確かめください。
0x012 | CKR_ATTRIBUTE_TYPE_INVALID | template_refused | トークンの知らない項目が含まれています。 | モジュールを新しい版に替えるか、付属のソフトウェアで操作してください。
0x013 | CKR_ATTRIBUTE_VALUE_INVALID | template_refused | トークンの受け付けない値が含まれています。 | 鍵の種類と長さの指定をお確かめください。
0x01B | CKR_ACTION_PROHIBITED | not_permitted | トークンの方針で、この操作は禁じられています。 | トークンの管理者に、禁止の設定をお確かめください。
0x020 | CKR_DATA_INVALID | bytes_refused | 署名しようとした内容を、トークンが受け付けません。 | 操作をはじめからやり直してください。
0x021 | CKR_DATA_LEN_RANGE | bytes_refused | 署名しようとした内容の長さが、鍵に合いません。 | 鍵の種類と長さをお確かめください。
0x030 | CKR_DEVICE_ERROR | function_failed | トークンまたはカードリーダーの故障か、接続の不良です(PINの誤りではありません)。 | 接続を確かめ、挿し直してから、もう一度お試しください。
0x031 | CKR_DEVICE_MEMORY | token_full | トークンの空き容量が足りません。 | 使わなくなった鍵や証明書を、付属のソフトウェアで整理してください。
0x032 | CKR_DEVICE_REMOVED | token_removed | 処理の途中でトークンが抜かれました。 | トークンを挿し直して、もう一度お試しください。処理が終わるまで抜かないでください。
0x040 | CKR_ENCRYPTED_DATA_INVALID | function_failed | 暗号文が壊れています。 | この鍵は署名にだけ使います。操作をお確かめください。
0x041 | CKR_ENCRYPTED_DATA_LEN_RANGE | function_failed | 暗号文の長さが正しくありません。 | この鍵は署名にだけ使います。操作をお確かめください。
0x042 | CKR_AEAD_DECRYPT_FAILED | function_failed | 暗号文の確認に失敗しました。 | この鍵は署名にだけ使います。操作をお確かめください。
0x050 | CKR_FUNCTION_CANCELED | cancelled | カードリーダーまたはトークンの側で操作が取り消されたか、時間切れになりました。 | 続けるときは、もう一度操作し、リーダーの表示に従ってください。
0x051 | CKR_FUNCTION_NOT_PARALLEL | function_failed | モジュールが、並行の処理を待つ状態にありません。 | もう一度お試しください。
0x054 | CKR_FUNCTION_NOT_SUPPORTED | mechanism_missing | トークンまたはモジュールに、この機能がありません。 | 別の種類や長さの鍵を指定するか、付属のソフトウェアで操作してください。
0x060 | CKR_KEY_HANDLE_INVALID | token_removed | 使おうとした鍵が見えなくなりました。 | トークンを挿し直して、もう一度お試しください。
0x062 | CKR_KEY_SIZE_RANGE | mechanism_missing | この長さの鍵に、トークンが対応していません。 | 「python -m tokens show」で、作れる鍵の種類をお確かめください。
0x063 | CKR_KEY_TYPE_INCONSISTENT | mechanism_missing | 鍵の種類と署名の方式が合いません。 | 証明書と鍵の組み合わせをお確かめください。
0x064 | CKR_KEY_NOT_NEEDED | function_failed | 鍵の要らない操作に、鍵が指定されました。 | 操作をはじめからやり直してください。
0x065 | CKR_KEY_CHANGED | function_failed | 処理の途中で鍵が変わりました。 | 操作をはじめからやり直してください。
0x066 | CKR_KEY_NEEDED | function_failed | 鍵の必要な操作に、鍵が指定されていません。 | 操作をはじめからやり直してください。
0x067 | CKR_KEY_INDIGESTIBLE | function_failed | この鍵の値は、要約の計算に使えません。 | 操作をはじめからやり直してください。
0x068 | CKR_KEY_FUNCTION_NOT_PERMITTED | not_permitted | この鍵は、署名に使うことが許されていません。 | 署名用の鍵と証明書を選んでいるかをお確かめください。
0x069 | CKR_KEY_NOT_WRAPPABLE | not_permitted | この鍵は、包んで取り出すことができません。 | 秘密鍵はトークンの外に出せません。操作をお確かめください。
0x06A | CKR_KEY_UNEXTRACTABLE | not_permitted | この鍵は、取り出すことができません。 | 秘密鍵はトークンの外に出せません。操作をお確かめください。
0x070 | CKR_MECHANISM_INVALID | mechanism_missing | トークンが、この署名方式または鍵の作り方に対応していません。 | 「python -m tokens show」で、トークンの使える方式をお確かめください。
0x071 | CKR_MECHANISM_PARAM_INVALID | mechanism_missing | 署名方式の細かい指定を、トークンが受け付けません。 | モジュールを新しい版に替えるか、別の種類の鍵をお使いください。
0x082 | CKR_OBJECT_HANDLE_INVALID | token_removed | 使おうとした鍵や証明書が、トークンから見えなくなりました。 | トークンを挿し直して、もう一度お試しください。
0x090 | CKR_OPERATION_ACTIVE | function_failed | トークンが、前の処理を終えていません。 | 少し待ってから、もう一度お試しください。
0x091 | CKR_OPERATION_NOT_INITIALIZED | function_failed | トークンの側で、処理が打ち切られました。 | もう一度お試しください。続くときは、トークンを挿し直してください。
0x0A0 | CKR_PIN_INCORRECT | pin_incorrect | PINが正しくありません。 | 入力し直す前にPINをお確かめください。続けて間違えるとトークンがロックされることがあります。
0x0A1 | CKR_PIN_INVALID | pin_length | PINに、このトークンで使えない文字が含まれています。 | トークンの説明書で、PINに使える文字をお確かめください。
0x0A2 | CKR_PIN_LEN_RANGE | pin_length | PINの長さが、このトークンの決まりに合いません。 | トークンの説明書で、PINの文字数をお確かめください。
0x0A3 | CKR_PIN_EXPIRED | pin_expired | PINの有効期限が切れています。 | 「python -m tokens change-pin」または付属のソフトウェアでPINを変更してから、もう一度お試しください。
0x0A4 | CKR_PIN_LOCKED | pin_locked | PINがロックされています。 | これ以上入力せず、トークンの管理者に、PUKなどによるロックの解除を依頼してください。
0x0B0 | CKR_SESSION_CLOSED | token_removed | 処理の途中で、トークンとの接続が閉じられました。 | トークンを挿し直して、もう一度お試しください。
0x0B1 | CKR_SESSION_COUNT | busy | トークンへの接続の数が、上限に達しています。 | トークンを使っているほかのプログラムを閉じてから、もう一度お試しください。
0x0B3 | CKR_SESSION_HANDLE_INVALID | token_removed | トークンとの接続が切れました。 | トークンを挿し直して、もう一度お試しください。
0x0B4 | CKR_SESSION_PARALLEL_NOT_SUPPORTED | module_unusable | モジュールが、必要な接続の方式に対応していません。 | モジュールを新しい版に替えてください。
0x0B5 | CKR_SESSION_READ_ONLY | token_write_protected | 読み取り専用の接続のため、書き込めません。 | 書き込み保護の設定をお確かめください。
0x0B6 | CKR_SESSION_EXISTS | busy | トークンがほかの接続で使われています。 | トークンを使っているほかのプログラムを閉じてから、もう一度お試しください。
0x0B7 | CKR_SESSION_READ_ONLY_EXISTS | busy | 読み取り専用の接続が残っているため、管理者として接続できません。 | トークンを使っているほかのプログラムを閉じてから、もう一度お試しください。
0x0B8 | CKR_SESSION_READ_WRITE_SO_EXISTS | busy | 管理者の接続が残っているため、接続できません。 | トークンの管理用のソフトウェアを閉じてから、もう一度お試しください。
0x0C0 | CKR_SIGNATURE_INVALID | signature_wrong | 署名の検証に失敗しました。 | 証明書と署名した鍵の組み合わせをお確かめください。
0x0C1 | CKR_SIGNATURE_LEN_RANGE | signature_wrong | 署名の長さが、鍵に合いません。 | 証明書と署名した鍵の組み合わせをお確かめください。
0x0D0 | CKR_TEMPLATE_INCOMPLETE | template_refused | 鍵や証明書を書き込むのに必要な項目が足りないと、トークンに断られました。 | 付属のソフトウェアで操作するか、管理者にご連絡ください。
0x0D1 | CKR_TEMPLATE_INCONSISTENT | template_refused | 鍵や証明書の項目の組み合わせを、トークンが受け付けません。 | 付属のソフトウェアで操作するか、管理者にご連絡ください。
0x0E0 | CKR_TOKEN_NOT_PRESENT | token_removed | トークンが挿さっていません。 | カードやUSBトークンを挿し直して、もう一度お試しください。
0x0E1 | CKR_TOKEN_NOT_RECOGNIZED | token_unreadable | 挿してあるカードを、このモジュールは読めません。 | カードの表裏と、モジュールの選び方をお確かめください。初期設定の済んでいないカードかもしれません。
0x0E2 | CKR_TOKEN_WRITE_PROTECTED | token_write_protected | トークンに書き込めません。 | 書き込み保護の設定をお確かめください。
0x0F0 | CKR_UNWRAPPING_KEY_HANDLE_INVALID | function_failed | 包みを開く鍵が見つかりません。 | この鍵は署名にだけ使います。操作をお確かめください。
0x0F1 | CKR_UNWRAPPING_KEY_SIZE_RANGE | function_failed | 包みを開く鍵の長さが合いません。 | この鍵は署名にだけ使います。操作をお確かめください。
0x0F2 | CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT | function_failed | 包みを開く鍵の種類が合いません。 | この鍵は署名にだけ使います。操作をお確かめください。
0x100 | CKR_USER_ALREADY_LOGGED_IN | login_state | すでにログインした状態のため、PINは確かめられていません。 | トークンを挿し直して、もう一度お試しください。この操作では、何も署名していません。
0x101 | CKR_USER_NOT_LOGGED_IN | login_state | トークンが、もう一度PINを求めています。 | 署名のたびにPINの要る鍵か、ほかのプログラムがログアウトしました。もう一度お試しください。
0x102 | CKR_USER_PIN_NOT_INITIALIZED | pin_not_set | トークンに利用者のPINが設定されていません。 | トークンに付属のソフトウェアで初期設定をしてください。
0x103 | CKR_USER_TYPE_INVALID | not_permitted | トークンは、この操作を利用者のPINでは許していません。 | 管理キーまたは管理者PINの要る操作です。付属のソフトウェアで行ってください。
0x104 | CKR_USER_ANOTHER_ALREADY_LOGGED_IN | login_state | ほかの種類の利用者が、すでにログインしています。 | トークンの管理用のソフトウェアを閉じてから、もう一度お試しください。
0x105 | CKR_USER_TOO_MANY_TYPES | login_state | 同時にログインできる利用者の種類を超えています。 | トークンを使っているほかのプログラムを閉じてから、もう一度お試しください。
0x110 | CKR_WRAPPED_KEY_INVALID | function_failed | 包まれた鍵が壊れています。 | この鍵は署名にだけ使います。操作をお確かめください。
0x112 | CKR_WRAPPED_KEY_LEN_RANGE | function_failed | 包まれた鍵の長さが正しくありません。 | この鍵は署名にだけ使います。操作をお確かめください。
0x113 | CKR_WRAPPING_KEY_HANDLE_INVALID | function_failed | 鍵を包む鍵が見つかりません。 | この鍵は署名にだけ使います。操作をお確かめください。
0x114 | CKR_WRAPPING_KEY_SIZE_RANGE | function_failed | 鍵を包む鍵の長さが合いません。 | この鍵は署名にだけ使います。操作をお確かめください。
0x115 | CKR_WRAPPING_KEY_TYPE_INCONSISTENT | function_failed | 鍵を包む鍵の種類が合いません。 | この鍵は署名にだけ使います。操作をお確かめください。
0x120 | CKR_RANDOM_SEED_NOT_SUPPORTED | function_failed | トークンの乱数には、外から種を加えられません。 | そのままお使いください。続くときは、管理者にご連絡ください。
0x121 | CKR_RANDOM_NO_RNG | mechanism_missing | トークンに乱数の機能がなく、鍵を作れません。 | 鍵を作れるトークンをお使いください。
0x130 | CKR_DOMAIN_PARAMS_INVALID | mechanism_missing | この楕円曲線に、トークンが対応していません。 | P-256またはRSAの鍵を指定してください。
0x140 | CKR_CURVE_NOT_SUPPORTED | mechanism_missing | 指定した楕円曲線は、トークンで使えません。 | P-256またはRSAの鍵を指定してください。
0x150 | CKR_BUFFER_TOO_SMALL | function_failed | トークンの答えが、決められた長さを超えました。 | モジュールの版をお確かめください。繰り返すときは、管理者にご連絡ください。
0x160 | CKR_SAVED_STATE_INVALID | function_failed | 保存された途中の状態を、トークンが受け付けません。 | 操作をはじめからやり直してください。
0x170 | CKR_INFORMATION_SENSITIVE | not_permitted | トークンの外に出せない情報を求めました。 | 秘密鍵はトークンの外に出せません。操作をお確かめください。
0x180 | CKR_STATE_UNSAVEABLE | function_failed | トークンの途中の状態は保存できません。 | 操作をはじめからやり直してください。
0x190 | CKR_CRYPTOKI_NOT_INITIALIZED | module_unusable | モジュールの準備ができていません。 | もう一度お試しください。続くときは、モジュールを入れ直してください。
0x191 | CKR_CRYPTOKI_ALREADY_INITIALIZED | module_unusable | モジュールの準備が二重に行われました。 | もう一度お試しください。続くときは、管理者にご連絡ください。
0x1A0 | CKR_MUTEX_BAD | module_unusable | モジュールの排他の仕組みが壊れています。 | モジュールを入れ直してください。
0x1A1 | CKR_MUTEX_NOT_LOCKED | module_unusable | モジュールの排他の順序が乱れました。 | モジュールを新しい版に替えてください。
0x1B0 | CKR_NEW_PIN_MODE | pin_expired | トークンが、新しいPINの設定を求めています。 | 付属のソフトウェアでPINを設定してから、もう一度お試しください。
0x1B1 | CKR_NEXT_OTP | pin_expired | トークンが、次のワンタイムパスワードを求めています。 | 付属のソフトウェアで同期してから、もう一度お試しください。
0x1B5 | CKR_EXCEEDED_MAX_ITERATIONS | function_failed | 鍵の材料を決まった回数の中で見つけられませんでした。 | もう一度お試しください。
0x1B6 | CKR_FIPS_SELF_TEST_FAILED | function_failed | トークンの自己診断が失敗しました。 | このトークンは使わず、製造元または管理者にご連絡ください。
0x1B7 | CKR_LIBRARY_LOAD_FAILED | module_unusable | モジュールが必要とする別のライブラリーを読み込めません。 | トークンに付属のソフトウェアを入れ直してください。
0x1B8 | CKR_PIN_TOO_WEAK | pin_weak | 新しいPINが簡単すぎると、トークンに断られました。 | 推測されにくいPINを選んでください。PINは変わっていません。
0x1B9 | CKR_PUBLIC_KEY_INVALID | function_failed | 公開鍵の値が正しくありません。 | 証明書と鍵の組み合わせをお確かめください。
0x200 | CKR_FUNCTION_REJECTED | cancelled | トークンの持ち主の確認が得られず、操作が断られました。 | トークンのボタンや表示で、操作を承認してください。
0x201 | CKR_TOKEN_RESOURCE_EXCEEDED | token_full | トークンの処理能力の上限に達しました。 | 少し待ってから、もう一度お試しください。
0x202 | CKR_OPERATION_CANCEL_FAILED | function_failed | トークンの処理を取り消せませんでした。 | トークンを挿し直して、もう一度お試しください。
0x203 | CKR_KEY_EXHAUSTED | not_permitted | この鍵は、使える回数の上限に達しました。 | 新しい鍵と証明書をご用意ください。
0x80000000 | CKR_VENDOR_DEFINED | function_failed | トークンの製造元に固有の失敗が起きました(PINの誤りではありません)。 | 技術情報の番号を添えて、トークンの製造元または管理者にお尋ねください。
"""

NAMES = {}  # value -> name
SAID = {}  # name -> (code of the family, sentence, advice)
for _line in TABLE.strip().splitlines():
    _value, _name, *_said = (each.strip() for each in _line.split("|"))
    NAMES[int(_value, 16)] = _name
    SAID[_name] = tuple(_said)
VENDOR = 0x80000000


def name_of(value):
    """The name of a return value; "CKR_VENDOR_DEFINED" and the number for a maker's own, the number if nobody knows it."""
    known = NAMES.get(value)
    if known and value != VENDOR:
        return known
    return f"CKR_VENDOR_DEFINED {value:#x}" if value >= VENDOR else f"CKR {value:#x}"


def said(name):
    """(code of the family, sentence, advice) for a name as `name_of` gives it, or None if it is none."""
    return SAID.get(name.split(" ")[0])


# python-pkcs11 names most return values by a class, a few by the text of its base class (pkcs11/_pkcs11.pxd).
_SPELLED = {"FUNCTION_CANCELLED": "FUNCTION_CANCELED", "TOKEN_NOT_RECOGNISED": "TOKEN_NOT_RECOGNIZED"}
_TEXTS = {
    "Buffer was too small": "CKR_BUFFER_TOO_SMALL",
    "already initialized": "CKR_CRYPTOKI_ALREADY_INITIALIZED",
    "not initialized": "CKR_CRYPTOKI_NOT_INITIALIZED",
    "Parallel not supported": "CKR_SESSION_PARALLEL_NOT_SUPPORTED",
    "User type invalid": "CKR_USER_TYPE_INVALID",
    "Failed to cancel": "CKR_OPERATION_CANCEL_FAILED",
}


def name_of_exception(error):
    """The CKR_ name behind an exception of python-pkcs11, else the name of its class."""
    kind, text = type(error).__name__, str(error)
    if "Unmapped error code" in text:
        return name_of(int(text.rsplit(" ", 1)[1], 16))
    told = next((name for part, name in _TEXTS.items() if part in text), None)
    if kind == "PKCS11Error":
        return told or kind
    squeezed = {name[4:].replace("_", ""): name for name in SAID}
    words = {spelled.replace("_", ""): name for spelled, name in _SPELLED.items()}
    words["ANOTHERUSERALREADYLOGGEDIN"] = "USER_ANOTHER_ALREADY_LOGGED_IN"
    found = kind.upper()
    return f"CKR_{words[found]}" if found in words else squeezed.get(found, kind)
