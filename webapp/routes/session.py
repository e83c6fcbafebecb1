"""Signing in and out."""

from urllib.parse import urlsplit

from flask import Blueprint, g, make_response, redirect, request, url_for

from webapp import gate
from webapp.acts import visits
from webapp.errors import Refused
from webapp.pages import page
from webapp.procedure import ROLE_LABELS, Role
from webapp.register import Account, Institution, Person, row_number

bp = Blueprint("session", __name__, url_prefix="/session")

EXPLAINED = {
    Role.SUBSCRIBER: "鍵ペアを作り、申請し、証明書を受け取って使います。",
    Role.OFFICER: "申請を審査し、サービス窓口へ送付し、電話を受けます。",
    Role.HEAD: "発行申請書に電子署名または捺印をします。",
    Role.AUDITOR: "記録を読み、正しく行われたかを確かめます。",
    Role.ADMINISTRATOR: "機関の情報、人と役割、メールなどを設定します。",
}


@bp.get("")
def new():
    return _page() if g.person is None else redirect(url_for("home.home"), 303)


def _page(refusal=None):
    return page(
        "session/sign_in.html",
        refusal=refusal,
        login=request.form.get("login", ""),
        errors=_errors(refusal),
        next=_next(),
        demo_people=_demo_people(),
    )


def _errors(refusal):
    return (refusal.fields or {"password": f"{refusal.message}{refusal.advice}"}) if refusal else {}


def _next():
    """Where to go afterwards: a path of our own, nothing else."""
    wanted = request.values.get("next", "")
    parts = urlsplit(wanted)
    is_own = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and not parts.scheme and not parts.netloc
    return wanted if is_own else ""


def _demo_people():
    institution = Institution.get_or_none()
    if institution is None or not institution.is_practice:
        return []
    accounts = Account.select(Account, Person).join(Person).order_by(Person.id)
    return [_demo_person(account.person) for account in accounts]


def _demo_person(person):
    held = person.roles()
    roles = [role for role in Role if role in held]
    department = person.department
    return {
        "id": person.id,
        "name": person.name,
        "role_label": "・".join(ROLE_LABELS[role] for role in roles) + (f"({department.name})" if department else ""),
        "explain": EXPLAINED[roles[0]] if roles else "",
    }


@bp.post("")
def create():
    try:
        secret = visits.sign_in(
            request.form.get("login", ""), request.form.get("password", ""), request.remote_addr or ""
        )
    except Refused as refusal:
        return _page(refusal)
    return _come_in(secret)


@bp.post("/practice")
def practice():
    return _come_in(visits.sign_in_as(row_number(request.form.get("person", "")), request.remote_addr or ""))


def _come_in(secret):
    return gate.set_cookie(make_response(redirect(_next() or url_for("home.home"), 303)), secret)


@bp.post("/end")
def end():
    visits.sign_out(g.visit, request.remote_addr or "")
    response = make_response(redirect(url_for("session.new"), 303))
    response.delete_cookie(gate.COOKIE, path="/")
    return response
