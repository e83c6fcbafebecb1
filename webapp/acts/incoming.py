"""Mails that came: kept as they are, read, tied to their application and offered to the officers. A mail by itself does
nothing; what follows from it is one of the acts of the procedure, pressed by an officer."""

import hashlib

from webapp import clock
from webapp.acts import ca_profiles, incoming_ties, mail_reading
from webapp.acts.officers import require_officer
from webapp.errors import Incomplete, Overtaken, Refused
from webapp.papers import mail_kind
from webapp.register import IN_THE_WAY, Application, Content, Event, IncomingMail, database, row_number

KINDS = {
    "certificate": "証明書の到着",
    "question": "不備の指摘・質問",
    "refusal": "却下",
    "revoked": "失効完了",
    "receipt": "受付・審査開始",
    "unknown": "内容を判別できないメール",
}
LONGEST_TEXT = 20_000  # characters that are shown; the mail itself is kept whole
DEED = "受信メールを扱う"


def receive_mail(who, name, data):
    """Take a mail that an officer drops (.eml, .msg). Returns (IncomingMail, whether it is new). Raises NotYourAct,
    Unreadable, or Incomplete for no file."""
    require_officer(who, DEED)
    if not data:
        sentence = "メールのファイル(.eml または .msg)を選んでください。"
        raise Incomplete("ファイルが選ばれていません。", sentence, {"file": sentence})
    return take(who, name, data)


def take(who, name, data, notes=()):
    """Keep a mail and what was read in it, once: (IncomingMail, whether it is new). Raises Unreadable."""
    known = IncomingMail.known(hashlib.sha256(data).hexdigest(), "")
    if known is not None:
        return known, False
    mail = mail_reading.read(data)
    known = IncomingMail.known("", mail.message_id)
    if known is not None:
        return known, False
    kind, why = mail_kind.kind_of(mail)
    signature = mail.signature
    values = {
        "message_id": mail.message_id,
        "sent_at": mail.sent_at,
        "sender": mail.sender,
        "sender_name": mail.sender_name,
        "subject": mail.subject or "(件名なし)",
        "text": _text(mail),
        "attachments": [[f.name, f.type, f.size, f.sha256] for part in mail.everything() for f in part.attachments],
        "notes": [*notes, *(note for part in mail.everything() for note in part.notes)],
        "warnings": list(_warnings(mail)),
        "is_of_desk": mail.sender in desk_addresses(),
        "signature": {
            "state": signature.state, "sentence": signature.sentence, "mails": list(signature.mails)
        } if signature else {},
        "ties": incoming_ties.ties_of(mail),
        "kind": kind,
        "why": why,
    }  # fmt: skip
    return _written(who, name, data, values)


def take_unread(who, name, data, note):
    """Keep a mail that cannot be read (or only its head), so that an officer sees that it came."""
    empty = {"message_id": "", "sent_at": None, "sender": "", "sender_name": "", "text": "", "attachments": []}
    empty |= {"warnings": [], "is_of_desk": False, "signature": {}, "ties": [], "kind": "unknown", "why": ""}
    return _written(who, name, data, empty | {"subject": "(読み取れないメール)", "notes": [note]})


def _written(who, name, data, values):
    sole = values["ties"][0][0] if len(values["ties"]) == 1 else None
    try:
        with database.atomic():
            row = IncomingMail.create(
                application=sole,
                person=who.person,
                content=Content.keep(data, is_encrypted=True),
                name=" ".join(name.split())[-200:] or "mail.eml",
                size=len(data),
                came_at=clock.now(),
                state="waiting",
                outcome="",
                **values,
            )
            told = {"sha256": row.sha256, "kind": row.kind, "mail": row.id}
            told |= {"tied": values["ties"][0][1]} if sole else {}
            words = {"from": row.sender, "subject": row.subject}
            Event.write("receive_mail", row.application if sole else row, who.person, who.address, told, words)
    except IN_THE_WAY:  # another worker was faster
        known = IncomingMail.known(hashlib.sha256(data).hexdigest(), values["message_id"])
        if known is None:
            raise
        return known, False
    return row, True


