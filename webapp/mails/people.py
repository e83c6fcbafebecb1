"""Letters about people: who took over what from whom."""

from webapp.mails.frame import SIGNATURE, letter


def handed_over(sender, recipients, address, person, successor, what):
    """To both of them and to the officers; `what` counts what went over."""
    body = f"""{person}さんから{successor}さんへ、次の担当を引き継ぎました。

{what}

引継書(証明書とトークンの一覧、進行中の申請、次の期日、連絡先)は、次の画面で確認し、印刷できます。
{address}

後任の方は、引継書のトークンが手元にあることを確認してください。期限などのお知らせは、これからは後任の方に届きます。"""
    return letter(sender, recipients, f"[しるし] 担当の引き継ぎ({person}さんから{successor}さんへ)", body + SIGNATURE)
