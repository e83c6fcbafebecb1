"""署名ステーション on screen: one's own stations, pairing another, and what to install."""

from flask import Blueprint, abort, g, request

from tokens.station.refusals import Refusal
from webapp import station_package
from webapp.acts import stations as acts
from webapp.errors import Refused
from webapp.pages import attachment, page, see_other
from webapp.register import Station
from webapp.routes.finding import attempt, who

bp = Blueprint("stations", __name__, url_prefix="/stations")


@bp.get("")
def index():
    rows = [{"row": row, "fingerprint": acts.fingerprint(row)} for row in Station.of(g.person)]
    return page("stations/index.html", stations=rows)


@bp.post("/<int:number>/revocation")
def revoke(number):
    station = acts.revoke(who(), number)
    if station.person != g.person:
        return see_other("administration.person", done="revoke_station", number=station.person_id)
    return see_other("stations.index", done="revoke_station")


@bp.get("/pair")
def pair():
    return _pair_page()


def _pair_page(refusal=None):
    code = request.form.get("code", request.args.get("code", ""))[:40]
    return page("stations/pair.html", code=code, trouble=_trouble(), origin=_origin(), refusal=refusal)


def _trouble():
    """Why no station can be paired under this address, or None."""
    try:
        acts.origin()
    except Refusal as refusal:
        return refusal
    return None


@bp.post("/pair")
def find():
    try:
        found = acts.find_pairing(who(), request.form.get("code", ""))
    except Refused as refusal:
        return _pair_page(refusal)
    return see_other("stations.confirmation", number=found.id)


@bp.get("/pairings/<int:number>")
def confirmation(number):
    return _confirmation_page(acts.own_pairing(who(), number))


def _confirmation_page(pairing, refusal=None):
    return page(
        "stations/pairing.html",
        pairing=pairing,
        fingerprint=acts.fingerprint(pairing),
        refusal=refusal,
    )


@bp.post("/pairings/<int:number>")
def confirm(number):
    pairing = acts.own_pairing(who(), number)
    return attempt(
        lambda: acts.confirm(who(), pairing, request.form.get("number", "")),
        lambda refusal: _confirmation_page(pairing, refusal),
        "stations.index",
        "pair_station",
    )


@bp.post("/pairings/<int:number>/denial")
def deny(number):
    acts.deny(who(), acts.own_pairing(who(), number))
    return see_other("stations.index", done="deny_station")


@bp.get("/setup")
def setup():
    return page("stations/setup.html", package=station_package.package(), trouble=_trouble(), origin=_origin())


def _origin():
    return "" if _trouble() else acts.origin()


@bp.get("/setup/<name>")
def save(name):
    """The package itself, or the list of what it needs with hashes."""
    made = station_package.package()
    files = {made.name: (made.data, "application/zip"), made.list_name: (made.listed, "text/plain; charset=utf-8")}
    if name not in files or not files[name][0]:
        abort(404)
    data, media_type = files[name]
    return attachment(data, name, media_type)
