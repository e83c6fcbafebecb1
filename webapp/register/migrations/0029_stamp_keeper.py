"""The 管守者 of a stamp is a post that the institution's own rules name: an officer types it, the database guesses nobody.
What the register of uses said before stays, for it was printed so."""

from webapp.register.dialect import follows, is_postgresql

COLUMN = """ALTER TABLE seal_use ADD COLUMN stamp_keeper TEXT NOT NULL DEFAULT ''
 CONSTRAINT only_a_stamp_is_kept CHECK (kind = 'scan' OR stamp_keeper = '')"""
# While the row is written the application names its sealer; a key is kept by its own person.
ENTER = """INSERT INTO seal_use (paper_id, application_id, at, kind, sealer_id, keeper_id)
 SELECT NEW.id, NEW.application_id, NEW.at, NEW.kind, sealer_id, CASE NEW.kind WHEN 'sealed_pdf' THEN sealer_id END
 FROM application WHERE id = NEW.application_id"""
GONE = {
    False: ["DROP TRIGGER seal_use_entered"],
    True: ["DROP TRIGGER seal_use_entered ON paper", "DROP FUNCTION seal_use_entered()"],
}


def up(migrator, db):
    entered = follows(db, "seal_use_entered", "paper", "INSERT", ENTER, "NEW.kind IN ('sealed_pdf', 'scan')")
    for statement in (COLUMN, *GONE[is_postgresql(db)], *entered):
        db.execute_sql(statement)
