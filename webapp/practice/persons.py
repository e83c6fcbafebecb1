"""The certificates of persons that the practice authority has issued, for mail and to sign in with. Unlike a real authority it
may take a revocation back, so that a training can be repeated with the same card."""

from datetime import datetime

MAIL, SIGN_IN = "mail", "sign_in"
PURPOSES = {MAIL: "電子メールと申請書への署名(S/MIME)", SIGN_IN: "サインイン(クライアント認証)"}
REASON = 1  # keyCompromise, as for a card that is lost


class Persons:
    """The table of persons' certificates in the desk's store. Serials are lower-case hex without leading zeros."""

    def __init__(self, store):
        self.store = store

    def record(self, certificate, mail, purpose, now):
        """Notes an issued certificate."""
        row = (f"{certificate.serial_number:x}", mail, purpose, now.isoformat())
        sql = "INSERT INTO person_certificate (serial, mail, purpose, issued_at, not_after) VALUES (?, ?, ?, ?, ?)"
        self.store.write(sql, *row, certificate.not_valid_after_utc.isoformat())

    def all(self) -> list:
        """The rows, newest first."""
        return self.store.all("SELECT * FROM person_certificate ORDER BY issued_at DESC, rowid DESC")

    def revoke(self, serial, when) -> bool:
        """Marks a certificate revoked; whether there was one to revoke."""
        sql = "UPDATE person_certificate SET revoked_at = ? WHERE serial = ? AND revoked_at IS NULL"
        return bool(self.store.write(sql, when.isoformat(), serial))

    def restore(self, serial) -> bool:
        """Takes a revocation back; whether there was one."""
        sql = "UPDATE person_certificate SET revoked_at = NULL WHERE serial = ? AND revoked_at IS NOT NULL"
        return bool(self.store.write(sql, serial))

    def revoked(self) -> list:
        """(serial int, aware datetime, reason int) of every revoked certificate."""
        rows = self.store.all("SELECT serial, revoked_at FROM person_certificate WHERE revoked_at IS NOT NULL")
        return [(int(row["serial"], 16), datetime.fromisoformat(row["revoked_at"]), REASON) for row in rows]
