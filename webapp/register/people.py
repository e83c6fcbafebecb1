"""People, the roles and departments they hold for a while, and the accounts by which they come in."""

from peewee import JOIN, CharField, DateField, ForeignKeyField, TextField, fn

from webapp import clock
from webapp.procedure import ROLE_LABELS, Role
from webapp.register.database import InstantField, Row
from webapp.register.institution import in_force


class Department(Row):
    name = TextField(unique=True)


class Person(Row):
    name = TextField()
    phone = CharField()

    def roles(self, day=None):
        """The roles held on a day (today when not given), as a set of Role. Asked once for each day: a Person read from
        the register lives for one request."""
        day = day or clock.today()
        known = self.__dict__.setdefault("_roles", {})
        if day not in known:
            held = PersonRole.select(PersonRole.role).where((PersonRole.person == self) & in_force(PersonRole, day))
            known[day] = {Role(row.role) for row in held}
        return known[day]

    def role_row(self, role, day=None):
        """The row by which this person holds a role on a day, or None."""
        return (
            PersonRole.select()
            .where((PersonRole.person == self) & (PersonRole.role == role) & in_force(PersonRole, day))
            .first()
        )

    def title(self, role, day=None):
        """The title that goes with a role (学長, 情報基盤センター長), or an empty string."""
        row = self.role_row(role, day)
        return row.title if row else ""

    def departments(self, day=None):
        return list(
            Department.select()
            .join(PersonDepartment)
            .where((PersonDepartment.person == self) & in_force(PersonDepartment, day))
            .order_by(PersonDepartment.id)
        )

    @property
    def department(self):
        """The department this person belongs to today (the first where there are several), or None."""
        return next(iter(self.departments()), None)

    @property
    def mail(self):
        """The mail address in force today, or an empty string."""
        row = (
            PersonMail.select()
            .where((PersonMail.person == self) & in_force(PersonMail))
            .order_by(-PersonMail.id)
            .first()
        )
        return row.mail if row else ""

    @property
    def role_labels(self):
        held = self.roles()
        return "・".join(ROLE_LABELS[role] for role in Role if role in held)

    def stand_in(self, day=None):
        """The registered officer who stands in for this person on a day of absence, or None."""
        row = (
            Absence.select()
            .where((Absence.person == self) & Absence.cancelled_at.is_null() & in_force(Absence, day))
            .order_by(-Absence.id)
            .first()
        )
        return row.stand_in if row else None

    @classmethod
    def holding(cls, role, day=None):
        """Everybody who holds a role on a day, longest first."""
        return list(
            cls.select()
            .join(PersonRole)
            .where((PersonRole.role == role) & in_force(PersonRole, day))
            .order_by(PersonRole.since_on, cls.id)
        )

    @classmethod
    def with_mail(cls, mail, day=None):
        """The person to whom a mail address belongs on a day, or None."""
        return (
            cls.select()
            .join(PersonMail)
            .where((PersonMail.mail == mail.lower()) & in_force(PersonMail, day))
            .order_by(cls.id)
            .first()
        )


class PersonMail(Row):
    person = ForeignKeyField(Person, backref="mails")
    mail = CharField()
    since_on = DateField()
    until_on = DateField(null=True)

    class Meta:
        table_name = "person_mail"


class PersonDepartment(Row):
    person = ForeignKeyField(Person, backref="department_rows")
    department = ForeignKeyField(Department)
    since_on = DateField()
    until_on = DateField(null=True)

    class Meta:
        table_name = "person_department"

    @classmethod
    def of(cls, people):
        """{number of a person: the departments in force today} of many people, asked at once."""
        rows = cls.select(cls, Department).join(Department).where(cls.person.in_(list(people)) & in_force(cls))
        found = {}
        for row in rows.order_by(cls.id) if people else []:
            found.setdefault(row.person_id, []).append(row.department)
        return found


class PersonRole(Row):
    person = ForeignKeyField(Person, backref="role_rows")
    role = CharField()
    title = TextField()
    since_on = DateField()
    until_on = DateField(null=True)

    class Meta:
        table_name = "person_role"

    @classmethod
    def held_by_another(cls, person, role):
        """Whether anybody else holds or has held a role."""
        return cls.select().where((cls.role == role) & (cls.person != person)).exists()


class Absence(Row):
    """Days on which a registered officer stands in for somebody."""

    person = ForeignKeyField(Person, backref="absences")
    stand_in = ForeignKeyField(Person, backref="+")
    since_on = DateField()
    until_on = DateField()
    cancelled_at = InstantField(null=True)  # called off before it began


class Account(Row):
    person = ForeignKeyField(Person, unique=True, backref="accounts")
    login = CharField(unique=True)
    password_hash = TextField()
    closed_at = InstantField(null=True)


class Visit(Row):
    """One sign-in: the cookie's secret is kept as its SHA-256 only."""

    secret_sha256 = CharField(primary_key=True)
    account = ForeignKeyField(Account)
    began_at = InstantField()
    seen_at = InstantField()
    ended_at = InstantField(null=True)
    address = CharField()

    @classmethod
    def of(cls, secret_sha256):
        """The visit with its account and person in one query, or None."""
        return (
            cls.select(cls, Account, Person)
            .join(Account)
            .join(Person, JOIN.INNER)
            .where((cls.secret_sha256 == secret_sha256) & cls.ended_at.is_null() & Account.closed_at.is_null())
            .first()
        )

    @classmethod
    def seen_before(cls, visit):
        """When the person of a visit was last here before it began, or None."""
        earlier = (cls.account == visit.account_id) & (cls.began_at < visit.began_at)
        return cls.select(fn.MAX(cls.seen_at)).where(earlier).scalar()


class SignInAttempt(Row):
    login = CharField()
    address = CharField()
    at = InstantField()

    class Meta:
        table_name = "sign_in_attempt"
