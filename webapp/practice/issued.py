"""The certificates that the desk has issued: found by serial and by key, revoked once."""

import datetime
import hashlib

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


class Issued:
    """The table of certificates in the desk's store. Serials are lower-case hex without leading zeros."""

    def __init__(self, store):
        self.store = store

    def record(self, certificate, case_id, mails):
        """Notes an issued certificate and whom to tell of its revocation."""
        row = (
            f"{certificate.serial_number:x}",
            case_id,
            certificate.subject.rfc4514_string(),
            spki_sha256(certificate.public_key()),
            certificate.public_bytes(Encoding.DER),
            " ".join(mails),
            certificate.not_valid_after_utc.isoformat(),
        )
        sql = "INSERT INTO certificate (serial, case_id, subject, spki_sha256, der, mails, not_after) VALUES (?, ?, ?, ?, ?, ?, ?)"
        self.store.write(sql, *row)

    def knows_key(self, spki) -> bool:
        """Whether a certificate for the key of that SPKI digest (hex) was issued before, revoked or not."""
        return bool(self.store.one("SELECT 1 FROM certificate WHERE spki_sha256 = ?", spki))

    def find(self, written):
        """The row of the certificate whose serial is `written` (hex or decimal, as people write it), revoked or not, or
        None."""
        rows = (self.store.one("SELECT * FROM certificate WHERE serial = ?", serial) for serial in _readings(written))
        return next((row for row in rows if row), None)

    def standing(self, written):
        """The same, but None if the certificate is revoked."""
        row = self.find(written)
        return row if row and row["revoked_at"] is None else None

    def with_serial(self, serial):
        """The row of the certificate with that serial (int), or None."""
        return self.store.one("SELECT * FROM certificate WHERE serial = ?", f"{serial:x}")

    def revoke(self, serial, when, reason):
        """Marks the certificate revoked. `reason` is a number of RFC 5280 §5.3.1."""
        sql = "UPDATE certificate SET revoked_at = ?, reason = ? WHERE serial = ? AND revoked_at IS NULL"
        self.store.write(sql, when.isoformat(), reason, serial)

    def revoked(self) -> list:
        """(serial int, aware datetime, reason int) of every revoked certificate."""
        rows = self.store.all("SELECT serial, revoked_at, reason FROM certificate WHERE revoked_at IS NOT NULL")
        moment = datetime.datetime.fromisoformat
        return [(int(row["serial"], 16), moment(row["revoked_at"]), row["reason"]) for row in rows]


def spki_sha256(public_key) -> str:
    """SHA-256 of the DER SubjectPublicKeyInfo, hex."""
    return hashlib.sha256(public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def _readings(written):
    digits = written.lower().replace("0x", "").replace(":", "").replace(" ", "").lstrip("0")
    readings = [digits]
    if digits.isascii() and digits.isdigit():
        readings.append(f"{int(digits):x}")
    return readings
