"""失効, 更新 and certificates that stay: revocations with their own stages, certificates that know who is responsible
now, absences. SQLite cannot alter a constraint, so there two tables are made anew around their rows."""

from webapp.register.dialect import in_dialect, is_postgresql, made_anew, requires_role

STAGES = ("draft", "submitted", "examined", "sealed", "sent", "completed", "confirmed", "withdrawn", "refused")

# An emergency may be done by one officer alone and is then reviewed by another person (事後確認).
EXAMINED = (
    """is_emergency OR (examiner_id <> applicant_id AND (subscriber_id IS NULL OR examiner_id <> subscriber_id))"""
)
ATTESTED = (
    """is_emergency OR (attester_id <> applicant_id AND (subscriber_id IS NULL OR attester_id <> subscriber_id))"""
)
REVIEWED = """reviewer_id IS NULL OR (is_emergency AND reviewer_id <> applicant_id
    AND (examiner_id IS NULL OR reviewer_id <> examiner_id) AND (sealer_id IS NULL OR reviewer_id <> sealer_id)
    AND (attester_id IS NULL OR reviewer_id <> attester_id))"""
OCCASIONS = "'first', 'other_dn', 'continue', 'other_content', 'reissue', 'revoke'"

APPLICATION = f"""
CREATE TABLE application (
  id {{id}},
  number TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  stage TEXT NOT NULL,
  stage_since_at {{instant}} NOT NULL,
  came_by TEXT NOT NULL,
  version INTEGER NOT NULL,
  occasion TEXT NOT NULL DEFAULT 'first' CHECK (occasion IN ({OCCASIONS})),
  is_emergency BOOLEAN NOT NULL DEFAULT FALSE,
  title TEXT NOT NULL,
  purpose TEXT NOT NULL,
  created_at {{instant}} NOT NULL,
  department_id {{ref}} NOT NULL REFERENCES department(id),
  applicant_id {{ref}} NOT NULL REFERENCES person(id),
  subscriber_id {{ref}} REFERENCES person(id),
  officer_id {{ref}} REFERENCES person(id),
  head_id {{ref}} REFERENCES person(id),
  examiner_id {{ref}} REFERENCES person(id),
  sealer_id {{ref}} REFERENCES person(id),
  attester_id {{ref}} REFERENCES person(id),
  reviewer_id {{ref}} REFERENCES person(id),
  replaces_id {{ref}} REFERENCES certificate(id),
  target_id {{ref}} REFERENCES certificate(id),
  zip_password {{blob}},
  review_started_on DATE,
  FOREIGN KEY (kind, stage) REFERENCES stage(kind, stage),
  CONSTRAINT examined_by_another CHECK ({EXAMINED}),
  CONSTRAINT attested_by_another CHECK ({ATTESTED}),
  CONSTRAINT reviewed_by_another CHECK ({REVIEWED}),
  CONSTRAINT emergency_is_revocation CHECK (NOT is_emergency OR kind = 'revoke'),
  CONSTRAINT revocation_has_target CHECK ((kind = 'revoke') = (target_id IS NOT NULL)),
  CONSTRAINT examined_has_examiner CHECK (stage IN ('draft', 'submitted', 'withdrawn') OR examiner_id IS NOT NULL),
  CONSTRAINT sealed_has_sealer CHECK (stage IN ('draft', 'submitted', 'examined', 'withdrawn') OR sealer_id IS NOT NULL)
)
"""

