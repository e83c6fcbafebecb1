"""A key on the institution's token is used by its own person alone; a time stamp proves something to whoever trusts its
authority: whether that led to a trusted root is written beside it, with the authority's certificates to be judged again."""

from webapp.register.dialect import is_postgresql

OTHERS_KEY = """NEW.met_at IS NOT NULL AND EXISTS (SELECT 1 FROM certificate
 JOIN application ON application.id = certificate.application_id
 WHERE certificate.id = NEW.certificate_id AND certificate.key_pair_id IS NOT NULL
 AND COALESCE(application.subscriber_id, application.applicant_id) IS DISTINCT FROM NEW.person_id)"""
SENTENCE = "a key on the token of the institution is used by its own person"
NAME = "challenge_of_ones_own_key"
ON_POSTGRESQL = (
    f"CREATE FUNCTION {NAME}() RETURNS trigger AS $$ BEGIN IF {OTHERS_KEY} THEN RAISE EXCEPTION '{SENTENCE}' "
    "USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN NEW; END $$ LANGUAGE plpgsql",
    f"CREATE TRIGGER {NAME} BEFORE INSERT OR UPDATE OF met_at, person_id ON challenge "
    f"FOR EACH ROW EXECUTE FUNCTION {NAME}()",
)
ON_SQLITE = tuple(
    f"CREATE TRIGGER {NAME}_{verb.split()[0].lower()} BEFORE {verb} ON challenge "
    f"WHEN {OTHERS_KEY.replace('IS DISTINCT FROM', 'IS NOT')} BEGIN SELECT RAISE(ABORT, '{SENTENCE}'); END"
    for verb in ("INSERT", "UPDATE OF met_at, person_id")
)
STAMPS = (
    "ALTER TABLE signature_record ADD COLUMN is_trusted BOOLEAN NOT NULL DEFAULT FALSE "
    "CONSTRAINT trusted_is_verified CHECK (NOT is_trusted OR stamp = 'verified')",
    "ALTER TABLE signature_record ADD COLUMN authority_sha256 TEXT REFERENCES content(sha256)",
    "DROP INDEX signature_record_proven",
    "CREATE INDEX signature_record_proven ON signature_record(certificate_id, timestamped_at) WHERE is_trusted",
    "CREATE INDEX signature_record_unsure ON signature_record(authority_sha256) WHERE stamp = 'verified' AND NOT is_trusted",
)


def up(migrator, db):
    for statement in (*(ON_POSTGRESQL if is_postgresql(db) else ON_SQLITE), *STAMPS):
        db.execute_sql(statement)
