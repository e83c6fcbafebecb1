"""The CA's own blank forms, their versions, where the values go, and trial prints; which one an application was written
on, and a PDF that a person saved from Excel for it."""

from webapp.register.dialect import in_dialect, never_changes, requires_role

TABLES = """
CREATE TABLE form_template (
  id {id}, kind TEXT NOT NULL CHECK (kind IN ('issue', 'revoke')), version INTEGER NOT NULL CHECK (version > 0),
  name TEXT NOT NULL CHECK (name <> ''), source TEXT NOT NULL, handed_out_on DATE,
  sha256 TEXT NOT NULL REFERENCES content(sha256), size INTEGER NOT NULL, file_name TEXT NOT NULL,
  reading TEXT NOT NULL, places TEXT NOT NULL, seal TEXT,
  state TEXT NOT NULL CHECK (state IN ('draft', 'in_force', 'retired')),
  added_by_id {ref} NOT NULL REFERENCES person(id), added_at {instant} NOT NULL,
  changed_at {instant} NOT NULL, in_force_by_id {ref} REFERENCES person(id), in_force_at {instant}, retired_at {instant},
  UNIQUE (kind, version),
  CONSTRAINT in_force_by_somebody CHECK (state <> 'in_force' OR (in_force_by_id IS NOT NULL AND in_force_at IS NOT NULL))
);
CREATE UNIQUE INDEX form_template_in_force ON form_template(kind) WHERE state = 'in_force';
CREATE TABLE form_trial (
  id {id}, template_id {ref} NOT NULL REFERENCES form_template(id), asked_at {instant} NOT NULL, made_at {instant},
  trouble TEXT NOT NULL, shown TEXT, missing TEXT, seal TEXT,
  xlsx_sha256 TEXT REFERENCES content(sha256), pdf_sha256 TEXT REFERENCES content(sha256)
);
CREATE INDEX form_trial_template ON form_trial(template_id, id);
CREATE TABLE form_trial_page (
  id {id}, trial_id {ref} NOT NULL REFERENCES form_trial(id), page INTEGER NOT NULL,
  sha256 TEXT NOT NULL REFERENCES content(sha256), UNIQUE (trial_id, page)
);
ALTER TABLE application_form ADD COLUMN template_id {ref} REFERENCES form_template(id);
ALTER TABLE application_form ADD COLUMN printed_sha256 TEXT REFERENCES content(sha256)
"""


def up(migrator, db):
    for statement in in_dialect(db, TABLES):
        db.execute_sql(statement)
    for statement in (
        *requires_role(db, "form_template", "in_force_by_id", "officer"),
        *never_changes(db, "form_template", "sha256"),
    ):
        db.execute_sql(statement)
