"""Applications that came by mail (届いた申請): what was read in them, and their files as received."""

from peewee import BlobField, BooleanField, CharField, ForeignKeyField, IntegerField, TextField

from webapp.register import content
from webapp.register.applications import Application
from webapp.register.content import Content
from webapp.register.database import InstantField, JSONField, Row
from webapp.register.people import Person


class Arrival(Row):
    """What came, once: `fingerprint` is over the forms and CSRs in it. `person` dropped it; `sender` and the like are empty
    where files came without their mail. `entries`: what the form says, without the ZIP password; `lists_documents`
    whether the form has a place for the documents agreed to. `faults`: [[sentence, advice]] that kept it from being read."""

    fingerprint = CharField(unique=True)
    person = ForeignKeyField(Person, backref="+")
    came_at = InstantField()
    sender = TextField()
    sender_name = TextField()
    subject = TextField()
    sent_at = InstantField(null=True)
    notes = JSONField()
    faults = JSONField()
    signature = JSONField()
    kind = CharField()  # issue, revoke, unknown
    lists_documents = BooleanField()
    entries = JSONField()
    zip_password = BlobField(null=True)
    state = CharField()  # read, registered, dismissed
    reason = TextField(default="")
    settled_at = InstantField(null=True)
    settled_by = ForeignKeyField(Person, null=True, backref="+")
    application = ForeignKeyField(Application, null=True, backref="+")

    def password(self):
        """The ZIP password that the form says, or an empty string."""
        return content.decrypt(self.zip_password, self.fingerprint.encode()).decode() if self.zip_password else ""

    @classmethod
    def of(cls, application):
        return cls.get_or_none(cls.application == application)


class ArrivalFile(Row):
    """One file as it came; all are kept encrypted, because a form may carry the password."""

    arrival = ForeignKeyField(Arrival, backref="files")
    name = TextField()
    size = IntegerField()
    kind = CharField()  # form, csr, mail, other
    content = ForeignKeyField(Content, column_name="sha256", backref="+")

    class Meta:
        table_name = "arrival_file"
