"""Certificates as delivered, and the challenges by which a key proves that it belongs to one."""

from functools import reduce
from operator import or_

from peewee import JOIN, BlobField, CharField, ForeignKeyField, IntegerField, TextField

from webapp import clock
from webapp.procedure import Role, Stage
from webapp.register.applications import Application
from webapp.register.content import Content
from webapp.register.database import InstantField, JSONField, Row
from webapp.register.papers import KeyPair
from webapp.register.people import Department, Person


class Certificate(Row):
    """A code-signing certificate of the institution: delivered for an application, or imported because it was issued
    before. `serial` is lower-case hex, unique together with the issuer's DER hash. One imported from a list alone has
    no bytes. Who is responsible, and what for, stands here and may change; the application keeps what was applied for."""

    application = ForeignKeyField(Application, null=True, backref="certificates")
    content = ForeignKeyField(Content, null=True, column_name="sha256", unique=True)
    chain = JSONField()  # the SHA-256 of the other certificates, the issuer first
    spki_sha256 = CharField(null=True)
    issuer_sha256 = CharField()
    serial = CharField()
    subject = TextField()
    issuer = TextField()
    not_before = InstantField()
    not_after = InstantField()
    key_pair = ForeignKeyField(KeyPair, null=True)
    received_at = InstantField()
    findings = JSONField()
    origin = CharField(default="delivered")  # delivered, imported
    title = TextField()  # 管理名称
    purpose = TextField()  # 用途
    department = ForeignKeyField(Department, null=True)
    subscriber = ForeignKeyField(Person, null=True, backref="responsible_for")  # 利用管理者 now
    accepted_at = InstantField(null=True)  # taken into use; an imported one was in use when it came
    revoking = ForeignKeyField(Application, null=True, backref="+")  # the revocation that is under way
    blocked_at = InstantField(null=True)  # the key must not be used any more
    revoked_at = InstantField(null=True)
    revocation_reason = IntegerField(null=True)

    @property
    def number(self):
        """The number of its application, or an empty string for an imported one."""
        return self.application.number if self.application_id else ""

    @property
    def is_expired(self):
        return self.not_after < clock.now()

    @property
    def is_valid(self):
        """Neither revoked nor expired: the world still trusts it."""
        return self.revoked_at is None and not self.is_expired

    @property
    def state(self):
        """The one word for how it stands now."""
        if self.revoked_at:
            return "失効"
        if self.is_expired:
            return "期限切れ"
        if self.revoking_id:
            return "失効手続き中"
        return "利用中" if self.accepted_at else "利用開始前"

    @property
    def days_left(self):
        """Japanese days until the day on which it ends; negative after it."""
        return (clock.day_of(self.not_after) - clock.today()).days

    @property
    def ends_on(self):
        """The Japanese day on which it ends."""
        return clock.day_of(self.not_after)

    @property
    def renewal(self):
        """The application that is to replace it and has not ended without a certificate, the newest, or None."""
        ended = (Stage.WITHDRAWN.value, Stage.REFUSED.value)
        return (
            Application.select()
            .where((Application.replaces == self) & Application.stage.not_in(ended))
            .order_by(-Application.id)
            .first()
        )

    @property
    def successor(self):
        """The certificate in use that replaced this one, or None."""
        return (
            Certificate.select()
            .join(Application, on=(Certificate.application == Application.id))
            .where((Application.replaces == self) & Certificate.accepted_at.is_null(False))
            .order_by(-Certificate.id)
            .first()
        )

    def is_seen_by(self, person):
        """Whoever is responsible, colleagues of its department, officers, heads and auditors; nobody else."""
        roles = person.roles()
        if roles & {Role.OFFICER, Role.HEAD, Role.AUDITOR} or self.subscriber_id == person.id:
            return True
        return Role.SUBSCRIBER in roles and self.department_id in [row.id for row in person.departments()]

    @classmethod
    def seen_by(cls, person):
        """The certificates a person may see, as a query with application, 利用管理者 and department joined."""
        query = (
            cls.select(cls, Application, Person, Department)
            .join(Application, JOIN.LEFT_OUTER, on=(cls.application == Application.id))
            .switch(cls)
            .join(Person, JOIN.LEFT_OUTER, on=(cls.subscriber == Person.id))
            .switch(cls)
            .join(Department, JOIN.LEFT_OUTER, on=(cls.department == Department.id))
            .switch(cls)
        )
        own = cls.own_to(person)
        return query if own is None else query.where(reduce(or_, own))

    @classmethod
    def own_to(cls, person):
        """Conditions of which any lets a person see a certificate, or None for those who may see all."""
        roles = person.roles()
        if roles & {Role.OFFICER, Role.HEAD, Role.AUDITOR}:
            return None
        departments = person.departments() if Role.SUBSCRIBER in roles else []
        return [cls.subscriber == person, *(cls.department == department for department in departments)]

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

    @classmethod
    def newest_met(cls, certificates):
        """{number of a certificate: the newest challenge that its key has met} of many, asked by the hundred."""
        numbers, found = [row.id for row in certificates], {}
        for start in range(0, len(numbers), 500):
            some = cls.certificate.in_(numbers[start : start + 500])
            for row in cls.select().where(some & cls.met_at.is_null(False)).order_by(cls.id):
                found[row.certificate_id] = row
        return found
