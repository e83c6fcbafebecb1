"""Forced replacement (一斉置き換え): so many certificates must be replaced by a day. How each stands is read from the register."""

from peewee import JOIN, SQL, Case, DateField, ForeignKeyField, TextField, fn

from webapp import clock
from webapp.procedure import Stage
from webapp.register.applications import Application
from webapp.register.certificates import Certificate
from webapp.register.database import InstantField, JSONField, Row
from webapp.register.people import Department, Person

_ENDED = (Stage.WITHDRAWN.value, Stage.REFUSED.value)
DONE = ("replaced", "in_use", "ended")


class Campaign(Row):
    """`summary` is empty until it is closed: then {standing: how many}."""

    title = TextField()
    reason = TextField()
    due_on = DateField()
    opened_at = InstantField()
    opened_by = ForeignKeyField(Person, backref="+")
    closed_at = InstantField(null=True)
    closed_by = ForeignKeyField(Person, null=True, backref="+")
    summary = JSONField()

    @property
    def days_left(self):
        return (self.due_on - clock.today()).days

    @property
    def status(self):
        if self.closed_at:
            return "終了"
        return "実施中" if self.days_left >= 0 else "期限超過"


class CampaignItem(Row):
    campaign = ForeignKeyField(Campaign, backref="items")
    certificate = ForeignKeyField(Certificate, backref="campaign_items")

    class Meta:
        table_name = "campaign_item"

    @classmethod
    def tally(cls, campaign, person=None):
        """[(standing, stage of the renewal or None, count)] of all items, or of one person's, in one query."""
        standing, stage = standing_of(), Case(None, ((standing_of() == "under_way", Renewal.stage),), None)
        query = _joined(cls.select(standing, stage, fn.COUNT(cls.id)), campaign)
        query = query.where(Certificate.subscriber == person) if person else query
        return list(query.group_by(SQL("1"), SQL("2")).tuples())

    @classmethod
    def listed(cls, campaign):
        """Items as a query, each with certificate, person, department, the renewal (`certificate.replacement`) and `.standing`; those
        whom nobody is responsible for first, then by person."""
        columns = (cls, Certificate, Person, Department, Renewal, standing_of().alias("standing"))
        return (
            _joined(cls.select(*columns), campaign)
            .switch(Certificate)
            .join(Person, JOIN.LEFT_OUTER, on=(Certificate.subscriber == Person.id))
            .switch(Certificate)
            .join(Department, JOIN.LEFT_OUTER, on=(Certificate.department == Department.id))
        )

    @classmethod
    def missing(cls, campaign):
        """(person id, how many) of those who have not yet the new one in use, as a query; None is nobody."""
        return (
            _joined(cls.select(Certificate.subscriber, fn.COUNT(cls.id)), campaign)
            .where(standing_of().not_in(DONE))
            .group_by(Certificate.subscriber)
            .order_by(Certificate.subscriber)
            .tuples()
        )

    @classmethod
    def of(cls, person):
        """What this person still has to replace in campaigns that are open, as (campaign id, how many)."""
        return list(
            _joined(cls.select(cls.campaign, fn.COUNT(cls.id)), None)
            .where((Certificate.subscriber == person) & standing_of().not_in(DONE))
            .group_by(cls.campaign)
            .tuples()
        )


Renewal = Application.alias("renewal")


def _joined(query, campaign):
    """The query with the certificate of each item and the newest application that is to replace it and goes on."""
    inner = Application.alias("newest")
    newest = inner.select(fn.MAX(inner.id)).where((inner.replaces == Certificate.id) & inner.stage.not_in(_ENDED))
    query = query.join(Certificate).join(Renewal, JOIN.LEFT_OUTER, on=(Renewal.id == newest), attr="replacement")
    if campaign is None:
        return query.join_from(CampaignItem, Campaign).where(Campaign.closed_at.is_null())
    return query.where(CampaignItem.campaign == campaign)


def standing_of():
    """How an item stands: replaced (the new one is in use, the old one over), in_use (the new one is, the old one still
    valid), under_way, ended (the old one is over, and nobody replaces it), nobody (is responsible), not_begun."""
    earlier, successor = Application.alias("earlier"), Certificate.alias("successor")
    is_replaced = fn.EXISTS(
        successor.select(successor.id)
        .join(earlier, on=(successor.application == earlier.id))
        .where((earlier.replaces == Certificate.id) & successor.accepted_at.is_null(False))
    )
    is_over = Certificate.revoked_at.is_null(False) | (Certificate.not_after <= clock.now())
    return Case(
        None,
        (
            (is_replaced & is_over, "replaced"),
            (is_replaced, "in_use"),
            (Renewal.id.is_null(False), "under_way"),
            (is_over, "ended"),
            (Certificate.subscriber.is_null(), "nobody"),
        ),
        "not_begun",
    )


def replaceable(issuer, department, spki_sha256, issued_since, issued_until, ends_since, ends_until):
    """The row numbers of certificates as a query: issuer DN containing words, of a department (row number), with a key,
    issued and ending within instants (from, up to and without); what is empty or None does not narrow."""
    conditions = (
        (issuer, Certificate.issuer.contains(issuer)),
        (department, Certificate.department == department),
        (spki_sha256, Certificate.spki_sha256 == spki_sha256),
        (issued_since, Certificate.not_before >= issued_since),
        (issued_until, Certificate.not_before < issued_until),
        (ends_since, Certificate.not_after >= ends_since),
        (ends_until, Certificate.not_after < ends_until),
    )
    query = Certificate.select(Certificate.id)
    for given, condition in conditions:
        query = query.where(condition) if given else query
    return query


def place_of():
    """The order of a campaign's list, and the key of its pages: (person id, or 0 for nobody; item id)."""
    return fn.COALESCE(Certificate.subscriber, 0), CampaignItem.id
