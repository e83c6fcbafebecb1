"""The connection, the field types and the migrations of the register."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from peewee import (
    BigIntegerField,
    DatabaseProxy,
    IntegrityError,
    InterfaceError,
    Model,
    OperationalError,
    PostgresqlDatabase,
    SqliteDatabase,
    TextField,
)
from playhouse.db_url import parse
from playhouse.migrations import Runner

database = DatabaseProxy()
OUTAGES = (InterfaceError, OperationalError)  # the disk is full, the server gone, a lock held too long
IN_THE_WAY = IntegrityError  # a constraint of the register forbids it
MIGRATIONS = Path(__file__).parent / "migrations"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class InstantField(BigIntegerField):
    """An instant: an aware datetime outside, whole microseconds since 1970 UTC in the table."""

    def db_value(self, value):
        return value if value is None or isinstance(value, int) else (value - _EPOCH) // timedelta(microseconds=1)

    def python_value(self, value):
        return None if value is None else _EPOCH + timedelta(microseconds=value)


class JSONField(TextField):
    """A JSON value, kept as text so that both databases give back exactly what was put in."""

    def db_value(self, value):
        return None if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True)

    def python_value(self, value):
        return None if value is None else json.loads(value)


class Row(Model):
    class Meta:
        database = database
        legacy_table_names = False


def row_number(text):
    """The number of a row as a request says it; None for a text that is no number, or one larger than any table counts."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


def bind(url):
    """Point the register at a database URL (sqlite:///path or postgresql://…) without connecting yet."""
    if url.startswith("sqlite:///"):
        pragmas = {"journal_mode": "wal", "foreign_keys": 1, "busy_timeout": 10000, "synchronous": 2}
        chosen = SqliteDatabase(url.removeprefix("sqlite:///"), pragmas=pragmas, lock_type="IMMEDIATE")
    else:
        chosen = PostgresqlDatabase(prefer_psycopg3=True, **parse(url))
    database.initialize(chosen)
    return chosen


def migrate():
    """Bring the bound database to the present shape; returns the names of the migrations applied."""
    with database.connection_context():
        return Runner(database.obj, str(MIGRATIONS)).up()
