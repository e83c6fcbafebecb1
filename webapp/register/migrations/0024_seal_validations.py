"""The validation report of each signed PDF that came in, taken or refused: written once, and kept beside the file as received."""

from webapp.register.dialect import in_dialect, never_changes

TABLES = """
CREATE TABLE seal_validation (
  id {id}, application_id {ref} NOT NULL REFERENCES application(id), intake_id {ref} NOT NULL UNIQUE REFERENCES intake(id),
  paper_id {ref} UNIQUE REFERENCES paper(id), at {instant} NOT NULL,
  indication TEXT NOT NULL CHECK (indication IN ('TOTAL-PASSED', 'INDETERMINATE', 'TOTAL-FAILED')),
  sub_indication TEXT NOT NULL CHECK ((indication = 'TOTAL-PASSED') = (sub_indication = '')),
  report TEXT NOT NULL,
  CONSTRAINT taken_is_valid CHECK
    (paper_id IS NULL OR indication = 'TOTAL-PASSED' OR (indication = 'INDETERMINATE' AND sub_indication = 'TRY_LATER'))
);
CREATE INDEX seal_validation_of ON seal_validation(application_id)
"""


def up(migrator, db):
    for statement in in_dialect(db, TABLES):
        db.execute_sql(statement)
    for statement in never_changes(db, "seal_validation", "report"):
        db.execute_sql(statement)
