"""Searching the whole register: beside every certificate and every application one text of what it may be found by,
kept by triggers, so that it is right whoever writes and whoever is renamed; and an index of its letters in pairs, so
that Japanese words of one letter and more are found. SQLite: FTS5 over the pairs (contentless, one token a pair);
PostgreSQL: a GIN index over the array of pairs, without any extension. And the indexes of the lists' orders."""

from webapp.register.dialect import in_dialect, is_postgresql

LONGEST = 2000  # letters of a text; what is longer (用途 stands last) is found by its beginning

# ASCII letters only are folded, on both databases alike; 氏名 is found with and without the blank in it.
_NAME = "coalesce({0}.name || ' ' || replace(replace({0}.name, ' ', ''), '　', ''), '')"
CERTIFICATE_TEXT = f"""
SELECT c.id AS id, substr(lower((coalesce(a.number, '') || ' #' || c.serial || '# ' || c.title || ' '
  || {_NAME.format("p")} || ' ' || coalesce(d.name, '') || ' ' || c.subject || ' ' || c.purpose){{ascii}}), 1, {LONGEST}) AS words
FROM certificate c LEFT JOIN application a ON a.id = c.application_id LEFT JOIN person p ON p.id = c.subscriber_id
LEFT JOIN department d ON d.id = c.department_id
"""
APPLICATION_TEXT = f"""
SELECT a.id AS id, substr(lower((a.number || ' ' || a.title || ' ' || {_NAME.format("q")} || ' ' || {_NAME.format("s")}
  || ' ' || coalesce(d.name, '')
  || coalesce((SELECT {{joined_subject}} FROM csr r WHERE r.application_id = a.id AND r.dropped_at IS NULL), '')
  || coalesce((SELECT {{joined_certificate}} FROM certificate c WHERE c.application_id = a.id), '')
  || coalesce((SELECT ' #' || c.serial || '# ' || c.title FROM certificate c WHERE c.id = a.target_id), '')
  || ' ' || a.purpose){{ascii}}), 1, {LONGEST}) AS words
FROM application a LEFT JOIN person q ON q.id = a.applicant_id LEFT JOIN person s ON s.id = a.subscriber_id
LEFT JOIN department d ON d.id = a.department_id
"""
_SUBJECT, _CERTIFICATE = "' ' || r.subject", "' #' || c.serial || '# ' || c.subject"
SPOKEN = {
    "sqlite": {
        "ascii": "",
        "joined_subject": f"group_concat({_SUBJECT}, '')",
        "joined_certificate": f"group_concat({_CERTIFICATE}, '')",
    },
    "postgresql": {
        "ascii": ' COLLATE "C"',
        "joined_subject": f"string_agg({_SUBJECT}, '')",
        "joined_certificate": f"string_agg({_CERTIFICATE}, '')",
    },
}

TABLES = """
CREATE TABLE certificate_words (id {ref} PRIMARY KEY, words TEXT NOT NULL);
CREATE TABLE application_words (id {ref} PRIMARY KEY, words TEXT NOT NULL);
CREATE INDEX certificate_by_end ON certificate(not_after, id, revoked_at, revoking_id, accepted_at, blocked_at,
  department_id, subscriber_id, origin, not_before, received_at);
CREATE INDEX certificate_by_number ON certificate((coalesce(application_id, 0)), id);
CREATE INDEX certificate_not_before ON certificate(not_before);
CREATE INDEX certificate_received ON certificate(received_at);
CREATE INDEX certificate_blocked ON certificate(blocked_at) WHERE blocked_at IS NOT NULL;
CREATE INDEX certificate_department_end ON certificate(department_id, not_after, id);
CREATE INDEX certificate_subscriber_end ON certificate(subscriber_id, not_after, id);
CREATE INDEX application_since ON application(stage_since_at, id);
CREATE INDEX application_created ON application(created_at);
CREATE INDEX application_kind ON application(kind, id);
DROP INDEX certificate_not_after
"""

