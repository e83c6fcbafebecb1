"""予定: what is due by month, and the calendar that a person subscribes to."""

from datetime import date, timedelta

from flask import Blueprint, abort, current_app, g, request, url_for

from webapp import clock
from webapp.acts import calendars
from webapp.gate import who
from webapp.pages import attachment, page, see_other
from webapp.register import CalendarFeed
from webapp.routes.finding import numbered

bp = Blueprint("calendar", __name__, url_prefix="/calendar")
MOST = 300  # entries of one page


@bp.get("")
def index():
    first = _month(request.args.get("month", ""))
    after = _next_month(first)
    begin = _day_in(first, after)
    dues = calendars.dates(g.person, begin, after - timedelta(days=1), MOST + 1)
    is_cut = len(dues) > MOST
    is_day_cut = is_cut and dues[MOST].on == begin  # more on one day than a page holds
    rest = (begin + timedelta(days=1) if is_day_cut else dues[MOST].on) if is_cut else after
    return page(
        "calendar/index.html",
        month=first,
        begins_within=begin if begin != first else None,
        today=clock.today(),
        days=_by_day(dues[:MOST]),
        most=MOST,
        is_cut=is_cut,
        is_day_cut=is_day_cut,
        further=_address(first, rest) if rest < after else "",
        earlier=_address(_next_month(first - timedelta(days=40))) if first.year > 2000 else "",
        later=_address(after) if after.year < 2100 else "",
        sees_all=bool(g.roles & calendars.SEE_ALL),
    )


def _month(text):
    """The first day of a month like 2026-11; of this one for anything else."""
    try:
        first = date.fromisoformat(f"{text}-01")
    except ValueError:
        first = clock.today().replace(day=1)
    return first if 2000 <= first.year < 2100 else clock.today().replace(day=1)


def _next_month(first):
    return (first.replace(day=1) + timedelta(days=32)).replace(day=1)


def _day_in(first, after):
    """From which day of the month a long list is shown."""
    day = numbered("day") or 1
    return first + timedelta(days=day - 1) if 1 <= day <= (after - first).days else first


def _address(first, begin=None):
    day = {"day": begin.day} if begin else {}
    return url_for("calendar.index", month=f"{first:%Y-%m}", **day)


def _by_day(dues):
    """[(day, [what is due on it])] of dues in their order."""
    days = {}
    for due in dues:
        days.setdefault(due.on, []).append({"what": due.brief or due.sentence, "url": due.path, "people": _names(due)})
    return list(days.items())


def _names(due):
    return "、".join(person.name for person in due.people)


@bp.get("/feed")
def feed():
    return page("calendar/feed.html", feed=CalendarFeed.open_for(g.person), address="")


@bp.post("/feed")
def open_feed():
    """The address is shown in the answer itself, this once."""
    secret = calendars.open_feed(who())
    address = current_app.config["SHIRUSHI"].public_url + url_for("calendar.subscribed", secret=secret)
    return page("calendar/feed.html", feed=CalendarFeed.open_for(g.person), address=address)


@bp.post("/feed/end")
def close_feed():
    calendars.close_feed(who())
    return see_other("calendar.feed", done="close_feed")


@bp.get("/<secret>.ics")
def subscribed(secret):
    """For calendar programs: no visit, no cookie, the secret alone."""
    data = calendars.feed(secret, request.remote_addr or "")
    if data is None:
        abort(404)
    return attachment(data, "shirushi.ics", "text/calendar; charset=utf-8", is_shown=True)
