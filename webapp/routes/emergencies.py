"""緊急連絡先: the list, and the sheet that also hangs on the wall."""

from flask import Blueprint, g

from webapp import clock
from webapp.acts import ca_profiles, house
from webapp.acts import emergencies as acts
from webapp.errors import Unseen
from webapp.gate import let_in
from webapp.pages import page
from webapp.procedure import Role
from webapp.register import EmergencyContact, Institution, Person
from webapp.routes.finding import attempt, typed, who

bp = Blueprint("emergencies", __name__, url_prefix="/emergency-contacts")


@bp.get("")
def index():
    let_in(Role.OFFICER, Role.ADMINISTRATOR, Role.HEAD, Role.AUDITOR)
    return _page()


def _page(refusal=None):
    return page(
        "emergencies/index.html",
        contacts=EmergencyContact.in_force(),
        may_change=house.is_office(g.person),
        typed=typed(office="", name="", mail="", phone=""),
        refusal=refusal,
    )


@bp.post("")
def add():
    let_in(Role.OFFICER, Role.ADMINISTRATOR)
    given = typed(office="", name="", mail="", phone="")
    return attempt(lambda: acts.add_contact(who(), given), _page, "emergencies.index", "added")


@bp.post("/<int:number>/end")
def end(number):
    let_in(Role.OFFICER, Role.ADMINISTRATOR)
    row = EmergencyContact.get_or_none(EmergencyContact.id == number)
    if row is None:
        raise Unseen("連絡先が見つかりません。", "一覧から選び直してください。")
    return attempt(lambda: acts.end_contact(who(), row), _page, "emergencies.index", "ended")


@bp.get("/sheet")
def sheet():
    """緊急連絡票: for everybody who may hold a token; made to be printed and to work without any computer."""
    institution = Institution.here()
    return page(
        "emergencies/sheet.html",
        institution=institution,
        officers=Person.holding(Role.OFFICER),
        heads=Person.holding(Role.HEAD),
        contacts=EmergencyContact.in_force(),
        profile=ca_profiles.here(),
        today=clock.today(),
    )
