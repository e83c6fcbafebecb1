"""Mails that came from outside, to which application they belong, and how far the shared mailbox has been read."""

from webapp.register.dialect import in_dialect, never_changes

TABLES = """
CREATE TABLE incoming_mail (
  id {id}, application_id {ref} REFERENCES application(id), person_id {ref} REFERENCES person(id),
  sha256 TEXT NOT NULL UNIQUE REFERENCES content(sha256), message_id TEXT NOT NULL, name TEXT NOT NULL,
  size INTEGER NOT NULL, came_at {instant} NOT NULL, sent_at {instant},
  sender TEXT NOT NULL, sender_name TEXT NOT NULL, subject TEXT NOT NULL, text TEXT NOT NULL,
  attachments TEXT NOT NULL, notes TEXT NOT NULL, warnings TEXT NOT NULL, signature TEXT NOT NULL, ties TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('certificate', 'question', 'refusal', 'revoked', 'receipt', 'unknown')),
  why TEXT NOT NULL, is_of_desk BOOLEAN NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('waiting', 'settled', 'dismissed')), outcome TEXT NOT NULL,
  settled_at {instant}, settled_by_id {ref} REFERENCES person(id),
  CONSTRAINT settled_by_somebody CHECK (state = 'waiting' OR (settled_at IS NOT NULL AND settled_by_id IS NOT NULL))
);
CREATE UNIQUE INDEX incoming_mail_once ON incoming_mail(message_id) WHERE message_id <> '';
CREATE INDEX incoming_mail_waiting ON incoming_mail(state, id);
CREATE INDEX incoming_mail_application ON incoming_mail(application_id, id);
CREATE TABLE mailbox (
  id {id}, place TEXT NOT NULL UNIQUE, validity TEXT NOT NULL, last_uid {ref} NOT NULL,
  asked_at {instant}, read_at {instant}, trouble TEXT NOT NULL, advice TEXT NOT NULL, troubled_since {instant}
)
"""


def up(migrator, db):
    for statement in in_dialect(db, TABLES):
        db.execute_sql(statement)
    for statement in never_changes(db, "incoming_mail", "sha256"):
        db.execute_sql(statement)
