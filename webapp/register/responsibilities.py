"""Phrases for asking what hangs on people, and whose roles, accounts and mail addresses end. All start from people or
from what is open, so that they cost the same however many certificates there are."""

from peewee import JOIN, fn

from webapp import clock
from webapp.procedure import ENDS, Role, Stage
from webapp.register.applications import Application
from webapp.register.certificates import Certificate
from webapp.register.institution import in_force
from webapp.register.papers import KeyPair
from webapp.register.people import Absence, Account, Department, Person, PersonMail, PersonRole

OPEN = tuple(stage.value for stage in Stage if not any(stage in ends for ends in ENDS.values()))
HOLDING = (Role.SUBSCRIBER.value, Role.OFFICER.value, Role.HEAD.value)  # the roles on which something hangs


def live_certificates(person):
    """The certificates that somebody is responsible for and the world still trusts, the next to end first, as a query
    with key pair, application and department joined."""
    return (
        Certificate.select(Certificate, KeyPair, Application, Department)
        .join(KeyPair, JOIN.LEFT_OUTER)
        .switch(Certificate)
        .join(Application, JOIN.LEFT_OUTER, on=(Certificate.application == Application.id))
        .switch(Certificate)
        .join(Department, JOIN.LEFT_OUTER, on=(Certificate.department == Department.id))
        .where(_live() & (Certificate.subscriber == person))
        .order_by(Certificate.not_after, Certificate.id)
    )


def live_certificates_counted(people):
    """{number of a person: how many live certificates} for those of these numbers who have any."""
    query = Certificate.select(Certificate.subscriber, fn.COUNT(Certificate.id))
    found = query.where(_live() & Certificate.subscriber.in_(list(people))).group_by(Certificate.subscriber).tuples()
    return dict(found) if people else {}


def _live():
    return Certificate.revoked_at.is_null() & (Certificate.not_after >= clock.now())


def open_applications(people):
    """The open applications in which any of these numbers of people stands as applicant, subscriber, officer or head."""
    numbers = list(people)
    columns = (Application.applicant, Application.subscriber, Application.officer, Application.head)
    anywhere = columns[0].in_(numbers)
    for column in columns[1:]:
        anywhere |= column.in_(numbers)
    query = Application.select().where(Application.stage.in_(OPEN) & anywhere).order_by(Application.id)
    return list(query) if numbers else []


def stood_in_by(person):
    """Absences of others, not over, in which somebody is the stand-in."""
    mine = (Absence.stand_in == person) & Absence.cancelled_at.is_null() & (Absence.until_on >= clock.today())
    return list(Absence.select(Absence, Person).join(Person, on=(Absence.person == Person.id)).where(mine))


def ending_roles(horizon):
    """{(number of a person, role): last day} of the roles on which something hangs that have ended or end by a day,
    where the same person holds the same role no longer than that."""
    later = PersonRole.alias()
    goes_on = (
        (later.person == PersonRole.person)
        & (later.role == PersonRole.role)
        & (later.until_on.is_null() | (later.until_on > horizon))
        & (later.since_on <= horizon)
    )
    rows = (
        PersonRole.select(PersonRole.person, PersonRole.role, fn.MAX(PersonRole.until_on))
        .where(PersonRole.until_on <= horizon, PersonRole.role.in_(HOLDING), ~fn.EXISTS(later.select().where(goes_on)))
        .group_by(PersonRole.person, PersonRole.role)
        .tuples()
    )
    return {(person, role): _day(until_on) for person, role, until_on in rows}


def _day(value):
    """SQLite gives the greatest date as text."""
    return PersonRole.until_on.python_value(value)


def closed_accounts():
    """{number of a person: the instant at which the account was closed}."""
    rows = Account.select(Account.person, Account.closed_at).where(Account.closed_at.is_null(False)).tuples()
    return dict(rows)


def without_mail(today):
    """{number of a person: the last day of the last address} of people whose every mail address has ended."""
    other = PersonMail.alias()
    still = (other.person == PersonMail.person) & (other.until_on.is_null() | (other.until_on >= today))
    rows = (
        PersonMail.select(PersonMail.person, fn.MAX(PersonMail.until_on))
        .where(PersonMail.until_on < today, ~fn.EXISTS(other.select().where(still)))
        .group_by(PersonMail.person)
        .tuples()
    )
    return {person: _day(until_on) for person, until_on in rows}


def last_days(role, today):
    """The last day (None: open) of each person's term who holds a role today."""
    return [row.until_on for row in PersonRole.select().where((PersonRole.role == role) & in_force(PersonRole, today))]
