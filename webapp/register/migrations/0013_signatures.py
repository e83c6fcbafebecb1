"""署名簿: what was signed with a certificate, when, and whether a time stamp proves it."""

from webapp.register.dialect import in_dialect, never_changes

TABLES = """
CREATE TABLE signature_record (
  id {id}, certificate_id {ref} NOT NULL REFERENCES certificate(id),
  name TEXT NOT NULL, release TEXT NOT NULL,
  sha256 TEXT NOT NULL CHECK (length(sha256) = 64), sha256_before TEXT NOT NULL,
  signed_at {instant} NOT NULL, tool TEXT NOT NULL,
  source TEXT NOT NULL CHECK (source IN ('record', 'program', 'typed')),
  stamp TEXT NOT NULL CHECK (stamp IN ('verified', 'broken', 'none', 'unknown')),
  timestamped_at {instant}, authority TEXT NOT NULL, fault TEXT NOT NULL,
  warning TEXT NOT NULL CHECK (warning IN ('', 'expired', 'revoked', 'blocked', 'not_accepted')),
  person_id {ref} NOT NULL REFERENCES person(id), registered_at {instant} NOT NULL,
  CONSTRAINT verified_has_its_time CHECK (stamp <> 'verified' OR timestamped_at IS NOT NULL),
  CONSTRAINT once_for_each_file UNIQUE (certificate_id, sha256)
);
CREATE INDEX signature_record_signed ON signature_record(certificate_id, signed_at, id);
CREATE INDEX signature_record_proven ON signature_record(certificate_id, timestamped_at) WHERE stamp = 'verified'
"""


def up(migrator, db):
    for statement in in_dialect(db, TABLES):
        db.execute_sql(statement)
    for statement in never_changes(db, "signature_record", "sha256"):
        db.execute_sql(statement)
