"""One certificate of a 棚卸し: what the register says, the answer, and what follows from it."""

from flask import Blueprint, g, request, url_for

from webapp.acts import stocktaking_items as acts
from webapp.acts import stocktaking_report as report
from webapp.errors import NotYourAct, Overtaken, Unseen
from webapp.pages import page
from webapp.procedure import Role
from webapp.register import Event, StocktakingItem
from webapp.routes.finding import attempt, typed, who
from webapp.sentences import told_all

bp = Blueprint("stocktaking_items", __name__, url_prefix="/stocktaking-items")
OFFICE = {Role.OFFICER, Role.HEAD, Role.AUDITOR}
ACTS = {"confirm_item", "report_discrepancy", "confirm_item_for", "settle_discrepancy"}


@bp.get("/<int:number>")
def show(number):
    return _show(_find(number))


def _show(item, refusal=None):
    is_own, is_officer = item.certificate.subscriber_id == g.person.id, Role.OFFICER in g.roles
    events = [event for event in Event.about(item.certificate) if event.act in ACTS]
    is_open = item.stocktaking.closed_at is None
    return page(
        "stocktakings/item.html",
        item=item,
        certificate=item.certificate,
        stocktaking=item.stocktaking,
        standings=report.STANDINGS,
        points=report.points(item),
        next_steps=_next_steps(item) if item.standing == "discrepancy" else [],
        post=item.certificate.subscriber.title(Role.SUBSCRIBER) if item.certificate.subscriber else "",
        may_answer=is_own and is_open and item.standing == "waiting",
        may_confirm_for=is_officer and not is_own and is_open and item.standing == "waiting",
        may_settle=is_officer and item.standing == "discrepancy",
        is_office=bool(g.roles & OFFICE),
        events=told_all([each for each in events if each.facts.get("stocktaking") == item.stocktaking_id]),
        typed=typed(reason="", settlement=""),
        refusal=refusal,
    )


def _next_steps(item):
    """What to do about what is different, for whoever is responsible and for officers."""
    number, steps = item.certificate_id, []
    if item.is_token_at_hand is False:
        steps.append(("トークンをなくしたときは、緊急失効を始める", url_for("revocations.emergency", number=number)))
    if item.is_in_use is False:
        url = url_for("revocations.new", number=number, reason=5)
        steps.append(("使わない証明書の失効を申請する(理由: 利用の終了)", url))
    if item.is_person_right is False or item.is_post_right is False or item.is_purpose_right is False:
        steps.append(("証明書の画面を開き、引き継ぐ", url_for("certificates.show", number=number)))
    return steps


def _find(number):
    """The item, for whoever is responsible for its certificate now and for the office; raises Unseen."""
    item = StocktakingItem.listed().where(StocktakingItem.id == number).first()
    if item is None or not (g.roles & OFFICE or item.certificate.subscriber_id == g.person.id):
        raise Unseen("棚卸しの対象が見つかりません。", "ホームから、確認をお願いしている証明書を開いてください。")
    return item


@bp.post("/<int:number>/confirmation")
def confirm(number):
    item = _find(number)
    return attempt(
        lambda: acts.confirm_item(item, who()),
        lambda refusal: _show(_find(number), refusal),
        "stocktakings.own",
        done="confirm_item",
        number=item.stocktaking_id,
    )


@bp.get("/<int:number>/discrepancy")
def discrepancy(number):
    item = _find(number)
    if item.certificate.subscriber_id != g.person.id:
        raise NotYourAct("この証明書の棚卸しには、いまの利用管理者が回答します。", "利用管理者に連絡してください。")
    if item.standing != "waiting" or item.stocktaking.closed_at:
        raise Overtaken(
            "この証明書の回答は、もう受け付けていません。", "棚卸しの画面で、いまの状態を確認してください。"
        )
    return _discrepancy_page(item)


def _discrepancy_page(item, refusal=None):
    return page(
        "stocktakings/discrepancy.html",
        item=item,
        certificate=item.certificate,
        choices=list(report.POINTS.items()),
        chosen=request.form.getlist("points"),
        typed=typed(note=""),
        refusal=refusal,
    )


@bp.post("/<int:number>/discrepancy")
def report_discrepancy(number):
    item = _find(number)
    return attempt(
        lambda: acts.report_discrepancy(item, who(), request.form.getlist("points"), request.form.get("note", "")),
        lambda refusal: _discrepancy_page(_find(number), refusal),
        "stocktaking_items.show",
        done="report_discrepancy",
        number=item.id,
    )


@bp.post("/<int:number>/proxy-confirmation")
def confirm_for(number):
    item = _find(number)
    return attempt(
        lambda: acts.confirm_item_for(item, who(), request.form.get("reason", "")),
        lambda refusal: _show(_find(number), refusal),
        "stocktaking_items.show",
        done="confirm_item_for",
        number=item.id,
    )


@bp.post("/<int:number>/settlement")
def settle(number):
    item = _find(number)
    return attempt(
        lambda: acts.settle_discrepancy(item, who(), request.form.get("settlement", "")),
        lambda refusal: _show(_find(number), refusal),
        "stocktaking_items.show",
        done="settle_discrepancy",
        number=item.id,
    )
