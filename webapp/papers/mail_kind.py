"""What an answer of the desk seems to be, by its files and words. It is only ever offered, never acted upon."""

import re

# How a verb goes on, so that what is quoted is a whole word of the mail.
_ON = (
    r"(?:(?:し|され|となり|いたし|致し|させていただき)?(?:ました|ます|ません(?:でした)?)"
    r"|でした|して(?:ください)?|ください)?"
)
# Tried in this order: what an answer says for good goes before what it says in passing, and a question before the receipt.
_WORDS = (
    (
        "revoked",
        r"失効完了|失効(?:処理|手続き?)?(?:が|を)?完了|失効(?:いた)?しました|revocation (?:is |was |has been )?complete",
    ),
    ("refusal", r"却下|不受理|発行(?:を)?(?:お断り|いたしかね|できません)|お受け(?:いたしかね|できません)|rejected"),
    (
        "question",
        r"不備|訂正|差し?替え|再提出|お送り(?:直し|ください)|ご(?:回答|返信|教示)|お知らせください|確認(?:でき|が取れ)ません"
        r"|お尋ね|お(?:聞|教)かせ|お?教えください|教えて(?=ください)|質問(?=が|です|いた|させ)"
        r"|[^\s、。「」]{0,20}(?:(?:ます|ません|です|でしょう)か(?!ら)|(?<=[ぁ-ヶ一-龠])[??])",
    ),
    (
        "receipt",
        r"受け?付け?(?=まし|いたし|致し|しまし|させて)|受け?付け?を?完了|受領(?=まし|いたし|致し|しまし)|審査を(?:開始|始め)|お申し?込みありがとう",
    ),
)
_ZIP = b"PK\x03\x04"
_QUOTED = re.compile(r"^\s*[>＞|]|^-{3,}\s*(?:Original Message|元のメッセージ|Forwarded|転送)", re.IGNORECASE)


def kind_of(mail):
    """(kind, why) of a ReceivedMail and those inside it: certificate (a ZIP came), revoked, refusal, question, receipt
    or unknown; `why` is a Japanese phrase, which tells a receipt beside a question too. What it quotes from others does not
    count."""
    parcel = zip_of(mail)
    for kind, words in _WORDS[:1]:  # a notice of revocation may come with files
        if parcel is None and (found := _found(mail, words)):
            return kind, found
    if parcel is not None:
        return "certificate", f"添付の「{parcel.name}」"
    for kind, words in _WORDS[1:]:
        if found := _found(mail, words):
            also = _found(mail, dict(_WORDS)["receipt"]) if kind == "question" else ""
            return kind, f"{found}。受付の知らせもあります: {also}" if also else found
    return "unknown", ""


def zip_of(mail):
    """The first attached ZIP of a mail or of those inside it, or None."""
    found = (each for part in mail.everything() for each in part.attachments)
    return next((each for each in found if each.data.startswith(_ZIP) and not _is_office(each.name)), None)


def _is_office(name):
    return name.lower().endswith((".xlsx", ".xlsm", ".docx", ".pptx", ".ods", ".jar"))


def _found(mail, words):
    for part in mail.everything():
        for where, text in (("件名", part.subject), ("本文", said(part.text))):
            if match := re.search(f"(?:{words}){_ON}", text, re.IGNORECASE):
                return f"{where}の「{match[0]}」"
    return ""


def said(text):
    """The lines that the sender wrote, without what is quoted below or between them."""
    kept = []
    for line in text.splitlines():
        if line.lstrip().startswith("---") and _QUOTED.search(line):
            break
        if not _QUOTED.search(line):
            kept.append(line)
    return "\n".join(kept).strip()
