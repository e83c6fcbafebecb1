"""The letters to the desk, each with its attachments (seed 1-1-5, 1-3-3)."""

import hashlib

from webapp.mails.frame import letter


def packet(sender, recipients, form, packet):
    """The letter to the desk with a papers Packet. `form` as frozen: an IssueForm or, for revocation, a RevocationForm.
    Each file is attached and named with its SHA-256."""
    kind, particulars = (_revocation if packet.kind == "revoke" else _issue)(form)
    listed = "\n".join(
        f"  {n}. {file.name} ({len(file.data):,}バイト)\n     SHA-256: {hashlib.sha256(file.data).hexdigest()}"
        for n, file in enumerate(packet.files, 1)
    )
    body = f"""UPKI電子証明書発行サービス サービス窓口 御中

{form.institution_name}の{form.officer_name}です。
コード署名用証明書の{kind}申請書類をお送りします。ご確認をお願いいたします。

機関名: {form.institution_name}
{particulars}
申請番号: {form.number}

登録担当者: {form.officer_department} {form.officer_name}
電話: {form.officer_phone}(代表 {form.switchboard})
連絡可能な時間帯: {form.officer_hours}

添付ファイル({len(packet.files)}点):
{listed}

よろしくお願いいたします。

----
{form.institution_name}
{form.officer_department} {form.officer_name}
{form.officer_mail} / {form.officer_phone}
"""
    urgent = "【至急】" if getattr(form, "is_emergency", False) else ""
    subject = f"{urgent}【コード署名用証明書 {form.kind_label}{'' if kind == '失効' else '発行'}申請】{form.institution_name} {form.number}"
    message = letter(sender, recipients, subject, body)
    for file in packet.files:
        maintype, subtype = file.media_type.split("/", 1)
        message.add_attachment(file.data, maintype=maintype, subtype=subtype, filename=file.name)
    return message


def _issue(form):
    dn = ", ".join(f"{short}={value}" for short, value in reversed(form.subject))
    return "発行", f"手続きの種別: コード署名用証明書 {form.kind_label}発行\n主体者DN: {dn}"


def _revocation(form):
    urgent = "\n秘密鍵が危殆化しているため、至急の失効をお願いいたします。" if form.is_emergency else ""
    lines = (
        f"手続きの種別: コード署名用証明書 失効\n主体者DN: {form.subject}\n失効対象証明書シリアル番号: {form.serial}"
    )
    return "失効", lines + urgent