def _text(mail):
    outer, *inner = mail.everything()
    forwarded = [f"― 転送されたメール(差出人 {each.sender}、件名 {each.subject}) ―\n{each.text}" for each in inner]
    return "\n\n".join([outer.text, *forwarded]).strip()[:LONGEST_TEXT]


def desk_addresses():
    """The addresses of the desk in the CA profile, in lower case."""
    profile = ca_profiles.here()
    return [address.lower() for address in (*profile.recipients, *profile.copies)]


def _warnings(mail):
    """What an officer must know before believing this mail."""
    desk = desk_addresses()
    if mail.sender not in desk:
        yield f"差出人({mail.sender or '不明'})は、サービス窓口のアドレス({'、'.join(desk)})ではありません。"
    signature = mail.signature
    if signature and signature.state == "broken":
        yield signature.sentence
    if signature and signature.mails and mail.sender not in signature.mails:
        yield f"電子署名をした人({'、'.join(signature.mails)})は、差出人({mail.sender})ではありません。"


def tie_mail(mail, who, application_id):
    """An officer says to which application a mail belongs. Raises Incomplete when none was chosen."""
    require_officer(who, DEED)
    application = Application.get_or_none(Application.id == row_number(application_id))
    if application is None or not application.is_seen_by(who.person):
        sentence = "このメールの申請を一覧から選んでください。"
        raise Incomplete("申請が選ばれていません。", sentence, {"application": sentence})
    with database.atomic():
        _move(mail, ("waiting", "dismissed"), state="waiting", application=application, outcome="")
        told = {"sha256": mail.sha256, "mail": mail.id}
        Event.write("tie_mail", application, who.person, who.address, told, {"subject": mail.subject})


def dismiss_mail(mail, who, reason):
    """Put a mail aside with a reason: it concerns no application, or nothing follows from it."""
    require_officer(who, DEED)
    reason = (reason or "").strip()[:500]
    if not reason:
        sentence = "理由を入力してください。"
        raise Incomplete("入力内容を確認してください。", sentence, {"reason": sentence})
    _settle(mail, who, "dismissed", "dismiss_mail", reason)


def settle_mail(mail, who, verb):
    """Note which act (verb) an officer did because of this mail; one that is settled already stays as it is."""
    try:
        _settle(mail, who, "settled", "settle_mail", verb)
    except Overtaken:
        return


def _settle(mail, who, state, verb, outcome):
    with database.atomic():
        _move(mail, ("waiting",), state=state, outcome=outcome, settled_at=clock.now(), settled_by=who.person)
        told = {"sha256": mail.sha256, "mail": mail.id}
        told |= {"act": outcome} if verb == "settle_mail" else {}
        words = {"reason": outcome} if verb == "dismiss_mail" else {}
        Event.write(verb, mail.application if mail.application_id else mail, who.person, who.address, told, words)


def _move(mail, since, **values):
    this = (IncomingMail.id == mail.id) & IncomingMail.state.in_(since)
    if not IncomingMail.update(**values).where(this).execute():
        raise Overtaken("このメールは、ほかの人がすでに処理しています。", "画面を開き直してください。")
    for name, value in values.items():
        setattr(mail, name, value)


def files_of(mail):
    """The attachments (papers.received_mail.Attachment) of a mail that was kept, read again in a guarded child."""
    found = _read_again(mail)
    return [each for part in found.everything() for each in part.attachments] if found else []


def parcel_of(mail):
    """(name, bytes) of the ZIP in a mail that was kept, or ("", b"")."""
    found = _read_again(mail)
    wanted = found and mail_kind.zip_of(found)
    return (wanted.name, wanted.data) if wanted else ("", b"")


def _read_again(mail):
    try:
        return mail_reading.read(mail.content.bytes())
    except Refused:
        return None


def bytes_of(mail):
    """The mail as it came."""
    return mail.content.bytes()
