"""The register as it begins. Plain SQL, so that what the database itself guarantees can be read in one place:
stages of the procedure only, four eyes, officers examine, heads seal, events are never changed, a demo stays one."""

from webapp.register.dialect import forbids, in_dialect, never_changes, requires_role

TABLES = """
CREATE TABLE institution (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  environment TEXT NOT NULL CHECK (environment IN ('demo', 'real')),
  org_code TEXT NOT NULL,
  formal_name TEXT NOT NULL,
  postal_code TEXT NOT NULL,
  head_office TEXT NOT NULL,
  switchboard TEXT NOT NULL,
  switchboard_checked_on DATE,
  country TEXT NOT NULL,
  state TEXT NOT NULL,
  locality TEXT NOT NULL,
  organization TEXT NOT NULL,
  common_name TEXT NOT NULL,
  profile TEXT NOT NULL,
  officer_hours TEXT NOT NULL,
  token_label TEXT NOT NULL
);
CREATE TABLE department (id {id}, name TEXT NOT NULL UNIQUE);
CREATE TABLE person (id {id}, name TEXT NOT NULL, phone TEXT NOT NULL);
CREATE TABLE person_mail (
  id {id}, person_id {ref} NOT NULL REFERENCES person(id),
  mail TEXT NOT NULL CHECK (mail = lower(mail)), since_on DATE NOT NULL, until_on DATE
);
CREATE INDEX person_mail_mail ON person_mail(mail);
CREATE INDEX person_mail_person ON person_mail(person_id);
CREATE TABLE person_department (
  id {id}, person_id {ref} NOT NULL REFERENCES person(id), department_id {ref} NOT NULL REFERENCES department(id),
  since_on DATE NOT NULL, until_on DATE
);
CREATE INDEX person_department_person ON person_department(person_id);
CREATE TABLE person_role (
  id {id}, person_id {ref} NOT NULL REFERENCES person(id),
  role TEXT NOT NULL CHECK (role IN ('subscriber', 'officer', 'head', 'auditor', 'administrator')),
  title TEXT NOT NULL, since_on DATE NOT NULL, until_on DATE
);
CREATE INDEX person_role_person ON person_role(person_id, role);
CREATE TABLE account (
  id {id}, person_id {ref} NOT NULL UNIQUE REFERENCES person(id),
  login TEXT NOT NULL UNIQUE, password_hash TEXT NOT NULL, closed_at {instant}
);
CREATE TABLE visit (
  secret_sha256 TEXT PRIMARY KEY, account_id {ref} NOT NULL REFERENCES account(id),
  began_at {instant} NOT NULL, seen_at {instant} NOT NULL, ended_at {instant}, address TEXT NOT NULL
);
CREATE TABLE sign_in_attempt (id {id}, login TEXT NOT NULL, address TEXT NOT NULL, at {instant} NOT NULL);
CREATE INDEX sign_in_attempt_login ON sign_in_attempt(login, at);
CREATE TABLE identity_method (
  id {id}, aspect TEXT NOT NULL CHECK (aspect IN ('identity', 'existence')), name TEXT NOT NULL,
  since_on DATE NOT NULL, until_on DATE
);
CREATE TABLE trust_anchor (
  id {id}, use TEXT NOT NULL CHECK (use IN ('seal', 'certificate')), name TEXT NOT NULL, der {blob} NOT NULL,
  is_root BOOLEAN NOT NULL, since_on DATE NOT NULL, until_on DATE
);
CREATE TABLE content (
  sha256 TEXT PRIMARY KEY, bytes {blob} NOT NULL, size INTEGER NOT NULL, is_encrypted BOOLEAN NOT NULL
);
CREATE TABLE document (
  id {id}, name TEXT NOT NULL, version TEXT NOT NULL, address TEXT NOT NULL,
  sha256 TEXT REFERENCES content(sha256), media_type TEXT NOT NULL, since_on DATE NOT NULL, until_on DATE
);
CREATE TABLE stage (kind TEXT NOT NULL, stage TEXT NOT NULL, PRIMARY KEY (kind, stage));
CREATE TABLE number_series (year INTEGER PRIMARY KEY, last INTEGER NOT NULL);
CREATE TABLE application (
  id {id},
  number TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  stage TEXT NOT NULL,
  stage_since_at {instant} NOT NULL,
  came_by TEXT NOT NULL,
  version INTEGER NOT NULL,
  title TEXT NOT NULL,
  purpose TEXT NOT NULL,
  created_at {instant} NOT NULL,
  department_id {ref} NOT NULL REFERENCES department(id),
  applicant_id {ref} NOT NULL REFERENCES person(id),
  subscriber_id {ref} REFERENCES person(id),
  officer_id {ref} REFERENCES person(id),
  head_id {ref} REFERENCES person(id),
  examiner_id {ref} REFERENCES person(id),
  sealer_id {ref} REFERENCES person(id),
  attester_id {ref} REFERENCES person(id),
  replaces_id {ref},
  zip_password {blob},
  review_started_on DATE,
  FOREIGN KEY (kind, stage) REFERENCES stage(kind, stage),
  CONSTRAINT examined_by_another CHECK (examiner_id <> applicant_id AND (subscriber_id IS NULL OR examiner_id <> subscriber_id)),
  CONSTRAINT attested_by_another CHECK (attester_id <> applicant_id AND (subscriber_id IS NULL OR attester_id <> subscriber_id)),
  CONSTRAINT examined_has_examiner CHECK (stage IN ('draft', 'submitted', 'withdrawn') OR examiner_id IS NOT NULL),
  CONSTRAINT sealed_has_sealer CHECK (stage IN ('draft', 'submitted', 'examined', 'withdrawn') OR sealer_id IS NOT NULL)
);
CREATE INDEX application_stage ON application(stage, stage_since_at, id);
CREATE INDEX application_department ON application(department_id, id);
CREATE INDEX application_applicant ON application(applicant_id, id);
CREATE INDEX application_subscriber ON application(subscriber_id, id);
CREATE TABLE consent (
  id {id}, application_id {ref} NOT NULL REFERENCES application(id), document_id {ref} NOT NULL REFERENCES document(id),
  person_id {ref} NOT NULL REFERENCES person(id), at {instant} NOT NULL, UNIQUE (application_id, document_id)
);
CREATE TABLE identity_check (
  id {id}, application_id {ref} NOT NULL REFERENCES application(id), about_id {ref} NOT NULL REFERENCES person(id),
  aspect TEXT NOT NULL CHECK (aspect IN ('identity', 'existence')),
  result TEXT NOT NULL CHECK (result IN ('confirmed', 'unconfirmed')), method TEXT NOT NULL, checked_on DATE NOT NULL,
  note TEXT NOT NULL, officer_id {ref} NOT NULL REFERENCES person(id), at {instant} NOT NULL,
  CONSTRAINT checked_by_another CHECK (officer_id <> about_id)
);
CREATE INDEX identity_check_application ON identity_check(application_id);
CREATE TABLE inquiry (
  id {id}, application_id {ref} NOT NULL REFERENCES application(id), question TEXT NOT NULL,
  asked_by_id {ref} NOT NULL REFERENCES person(id), asked_at {instant} NOT NULL,
  answer TEXT, answered_by_id {ref} REFERENCES person(id), answered_at {instant}
);
CREATE INDEX inquiry_application ON inquiry(application_id);
CREATE TABLE key_pair (
  id {id}, application_id {ref} NOT NULL REFERENCES application(id), cka_id TEXT NOT NULL UNIQUE, algorithm TEXT NOT NULL,
  label TEXT NOT NULL, planned_at {instant} NOT NULL, made_at {instant}, spki_sha256 TEXT,
  token_label TEXT, token_serial TEXT, token_model TEXT, attributes TEXT
);
CREATE TABLE csr (
  id {id}, application_id {ref} NOT NULL REFERENCES application(id), sha256 TEXT NOT NULL REFERENCES content(sha256),
  spki_sha256 TEXT NOT NULL, subject TEXT NOT NULL, key_pair_id {ref} REFERENCES key_pair(id),
  attached_at {instant} NOT NULL, attached_by_id {ref} NOT NULL REFERENCES person(id), dropped_at {instant}
);
CREATE INDEX csr_spki ON csr(spki_sha256);
CREATE INDEX csr_application ON csr(application_id);
CREATE UNIQUE INDEX csr_one_in_force ON csr(application_id) WHERE dropped_at IS NULL;
CREATE TABLE issue_form (
  id {id}, application_id {ref} NOT NULL REFERENCES application(id), version INTEGER NOT NULL, mark TEXT NOT NULL,
  entries TEXT NOT NULL, written_at {instant} NOT NULL, made_at {instant}, UNIQUE (application_id, version)
);
CREATE TABLE paper (
  id {id}, application_id {ref} NOT NULL REFERENCES application(id), kind TEXT NOT NULL, version INTEGER NOT NULL,
  page INTEGER NOT NULL, name TEXT NOT NULL, media_type TEXT NOT NULL, size INTEGER NOT NULL,
  sha256 TEXT NOT NULL REFERENCES content(sha256), carries_password BOOLEAN NOT NULL, at {instant} NOT NULL,
  person_id {ref} REFERENCES person(id), report TEXT
);
CREATE INDEX paper_application ON paper(application_id, version, kind);
CREATE TABLE intake (
  id {id}, application_id {ref} NOT NULL REFERENCES application(id), purpose TEXT NOT NULL, name TEXT NOT NULL,
  size INTEGER NOT NULL, sha256 TEXT NOT NULL REFERENCES content(sha256), received_at {instant} NOT NULL,
  person_id {ref} NOT NULL REFERENCES person(id),
  state TEXT NOT NULL CHECK (state IN ('received', 'taken', 'refused')), sentence TEXT NOT NULL
);
CREATE INDEX intake_application ON intake(application_id);
CREATE TABLE letter (
  id {id}, application_id {ref} REFERENCES application(id), purpose TEXT NOT NULL CHECK (purpose IN ('notice', 'packet', 'trial')),
  message_id TEXT NOT NULL UNIQUE, recipients TEXT NOT NULL, subject TEXT NOT NULL,
  sha256 TEXT NOT NULL REFERENCES content(sha256), written_at {instant} NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('waiting', 'posting', 'posted', 'unknown', 'refused', 'by_hand', 'cancelled')),
  answer TEXT NOT NULL, posted_at {instant}, version INTEGER
);
CREATE INDEX letter_application ON letter(application_id, id);
CREATE TABLE job (
  id {id}, kind TEXT NOT NULL, subject_id {ref} NOT NULL, state TEXT NOT NULL CHECK (state IN ('due', 'claimed', 'done', 'failed')),
  claimed_by TEXT, lease_until {instant}, attempts INTEGER NOT NULL, next_at {instant} NOT NULL, outcome TEXT NOT NULL
);
CREATE INDEX job_due ON job(state, next_at);
CREATE INDEX job_subject ON job(kind, subject_id);
CREATE TABLE telephone_call (
  id {id}, application_id {ref} NOT NULL REFERENCES application(id), at {instant} NOT NULL,
  outcome TEXT NOT NULL CHECK (outcome IN ('answered', 'call_back', 'missed')), number TEXT NOT NULL, note TEXT NOT NULL,
  person_id {ref} NOT NULL REFERENCES person(id)
);
CREATE INDEX telephone_call_application ON telephone_call(application_id);
CREATE TABLE certificate (
  id {id}, application_id {ref} NOT NULL REFERENCES application(id), sha256 TEXT NOT NULL UNIQUE REFERENCES content(sha256),
  chain TEXT NOT NULL, spki_sha256 TEXT NOT NULL, issuer_sha256 TEXT NOT NULL, serial TEXT NOT NULL, subject TEXT NOT NULL,
  issuer TEXT NOT NULL, not_before {instant} NOT NULL, not_after {instant} NOT NULL, key_pair_id {ref} REFERENCES key_pair(id),
  received_at {instant} NOT NULL, findings TEXT NOT NULL,
  CONSTRAINT serial_is_hex CHECK (serial = lower(serial)),
  UNIQUE (issuer_sha256, serial)
);
CREATE INDEX certificate_spki ON certificate(spki_sha256);
CREATE INDEX certificate_serial ON certificate(serial);
CREATE INDEX certificate_not_after ON certificate(not_after, id);
CREATE INDEX certificate_application ON certificate(application_id);
CREATE TABLE challenge (
  id {id}, certificate_id {ref} NOT NULL REFERENCES certificate(id), nonce TEXT NOT NULL UNIQUE, set_at {instant} NOT NULL,
  met_at {instant}, signature {blob}, mechanism TEXT, token_label TEXT, token_serial TEXT, person_id {ref} REFERENCES person(id)
);
CREATE INDEX challenge_certificate ON challenge(certificate_id);
CREATE TABLE event (
  seq {seq} PRIMARY KEY, at {instant} NOT NULL, person_id {ref} REFERENCES person(id), act TEXT NOT NULL,
  object TEXT NOT NULL, object_id {ref} NOT NULL, facts TEXT NOT NULL, particulars_sha256 TEXT, address TEXT NOT NULL,
  previous_hash TEXT NOT NULL, hash TEXT NOT NULL UNIQUE
);
CREATE INDEX event_object ON event(object, object_id, seq);
CREATE TABLE event_particulars (seq {seq} PRIMARY KEY REFERENCES event(seq), salt TEXT NOT NULL, body TEXT NOT NULL);
CREATE TABLE chain_head (id INTEGER PRIMARY KEY CHECK (id = 1), seq {seq} NOT NULL, hash TEXT NOT NULL);
INSERT INTO chain_head (id, seq, hash) VALUES (1, 0, '');
"""

STAGES = {
    "issue": (
        "draft",
        "submitted",
        "examined",
        "sealed",
        "sent",
        "delivered",
        "installed",
        "in_use",
        "withdrawn",
        "refused",
    )
}


def up(migrator, db):
    for statement in in_dialect(db, TABLES):
        db.execute_sql(statement)
    for kind, stages in STAGES.items():
        for stage in stages:
            db.execute_sql(f"INSERT INTO stage (kind, stage) VALUES ('{kind}', '{stage}')")
    for statement in (*forbids(db, "event", "UPDATE", "DELETE"), *forbids(db, "content", "UPDATE")):
        db.execute_sql(statement)
    for column, role in (("examiner_id", "officer"), ("attester_id", "officer"), ("sealer_id", "head")):
        for statement in requires_role(db, "application", column, role):
            db.execute_sql(statement)
    for statement in never_changes(db, "institution", "environment"):
        db.execute_sql(statement)
