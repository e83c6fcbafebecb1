"""Applications (申請) and what hangs on one: consents, identity checks, inquiries, calls."""

from functools import reduce
from operator import or_

from peewee import (
    JOIN,
    BlobField,
    BooleanField,
    CharField,
    DateField,
    DeferredForeignKey,
    ForeignKeyField,
    IntegerField,
    TextField,
)

from webapp import clock, procedure
from webapp.procedure import Kind, Role, Stage
from webapp.register import content
from webapp.register.database import InstantField, Row
from webapp.register.institution import Document
from webapp.register.people import Department, Person
from webapp.register.profile_versions import ProfileVersion

MANY = 100  # a page counts so far and no further


class NumberSeries(Row):
    year = IntegerField(primary_key=True)
    last = IntegerField()

    class Meta:
        table_name = "number_series"

    @classmethod
    def next_number(cls):
        """The next application number of this Japanese year, such as CS-2026-0012."""
        year = clock.today().year
        cls.insert(year=year, last=0).on_conflict_ignore().execute()
        cls.update(last=cls.last + 1).where(cls.year == year).execute()
        return f"CS-{year}-{cls.get_by_id(year).last:04d}"


class Application(Row):
    number = CharField(unique=True)
    kind = CharField()
    stage = CharField()
    stage_since_at = InstantField()
    came_by = CharField()  # the verb that led to this stage: a draft that came by send_back is 差し戻し
    version = IntegerField()  # of the form: 1 at the first submission, one more at each later one
    occasion = CharField(default="first")  # what is wanted: a key of procedure.OCCASION_LABELS
    is_emergency = BooleanField(default=False)  # 緊急失効: one officer may act alone, and is reviewed afterwards
    title = TextField()  # 管理名称
    purpose = TextField()  # 用途
    created_at = InstantField()
    department = ForeignKeyField(Department)
    applicant = ForeignKeyField(Person, backref="filed")
    subscriber = ForeignKeyField(Person, null=True, backref="administered")  # 利用管理者; the form may name none
    officer = ForeignKeyField(Person, null=True, backref="+")  # the 登録担当者 whom the form names
    head = ForeignKeyField(Person, null=True, backref="+")  # whose seal the form asks for
    examiner = ForeignKeyField(Person, null=True, backref="+")
    sealer = ForeignKeyField(Person, null=True, backref="+")
    attester = ForeignKeyField(Person, null=True, backref="+")
    reviewer = ForeignKeyField(Person, null=True, backref="+")  # 事後確認 of an emergency
    replaces = DeferredForeignKey("Certificate", null=True, backref="+")  # what this is to replace: 更新, another DN
    target = DeferredForeignKey("Certificate", null=True, backref="+")  # what is to be revoked
    zip_password = BlobField(null=True)
    review_started_on = DateField(null=True)
    profile_version = ForeignKeyField(ProfileVersion, null=True, backref="+")  # written once; None: the newest counts
    wants_seal = BooleanField(default=True)  # as that version says

    @property
    def steps(self):
        return procedure.STEPS[Kind(self.kind)]

    @property
    def is_open(self):
        return Stage(self.stage) not in procedure.ENDS[Kind(self.kind)]

    @property
    def status(self):
        """The one word for where it stands: 差し戻し and 不備対応 are drafts or packets that came back."""
        if self.stage == Stage.DRAFT and self.came_by == "send_back":
            return "差し戻し"
        if self.came_by in ("reopen", "redo_dispatch"):
            return "不備対応"
        return procedure.STAGE_LABELS[Stage(self.stage)]

    @property
    def stands_at(self):
        """The stage that counts for what may be done: where no seal is wanted, an examined one counts as sealed."""
        return procedure.stands_at(Stage(self.stage), self.wants_seal)

    @property
    def waiting(self):
        """Whose turn it is, in words."""
        return procedure.WAITING_LABELS[self.stands_at]

    def password(self):
        """The ZIP password as it stands in the form, or an empty string."""
        return content.decrypt(self.zip_password, self.number.encode()).decode() if self.zip_password else ""

    def roles_of(self, person):
        """The roles in which a person meets this application: those held today, and APPLICANT."""
        own = {Role.APPLICANT} if person.id in (self.applicant_id, self.subscriber_id) else set()
        return person.roles() | own

    @property
    def is_told(self):
        """Whether it was handed in and not taken back: others have something to do with it."""
        return self.stage not in (Stage.DRAFT, Stage.WITHDRAWN)

    @property
    def procedure_label(self):
        """The name of the procedure: 新規発行, 更新発行, 失効, 緊急失効."""
        label = procedure.OCCASION_LABELS[self.occasion]
        return f"{label}発行" if self.kind == Kind.ISSUE else f"緊急{label}" if self.is_emergency else label

    @property
    def form_name(self):
        """What its Excel form is called."""
        return "失効申請書" if self.is_revocation else "発行申請書"

    @property
    def step_labels(self):
        labels, at = procedure.STEP_LABELS[Kind(self.kind)], self.steps.index(Stage.SEALED)
        return labels if self.wants_seal else (*labels[:at], "捺印・署名は不要", *labels[at + 1 :])

    @property
    def is_revocation(self):
        return self.kind == Kind.REVOKE

    def acts_open_to(self, person):
        return procedure.acts_open_to(Kind(self.kind), self.stands_at, self.roles_of(person), self.is_emergency)

    def is_seen_by(self, person):
        """People of the case, colleagues of its department, officers, heads and auditors; nobody else."""
        roles = self.roles_of(person)
        if roles & {Role.APPLICANT, Role.OFFICER, Role.HEAD, Role.AUDITOR}:
            return True
        return Role.SUBSCRIBER in roles and self.department in person.departments()

    def may_see_password(self, person):
        """Those whose work needs the form itself: the people of the case, the officers, and the head who seals it."""
        roles = self.roles_of(person)
        return bool(roles & {Role.APPLICANT, Role.OFFICER}) or (Role.HEAD in roles and self.stage != Stage.DRAFT)

    @classmethod
    def seen_by(cls, person):
        """The applications a person may see, as a query with their people joined."""
        query = (
            cls.select(cls, Person, Department)
            .join(Person, on=(cls.applicant == Person.id))
            .switch(cls)
            .join(Department)
            .switch(cls)
        )
        own = cls.own_to(person)
        return query if own is None else query.where(reduce(or_, own))

    @classmethod
    def with_people(cls, condition):
        """The applications that fulfil a condition with those who filed them and 利用管理者, as one query."""
        applicant, subscriber = Person.alias(), Person.alias()
        return (
            cls.select(cls, applicant, subscriber)
            .join(applicant, on=(cls.applicant == applicant.id), attr="applicant")
            .switch(cls)
            .join(subscriber, JOIN.LEFT_OUTER, on=(cls.subscriber == subscriber.id), attr="subscriber")
            .where(condition)
        )

    @classmethod
    def own_to(cls, person):
        """Conditions of which any lets a person see an application, or None for those who may see all."""
        roles = person.roles()
        if roles & {Role.OFFICER, Role.HEAD, Role.AUDITOR}:
            return None
        departments = person.departments() if Role.SUBSCRIBER in roles else []
        people = [cls.applicant == person, cls.subscriber == person]
        return [*people, *(cls.department == department for department in departments)]

    @classmethod
    def at(cls, person, *stages):
        """What a person may see that stands at these stages, the longest waiting first."""
        return cls.seen_by(person).where(cls.standing_at(*stages)).order_by(*cls.by_waiting(*stages))

    @classmethod
    def standing_at(cls, *stages):
        """The condition that an application stands at one of these stages, as `stands_at` has it."""
        if (Stage.EXAMINED in stages) == (Stage.SEALED in stages):
            return cls.stage.in_(stages)
        if Stage.EXAMINED in stages:
            return cls.stage.in_(stages) & ((cls.stage != Stage.EXAMINED) | cls.wants_seal)
        return cls.stage.in_([*stages, Stage.EXAMINED]) & ((cls.stage != Stage.EXAMINED) | ~cls.wants_seal)

    @classmethod
    def by_waiting(cls, *stages):
        """The longest waiting first, as an order that is read from the few at several stages: `+ 0` keeps the databases
        from walking the index of all applications instead."""
        is_one = len(stages) == 1 and stages[0] != Stage.SEALED  # see standing_at
        return (cls.stage_since_at, cls.id) if is_one else (cls.stage_since_at + 0, cls.id)

    @classmethod
    def counted(cls, *stages):
        """How many stand at these stages, up to MANY, which means that many or more."""
        return cls.select(cls.id).where(cls.standing_at(*stages)).limit(MANY).count()


