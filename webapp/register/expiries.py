"""Certificates by the day on which they end, and those that another one has replaced: asked by index, so that an answer
costs what it is long, not what the register holds."""

from datetime import timedelta

from peewee import JOIN, Tuple, Value, fn

from webapp import clock
from webapp.procedure import Stage
from webapp.register.applications import Application
from webapp.register.certificates import Certificate
from webapp.register.people import Person
from webapp.register.watching import Told

_ENDED = (Stage.WITHDRAWN.value, Stage.REFUSED.value)
_COLUMNS = (
    Certificate.id,
    Certificate.title,
    Certificate.serial,
    Certificate.not_after,
    Certificate.accepted_at,
    Certificate.subscriber,
    Person.id,
    Person.name,
)


def key(certificate, step):
    """Under which key somebody is told of a certificate (its row or number)."""
    return f"certificate-{getattr(certificate, 'id', certificate)}-{step}"


def ending(first, last, people=None):
    """Certificates that end on the Japanese days first to last, that nobody has revoked or is revoking and none in use
    has replaced, as a query with 利用管理者 in the order in which they end. `people`: those of these people alone."""
    start, stop = clock.beginning_of(first), clock.beginning_of(last + timedelta(days=1))
    query = (
        Certificate.select(*_COLUMNS)
        .join(Person, JOIN.LEFT_OUTER, on=(Certificate.subscriber == Person.id))
        .where(
            (Certificate.not_after >= start)
            & (Certificate.not_after < stop)
            & Certificate.revoked_at.is_null()
            & Certificate.revoking.is_null()
            & ~_is_replaced()
        )
        .order_by(Certificate.not_after, Certificate.id)
    )
    return query if people is None else query.where(Certificate.subscriber.in_(people))


def in_portions(query, size=500):
    """The rows of a query of `ending` as lists, each asked for when it is wanted, so that nothing is held open between."""
    after = None
    while True:
        place = Tuple(Certificate.not_after, Certificate.id)
        rows = list((query.where(place > after) if after else query).limit(size))
        if rows:
            yield rows
        if len(rows) < size:
            return
        after = Tuple(Certificate.not_after.db_value(rows[-1].not_after), rows[-1].id)


def ending_untold(first, last, step):
    """The same without those of which whoever is responsible was told at this step."""
    return ending(first, last).where(~_is_told(step))


def replaced_untold(first, last, step):
    """Certificates still valid for which another one was taken into use on the Japanese days first to last, and nobody
    was told so: the old ones with 利用管理者, as `renewed_by.new` the new one."""
    new = Certificate.alias()
    in_use = (new.accepted_at >= clock.beginning_of(first)) & (
        new.accepted_at < clock.beginning_of(last + timedelta(days=1))
    )
    valid = Certificate.revoked_at.is_null() & Certificate.revoking.is_null() & (Certificate.not_after > clock.now())
    return (
        Certificate.select(*_COLUMNS, Application.id, new.id, new.accepted_at)
        .join(Application, on=(Application.replaces == Certificate.id), attr="renewed_by")
        .join(new, on=(new.application == Application.id), attr="new")
        .switch(Certificate)
        .join(Person, JOIN.LEFT_OUTER, on=(Certificate.subscriber == Person.id))
        .where(in_use & valid & ~_is_told(step))
        .order_by(new.accepted_at, Certificate.id)
    )


def renewals(certificates):
    """{number of a certificate: the newest application that is to replace it and has not ended without one}."""
    rows = (
        Application.select(
            Application.id,
            Application.number,
            Application.stage,
            Application.came_by,
            Application.replaces,
            Application.kind,
        )
        .where(Application.replaces.in_([row.id for row in certificates]) & Application.stage.not_in(_ENDED))
        .order_by(Application.id)
    )
    return {row.replaces_id: row for row in rows}


def _is_replaced():
    new = Certificate.alias()
    rows = (
        Application.select(Value(1))
        .join(new, on=(new.application == Application.id))
        .where((Application.replaces == Certificate.id) & new.accepted_at.is_null(False))
    )
    return fn.EXISTS(rows)


def _is_told(step):
    named = Value("certificate-").concat(Certificate.id.cast("TEXT")).concat(f"-{step}")
    own = Certificate.subscriber.is_null() | (Told.responsible == Certificate.subscriber)
    return fn.EXISTS(Told.select(Value(1)).where((Told.key == named) & own))
