"""The institution's own certificate for signing mails to the desk, by a key on its token: for an address of an office, never a
person's."""

from webapp.register.dialect import in_dialect, never_changes

TABLES = """
CREATE TABLE office_certificate (
  id {id}, sha256 TEXT NOT NULL REFERENCES content(sha256), mail TEXT NOT NULL CHECK (mail <> '' AND mail = lower(mail)),
  since_on DATE NOT NULL, until_on DATE
);
CREATE UNIQUE INDEX office_certificate_one_open ON office_certificate((0)) WHERE until_on IS NULL
"""


def up(migrator, db):
    for statement in in_dialect(db, TABLES):
        db.execute_sql(statement)
    for statement in never_changes(db, "office_certificate", "sha256"):
        db.execute_sql(statement)
