"""One person: what they hold and held, their account, and adding to it."""

from flask import request

from webapp import clock
from webapp.acts import accounts
from webapp.acts import people as acts
from webapp.errors import Refused, Unseen
from webapp.pages import page
from webapp.procedure import ROLE_LABELS, Role
from webapp.register import Account, Event, Person, PersonDepartment, PersonMail, PersonRole, Station
from webapp.routes.administration import bp
from webapp.routes.administration.people import ROLES, departments
from webapp.routes.finding import attempt, typed, who
from webapp.sentences import told_all


def find(number):
    person = Person.get_or_none(Person.id == number)
    if person is None:
        raise Unseen("この人は登録されていません。", "人の一覧から選び直してください。")
    return person


def account_of(person):
    return Account.get_or_none(Account.person == person)


@bp.get("/people/<int:number>")
def person(number):
    return _page(find(number))


def _page(person, refusal=None):
    account = account_of(person)
    return page(
        "administration/person.html",
        someone=person,
        account=account,
        holdings=[
            ("role", "役割", [(row, _role_words(row)) for row in _held(PersonRole, person)]),
            ("mail", "メールアドレス", [(row, row.mail) for row in _held(PersonMail, person)]),
            ("department", "所属", [(row, row.department.name) for row in _held(PersonDepartment, person)]),
        ],
        stations=Station.of(person),
        today=clock.today(),
        history=told_all(_history(person, account)),
        refusal=refusal,
    )


def _held(table, person):
    return list(table.select().where(table.person == person).order_by(table.since_on.desc(), table.id.desc()))


def _role_words(row):
    label = ROLE_LABELS[Role(row.role)]
    return f"{label}({row.title})" if row.title else label


def _history(person, account):
    """The newest events about a person and their account, but not each coming and going."""
    events = Event.about(person) + (Event.about(account) if account else [])
    told = [event for event in events if event.act not in ("sign_in", "sign_out", "sign_in_as")]
    return sorted(told, key=lambda event: -event.seq)[:50]


ADDING = {
    "name": ("氏名・電話番号の訂正", acts.change_person, "saved"),
    "mail": ("メールアドレスの追加", acts.add_mail, "added"),
    "department": ("所属の追加", acts.add_department, "added"),
    "role": ("役割の追加", acts.add_role, "added"),
}


def _adding(what):
    if what not in ADDING:
        raise Unseen("このページはありません。", "人の一覧から選び直してください。")
    return ADDING[what]


@bp.get("/people/<int:number>/<what>")
def person_part(number, what):
    return _part_page(find(number), what)


def _part_page(person, what, refusal=None):
    empty = {"mail": "", "department": "", "role": "", "title": "", "until_on": ""}
    return page(
        "administration/person_part.html",
        someone=person,
        what=what,
        heading=_adding(what)[0],
        roles=ROLES,
        departments=departments(),
        typed=typed(name=person.name, phone=person.phone, since_on=clock.today().isoformat(), **empty),
        refusal=refusal,
    )


@bp.post("/people/<int:number>/<what>")
def add_to_person(number, what):
    person, (_, act, done) = find(number), _adding(what)
    return attempt(
        lambda: act(who(), person, request.form),
        lambda refusal: _part_page(find(number), what, refusal),
        "administration.person",
        done,
        number=number,
    )


@bp.get("/people/<int:number>/account")
def account(number):
    return _account_page(find(number))


def _account_page(person, refusal=None):
    kept = account_of(person)
    login = kept.login if kept else person.mail.partition("@")[0]
    return page("administration/account.html", someone=person, typed=typed(login=login), refusal=refusal)


@bp.post("/people/<int:number>/account")
def open_account(number):
    """Open the account and show its initial password, this once."""
    person = find(number)
    try:
        password = accounts.open_account(who(), person, request.form)
    except Refused as refusal:
        return _account_page(person, refusal)
    return _password_page(person, password)


@bp.post("/people/<int:number>/password")
def renew_password(number):
    """Give the account a new password and show it, this once."""
    person = find(number)
    return _password_page(person, accounts.renew_password(who(), person))


def _password_page(person, password):
    login = account_of(person).login
    return page("administration/password.html", someone=person, login=login, password=password)


@bp.post("/people/<int:number>/account/closure")
def close_account(number):
    person = find(number)
    return attempt(
        lambda: accounts.close_account(who(), person),
        lambda refusal: _page(person, refusal),
        "administration.person",
        "close_account",
        number=number,
    )
