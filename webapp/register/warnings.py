"""Warnings about an application that an officer has accepted."""

from peewee import CharField, ForeignKeyField, IntegerField, TextField

from webapp.register.applications import Application
from webapp.register.database import InstantField, Row
from webapp.register.people import Person


class WarningAcceptance(Row):
    """One finding that stands although it is so: of one version of the form, bound to what the finding said then."""

    application = ForeignKeyField(Application, backref="accepted_warnings")
    version = IntegerField()
    rule = CharField()
    severity = CharField()  # "warning": the database takes no other
    fingerprint = CharField()
    sentence = TextField()
    reason = TextField()
    accepted_at = InstantField()
    accepted_by = ForeignKeyField(Person, backref="+")

    class Meta:
        table_name = "warning_acceptance"

    @classmethod
    def of(cls, application):
        """{fingerprint: row} for the present version of the form."""
        mine = (cls.application == application) & (cls.version == application.version)
        rows = cls.select(cls, Person).join(Person).where(mine).order_by(cls.id)
        return {row.fingerprint: row for row in rows}
