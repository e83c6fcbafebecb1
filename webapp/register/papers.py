"""Papers of a case: key pairs, CSRs, forms as they were frozen, files as received, letters as sent."""

from peewee import BooleanField, CharField, ForeignKeyField, IntegerField, TextField

from webapp.register.applications import Application
from webapp.register.content import Content
from webapp.register.database import InstantField, JSONField, Row
from webapp.register.form_templates import FormTemplate
from webapp.register.people import Person


class KeyPair(Row):
    """A key pair on the institution's token: planned before it is made, so that a second try finds the first key."""

    application = ForeignKeyField(Application, backref="key_pairs")
    cka_id = CharField(unique=True)  # hex
    algorithm = CharField()
    label = TextField()
    planned_at = InstantField()
    made_at = InstantField(null=True)
    spki_sha256 = CharField(null=True)
    token_label = TextField(null=True)
    token_serial = TextField(null=True)
    token_model = TextField(null=True)
    attributes = JSONField(null=True)  # as read back: {"LOCAL": true, "NEVER_EXTRACTABLE": true, …}

    class Meta:
        table_name = "key_pair"


class Csr(Row):
    """A CSR of an application; the one that is not dropped is in force."""

    application = ForeignKeyField(Application, backref="csrs")
    content = ForeignKeyField(Content, column_name="sha256")
    spki_sha256 = CharField()
    subject = TextField()
    key_pair = ForeignKeyField(KeyPair, null=True)
    attached_at = InstantField()
    attached_by = ForeignKeyField(Person, backref="+")
    dropped_at = InstantField(null=True)

    @classmethod
    def in_force(cls, application):
        return cls.select().where((cls.application == application) & cls.dropped_at.is_null()).first()


class ApplicationForm(Row):
    """The values of a 発行申請書 or 失効申請書 as submitted: `entries` without the password, `mark` printed on every page."""

    application = ForeignKeyField(Application, backref="forms")
    version = IntegerField()
    mark = CharField()
    entries = JSONField()
    written_at = InstantField()
    made_at = InstantField(null=True)  # when xlsx and PDF lay in the register
    template = ForeignKeyField(FormTemplate, null=True)  # None: our specimen
    printed = ForeignKeyField(Content, column_name="printed_sha256", null=True, backref="+")  # saved from Excel

    class Meta:
        table_name = "application_form"

    @classmethod
    def current(cls, application):
        return cls.select().where((cls.application == application) & (cls.version == application.version)).first()


class Paper(Row):
    """One file of a case. Kinds: form_xlsx, form_pdf, picture, masked_picture, sealed_pdf, scan, packet, delivery,
    completion (the CA's mail about a revocation)."""

    application = ForeignKeyField(Application, backref="papers")
    kind = CharField()
    version = IntegerField()
    page = IntegerField(default=0)
    name = TextField()
    media_type = CharField()
    size = IntegerField()
    content = ForeignKeyField(Content, column_name="sha256")
    carries_password = BooleanField(default=False)
    at = InstantField()
    person = ForeignKeyField(Person, null=True)
    report = JSONField(null=True)  # what was checked: [[sentence, result, detail], …]

    @classmethod
    def newest(cls, application, kind, version=None):
        """The newest paper of a kind, of this version of the form (the application's own when not given), or None."""
        return (
            cls.select()
            .where(
                (cls.application == application)
                & (cls.kind == kind)
                & (cls.version == (application.version if version is None else version))
            )
            .order_by(-cls.id)
            .first()
        )

    @classmethod
    def sealed(cls, application):
        """The sealed PDF of the present version, signed or stamped, or None."""
        return cls.newest(application, "sealed_pdf") or cls.newest(application, "scan")

    @classmethod
    def pictures(cls, application, is_masked):
        """Those of the newest PDF of the form."""
        kind, pdf = "masked_picture" if is_masked else "picture", cls.newest(application, "form_pdf")
        return list(
            cls.select()
            .where((cls.application == application) & (cls.kind == kind) & (cls.version == application.version))
            .where(cls.id > (pdf.id if pdf else 0))
            .order_by(cls.page)
        )


class Intake(Row):
    """A file as it came from outside, kept before anybody looks into it."""

    application = ForeignKeyField(Application, backref="intakes")
    purpose = CharField()  # sealed_pdf, scan, delivery, completion
    name = TextField()
    size = IntegerField()
    content = ForeignKeyField(Content, column_name="sha256")
    received_at = InstantField()
    person = ForeignKeyField(Person)
    state = CharField()  # received, taken, refused
    sentence = TextField()


class Letter(Row):
    """A mail of ours, its bytes fixed when it was written. `purpose` notice, packet or trial; states: waiting,
    posting (claimed; DATA may have begun), posted, unknown (no answer after DATA), refused, by_hand, cancelled."""

    application = ForeignKeyField(Application, null=True, backref="letters")
    purpose = CharField()
    message_id = CharField(unique=True)
    recipients = JSONField()
    subject = TextField()
    content = ForeignKeyField(Content, column_name="sha256")
    written_at = InstantField()
    state = CharField()
    answer = TextField()
    posted_at = InstantField(null=True)
    version = IntegerField(null=True)

    @property
    def is_under_way(self):
        return self.state in ("waiting", "posting")

    @classmethod
    def newest_trial(cls):
        """The newest test letter, or None."""
        return cls.select().where(cls.purpose == "trial").order_by(-cls.id).first()

    @classmethod
    def packet(cls, application):
        """The newest packet letter of an application that was not called off, or None."""
        return (
            cls.select()
            .where((cls.application == application) & (cls.purpose == "packet") & (cls.state != "cancelled"))
            .order_by(-cls.id)
            .first()
        )
