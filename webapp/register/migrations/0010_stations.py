"""Signing stations: which device belongs to whom, how it came to be paired, and what is asked of it."""

from webapp.register.dialect import in_dialect, never_changes

TABLES = """
CREATE TABLE station (
  id {id}, person_id {ref} NOT NULL REFERENCES person(id), owner TEXT NOT NULL, device_key TEXT NOT NULL,
  host TEXT NOT NULL, os_user TEXT NOT NULL, version TEXT NOT NULL,
  paired_at {instant} NOT NULL, seen_at {instant} NOT NULL, address TEXT NOT NULL,
  revoked_at {instant}, revoked_by_id {ref} REFERENCES person(id),
  CONSTRAINT revoked_by_somebody CHECK ((revoked_at IS NULL) = (revoked_by_id IS NULL))
);
CREATE UNIQUE INDEX station_device ON station(device_key) WHERE revoked_at IS NULL;
CREATE INDEX station_person ON station(person_id);
CREATE TABLE pairing (
  id {id}, device_key TEXT NOT NULL, host TEXT NOT NULL, os_user TEXT NOT NULL, version TEXT NOT NULL,
  address TEXT NOT NULL, user_code_hash TEXT NOT NULL, number_hash TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('pending', 'paired', 'denied')),
  begun_at {instant} NOT NULL, expires_at {instant} NOT NULL, polled_at {instant},
  person_id {ref} REFERENCES person(id), station_id {ref} REFERENCES station(id),
  CONSTRAINT ends_soon CHECK (expires_at > begun_at AND expires_at <= begun_at + 600000000),
  CONSTRAINT pending_until_somebody_decides CHECK (state = 'pending' OR person_id IS NOT NULL),
  CONSTRAINT paired_has_station CHECK ((state = 'paired') = (station_id IS NOT NULL))
);
CREATE INDEX pairing_code ON pairing(user_code_hash);
CREATE INDEX pairing_begun ON pairing(begun_at);
CREATE TABLE pairing_miss (
  id {id}, person_id {ref} NOT NULL REFERENCES person(id), at {instant} NOT NULL
);
CREATE INDEX pairing_miss_person ON pairing_miss(person_id, at);
CREATE TABLE station_nonce (
  id {id}, station_id {ref} NOT NULL REFERENCES station(id), nonce TEXT NOT NULL, at {instant} NOT NULL,
  CONSTRAINT accepted_once UNIQUE (station_id, nonce)
);
CREATE INDEX station_nonce_at ON station_nonce(at);
CREATE TABLE station_job (
  id {id}, handle TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL CHECK (kind IN ('seal_pdf', 'make_key', 'install', 'sign_mail', 'sign_in')),
  state TEXT NOT NULL CHECK (state IN
    ('prepared', 'offered', 'claimed', 'returned', 'done', 'rejected', 'expired', 'cancelled', 'failed')),
  person_id {ref} REFERENCES person(id), application_id {ref} REFERENCES application(id), version INTEGER NOT NULL,
  title TEXT NOT NULL, payload TEXT NOT NULL, document_sha256 TEXT REFERENCES content(sha256),
  asked_at {instant} NOT NULL, expires_at {instant} NOT NULL, address TEXT NOT NULL, session_sha256 TEXT NOT NULL,
  code_hash TEXT NOT NULL, misses INTEGER NOT NULL CHECK (misses BETWEEN 0 AND 3),
  station_id {ref} REFERENCES station(id), nonce TEXT, claimed_at {instant}, ended_at {instant},
  sentence TEXT NOT NULL, told TEXT, spent_at {instant},
  CONSTRAINT ends_soon CHECK (expires_at > asked_at AND expires_at <= asked_at + 600000000),
  CONSTRAINT about_an_application CHECK ((kind = 'sign_in') = (application_id IS NULL)),
  CONSTRAINT asked_by_somebody CHECK (kind = 'sign_in' OR person_id IS NOT NULL),
  CONSTRAINT opened_by_a_station CHECK
    (state NOT IN ('claimed', 'returned', 'done', 'rejected') OR (station_id IS NOT NULL AND nonce IS NOT NULL)),
  CONSTRAINT only_a_sign_in_is_spent CHECK (spent_at IS NULL OR (kind = 'sign_in' AND state = 'done'))
);
CREATE INDEX station_job_open ON station_job(person_id, id) WHERE state IN ('prepared', 'offered', 'claimed', 'returned');
CREATE INDEX station_job_due ON station_job(expires_at) WHERE state IN ('prepared', 'offered', 'claimed', 'returned');
CREATE INDEX station_job_application ON station_job(application_id);
CREATE INDEX station_job_session ON station_job(session_sha256) WHERE kind = 'sign_in';
CREATE INDEX station_job_address ON station_job(address, asked_at) WHERE kind = 'sign_in'
"""


def up(migrator, db):
    for statement in in_dialect(db, TABLES):
        db.execute_sql(statement)
    for statement in (*never_changes(db, "station", "device_key"), *never_changes(db, "station_job", "payload")):
        db.execute_sql(statement)
