"""The rows of an invented register of any size: people, certificates, their applications, revocations and events.

Everything follows from the number of certificates and the day: the same call gives the same rows (but for the
key of the mould and so the hashes). Instants are
microseconds since 1970 UTC, days ISO texts; the columns are those of migration 0002 and stay as they are.
"""

import hashlib
import json
import random
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests import ca
from tests.ca import Authority
from webapp.papers import certificate

PERSONS, DEPARTMENTS, OFFICERS, HEADS = 300, 40, 6, 2
YEARS, LIFE = 10, timedelta(days=459)
SUBJECT = (
    ("C", "JP"),
    ("ST", "Tokyo"),
    ("L", "Chiyoda-ku"),
    ("O", "Shinsei University"),
    ("CN", "Shinsei University"),
)
DAY = 86_400_000_000
THINGS = "計測ソフト 学内ポータル 図書検索 実験装置制御 出席管理 成績入力 解析ライブラリ 観測データ収集 教材配布 端末設定".split()
PLACES = "工学部 理学部 医学部 農学部 文学部 法学部 経済学部 教育学部 附属病院 図書館".split()
UNITS = "計測工学研究室 物理学科 情報係 事務室".split()
FAMILIES = "佐々木 中村 加藤 吉田 山田 松本 井上 木村 林 清水 斎藤 山口 森 池田 橋本 阿部 石川 前田 藤田 後藤".split()
NAMES = "太郎 花 健一 美咲 誠 恵子 直樹 由美 大輔 香織 修 陽子 徹 真理 剛".split()
# act, days after the application began; the last five of each follow the case to its end
ISSUED = (
    ("open", 0), ("describe", 0.1), ("attach_csr", 0.2), ("consent", 0.3), ("submit", 1), ("check_identity", 2),
    ("check_identity", 2.1), ("examine", 2.2), ("seal", 5), ("dispatch_by_hand", 6), ("take_delivery", 18),
    ("hand_out", 19), ("accept", 20),
)  # fmt: skip
REVOKED = (
    ("open", 0), ("give_reason", 0.1), ("submit", 0.2), ("examine", 1), ("stamp", 1.1), ("dispatch_by_hand", 1.2),
    ("note_completion", 4), ("confirm", 4.1),
)  # fmt: skip

# What the events of an act say; of an invented register it is always the same.
FACTS = {
    "submit": {"version": 1, "mark": "0123456789abcdef"},
    "consent": {"documents": ["コードサイニング証明書の管理について"]},
    "check_identity": {"aspect": "identity", "result": "confirmed", "method": "対面", "checked_on": "2026-04-01"},
    "take_delivery": {"serial": "5a"},
}


