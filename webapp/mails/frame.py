"""What every letter of ours begins and ends with."""

from email.message import EmailMessage
from email.utils import formataddr, make_msgid

SIGNATURE = "\n\n-- \nしるし(コード署名用証明書 管理台帳)\nこのメールは自動で送信しています。\n"


def letter(sender, recipients, subject, body):
    """`sender` and each recipient are (name, address)."""
    message = EmailMessage()
    message["From"] = formataddr(sender)
    message["To"] = ", ".join(formataddr(recipient) for recipient in recipients)
    message["Subject"] = subject
    message["Message-ID"] = make_msgid(domain=sender[1].partition("@")[2])
    message.set_content(body, charset="utf-8", cte="base64")
    return message


def notice(sender, recipients, application, news, body, address):
    subject = f"[しるし] {application.number} {news}({application.title})"
    lines = f"{application.number} {application.title}\n\n{body}\n\n申請の画面:\n{address}"
    return letter(sender, recipients, subject, lines + SIGNATURE)
