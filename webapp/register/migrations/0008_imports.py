"""Certificates issued before: a file as it came, what each of its rows would do, and what became of it."""

from webapp.register.dialect import in_dialect

TABLES = """
CREATE TABLE import_batch (
  id {id}, name TEXT NOT NULL, kind TEXT NOT NULL CHECK (kind IN ('files', 'list')), size INTEGER NOT NULL,
  sha256 TEXT NOT NULL REFERENCES content(sha256), received_at {instant} NOT NULL,
  person_id {ref} NOT NULL REFERENCES person(id),
  state TEXT NOT NULL CHECK (state IN ('read', 'importing', 'imported', 'dropped', 'taken_back')),
  notes TEXT NOT NULL, imported_at {instant}, ended_at {instant}
);
CREATE TABLE import_row (
  id {id}, batch_id {ref} NOT NULL REFERENCES import_batch(id), line INTEGER NOT NULL,
  verdict TEXT NOT NULL CHECK (verdict IN ('new', 'same', 'kept', 'wrong')), sentence TEXT NOT NULL,
  "values" TEXT NOT NULL, is_done BOOLEAN NOT NULL, certificate_id {ref} REFERENCES certificate(id),
  CONSTRAINT only_new_ones_are_registered CHECK (certificate_id IS NULL OR verdict = 'new'), UNIQUE (batch_id, line)
);
CREATE INDEX import_row_verdict ON import_row(batch_id, verdict, id);
CREATE INDEX import_row_waiting ON import_row(batch_id, id) WHERE NOT is_done;
CREATE UNIQUE INDEX import_row_certificate ON import_row(certificate_id) WHERE certificate_id IS NOT NULL
"""


def up(migrator, db):
    for statement in in_dialect(db, TABLES):
        db.execute_sql(statement)
