"""The desk's own small database: index of the mails, cases, certificates issued. Nothing of the house's register."""

import sqlite3
from contextlib import contextmanager

SCHEMA = """
CREATE TABLE IF NOT EXISTS mail (
  id INTEGER PRIMARY KEY AUTOINCREMENT, sender TEXT NOT NULL, subject TEXT NOT NULL, message_id TEXT NOT NULL,
  received_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS recipient (
  mail_id INTEGER NOT NULL REFERENCES mail(id), address TEXT NOT NULL, PRIMARY KEY (mail_id, address));
CREATE TABLE IF NOT EXISTS cases (
  id INTEGER PRIMARY KEY AUTOINCREMENT, mail_id INTEGER NOT NULL UNIQUE REFERENCES mail(id), kind TEXT NOT NULL,
  number TEXT NOT NULL, state TEXT NOT NULL, findings TEXT NOT NULL DEFAULT '[]', opened_at TEXT NOT NULL,
  called_at TEXT, serial TEXT, answer_id INTEGER REFERENCES mail(id));
CREATE TABLE IF NOT EXISTS certificate (
  serial TEXT PRIMARY KEY, case_id INTEGER, subject TEXT NOT NULL, spki_sha256 TEXT NOT NULL, der BLOB NOT NULL,
  mails TEXT NOT NULL, not_after TEXT NOT NULL, revoked_at TEXT, reason INTEGER);
CREATE TABLE IF NOT EXISTS person_certificate (
  serial TEXT PRIMARY KEY, mail TEXT NOT NULL, purpose TEXT NOT NULL, issued_at TEXT NOT NULL, not_after TEXT NOT NULL,
  revoked_at TEXT);
"""


class Store:
    """Opens the SQLite file at `path`, a connection for each use, so that threads share nothing."""

    def __init__(self, path):
        self.path = path
        with self.open() as db:
            db.execute("PRAGMA journal_mode=wal")
            db.executescript(SCHEMA)

    @contextmanager
    def open(self):
        """A connection in one transaction: committed at the end, rolled back when an exception leaves."""
        db = sqlite3.connect(self.path, timeout=10)
        db.row_factory = sqlite3.Row
        try:
            with db:
                yield db
        finally:
            db.close()

    def one(self, query, *values):
        """The first row of `query`, or None."""
        with self.open() as db:
            return db.execute(query, values).fetchone()

    def all(self, query, *values):
        """All rows of `query`."""
        with self.open() as db:
            return db.execute(query, values).fetchall()

    def write(self, query, *values):
        """Runs one statement; returns the number of changed rows."""
        with self.open() as db:
            return db.execute(query, values).rowcount
