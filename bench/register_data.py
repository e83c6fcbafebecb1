"""A register of any size to measure with: `register_data.made(100_000)` returns its folder, `python -m
bench.register_data 100000` prints it.

The rows are written in bulk at migration 0002, with every trigger and constraint that stands there, and the later
migrations then fill in what they keep beside: search, tallies. So a large register is also brought up to date once.
A hundred thousand certificates have all their events (about thirteen each); of a larger register only the newest
hundred thousand have, because a million would take 7 GB. What is made is kept below var/bench and used again for a month.
"""

import fcntl
import hashlib
import json
import shutil
import sqlite3
import sys
from itertools import islice
from pathlib import Path

from playhouse.migrations import Runner

from bench import _register_rows
from webapp import clock, demo, register
from webapp.pages import HOME
from webapp.register import Person, PersonDepartment, content, database
from webapp.register.database import MIGRATIONS
from webapp.settings import Settings

KEPT = HOME / "var" / "bench"
FROM = "0002_the_years_between"
TOLD = 100_000  # certificates whose events are written
BATCH = 10_000
SATO = _register_rows.PERSONS  # whose certificates 佐藤 of the demo takes over, so that the demo's people have some


def made(count):
    """The folder of a register with `count` certificates, made unless it is there. Read it; to write, take a copy."""
    KEPT.mkdir(parents=True, exist_ok=True)
    with open(KEPT / f"{count}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # whoever else asks for it waits until it is made
        return _made(count)


def _made(count):
    base = KEPT / f"{count}-{clock.today():%Y-%m}-{_digest(_sources(base_only=True))}.db"
    folder = KEPT / f"{count}-{clock.today():%Y-%m}-{_digest(_sources())}"
    if not (folder / "made").exists():
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "keys").mkdir(parents=True)
        if not base.exists():
            _write(base, count)
        shutil.copyfile(base, folder / "register.db")
        _bring_up_to_date(Settings(data=folder))
        (folder / "made").touch()
        _forget(count, {base, folder})
    return folder


def copied(count, folder):
    """A copy of that register in a folder (a Path that is not there yet), to be changed; returns the folder."""
    shutil.copytree(made(count), folder)
    return folder


def _sources(base_only=False):
    here = Path(__file__)
    first = [path for path in sorted(MIGRATIONS.glob("0*.py")) if path.stem <= FROM]
    rows = Path(_register_rows.__file__)
    return [rows, *first] if base_only else [here, rows, *sorted(MIGRATIONS.glob("0*.py"))]


def _digest(paths):
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()[:8]


def _forget(count, kept):
    """Remove what an older shape of the register left behind."""
    for path in {*KEPT.glob(f"{count}-*")} - kept:
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def _write(path, count):
    working = path.with_suffix(".part")
    working.unlink(missing_ok=True)
    bound = register.bind(f"sqlite:///{working}")
    with database.connection_context():
        Runner(bound, str(MIGRATIONS)).up(FROM)
    connection = sqlite3.connect(working, isolation_level=None)
    # A file that is thrown away when it is interrupted needs no journal; the foreign keys are looked at in the end.
    for pragma in ("journal_mode = off", "synchronous = off", "cache_size = -1500000", "foreign_keys = off"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("BEGIN")
    _fill(connection, _register_rows.Rows(count, clock.today().replace(day=1), TOLD))
    connection.execute("COMMIT")
    _verify(connection, count)
    connection.close()
    working.rename(path)


def _fill(connection, rows):
    for table, (columns, values) in rows.people().items():
        _insert(connection, table, columns, values)
    kept = [(hashlib.sha256(der).hexdigest(), der, len(der), False) for der in rows.mould.contents]
    _insert(connection, "content", ("sha256", "bytes", "size", "is_encrypted"), kept)
    made = rows.certificates()
    while batch := list(islice(made, BATCH)):
        _insert(connection, "content", ("sha256", "bytes", "size", "is_encrypted"), [content for content, _ in batch])
        _insert(connection, "certificate", rows.CERTIFICATE, [certificate for _, certificate in batch])
    _insert(connection, "application", rows.APPLICATION, rows.applications)
    _insert(connection, "revocation", rows.REVOCATION, rows.revocations)
    _insert(connection, "number_series", ("year", "last"), rows.numbers.items())
    _tell(connection, rows)


def _tell(connection, rows):
    """The chain of all events in the order of time, and its head."""
    columns = ("seq", "at", "person_id", "act", "object", "object_id", "facts", "address", "previous_hash", "hash")
    state = {"seq": 0, "hash": ""}

    def chained():
        for at, act, application, person in sorted(rows.events):
            state["seq"], previous = state["seq"] + 1, state["hash"]
            state["hash"] = _event_hash(state["seq"], at, person, act, application, previous)
            facts = json.dumps(_register_rows.FACTS.get(act, {}), ensure_ascii=False, sort_keys=True)
            yield state["seq"], at, person, act, "application", application, facts, "", previous, state["hash"]

    _insert(connection, "event", columns, chained())
    connection.execute("UPDATE chain_head SET seq = :seq, hash = :hash", state)


def _event_hash(seq, at, person, act, application, previous):
    """As webapp/register/events.py says: canonical JSON of all that an event holds."""
    value = {
        "act": act,
        "address": "",
        "at": at,
        "facts": _register_rows.FACTS.get(act, {}),
        "object": "application",
        "object_id": application,
        "particulars_sha256": None,
        "person_id": person,
        "previous_hash": previous,
        "seq": seq,
    }
    return hashlib.sha256(
        json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    ).hexdigest()


def _insert(connection, table, columns, rows):
    marks = ", ".join("?" * len(columns))
    connection.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)


def _verify(connection, count):
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    assert connection.execute("SELECT COUNT(*) FROM certificate").fetchone() == (count,)


def _bring_up_to_date(settings):
    """The later migrations, the demo's institution and people, and for 佐藤 the certificates of somebody else."""
    content.unlock(settings.content_key_file)
    register.bind(settings.database)
    register.migrate()
    with database.connection_context():
        demo.furnish()
        sato = Person.get(Person.name.startswith("佐藤"))
        department = PersonDepartment.get(PersonDepartment.person == sato).department_id
        mine = f"subscriber_id = {sato.id}, department_id = {department}"
        with database.atomic():
            database.execute_sql(f"UPDATE certificate SET {mine} WHERE subscriber_id = {SATO}")
            database.execute_sql(
                f"UPDATE application SET applicant_id = {sato.id}, {mine} WHERE subscriber_id = {SATO} "
                "AND stage NOT IN ('in_use', 'confirmed')"
            )


def main():
    for count in sys.argv[1:]:
        print(made(int(count)))


if __name__ == "__main__":
    main()
