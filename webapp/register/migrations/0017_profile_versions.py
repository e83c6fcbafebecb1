"""The CA profiles as they were from time to time, and by which one an application is judged. Where that profile wants no
seal, an application leaves without a sealer."""

from webapp.register.dialect import forbids, in_dialect, is_postgresql

TABLES = """
CREATE TABLE profile_version (
  id {id}, name TEXT NOT NULL CHECK (name <> ''), number INTEGER NOT NULL CHECK (number > 0), sha256 TEXT NOT NULL,
  text TEXT NOT NULL, at {instant} NOT NULL, person_id {ref} REFERENCES person(id)
);
CREATE UNIQUE INDEX profile_version_number ON profile_version(name, number);
ALTER TABLE application ADD COLUMN profile_version_id {ref} REFERENCES profile_version(id);
ALTER TABLE application ADD COLUMN wants_seal BOOLEAN NOT NULL DEFAULT TRUE
"""
BEFORE = "stage IN ('draft', 'submitted', 'examined', 'withdrawn') OR sealer_id IS NOT NULL"
AFTER = f"{BEFORE} OR NOT wants_seal"
CHANGED = (
    "OLD.profile_version_id IS NOT NULL AND "
    "(NEW.profile_version_id {differs} OLD.profile_version_id OR NEW.wants_seal <> OLD.wants_seal)"
)
SENTENCE = "the profile of an application is written once"


def up(migrator, db):
    for statement in (*in_dialect(db, TABLES), *forbids(db, "profile_version", "UPDATE", "DELETE")):
        db.execute_sql(statement)
    for statement in _on_postgresql() if is_postgresql(db) else _on_sqlite(db):
        db.execute_sql(statement)


def _on_postgresql():
    changed = CHANGED.format(differs="IS DISTINCT FROM")
    yield "ALTER TABLE application DROP CONSTRAINT sealed_has_sealer"
    yield f"ALTER TABLE application ADD CONSTRAINT sealed_has_sealer CHECK ({AFTER})"
    yield (
        f"CREATE FUNCTION application_profile_stays() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION '{SENTENCE}' "
        "USING ERRCODE = 'integrity_constraint_violation'; END $$ LANGUAGE plpgsql"
    )
    yield (
        "CREATE TRIGGER application_profile_stays BEFORE UPDATE OF profile_version_id, wants_seal ON application "
        f"FOR EACH ROW WHEN ({changed}) EXECUTE FUNCTION application_profile_stays()"
    )


def _on_sqlite(db):
    """The text of the one constraint is changed where SQLite keeps it: to make the table anew around its rows would lose
    its triggers (https://www.sqlite.org/lang_altertable.html, section 7)."""
    version = db.execute_sql("PRAGMA schema_version").fetchone()[0]
    yield (
        "CREATE TRIGGER application_profile_stays BEFORE UPDATE OF profile_version_id, wants_seal ON application "
        f"WHEN {CHANGED.format(differs='IS NOT')} BEGIN SELECT RAISE(ABORT, '{SENTENCE}'); END"
    )
    yield "PRAGMA writable_schema = ON"
    changed = "UPDATE sqlite_master SET sql = replace(sql, ?, ?) WHERE type = 'table' AND name = 'application'"
    db.execute_sql(changed, (f"CHECK ({BEFORE})", f"CHECK ({AFTER})"))
    kept = db.execute_sql("SELECT sql FROM sqlite_master WHERE name = 'application'").fetchone()[0]
    if kept.count("OR NOT wants_seal") != 1:
        raise RuntimeError("the constraint sealed_has_sealer of the table application is not where it was")
    yield f"PRAGMA schema_version = {version + 10}"
    yield "PRAGMA writable_schema = RESET"
