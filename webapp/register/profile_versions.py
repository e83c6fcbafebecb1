"""The CA profiles as they were from time to time: an application keeps the version under which it was opened."""

from peewee import CharField, ForeignKeyField, IntegerField, TextField

from webapp.register.database import InstantField, Row
from webapp.register.people import Person


class ProfileVersion(Row):
    """One text (TOML) of the profile `name`, numbered from 1; `person` added it, or None where it came with the package."""

    name = CharField()
    number = IntegerField()
    sha256 = CharField()
    text = TextField()
    at = InstantField()
    person = ForeignKeyField(Person, null=True, backref="+")

    class Meta:
        table_name = "profile_version"

    @classmethod
    def all_of(cls, name):
        """The versions of a profile, newest first."""
        return list(cls.select().where(cls.name == name).order_by(-cls.number))

    @classmethod
    def newest(cls, name):
        """The newest version of a profile, or None."""
        return cls.select().where(cls.name == name).order_by(-cls.number).first()

    @classmethod
    def names(cls):
        """The names of all profiles of which a version is kept, sorted."""
        return [row.name for row in cls.select(cls.name).distinct().order_by(cls.name)]
