"""失効完了通知: the CA's mail that says that a certificate is revoked (seed 1-3-4), read as it came
(.eml or .msg)."""

import re
from dataclasses import dataclass

from webapp.papers import received_mail

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
    """The mail in `data`, and those inside it, looked through for `serial` (hex) and `number`. Raises Unreadable if it is
    no mail. Guard it as received_mail.read."""
    mail = received_mail.read(data)
    words = "\n".join(f"{each.subject}\n{each.text}" for each in mail.everything())
    names_it = _names(words[:_LONGEST_TEXT], serial, number)
    head = (mail.sender, mail.subject, f"{mail.sent_at:%Y-%m-%d %H:%M %z}" if mail.sent_at else "")
    found = ("メールは、この証明書のシリアル番号または申請番号を含みます。", "適合", "")
    missing = (
        "メールに、この証明書のシリアル番号も申請番号も見つかりません。",
        "注意",
        "内容を目で確かめて記録しています。",
    )
    points = (("差出人と件名", "記録", " / ".join(head)), found if names_it else missing)
    return Notice(*head, names_it, points)


def _names(text, serial, number):
    squeezed = re.sub(r"[\s:：-]", "", text).lower()
    wanted = int(serial, 16)
    return f"{wanted:x}" in squeezed or str(wanted) in squeezed or number.lower() in text.lower()
