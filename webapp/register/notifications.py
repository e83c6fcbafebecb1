"""届出: what NII has to be told, by when, and the papers that were sent."""

from peewee import CharField, DateField, ForeignKeyField, IntegerField, TextField

from webapp.register.applications import Application
from webapp.register.content import Content
from webapp.register.database import InstantField, Row
from webapp.register.gates import GateRecord
from webapp.register.people import Person


class Notification(Row):
    """One thing to tell NII. `why` is one line for each change; state open, filed, answered, or not_needed with a
    reason. Each kind but other has one open at a time, to which further changes are added."""

    kind = CharField()
    why = TextField()
    due_on = DateField()
    state = CharField()
    opened_at = InstantField()
    filed_on = DateField(null=True)
    answered_on = DateField(null=True)
    reason = TextField(default="")
    person = ForeignKeyField(Person, null=True, backref="+")  # who filed it, or found it not needed

    @classmethod
    def pending(cls):
        """The open ones, the earliest due first, as a query."""
        return cls.select().where(cls.state == "open").order_by(cls.due_on, cls.id)


class Evidence(Row):
    """A file kept as it came, as proof of a 届出, of a gate's record, or of how the key of an application is kept."""

    notification = ForeignKeyField(Notification, null=True, backref="evidence")
    gate_record = ForeignKeyField(GateRecord, null=True, backref="evidence")
    name = TextField()
    media_type = CharField()
    size = IntegerField()
    content = ForeignKeyField(Content, column_name="sha256")
    at = InstantField()
    person = ForeignKeyField(Person, backref="+")
    application = ForeignKeyField(Application, null=True, backref="evidence")