class Consent(Row):
    """AGR-01: who agreed to which document under which version, and when."""

    application = ForeignKeyField(Application, backref="consents")
    document = ForeignKeyField(Document)
    person = ForeignKeyField(Person)
    at = InstantField()


class IdentityCheck(Row):
    """ID-01: 本人性 (identity) or 実在性 (existence) of a person as an officer found it; the newest counts."""

    application = ForeignKeyField(Application, backref="identity_checks")
    about = ForeignKeyField(Person, backref="+")
    aspect = CharField()
    result = CharField()
    method = TextField()
    checked_on = DateField()
    note = TextField()
    officer = ForeignKeyField(Person, backref="+")
    at = InstantField()
    standing = CharField(default="")  # of existence: full_time, contractor, neither (ACT-01)

    class Meta:
        table_name = "identity_check"

    @classmethod
    def latest(cls, application, aspect):
        """The newest check of one aspect for the person who is responsible now, or None."""
        about = application.subscriber_id or application.applicant_id
        return (
            cls.select()
            .where((cls.application == application) & (cls.about == about) & (cls.aspect == aspect))
            .order_by(-cls.id)
            .first()
        )


class Inquiry(Row):
    application = ForeignKeyField(Application, backref="inquiries")
    question = TextField()
    asked_by = ForeignKeyField(Person, backref="+")
    asked_at = InstantField()
    answer = TextField(null=True)
    answered_by = ForeignKeyField(Person, null=True, backref="+")
    answered_at = InstantField(null=True)

    @classmethod
    def unanswered(cls, application):
        return cls.select().where((cls.application == application) & cls.answer.is_null()).first()


class TelephoneCall(Row):
    """The CA's call as it was noted: answered, to be called back, or missed."""

    application = ForeignKeyField(Application, backref="calls")
    at = InstantField()
    outcome = CharField()
    number = CharField()
    note = TextField()
    person = ForeignKeyField(Person)

    class Meta:
        table_name = "telephone_call"
