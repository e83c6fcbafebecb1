"""The letters about 更新."""

from webapp.mails.frame import notice


def replaced(sender, recipients, application, address, old):
    """The new certificate is in use. `old`: the certificate it replaces."""
    body = (
        "新しい証明書の利用を始めました。\n\n"
        f"これまでの証明書(シリアル番号 {old.serial}、{old.ends_on:%Y年%-m月%-d日}まで)は、自動では失効しません。\n"
        "タイムスタンプのない署名は、証明書を失効すると検証できなくなることがあります。"
        "配布中のソフトウェアを新しい証明書で署名し直してから、失効を検討してください。"
    )
    return notice(sender, recipients, application, "新しい証明書の利用を始めました", body, address)
