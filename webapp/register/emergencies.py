"""Whom the institution tells when a key is compromised."""

from peewee import DateField, TextField

from webapp.register.database import Row
from webapp.register.institution import in_force


class EmergencyContact(Row):
    """`office`: CSIRT, CISO, 夜間受付 …; a mail address or a telephone number, or both."""

    office = TextField()
    name = TextField()
    mail = TextField()
    phone = TextField()
    since_on = DateField()
    until_on = DateField(null=True)

    class Meta:
        table_name = "emergency_contact"

    @classmethod
    def in_force(cls):
        return list(cls.select().where(in_force(cls)).order_by(cls.id))
