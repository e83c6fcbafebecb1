"""届出: what NII must be told, the list and one of them."""

from flask import Blueprint, request

from webapp import clock
from webapp.acts import notifications as acts
from webapp.errors import Unseen
from webapp.gate import let_in
from webapp.pages import page, see_other
from webapp.procedure import Role
from webapp.register import Event, Notification
from webapp.routes.finding import attempt, numbered, tried, typed, upload, who
from webapp.sentences import told_all

bp = Blueprint("notifications", __name__, url_prefix="/notifications")
PER_PAGE = 50


@bp.before_request
def office_only():
    let_in(Role.OFFICER, Role.ADMINISTRATOR)


@bp.get("")
def index():
    today = clock.today()
    since = numbered("before")
    ended = Notification.select().where(Notification.state != "open").order_by(-Notification.id)
    rows = list((ended.where(Notification.id < since) if since else ended).limit(PER_PAGE + 1))
    return page(
        "notifications/index.html",
        pending=list(Notification.pending()),
        proposals=acts.proposals(today),
        others=rows[:PER_PAGE],
        older={"before": rows[PER_PAGE - 1].id} if len(rows) > PER_PAGE else None,
        kinds=acts.KINDS,
        states=acts.STATES,
        today=today,
    )


@bp.get("/new")
def new():
    return _new_page()


def _new_page(refusal=None):
    return page(
        "notifications/new.html",
        kinds=list(acts.KINDS.items()),
        typed=typed(kind="", why="", due_on=""),
        refusal=refusal,
    )


@bp.post("")
def open_notification():
    return tried(
        lambda: acts.open_notification(who(), request.form),
        _new_page,
        lambda row: see_other("notifications.show", "open_notification", number=row.id),
    )


@bp.get("/<int:number>")
def show(number):
    return _page(_find(number))


def _find(number):
    row = Notification.get_or_none(Notification.id == number)
    if row is None:
        raise Unseen("この届出は登録されていません。", "届出の一覧から選び直してください。")
    return row


def _page(row, refusal=None, way=""):
    today = clock.today().isoformat()
    return page(
        "notifications/show.html",
        row=row,
        kind=acts.KINDS[row.kind],
        state=acts.STATES[row.state],
        lines=row.why.split("\n"),
        evidence=list(row.evidence),
        today=clock.today(),
        typed=typed(filed_on=today, note="", answered_on=today, reason=""),
        history=told_all(Event.about(row)),
        refusal=refusal,
        way=way,
    )


def _posted(number, act, way, done):
    row = _find(number)
    return attempt(
        lambda: act(row), lambda refusal: _page(_find(number), refusal, way), "notifications.show", done, number=number
    )


@bp.post("/<int:number>/filing")
def file_notification(number):
    return _posted(
        number, lambda row: acts.file_notification(who(), row, request.form, *upload()), "filing", "file_notification"
    )


@bp.post("/<int:number>/closure")
def close_notification(number):
    return _posted(
        number,
        lambda row: acts.close_notification(who(), row, request.form, *upload()),
        "answered" if request.form.get("outcome") == "answered" else "not_needed",
        "close_notification",
    )
