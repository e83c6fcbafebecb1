"""Files and options of the command line, read and written with complaints a person can act on."""

import secrets
from pathlib import Path

from tokens import certificates
from tokens.certificates import JAPAN
from tokens.names import name_of
from tokens.terminal import Complaint

LARGEST = 20_000_000


def pair(text):
    short, equals, value = text.partition("=")
    if not equals or not value.strip():
        raise Complaint(f"主体者の項目「{text}」を読み取れません。", "--subject O=… のように指定してください。")
    return [short.strip(), value.strip()]


def possible(subject):
    try:
        name_of(subject)
    except ValueError as error:
        raise Complaint("主体者の項目の名前または長さが正しくありません。", "Cは2文字、CNは64文字までです。") from error


def challenge(text):
    try:
        challenge = bytes.fromhex(text)
    except ValueError:
        challenge = b""
    if len(challenge) != 32:
        raise Complaint("確認番号は16進数64文字です。", "画面に表示された確認番号を、そのまま写してください。")
    return challenge


def hexadecimal(text):
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise Complaint(f"識別子「{text}」を読み取れません。", "16進数で、03 のように指定してください。") from error


def identifier(output):
    """The CKA_ID for this output file: written beside it, and read again at a second try."""
    note = Path(f"{output}.keyid")
    if not note.exists():
        write(note, secrets.token_hex(20).encode("ascii"))
    try:
        return bytes.fromhex(read(note).decode("ascii"))
    except ValueError as error:
        raise Complaint(
            f"{note}を読み取れません。", "鍵をまだ作っていなければ、このファイルを消してください。"
        ) from error


def certificates_in(path):
    try:
        return certificates.read(path)
    except OSError as error:
        raise Complaint(f"{path}を開けません。", "ファイルの名前と場所をお確かめください。") from error
    except ValueError as error:
        raise Complaint(
            f"{path}は証明書のファイルではありません。", "PEMまたはDER形式の証明書を指定してください。"
        ) from error


def one_of(path):
    try:
        return certificates.leaf_and_chain(certificates_in(path))
    except ValueError as error:
        advice = "利用者の証明書1枚と、その中間証明書だけを含むファイルを指定してください。"
        raise Complaint(f"{path}から証明書を1枚に決められません。", advice) from error


def read(path):
    try:
        with open(path, "rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise Complaint(f"{path}を開けません。", "ファイルの名前と場所をお確かめください。") from error
    if len(data) > LARGEST:
        raise Complaint(f"{path}が大きすぎます。", "20MBまでのファイルを指定してください。")
    return data


def free(path):
    """The path of a file that is not there yet: nothing is overwritten, and no PIN asked in vain."""
    if Path(path).exists():
        raise Complaint(f"{path}はすでにあります。", "別の名前を指定するか、古いファイルを移動してください。")
    return Path(path)


def write(path, data):
    try:
        with open(path, "xb") as file:
            file.write(data)
    except OSError as error:
        raise Complaint(f"{path}に書き込めません。", "書き込み先のフォルダーと空き容量をお確かめください。") from error


def described(certificate):
    until = certificate.not_valid_after_utc.astimezone(JAPAN).date().isoformat()
    return f"{certificates.common_name(certificate)}({until}まで、シリアル番号 {certificate.serial_number:x})"
