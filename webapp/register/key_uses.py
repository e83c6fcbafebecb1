"""Approvals by a second person of one use of somebody's key on the institution's token."""

from peewee import ForeignKeyField

from webapp.register.applications import Application
from webapp.register.database import InstantField, Row
from webapp.register.people import Person


class KeyUse(Row):
    """One use that `approved_by` allows to `asked_by`, whose key it is; spent with `used_at`."""

    application = ForeignKeyField(Application, backref="key_uses")
    asked_by = ForeignKeyField(Person, backref="+")
    approved_by = ForeignKeyField(Person, backref="+")
    approved_at = InstantField()
    used_at = InstantField(null=True)

    class Meta:
        table_name = "key_use"

    @classmethod
    def open_of(cls, application):
        """The approval that is not spent yet, or None."""
        return cls.select().where((cls.application == application) & cls.used_at.is_null()).first()

    def spend(self, now):
        """Note that it was used. False if somebody else has used it meanwhile."""
        unspent = (KeyUse.id == self.id) & KeyUse.used_at.is_null()
        return bool(KeyUse.update(used_at=now).where(unspent).execute())
