"""The daily round: every noun says what is due, and each person gets one digest of what is new for them.

What is due is written first, each due with all who are to be told of it; then a person's digest, its letter, the job
that posts it and what it tells share one transaction. So a round may be broken off and taken up again anywhere.
"""

import logging
from datetime import timedelta
from itertools import islice

from webapp import clock
from webapp.acts import (
    calls,
    campaigns,
    delays,
    expiries,
    gates,
    letters,
    notifications,
    responsibilities,
    station_upkeep,
    stocktakings,
    token_ledger,
)
from webapp.acts.addressees import Addressees
from webapp.mails import digests
from webapp.papers import calendar
from webapp.register import OUTAGES, CalendarFeed, Digest, Event, Told, Watch, database

log = logging.getLogger("shirushi.watching")

SOURCES = (delays, calls, stocktakings, campaigns, gates, notifications, responsibilities, token_ledger)
SHOWN = 100  # of each group in a digest; the rest is counted
LATE = timedelta(hours=26)  # after the last round: something is wrong
_PORTION = 300


def make_round(hour=7):
    """Make today's round if it is after `hour` in Japan and nobody has made it; returns its Watch, or None."""
    now = clock.now()
    if now.astimezone(clock.JST).hour < hour:
        return None
    watch = Watch.claim(now)
    if watch is None:
        return None
    if watch.is_new:
        Told.forget_waiting()  # what an unfinished round left behind is found again, in today's words
    counted = _find(watch.day)
    for person in Told.people_to_tell():
        if person.mail:
            _tell(person, watch.day)
    _close_feeds()
    station_upkeep.make_round()
    _end(watch, *counted)
    return watch


def _find(day):
    """Write what is due and new; returns how much was new, how much nobody can be told, and which sources failed."""
    addressees, new, untold, failed = Addressees(day), 0, 0, []
    for source in (expiries, *SOURCES):
        name = source.__name__.rpartition(".")[2]
        try:
            found = source.dues(day) if source is expiries else iter(list(source.dues(day)))
            while portion := list(islice(found, _PORTION)):
                rows, alone = _rows(portion, addressees)
                with database.atomic():
                    new += Told.add(rows)
                untold += alone
        except OUTAGES:
            raise
        except Exception:  # one noun's mistake shall not silence the others, nor end the worker every morning
            log.exception("what is due could not be asked of %s", name)
            failed.append(name)
    return new, untold, failed


def _rows(dues, addressees):
    """The rows for those who were not told of these dues yet, and how many dues have nobody who can be told."""
    handled, rows, alone = Told.handled([due.key for due in dues]), [], 0
    for due in dues:
        people = [person for person in due.people if (due.key, person.id) not in handled]
        if (due.people and not people) or (not due.people and (due.key, None) in handled):
            continue
        found = addressees.of(people)
        alone += not found
        rows += [_row(due, each) for each in found]
    return rows, alone


def _row(due, addressee):
    return {
        "person": addressee.person.id,
        "key": due.key,
        "responsible": addressee.responsible.id if addressee.responsible else None,
        "due_on": due.on,
        "sentence": due.sentence,
        "brief": due.brief,
        "note": addressee.note,
        "path": due.path,
    }


def _tell(person, day):
    with database.atomic():
        digest = Digest.claim(person, day)
        if digest is None:
            return
        groups = [(list(query.limit(SHOWN)), query.count()) for query in Told.waiting(person, day)]
        told = [row for rows, _ in groups for row in rows]
        to = (person.name, person.mail)
        message = digests.digest(letters.sender(), to, day, groups, letters.url(""), _dates(told, day))
        digest.letter = letters.send(message)
        digest.save(only=[Digest.letter])
        Told.tell(person, digest)


def _dates(told, day):
    """The days still to come as an .ics, or b"" when there are none."""
    coming = [entry(row.due_on, row.brief, row.sentence, row.path) for row in told if row.due_on >= day]
    return calendar.write(coming, clock.now()) if coming else b""


def entry(on, brief, sentence, path):
    """A due as a calendar has it."""
    return calendar.Entry(on, brief or sentence.partition("。")[0], sentence, letters.url(path))


def _close_feeds():
    """The calendars of those who have left end for good, should they ever come back."""
    for feed in CalendarFeed.left_behind():
        with database.atomic():
            CalendarFeed.update(closed_at=clock.now()).where(CalendarFeed.id == feed.id).execute()
            Event.write("close_feed", feed, address="worker")


def _end(watch, new, untold, failed):
    """The heartbeat and its event; a round that took so long that another worker has ended it has neither."""
    with database.atomic():
        counted = {
            "reminders": new,
            "letters": Digest.select().where(Digest.day == watch.day).count(),
            "untold": untold,
        }
        if watch.end(failed="、".join(failed), **counted):
            facts = {"day": watch.day.isoformat(), **counted} | ({"failed": failed} if failed else {})
            Event.write("remind", watch, address="worker", facts=facts)


def take_back(letter):
    """A digest that the mail server refused has told nobody anything: what it said is found again in the next round and
    goes to others. In the caller's transaction."""
    digest = Digest.get_or_none(Digest.letter == letter)
    if digest is not None:
        digest.refused_at = clock.now()
        digest.save(only=[Digest.refused_at])
        Told.delete().where(Told.digest == digest).execute()


def heartbeat():
    """(the newest round that came to its end or None, whether it is too long ago)."""
    newest = Watch.newest()
    first = Event.get_or_none(Event.seq == 1)
    since = newest.ended_at if newest else first and first.at
    return newest, since is not None and clock.now() - since > LATE
