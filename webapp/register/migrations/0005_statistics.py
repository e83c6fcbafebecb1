"""統計: tallies that the database itself keeps while certificates and applications are written, so that a page of
statistics costs the same however large the register is.

`tally` counts certificates by month for the whole house, each department and each person in it; a certificate counts
for whoever is responsible now, so that all its counts move when it is handed over. Measures:
  issued   by the month in which its validity begins; renewed: those of them that were applied for as 更新
  revoked  by the month and reason of revocation
  expires  by the month in which its validity ends, unless it was revoked before
  ended    by the month in which it stopped being valid, for either cause: valid after a month = ended later - issued later
`stage_wait` counts how many applications left a stage after how many Japanese days, by the month in which they left;
department 0 is the whole house. A median over any months can be read from it."""

from webapp.register.dialect import day_number, follows, in_dialect, is_postgresql, month_of

RENEWALS = "'continue', 'other_content', 'reissue'"

TABLES = """
CREATE TABLE tally (
  scope TEXT NOT NULL CHECK (scope IN ('house', 'department', 'person')),
  department_id {ref} NOT NULL, person_id {ref} NOT NULL, month INTEGER NOT NULL,
  measure TEXT NOT NULL CHECK (measure IN ('issued', 'renewed', 'revoked', 'expires', 'ended')),
  reason INTEGER NOT NULL, count {ref} NOT NULL,
  PRIMARY KEY (scope, department_id, month, person_id, measure, reason)
) {without_rowid};
CREATE TABLE stage_wait (
  department_id {ref} NOT NULL, month INTEGER NOT NULL, kind TEXT NOT NULL, stage TEXT NOT NULL, days INTEGER NOT NULL,
  count {ref} NOT NULL, PRIMARY KEY (department_id, month, kind, stage, days)
) {without_rowid}
"""

# The acts that move an application, and where to: what the events of the past tell.
MOVES = {
    "open": "draft", "submit": "submitted", "examine": "examined", "send_back": "draft", "seal": "sealed",
    "stamp": "sealed", "post": "sent", "dispatch_by_hand": "sent", "confirm_posting": "sent", "reopen": "draft",
    "redo_dispatch": "sealed", "refuse": "refused", "withdraw": "withdrawn", "take_delivery": "delivered",
    "install": "installed", "hand_out": "installed", "accept": "in_use", "accept_for": "in_use",
    "note_completion": "completed", "confirm": "confirmed", "confirm_by_word": "confirmed",
}  # fmt: skip


def up(migrator, db):
    types = TABLES.replace("{without_rowid}", "" if is_postgresql(db) else "WITHOUT ROWID")
    for statement in (*in_dialect(db, types), *_tallied(db), *_waited(db), *_tally_triggers(db), *_wait_triggers(db)):
        db.execute_sql(statement)


def _parts(db, row):
    """(measure, instant that gives the month, reason, condition) for what one certificate counts as."""
    renewal = f"EXISTS (SELECT 1 FROM application WHERE id = {row}.application_id AND occasion IN ({RENEWALS}))"
    in_time = f"{row}.revoked_at < {row}.not_after"
    return (
        ("issued", f"{row}.not_before", "0", "TRUE"),
        ("renewed", f"{row}.not_before", "0", renewal),
        ("revoked", f"{row}.revoked_at", f"COALESCE({row}.revocation_reason, 0)", f"{row}.revoked_at IS NOT NULL"),
        ("expires", f"{row}.not_after", "0", f"({in_time}) IS NOT TRUE"),
        ("ended", f"CASE WHEN {in_time} THEN {row}.revoked_at ELSE {row}.not_after END", "0", "TRUE"),
    )


def _tally_triggers(db):
    watched = "not_before, not_after, revoked_at, revocation_reason, department_id, subscriber_id, application_id"
    added, taken = _counted(db, "NEW", 1), _counted(db, "OLD", -1)
    yield from follows(db, "certificate_tallied", "certificate", "INSERT", added)
    yield from follows(db, "certificate_untallied", "certificate", "DELETE", taken)
    yield from follows(db, "certificate_retallied", "certificate", f"UPDATE OF {watched}", f"{taken}; {added}")


