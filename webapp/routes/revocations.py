"""1-3 on screen: asking for 失効 from the certificate, 緊急失効, the completion mail, and what the world says."""

from datetime import UTC, datetime

from flask import Blueprint, current_app, g, request

from webapp import clock
from webapp.acts import confirmation, incoming, require, require_now
from webapp.acts import revocations as acts
from webapp.errors import Incomplete, Unseen
from webapp.pages import page, see_other
from webapp.papers.revocation_reasons import KEY_COMPROMISE, REASONS
from webapp.procedure import Role
from webapp.register import EmergencyContact, Job, Person, Revocation, StatusAnswer
from webapp.routes import incoming_step, signatures
from webapp.routes.finding import attempt, find, find_certificate, tried, typed, upload, who

bp = Blueprint("revocations", __name__)
CASE = "/applications/<int:number>"
ENTRIES = {
    "reason": "",
    "comment": "",
    "compromised_on": "",
    "compromised_time": "",
    "noticed_on": "",
    "noticed_time": "",
}


@bp.get("/certificates/<int:number>/revocation")
def new(number):
    certificate = find_certificate(number)
    acts.require_revocable(certificate, who())
    return _new_page(certificate)


def _new_page(certificate, refusal=None):
    return page(
        "revocations/new.html",
        certificate=certificate,
        reasons=_reasons(),
        may_hurry=Role.OFFICER in g.roles,
        typed=typed(**ENTRIES | {"reason": request.args.get("reason", "")}),
        refusal=refusal,
    )


def _reasons():
    return [(str(reason.code), reason.words, f"{reason.meaning}{reason.help}") for reason in REASONS.values()]


@bp.post("/certificates/<int:number>/revocation")
def create(number):
    certificate = find_certificate(number)
    acts.require_revocable(certificate, who())
    given = typed(**ENTRIES)
    return tried(
        lambda: acts.open_revocation(certificate, who(), *_said(given)),
        lambda refusal: _new_page(certificate, refusal),
        lambda application: see_other("applications.show", "open", number=application.id),
    )


def _said(given):
    """(reason, comment, compromised_at, noticed_at) from what was typed; raises Incomplete for times that are none."""
    reason = int(given["reason"]) if given["reason"] in map(str, REASONS) else None
    if reason is None:
        sentence = "失効理由を選んでください。"
        raise Incomplete("失効の申請の内容を確認してください。", sentence, {"reason": sentence})
    if reason != KEY_COMPROMISE:
        return reason, given["comment"], None, None
    return reason, given["comment"], *_times(given)


def _times(given):
    return instant(given, "compromised"), instant(given, "noticed")


def instant(given, name):
    """The instant typed as a day and a time of day in Japan, None when both are empty. Raises Incomplete."""
    day, time = given[f"{name}_on"].strip(), given[f"{name}_time"].strip()
    if not day and not time:
        return None
    try:
        return datetime.fromisoformat(f"{day}T{time or '00:00'}").replace(tzinfo=clock.JST).astimezone(UTC)
    except (ValueError, OverflowError):  # no such day, or one before the year 1 in UTC
        sentence = f"日付と時刻を入力してください(例: {clock.today().isoformat()} と 09:30)。"
        raise Incomplete("日時を確認してください。", sentence, {f"{name}_at": sentence}) from None


@bp.get("/certificates/<int:number>/emergency")
def emergency(number):
    certificate = find_certificate(number)
    acts.require_emergency(certificate, who())
    return _emergency_page(certificate)


def _emergency_page(certificate, refusal=None):
    now = clock.now().astimezone(clock.JST)
    at_first = {"noticed_on": now.date().isoformat(), "noticed_time": f"{now:%H:%M}"}
    return page(
        "revocations/emergency.html",
        certificate=certificate,
        contacts=EmergencyContact.in_force(),
        survival=signatures.survival(certificate),
        typed=typed(**ENTRIES | at_first),
        refusal=refusal,
    )


@bp.post("/certificates/<int:number>/emergency")
def hurry(number):
    certificate = find_certificate(number)
    acts.require_emergency(certificate, who())
    given = typed(**ENTRIES)
    contacts = [(row.name, row.mail) for row in EmergencyContact.in_force() if row.mail]
    return tried(
        lambda: acts.open_emergency(certificate, who(), given["comment"], *_times(given), contacts),
        lambda refusal: _emergency_page(certificate, refusal),
        lambda application: see_other("applications.show", "emergency", number=application.id),
    )


@bp.get(f"{CASE}/reason")
def reason(number):
    application = find(number)
    require_now("give_reason", application, who())
    return _reason_page(application)


