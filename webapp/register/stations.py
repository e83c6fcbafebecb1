"""Signing stations: the devices with a card, how they were paired to a person, and what is asked of them."""

from peewee import CharField, ForeignKeyField, IntegerField, TextField

from webapp import clock
from webapp.register.applications import Application
from webapp.register.content import Content
from webapp.register.database import InstantField, JSONField, Row
from webapp.register.institution import in_force
from webapp.register.people import Account, Person, PersonRole

OPEN = ("prepared", "offered", "claimed", "returned")  # the states from which a job may still come to its end
WAITING = ("prepared", "offered")  # those in which a station may open it


class Station(Row):
    """A device paired to a person. `device_key`: its raw Ed25519 public key, base64; `owner`: the person's name as it was
    then, which the device keeps too; `address`: from where it was seen last."""

    person = ForeignKeyField(Person, backref="stations")
    owner = TextField()
    device_key = CharField()
    host = TextField()
    os_user = TextField()
    version = TextField()
    paired_at = InstantField()
    seen_at = InstantField()
    address = CharField()
    revoked_at = InstantField(null=True)
    revoked_by = ForeignKeyField(Person, null=True, backref="+")

    @classmethod
    def of(cls, person):
        """The stations of a person that were not revoked, the newest first."""
        return list(cls.select().where((cls.person == person) & cls.revoked_at.is_null()).order_by(-cls.id))

    @classmethod
    def left_behind(cls):
        """The stations in force of people who hold no role any more or have no open account."""
        at_work = PersonRole.select(PersonRole.person).where(in_force(PersonRole))
        with_account = Account.select(Account.person).where(Account.closed_at.is_null())
        gone = cls.person.not_in(at_work) | cls.person.not_in(with_account)
        return list(cls.select().where(cls.revoked_at.is_null() & gone))


class Pairing(Row):
    """A device that asks to be paired. Both codes are kept as codes.hashed only; `person` is whoever typed the user code."""

    device_key = CharField()
    host = TextField()
    os_user = TextField()
    version = TextField()
    address = CharField()
    user_code_hash = CharField()
    number_hash = CharField()
    state = CharField()  # pending, paired, denied
    begun_at = InstantField()
    expires_at = InstantField()
    polled_at = InstantField(null=True)
    person = ForeignKeyField(Person, null=True, backref="+")
    station = ForeignKeyField(Station, null=True, backref="+")

    @property
    def is_open(self):
        return self.state == "pending" and self.expires_at > clock.now()

    @classmethod
    def under(cls, user_code_hash):
        """The open pairing with this code, or None."""
        is_open = (cls.state == "pending") & (cls.expires_at > clock.now())
        return cls.select().where((cls.user_code_hash == user_code_hash) & is_open).first()

    @classmethod
    def begun_since(cls, since, address=None):
        """How many were begun since an instant, from one address or from anywhere."""
        found = cls.select().where(cls.begun_at > since)
        return (found.where(cls.address == address) if address is not None else found).count()


class PairingMiss(Row):
    """A code that a person typed wrong while pairing."""

    person = ForeignKeyField(Person, backref="+")
    at = InstantField()

    class Meta:
        table_name = "pairing_miss"


class StationNonce(Row):
    """A signed request that was taken; the same one is not taken again."""

    station = ForeignKeyField(Station, backref="+")
    nonce = CharField()
    at = InstantField()

    class Meta:
        table_name = "station_nonce"

    @classmethod
    def take(cls, station, nonce, now, keep):
        """Whether a request's nonce is new; older ones than `keep` (a timedelta) are forgotten."""
        cls.delete().where(cls.at < now - keep).execute()
        return bool(cls.insert(station=station, nonce=nonce, at=now).on_conflict_ignore().as_rowcount().execute())


