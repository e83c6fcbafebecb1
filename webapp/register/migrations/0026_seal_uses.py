"""公印・電子署名使用簿: one row for every sealed paper, entered by the database itself, that never leaves."""

from webapp.register.dialect import follows, in_dialect, never_changes

TABLES = """
CREATE TABLE seal_use (
  id {id}, paper_id {ref} NOT NULL UNIQUE REFERENCES paper(id), application_id {ref} NOT NULL REFERENCES application(id),
  at {instant} NOT NULL, kind TEXT NOT NULL CHECK (kind IN ('sealed_pdf', 'scan')),
  sealer_id {ref} REFERENCES person(id), keeper_id {ref} REFERENCES person(id), approval TEXT NOT NULL DEFAULT ''
);
CREATE INDEX seal_use_at ON seal_use(at, id);
CREATE INDEX seal_use_sealer ON seal_use(sealer_id, at, id);
CREATE INDEX seal_use_kind ON seal_use(kind, at, id);
CREATE INDEX seal_use_application ON seal_use(application_id)
"""
COLUMNS = "INSERT INTO seal_use (paper_id, application_id, at, kind, sealer_id, keeper_id)"
# While the row is written the application names its sealer; a stamp has an attester, a key is kept by its own person.
ENTER = f"""{COLUMNS} SELECT NEW.id, NEW.application_id, NEW.at, NEW.kind, sealer_id,
 CASE NEW.kind WHEN 'scan' THEN COALESCE(attester_id, NEW.person_id) ELSE sealer_id END
 FROM application WHERE id = NEW.application_id"""
# Of what was sealed before, an application that came back has forgotten its sealer: its head was the one asked.
BEFORE = f"""{COLUMNS} SELECT paper.id, application.id, paper.at, paper.kind, COALESCE(sealer_id, head_id),
 CASE paper.kind WHEN 'scan' THEN paper.person_id ELSE COALESCE(sealer_id, head_id) END
 FROM paper JOIN application ON application.id = paper.application_id
 WHERE paper.kind IN ('sealed_pdf', 'scan') ORDER BY paper.id"""
KEPT = ("paper_id", "application_id", "at", "kind", "sealer_id", "keeper_id")


def up(migrator, db):
    for statement in in_dialect(db, TABLES):
        db.execute_sql(statement)
    db.execute_sql(BEFORE)
    for statement in follows(db, "seal_use_entered", "paper", "INSERT", ENTER, "NEW.kind IN ('sealed_pdf', 'scan')"):
        db.execute_sql(statement)
    for column in KEPT:
        for statement in never_changes(db, "seal_use", column):
            db.execute_sql(statement)
