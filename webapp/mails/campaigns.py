"""The letters of a forced replacement."""

from webapp.mails.frame import SIGNATURE, letter


def asks(sender, recipients, address, campaign, count):
    """To one 利用管理者: so many certificates to be replaced by the day."""
    day = f"{campaign.due_on:%Y年%-m月%-d日}"
    subject = f"[しるし] {day}までに証明書{count}枚を置き換えてください({campaign.title})"
    body = (
        f"次の理由により、管理しているコード署名用証明書のうち{count}枚を、{day}までに新しい証明書へ置き換える必要があります。\n\n"
        f"{campaign.title}\n{campaign.reason}\n\n"
        "更新には、認証局の審査に約10営業日かかります。次の画面から、1枚ずつ更新を申請してください。\n\n"
        f"{address}"
    )
    return letter(sender, recipients, subject, body + SIGNATURE)
