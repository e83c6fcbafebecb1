"""Warnings that an officer has accepted, with the reason; and what somebody is to the institution whose 実在性 was
confirmed (ACT-01). Nobody accepts a warning about their own application, and nobody an error."""

from webapp.register.dialect import forbids, in_dialect, is_postgresql, requires_role

TABLES = """
CREATE TABLE warning_acceptance (
  id {id}, application_id {ref} NOT NULL REFERENCES application(id), version INTEGER NOT NULL CHECK (version > 0),
  rule TEXT NOT NULL CHECK (rule <> ''), severity TEXT NOT NULL CHECK (severity = 'warning'),
  fingerprint TEXT NOT NULL CHECK (length(fingerprint) = 64), sentence TEXT NOT NULL CHECK (sentence <> ''),
  reason TEXT NOT NULL CHECK (reason <> ''), accepted_at {instant} NOT NULL,
  accepted_by_id {ref} NOT NULL REFERENCES person(id),
  CONSTRAINT one_acceptance_each UNIQUE (application_id, version, fingerprint)
);
ALTER TABLE identity_check ADD COLUMN standing TEXT NOT NULL DEFAULT ''
  CHECK (standing IN ('', 'full_time', 'contractor', 'neither'))
"""
OWN = (
    "EXISTS (SELECT 1 FROM application WHERE id = NEW.application_id "
    "AND NEW.accepted_by_id IN (applicant_id, subscriber_id))"
)
SENTENCE = "nobody accepts a warning about an application of their own"


def up(migrator, db):
    for statement in in_dialect(db, TABLES):
        db.execute_sql(statement)
    for statement in (
        *requires_role(db, "warning_acceptance", "accepted_by_id", "officer"),
        *forbids(db, "warning_acceptance", "UPDATE", "DELETE"),
        *_accepted_by_another(db),
    ):
        db.execute_sql(statement)


def _accepted_by_another(db):
    if is_postgresql(db):
        return (
            f"CREATE FUNCTION warning_is_anothers() RETURNS trigger AS $$ BEGIN IF {OWN} THEN "
            f"RAISE EXCEPTION '{SENTENCE}' USING ERRCODE = 'integrity_constraint_violation'; END IF; "
            "RETURN NEW; END $$ LANGUAGE plpgsql",
            "CREATE TRIGGER warning_is_anothers BEFORE INSERT ON warning_acceptance "
            "FOR EACH ROW EXECUTE FUNCTION warning_is_anothers()",
        )
    return (
        f"CREATE TRIGGER warning_is_anothers BEFORE INSERT ON warning_acceptance WHEN {OWN} "
        f"BEGIN SELECT RAISE(ABORT, '{SENTENCE}'); END",
    )
