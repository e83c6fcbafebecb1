"""What somebody is to be reminded of, the one digest of a day, the heartbeat of the daily run, calendars to subscribe to."""

from webapp.register.dialect import in_dialect

TABLES = """
CREATE TABLE watch (
  id {id}, day DATE NOT NULL UNIQUE, began_at {instant} NOT NULL, lease_until {instant} NOT NULL, ended_at {instant},
  reminders INTEGER NOT NULL DEFAULT 0, letters INTEGER NOT NULL DEFAULT 0, untold INTEGER NOT NULL DEFAULT 0,
  failed TEXT NOT NULL DEFAULT ''
);
CREATE TABLE digest (
  id {id}, person_id {ref} NOT NULL REFERENCES person(id), day DATE NOT NULL,
  letter_id {ref} UNIQUE REFERENCES letter(id), refused_at {instant}, UNIQUE (person_id, day)
);
CREATE TABLE told (
  id {id}, person_id {ref} NOT NULL REFERENCES person(id), key TEXT NOT NULL,
  responsible_id {ref} REFERENCES person(id), due_on DATE NOT NULL, sentence TEXT NOT NULL, brief TEXT NOT NULL,
  note TEXT NOT NULL, path TEXT NOT NULL, digest_id {ref} REFERENCES digest(id), UNIQUE (key, person_id)
);
CREATE INDEX told_waiting ON told(person_id, due_on, id) WHERE digest_id IS NULL;
CREATE INDEX told_digest ON told(digest_id) WHERE digest_id IS NOT NULL;
CREATE TABLE calendar_feed (
  id {id}, person_id {ref} NOT NULL REFERENCES person(id), secret_sha256 TEXT NOT NULL UNIQUE,
  opened_at {instant} NOT NULL, closed_at {instant}
);
CREATE UNIQUE INDEX calendar_feed_one_open ON calendar_feed(person_id) WHERE closed_at IS NULL;
CREATE INDEX certificate_accepted ON certificate(accepted_at, id) WHERE accepted_at IS NOT NULL
"""


def up(migrator, db):
    for statement in in_dialect(db, TABLES):
        db.execute_sql(statement)
