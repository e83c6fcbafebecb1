"""Applications that came by mail from people without an account (seed 1-1-2, 1-3-1), and their files as received."""

from webapp.register.dialect import in_dialect, never_changes

TABLES = """
CREATE TABLE arrival (
  id {id}, fingerprint TEXT NOT NULL UNIQUE, person_id {ref} NOT NULL REFERENCES person(id), came_at {instant} NOT NULL,
  sender TEXT NOT NULL, sender_name TEXT NOT NULL, subject TEXT NOT NULL, sent_at {instant},
  notes TEXT NOT NULL, faults TEXT NOT NULL, signature TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('issue', 'revoke', 'unknown')), lists_documents BOOLEAN NOT NULL,
  entries TEXT NOT NULL, zip_password {blob},
  state TEXT NOT NULL CHECK (state IN ('read', 'registered', 'dismissed')), reason TEXT NOT NULL,
  settled_at {instant}, settled_by_id {ref} REFERENCES person(id),
  application_id {ref} UNIQUE REFERENCES application(id),
  CONSTRAINT arrival_settled_by_somebody
    CHECK (state = 'read' OR (settled_at IS NOT NULL AND settled_by_id IS NOT NULL)),
  CONSTRAINT arrival_made_an_application CHECK ((state = 'registered') = (application_id IS NOT NULL))
);
CREATE INDEX arrival_state ON arrival(state, id);
CREATE TABLE arrival_file (
  id {id}, arrival_id {ref} NOT NULL REFERENCES arrival(id), name TEXT NOT NULL, size INTEGER NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('form', 'csr', 'mail', 'other')),
  sha256 TEXT NOT NULL REFERENCES content(sha256)
);
CREATE INDEX arrival_file_arrival ON arrival_file(arrival_id, id)
"""


def up(migrator, db):
    for statement in in_dialect(db, TABLES):
        db.execute_sql(statement)
    for table, column in (("arrival", "fingerprint"), ("arrival_file", "sha256")):
        for statement in never_changes(db, table, column):
            db.execute_sql(statement)