# table: what changes in it, and whose text must then be written again (a query of ids);
# at last the condition under which this is asked at all.
_CERTIFICATES, _APPLICATIONS = "certificate", "application"
OCCASIONS = (
    ("certificate", "INSERT", "", _CERTIFICATES, "SELECT NEW.id"),
    (
        "certificate",
        "UPDATE",
        "application_id, title, purpose, subject, serial, subscriber_id, department_id",
        _CERTIFICATES,
        "SELECT NEW.id",
    ),
    (
        "certificate",
        "INSERT",
        "",
        _APPLICATIONS,
        "SELECT NEW.application_id",
        "NEW.application_id IS NOT NULL",
    ),
    (
        "certificate",
        "UPDATE",
        "application_id, title, subject, serial",
        _APPLICATIONS,
        "SELECT NEW.application_id UNION SELECT id FROM application WHERE target_id = NEW.id",
    ),
    (
        "certificate",
        "DELETE",
        "",
        _APPLICATIONS,
        "SELECT OLD.application_id",
        "OLD.application_id IS NOT NULL",
    ),
    ("application", "INSERT", "", _APPLICATIONS, "SELECT NEW.id"),
    (
        "application",
        "UPDATE",
        "number, title, purpose, applicant_id, subscriber_id, department_id, target_id",
        _APPLICATIONS,
        "SELECT NEW.id",
    ),
    ("application", "UPDATE", "number", _CERTIFICATES, "SELECT id FROM certificate WHERE application_id = NEW.id"),
    ("csr", "INSERT", "", _APPLICATIONS, "SELECT NEW.application_id"),
    ("csr", "UPDATE", "subject, dropped_at", _APPLICATIONS, "SELECT NEW.application_id"),
    ("csr", "DELETE", "", _APPLICATIONS, "SELECT OLD.application_id"),
    ("person", "UPDATE", "name", _CERTIFICATES, "SELECT id FROM certificate WHERE subscriber_id = NEW.id"),
    (
        "person",
        "UPDATE",
        "name",
        _APPLICATIONS,
        "SELECT id FROM application WHERE applicant_id = NEW.id "
        "UNION SELECT id FROM application WHERE subscriber_id = NEW.id",
    ),
    ("department", "UPDATE", "name", _CERTIFICATES, "SELECT id FROM certificate WHERE department_id = NEW.id"),
    ("department", "UPDATE", "name", _APPLICATIONS, "SELECT id FROM application WHERE department_id = NEW.id"),
)

# A pair of letters is a token: all signs but quotes and blanks belong to it, and nothing but ASCII is folded.
SQLITE = (
    "CREATE TABLE letter_place (n INTEGER PRIMARY KEY)",
    f"WITH RECURSIVE upto(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM upto WHERE n < {LONGEST}) "
    "INSERT INTO letter_place SELECT n FROM upto",
    *(
        f"CREATE VIRTUAL TABLE {noun}_pairs USING fts5(pairs, content='', prefix='1', "
        "tokenize=\"ascii tokenchars '!#$%&()*+,-./:;<=>?@[\\]^_{|}~'\")"
        for noun in (_CERTIFICATES, _APPLICATIONS)
    ),
)
_PAIRS = "(SELECT group_concat(substr({0}.words, n, 2), ' ') FROM letter_place WHERE n <= length({0}.words))"
POSTGRESQL = (
    "CREATE FUNCTION letter_pairs(words text) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS $$ "
    "SELECT array_agg(DISTINCT pair) FROM generate_series(1, length(words)) AS n, "
    "LATERAL (VALUES (substr(words, n, 1)), (substr(words, n, 2))) AS found(pair) $$",
    *(
        f"CREATE INDEX {noun}_pairs ON {noun}_words USING gin (letter_pairs(words))"
        for noun in (_CERTIFICATES, _APPLICATIONS)
    ),
    'CREATE INDEX certificate_by_title ON certificate(title COLLATE "C", id)',
    'CREATE INDEX application_by_title ON application(title COLLATE "C", id)',
)
SQLITE_INDEXES = (
    "CREATE INDEX IF NOT EXISTS certificate_title ON certificate(title, id)",
    "CREATE INDEX application_title ON application(title, id)",
)


