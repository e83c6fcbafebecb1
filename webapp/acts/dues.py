"""What is due: one shape for everything that somebody must be reminded of, whichever noun it belongs to.

Each noun has a function `dues(today)` that yields those which are due for a reminder by now (webapp/acts/watching.py
asks them all once a day), and where it has dates of its own, `dates(first, last)` for the calendar.
"""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Due:
    """`key` is the same for the same warning for ever ("certificate-12-ends-30"): nobody is told twice. `on` is the JST
    day that the sentence is about, `path` where to act on it ("/certificates/12"), `people` those who are responsible;
    who is absent is replaced by the registered stand-in when the letter is written. Nobody: the officers are told.
    `brief` is what a calendar calls it, where the sentence would not do on any other day."""

    key: str
    on: date
    sentence: str
    path: str
    people: tuple = ()
    brief: str = ""
