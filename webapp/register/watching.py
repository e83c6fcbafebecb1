"""Who was told of what and when, the daily run that tells, and calendars that people subscribe to."""

from datetime import timedelta

from peewee import CharField, DateField, ForeignKeyField, IntegerField, TextField, fn

from webapp import clock
from webapp.register.database import InstantField, Row, database
from webapp.register.institution import in_force
from webapp.register.papers import Letter
from webapp.register.people import Account, Person, PersonRole

LEASE = timedelta(minutes=10)
_AT_ONCE = 500  # rows of one INSERT


class Watch(Row):
    """The daily round that finds what is due, one for each day, and so the heartbeat. `reminders` were new, `letters`
    were written, `untold` had nobody who could be told. The round of a worker that died is taken over when its lease
    has run out."""

    day = DateField(unique=True)
    began_at = InstantField()
    lease_until = InstantField()
    ended_at = InstantField(null=True)
    reminders = IntegerField(default=0)
    letters = IntegerField(default=0)
    untold = IntegerField(default=0)
    failed = TextField(default="")  # the sources that could not be asked

    @classmethod
    def claim(cls, now):
        """The round of the Japanese day of `now` if it is for this worker to do, else None; `is_new` says that nobody has
        begun it before."""
        day = clock.day_of(now)
        row = cls.get_or_none(cls.day == day)
        if row is None:
            values = {"day": day, "began_at": now, "lease_until": now + LEASE}
            with database.atomic():
                begun = cls.insert(**values).on_conflict_ignore().as_rowcount().execute()
        elif row.ended_at is None and row.lease_until < now:
            begun = (
                cls.update(lease_until=now + LEASE)
                .where((cls.id == row.id) & (cls.lease_until == row.lease_until) & cls.ended_at.is_null())
                .execute()
            )
        else:
            return None
        if not begun:
            return None
        watch = cls.get(cls.day == day)
        watch.is_new = row is None
        return watch

    def end(self, **counted):
        """Note that the round came to its end, and what it counted; returns False when it had come to it before."""
        values = {"ended_at": clock.now(), **counted}
        self.__data__.update(values)
        return bool(Watch.update(**values).where((Watch.id == self.id) & Watch.ended_at.is_null()).execute())

    @classmethod
    def newest(cls):
        """The newest round that came to its end, or None. One of a day to come was made by a clock that went wrong."""
        ended = cls.ended_at.is_null(False) & (cls.day <= clock.today())
        return cls.select().where(ended).order_by(-cls.day).first()


class Digest(Row):
    """The one mail of reminders to a person on a day. `refused_at`: when the mail server would not take it."""

    person = ForeignKeyField(Person, backref="digests")
    day = DateField()
    letter = ForeignKeyField(Letter, null=True, unique=True)
    refused_at = InstantField(null=True)

    @classmethod
    def claim(cls, person, day):
        """A new digest of this day, in the caller's transaction, or None when the person has one already."""
        if not cls.insert(person=person, day=day).on_conflict_ignore().as_rowcount().execute():
            return None
        return cls.get((cls.person == person) & (cls.day == day))

    @classmethod
    def was_refused(cls, person, since):
        """Whether the newest digest to a person since a day was one that the mail server refused."""
        newest = cls.select().where((cls.person == person) & (cls.day >= since)).order_by(-cls.day).first()
        return newest is not None and newest.refused_at is not None


class Told(Row):
    """Somebody is to be told once of what `key` names: written when it falls due, and with a digest when it was told.
    `responsible` is who should act, where that is another person (absent, gone) or nobody."""

    person = ForeignKeyField(Person, backref="told")
    key = TextField()
    responsible = ForeignKeyField(Person, null=True, backref="+")
    due_on = DateField()
    sentence = TextField()
    brief = TextField()  # what it is called in a calendar
    note = TextField()
    path = TextField()
    digest = ForeignKeyField(Digest, null=True, backref="told")

    @classmethod
    def handled(cls, keys):
        """{(key, number of who is responsible, or None)} of those of these keys that somebody was told or is to be told."""
        rows = cls.select(cls.key, cls.responsible).where(cls.key.in_(keys))
        return set(rows.tuples())

    @classmethod
    def add(cls, rows):
        """Write rows (dicts) that are not there yet; returns how many were new."""
        return sum(
            cls.insert_many(rows[n : n + _AT_ONCE]).on_conflict_ignore().as_rowcount().execute()
            for n in range(0, len(rows), _AT_ONCE)
        )

    @classmethod
    def forget_waiting(cls):
        cls.delete().where(cls.digest.is_null()).execute()

    @classmethod
    def waiting(cls, person, day):
        """What a person is still to be told, as three queries: what was due before a day, on it, and after it."""
        waits = cls.select().where((cls.person == person) & cls.digest.is_null()).order_by(cls.due_on, cls.id)
        return waits.where(cls.due_on < day), waits.where(cls.due_on == day), waits.where(cls.due_on > day)

    @classmethod
    def tell(cls, person, digest):
        """All that waits for a person was told by this digest."""
        cls.update(digest=digest).where((cls.person == person) & cls.digest.is_null()).execute()

    @classmethod
    def people_to_tell(cls):
        waiting = cls.select(fn.DISTINCT(cls.person)).where(cls.digest.is_null())
        return list(Person.select().where(Person.id.in_(waiting)).order_by(Person.id))


class CalendarFeed(Row):
    """A calendar that one person subscribes to under a secret address, which is kept as its SHA-256 only."""

    person = ForeignKeyField(Person, backref="feeds")
    secret_sha256 = CharField(unique=True)
    opened_at = InstantField()
    closed_at = InstantField(null=True)

    class Meta:
        table_name = "calendar_feed"

    @classmethod
    def open_for(cls, person):
        """The feed that a person has open, or None."""
        return cls.select().where((cls.person == person) & cls.closed_at.is_null()).first()

    @classmethod
    def left_behind(cls):
        """Open feeds of people who hold no role any more or whose account was closed, each with its person."""
        at_work = PersonRole.select(PersonRole.person).where(in_force(PersonRole))
        with_account = Account.select(Account.person).where(Account.closed_at.is_null())
        gone = cls.person.not_in(at_work) | cls.person.not_in(with_account)
        return list(cls.select(cls, Person).join(Person).where(cls.closed_at.is_null() & gone))

    @classmethod
    def under(cls, secret_sha256):
        """The open feed with this secret whose person still works here and has an account, or None."""
        feed = (
            cls.select(cls, Person)
            .join(Person)
            .join(Account, on=(Account.person == Person.id))
            .where((cls.secret_sha256 == secret_sha256) & cls.closed_at.is_null() & Account.closed_at.is_null())
            .first()
        )
        return feed if feed is not None and feed.person.roles() else None
