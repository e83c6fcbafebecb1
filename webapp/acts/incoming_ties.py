"""To which application a mail belongs: by the Message-ID it answers, by our number, by the key of the certificate in its
ZIP, by the serial number of the certificate that was to be revoked."""

import re

from webapp.errors import Refused
from webapp.papers import guard, mail_kind, parcel_key
from webapp.procedure import Stage
from webapp.register import Application, Csr, Letter

REASONS = {
    "message_id": "送付したメールへの返信",
    "number": "件名の申請番号",
    "text": "本文の申請番号",
    "zip": "ZIPの証明書の公開鍵",
    "serial": "本文のシリアル番号",
    "officer": "登録担当者が選択",
}
_NUMBER = re.compile(r"CS-[0-9]{4}-[0-9]{4,6}")
_LONGEST = 100_000  # characters that are looked through for serial numbers
_SHORTEST = 1 << 32  # a smaller serial number may stand in a text by chance
_MOST = 200  # applications at the desk


def ties_of(mail):
    """[[application id, key of REASONS], …], each application once with its best reason. What the subject names goes
    before what the text names; the ZIP is only opened when nothing else tells."""
    found = {}
    for why, applications in _ways(mail):
        for application in applications:
            found.setdefault(application.id, why)
    return [[number, why] for number, why in found.items()]


def _ways(mail):
    parts = mail.everything()
    answered = _answered([each for part in parts for each in part.answers])
    named = _numbered("\n".join(part.subject for part in parts))
    yield "message_id", answered
    yield "number", named
    serials = _with_serial("\n".join(part.text for part in parts))
    yield "serial", serials
    if not (answered or named or serials):
        in_text = _numbered("\n".join(mail_kind.said(part.text) for part in parts))
        yield "text", in_text
        yield "zip", _with_key(mail) if not in_text else []


def _answered(message_ids):
    letters = Letter.select().where(Letter.message_id.in_(message_ids[:100]) & (Letter.purpose == "packet"))
    return [letter.application for letter in letters if letter.application_id]


def _numbered(text):
    numbers = list(dict.fromkeys(_NUMBER.findall(text.upper())))[:20]
    return list(Application.select().where(Application.number.in_(numbers)).order_by(Application.id))


def at_desk():
    """The applications that wait for the CA, newest first."""
    return list(
        Application.select().where(Application.stage == Stage.SENT.value).order_by(-Application.id).limit(_MOST)
    )


def _with_serial(text):
    squeezed = re.sub(r"[\s:：-]", "", text[:_LONGEST]).lower()
    return [each for each in at_desk() if each.is_revocation and _names(squeezed, each.target.serial)]


def _names(squeezed, serial):
    number = int(serial, 16)
    return number >= _SHORTEST and (f"{number:x}" in squeezed or str(number) in squeezed)


def _with_key(mail):
    """The applications at the desk whose CSR has the key of the certificate in the ZIP; the passwords go to the child."""
    parcel = mail_kind.zip_of(mail)
    waiting = [each for each in at_desk() if not each.is_revocation][: parcel_key.MOST]
    if parcel is None or not waiting:
        return []
    passwords = [each.password() for each in waiting]
    try:
        key = guard.run("webapp.papers.parcel_key:key_in", parcel.data, passwords, seconds=20)
    except Refused:
        return []
    return [each for each in waiting if key and Csr.in_force(each).spki_sha256 == key]
