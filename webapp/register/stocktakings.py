"""棚卸し: one row a year, and one for each certificate that was valid when it was opened.

Who is to answer is never kept: whoever is responsible for the certificate now. One that was revoked or has expired
unanswered has fallen away.
"""

from peewee import JOIN, SQL, BooleanField, Case, CharField, DateField, ForeignKeyField, TextField, fn

from webapp import clock
from webapp.register.certificates import Certificate
from webapp.register.content import Content
from webapp.register.database import InstantField, Row
from webapp.register.papers import KeyPair
from webapp.register.people import Department, Person


class Stocktaking(Row):
    """`report` is what was found when it was closed (JSON, see acts/stocktaking_report.py), signed off by its SHA-256."""

    name = CharField(unique=True)  # 2026年度
    due_on = DateField()
    opened_at = InstantField()
    opened_by = ForeignKeyField(Person, backref="+")
    closed_at = InstantField(null=True)
    closed_by = ForeignKeyField(Person, null=True, backref="+")
    report = ForeignKeyField(Content, null=True, column_name="report_sha256")
    signed_off_at = InstantField(null=True)
    signed_off_by = ForeignKeyField(Person, null=True, backref="+")

    @classmethod
    def open_now(cls):
        """The one that is open, or None."""
        return cls.select().where(cls.closed_at.is_null()).first()

    @property
    def days_left(self):
        """Days until the day by which everybody shall have answered; negative after it."""
        return (self.due_on - clock.today()).days

    @property
    def status(self):
        if self.signed_off_at:
            return "承認済"
        if self.closed_at:
            return "承認待ち"
        return "確認中" if self.days_left >= 0 else "期限超過"