def _reason_page(application, refusal=None):
    revocation = Revocation.of(application)
    kept = {"reason": revocation.reason, "comment": revocation.comment}
    kept |= _moments(revocation) | {"officer": application.officer_id or "", "head": application.head_id or ""}
    return page(
        "revocations/reason.html",
        application=application,
        certificate=application.target,
        reasons=_reasons(),
        officers=_choices(Person.holding(Role.OFFICER)),
        sealers=_choices(acts.sealers(application)),
        typed=typed(**ENTRIES | kept),
        refusal=refusal,
    )


def _choices(people):
    return [(person.id, f"{person.name}({person.title(Role.HEAD) or person.role_labels})") for person in people]


def _moments(revocation):
    found = {}
    for name in ("compromised", "noticed"):
        at = getattr(revocation, f"{name}_at")
        local = at and at.astimezone(clock.JST)
        found |= {f"{name}_on": local.date().isoformat(), f"{name}_time": f"{local:%H:%M}"} if local else {}
    return found


@bp.post(f"{CASE}/reason")
def give_reason(number):
    application = find(number)
    require_now("give_reason", application, who())
    given = typed(**ENTRIES, officer="", head="")
    return attempt(
        lambda: acts.give_reason(application, who(), *_said(given), given["officer"], given["head"]),
        lambda refusal: _reason_page(application, refusal),
        "applications.show",
        "give_reason",
        number=number,
    )


@bp.get(f"{CASE}/completion")
def completion(number):
    application = find(number)
    require_now("note_completion", application, who())
    return _completion_page(application)


def _completion_page(application, refusal=None):
    return page(
        "revocations/completion.html",
        application=application,
        certificate=application.target,
        practice_mail=current_app.config["SHIRUSHI"].practice_url,
        mail=incoming_step.given(application),
        typed=typed(note=""),
        refusal=refusal,
    )


@bp.post(f"{CASE}/completion")
def note_completion(number):
    application = find(number)
    name, data = upload()
    mail = incoming_step.given(application)
    if mail and not data:
        name, data = mail.name, incoming.bytes_of(mail)
    note = request.form.get("note", "")
    return attempt(
        lambda: incoming_step.doing(
            mail, "note_completion", lambda: acts.note_completion(application, who(), name, data, note)
        ),
        lambda refusal: _completion_page(application, refusal),
        "revocations.status",
        "note_completion",
        number=number,
    )


@bp.get(f"{CASE}/status")
def status(number):
    """What CRL and OCSP have said so far, with the signed answers that are kept."""
    application = find(number)
    if not application.is_revocation:
        raise Unseen("失効の申請ではありません。", "申請の一覧から探してください。")
    return _status_page(application)


def _status_page(application, refusal=None):
    open_verbs = {act.verb for act in application.acts_open_to(g.person)}
    waiting = Job.newest("confirm", application)
    return page(
        "revocations/status.html",
        application=application,
        certificate=application.target,
        revocation=Revocation.of(application),
        answers=list(application.status_answers.order_by(-StatusAnswer.id).limit(50)),
        next_at=waiting.next_at if waiting and waiting.state == "due" else None,
        is_asking=bool(waiting and waiting.state in ("due", "claimed") and waiting.next_at <= clock.now()),
        may_ask="ask_status" in open_verbs,
        may_vouch="confirm_by_word" in open_verbs,
        typed=typed(reason=""),
        refusal=refusal,
    )


@bp.post(f"{CASE}/status_question")
def ask_status(number):
    application = find(number)
    confirmation.ask_status(application, who())
    return see_other("revocations.status", "ask_status", number=number)


@bp.post(f"{CASE}/word_confirmation")
def confirm_by_word(number):
    application = find(number)
    return attempt(
        lambda: confirmation.confirm_by_word(application, who(), request.form.get("reason", "")),
        lambda refusal: _status_page(application, refusal),
        "applications.show",
        "confirm_by_word",
        number=number,
    )


@bp.get(f"{CASE}/emergency_review")
def review(number):
    application = find(number)
    require("review_emergency", application, who())
    if not application.is_emergency:
        raise Unseen("緊急失効の申請ではありません。", "申請の一覧から探してください。")
    return _review_page(application)


def _review_page(application, refusal=None):
    return page(
        "revocations/review.html",
        application=application,
        certificate=application.target,
        revocation=Revocation.of(application),
        typed=typed(note=""),
        refusal=refusal,
    )


@bp.post(f"{CASE}/emergency_review")
def review_emergency(number):
    application = find(number)
    return attempt(
        lambda: acts.review_emergency(application, who(), request.form.get("note", "")),
        lambda refusal: _review_page(application, refusal),
        "applications.show",
        "review_emergency",
        number=number,
    )
