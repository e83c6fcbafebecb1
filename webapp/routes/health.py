"""For whatever watches the process: the register answers, and the daily round of reminders was made."""

from flask import Blueprint

from webapp import clock
from webapp.acts import mailboxes, watching
from webapp.register import ChainHead

bp = Blueprint("health", __name__)


@bp.get("/health")
def health():
    newest, is_late = watching.heartbeat()
    at = newest.ended_at.astimezone(clock.JST).isoformat(timespec="seconds") if newest else None
    mailbox = mailboxes.newest()
    read_at = (
        mailbox.read_at.astimezone(clock.JST).isoformat(timespec="seconds") if mailbox and mailbox.read_at else None
    )
    return {
        "events": ChainHead.get_by_id(1).seq,
        "reminded_at": at,
        "reminders_late": is_late,
        "mailbox_read_at": read_at,
        "mailbox_troubled": bool(mailboxes.trouble()),
    }
