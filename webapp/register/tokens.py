"""トークン台帳: cards, USB tokens and HSMs, who holds them, which keys lie on them, and how a key is said to be kept."""

from dataclasses import dataclass
from functools import reduce
from operator import or_

from peewee import JOIN, CharField, DateField, ForeignKeyField, IntegerField, TextField, fn

from webapp import clock
from webapp.procedure import Role
from webapp.register.applications import Application
from webapp.register.certificates import Certificate, Challenge
from webapp.register.database import InstantField, JSONField, Row
from webapp.register.institution import in_force
from webapp.register.notifications import Evidence
from webapp.register.papers import KeyPair
from webapp.register.people import Account, Person, PersonRole

_OFFICE = {Role.OFFICER, Role.HEAD, Role.AUDITOR}


class Token(Row):
    """One device. `serial` as the device itself says it (PKCS#11), empty when unknown; `status_on`: the day on which the
    certification (scheme, level, number) was last looked up. `holder` answers for it now."""

    label = TextField()
    kind = CharField()  # card, usb, hsm, soft
    manufacturer = TextField()
    model = TextField()
    serial = TextField()
    firmware = TextField()
    scheme = CharField()  # FIPS140-2, FIPS140-3, CC, none
    level = TextField()
    number = TextField()
    status_on = DateField(null=True)
    holder = ForeignKeyField(Person, null=True, backref="tokens")
    place = TextField()
    entered_at = InstantField()
    entered_by = ForeignKeyField(Person, backref="+")
    lost_on = DateField(null=True)
    lost_at = InstantField(null=True)
    lost_by = ForeignKeyField(Person, null=True, backref="+")
    disposed_on = DateField(null=True)
    disposal = TextField(default="")  # how
    witness = TextField(default="")

    @property
    def state(self):
        """The one word for how it stands now."""
        if self.disposed_on:
            return "廃棄"
        return "紛失" if self.lost_on else "使用中"

    @property
    def is_at_hand(self):
        return self.disposed_on is None and self.lost_on is None

    def is_seen_by(self, person):
        """Officers, heads and auditors; whoever holds it or is to confirm that it was received."""
        is_mine = self.holder_id == person.id
        return bool(person.roles() & _OFFICE) or is_mine or TokenHandover.waiting(self, person) is not None

    @classmethod
    def seen_by(cls, person):
        """The tokens a person may see, as a query with the holder joined."""
        query = cls.select(cls, Person).join(Person, JOIN.LEFT_OUTER, on=(cls.holder == Person.id))
        if person.roles() & _OFFICE:
            return query
        waiting = TokenHandover.select(TokenHandover.token).where(
            TokenHandover.is_open(), TokenHandover.receiver == person
        )
        return query.where((cls.holder == person) | cls.id.in_(waiting))

    @classmethod
    def of(cls, certificate):
        """The token on which the key of a certificate lies as far as the ledger knows, or None: where the key pair was
        made, where the newest proof was given, what the application says."""
        return cls.of_key(certificate.key_pair, certificate.proof) or cls.declared(certificate.application_id)

    @classmethod
    def of_key(cls, *places):
        """The token whose serial a KeyPair or a Challenge names, the first that the ledger knows, or None."""
        for place in places:
            if place is not None and place.token_serial and (row := cls.with_serial(place.token_serial)):
                return row
        return None

    @classmethod
    def with_serial(cls, serial):
        return cls.select().where(cls.serial == serial.strip(), cls.serial != "").order_by(-cls.id).first()

    @classmethod
    def declared(cls, application_id):
        row = KeyProtection.newest(application_id) if application_id else None
        return row.token if row else None

    @classmethod
    def is_lost_with(cls, certificate):
        """Whether the key of a certificate lay on a token that was lost: then it stays blocked."""
        lost = (row for row in cls.select().where(cls.lost_on.is_null(False)))
        return any(row.certificates().where(Certificate.id == certificate.id).exists() for row in lost)

    def certificates(self, person=None):
        """The certificates whose key lies on it, as a query; of those only which a person may see."""
        query = Certificate.seen_by(person) if person else Certificate.select()
        return query.where(Certificate.id.in_(self._certificate_ids()))

    def _certificate_ids(self):
        """By the key pair that was made on it, by its public key, by the proof that it gave, by what the newest record
        of an application says."""
        later = KeyProtection.alias()
        is_newest = ~fn.EXISTS(
            later.select().where((later.application == KeyProtection.application) & (later.id > KeyProtection.id))
        )
        found = (
            Certificate.select(Certificate.id)
            .join(KeyProtection, on=(KeyProtection.application == Certificate.application))
            .where(KeyProtection.token == self, is_newest)
        )
        if not self.serial:
            return found
        made = Certificate.select(Certificate.id).join(KeyPair, on=(Certificate.key_pair == KeyPair.id))
        alike = Certificate.select(Certificate.id).join(KeyPair, on=(Certificate.spki_sha256 == KeyPair.spki_sha256))
        proven = Challenge.select(Challenge.certificate).where(
            Challenge.token_serial == self.serial, Challenge.met_at.is_null(False)
        )
        here = KeyPair.token_serial == self.serial
        return found | made.where(here) | alike.where(here) | proven

    def key_pairs(self):
        """The key pairs that were made on it, with their applications, the newest first, as a query."""
        return (
            KeyPair.select(KeyPair, Application)
            .join(Application)
            .where(KeyPair.token_serial == self.serial, KeyPair.token_serial != "", KeyPair.made_at.is_null(False))
            .order_by(-KeyPair.id)
        )

    @classmethod
    def unchecked_since(cls, day):
        """Those at hand whose certification was last looked up before a day, as a query."""
        return (
            cls.select().where(cls.status_on < day, cls.disposed_on.is_null(), cls.lost_on.is_null()).order_by(cls.id)
        )

    @classmethod
    def left_behind(cls, day):
        """Those not disposed of whose holder has no role on a day any more, or a closed account, as a query with the
        holder joined."""
        holds = PersonRole.select().where((PersonRole.person == cls.holder) & in_force(PersonRole, day))
        closed = Account.select().where((Account.person == cls.holder) & Account.closed_at.is_null(False))
        gone = ~fn.EXISTS(holds) | fn.EXISTS(closed)
        query = cls.select(cls, Person).join(Person, on=(cls.holder == Person.id))
        return query.where(cls.disposed_on.is_null(), gone).order_by(cls.id)


