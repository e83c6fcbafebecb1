"""What the daily round puts away of the signing stations is found without reading what stays; a job that came to nothing may
go, one that was done or rejected may not."""

from webapp.register.dialect import is_postgresql

OVER = "'expired', 'cancelled', 'failed'"
INDEXES = (
    f"CREATE INDEX station_job_over ON station_job(expires_at) WHERE state IN ({OVER})",
    "CREATE INDEX pairing_over ON pairing(expires_at) WHERE state = 'pending'",
    "CREATE INDEX pairing_miss_at ON pairing_miss(at)",
)
SENTENCE = "a station_job that was done stays, with its payload"
ON_SQLITE = (
    "DROP TRIGGER station_job_payload_no_delete",
    f"CREATE TRIGGER station_job_payload_no_delete BEFORE DELETE ON station_job WHEN OLD.state NOT IN ({OVER}) "
    f"BEGIN SELECT RAISE(ABORT, '{SENTENCE}'); END",
)
ON_POSTGRESQL = (
    "CREATE OR REPLACE FUNCTION station_job_payload_stays() RETURNS trigger AS $$ BEGIN "
    f"IF TG_OP = 'DELETE' AND OLD.state IN ({OVER}) THEN RETURN OLD; END IF; "
    "IF TG_OP = 'DELETE' OR NEW.payload IS DISTINCT FROM OLD.payload THEN "
    f"RAISE EXCEPTION '{SENTENCE}' USING ERRCODE = 'integrity_constraint_violation'; END IF; "
    "RETURN NEW; END $$ LANGUAGE plpgsql",
)


def up(migrator, db):
    for statement in (*INDEXES, *(ON_POSTGRESQL if is_postgresql(db) else ON_SQLITE)):
        db.execute_sql(statement)
