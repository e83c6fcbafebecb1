"""Who has been reminded of a 棚卸し or of a forced replacement, and who is still to get the letter."""

from peewee import ForeignKeyField, Select

from webapp import clock
from webapp.register.campaigns import Campaign, CampaignItem
from webapp.register.certificates import Certificate
from webapp.register.database import InstantField, Row
from webapp.register.people import Person
from webapp.register.stocktakings import Stocktaking, StocktakingItem


class Reminder(Row):
    """That a person was to be reminded; the worker writes the letter and says when."""

    stocktaking = ForeignKeyField(Stocktaking, null=True, backref="+")
    campaign = ForeignKeyField(Campaign, null=True, backref="+")
    person = ForeignKeyField(Person, backref="+")
    asked_at = InstantField()
    written_at = InstantField(null=True)

    @classmethod
    def ask(cls, row, since):
        """Write one for everybody who has something left to do in a Stocktaking or Campaign and was not asked after the
        instant `since`, in one statement, however many they are; returns how many."""
        column, items = _of(row)
        recent = cls.select(cls.person).where((column == row) & (cls.asked_at > since))
        someone = Certificate.subscriber.is_null(False) & Certificate.subscriber.not_in(recent)
        missing = items.missing(row).where(someone).order_by().alias("missing")
        now = cls.asked_at.db_value(clock.now())
        people = Select([missing], [row.id, missing.c.subscriber_id, now])
        before = cls._count(column, row)
        cls.insert_from(people, (column, cls.person, cls.asked_at)).execute()
        return cls._count(column, row) - before

    @classmethod
    def _count(cls, column, row):
        return cls.select().where(column == row).count()

    @classmethod
    def newest(cls, row):
        """When somebody was last asked about a Stocktaking or Campaign, or None."""
        column, _ = _of(row)
        last = cls.select(cls.asked_at).where(column == row).order_by(-cls.id).first()
        return last.asked_at if last else None

    @classmethod
    def unwritten(cls, row, count):
        """The first `count` of a Stocktaking or Campaign whose letters are still to be written."""
        column, _ = _of(row)
        waiting = (column == row) & cls.written_at.is_null()
        return list(cls.select(cls, Person).join(Person).where(waiting).order_by(cls.id).limit(count))

    @classmethod
    def left_for(cls, row, people):
        """{person id: how many certificates of a Stocktaking or Campaign they still have to do something about}."""
        _, items = _of(row)
        return dict(items.missing(row).where(Certificate.subscriber.in_(people)))


def _of(row):
    """(the column that names a Stocktaking or a Campaign, the table of its items)"""
    if isinstance(row, Stocktaking):
        return Reminder.stocktaking, StocktakingItem
    return Reminder.campaign, CampaignItem