CERTIFICATE = """
CREATE TABLE certificate (
  id {id}, application_id {ref} REFERENCES application(id), sha256 TEXT UNIQUE REFERENCES content(sha256),
  chain TEXT NOT NULL, spki_sha256 TEXT, issuer_sha256 TEXT NOT NULL, serial TEXT NOT NULL, subject TEXT NOT NULL,
  issuer TEXT NOT NULL, not_before {instant} NOT NULL, not_after {instant} NOT NULL, key_pair_id {ref} REFERENCES key_pair(id),
  received_at {instant} NOT NULL, findings TEXT NOT NULL,
  origin TEXT NOT NULL DEFAULT 'delivered' CHECK (origin IN ('delivered', 'imported')),
  title TEXT NOT NULL DEFAULT '', purpose TEXT NOT NULL DEFAULT '',
  department_id {ref} REFERENCES department(id), subscriber_id {ref} REFERENCES person(id),
  accepted_at {instant}, revoking_id {ref} REFERENCES application(id), blocked_at {instant},
  revoked_at {instant}, revocation_reason INTEGER CHECK (revocation_reason BETWEEN 0 AND 10),
  CONSTRAINT serial_is_hex CHECK (serial = lower(serial)),
  CONSTRAINT delivered_has_all CHECK (origin <> 'delivered' OR (application_id IS NOT NULL AND sha256 IS NOT NULL)),
  UNIQUE (issuer_sha256, serial)
)
"""

POSTGRESQL = f"""
ALTER TABLE certificate ALTER COLUMN application_id DROP NOT NULL, ALTER COLUMN sha256 DROP NOT NULL,
  ALTER COLUMN spki_sha256 DROP NOT NULL,
  ADD origin TEXT NOT NULL DEFAULT 'delivered' CHECK (origin IN ('delivered', 'imported')),
  ADD title TEXT NOT NULL DEFAULT '', ADD purpose TEXT NOT NULL DEFAULT '',
  ADD department_id BIGINT REFERENCES department(id), ADD subscriber_id BIGINT REFERENCES person(id),
  ADD accepted_at BIGINT, ADD revoking_id BIGINT REFERENCES application(id), ADD blocked_at BIGINT,
  ADD revoked_at BIGINT, ADD revocation_reason INTEGER CHECK (revocation_reason BETWEEN 0 AND 10),
  ADD CONSTRAINT delivered_has_all CHECK (origin <> 'delivered' OR (application_id IS NOT NULL AND sha256 IS NOT NULL));
DROP TRIGGER application_examiner_id_is_officer ON application;
DROP FUNCTION application_examiner_id_is_officer();
DROP TRIGGER application_attester_id_is_officer ON application;
DROP FUNCTION application_attester_id_is_officer();
DROP TRIGGER application_sealer_id_is_head ON application;
DROP FUNCTION application_sealer_id_is_head();
ALTER TABLE application DROP CONSTRAINT examined_by_another, DROP CONSTRAINT attested_by_another,
  ADD occasion TEXT NOT NULL DEFAULT 'first' CHECK (occasion IN ({OCCASIONS})),
  ADD is_emergency BOOLEAN NOT NULL DEFAULT FALSE,
  ADD reviewer_id BIGINT REFERENCES person(id), ADD target_id BIGINT REFERENCES certificate(id),
  ADD FOREIGN KEY (replaces_id) REFERENCES certificate(id),
  ADD CONSTRAINT examined_by_another CHECK ({EXAMINED}), ADD CONSTRAINT attested_by_another CHECK ({ATTESTED}),
  ADD CONSTRAINT reviewed_by_another CHECK ({REVIEWED}),
  ADD CONSTRAINT emergency_is_revocation CHECK (NOT is_emergency OR kind = 'revoke'),
  ADD CONSTRAINT revocation_has_target CHECK ((kind = 'revoke') = (target_id IS NOT NULL))
"""

