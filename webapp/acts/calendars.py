"""What is due in a span of days, for one person, as a page and as a calendar to subscribe to under a secret address."""

import heapq
import secrets
from datetime import timedelta
from itertools import islice

from webapp import clock
from webapp.acts import expiries, watching
from webapp.acts.visits import digest
from webapp.papers import calendar
from webapp.procedure import Role
from webapp.register import Absence, CalendarFeed, Event, SignInAttempt, database, in_force

SEE_ALL = {Role.OFFICER, Role.AUDITOR}
BACK, AHEAD, MOST = timedelta(days=31), timedelta(days=500), 1000  # what a feed holds
MISSES, WITHIN = 100, timedelta(minutes=15)  # addresses that were not there, from one place, before all are not there


def dates(person, first, last, most):
    """What is due from first to last (days) for a person and for those they stand in for; for officers and auditors
    everything. At most `most` Dues in the order of the days."""
    everything = bool(person.roles() & SEE_ALL)
    own = {
        person.id,
        *(
            row.person_id
            for row in Absence.select().where(
                (Absence.stand_in == person) & Absence.cancelled_at.is_null() & in_force(Absence)
            )
        ),
    }
    found = [expiries.dates(first, last, None if everything else own)]
    for source in watching.SOURCES:
        if hasattr(source, "dates"):
            dues = (due for due in source.dates(first, last) if everything or own & {each.id for each in due.people})
            found.append(sorted(dues, key=_place))
    return list(islice(heapq.merge(*found, key=_place), most))


def _place(due):
    return due.on, due.key


def open_feed(who):
    """Begin a calendar feed, in place of one that was open; returns its secret, which is kept as its SHA-256 only."""
    secret = secrets.token_urlsafe(32)
    with database.atomic():
        _close(who.person)
        feed = CalendarFeed.create(person=who.person, secret_sha256=digest(secret), opened_at=clock.now())
        Event.write("open_feed", feed, who.person, who.address)
    return secret


def close_feed(who):
    """End a person's calendar feed, if one is open."""
    with database.atomic():
        feed = _close(who.person)
        if feed is not None:
            Event.write("close_feed", feed, who.person, who.address)


def _close(person):
    feed = CalendarFeed.open_for(person)
    if feed is not None:
        CalendarFeed.update(closed_at=clock.now()).where(CalendarFeed.id == feed.id).execute()
    return feed


def feed(secret, address):
    """The .ics behind a secret, with what its person may see now; None when there is none, whatever the reason. Too many
    misses from one address, and nothing is there for it for a while."""
    place, since = f"calendar {address}", clock.now() - WITHIN
    if SignInAttempt.select().where((SignInAttempt.login == place) & (SignInAttempt.at > since)).count() >= MISSES:
        return None
    found = CalendarFeed.under(digest(secret))
    if found is None:
        SignInAttempt.create(login=place, address=address, at=clock.now())
        return None
    today = clock.today()
    dues = dates(found.person, today - BACK, today + AHEAD, MOST)
    entries = [watching.entry(due.on, due.brief, due.sentence, due.path) for due in dues]
    return calendar.write(entries, clock.now(), f"しるし {found.person.name}")
