"""Mails that came from outside, and the shared mailbox that they came through."""

from peewee import BigIntegerField, BooleanField, CharField, ForeignKeyField, IntegerField, TextField, fn

from webapp.procedure import Stage
from webapp.register.applications import Application
from webapp.register.content import Content
from webapp.register.database import InstantField, JSONField, Row
from webapp.register.people import Person


class IncomingMail(Row):
    """A mail as it came, and what was read in it. `person` dropped it (None: it came through the mailbox). `ties`
    [[application id, how it was tied], …]; `application` is the one that is meant, once that is clear. `attachments`
    [[name, type, size, sha256], …]; `signature` {} or {state, sentence, mails}; `warnings` are said in red. `kind` and
    `why`: what it seems to be and by which words. `outcome`: the act it led to, or why it was put aside."""

    application = ForeignKeyField(Application, null=True, backref="incoming")
    person = ForeignKeyField(Person, null=True, backref="+")
    content = ForeignKeyField(Content, column_name="sha256")
    message_id = CharField()
    name = TextField()
    size = IntegerField()
    came_at = InstantField()
    sent_at = InstantField(null=True)
    sender = TextField()
    sender_name = TextField()
    subject = TextField()
    text = TextField()
    attachments = JSONField()
    notes = JSONField()
    warnings = JSONField()
    signature = JSONField()
    ties = JSONField()
    kind = CharField()
    why = TextField()
    is_of_desk = BooleanField()
    state = CharField()  # waiting, settled, dismissed
    outcome = TextField()
    settled_at = InstantField(null=True)
    settled_by = ForeignKeyField(Person, null=True, backref="+")

    class Meta:
        table_name = "incoming_mail"

    @classmethod
    def known(cls, sha256, message_id):
        """The mail that came before with these bytes or under this Message-ID, or None."""
        same = cls.sha256 == sha256
        if message_id:
            same |= cls.message_id == message_id
        return cls.select().where(same).order_by(cls.id).first()

    @classmethod
    def waiting(cls):
        """Mails that nobody has settled and whose application, if it is known, still waits for the CA; oldest first."""
        at_desk = Application.select(Application.id).where(Application.stage == Stage.SENT.value)
        is_open = cls.application.is_null() | cls.application.in_(at_desk)
        return cls.select().where((cls.state == "waiting") & is_open).order_by(cls.id)

    @classmethod
    def telling(cls):
        """Those waiting that concern the office: of the desk, pointing to an application, or with a workbook, which may be
        somebody's filled form."""
        has_form = fn.LOWER(cls.attachments.cast("TEXT")).contains(".xls")
        return cls.waiting().where(cls.is_of_desk | cls.application.is_null(False) | (cls.ties != "[]") | has_form)

    @classmethod
    def waiting_for(cls, application):
        """The newest such mail of an application, or None."""
        return cls.waiting().where(cls.application == application).order_by(-cls.id).first()

    @classmethod
    def of(cls, application):
        """All mails of an application but those put aside, newest first."""
        return list(cls.select().where((cls.application == application) & (cls.state != "dismissed")).order_by(-cls.id))


class Mailbox(Row):
    """A folder of a mail server and how far it was read (RFC 9051: UIDs count up while UIDVALIDITY stays)."""

    place = TextField(unique=True)  # user@host:port/folder
    validity = CharField()
    last_uid = BigIntegerField()
    asked_at = InstantField(null=True)
    read_at = InstantField(null=True)  # when it went well last
    trouble = TextField()  # what went wrong since, or ""
    advice = TextField()
    troubled_since = InstantField(null=True)
