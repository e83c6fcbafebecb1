"""What time it is here. The one place that tests move.

Instants are aware datetimes in UTC; days are dates in Japan (JST). A business day is a weekday that is no national
holiday and does not lie between 29 December and 3 January (the public offices' closing days).
"""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import jpholiday

JST = ZoneInfo("Asia/Tokyo")
_LAST = datetime(9999, 12, 31, 14, 59, tzinfo=UTC)  # later instants fall on no day in Japan
_shift = timedelta(0)


def now():
    """The present instant, aware, UTC."""
    return datetime.now(UTC) + _shift


def today():
    """The present day in Japan."""
    return now().astimezone(JST).date()


def move(by):
    """Shift the clock by a timedelta (for tests); timedelta(0) sets it right again."""
    global _shift
    _shift = by


def day_of(instant):
    """The Japanese day on which an instant falls; of "no end" in a certificate (RFC 5280 §4.1.2.5) the last that there is."""
    return date.max if instant > _LAST else instant.astimezone(JST).date()


def beginning_of(day):
    """The instant at which a Japanese day begins."""
    return datetime(day.year, day.month, day.day, tzinfo=JST).astimezone(UTC)


def spoken(day):
    """A day as people read it: 2026年11月22日(日)."""
    return f"{day:%Y年%-m月%-d日}({'月火水木金土日'[day.weekday()]})"


def is_business_day(day):
    closed = (day.month, day.day) >= (12, 29) or (day.month, day.day) <= (1, 3)
    return day.weekday() < 5 and not closed and not jpholiday.is_holiday(day)


def business_days_between(start: date, end: date):
    """How many business days lie after `start`, up to and including `end`; 0 when `end` is not later."""
    return sum(is_business_day(start + timedelta(n)) for n in range(1, (end - start).days + 1))


def fiscal_year(day):
    """The 年度 of a day: it begins on 1 April."""
    return day.year if day.month >= 4 else day.year - 1


def after_business_days(start: date, count: int):
    """The day on which the `count`-th business day after `start` falls."""
    day = start
    while count > 0:
        day += timedelta(1)
        count -= is_business_day(day)
    return day


def before_business_days(end: date, count: int):
    """The latest business day that has `count` business days after it, up to and including `end`."""
    day = end
    while count > 0:
        count -= is_business_day(day)
        day -= timedelta(1)
    while not is_business_day(day):
        day -= timedelta(1)
    return day
