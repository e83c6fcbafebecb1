"""The institution's gates: what is recorded, what is due, and the evidence."""

from flask import Blueprint, g, request

from webapp import clock
from webapp.acts import gates as acts
from webapp.errors import Refused, Unseen
from webapp.gate import let_in
from webapp.pages import attachment, page, see_other
from webapp.procedure import Role
from webapp.register import OUTAGES, Event, Evidence, GateRecord, Notification
from webapp.routes.finding import attempt, find, typed, upload, who
from webapp.sentences import told_all

bp = Blueprint("gates", __name__)


@bp.app_context_processor
def notices():
    """For the head of every page of the officers: what closes a gate soon, or has closed it."""
    if Role.OFFICER not in (g.get("roles") or ()):
        return {"gate_notices": []}
    try:
        return {"gate_notices": [_notice(each) for each in acts.notices(clock.today())]}
    except OUTAGES:
        return {"gate_notices": []}


def _notice(each):
    today = clock.today()
    late = each.due_on < today
    advice = "記録されるまで、新しい申請の提出と送付はできません。失効の手続きはできます。" if late else ""
    return {
        "kind": "error" if late else "warning",
        "sentence": acts.told(each, today),
        "advice": advice,
        "url": each.path,
    }


@bp.get("/gates")
def index():
    _office_only()
    today = clock.today()
    return page(
        "gates/index.html",
        findings=acts.findings(today),
        waiting=[(each, acts.told(each, today), (each.due_on - today).days) for each in acts.waiting(today)],
        records=list(GateRecord.select().order_by(-GateRecord.id).limit(100)),
        kinds=acts.KINDS,
        pending=Notification.pending().count(),
        today=today,
        is_officer=Role.OFFICER in g.roles,
    )


def _office_only():
    let_in(Role.OFFICER, Role.ADMINISTRATOR)


@bp.get("/gates/new/<kind>")
def new(kind):
    _office_only()
    return _new_page(kind)


def _new_page(kind, refusal=None):
    if kind not in acts.KINDS:
        raise Unseen("このページはありません。", "機関の要件の画面から選び直してください。")
    today, years = clock.today(), acts.years(clock.today())
    default = acts.end_before(years[0]).isoformat() if kind == acts.CONTINUATION else ""
    return page(
        "gates/new.html",
        kind=kind,
        label=acts.KINDS[kind],
        asked_label=acts.ASKED_LABELS[kind],
        years=[(year, f"{year}年度({year}年4月から)") for year in years],
        typed=typed(kind=kind, asked_on=today.isoformat(), due_on=default, fiscal_year=years[0], note=""),
        refusal=refusal,
    )


@bp.post("/gates")
def record_gate():
    _office_only()
    try:
        row = acts.record_gate(who(), request.form, *upload())
    except Refused as refusal:
        if refusal.status != 422 or request.form.get("kind") not in acts.KINDS:
            raise
        return _new_page(request.form["kind"], refusal)
    return see_other("gates.show", done="record_gate", number=row.id)


@bp.get("/gates/<int:number>")
def show(number):
    _office_only()
    return _page(_find(number))


def _find(number):
    row = GateRecord.get_or_none(GateRecord.id == number)
    if row is None:
        raise Unseen("この記録はありません。", "機関の要件の画面から選び直してください。")
    return row


def _page(row, refusal=None, way=""):
    today = clock.today()
    return page(
        "gates/show.html",
        row=row,
        label=acts.KINDS[row.kind],
        asked_label=acts.ASKED_LABELS[row.kind],
        signatures=list(acts.SIGNATURES.items()),
        attested=list(acts.ATTESTED.items()),
        signed=acts.SIGNATURES[row.answer["signature"]] if row.answer else "",
        evidence=list(row.evidence),
        today=today,
        typed=typed(done_on=today.isoformat(), note="", signature="", reason="", **dict.fromkeys(acts.ATTESTED, "")),
        history=told_all(Event.about(row)),
        refusal=refusal,
        way=way,
    )


def _posted(number, act, way, done):
    _office_only()
    row = _find(number)
    return attempt(
        lambda: act(row), lambda refusal: _page(_find(number), refusal, way), "gates.show", done, number=number
    )


@bp.post("/gates/<int:number>/answer")
def answer_gate(number):
    return _posted(number, lambda row: acts.answer_gate(who(), row, request.form, *upload()), "answer", "answer_gate")


@bp.post("/gates/<int:number>/voiding")
def void_gate(number):
    reason = request.form.get("reason", "")
    return _posted(number, lambda row: acts.void_gate(who(), row, reason), "voiding", "void_gate")


@bp.get("/evidence/<int:number>")
def evidence(number):
    """A kept file; pictures and PDF are shown, anything else is saved."""
    row = Evidence.get_or_none(Evidence.id == number)
    if row is not None and row.application_id:
        find(row.application_id)
    else:
        let_in(Role.OFFICER, Role.ADMINISTRATOR, Role.HEAD, Role.AUDITOR)
    if row is None:
        raise Unseen("このファイルはありません。", "届出または機関の要件の画面から開き直してください。")
    is_shown = row.media_type != "application/octet-stream"
    return attachment(row.content.bytes(), row.name, row.media_type, is_shown)
