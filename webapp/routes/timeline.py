"""有効期間の図: one bar for each certificate along the next eighteen months, a renewal below what it replaced."""

import re
from datetime import UTC, datetime, timedelta

from flask import Blueprint, g, request, url_for

from webapp import charts, clock
from webapp.errors import Unseen
from webapp.gate import let_in
from webapp.pages import page
from webapp.procedure import Role
from webapp.register import Person, PersonDepartment, in_force
from webapp.register.statistics import first_day, later_month, month_number, months_between
from webapp.register.timeline import families
from webapp.routes.finding import numbered
from webapp.routes.statistics.asked import READERS, departments, reads_all

bp = Blueprint("timeline", __name__, url_prefix="/timeline")
BEFORE, AHEAD = 3, 18  # months drawn before and after this one begins; whoever ended earlier than it is left out
WIDTH = 540  # units of the drawing
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@bp.get("")
def index():
    let_in(*READERS, Role.SUBSCRIBER)
    department, person = _chosen()
    months = _months()
    first, last = first_day(months[0]), first_day(later_month(months[-1]))
    since = clock.beginning_of(clock.today().replace(day=1))
    shown, following = families(since, department, person, _after())
    kept = {"department": department or "", "person": person or ""}
    return page(
        "timeline/index.html",
        rows=[_row(certificate, depth, first, last) for family in shown for depth, certificate in family],
        axis=_axis(months, first, last),
        departments=[(row.id, row.name) for row in departments()],
        people=_people(department, person),
        department=department,
        chosen=person,
        reads_all=reads_all(),
        following=url_for("timeline.index", **kept, after=_words(following)) if following else "",
        beginning=url_for("timeline.index", **kept) if request.args.get("after") else "",
        today=clock.today(),
    )


def _chosen():
    """(department id, person id) to show, either of them None; a 利用管理者 sees the own department, or oneself. Raises
    Unseen for what is not theirs."""
    department, person = numbered("department"), numbered("person")
    if reads_all():
        return department, person
    own = [row.id for row in departments()]
    if department is None and person is None:
        department = next(iter(own), None)
        person = None if own else g.person.id
    if person == g.person.id and department is None:
        return None, person
    if department not in own:
        raise Unseen("部局が見つかりません。", "有効期間の図から選び直してください。")
    return department, person


def _people(department, person):
    """(id, name) of those to choose from: the people of the department that is shown, and who is shown already."""
    if department is None and person is None:
        return []
    query = Person.select().order_by(Person.name, Person.id)
    if department is None:
        return [(row.id, row.name) for row in query.where(Person.id == person)]
    here = PersonDepartment.select(PersonDepartment.person).where(
        (PersonDepartment.department == department) & in_force(PersonDepartment)
    )
    return [(row.id, row.name) for row in query.where(Person.id.in_(here) | (Person.id == (person or 0)))]


def _months():
    now = month_number(clock.today())
    return months_between(later_month(now, -BEFORE), later_month(now, AHEAD - 1))


def _row(certificate, depth, first, last):
    begins, ends = clock.day_of(certificate.not_before), clock.day_of(certificate.not_after)
    revoked = clock.day_of(certificate.revoked_at) if certificate.revoked_at else None
    stops = min(revoked, ends) if revoked else ends
    after_end = timedelta(1)  # a bar reaches to the end of its last day
    return {
        "row": certificate,
        "depth": min(depth, 3),
        "begins": begins,
        "ends": ends,
        "revoked": revoked,
        "bar": charts.span(begins, stops + after_end, first, last, WIDTH),
        "lost": charts.span(stops, ends, first, last, WIDTH) if stops < ends and stops < last else None,
        "reaches_on": ends >= last and not revoked,
    }


def _axis(months, first, last):
    ticks = [
        {"x": charts.span(first_day(month), last, first, last, WIDTH)[0], "text": f"{month // 100 % 100}/{month % 100}"}
        for month in months[:-1]  # the last has no room for its name
        if month % 100 % 3 == 1
    ]
    return {"width": WIDTH, "ticks": ticks, "today": charts.span(clock.today(), last, first, last, WIDTH)[0]}


def _after():
    """(not_after, id) of the row after which the page begins, or None."""
    found = re.fullmatch(r"(\d{1,17})-(\d{1,15})", request.args.get("after", ""), re.ASCII)
    return (EPOCH + timedelta(microseconds=int(found[1])), int(found[2])) if found else None


def _words(key):
    return f"{(key[0] - EPOCH) // timedelta(microseconds=1)}-{key[1]}"