class StationJob(Row):
    """One thing asked of a person's stations. `payload`: canonical JSON of tokens.station.payloads; `session_sha256`: the
    digest of the secret of the browser session that asked; `told`: what the result said of itself; `spent_at`: when a
    sign-in let somebody in. A sign-in for a name that nobody has belongs to nobody."""

    handle = CharField(unique=True)  # how stations call it
    kind = CharField()
    state = CharField()
    person = ForeignKeyField(Person, null=True, backref="+")
    application = ForeignKeyField(Application, null=True, backref="station_jobs")
    version = IntegerField()  # of the application's form
    title = TextField()
    payload = TextField()
    document = ForeignKeyField(Content, null=True, column_name="document_sha256")
    asked_at = InstantField()
    expires_at = InstantField()
    address = CharField()
    session_sha256 = CharField()
    code_hash = CharField()
    misses = IntegerField()  # match codes that were tried, the right one not counted
    station = ForeignKeyField(Station, null=True, backref="+")
    nonce = CharField(null=True)  # of the envelope
    claimed_at = InstantField(null=True)
    ended_at = InstantField(null=True)
    sentence = TextField()  # how it ended, where that needs words
    told = JSONField(null=True)
    spent_at = InstantField(null=True)

    class Meta:
        table_name = "station_job"

    @property
    def is_open(self):
        return self.state in OPEN

    def move(self, since, state, **columns):
        """Bring the job from one of the states `since` to another, once: whether it was this caller who did."""
        columns |= {"state": state}
        is_there = (StationJob.id == self.id) & StationJob.state.in_(since)
        if not StationJob.update(**columns).where(is_there).execute():
            return False
        self.__data__.update(StationJob.get_by_id(self.id).__data__)
        return True

    @classmethod
    def end_overdue(cls, now):
        """What was not done in its time is over."""
        overdue = cls.state.in_(OPEN) & (cls.expires_at <= now)
        if (
            cls.select().where(overdue).exists()
        ):  # asked twice a second while a station waits: most often there is nothing
            cls.update(state="expired", ended_at=now).where(overdue).execute()

    @classmethod
    def waiting_for(cls, person, limit):
        """What a person's stations may open, the oldest first."""
        waits = (cls.person == person) & cls.state.in_(WAITING)
        return list(cls.select().where(waits).order_by(cls.id).limit(limit))

    @classmethod
    def open_about(cls, application, person, kind):
        """The open jobs of a kind that a person has asked for about an application."""
        return list(
            cls.select().where(
                (cls.application == application) & (cls.person == person) & (cls.kind == kind) & cls.state.in_(OPEN)
            )
        )

    @classmethod
    def open_lists(cls, person):
        """The open jobs about several applications that a person has asked for."""
        return list(cls.select().where((cls.person == person) & (cls.kind == "seal_list") & cls.state.in_(OPEN)))

    @classmethod
    def signing_in(cls, session_sha256):
        """The newest sign-in that a browser session asked for, or None."""
        asked = (cls.session_sha256 == session_sha256) & (cls.kind == "sign_in")
        return cls.select().where(asked).order_by(-cls.id).first()

    @classmethod
    def sign_ins_from(cls, address, within):
        """How many sign-ins were asked for from an address lately."""
        since = clock.now() - within
        asked = (cls.kind == "sign_in") & (cls.address == address) & (cls.asked_at > since)
        return cls.select().where(asked).count()


class StationJobItem(Row):
    """One application of a job about several. `state`: open (nothing has come), returned (the result is being checked), done,
    failed (it was not taken) or left (the station did not sign it); `sentence` says why."""

    job = ForeignKeyField(StationJob, backref="items")
    place = IntegerField()  # from 0, as the station names it
    application = ForeignKeyField(Application, backref="+")
    version = IntegerField()  # of the application's form
    document = ForeignKeyField(Content, column_name="document_sha256")
    state = CharField()
    sentence = TextField()

    class Meta:
        table_name = "station_job_item"

    @classmethod
    def of(cls, job):
        """Those of a job, in their order."""
        return list(cls.select().where(cls.job == job).order_by(cls.place))

    def move(self, since, state, sentence=""):
        """Bring the item from the state `since` to another, once: whether it was this caller who did."""
        is_there = (StationJobItem.id == self.id) & (StationJobItem.state == since)
        return bool(StationJobItem.update(state=state, sentence=sentence).where(is_there).execute())
