"""The institution's own certificate for signing mails to the desk."""

from peewee import CharField, DateField, ForeignKeyField

from webapp.register.content import Content
from webapp.register.database import Row
from webapp.register.institution import in_force


class OfficeCertificate(Row):
    """The certificate of an office's address whose key lies on the institution's token; one at a time."""

    content = ForeignKeyField(Content, column_name="sha256", backref="+")
    mail = CharField()
    since_on = DateField()
    until_on = DateField(null=True)

    class Meta:
        table_name = "office_certificate"

    @classmethod
    def here(cls):
        """The one in force, or None."""
        return cls.select().where(in_force(cls) & cls.until_on.is_null()).first()
