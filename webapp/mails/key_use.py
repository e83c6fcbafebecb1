"""The letters about the use of a key that lies on the institution's token."""

from webapp.mails.frame import notice


def awaits_approval(sender, recipients, application, address, user):
    body = (
        f"{user}さんが、機関のトークンにある鍵を使うのを待っています(証明書の格納と動作確認)。\n"
        "内容を確認し、鍵の使用を承認してください。1回の承認で、1回だけ使えます。"
    )
    return notice(sender, recipients, application, "鍵の使用の承認をお願いします", body, address)


def approved(sender, recipients, application, address, officer):
    body = f"{officer}さんが、機関のトークンにある鍵の使用を1回承認しました。\n\n証明書をトークンに格納してください。"
    return notice(sender, recipients, application, "鍵の使用が承認されました", body, address)
