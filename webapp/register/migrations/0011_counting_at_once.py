"""統計 on PostgreSQL: the tallies of certificates are counted once for each statement, however many rows it writes.

Counted row by row, as migration 0005 began and SQLite still does (where it costs the same for every row), each row
left a dead version of the same few tallies behind, which the next one had to step over: a transaction of 100,000
certificates never came to its end. On what a certificate counts as, see migration 0005.

And certificate_unrevoked goes: certificate_by_end holds all that it does, and spares the databases the rows themselves."""

from webapp.register.dialect import is_postgresql, month_of

RENEWALS = "'continue', 'other_content', 'reissue'"
KEY = "scope, department_id, person_id, month, measure, reason"
WATCHED = ("not_before", "not_after", "revoked_at", "revocation_reason", "department_id", "subscriber_id", "application_id")  # fmt: skip

# after what: the trigger of migration 0005, the names of the old and the new rows of a statement
STATEMENTS = {
    "INSERT": ("certificate_tallied", "NEW TABLE AS came"),
    "DELETE": ("certificate_untallied", "OLD TABLE AS went"),
    "UPDATE": ("certificate_retallied", "OLD TABLE AS went NEW TABLE AS came"),
}


def up(migrator, db):
    db.execute_sql("DROP INDEX certificate_unrevoked")
    if is_postgresql(db):
        for verb, (name, tables) in STATEMENTS.items():
            for statement in _counted_at_once(db, verb, name, tables):
                db.execute_sql(statement)


def _counted_at_once(db, verb, name, tables):
    counted = _counts(db, _changed(verb))
    # Whoever writes many certificates waits for the one before: two could each want the other's rows.
    turn = "PERFORM pg_advisory_xact_lock(5)"
    yield f"DROP TRIGGER {name} ON certificate"
    yield (
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger AS $$ BEGIN "
        f"IF EXISTS (SELECT 1 FROM ({_changed(verb)}) AS each) THEN {turn}; {counted}; END IF; "
        "RETURN NULL; END $$ LANGUAGE plpgsql"
    )
    yield (
        f"CREATE TRIGGER {name} AFTER {verb} ON certificate REFERENCING {tables} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
    )


def _changed(verb):
    """The rows that begin to count (sign 1) and those that cease to (sign -1)."""
    if verb == "INSERT":
        return "SELECT 1 AS sign, came.* FROM came"
    if verb == "DELETE":
        return "SELECT -1 AS sign, went.* FROM went"
    old, new = (", ".join(f"{table}.{column}" for column in WATCHED) for table in ("went", "came"))
    both = f"FROM went JOIN came ON came.id = went.id WHERE ({old}) IS DISTINCT FROM ({new})"
    return f"SELECT -1 AS sign, went.* {both} UNION ALL SELECT 1, came.* {both}"


def _counts(db, changed):
    """The statement that adds to the tallies what all these rows together count as."""
    parts = " UNION ALL ".join(
        f"SELECT '{measure}' AS measure, {month_of(db, f'({instant})')} AS month, {reason} AS reason WHERE {condition}"
        for measure, instant, reason, condition in _parts()
    )
    return (
        f"INSERT INTO tally ({KEY}, count) "
        "SELECT scope.name, CASE WHEN scope.name = 'house' THEN 0 ELSE COALESCE(each.department_id, 0) END, "
        "CASE WHEN scope.name = 'person' THEN COALESCE(each.subscriber_id, 0) ELSE 0 END, "
        f"part.month, part.measure, part.reason, SUM(each.sign) FROM ({changed}) AS each "
        f"CROSS JOIN LATERAL ({parts}) AS part "
        "CROSS JOIN (VALUES ('house'), ('department'), ('person')) AS scope (name) "
        "GROUP BY 1, 2, 3, 4, 5, 6 HAVING SUM(each.sign) <> 0 "
        f"ON CONFLICT ({KEY}) DO UPDATE SET count = tally.count + excluded.count"
    )


def _parts():
    """(measure, instant that gives the month, reason, condition) for what one certificate counts as."""
    renewal = f"EXISTS (SELECT 1 FROM application WHERE id = each.application_id AND occasion IN ({RENEWALS}))"
    in_time = "each.revoked_at < each.not_after"
    return (
        ("issued", "each.not_before", "0", "TRUE"),
        ("renewed", "each.not_before", "0", renewal),
        ("revoked", "each.revoked_at", "COALESCE(each.revocation_reason, 0)", "each.revoked_at IS NOT NULL"),
        ("expires", "each.not_after", "0", f"({in_time}) IS NOT TRUE"),
        ("ended", f"CASE WHEN {in_time} THEN each.revoked_at ELSE each.not_after END", "0", "TRUE"),
    )