TABLES = """
CREATE INDEX application_replaces ON application(replaces_id);
CREATE INDEX application_target ON application(target_id);
CREATE UNIQUE INDEX application_one_revocation ON application(target_id) WHERE stage NOT IN ('withdrawn', 'refused');
CREATE INDEX application_review ON application(id) WHERE is_emergency AND reviewer_id IS NULL;
CREATE INDEX certificate_title ON certificate(title, id);
CREATE INDEX certificate_department ON certificate(department_id, id);
CREATE INDEX certificate_subscriber ON certificate(subscriber_id, id);
CREATE INDEX certificate_unrevoked ON certificate(not_after, id) WHERE revoked_at IS NULL;
CREATE INDEX certificate_revoked ON certificate(revoked_at, id) WHERE revoked_at IS NOT NULL;
CREATE INDEX certificate_revoking ON certificate(revoking_id) WHERE revoking_id IS NOT NULL;
CREATE TABLE revocation (
  id {id}, application_id {ref} NOT NULL UNIQUE REFERENCES application(id),
  reason INTEGER NOT NULL CONSTRAINT reason_is_offered CHECK (reason IN (0, 1, 3, 4, 5)),
  comment TEXT NOT NULL, compromised_at {instant}, noticed_at {instant}, completed_at {instant}, confirmed_by TEXT,
  CONSTRAINT unspecified_has_comment CHECK (reason <> 0 OR comment <> ''),
  CONSTRAINT compromise_has_time CHECK (reason <> 1 OR (compromised_at IS NOT NULL AND noticed_at IS NOT NULL))
);
CREATE TABLE status_answer (
  id {id}, application_id {ref} NOT NULL REFERENCES application(id), kind TEXT NOT NULL CHECK (kind IN ('crl', 'ocsp')),
  url TEXT NOT NULL, asked_at {instant} NOT NULL,
  outcome TEXT NOT NULL CHECK (outcome IN ('revoked', 'good', 'unknown', 'refused', 'unreachable')),
  sentence TEXT NOT NULL, sha256 TEXT REFERENCES content(sha256), this_update {instant}, next_update {instant},
  revoked_at {instant}, reason INTEGER
);
CREATE INDEX status_answer_application ON status_answer(application_id, id);
CREATE TABLE absence (
  id {id}, person_id {ref} NOT NULL REFERENCES person(id), stand_in_id {ref} NOT NULL REFERENCES person(id),
  since_on DATE NOT NULL, until_on DATE NOT NULL, CONSTRAINT ends_later CHECK (until_on >= since_on),
  CONSTRAINT another_person CHECK (stand_in_id <> person_id)
);
CREATE INDEX absence_person ON absence(person_id, until_on);
CREATE INDEX absence_stand_in ON absence(stand_in_id, until_on);
ALTER TABLE issue_form RENAME TO application_form
"""

CARRIED_OVER = (
    "UPDATE certificate SET title = (SELECT title FROM application WHERE id = application_id), "
    "purpose = (SELECT purpose FROM application WHERE id = application_id), "
    "department_id = (SELECT department_id FROM application WHERE id = application_id), "
    "subscriber_id = (SELECT subscriber_id FROM application WHERE id = application_id), "
    "accepted_at = (SELECT stage_since_at FROM application WHERE id = application_id AND stage = 'in_use')",
    "UPDATE application SET occasion = 'other_dn' WHERE replaces_id IS NOT NULL",
)


def up(migrator, db):
    for stage in STAGES:
        db.execute_sql(f"INSERT INTO stage (kind, stage) VALUES ('revoke', '{stage}')")
    for statement in (*_altered(db), *in_dialect(db, TABLES), *CARRIED_OVER, *_roles(db)):
        db.execute_sql(statement)


def _altered(db):
    if is_postgresql(db):
        return in_dialect(db, POSTGRESQL)
    return [*made_anew(db, "certificate", CERTIFICATE), *made_anew(db, "application", APPLICATION)]


def _roles(db):
    """Who may stand in a column: for 失効 the seed lets a 登録担当者 seal as well (1-3-2)."""
    yield from requires_role(db, "application", "examiner_id", "officer")
    yield from requires_role(db, "application", "attester_id", "officer")
    yield from requires_role(db, "application", "reviewer_id", "officer", "head")
    yield from requires_role(db, "application", "sealer_id", "head", only="NEW.kind <> 'revoke'")
    yield from requires_role(db, "application", "sealer_id", "head", "officer", only="NEW.kind = 'revoke'")
    yield from requires_role(db, "absence", "stand_in_id", "officer")
