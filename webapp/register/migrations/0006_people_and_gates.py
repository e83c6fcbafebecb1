"""People change, the institution tells NII of it, and its gates: hand-overs with their paper, 届出, dated records of
what the institution must keep up so that certificates are issued at all."""

from webapp.register.dialect import forbids, in_dialect

TABLES = """
CREATE INDEX person_role_until ON person_role(until_on);
CREATE INDEX person_mail_until ON person_mail(until_on);
CREATE INDEX account_closed ON account(closed_at);
CREATE INDEX certificate_held ON certificate(subscriber_id, not_after) WHERE revoked_at IS NULL;
ALTER TABLE absence ADD cancelled_at {instant};
CREATE TABLE succession (
  id {id}, person_id {ref} NOT NULL REFERENCES person(id), successor_id {ref} NOT NULL REFERENCES person(id),
  by_id {ref} NOT NULL REFERENCES person(id), at {instant} NOT NULL, sha256 TEXT NOT NULL REFERENCES content(sha256),
  CONSTRAINT another_takes_over CHECK (successor_id <> person_id)
);
CREATE INDEX succession_person ON succession(person_id, id);
CREATE INDEX succession_successor ON succession(successor_id, id);
CREATE TABLE succession_item (
  id {id}, succession_id {ref} NOT NULL REFERENCES succession(id),
  certificate_id {ref} REFERENCES certificate(id), application_id {ref} REFERENCES application(id),
  CONSTRAINT one_thing CHECK ((certificate_id IS NULL) <> (application_id IS NULL))
);
CREATE INDEX succession_item_succession ON succession_item(succession_id);
CREATE INDEX succession_item_certificate ON succession_item(certificate_id);
CREATE INDEX succession_item_application ON succession_item(application_id);
CREATE TABLE notification (
  id {id},
  kind TEXT NOT NULL CHECK (kind IN ('subscriber_info', 'officers_changed', 'head_changed', 'institution_changed', 'other')),
  why TEXT NOT NULL CHECK (why <> ''), due_on DATE NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'filed', 'answered', 'not_needed')),
  opened_at {instant} NOT NULL, filed_on DATE, answered_on DATE, reason TEXT NOT NULL, person_id {ref} REFERENCES person(id),
  CONSTRAINT filed_has_day CHECK (state NOT IN ('filed', 'answered') OR (filed_on IS NOT NULL AND person_id IS NOT NULL)),
  CONSTRAINT answered_has_day CHECK ((state = 'answered') = (answered_on IS NOT NULL)),
  CONSTRAINT answered_after_filed CHECK (answered_on IS NULL OR answered_on >= filed_on),
  CONSTRAINT not_needed_has_reason CHECK (state <> 'not_needed' OR reason <> '')
);
CREATE INDEX notification_due ON notification(state, due_on, id);
CREATE UNIQUE INDEX notification_one_open ON notification(kind) WHERE state = 'open' AND kind <> 'other';
CREATE TABLE gate_record (
  id {id}, kind TEXT NOT NULL CHECK (kind IN ('continuation', 'employment', 'right_to_issue')),
  fiscal_year INTEGER, asked_on DATE NOT NULL, due_on DATE NOT NULL, done_on DATE, answer TEXT, note TEXT NOT NULL,
  entered_at {instant} NOT NULL, entered_by_id {ref} NOT NULL REFERENCES person(id),
  done_by_id {ref} REFERENCES person(id), voided_at {instant},
  CONSTRAINT continuation_has_year CHECK ((kind = 'continuation') = (fiscal_year IS NOT NULL)),
  CONSTRAINT due_after_asked CHECK (kind = 'right_to_issue' OR due_on >= asked_on),
  CONSTRAINT done_after_asked CHECK (done_on IS NULL OR done_on >= asked_on),
  CONSTRAINT done_has_person CHECK ((done_on IS NULL) = (done_by_id IS NULL)),
  CONSTRAINT a_right_is_not_done CHECK (kind <> 'right_to_issue' OR done_on IS NULL)
);
CREATE INDEX gate_record_in_force ON gate_record(kind, due_on) WHERE voided_at IS NULL;
CREATE UNIQUE INDEX gate_record_one_year ON gate_record(fiscal_year) WHERE kind = 'continuation' AND voided_at IS NULL;
CREATE TABLE evidence (
  id {id}, notification_id {ref} REFERENCES notification(id), gate_record_id {ref} REFERENCES gate_record(id),
  name TEXT NOT NULL, media_type TEXT NOT NULL, size INTEGER NOT NULL, sha256 TEXT NOT NULL REFERENCES content(sha256),
  at {instant} NOT NULL, person_id {ref} NOT NULL REFERENCES person(id),
  CONSTRAINT one_case CHECK ((notification_id IS NULL) <> (gate_record_id IS NULL))
);
CREATE INDEX evidence_notification ON evidence(notification_id);
CREATE INDEX evidence_gate_record ON evidence(gate_record_id)
"""


def up(migrator, db):
    for statement in in_dialect(db, TABLES):
        db.execute_sql(statement)
    for table in ("succession", "succession_item", "evidence"):
        for statement in forbids(db, table, "UPDATE", "DELETE"):
            db.execute_sql(statement)
