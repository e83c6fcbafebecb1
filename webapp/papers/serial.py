"""シリアル番号 in the notations that people write (domain.md §7): openssl's 0A:1B or 0x0a1b, keytool's 0a1b, the blanks
of Windows, the decimal number of the old 失効申請, full-width digits. A serial itself is an int."""

import unicodedata
from string import hexdigits

LONGEST = 20  # octets, RFC 5280 §4.1.2.2


def readings(text: str) -> tuple[int, ...]:
    """The serials that `text` may mean, hexadecimal first: one, two if it is all digits without 0x or colons, none if
    it is no serial (`fault` says why)."""
    return tuple(dict.fromkeys(value for value in _numbers(_folded(text)) if _is_serial(value)))


def fault(text: str) -> str:
    """Why `text` is no serial, a sentence for people; "" if it is one."""
    folded = _folded(text)
    digits = _digits(folded)
    if readings(text):
        return ""
    if not digits:
        return "シリアル番号が入力されていません。"
    if folded.startswith(("-", "−", "ー")):
        return "シリアル番号に負の数はありません。先頭の「-」を取り除いてください。"
    if strange := "".join(dict.fromkeys(each for each in digits if each not in hexdigits)):
        return f"シリアル番号に使えない文字「{strange}」があります。使えるのは0〜9とa〜f、区切りの空白と「:」です。"
    if not digits.strip("0"):
        return "0はシリアル番号になりません。証明書に表示されている番号を入力してください。"
    return f"シリアル番号が長すぎます。16進数で{2 * LONGEST}桁({LONGEST}オクテット)までです。"


def as_hex(serial: int) -> str:
    """Lower-case hex, two digits an octet, as the register keeps it: "0a1b"."""
    return serial.to_bytes(max(1, (serial.bit_length() + 7) // 8)).hex()


def as_decimal(serial: int) -> str:
    """Decimal digits."""
    return str(serial)


def in_groups(serial: int) -> str:
    """Hex in groups of four digits, for reading aloud and comparing: "0a1b 2c3d"."""
    digits = as_hex(serial)
    first = len(digits) % 4
    groups = [digits[:first]] + [digits[at : at + 4] for at in range(first, len(digits), 4)]
    return " ".join(group for group in groups if group)


def _folded(text):
    """Half-width, lower-case, without blanks."""
    return "".join(unicodedata.normalize("NFKC", text).split()).lower()


def _digits(folded):
    return folded.replace(":", "").removeprefix("0x")


def _numbers(folded):
    digits = _digits(folded)
    if not digits or set(digits) - set(hexdigits) or len(digits) > 100:
        return
    yield int(digits, 16)
    if digits.isdigit() and digits == folded:
        yield int(digits)


def _is_serial(value):
    return 0 < value < 1 << 8 * LONGEST
