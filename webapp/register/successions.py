"""引き継ぎ: who took over from whom, what, and the paper that told the successor."""

import json

from peewee import ForeignKeyField

from webapp.procedure import Role
from webapp.register.applications import Application
from webapp.register.certificates import Certificate
from webapp.register.content import Content
from webapp.register.database import InstantField, Row
from webapp.register.people import Person


class Succession(Row):
    """One person took over from another. The content is the 引継書's values as JSON (UTF-8), as they were then."""

    person = ForeignKeyField(Person, backref="+")  # who hands over
    successor = ForeignKeyField(Person, backref="+")
    by = ForeignKeyField(Person, backref="+")
    at = InstantField()
    content = ForeignKeyField(Content, column_name="sha256")

    def values(self):
        return json.loads(self.content.bytes())

    def is_seen_by(self, person):
        """The two whom it concerns, officers, heads, auditors and administrators."""
        kept = {Role.OFFICER, Role.HEAD, Role.AUDITOR, Role.ADMINISTRATOR}
        return person.id in (self.person_id, self.successor_id) or bool(person.roles() & kept)

    @classmethod
    def with_person(cls, person):
        """Those in which somebody handed over or took over, newest first."""
        return cls.select().where((cls.person == person) | (cls.successor == person)).order_by(-cls.id).limit(50)


class SuccessionItem(Row):
    """One certificate or one application whose responsibility went over."""

    succession = ForeignKeyField(Succession, backref="items")
    certificate = ForeignKeyField(Certificate, null=True, backref="successions")
    application = ForeignKeyField(Application, null=True, backref="successions")

    class Meta:
        table_name = "succession_item"
