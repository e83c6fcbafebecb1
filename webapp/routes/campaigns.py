"""Forced replacement on screen: choosing the certificates with a trial, and how far their replacement has come."""

from flask import Blueprint, g, request, url_for

from webapp.acts import campaign_choice
from webapp.acts import campaigns as acts
from webapp.errors import Refused, Unseen
from webapp.gate import let_in
from webapp.pages import page, see_other
from webapp.procedure import STAGE_LABELS, STEPS, Kind, Role, Stage
from webapp.register import Campaign, CampaignItem, Certificate, Department, Event, Reminder
from webapp.register.campaigns import DONE, place_of, standing_of
from webapp.routes.finding import attempt, numbered, tried, typed, who
from webapp.sentences import told_all

bp = Blueprint("campaigns", __name__, url_prefix="/campaigns")
PER_PAGE = 25
SHOWN = 50  # certificates, and lines that fit none, on the page of the trial
OFFICE = {Role.OFFICER, Role.HEAD, Role.AUDITOR}
_ENTRIES = dict.fromkeys(("title", "reason", "due_on", *campaign_choice.FIELDS), "")


@bp.get("")
def index():
    let_in(*OFFICE)
    rows = list(Campaign.select().order_by(-Campaign.id).limit(50))
    return page("campaigns/index.html", campaigns=rows, may_open=Role.OFFICER in g.roles)


@bp.get("/new")
def new():
    """Empty, or filled in by an address such as /campaigns/new?issuer=…&department=…"""
    let_in(Role.OFFICER)
    given = {name: request.args.get(name, "") for name in campaign_choice.FIELDS}
    return _new_page(typed=_ENTRIES | given)


def _new_page(refusal=None, choice=None, typed=None):
    rows = Certificate.select().where(Certificate.id.in_(choice.numbers[:SHOWN])) if choice else []
    return page(
        "campaigns/new.html",
        typed=typed or _ENTRIES | request.form.to_dict(),
        departments=[(row.id, row.name) for row in Department.select().order_by(Department.name)],
        choice=choice,
        rows=sorted(rows, key=lambda row: row.id),
        shown=SHOWN,
        refusal=refusal,
    )


@bp.post("/trial")
def trial():
    """Which certificates would be chosen; nothing is written."""
    let_in(Role.OFFICER)
    try:
        choice = campaign_choice.choose(request.form)
    except Refused as refusal:
        return _new_page(refusal)
    return _new_page(choice=choice)


@bp.post("")
def create():
    return tried(
        lambda: acts.open_campaign(who(), request.form),
        lambda refusal: _new_page(refusal, _choice_again()),
        lambda row: see_other("campaigns.show", "open_campaign", number=row.id),
    )


def _choice_again():
    """What the typed criteria choose now, where they can be read at all."""
    try:
        return campaign_choice.choose(request.form)
    except Refused:
        return None


@bp.get("/<int:number>")
def show(number):
    return _show(_find(number))


def _show(row, refusal=None):
    is_office = bool(g.roles & OFFICE)
    person = None if is_office else g.person
    counts = acts.counts(row, person)
    standing = request.args.get("standing", "")
    items, older = _items(row, person, standing)
    return page(
        "campaigns/show.html",
        campaign=row,
        counts=counts,
        total=sum(counts.values()),
        finished=sum(counts[name] for name in DONE),
        standings=acts.STANDINGS,
        standing=standing,
        stage_words=_stage_words(row) if is_office else "",
        items=[_row(item) for item in items],
        older=older,
        is_office=is_office,
        is_officer=Role.OFFICER in g.roles,
        reminded_at=Reminder.newest(row) if is_office else None,
        events=told_all(Event.about(row)) if is_office else [],
        typed=typed(note=""),
        refusal=refusal,
    )


def _stage_words(row):
    """「提出済 3枚、送付済 2枚」, how far the renewals under way have come."""
    found = acts.stages(row)
    return "、".join(f"{STAGE_LABELS[stage]} {found[stage]}枚" for stage in STEPS[Kind.ISSUE] if stage in found)


def _items(row, person, standing):
    """(a page of items, the address of the next one or ""), who is responsible in the order of their numbers."""
    query = CampaignItem.listed(row).order_by(*place_of())
    query = query.where(Certificate.subscriber == person) if person else query
    query = query.where(standing_of() == standing) if standing in acts.STANDINGS else query
    after = (numbered("after_person"), numbered("after"))
    if None not in after:
        whose, at = place_of()
        query = query.where((whose > after[0]) | ((whose == after[0]) & (at > after[1])))
    found = list(query.limit(PER_PAGE + 1))
    if len(found) <= PER_PAGE:
        return found, ""
    last = found[PER_PAGE - 1]
    place = {"after_person": last.certificate.subscriber_id or 0, "after": last.id}
    return found[:PER_PAGE], url_for("campaigns.show", number=row.id, standing=standing or None, **place)


def _row(item):
    """An item with the one next step: {certificate, standing, label, detail, url, action}."""
    certificate, renewal = item.certificate, getattr(item.certificate, "replacement", None)
    action, url = _next_step(item, certificate, renewal)
    stage = f"{renewal.number} {STAGE_LABELS[Stage(renewal.stage)]}" if renewal and item.standing == "under_way" else ""
    return {
        "certificate": certificate,
        "standing": item.standing,
        "label": acts.STANDINGS[item.standing],
        "detail": stage,
        "action": action,
        "url": url,
    }


def _next_step(item, certificate, renewal):
    is_own, is_officer = certificate.subscriber_id == g.person.id, Role.OFFICER in g.roles
    if not (is_own or is_officer):
        return "", ""
    if item.standing == "under_way":
        return "手続きを開く", url_for("applications.show", number=renewal.id)
    if item.standing == "not_begun":
        return "更新する", url_for("renewals.new", number=certificate.id)
    if item.standing == "nobody":
        return "利用管理者を登録する", url_for("certificates.show", number=certificate.id)
    if item.standing == "in_use":
        return "古い証明書の失効を申請する", url_for("revocations.new", number=certificate.id, reason=4)
    return "", ""


def _find(number):
    """The campaign, for the office and for whoever is responsible for one of its certificates; raises Unseen."""
    row = Campaign.get_or_none(Campaign.id == number)
    if row is None or not (g.roles & OFFICE or CampaignItem.tally(row, g.person)):
        raise Unseen("一斉置き換えが見つかりません。", "ホームから、お願いしている一斉置き換えを開いてください。")
    return row


@bp.post("/<int:number>/reminders")
def remind(number):
    row = _find(number)
    return attempt(
        lambda: acts.remind_campaign(row, who()),
        lambda refusal: _show(row, refusal),
        "campaigns.show",
        done="remind_campaign",
        number=row.id,
    )


@bp.post("/<int:number>/closing")
def close(number):
    row = _find(number)
    return attempt(
        lambda: acts.close_campaign(row, who(), request.form.get("note", "")),
        lambda refusal: _show(_find(number), refusal),
        "campaigns.show",
        done="close_campaign",
        number=row.id,
    )
