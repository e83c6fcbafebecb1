"""What the tests of the settings share: the administrator, their browser, and what they would type."""

from datetime import UTC, datetime, time

import pytest

from webapp import clock
from webapp.errors import Incomplete
from webapp.register import (
    Event,
    Institution,
)
from webapp.routes.administration.institution import COLUMNS

BOTH = pytest.mark.both_databases
PDF = b"%PDF-1.7\n%%EOF\n"


def today():
    return clock.today().isoformat()


def move_to(day):
    """Let it be noon of this day in Japan; sign in after it."""
    clock.move(datetime.combine(day, time(12), clock.JST) - datetime.now(UTC))


def kept():
    """The institution's values as the page would send them."""
    here = Institution.here()
    return {name: str(getattr(here, name) or "") for name in COLUMNS}


def newcomer(**changes):
    values = {"name": "渡辺 実", "mail": "watanabe@shinsei.example", "phone": "03-5500-1500"}
    values |= {"department": "工学部 計測工学研究室", "role": "subscriber", "title": "助教"}
    return values | {"since_on": today(), "until_on": ""} | changes


def refused_fields(act, *arguments):
    with pytest.raises(Incomplete) as refusal:
        act(*arguments)
    return refusal.value.fields


def newest_event():
    return Event.select().order_by(-Event.seq).first()
