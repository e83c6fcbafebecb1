"""The letters about 署名簿."""

from webapp.mails.frame import SIGNATURE, letter


def made_against_the_rules(sender, recipients, address, title, serial, name, release, why):
    """To the officers: a signature was registered that should not have been made. `why` is a sentence."""
    subject = f"[しるし] 使えないはずの証明書による署名が登録されました({title})"
    body = (
        f"{why}\n\n証明書: {title}\nシリアル番号: {serial}\nファイル: {name} {release}\n\n"
        "署名した人に事情を確認してください。鍵の不正な使用が疑われるときは、緊急失効を始めてください。\n\n"
        f"署名簿:\n{address}"
    )
    return letter(sender, recipients, subject, body + SIGNATURE)
