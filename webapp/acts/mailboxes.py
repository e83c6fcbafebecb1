"""The shared mailbox: what came is taken in order, once, and how the last visits went is written down."""

import hashlib
from datetime import timedelta

from webapp import clock
from webapp.acts import THE_WORKER, incoming
from webapp.errors import Refused
from webapp.papers.armour import PrivateKeyPasted
from webapp.register import Job, Mailbox

PAUSE = timedelta(minutes=1)
SOON = timedelta(seconds=1)
AFTER_TROUBLE = timedelta(minutes=5)
PATIENCE = timedelta(minutes=10)  # before people are told of trouble
TOO_LARGE = "25MBを超えるため、件名などだけを受け取りました。メールソフトで元のメールを開いてください。"
KEY_IN_MAIL = (
    "共用メールボックスから元のメールを削除し、送り主に、この秘密鍵を使わずに新しい鍵ペアを作るよう伝えてください。"
)


def at(place):
    """The Mailbox of this place, made when it is first read."""
    row, _ = Mailbox.get_or_create(place=place, defaults={"validity": "", "last_uid": 0, "trouble": "", "advice": ""})
    return row


def ask(place):
    """See that a job reads the mailbox from time to time."""
    row = at(place)
    newest = Job.newest("fetch_mail", row)
    if newest is None or newest.state not in ("due", "claimed"):
        Job.ask("fetch_mail", row)


def visit(row, folder, at_once, days):
    """Take what is new in an open folder, oldest first, at most `at_once` mails; at the first visit (or when the server
    has numbered its mails anew) only unread ones of the last `days`. Returns (how many were taken, whether more wait)."""
    is_known = row.validity == folder.validity
    uids = folder.after(row.last_uid) if is_known else folder.unread(clock.today() - timedelta(days=days))
    if not is_known:
        _reached(row, folder.validity, 0)
    for uid in uids[:at_once]:
        found = folder.mail(uid)
        if found is not None:
            _take(uid, *found)
        _reached(row, folder.validity, uid)
        if found is not None:
            folder.mark_seen(uid)
    return min(len(uids), at_once), len(uids) > at_once


def _take(uid, data, is_whole):
    name = f"mail-{uid}.eml"
    try:
        incoming.take(THE_WORKER, name, data, () if is_whole else (TOO_LARGE,))
    except PrivateKeyPasted as refusal:
        instead = f"SHA-256 {hashlib.sha256(data).hexdigest()}\n".encode()
        incoming.take_unread(THE_WORKER, name, instead, f"{refusal.message} {KEY_IN_MAIL}")
    except Refused as refusal:
        incoming.take_unread(THE_WORKER, name, data, f"{refusal.message} {refusal.advice}")


def _reached(row, validity, uid):
    row.validity, row.last_uid = validity, uid
    row.save(only=[Mailbox.validity, Mailbox.last_uid])


def went_well(row):
    row.asked_at = row.read_at = clock.now()
    row.trouble = row.advice = ""
    row.troubled_since = None
    row.save(only=[Mailbox.asked_at, Mailbox.read_at, Mailbox.trouble, Mailbox.advice, Mailbox.troubled_since])


def failed(row, sentence, advice):
    row.asked_at, row.trouble, row.advice = clock.now(), sentence, advice
    row.troubled_since = row.troubled_since or clock.now()
    row.save(only=[Mailbox.asked_at, Mailbox.trouble, Mailbox.advice, Mailbox.troubled_since])


def newest():
    """The mailbox that was asked last, or None where none was ever set up."""
    return Mailbox.select().where(Mailbox.asked_at.is_null(False)).order_by(-Mailbox.asked_at).first()


def trouble():
    """Sentences about a mailbox that could not be read for some time."""
    row = newest()
    if row is None or row.troubled_since is None or clock.now() - row.troubled_since < PATIENCE:
        return []
    since = row.troubled_since.astimezone(clock.JST)
    return [
        f"共用メールボックスを、{since:%-m月%-d日 %H:%M}から読めていません。{row.trouble} "
        "その間に届いたメールは、メールソフトで確認してください。"
    ]
