"""失効完了通知: the CA's mail that says that a certificate is revoked (seed 1-3-4), read as it came (.eml, RFC 5322)."""

import email
import email.policy
import re
from dataclasses import dataclass
from email.errors import MessageError

from webapp.errors import Unreadable

_ADVICE = "メールソフトで「名前を付けて保存」した .eml のファイルを選んでください。"
_LONGEST_TEXT = 1_000_000  # characters that are looked through


@dataclass(frozen=True)
class Notice:
    """What the mail says: `sender`, `subject`, `sent` as written, `names_it`: whether it names the serial (in any
    notation) or the application number; `points` (sentence, result, detail)."""

    sender: str
    subject: str
    sent: str
    names_it: bool
    points: tuple


def read(data: bytes, serial: str, number: str) -> Notice:
    """The mail in `data`, looked through for `serial` (hex) and `number`. Raises Unreadable if it is no mail."""
    try:
        message = email.message_from_bytes(data, policy=email.policy.default)
        head = [str(message[name] or "") for name in ("From", "Subject", "Date")]
        body = message.get_body(("plain", "html"))
        text = body.get_content() if body is not None else ""
    except (MessageError, LookupError, ValueError, TypeError, AttributeError, IndexError, UnicodeError):
        raise Unreadable("メールのファイルとして読めません。", _ADVICE) from None
    if not head[0] or not (head[1] or text):
        raise Unreadable("メールのファイルではないようです(差出人または本文がありません)。", _ADVICE)
    names_it = _names(f"{head[1]}\n{text}"[:_LONGEST_TEXT], serial, number)
    found = ("メールは、この証明書のシリアル番号または申請番号を含みます。", "適合", "")
    missing = (
        "メールに、この証明書のシリアル番号も申請番号も見つかりません。",
        "注意",
        "内容を目で確かめて記録しています。",
    )
    points = (("差出人と件名", "記録", f"{head[0]} / {head[1]} / {head[2]}"), found if names_it else missing)
    return Notice(head[0], head[1], head[2], names_it, points)


def _names(text, serial, number):
    squeezed = re.sub(r"[\s:：-]", "", text).lower()
    wanted = int(serial, 16)
    return f"{wanted:x}" in squeezed or str(wanted) in squeezed or number.lower() in text.lower()
