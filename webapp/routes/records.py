"""For the auditor: the events in their order, and whether the chain holds."""

from flask import Blueprint

from webapp import sentences
from webapp.acts import records as acts
from webapp.gate import let_in, who
from webapp.pages import page
from webapp.procedure import Role
from webapp.register import Application, ChainHead, Event
from webapp.routes.finding import numbered

bp = Blueprint("records", __name__, url_prefix="/records")
PER_PAGE = 50


@bp.get("")
def index():
    let_in(Role.AUDITOR)
    before = numbered("before")
    query = Event.with_people()
    query = query.where(Event.seq < before) if before else query
    events = list(query.order_by(-Event.seq).limit(PER_PAGE + 1))
    return page(
        "records/index.html",
        head=ChainHead.get_by_id(1),
        events=_rows(events[:PER_PAGE]),
        older={"before": events[PER_PAGE - 1].seq} if len(events) > PER_PAGE else None,
        checked=None,
    )


def _rows(events):
    wanted = [event.object_id for event in events if event.object == "application"]
    numbers = {row.id: row.number for row in Application.select().where(Application.id.in_(wanted))}
    told = zip(events, sentences.told_all(events), strict=True)
    return [{"seq": event.seq, "about": _about(event, numbers)} | sentence for event, sentence in told]


def _about(event, numbers):
    """The number of an application, else what kind of thing the event is about."""
    if event.object == "application":
        return numbers[event.object_id]
    return sentences.OBJECTS.get(event.object, event.object)


@bp.post("/check")
def check():
    """Walk the whole chain now."""
    return page("records/check.html", checked=acts.check_chain(who()))
