"""Whom the institution tells when a key is compromised: its CSIRT, its CISO, and whoever else stands on the sheet."""

from webapp.register.dialect import in_dialect

TABLES = """
CREATE TABLE emergency_contact (
  id {id}, office TEXT NOT NULL, name TEXT NOT NULL, mail TEXT NOT NULL, phone TEXT NOT NULL,
  since_on DATE NOT NULL, until_on DATE,
  CONSTRAINT reachable CHECK (mail <> '' OR phone <> '')
)
"""


def up(migrator, db):
    for statement in in_dialect(db, TABLES):
        db.execute_sql(statement)
