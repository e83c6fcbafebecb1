"""The notice that an application was typed into the CA's portal."""

from webapp.mails.frame import notice


def entered(sender, recipients, application, address, receipt, business_days):
    body = f"認証局のポータルで申請しました。受付番号は {receipt} です。\n"
    body += (
        "失効すると、認証局から通知が届きます。"
        if application.is_revocation
        else f"審査の開始から発行までは、約{business_days}営業日です。"
    )
    return notice(sender, recipients, application, "認証局のポータルで申請しました", body, address)