class Rows:
    """What stands in a register of `count` certificates on a day (date). `told`: for how many of the newest
    certificates the events are written."""

    def __init__(self, count, today, told):
        self.count, self.told = count, told
        self.random = random.Random(count)
        self.end = _instant(today)
        self.mould = Mould()
        self.numbers = {}
        self.applications, self.revocations, self.events = [], [], []

    def people(self):
        """{table: (columns, rows)} of departments, persons and what belongs to them."""
        departments = [(n + 1, f"{PLACES[n // 4]} {UNITS[n % 4]}") for n in range(DEPARTMENTS)]
        ids = range(1, PERSONS + 1)
        since = "2010-04-01"
        role = ["officer"] * OFFICERS + ["head"] * HEADS + ["subscriber"] * (PERSONS - OFFICERS - HEADS)
        return {
            "department": (("id", "name"), departments),
            "person": (("id", "name", "phone"), [(n, _name(n), f"03-5500-{1000 + n}") for n in ids]),
            "person_mail": (
                ("person_id", "mail", "since_on"),
                [(n, f"person{n}@shinsei.example", since) for n in ids],
            ),
            "person_department": (
                ("person_id", "department_id", "since_on"),
                [(n, _department_of(n), since) for n in ids],
            ),
            "person_role": (
                ("person_id", "role", "title", "since_on"),
                [(n, role[n - 1], "", since) for n in ids],
            ),
        }

    def certificates(self):
        """(content row, certificate row) one by one, the oldest first; what belongs to each is kept beside in
        `applications`, `revocations` and `events`."""
        for n in range(self.count):
            yield self._certificate(n)
        for row in self._open_applications():
            self.applications.append(row)

    def _certificate(self, n):
        rng = self.random
        span = YEARS * 365 * DAY
        received = self.end - span + span * (n + 1) // (self.count + 1)
        begins = received - DAY
        begins -= begins % 1_000_000
        subscriber = rng.randrange(OFFICERS + HEADS + 1, PERSONS + 1)
        department = _department_of(subscriber)
        title = f"{rng.choice(THINGS)}配布用 {n + 1}"
        purpose = f"{rng.choice(THINGS)}の配布"
        is_imported = rng.random() < 0.1
        is_renewal = not is_imported and rng.random() < 0.055
        earlier = self._ending_at(n) if is_renewal else None
        application = None
        if not is_imported:
            occasion = "continue" if earlier else "first"
            application = self._applied(n, received, title, purpose, department, subscriber, occasion, earlier)
        revoking = revoked = reason = None
        if rng.random() < 0.03:
            revoked = min(received + rng.randrange(30, 400) * DAY, self.end - DAY)
            reason = rng.choice((0, 1, 3, 4, 5))
            revoking = self._revoked(n, revoked, reason, title, department, subscriber)
        der, serial, spki = self.mould.cast(rng, begins)
        sha256 = hashlib.sha256(der).hexdigest()
        certificate = (
            n + 1, application, sha256, self.mould.chain, spki, self.mould.issuer_sha256, serial, self.mould.subject,
            self.mould.issuer, begins, begins + LIFE // timedelta(microseconds=1), received, "[]",
            "imported" if is_imported else "delivered", title, purpose, department, subscriber, received + 2 * DAY,
            revoking, revoked, reason,
        )  # fmt: skip
        return (sha256, der, len(der), False), certificate

    def _ending_at(self, n):
        """The number of a certificate that ends about when the n-th begins, or None: what a renewal replaces."""
        return max(n + 1 - self.count * LIFE.days // (YEARS * 365) + self.random.randrange(5), 0) or None

    CERTIFICATE = (
        "id", "application_id", "sha256", "chain", "spki_sha256", "issuer_sha256", "serial", "subject",
        "issuer", "not_before", "not_after", "received_at", "findings",
        "origin", "title", "purpose", "department_id", "subscriber_id", "accepted_at",
        "revoking_id", "revoked_at", "revocation_reason",
    )  # fmt: skip
    APPLICATION = (
        "id", "number", "kind", "stage", "stage_since_at", "came_by", "version", "occasion", "title", "purpose",
        "created_at", "department_id", "applicant_id", "subscriber_id", "officer_id", "head_id", "examiner_id",
        "sealer_id", "replaces_id", "target_id",
    )  # fmt: skip
    REVOCATION = ("application_id", "reason", "comment", "compromised_at", "noticed_at", "completed_at")
    EVENT = ("at", "act", "object_id", "person_id")

    def _applied(self, n, received, title, purpose, department, subscriber, occasion, earlier):
        ended = received + 2 * DAY
        began = ended - 20 * DAY
        officer, head = self._staff()
        row = ("issue", "in_use", ended, "accept", 1, occasion, title, purpose, began, department, subscriber, subscriber,
               officer, head, officer, head, earlier, None)  # fmt: skip
        return self._filed(row, n, ISSUED, began, subscriber, officer)

    def _revoked(self, n, revoked, reason, title, department, subscriber):
        began = revoked - 4 * DAY
        officer, head = self._staff()
        row = ("revoke", "confirmed", began + int(4.1 * DAY), "confirm", 1, "revoke", title, "", began, department,
               subscriber, subscriber, officer, head, officer, head, None, n + 1)  # fmt: skip
        application = self._filed(row, n, REVOKED, began, subscriber, officer)
        times = (began - DAY, began) if reason == 1 else (None, None)
        self.revocations.append((application, reason, "利用を終えました。", *times, revoked))
        return application

    def _filed(self, row, n, story, began, subscriber, officer):
        application = len(self.applications) + 1
        self.applications.append((application, self._number(began), *row))
        if n >= self.count - self.told:
            theirs = ("open", "describe", "attach_csr", "consent", "submit", "accept", "give_reason")
            self.events += [
                (began + int(days * DAY), act, application, subscriber if act in theirs else officer)
                for act, days in story
            ]
        return application

    def _open_applications(self):
        """What is under way, and what ended without a certificate: one of each kind for every hundred certificates,
        but no more than a house of this size can have open at once."""
        for stage, came_by, most in (
            ("draft", "open", 150),
            ("submitted", "submit", 60),
            ("examined", "examine", 60),
            ("sealed", "seal", 40),
            ("sent", "dispatch_by_hand", 150),
            ("withdrawn", "withdraw", self.count),
            ("refused", "refuse", self.count),
        ):
            for n in range(min(most, max(3, self.count // 100))):
                began = self.end - (n % 25 + 1) * DAY - n * 60_000_000
                subscriber = self.random.randrange(OFFICERS + HEADS + 1, PERSONS + 1)
                officer, head = self._staff()
                title, purpose = f"{THINGS[n % 10]}配布用 申請中{n + 1}", f"{THINGS[n % 10]}の配布"
                examiner = None if stage in ("draft", "submitted", "withdrawn") else officer
                sealer = head if stage in ("sealed", "sent", "refused") else None
                yield (
                    len(self.applications) + 1, self._number(began), "issue", stage, began + DAY // 2, came_by, 1,
                    "first", title, purpose, began, _department_of(subscriber), subscriber, subscriber, officer, head,
                    examiner, sealer, None, None,
                )  # fmt: skip

    def _staff(self):
        return self.random.randrange(1, OFFICERS + 1), OFFICERS + self.random.randrange(1, HEADS + 1)

    def _number(self, instant):
        year = (datetime(1970, 1, 1, 9) + timedelta(microseconds=instant)).year
        self.numbers[year] = self.numbers.get(year, 0) + 1
        return f"CS-{year}-{self.numbers[year]:04d}"


class Mould:
    """A real certificate whose serial number, days and RSA modulus are changed in place: it reads as a certificate of
    its own, only the CA's signature is not over it."""

    def __init__(self):
        authority = Authority()
        made = authority.code_signing(rsa.generate_private_key(65537, 3072).public_key(), SUBJECT, serial=0x7A << 120)
        self.der = ca.der(made)
        self.contents = [ca.der(authority.issuing), ca.der(authority.root)]
        self.chain = json.dumps([hashlib.sha256(der).hexdigest() for der in self.contents])
        read = certificate.read(self.der)
        self.issuer_sha256, self.subject, self.issuer = read.issuer_sha256, str(read.subject), str(read.issuer)
        self._find(made)

    def _find(self, made):
        spki = made.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        modulus = made.public_key().public_numbers().n.to_bytes(384, "big")
        self.serial_at = self.der.index(bytes([2, 16]) + made.serial_number.to_bytes(16, "big")) + 2
        self.begins_at = self.der.index(made.not_valid_before_utc.strftime("%y%m%d%H%M%SZ").encode())
        self.ends_at = self.der.index(made.not_valid_after_utc.strftime("%y%m%d%H%M%SZ").encode(), self.begins_at + 13)
        self.modulus_at = self.der.index(modulus)
        self.spki_at, self.spki_size = self.der.index(spki), len(spki)

    def cast(self, rng, begins):
        """(DER, serial as lower-case hex, SHA-256 of the SPKI) of one more certificate that begins at an instant."""
        start = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=begins)
        serial = b"\x5a" + rng.randbytes(15)
        der = bytearray(self.der)
        der[self.serial_at : self.serial_at + 16] = serial
        der[self.begins_at : self.begins_at + 13] = _utc_time(start)
        der[self.ends_at : self.ends_at + 13] = _utc_time(start + LIFE)
        der[self.modulus_at + 1 : self.modulus_at + 383] = rng.randbytes(382)
        spki = hashlib.sha256(der[self.spki_at : self.spki_at + self.spki_size]).hexdigest()
        return bytes(der), serial.hex(), spki


def _utc_time(instant):
    return b"%02d%02d%02d%02d%02d%02dZ" % (
        instant.year % 100,
        instant.month,
        instant.day,
        instant.hour,
        instant.minute,
        instant.second,
    )


def _name(n):
    return f"{FAMILIES[n % len(FAMILIES)]} {NAMES[n // len(FAMILIES) % len(NAMES)]}"


def _department_of(person):
    return person % DEPARTMENTS + 1


def _instant(day):
    return int(datetime(day.year, day.month, day.day, 12, tzinfo=UTC).timestamp()) * 1_000_000
