"""The lists of revoked certificates that the worker keeps at hand; CAs trusted for signing in and for time stamps apart from those
for seals. Where stations are paired, whoever was trusted for a seal was trusted for signing in, too, and stays so."""

from webapp.register.dialect import in_dialect, is_postgresql, made_anew

USES = "'seal', 'sign_in', 'certificate', 'attestation', 'timestamp'"

TRUST_ANCHOR = f"""
CREATE TABLE trust_anchor (
  id {{id}}, use TEXT NOT NULL CHECK (use IN ({USES})), name TEXT NOT NULL, der {{blob}} NOT NULL,
  is_root BOOLEAN NOT NULL, since_on DATE NOT NULL, until_on DATE
)
"""

POSTGRESQL = f"""
ALTER TABLE trust_anchor DROP CONSTRAINT trust_anchor_use_check,
  ADD CONSTRAINT trust_anchor_use_check CHECK (use IN ({USES}))
"""

SIGN_IN = """
INSERT INTO trust_anchor (use, name, der, is_root, since_on, until_on)
SELECT 'sign_in', name, der, is_root, since_on, until_on FROM trust_anchor
WHERE use = 'seal' AND EXISTS (SELECT 1 FROM station) ORDER BY id
"""

TABLES = """
CREATE TABLE kept_list (
  id {id}, url TEXT NOT NULL UNIQUE, asked_at {instant} NOT NULL,
  outcome TEXT NOT NULL CHECK (outcome IN ('taken', 'refused', 'unreachable')), sentence TEXT NOT NULL,
  sha256 TEXT REFERENCES content(sha256), issuer TEXT NOT NULL, this_update {instant}, next_update {instant}, taken_at {instant},
  CONSTRAINT list_is_whole CHECK
    (CASE WHEN sha256 IS NULL THEN issuer = '' AND this_update IS NULL AND next_update IS NULL AND taken_at IS NULL
     ELSE issuer <> '' AND this_update IS NOT NULL AND next_update >= this_update AND taken_at IS NOT NULL END),
  CONSTRAINT taken_has_a_list CHECK (outcome <> 'taken' OR sha256 IS NOT NULL)
)
"""


def up(migrator, db):
    altered = in_dialect(db, POSTGRESQL) if is_postgresql(db) else made_anew(db, "trust_anchor", TRUST_ANCHOR)
    for statement in (*altered, SIGN_IN, *in_dialect(db, TABLES)):
        db.execute_sql(statement)
