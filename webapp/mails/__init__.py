"""The letters: each a function returning an EmailMessage. Nothing here sends, and nothing here knows a password.

Those about an application for issue stand here, others in a file for each noun."""

from webapp.mails.frame import SIGNATURE, letter, notice


def submitted(sender, recipients, application, address):
    body = f"{application.applicant.name}さんから申請が提出されました。申請書の内容を確認し、審査してください。"
    return notice(sender, recipients, application, "審査をお願いします", body, address)


def returned(sender, recipients, application, address, reason, officer):
    body = f"{officer}さんが申請を差し戻しました。\n\n理由:\n{reason}\n\n内容を直して、もう一度提出してください。"
    return notice(sender, recipients, application, "差し戻されました", body, address)


def inquired(sender, recipients, application, address, question, officer):
    body = f"{officer}さんから照会があります。\n\n{question}\n\n申請の画面で回答してください。申請は審査中のままです。"
    return notice(sender, recipients, application, "照会があります", body, address)


def answered(sender, recipients, application, address, answer):
    return notice(sender, recipients, application, "照会に回答がありました", f"回答:\n{answer}", address)


def awaits_seal(sender, recipients, application, address):
    body = "登録担当者の審査が終わりました。申請書の内容を確認し、電子署名または捺印をお願いします。"
    return notice(sender, recipients, application, "捺印・署名をお願いします", body, address)


def posted(sender, recipients, application, address):
    body = (
        "サービス窓口へ申請書類を送付しました。認証局の審査では、機関の代表電話番号に電話があります。\n"
        "審査の開始から発行までは、約10営業日です。"
    )
    if application.is_revocation:
        body = "サービス窓口へ失効申請書類を送付しました。失効すると、登録担当者と利用管理者に失効完了通知メールが届きます。"
    return notice(sender, recipients, application, "サービス窓口へ送付しました", body, address)


def in_doubt(sender, recipients, application, address):
    body = (
        "送付メールの送信結果が分かりません。本文を渡したあと、メールサーバーから応答がありませんでした。\n"
        "届いているかを確認し、申請の画面で「届いていた」または「もう一度送る」を選んでください。"
    )
    return notice(sender, recipients, application, "送信結果を確認してください", body, address)


def rejected(sender, recipients, application, address, answer):
    body = (
        f"サービス窓口への送付メールを送信できませんでした。\n\n{answer}\n\n"
        "申請の画面で理由を確認し、もう一度送るか、自分のメールソフトで送付してください。"
    )
    return notice(sender, recipients, application, "送付メールを送信できませんでした", body, address)


def reopened(sender, recipients, application, address, fault, officer):
    body = f"サービス窓口から不備の連絡がありました({officer}さんが記録)。\n\n{fault}\n\n内容を直して、もう一度提出してください。"
    return notice(sender, recipients, application, "不備がありました", body, address)


def withdrawn(sender, recipients, application, address, reason):
    return notice(sender, recipients, application, "取り下げられました", f"理由:\n{reason}", address)


def refused(sender, recipients, application, address, reason):
    return notice(sender, recipients, application, "認証局で却下されました", f"認証局の説明:\n{reason}", address)


def delivered(sender, recipients, application, address):
    body = "認証局から証明書が届き、内容を確認しました。鍵のあるトークンに格納し、動作を確認してください。"
    return notice(sender, recipients, application, "証明書が届きました", body, address)


def awaits_acceptance(sender, recipients, application, address):
    body = "証明書を利用する準備ができました。記載内容を確認し、「内容を確認し、利用を始める」を押してください。"
    return notice(sender, recipients, application, "証明書の内容を確認してください", body, address)


def trial(sender, recipient):
    """A test letter by which an administrator sees that the mail server takes what we send."""
    body = "しるしからの試験メールです。このメールが届いていれば、メールサーバーの設定は正しく動いています。"
    return letter(sender, [recipient], "[しるし] 試験メール", body + SIGNATURE)
