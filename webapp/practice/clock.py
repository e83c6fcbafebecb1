"""The desk's own clock. It stands in another house, so it is not the clock that the office's tests move."""

import datetime

JST = datetime.timezone(datetime.timedelta(hours=9), "JST")


def now() -> datetime.datetime:
    """The present, aware, UTC, whole seconds."""
    return datetime.datetime.now(datetime.UTC).replace(microsecond=0)
