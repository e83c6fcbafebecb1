"""棚卸し and forced replacement: once a year everybody says what they hold, and once in a while the CA says that a number
of certificates must be replaced by a day. What stands in `certificate` and `application` is never written twice here."""

from webapp.register.dialect import in_dialect, requires_role

ANSWERS = ("is_person_right", "is_post_right", "is_purpose_right", "is_in_use", "is_token_at_hand")
ALL_RIGHT = " AND ".join(ANSWERS)

TABLES = f"""
CREATE TABLE stocktaking (
  id {{id}}, name TEXT NOT NULL UNIQUE CHECK (name <> ''), due_on DATE NOT NULL,
  opened_at {{instant}} NOT NULL, opened_by_id {{ref}} NOT NULL REFERENCES person(id),
  closed_at {{instant}}, closed_by_id {{ref}} REFERENCES person(id), report_sha256 TEXT REFERENCES content(sha256),
  signed_off_at {{instant}}, signed_off_by_id {{ref}} REFERENCES person(id),
  CONSTRAINT closed_with_report CHECK ((closed_at IS NULL) = (closed_by_id IS NULL)
    AND (closed_at IS NULL) = (report_sha256 IS NULL)),
  CONSTRAINT signed_off_when_closed CHECK ((signed_off_at IS NULL) = (signed_off_by_id IS NULL)
    AND (signed_off_at IS NULL OR closed_at IS NOT NULL)),
  CONSTRAINT signed_off_by_another CHECK (signed_off_by_id <> closed_by_id)
);
CREATE UNIQUE INDEX stocktaking_one_open ON stocktaking((closed_at IS NULL)) WHERE closed_at IS NULL;
CREATE TABLE stocktaking_item (
  id {{id}}, stocktaking_id {{ref}} NOT NULL REFERENCES stocktaking(id),
  certificate_id {{ref}} NOT NULL REFERENCES certificate(id), subscriber_id {{ref}} REFERENCES person(id),
  state TEXT NOT NULL CHECK (state IN ('waiting', 'confirmed', 'discrepancy')),
  {", ".join(f"{answer} BOOLEAN" for answer in ANSWERS)}, note TEXT NOT NULL,
  answered_at {{instant}}, answered_by_id {{ref}} REFERENCES person(id), answered_for_id {{ref}} REFERENCES person(id),
  is_on_behalf BOOLEAN NOT NULL,
  settled_at {{instant}}, settled_by_id {{ref}} REFERENCES person(id), settlement TEXT NOT NULL,
  UNIQUE (stocktaking_id, certificate_id),
  CONSTRAINT waiting_is_unanswered CHECK ((state = 'waiting') = (answered_at IS NULL)
    AND (answered_at IS NULL) = (answered_by_id IS NULL)
    AND ((state = 'waiting') = ({" AND ".join(f"{answer} IS NULL" for answer in ANSWERS)}))),
  CONSTRAINT confirmed_is_all_right CHECK (state <> 'confirmed' OR ({ALL_RIGHT})),
  CONSTRAINT discrepancy_is_something CHECK (state <> 'discrepancy' OR NOT ({ALL_RIGHT})),
  CONSTRAINT answered_by_whom CHECK (answered_at IS NULL OR (CASE WHEN is_on_behalf
    THEN note <> '' AND (answered_for_id IS NULL OR answered_by_id <> answered_for_id)
    ELSE answered_for_id IS NOT NULL AND answered_by_id = answered_for_id END)),
  CONSTRAINT settled_is_discrepancy CHECK (settled_at IS NULL OR (state = 'discrepancy' AND settlement <> '')),
  CONSTRAINT settled_by_somebody CHECK ((settled_at IS NULL) = (settled_by_id IS NULL))
);
CREATE INDEX stocktaking_item_certificate ON stocktaking_item(certificate_id);
CREATE INDEX stocktaking_item_state ON stocktaking_item(stocktaking_id, state, id);
CREATE INDEX stocktaking_item_order ON stocktaking_item(stocktaking_id, id);
CREATE INDEX stocktaking_item_unsettled ON stocktaking_item(id) WHERE state = 'discrepancy' AND settled_at IS NULL;
CREATE TABLE campaign (
  id {{id}}, title TEXT NOT NULL CHECK (title <> ''), reason TEXT NOT NULL CHECK (reason <> ''), due_on DATE NOT NULL,
  opened_at {{instant}} NOT NULL, opened_by_id {{ref}} NOT NULL REFERENCES person(id),
  closed_at {{instant}}, closed_by_id {{ref}} REFERENCES person(id), summary TEXT NOT NULL,
  CONSTRAINT closed_by_somebody CHECK ((closed_at IS NULL) = (closed_by_id IS NULL))
);
CREATE INDEX campaign_open ON campaign(due_on) WHERE closed_at IS NULL;
CREATE TABLE campaign_item (
  id {{id}}, campaign_id {{ref}} NOT NULL REFERENCES campaign(id),
  certificate_id {{ref}} NOT NULL REFERENCES certificate(id), UNIQUE (campaign_id, certificate_id)
);
CREATE INDEX campaign_item_certificate ON campaign_item(certificate_id);
CREATE INDEX campaign_item_order ON campaign_item(campaign_id, id);
CREATE TABLE reminder (
  id {{id}}, stocktaking_id {{ref}} REFERENCES stocktaking(id), campaign_id {{ref}} REFERENCES campaign(id),
  person_id {{ref}} NOT NULL REFERENCES person(id), asked_at {{instant}} NOT NULL, written_at {{instant}},
  CONSTRAINT of_one_of_them CHECK ((stocktaking_id IS NULL) <> (campaign_id IS NULL))
);
CREATE INDEX reminder_stocktaking ON reminder(stocktaking_id, person_id, asked_at) WHERE stocktaking_id IS NOT NULL;
CREATE INDEX reminder_campaign ON reminder(campaign_id, person_id, asked_at) WHERE campaign_id IS NOT NULL;
CREATE INDEX reminder_unwritten ON reminder(id) WHERE written_at IS NULL
"""


def up(migrator, db):
    for statement in (*in_dialect(db, TABLES), *_roles(db)):
        db.execute_sql(statement)


def _roles(db):
    """Officers open and close; a head or another officer signs off (signed_off_by_another)."""
    for table in ("stocktaking", "campaign"):
        yield from requires_role(db, table, "opened_by_id", "officer")
        yield from requires_role(db, table, "closed_by_id", "officer")
    yield from requires_role(db, "stocktaking", "signed_off_by_id", "head", "officer")
