"""Certificates as delivered, and the challenges by which a key proves that it belongs to one."""

from peewee import BlobField, CharField, ForeignKeyField, TextField

from webapp.register.applications import Application
from webapp.register.content import Content
from webapp.register.database import InstantField, JSONField, Row
from webapp.register.papers import KeyPair
from webapp.register.people import Person


class Certificate(Row):
    """A delivered code-signing certificate. `serial` is lower-case hex, unique together with the issuer's DER hash."""

    application = ForeignKeyField(Application, backref="certificates")
    content = ForeignKeyField(Content, column_name="sha256", unique=True)
    chain = JSONField()  # the SHA-256 of the other certificates, the issuer first
    spki_sha256 = CharField()
    issuer_sha256 = CharField()
    serial = CharField()
    subject = TextField()
    issuer = TextField()
    not_before = InstantField()
    not_after = InstantField()
    key_pair = ForeignKeyField(KeyPair, null=True)
    received_at = InstantField()
    findings = JSONField()

    @property
    def proof(self):
        """The newest challenge that was met, or None: the key has not been shown to work."""
        return (
            Challenge.select()
            .where((Challenge.certificate == self) & Challenge.met_at.is_null(False))
            .order_by(-Challenge.id)
            .first()
        )

    @classmethod
    def of(cls, application):
        return cls.select().where(cls.application == application).order_by(-cls.id).first()


class Challenge(Row):
    """A fresh nonce (hex, 32 bytes) for one certificate; met once by a signature with its key, and then evidence."""

    certificate = ForeignKeyField(Certificate, backref="challenges")
    nonce = CharField(unique=True)
    set_at = InstantField()
    met_at = InstantField(null=True)
    signature = BlobField(null=True)
    mechanism = CharField(null=True)
    token_label = TextField(null=True)
    token_serial = TextField(null=True)
    person = ForeignKeyField(Person, null=True)
