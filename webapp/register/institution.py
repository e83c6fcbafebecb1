"""The institution and what it has registered once: names, addresses, methods, documents, anchors."""

from peewee import BlobField, BooleanField, CharField, DateField, ForeignKeyField, IntegerField, TextField

from webapp import clock
from webapp.register.content import Content
from webapp.register.database import Row


class Institution(Row):
    """The one institution of this installation. `environment` is written when the data is created and never again."""

    id = IntegerField(primary_key=True)
    environment = CharField()
    org_code = CharField()  # ASCII, the first part of attachment names
    formal_name = TextField()  # from the 法人 down
    postal_code = CharField()
    head_office = TextField()  # 本部所在地, as registered with the CA
    switchboard = CharField()  # 代表電話番号, as third-party directories list it
    switchboard_checked_on = DateField(null=True)
    country = CharField()
    state = CharField()
    locality = CharField()
    organization = CharField()
    common_name = CharField()
    profile = CharField()
    officer_hours = TextField()  # when the officers can be reached by telephone
    token_label = CharField()  # the token that tokend reaches; empty: none

    @classmethod
    def here(cls):
        return cls.get_by_id(1)

    @classmethod
    def is_set_up(cls):
        return cls.get_or_none() is not None

    @property
    def is_practice(self):
        return self.environment == "demo"

    @property
    def subject(self):
        """The registered DN as (short name, value) in the order of the encoding."""
        return (
            ("C", self.country),
            ("ST", self.state),
            ("L", self.locality),
            ("O", self.organization),
            ("CN", self.common_name),
        )


def in_force(table, day=None):
    """The condition that a row with since_on and until_on holds on a day (today when not given)."""
    day = day or clock.today()
    return (table.since_on <= day) & (table.until_on.is_null() | (table.until_on >= day))


class IdentityMethod(Row):
    """A way in which this institution checks 本人性 (aspect identity) or 実在性 (existence)."""

    aspect = CharField()
    name = TextField()
    since_on = DateField()
    until_on = DateField(null=True)

    class Meta:
        table_name = "identity_method"

    @classmethod
    def offered(cls, aspect):
        return list(cls.select().where((cls.aspect == aspect) & in_force(cls)).order_by(cls.id))


class Document(Row):
    """A document that the applicant must agree to, under one version; `sha256` names the kept copy."""

    name = TextField()
    version = CharField()
    address = TextField()
    content = ForeignKeyField(Content, column_name="sha256", null=True)
    media_type = CharField()
    since_on = DateField()
    until_on = DateField(null=True)

    @classmethod
    def to_agree(cls):
        return list(cls.select().where(in_force(cls)).order_by(cls.id))


class TrustAnchor(Row):
    """A CA certificate this institution trusts: for seals (`use` seal), for signing in with a card (sign_in), for delivered
    certificates (certificate), for key attestations (attestation), or for time stamps (timestamp)."""

    use = CharField()
    name = TextField()
    der = BlobField()
    is_root = BooleanField()
    since_on = DateField()
    until_on = DateField(null=True)

    class Meta:
        table_name = "trust_anchor"

    @classmethod
    def trusted_for(cls, use):
        """(roots, others) as DER bytes."""
        rows = list(cls.select().where((cls.use == use) & in_force(cls)).order_by(cls.id))
        return [bytes(r.der) for r in rows if r.is_root], [bytes(r.der) for r in rows if not r.is_root]