class StocktakingItem(Row):
    """One certificate in one 棚卸し; `subscriber` was responsible when it was opened, `answered_for` when it was answered.
    States: waiting, confirmed, discrepancy (then one of the five answers is no; settled by an officer with words)."""

    stocktaking = ForeignKeyField(Stocktaking, backref="items")
    certificate = ForeignKeyField(Certificate, backref="stocktaking_items")
    subscriber = ForeignKeyField(Person, null=True, backref="+")
    state = CharField()
    is_person_right = BooleanField(null=True)
    is_post_right = BooleanField(null=True)
    is_purpose_right = BooleanField(null=True)
    is_in_use = BooleanField(null=True)
    is_token_at_hand = BooleanField(null=True)
    note = TextField()
    answered_at = InstantField(null=True)
    answered_by = ForeignKeyField(Person, null=True, backref="+")
    answered_for = ForeignKeyField(Person, null=True, backref="+")
    is_on_behalf = BooleanField()
    settled_at = InstantField(null=True)
    settled_by = ForeignKeyField(Person, null=True, backref="+")
    settlement = TextField()

    class Meta:
        table_name = "stocktaking_item"

    @property
    def standing(self):
        """waiting, fallen, confirmed, discrepancy or settled, as `standing_of` says it in SQL."""
        if self.state == "waiting":
            return "waiting" if self.certificate.is_valid else "fallen"
        if self.state == "discrepancy":
            return "settled" if self.settled_at or not self.certificate.is_valid else "discrepancy"
        return "confirmed"

    @property
    def is_handed_over(self):
        """Whether somebody else is responsible now than when it was opened."""
        return self.subscriber_id != self.certificate.subscriber_id

    @classmethod
    def open_in(cls, stocktaking):
        """Write an item for every certificate valid at this moment, in one statement; returns how many."""
        now = clock.now()
        valid = Certificate.select(
            stocktaking.id, Certificate.id, Certificate.subscriber, "waiting", "", False, ""
        ).where(is_valid(now))
        fields = (
            cls.stocktaking,
            cls.certificate,
            cls.subscriber,
            cls.state,
            cls.note,
            cls.is_on_behalf,
            cls.settlement,
        )
        cls.insert_from(valid, fields).execute()
        return cls.select(fn.COUNT(cls.id)).where(cls.stocktaking == stocktaking).scalar()

    @classmethod
    def listed(cls, stocktaking=None):
        """Items as a query, each with its certificate, the department, the key and who is responsible now."""
        query = (
            cls.select(cls, Certificate, Person, Department, KeyPair)
            .join(Certificate)
            .join(Person, JOIN.LEFT_OUTER, on=(Certificate.subscriber == Person.id))
            .switch(Certificate)
            .join(Department, JOIN.LEFT_OUTER, on=(Certificate.department == Department.id))
            .switch(Certificate)
            .join(KeyPair, JOIN.LEFT_OUTER, on=(Certificate.key_pair == KeyPair.id))
        )
        return query.where(cls.stocktaking == stocktaking) if stocktaking else query

    @classmethod
    def waiting_for(cls, person, stocktaking):
        """What this person still has to answer, as a query."""
        waiting = (Certificate.subscriber == person) & (cls.state == "waiting") & is_valid(clock.now())
        return cls.listed(stocktaking).where(waiting)

    @classmethod
    def tally(cls, stocktaking):
        """[(department id or None, standing, count)] of all items, in one query."""
        standing = standing_of()
        return list(
            cls.select(Certificate.department, standing, fn.COUNT(cls.id))
            .join(Certificate)
            .where(cls.stocktaking == stocktaking)
            .group_by(SQL("1"), SQL("2"))
            .tuples()
        )

    @classmethod
    def missing(cls, stocktaking):
        """(person id, how many) of those who have not answered, as a query; None is nobody."""
        return (
            cls.select(Certificate.subscriber, fn.COUNT(cls.id))
            .join(Certificate)
            .where((cls.stocktaking == stocktaking) & (cls.state == "waiting") & is_valid(clock.now()))
            .group_by(Certificate.subscriber)
            .order_by(Certificate.subscriber)
            .tuples()
        )

    @classmethod
    def exported(cls, stocktaking):
        """All items, one after the other: (管理名称, serial, department, person, standing, the five answers, note, answered at,
        answered by, on behalf, settlement)."""
        by = Person.alias("answering")
        answers = (cls.is_person_right, cls.is_post_right, cls.is_purpose_right, cls.is_in_use, cls.is_token_at_hand)
        said = (cls.note, cls.answered_at, by.name, cls.is_on_behalf, cls.settlement)
        return (
            cls.select(
                Certificate.title, Certificate.serial, Department.name, Person.name, standing_of(), *answers, *said
            )
            .join(Certificate)
            .join(Person, JOIN.LEFT_OUTER, on=(Certificate.subscriber == Person.id))
            .switch(Certificate)
            .join(Department, JOIN.LEFT_OUTER, on=(Certificate.department == Department.id))
            .join_from(cls, by, JOIN.LEFT_OUTER, on=(cls.answered_by == by.id))
            .where(cls.stocktaking == stocktaking)
            .order_by(cls.id)
            .tuples()
            .iterator()
        )

    @classmethod
    def unsettled(cls):
        """What somebody reported and no officer has dealt with, the oldest first (the state is no parameter: the partial
        index is used)."""
        waiting = (cls.state == SQL("'discrepancy'")) & cls.settled_at.is_null() & is_valid(clock.now())
        return cls.listed().where(waiting).order_by(cls.id)


def is_valid(now):
    """The condition that a certificate is neither revoked nor expired."""
    return Certificate.revoked_at.is_null() & (Certificate.not_after > now)


def standing_of():
    """StocktakingItem.standing, asked of the database."""
    item, valid = StocktakingItem, is_valid(clock.now())
    return Case(
        None,
        (
            ((item.state == "waiting") & valid, "waiting"),
            (item.state == "waiting", "fallen"),
            (item.state == "confirmed", "confirmed"),
            (item.settled_at.is_null() & valid, "discrepancy"),
        ),
        "settled",
    )