class TokenHandover(Row):
    """A token that went from one person to another; the receiver says so too, and only then holds it."""

    token = ForeignKeyField(Token, backref="handovers")
    giver = ForeignKeyField(Person, null=True, backref="+")
    receiver = ForeignKeyField(Person, backref="+")
    on_day = DateField()
    note = TextField()
    entered_at = InstantField()
    entered_by = ForeignKeyField(Person, backref="+")
    confirmed_at = InstantField(null=True)
    withdrawn_at = InstantField(null=True)

    class Meta:
        table_name = "token_handover"

    @classmethod
    def is_open(cls):
        return cls.confirmed_at.is_null() & cls.withdrawn_at.is_null()

    @classmethod
    def open_of(cls, token):
        return cls.select().where(cls.token == token, cls.is_open()).first()

    @classmethod
    def unconfirmed(cls):
        """Those that nobody has confirmed, with token and receiver, as a query."""
        query = cls.select(cls, Token, Person).join(Token).switch(cls).join(Person, on=(cls.receiver == Person.id))
        return query.where(cls.is_open()).order_by(cls.id)

    @classmethod
    def waiting(cls, token, person):
        """The hand-over that this person is to confirm, or None."""
        return cls.select().where(cls.token == token, cls.is_open(), cls.receiver == person).first()


class KeyProtection(Row):
    """How the key of an application is kept (CSBR 6.2.7.4.2, `method` 1…7): on a token of the ledger or as `words` say,
    shown on a day, before a witness, by a file. `attestation`: what was read from it, {is_verified, sentence,
    spki_sha256, …}. Rows are added, never changed; the newest counts."""

    application = ForeignKeyField(Application, backref="key_protections")
    method = IntegerField()
    token = ForeignKeyField(Token, null=True, backref="key_protections")
    words = TextField()
    witness = TextField()
    shown_on = DateField()
    evidence = ForeignKeyField(Evidence, null=True, backref="+")
    attestation = JSONField(null=True)
    noted_at = InstantField()
    noted_by = ForeignKeyField(Person, backref="+")

    class Meta:
        table_name = "key_protection"

    @classmethod
    def newest(cls, application):
        return cls.select().where(cls.application == application).order_by(-cls.id).first()


@dataclass(frozen=True)
class TokenListing:
    """The tokens that a person may see and that fit all conditions, the newest first."""

    person: object
    conditions: tuple = ()

    def page(self, size, after=None):
        """(rows, is there more) of ids below `after`."""
        query = self._query() if after is None else self._query().where(Token.id < after)
        rows = list(query.limit(size + 1))
        return rows[:size], len(rows) > size

    def ids(self, most):
        return [row.id for row in self._query().limit(most)]

    def rows(self, ids):
        for at in range(0, len(ids), 500):
            yield from Token.seen_by(self.person).where(Token.id.in_(ids[at : at + 500])).order_by(-Token.id)

    def _query(self):
        query = Token.seen_by(self.person)
        return (query.where(*self.conditions) if self.conditions else query).order_by(-Token.id)


def with_words(text):
    """The condition that label, model, serial, certificate number, place or holder contain a text."""
    columns = (Token.label, Token.manufacturer, Token.model, Token.serial, Token.number, Token.place, Person.name)
    return reduce(or_, (column.contains(text) for column in columns))


def in_state(name):
    """The condition for a state: at_hand, lost, disposed, unchecked (for 13 months), unconfirmed (hand-over)."""
    at_hand = Token.disposed_on.is_null() & Token.lost_on.is_null()
    return {
        "at_hand": at_hand,
        "lost": Token.lost_on.is_null(False) & Token.disposed_on.is_null(),
        "disposed": Token.disposed_on.is_null(False),
        "unchecked": at_hand & (Token.status_on < months_before(clock.today(), 13)),
        "unconfirmed": Token.id.in_(TokenHandover.select(TokenHandover.token).where(TokenHandover.is_open())),
    }[name]


def months_before(day, count):
    """The same day so many months before; the last of the month where there is none."""
    year, month = divmod(day.year * 12 + day.month - 1 - count, 12)
    for last in range(day.day, 27, -1):
        try:
            return day.replace(year=year, month=month + 1, day=last)
        except ValueError:
            continue
    return day.replace(year=year, month=month + 1)
