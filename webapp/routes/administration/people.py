"""The list of people, and adding one."""

from flask import request

from webapp import clock
from webapp.acts import people as acts
from webapp.errors import Incomplete
from webapp.pages import page, see_other
from webapp.procedure import ROLE_LABELS
from webapp.register import Account, Department, Person
from webapp.routes.administration import bp
from webapp.routes.finding import typed, who

ROLES = [(role.value, ROLE_LABELS[role]) for role in acts.HELD_ROLES]


@bp.get("/people")
def people():
    accounts = {row.person_id: row for row in Account.select()}
    rows = [_row(person, accounts.get(person.id)) for person in Person.select().order_by(Person.name, Person.id)]
    return page("administration/people.html", people=rows)


def _row(person, account):
    return {
        "id": person.id,
        "name": person.name,
        "roles": person.role_labels,
        "department": "・".join(row.name for row in person.departments()),
        "mail": person.mail,
        "account": "なし" if account is None else "閉鎖" if account.closed_at else account.login,
    }


@bp.get("/people/new")
def new_person():
    return _new_page()


def _new_page(refusal=None):
    today = clock.today().isoformat()
    return page(
        "administration/person_new.html",
        roles=ROLES,
        departments=departments(),
        typed=typed(name="", phone="", mail="", department="", role="", title="", since_on=today, until_on=""),
        refusal=refusal,
    )


def departments():
    """The names of the departments there are, for whoever types one."""
    return [row.name for row in Department.select().order_by(Department.name)]


@bp.post("/people")
def add_person():
    try:
        person = acts.add_person(who(), request.form)
    except Incomplete as refusal:
        return _new_page(refusal)
    return see_other("administration.person", done="add_person", number=person.id)
