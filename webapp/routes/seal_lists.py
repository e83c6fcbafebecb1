"""まとめて署名する: the applications that wait for one head, chosen to be sealed at the station with one press."""

from flask import Blueprint, g, request

from webapp.acts import station_jobs, station_lists
from webapp.errors import Refused
from webapp.gate import COOKIE
from webapp.pages import page, see_other
from webapp.register import Station, row_number
from webapp.routes import case
from webapp.routes.finding import find, who

bp = Blueprint("seal_lists", __name__, url_prefix="/sealing")


@bp.get("")
def choose():
    return _page()


def _page(refusal=None):
    rows = station_lists.waiting(g.person)
    ticked = [str(row.id) for row in rows] if request.method == "GET" else request.form.getlist("application")
    return page(
        "sealing/choose.html",
        rows=rows,
        ticked=ticked,
        since=case.since_words,
        most=station_lists.MOST,
        is_cut=len(rows) == station_lists.MOST,
        one_pin=station_lists.one_pin(rows),
        stations=Station.of(g.person),
        refusal=refusal,
    )


@bp.post("")
def ask():
    chosen = [find(row_number(each)) for each in dict.fromkeys(request.form.getlist("application"))]
    secret = request.cookies.get(COOKIE, "")
    try:
        if len(chosen) == 1:
            job = station_jobs.ask(chosen[0], who(), "seal_pdf", secret, {})
        else:
            job = station_jobs.ask_list(chosen, who(), secret)
    except Refused as refusal:
        if refusal.status not in (409, 422):
            raise
        return _page(refusal)
    return see_other("jobs.show", number=job.id)
