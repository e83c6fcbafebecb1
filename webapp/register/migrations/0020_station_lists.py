"""まとめて署名: a job for a station about several applications, one row for each, whose result is taken once. SQLite cannot
alter a constraint, so there the table of jobs is made anew around its rows."""

from webapp.register.dialect import in_dialect, is_postgresql, made_anew, never_changes

KINDS = "'seal_pdf', 'make_key', 'install', 'sign_mail', 'sign_in', 'seal_list'"
ONE_CASE = "CHECK ((kind IN ('sign_in', 'seal_list')) = (application_id IS NULL))"

TABLES = """
CREATE TABLE station_job_item (
  id {id}, job_id {ref} NOT NULL REFERENCES station_job(id) ON DELETE CASCADE,
  place INTEGER NOT NULL CHECK (place BETWEEN 0 AND 19),
  application_id {ref} NOT NULL REFERENCES application(id), version INTEGER NOT NULL,
  document_sha256 TEXT NOT NULL REFERENCES content(sha256),
  state TEXT NOT NULL CHECK (state IN ('open', 'returned', 'done', 'failed', 'left')), sentence TEXT NOT NULL,
  CONSTRAINT one_place UNIQUE (job_id, place),
  CONSTRAINT once_in_a_list UNIQUE (job_id, application_id)
);
CREATE INDEX station_job_item_application ON station_job_item(application_id)
"""
POSTGRESQL = f"""
ALTER TABLE station_job DROP CONSTRAINT station_job_kind_check, DROP CONSTRAINT about_an_application,
  ADD CONSTRAINT station_job_kind_check CHECK (kind IN ({KINDS})), ADD CONSTRAINT about_an_application {ONE_CASE}
"""


def up(migrator, db):
    altered = [POSTGRESQL] if is_postgresql(db) else _anew(db)
    for statement in (*altered, *in_dialect(db, TABLES), *never_changes(db, "station_job_item", "document_sha256")):
        db.execute_sql(statement)


def _anew(db):
    asked = "SELECT sql FROM sqlite_master WHERE type = ? AND tbl_name = 'station_job'"
    (definition,) = db.execute_sql(asked, ("table",)).fetchone()
    triggers = [row[0] for row in db.execute_sql(asked, ("trigger",)).fetchall()]
    definition = definition.replace("'seal_pdf', 'make_key', 'install', 'sign_mail', 'sign_in'", KINDS)
    definition = definition.replace("CHECK ((kind = 'sign_in') = (application_id IS NULL))", ONE_CASE)
    return [*made_anew(db, "station_job", definition), *triggers]
