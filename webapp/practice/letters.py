"""The letters of the desk. Each function returns an EmailMessage; no letter ever holds the ZIP password."""

from email.message import EmailMessage
from email.utils import format_datetime, make_msgid

from webapp.practice.clock import JST
from webapp.practice.packet import ISSUE

SIGNATURE = "--\n【練習】サービス窓口(練習用の窓口です。発行する証明書は練習環境の外では使えません)\n"
COUNT = {
    True: "CSR・発行申請書(Excel)・捺印または電子署名済みのPDFの3点",
    False: "失効申請書(Excel)・捺印または電子署名済みのPDFの2点",
}


def faults(case, form, to, desk, now, answered) -> EmailMessage:
    """不備の連絡: one line for each fault."""
    lines = "\n".join(f"・{sentence}" for sentence in case.faults)
    text = f"""お送りいただいた申請書類を確認したところ、次の不備がありました。

{lines}

内容を訂正し、{COUNT[case.kind == ISSUE]}を改めてこの窓口へお送りください。
訂正で記載内容が変わるときは、捺印または電子署名もやり直してください。
"""
    return _letter(case, form, to, "申請書類の不備について", text, desk, now, answered)


def delivery(case, form, to, certificate, parcel, desk, now, answered) -> EmailMessage:
    """証明書の送付, with the encrypted ZIP `parcel` (name, bytes)."""
    serial = f"{certificate.serial_number:x}"
    until = certificate.not_valid_after_utc.astimezone(JST)
    text = f"""電話での確認が完了しましたので、コード署名用証明書を送付します。

シリアル番号: {serial}
有効期間の終わり: {until:%Y年%m月%d日 %H:%M:%S}(日本時間)

添付のZIPファイルは、発行申請書の「パスワード(証明書取得時用)」で暗号化してあります。
証明書の記載内容を確認のうえ、利用を始めてください。
"""
    message = _letter(case, form, to, "コード署名用証明書の送付", text, desk, now, answered)
    name, data = parcel
    message.add_attachment(data, maintype="application", subtype="zip", filename=name)
    return message


def revoked(case, form, to, serial, desk, now, answered) -> EmailMessage:
    """失効完了通知 (seed 1-3-4)."""
    number = f"申請番号: {case.number}\n" if case.number else ""
    text = f"""次の証明書の失効処理が完了しました。

{number}シリアル番号: {serial}
失効日時: {now.astimezone(JST):%Y年%m月%d日 %H:%M:%S}(日本時間)

この証明書の秘密鍵は、今後お使いにならないでください。
"""
    return _letter(case, form, to, "失効完了のお知らせ", text, desk, now, answered)


def _letter(case, form, to, subject, text, desk, now, answered):
    message = EmailMessage()
    number = f"申請番号 {case.number}・" if case.number else ""
    message["From"] = f"【練習】サービス窓口 <{desk}>"
    message["To"] = ", ".join(to)
    message["Subject"] = f"【練習】{subject}({number}受付番号 {case.id})"
    message["Date"] = format_datetime(now.astimezone(JST))
    message["Message-ID"] = make_msgid(domain=desk.partition("@")[2])
    if answered:
        message["In-Reply-To"] = message["References"] = answered
    message.set_content(f"{_greeting(form)}\n\n{text}\n{SIGNATURE}")
    return message


def _greeting(form):
    name = f"登録担当者 {form['officer_name']} 様" if form["officer_name"] else "登録担当者 様"
    return f"{form['institution']}\n{name}".strip()
