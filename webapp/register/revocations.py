"""失効: what a revocation says, and what the world answered when it was asked."""

from peewee import CharField, ForeignKeyField, IntegerField, TextField

from webapp.register.applications import Application
from webapp.register.content import Content
from webapp.register.database import InstantField, Row


class Revocation(Row):
    """The part of an application of kind revoke that only revocations have. `reason` is the code of RFC 5280 §5.3.1."""

    application = ForeignKeyField(Application, unique=True, backref="revocations")
    reason = IntegerField()
    comment = TextField()
    compromised_at = InstantField(null=True)  # the estimated time, for reason 1
    noticed_at = InstantField(null=True)  # when somebody here came to know: the 24-hour clock begins
    completed_at = InstantField(null=True)  # when the CA's 失効完了通知 arrived
    confirmed_by = TextField(null=True)  # "crl", "ocsp", or "word" where an officer vouches for it

    @classmethod
    def of(cls, application):
        return cls.get(cls.application == application)


class StatusAnswer(Row):
    """What a CRL or an OCSP responder said about a case's certificate when it was asked; the signed bytes are kept."""

    application = ForeignKeyField(Application, backref="status_answers")
    kind = CharField()
    url = TextField()
    asked_at = InstantField()
    outcome = CharField()  # revoked, good, unknown, refused (an answer that proves nothing), unreachable
    sentence = TextField()
    content = ForeignKeyField(Content, null=True, column_name="sha256")
    this_update = InstantField(null=True)
    next_update = InstantField(null=True)
    revoked_at = InstantField(null=True)
    reason = IntegerField(null=True)

    class Meta:
        table_name = "status_answer"

    @classmethod
    def newest(cls, application, kind, url):
        """What one address said last about this case, or None."""
        asked = (cls.application == application) & (cls.kind == kind) & (cls.url == url)
        return cls.select().where(asked).order_by(-cls.id).first()