def _counted(db, row, sign):
    """The statement that adds what one row counts as to the tallies, or takes it away again."""
    parts = " UNION ALL ".join(
        f"SELECT '{measure}' AS measure, {month_of(db, f'({instant})')} AS month, {reason} AS reason WHERE {condition}"
        for measure, instant, reason, condition in _parts(db, row)
    )
    # On PostgreSQL whoever writes many certificates waits for the one before: two could each want the other's rows.
    turn = "PERFORM pg_advisory_xact_lock(5); " if is_postgresql(db) else ""
    return (
        f"{turn}INSERT INTO tally (scope, department_id, person_id, month, measure, reason, count) "
        f"SELECT scope.name, CASE WHEN scope.name = 'house' THEN 0 ELSE COALESCE({row}.department_id, 0) END, "
        f"CASE WHEN scope.name = 'person' THEN COALESCE({row}.subscriber_id, 0) ELSE 0 END, "
        f"part.month, part.measure, part.reason, {sign} "
        "FROM (SELECT 'house' AS name UNION ALL SELECT 'department' UNION ALL SELECT 'person') AS scope "
        f"CROSS JOIN ({parts}) AS part WHERE TRUE "
        "ON CONFLICT (scope, department_id, month, person_id, measure, reason) "
        "DO UPDATE SET count = tally.count + excluded.count"
    )


def _tallied(db):
    """What the certificates that are there count as: for each person, and summed up from there."""
    columns = "INSERT INTO tally (scope, department_id, person_id, month, measure, reason, count) SELECT"
    for measure, instant, reason, condition in _parts(db, "certificate"):
        yield (
            f"{columns} 'person', COALESCE(department_id, 0), COALESCE(subscriber_id, 0), "
            f"{month_of(db, f'({instant})')}, '{measure}', {reason}, COUNT(*) "
            f"FROM certificate WHERE {condition} GROUP BY 1, 2, 3, 4, 5, 6"
        )
    summed = "month, measure, reason, SUM(count) FROM tally WHERE scope = 'person' GROUP BY 1, 2, 3, 4, 5, 6"
    yield f"{columns} 'department', department_id, 0, {summed}"
    yield f"{columns} 'house', 0, 0, {summed}"


def _wait_triggers(db):
    days = f"{day_number('NEW.stage_since_at')} - {day_number('OLD.stage_since_at')}"
    body = (
        "INSERT INTO stage_wait (department_id, month, kind, stage, days, count) "
        f"SELECT place.id, {month_of(db, 'NEW.stage_since_at')}, NEW.kind, OLD.stage, "
        f"CASE WHEN {days} > 0 THEN {days} ELSE 0 END, 1 "
        "FROM (SELECT 0 AS id UNION ALL SELECT NEW.department_id) AS place WHERE TRUE "
        "ON CONFLICT (department_id, month, kind, stage, days) DO UPDATE SET count = stage_wait.count + 1"
    )
    yield from follows(db, "application_waited", "application", "UPDATE OF stage", body, "OLD.stage <> NEW.stage")


def _waited(db):
    """What the events of the past tell about waiting."""
    moves = " UNION ALL ".join(f"SELECT '{act}' AS act, '{stage}' AS stage" for act, stage in MOVES.items())
    days = f"{day_number('step.at')} - {day_number('step.since_at')}"
    columns = "INSERT INTO stage_wait (department_id, month, kind, stage, days, count) SELECT"
    yield (
        f"{columns} application.department_id, {month_of(db, 'step.at')}, application.kind, step.stage, "
        f"CASE WHEN {days} > 0 THEN {days} ELSE 0 END, COUNT(*) "
        "FROM (SELECT event.object_id, event.at, LAG(event.at) OVER story AS since_at, LAG(moves.stage) OVER story AS stage "
        f"FROM event JOIN ({moves}) AS moves ON moves.act = event.act WHERE event.object = 'application' "
        "WINDOW story AS (PARTITION BY event.object_id ORDER BY event.seq)) AS step "
        "JOIN application ON application.id = step.object_id WHERE step.since_at IS NOT NULL GROUP BY 1, 2, 3, 4, 5"
    )
    yield (f"{columns} 0, month, kind, stage, days, SUM(count) FROM stage_wait GROUP BY 1, 2, 3, 4, 5")
