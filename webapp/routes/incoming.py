"""受信メール: dropping mails, the list of what came, and one mail read aloud with what may follow from it."""

from flask import Blueprint, request, url_for

from webapp.acts import arrivals, incoming_ties
from webapp.acts import incoming as acts
from webapp.errors import Refused, Unseen
from webapp.gate import let_in
from webapp.pages import attachment, page, see_other
from webapp.procedure import Role
from webapp.register import Application, IncomingMail
from webapp.routes import incoming_step
from webapp.routes.arrivals import received
from webapp.routes.finding import attempt, tried, typed, who

bp = Blueprint("incoming", __name__, url_prefix="/mails")
SHOWN = 50
MOST_FILES = 20
STATES = {"waiting": "未処理", "settled": "処理済み", "dismissed": "対応不要"}


@bp.before_request
def _officers_only():
    let_in(Role.OFFICER, *([Role.AUDITOR] if request.method == "GET" else []))


@bp.get("")
def index():
    return _index_page()


def _index_page(refusal=None, refused=()):
    waiting = list(IncomingMail.waiting().limit(SHOWN))
    known = [row.id for row in waiting]
    others = IncomingMail.select().where(IncomingMail.id.not_in(known)).order_by(-IncomingMail.id).limit(SHOWN)
    return page(
        "incoming/index.html",
        refusal=refusal,
        refused=refused,
        waiting=[_row(row) for row in waiting],
        others=[_row(row) for row in others],
    )


def _row(mail):
    tied = mail.application if mail.application_id else None
    is_over = mail.state == "waiting" and tied is not None and tied.stage != "sent"
    return {
        "mail": mail,
        "url": url_for("incoming.show", number=mail.id),
        "kind": incoming_step.kind(mail),
        "is_application": incoming_step.is_application(mail),
        "application": tied,
        "state": "手続きは先に進んでいます" if is_over else STATES[mail.state],
    }


@bp.post("")
def receive_mail():
    """One file leads to its mail; of several each is taken or named with the reason why not."""
    files = [(file.filename or "", file.read()) for file in request.files.getlist("file")[:MOST_FILES] if file]
    taken, refused = [], []
    for name, data in files or [("", b"")]:
        try:
            taken.append(acts.receive_mail(who(), name, data))
        except Refused as refusal:
            if refusal.status != 422:
                raise
            refused.append((name, refusal))
    if refused:
        return _index_page(refused[0][1], [(name, refusal.message) for name, refusal in refused if len(files) > 1])
    if len(taken) > 1:
        return see_other("incoming.index", "receive_mail")
    row, is_new = taken[0]
    return see_other("incoming.show", "receive_mail" if is_new else "receive_mail_again", number=row.id)


@bp.get("/<int:number>")
def show(number):
    return _page(_find(number))


def _find(number):
    mail = IncomingMail.get_or_none(IncomingMail.id == number)
    if mail is None:
        raise Unseen("受信メールが見つかりません。", "受信メールの一覧から選んでください。")
    return mail


def _page(mail, refusal=None):
    return page(
        "incoming/show.html",
        refusal=refusal,
        mail=mail,
        kind=incoming_step.kind(mail),
        is_application=incoming_step.is_application(mail),
        step=incoming_step.step(mail),
        application=mail.application if mail.application_id else None,
        tied_by=_tied_by(mail),
        ties=[(Application.get_by_id(number), incoming_ties.REASONS[why]) for number, why in mail.ties],
        offered=_offered(mail),
        state=STATES[mail.state],
        files=[(*each, url_for("incoming.file", number=mail.id, sha256=each[3])) for each in mail.attachments],
        typed=typed(application="", reason=""),
    )


def _tied_by(mail):
    """How the application was found that the mail belongs to."""
    found = next((why for number, why in mail.ties if number == mail.application_id), "officer")
    return incoming_ties.REASONS[found]


def _offered(mail):
    """The applications to choose from: those that something in the mail points to, then all that wait for the CA."""
    tied = [Application.get_by_id(number) for number, _ in mail.ties]
    rows = list({row.id: row for row in (*tied, *incoming_ties.at_desk())}.values())
    return [(str(row.id), f"{row.number} {row.procedure_label} {row.title}") for row in rows]


@bp.post("/<int:number>/application")
def tie_mail(number):
    mail = _find(number)
    return _attempt(mail, "tie_mail", lambda: acts.tie_mail(mail, who(), request.form.get("application", "")))


@bp.post("/<int:number>/dismissal")
def dismiss_mail(number):
    mail = _find(number)
    return _attempt(mail, "dismiss_mail", lambda: acts.dismiss_mail(mail, who(), request.form.get("reason", "")))


@bp.post("/<int:number>/arrival")
def receive_arrival(number):
    """The mail is a filled form: read it as such (届いた申請), and it waits here no more."""
    mail = _find(number)
    return tried(lambda: _received(mail), lambda refusal: _page(mail, refusal), received)


def _received(mail):
    taken = arrivals.receive_arrival(who(), [(mail.name, acts.bytes_of(mail))])
    acts.settle_mail(mail, who(), "receive_arrival")
    return taken


def _attempt(mail, done, act):
    return attempt(act, lambda refusal: _page(mail, refusal), "incoming.show", done, number=mail.id)


@bp.get("/<int:number>/original")
def original(number):
    """The mail exactly as it came."""
    mail = _find(number)
    data = acts.bytes_of(mail)
    is_outlook = data.startswith(b"\xd0\xcf\x11\xe0")
    media_type = "application/vnd.ms-outlook" if is_outlook else "message/rfc822"
    return attachment(data, f"受信メール-{mail.id}.{'msg' if is_outlook else 'eml'}", media_type)


@bp.get("/<int:number>/files/<sha256>")
def file(number, sha256):
    """One attached file, to be saved, never shown."""
    mail = _find(number)
    found = next((each for each in acts.files_of(mail) if each.sha256 == sha256), None)
    if found is None:
        raise Unseen("添付ファイルが見つかりません。", "受信メールの画面から選んでください。")
    return attachment(found.data, found.name, "application/octet-stream")
