"""The letters of the yearly 棚卸し."""

from webapp.mails.frame import SIGNATURE, letter


def asks(sender, recipients, address, stocktaking, count):
    """To one 利用管理者: so many certificates to be confirmed by the day."""
    subject = f"[しるし] 棚卸し({stocktaking.name}): {count}件の確認をお願いします"
    body = (
        f"コード署名用証明書の棚卸し({stocktaking.name})を行っています。\n"
        f"{stocktaking.due_on:%Y年%-m月%-d日}までに、管理している証明書{count}件の確認をお願いします。\n\n"
        "担当者・職名・用途が台帳のとおりで、トークンが手元にあれば、1件につき1回押すだけで終わります。\n"
        "違う点があるときは、その内容を選んでください。トークンを紛失したときは、期限を待たずに連絡してください。\n\n"
        f"確認の画面:\n{address}/own"
    )
    return letter(sender, recipients, subject, body + SIGNATURE)


def differs(sender, recipients, address, stocktaking, title, name, points, note):
    """To an officer: somebody reported that the register is not right. `points` are the sentences chosen."""
    subject = f"[しるし] 棚卸し({stocktaking.name}): 台帳と違う点があります({title})"
    words = f"\n\n{note}" if note else ""
    body = (
        f"{name}さんから、「{title}」について報告がありました。\n\n" + "\n".join(f"- {each}" for each in points) + words
    )
    return letter(sender, recipients, subject, f"{body}\n\n内容を確認し、対応してください:\n{address}" + SIGNATURE)


def awaits_sign_off(sender, recipients, address, stocktaking, name):
    """To a head or another officer: the report lies ready."""
    subject = f"[しるし] 棚卸し({stocktaking.name})の報告を承認してください"
    body = f"{name}さんが棚卸し({stocktaking.name})を閉じました。報告の内容を確認し、承認してください。\n\n報告:\n{address}/report"
    return letter(sender, recipients, subject, body + SIGNATURE)
