"""One's own password."""

from flask import Blueprint, request

from webapp import gate
from webapp.acts import accounts
from webapp.acts.visits import SHORTEST
from webapp.errors import Refused
from webapp.pages import page, see_other
from webapp.routes.finding import who

bp = Blueprint("passwords", __name__, url_prefix="/password")


@bp.get("")
def show():
    return _page()


def _page(refusal=None):
    return page("session/own_password.html", shortest=SHORTEST, refusal=refusal)


@bp.post("")
def change():
    try:
        secret = accounts.change_own_password(who(), request.form)
    except Refused as refusal:
        return _page(refusal)
    return gate.set_cookie(see_other("home.home", done="own_password"), secret)
