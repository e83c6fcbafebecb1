"""How the command line speaks with a person: sentences out, a PIN in."""

import getpass
import os
import sys
import unicodedata


class Complaint(Exception):
    """Something about files or options that the person can put right. `message` and `advice` are Japanese."""

    def __init__(self, message, advice=""):
        super().__init__(message)
        self.message = message
        self.advice = advice


LAST_TRY = "最後の1回"


def pin_of(options, flags=()):
    """The PIN: from the pipe `--pin-fd`, else typed without echo at the terminal; None where the token's reader has a
    pad of its own. Never from an argument or the environment. Raises Complaint."""
    if options.pin_fd is not None:
        return _checked(_piped(options.pin_fd))
    if "PROTECTED_AUTHENTICATION_PATH" in flags:
        say("カードリーダーの操作部でPINを入力してください。")
        return None
    return _checked(_typed("PIN: "))


def new_pin(options):
    """A PIN to be set: from the pipe, else typed twice."""
    if options.pin_fd is not None:
        return pin_of(options)
    pin = _checked(_typed("新しいPIN(4~64文字): "))
    if _typed("もう一度入力してください: ") != pin:
        raise Complaint("2回のPINが一致しません。", "はじめからやり直してください。トークンは作成していません。")
    return pin


def allows_last_try(options):
    """True if the person types that this may be the last try; never on behalf of somebody absent."""
    if options.pin_fd is not None or not sys.stdin.isatty():
        return False
    say("次にPINを間違えると、トークンがロックされます。")
    return input(f"続ける場合は「{LAST_TRY}」と入力してください: ").strip() == LAST_TRY


def say(*lines):
    print(*lines, sep="\n", flush=True)


def complain(error):
    """An error's message and advice, to stderr."""
    print(f"できませんでした: {error.message}", file=sys.stderr)
    if error.advice:
        print(f"  → {error.advice}", file=sys.stderr)
    if getattr(error, "detail", ""):
        print(f"  (技術情報: {error.code} / {error.detail})", file=sys.stderr)


def _piped(descriptor):
    try:
        with os.fdopen(descriptor, encoding="utf-8") as pipe:
            return pipe.readline().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise Complaint("PINを渡すパイプを読み取れません。", "--pin-fdの番号をお確かめください。") from error


def _typed(prompt):
    if not sys.stdin.isatty():
        raise Complaint(
            "PINを入力する端末がありません。",
            "端末から直接実行するか、--pin-fdで、PINを渡すパイプの番号を指定してください。",
        )
    return getpass.getpass(prompt)


def _checked(pin):
    """Sent to a token only if it could be one: 4 to 64 characters, none of them a control character."""
    if not 4 <= len(pin) <= 64 or any(unicodedata.category(each) == "Cc" for each in pin):
        raise Complaint("PINは4文字以上64文字以下で入力してください。", "このPINはトークンに送っていません。")
    return pin
