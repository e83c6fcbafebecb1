"""Approvals by a second person of one use of somebody's key on the institution's token."""

from webapp.register.dialect import in_dialect, never_changes, requires_role

TABLES = """
CREATE TABLE key_use (
  id {id}, application_id {ref} NOT NULL REFERENCES application(id),
  asked_by_id {ref} NOT NULL REFERENCES person(id), approved_by_id {ref} NOT NULL REFERENCES person(id),
  approved_at {instant} NOT NULL, used_at {instant},
  CONSTRAINT approved_by_another CHECK (asked_by_id <> approved_by_id)
);
CREATE INDEX key_use_application ON key_use(application_id, id);
CREATE UNIQUE INDEX key_use_one_open ON key_use(application_id) WHERE used_at IS NULL
"""


def up(migrator, db):
    for statement in in_dialect(db, TABLES):
        db.execute_sql(statement)
    for statement in (
        *requires_role(db, "key_use", "approved_by_id", "officer"),
        *never_changes(db, "key_use", "approved_by_id"),
    ):
        db.execute_sql(statement)
