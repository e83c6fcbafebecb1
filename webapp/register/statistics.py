"""統計: phrases for reading the tallies that the database keeps (migration 0005). A month is a number such as 202611.

A certificate counts for the department and the 利用管理者 who are responsible for it now; `department_id` 0 and
`person_id` 0 are those for whom nobody is.
"""

from datetime import date

from peewee import SQL, BigIntegerField, Case, CharField, CompositeKey, IntegerField, fn

from webapp import clock
from webapp.register.certificates import Certificate
from webapp.register.database import Row

MEASURES = ("issued", "renewed", "revoked", "expires", "ended")


class Tally(Row):
    scope = CharField()  # house, department, person
    department_id = BigIntegerField()
    person_id = BigIntegerField()
    month = IntegerField()
    measure = CharField()  # one of MEASURES
    reason = IntegerField()  # of a revocation (RFC 5280), else 0
    count = BigIntegerField()

    class Meta:
        primary_key = CompositeKey("scope", "department_id", "month", "person_id", "measure", "reason")

    @classmethod
    def since(cls, month, department_id=None):
        """{(month, measure, reason): count} from a month on and for ever, of the house or of one department."""
        scope, place = ("house", 0) if department_id is None else ("department", department_id)
        rows = cls.select(cls.month, cls.measure, cls.reason, cls.count).where(
            (cls.scope == scope) & (cls.department_id == place) & (cls.month >= month)
        )
        return {(row[0], row[1], row[2]): row[3] for row in rows.tuples()}

    @classmethod
    def first_month(cls):
        """The first month in which anything counts, or this month."""
        return cls.select(fn.MIN(cls.month)).where((cls.scope == "house") & (cls.department_id == 0)).scalar() or (
            month_number(clock.today())
        )

    @classmethod
    def by_department(cls, department_ids, first, last):
        """{department id: {measure: count in the months from first to last, "valid": certificates valid after last}}"""
        return cls._divided("department", cls.department_id, department_ids, first, last)

    @classmethod
    def by_person(cls, department_ids, first, last):
        """The same for each person, of the certificates of these departments."""
        return cls._divided("person", cls.person_id, department_ids, first, last)

    @classmethod
    def _divided(cls, scope, column, department_ids, first, last):
        is_later = Case(None, ((cls.month > last, 1),), 0)
        rows = (
            cls.select(column, cls.measure, is_later, fn.SUM(cls.count))
            .where((cls.scope == scope) & cls.department_id.in_(department_ids) & (cls.month >= first))
            .group_by(SQL("1"), SQL("2"), SQL("3"))
        )
        found = {}
        for place, measure, later, count in rows.tuples():
            numbers = found.setdefault(place, dict.fromkeys((*MEASURES, "valid"), 0))
            if not later:
                numbers[measure] += int(count)
            elif measure in ("ended", "issued"):
                numbers["valid"] += int(count) * (1 if measure == "ended" else -1)
        return {place: numbers for place, numbers in found.items() if any(numbers.values())}


class StageWait(Row):
    """How many applications left a stage after how many Japanese days; department 0 is the whole house."""

    department_id = BigIntegerField()
    month = IntegerField()  # in which they left it
    kind = CharField()
    stage = CharField()
    days = IntegerField()
    count = BigIntegerField()

    class Meta:
        table_name = "stage_wait"
        primary_key = CompositeKey("department_id", "month", "kind", "stage", "days")

    @classmethod
    def between(cls, first, last, department_id=None):
        """{(kind, stage): [(days, count), …]}, the shortest first."""
        rows = (
            cls.select(cls.kind, cls.stage, cls.days, fn.SUM(cls.count))
            .where((cls.department_id == (department_id or 0)) & cls.month.between(first, last))
            .group_by(cls.kind, cls.stage, cls.days)
            .order_by(cls.days)
        )
        found = {}
        for kind, stage, days, count in rows.tuples():
            found.setdefault((kind, stage), []).append((days, int(count)))
        return found


def valid_now(tallied, department_id=None):
    """How many certificates are valid at this moment. `tallied`: Tally.since this month or an earlier one."""
    month, now = month_number(clock.today()), clock.now()
    later = clock.beginning_of(first_day(later_month(month)))
    here = Certificate.select(fn.COUNT(Certificate.id))
    if department_id is not None:
        here = here.where(Certificate.department == (department_id or None))
    still = here.where(
        (Certificate.not_after >= now) & (Certificate.not_after < later) & Certificate.revoked_at.is_null()
    )
    early = Certificate.select(Certificate.department, Certificate.not_after, Certificate.revoked_at).where(
        (Certificate.not_before > now) & (Certificate.not_before < later)
    )  # hardly any: a CA does not issue for the future
    count = sum(
        ends >= later and revoked is None and department_id in (None, place or 0)
        for place, ends, revoked in early.tuples()
    )
    return valid_after(tallied, month) + still.scalar() - count


def valid_after(tallied, month):
    """How many certificates are valid when a month is over, from Tally.since that month or an earlier one."""
    return sum(
        count if measure == "ended" else -count
        for (at, measure, _), count in tallied.items()
        if at > month and measure in ("ended", "issued")
    )


def median(waits):
    """The median of [(days, count), …], the shortest first: whole days, or half of two days between."""
    total = sum(count for _, count in waits)
    ranks = ((total - 1) // 2, total // 2)
    return sum(_at(waits, rank) for rank in ranks) / 2


def _at(waits, rank):
    for days, count in waits:
        rank -= count
        if rank < 0:
            return days
    raise IndexError(rank)


def month_number(day):
    return day.year * 100 + day.month


def later_month(month, count=1):
    """The month so many months later, or earlier when negative."""
    total = month // 100 * 12 + month % 100 - 1 + count
    return total // 12 * 100 + total % 12 + 1


def first_day(month):
    return date(month // 100, month % 100, 1)


def months_between(first, last):
    """All months from first to last, both included."""
    months = []
    while first <= last:
        months.append(first)
        first = later_month(first)
    return months