def up(migrator, db):
    spoken = SPOKEN["postgresql" if is_postgresql(db) else "sqlite"]
    steps = [*in_dialect(db, TABLES)]
    for noun, text in ((_CERTIFICATES, CERTIFICATE_TEXT), (_APPLICATIONS, APPLICATION_TEXT)):
        steps.append(f"CREATE VIEW {noun}_text AS {text.format(**spoken)}")
    steps += _postgresql() if is_postgresql(db) else _sqlite()
    for noun in (_CERTIFICATES, _APPLICATIONS):
        steps.append(f"INSERT INTO {noun}_words (id, words) SELECT id, words FROM {noun}_text ORDER BY id")
    steps += POSTGRESQL if is_postgresql(db) else SQLITE_INDEXES
    for step in steps:
        db.execute_sql(step)


def _sqlite():
    yield from SQLITE
    for noun in (_CERTIFICATES, _APPLICATIONS):
        into = f"INSERT INTO {noun}_pairs (rowid, pairs) VALUES (NEW.id, {_PAIRS.format('NEW')})"
        out = f"INSERT INTO {noun}_pairs ({noun}_pairs, rowid, pairs) VALUES ('delete', OLD.id, {_PAIRS.format('OLD')})"
        yield f"CREATE TRIGGER {noun}_words_come AFTER INSERT ON {noun}_words BEGIN {into}; END"
        yield f"CREATE TRIGGER {noun}_words_go AFTER DELETE ON {noun}_words BEGIN {out}; END"
        yield (
            f"CREATE TRIGGER {noun}_words_change AFTER UPDATE ON {noun}_words WHEN NEW.words <> OLD.words "
            f"BEGIN {out}; {into}; END"
        )
        yield f"CREATE TRIGGER {noun}_goes AFTER DELETE ON {noun} BEGIN DELETE FROM {noun}_words WHERE id = OLD.id; END"
    for number, (table, verb, columns, noun, ids, *when) in enumerate(OCCASIONS):
        of = f" OF {columns}" if columns else ""
        only = f" WHEN {when[0]}" if when else ""
        name = f"words_{number}_{table}_{verb.lower()}"
        yield f"CREATE TRIGGER {name} AFTER {verb}{of} ON {table}{only} BEGIN {_write(noun, ids)}; END"


def _write(noun, ids):
    """One text anew: an upsert, so that the pairs of the old one are taken out by its own trigger."""
    return (
        f"INSERT INTO {noun}_words (id, words) SELECT id, words FROM {noun}_text WHERE id IN ({ids}) "
        "ON CONFLICT (id) DO UPDATE SET words = excluded.words"
    )


def _postgresql():
    for noun in (_CERTIFICATES, _APPLICATIONS):
        yield from _trigger(f"{noun}_goes", noun, "DELETE", "", f"DELETE FROM {noun}_words WHERE id = OLD.id")
    for number, (table, verb, columns, noun, ids, *when) in enumerate(OCCASIONS):
        yield from _trigger(f"words_{number}_{table}_{verb.lower()}", table, verb, columns, _write(noun, ids), *when)


def _trigger(name, table, verb, columns, statement, when=""):
    of, only = (f" OF {columns}" if columns else ""), (f" WHEN ({when})" if when else "")
    yield f"CREATE FUNCTION {name}() RETURNS trigger AS $$ BEGIN {statement}; RETURN NULL; END $$ LANGUAGE plpgsql"
    yield f"CREATE TRIGGER {name} AFTER {verb}{of} ON {table} FOR EACH ROW{only} EXECUTE FUNCTION {name}()"
