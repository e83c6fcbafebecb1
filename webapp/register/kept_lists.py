"""The newest list of revoked certificates (CRL) from each address that the profile names for persons' certificates."""

from peewee import CharField, ForeignKeyField, TextField

from webapp.register.content import Content
from webapp.register.database import IN_THE_WAY, InstantField, Row, database


class KeptList(Row):
    """What came of asking `url` last (`outcome` taken, refused or unreachable, and a sentence), and the newest list that was
    ever taken there: its bytes, who signed it and for how long it holds."""

    url = TextField()
    asked_at = InstantField()
    outcome = CharField()
    sentence = TextField()
    content = ForeignKeyField(Content, null=True, column_name="sha256")
    issuer = TextField(default="")
    this_update = InstantField(null=True)
    next_update = InstantField(null=True)
    taken_at = InstantField(null=True)

    class Meta:
        table_name = "kept_list"

    @classmethod
    def at(cls, url):
        """The row of an address, or None before it was asked."""
        return cls.get_or_none(cls.url == url)

    def holds(self, now):
        """Whether there is a list, and it lasts at an instant."""
        return self.next_update is not None and now <= self.next_update

    @staticmethod
    def forget(content):
        """Let a replaced list (Content or None) go unless something else has the same bytes."""
        if content is None:
            return
        try:
            with database.atomic():
                Content.delete().where(Content.sha256 == content.sha256).execute()
        except IN_THE_WAY:
            pass
