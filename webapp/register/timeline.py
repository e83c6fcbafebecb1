"""Certificates along the line of time: those whose validity reaches into it, the next to end first, each with what
replaced it below."""

from peewee import JOIN

from webapp.register.applications import Application
from webapp.register.certificates import Certificate
from webapp.register.people import Department, Person

MOST = 50  # rows of a page
DEEPEST = 6  # renewals of renewals within one line of time


def families(since, department=None, subscriber=None, after=None):
    """([[(depth, Certificate), …], …], next): families of a certificate and what replaced it, depth 0 first, of those not
    ended before the instant `since`, together at most MOST. `after` and `next` are (not_after, id) of the last family's
    first certificate; `next` is None on the last page."""
    query = _with_people(_reaching(since, department, subscriber))
    if after:
        query = query.where(
            (Certificate.not_after > after[0]) | ((Certificate.not_after == after[0]) & (Certificate.id > after[1]))
        ).where(Certificate.not_after >= after[0])
    older = Certificate.alias()
    is_first = older.id.is_null() | (older.not_after < since) | (older.revoked_at < since)
    for column, wanted in ((older.department, department), (older.subscriber, subscriber)):
        if wanted is not None:
            is_first |= column.is_null() | (column != wanted)
    query = query.join(Application, JOIN.LEFT_OUTER, on=(Certificate.application == Application.id))
    query = query.join(older, JOIN.LEFT_OUTER, on=(Application.replaces == older.id)).where(is_first)
    firsts = list(query.order_by(Certificate.not_after, Certificate.id).limit(MOST + 1))
    grown = _grown(firsts, since, department, subscriber)
    return _page(grown)


def _page(grown):
    shown, count = [], 0
    for family in grown:
        if shown and count + len(family) > MOST:
            last = shown[-1][0][1]
            return shown, (last.not_after, last.id)
        shown.append(family[:MOST])
        count += len(family)
    return shown, None


def _grown(firsts, since, department, subscriber):
    """Each first certificate with its successors below it, asked for one generation at a time."""
    below, generation = {}, firsts
    for _ in range(DEEPEST):
        if not generation:
            break
        generation = [row for row in _replacing(generation) if _reaches(row, since, department, subscriber)]
        for row in generation:
            below.setdefault(row.application.replaces_id, []).append(row)

    def family(row, depth):
        yield depth, row
        for next_row in below.get(row.id, ()):
            yield from family(next_row, depth + 1)

    return [list(family(row, 0)) for row in firsts]


def _replacing(rows):
    """The certificates that replaced these, found by their applications."""
    ids = [row.id for row in rows]
    applications = {row.id: row for row in Application.select().where(Application.replaces.in_(ids))}
    query = _with_people(Certificate.select(Certificate, Person, Department))
    found = list(query.where(Certificate.application.in_(list(applications))))
    for row in found:
        row.application = applications[row.application_id]
    return sorted(found, key=lambda row: (row.not_after, row.id))


def _reaches(row, since, department, subscriber):
    """What `_reaching` asks, of one row: the few are quicker looked at than looked up in a large department."""
    is_there = row.not_after >= since and (row.revoked_at is None or row.revoked_at >= since)
    return is_there and department in (None, row.department_id) and subscriber in (None, row.subscriber_id)


def _reaching(since, department, subscriber):
    query = Certificate.select(Certificate, Person, Department).where(
        (Certificate.not_after >= since) & (Certificate.revoked_at.is_null() | (Certificate.revoked_at >= since))
    )
    if department is not None:
        query = query.where(Certificate.department == department)
    return query if subscriber is None else query.where(Certificate.subscriber == subscriber)


def _with_people(query):
    return (
        query.join(Person, JOIN.LEFT_OUTER, on=(Certificate.subscriber == Person.id))
        .switch(Certificate)
        .join(Department, JOIN.LEFT_OUTER, on=(Certificate.department == Department.id))
        .switch(Certificate)
    )
