"""The token ledger and the evidence of key protection: tokens, who was handed which, how the key of an application is
kept; files kept for an application, and CAs trusted for attestations. SQLite cannot alter a constraint, so there two
tables are made anew around their rows."""

from webapp.register.dialect import forbids, in_dialect, is_postgresql, made_anew, never_changes, requires_role

USES = "'seal', 'certificate', 'attestation'"
ONE_CASE = """(CASE WHEN notification_id IS NULL THEN 0 ELSE 1 END) + (CASE WHEN gate_record_id IS NULL THEN 0 ELSE 1 END)
    + (CASE WHEN application_id IS NULL THEN 0 ELSE 1 END) = 1"""

TRUST_ANCHOR = f"""
CREATE TABLE trust_anchor (
  id {{id}}, use TEXT NOT NULL CHECK (use IN ({USES})), name TEXT NOT NULL, der {{blob}} NOT NULL,
  is_root BOOLEAN NOT NULL, since_on DATE NOT NULL, until_on DATE
)
"""

EVIDENCE = f"""
CREATE TABLE evidence (
  id {{id}}, notification_id {{ref}} REFERENCES notification(id), gate_record_id {{ref}} REFERENCES gate_record(id),
  name TEXT NOT NULL, media_type TEXT NOT NULL, size INTEGER NOT NULL, sha256 TEXT NOT NULL REFERENCES content(sha256),
  at {{instant}} NOT NULL, person_id {{ref}} NOT NULL REFERENCES person(id),
  application_id {{ref}} REFERENCES application(id), CONSTRAINT one_case CHECK ({ONE_CASE})
)
"""

POSTGRESQL = f"""
ALTER TABLE trust_anchor DROP CONSTRAINT trust_anchor_use_check,
  ADD CONSTRAINT trust_anchor_use_check CHECK (use IN ({USES}));
ALTER TABLE evidence ADD application_id BIGINT REFERENCES application(id), DROP CONSTRAINT one_case,
  ADD CONSTRAINT one_case CHECK ({ONE_CASE})
"""

TABLES = """
CREATE TABLE token (
  id {id}, label TEXT NOT NULL CHECK (label <> ''), kind TEXT NOT NULL CHECK (kind IN ('card', 'usb', 'hsm', 'soft')),
  manufacturer TEXT NOT NULL, model TEXT NOT NULL, serial TEXT NOT NULL, firmware TEXT NOT NULL,
  scheme TEXT NOT NULL CHECK (scheme IN ('FIPS140-2', 'FIPS140-3', 'CC', 'none')),
  level TEXT NOT NULL, number TEXT NOT NULL, status_on DATE,
  holder_id {ref} REFERENCES person(id), place TEXT NOT NULL,
  entered_at {instant} NOT NULL, entered_by_id {ref} NOT NULL REFERENCES person(id),
  lost_on DATE, lost_at {instant}, lost_by_id {ref} REFERENCES person(id),
  disposed_on DATE, disposal TEXT NOT NULL, witness TEXT NOT NULL,
  CONSTRAINT certified_has_proof CHECK
    (CASE WHEN scheme = 'none' THEN level = '' AND number = '' AND status_on IS NULL
     ELSE level <> '' AND number <> '' AND status_on IS NOT NULL END),
  CONSTRAINT software_is_not_certified CHECK (kind <> 'soft' OR scheme = 'none'),
  CONSTRAINT lost_by_somebody CHECK ((lost_on IS NULL) = (lost_at IS NULL) AND (lost_on IS NULL) = (lost_by_id IS NULL)),
  CONSTRAINT disposal_is_told CHECK ((disposed_on IS NULL) = (disposal = '') AND (disposed_on IS NULL) = (witness = ''))
);
CREATE UNIQUE INDEX token_one_serial ON token(serial) WHERE serial <> '' AND disposed_on IS NULL;
CREATE INDEX token_serial ON token(serial);
CREATE INDEX token_holder ON token(holder_id, id);
CREATE INDEX token_status ON token(status_on) WHERE disposed_on IS NULL AND lost_on IS NULL;
CREATE TABLE token_handover (
  id {id}, token_id {ref} NOT NULL REFERENCES token(id), giver_id {ref} REFERENCES person(id),
  receiver_id {ref} NOT NULL REFERENCES person(id), on_day DATE NOT NULL, note TEXT NOT NULL,
  entered_at {instant} NOT NULL, entered_by_id {ref} NOT NULL REFERENCES person(id),
  confirmed_at {instant}, withdrawn_at {instant},
  CONSTRAINT to_another CHECK (giver_id IS NULL OR giver_id <> receiver_id),
  CONSTRAINT confirmed_or_withdrawn CHECK (confirmed_at IS NULL OR withdrawn_at IS NULL)
);
CREATE INDEX token_handover_token ON token_handover(token_id, id);
CREATE INDEX token_handover_waiting ON token_handover(receiver_id) WHERE confirmed_at IS NULL AND withdrawn_at IS NULL;
CREATE UNIQUE INDEX token_handover_one_open ON token_handover(token_id)
  WHERE confirmed_at IS NULL AND withdrawn_at IS NULL;
CREATE TABLE key_protection (
  id {id}, application_id {ref} NOT NULL REFERENCES application(id),
  method INTEGER NOT NULL CHECK (method BETWEEN 1 AND 7), token_id {ref} REFERENCES token(id), words TEXT NOT NULL,
  witness TEXT NOT NULL, shown_on DATE NOT NULL, evidence_id {ref} REFERENCES evidence(id), attestation TEXT,
  noted_at {instant} NOT NULL, noted_by_id {ref} NOT NULL REFERENCES person(id),
  CONSTRAINT token_or_words CHECK (token_id IS NOT NULL OR words <> ''),
  CONSTRAINT attestation_has_file CHECK (attestation IS NULL OR (method = 2 AND evidence_id IS NOT NULL))
);
CREATE INDEX key_protection_application ON key_protection(application_id, id);
CREATE INDEX key_protection_token ON key_protection(token_id);
CREATE INDEX evidence_application ON evidence(application_id) WHERE application_id IS NOT NULL;
CREATE INDEX key_pair_token ON key_pair(token_serial);
CREATE INDEX key_pair_spki ON key_pair(spki_sha256);
CREATE INDEX certificate_key_pair ON certificate(key_pair_id) WHERE key_pair_id IS NOT NULL;
CREATE INDEX challenge_token ON challenge(token_serial) WHERE token_serial IS NOT NULL
"""


def up(migrator, db):
    for statement in (*_altered(db), *in_dialect(db, TABLES), *_guards(db)):
        db.execute_sql(statement)


def _altered(db):
    if is_postgresql(db):
        return in_dialect(db, POSTGRESQL)
    anew = [*made_anew(db, "trust_anchor", TRUST_ANCHOR), *made_anew(db, "evidence", EVIDENCE)]
    return [*anew, *forbids(db, "evidence", "UPDATE", "DELETE")]


def _guards(db):
    """Officers keep the ledger; what was handed to whom and how a key is kept stays as it was written."""
    yield from requires_role(db, "token", "entered_by_id", "officer")
    yield from never_changes(db, "token_handover", "receiver_id")
    yield from forbids(db, "key_protection", "UPDATE", "DELETE")
