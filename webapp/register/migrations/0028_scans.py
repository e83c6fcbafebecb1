"""A scan of a stamped paper that was read and waits for the officer's 印影確認, and what is shown of it."""

from webapp.register.dialect import in_dialect, never_changes

TABLES = """
CREATE TABLE scan (
  id {id}, application_id {ref} NOT NULL REFERENCES application(id), intake_id {ref} NOT NULL UNIQUE REFERENCES intake(id),
  version INTEGER NOT NULL, sha256 TEXT NOT NULL REFERENCES content(sha256), pages INTEGER NOT NULL CHECK (pages > 0),
  mark_on_page INTEGER CHECK (mark_on_page BETWEEN 1 AND pages)
);
CREATE INDEX scan_application ON scan(application_id, id);
CREATE TABLE scan_picture (
  id {id}, scan_id {ref} NOT NULL REFERENCES scan(id), kind TEXT NOT NULL CHECK (kind IN ('page', 'spot', 'examined_spot')),
  page INTEGER NOT NULL, sha256 TEXT NOT NULL REFERENCES content(sha256), UNIQUE (scan_id, kind, page)
)
"""
KEPT = ("intake_id", "version", "sha256", "mark_on_page")


def up(migrator, db):
    for statement in in_dialect(db, TABLES):
        db.execute_sql(statement)
    for column in KEPT:
        for statement in never_changes(db, "scan", column):
            db.execute_sql(statement)
