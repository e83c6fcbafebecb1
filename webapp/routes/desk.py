"""1-1-6 on screen: the CA's telephone call, the start of its review, a fault it found, its refusal."""

from flask import Blueprint, request

from webapp import clock
from webapp.acts import ca_profiles, letters, require_now
from webapp.acts import desk as acts
from webapp.acts.form_values import frozen as frozen_form
from webapp.pages import page
from webapp.register import TelephoneCall
from webapp.routes import case, incoming_step
from webapp.routes.finding import attempt, find, typed, who

# What the three buttons mean, for whoever has just laid the receiver down.
READY = {
    "answered": "確認の電話に答え、聞かれたことに問題はありませんでした。",
    "missed": "電話に出られませんでした。認証局からのかけ直しを待ちます。",
    "call_back": "受付が番号を聞きました。その番号へ折り返し電話します。",
}
bp = Blueprint("desk", __name__, url_prefix="/applications/<int:number>")


@bp.get("/desk")
def show(number):
    application = find(number)
    require_now("redo_dispatch", application, who())
    return _page(application)


def _page(application, refusal=None, way=""):
    days = ca_profiles.of(application).business_days
    started = application.review_started_on
    mail = incoming_step.given(application)
    return page(
        "applications/desk.html",
        application=application,
        calls=list(application.calls.order_by(-TelephoneCall.id)),
        outcomes=[(outcome, words, READY[outcome]) for outcome, words in acts.CALL_OUTCOMES.items()],
        call_words=acts.CALL_OUTCOMES,
        waited=clock.business_days_between(case.sent_on(application), clock.today()),
        expected_on=clock.after_business_days(started, days) if started else None,
        form=None if application.is_revocation else frozen_form(case.form_of(application)),
        typed=typed(
            **{"started_on": started.isoformat() if started else "", "number": "", "note": "", "outcome": ""}
            | incoming_step.words(mail)
        ),
        refusal=refusal,
        mail=mail,
        way=way or incoming_step.way(mail),
    )


@bp.get("/call-card")
def card(number):
    """The card for the switchboard and the officer, one page in 14-point type."""
    application = find(number)
    require_now("note_call", application, who())
    form = frozen_form(case.form_of(application))
    return page(
        "applications/call_card.html",
        application=application,
        form=form,
        people=_reached(application, form),
        today=clock.today(),
    )


def _reached(application, form):
    """[{name, where, phone, note}] in the order in which the operator tries them: the officer of the form or, while away,
    the registered stand-in first; then the other officers who are not away."""
    named, today = application.officer, clock.today()
    first = {"name": form.officer_name, "where": form.officer_department, "phone": form.officer_phone, "note": ""}
    stand_in = named.stand_in(today) if named else None
    others = [each for each in letters.officers() if named is None or each.id != named.id]
    others.sort(key=lambda each: stand_in is None or each.id != stand_in.id)
    rows = [
        {
            "name": each.name,
            "where": "、".join(row.name for row in each.departments()),
            "phone": each.phone,
            "note": f"{form.officer_name}さんの今日の代理" if stand_in and each.id == stand_in.id else "",
        }
        for each in others
        if each.stand_in(today) is None
    ]
    return rows if stand_in else [first, *rows]


def _posted(number, act, way, done):
    application = find(number)
    mail = incoming_step.given(application)
    return attempt(
        lambda: incoming_step.doing(mail, done, lambda: act(application)),
        lambda refusal: _page(application, refusal, way),
        "applications.show",
        done,
        number=number,
    )


@bp.post("/review")
def note_review(number):
    given = request.form.get("started_on", "")
    return _posted(number, lambda a: acts.note_review(a, who(), given), "review", "note_review")


@bp.post("/call")
def note_call(number):
    given = request.form
    return _posted(
        number,
        lambda a: acts.note_call(a, who(), given.get("outcome", ""), given.get("number", ""), given.get("note", "")),
        "call",
        "note_call",
    )


@bp.post("/correction")
def reopen(number):
    return _posted(number, lambda a: acts.reopen(a, who(), request.form.get("fault", "")), "correction", "reopen")


@bp.post("/redispatch")
def redo_dispatch(number):
    given = request.form.get("fault", "")
    return _posted(number, lambda a: acts.redo_dispatch(a, who(), given), "correction", "redo_dispatch")


@bp.post("/refusal")
def refuse(number):
    return _posted(number, lambda a: acts.refuse(a, who(), request.form.get("reason", "")), "refusal", "refuse")
