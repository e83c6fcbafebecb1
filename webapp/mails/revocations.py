"""The letters about 失効."""

from webapp.clock import JST
from webapp.mails.frame import notice


def emergency(sender, recipients, application, address, certificate):
    body = (
        "【至急】秘密鍵の危殆化のため、緊急失効の手続きを始めました。\n\n"
        f"対象の証明書: {certificate.title}\n主体者DN: {certificate.subject}\nシリアル番号: {certificate.serial}\n\n"
        "この証明書の鍵では、いま直ちに署名をやめてください。鍵の使用は、しるしでも止めました。\n"
        "この鍵による署名を配布したソフトウェアがあれば、配布を止め、登録担当者に知らせてください。"
    )
    return notice(sender, recipients, application, "緊急失効を始めました", body, address)


def hurry(sender, recipients, application, address, until):
    body = (
        f"【至急】秘密鍵の危殆化に気づいてから24時間の期限({until.astimezone(JST):%-m月%-d日 %H:%M})が迫っています。\n"
        "失効申請書は、まだサービス窓口へ送付されていません。申請の画面で、いまの段階を進めてください。"
    )
    return notice(sender, recipients, application, "失効の期限が迫っています", body, address)


def completed(sender, recipients, application, address, certificate):
    body = (
        f"認証局から失効完了通知が届きました(シリアル番号 {certificate.serial})。\n"
        "CRLとOCSPで失効を確認できるまで、しるしが繰り返し確認します。この証明書の鍵では署名しないでください。"
    )
    return notice(sender, recipients, application, "失効完了通知が届きました", body, address)


def confirmed(sender, recipients, application, address, sentence):
    body = f"{sentence}\n\n失効の手続きは終わりました。トークンに残る鍵と証明書は、機関の定めに従って処分してください。"
    return notice(sender, recipients, application, "失効を確認しました", body, address)


def reviewed(sender, recipients, application, address, note):
    return notice(sender, recipients, application, "緊急失効の事後確認が済みました", f"確認の内容:\n{note}", address)
