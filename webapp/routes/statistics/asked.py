"""What somebody asks the statistics for: which months, whose certificates, how the rows are made. It stands in the
address alone, so that an address kept is the same question."""

import re
from dataclasses import dataclass

from flask import g, request, url_for

from webapp import clock
from webapp.errors import Unseen
from webapp.procedure import Role
from webapp.register import Department
from webapp.register.statistics import Tally, later_month, month_number, months_between
from webapp.routes.finding import numbered

READERS = (Role.OFFICER, Role.HEAD, Role.AUDITOR)
RANGE = re.compile(r"(\d{4})-(0[1-9]|1[0-2])\.\.(\d{4})-(0[1-9]|1[0-2])", re.ASCII)
LONGEST_BY_MONTH = 36  # months; a longer time is shown by 年度


@dataclass(frozen=True)
class Asked:
    period: str  # "" the last twelve months, "2026" a 年度, "all", or "2025-04..2026-03"
    first: int  # months such as 202611, both included; never after this month
    last: int
    by: str  # month or year
    of: str  # department or person
    department: Department | None  # None: the whole house
    choices: tuple  # the departments that may be asked for

    @property
    def department_id(self):
        return self.department.id if self.department else None

    @property
    def words(self):
        return {"period": self.period, "by": self.by, "of": self.of, "department": self.department_id or ""}

    @property
    def months(self):
        return months_between(self.first, self.last)

    @property
    def span(self):
        """2025年12月〜2026年11月"""
        return f"{month_words(self.first)}〜{month_words(self.last)}"

    def address(self, endpoint, **more):
        """The address of the same question at another endpoint."""
        return url_for(endpoint, **{name: value for name, value in self.words.items() if value}, **more)


def asked():
    """The question in the address; what cannot be understood is taken as not said. Raises Unseen for a department that
    is not the reader's."""
    period = request.args.get("period", "").strip()
    first, last = _months(period)
    if first is None:
        period, (first, last) = "", _months("")
    choices = tuple(departments())
    department = _chosen(choices)
    by = request.args.get("by", "")
    if by not in ("month", "year"):
        by = "month" if len(months_between(first, last)) <= LONGEST_BY_MONTH else "year"
    of = "person" if department or request.args.get("of") == "person" else "department"
    return Asked(period, first, last, by, of, department, choices)


def reads_all():
    return bool(g.roles & set(READERS))


def departments():
    """The departments whose numbers this person may read, by name."""
    if reads_all():
        return list(Department.select().order_by(Department.name, Department.id))
    return g.person.departments()


def _chosen(choices):
    wanted = numbered("department")
    if wanted is None:
        return None if reads_all() else next(iter(choices), None)
    for department in choices:
        if department.id == wanted:
            return department
    raise Unseen("部局が見つかりません。", "統計の画面から選び直してください。")


def _months(period):
    """(first, last) month of a period, or (None, None)."""
    now = month_number(clock.today())
    if period == "":
        return later_month(now, -11), now
    if period == "all":
        return min(Tally.first_month(), now), now
    if found := RANGE.fullmatch(period):
        first, last = int(found[1] + found[2]), min(int(found[3] + found[4]), now)
    elif re.fullmatch(r"\d{4}", period, re.ASCII):
        first, last = int(period) * 100 + 4, min(int(period) * 100 + 103, now)
    else:
        return None, None
    return (first, last) if 190000 < first <= last else (None, None)


def periods():
    """(value, words) of the periods to choose from."""
    now, first = clock.fiscal_year(clock.today()), Tally.first_month()
    begun = max(first // 100 - (first % 100 < 4), now - 30)
    years = [(str(year), f"{year}年度({year}年4月〜{year + 1}年3月)") for year in range(now, begun - 1, -1)]
    return [("", "直近12か月"), *years, ("all", "すべての期間")]


def month_words(month):
    return f"{month // 100}年{month % 100}月"


def fiscal_year_of(month):
    return month // 100 - (month % 100 < 4)
