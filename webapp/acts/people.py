"""People and what they hold for a while: mail addresses, departments, roles with title and term."""

from webapp.acts import entries, house, notifications, station_upkeep
from webapp.procedure import ROLE_LABELS, Role
from webapp.register import Department, Person, PersonDepartment, PersonMail, PersonRole, database

# The roles that people hold; APPLICANT and SYSTEM are taken, not held.
HELD_ROLES = (Role.SUBSCRIBER, Role.OFFICER, Role.HEAD, Role.AUDITOR, Role.ADMINISTRATOR)

_PERSON = {
    "name": entries.line("氏名", longest=64, field="name"),
    "phone": entries.telephone("電話番号", is_needed=False),
}
_MAIL = {"mail": entries.mail("メールアドレス")}
_DEPARTMENT = {"department": entries.line("所属", longest=64, field="department")}


def _role_rules():
    return {
        "role": entries.one_of(HELD_ROLES, "役割を一覧から選んでください。"),
        "title": entries.line("職名", is_needed=False, longest=64, field="post"),
        **house.terms(),
    }


def add_person(who, given):
    """Add a person with mail address, department and first role (name, phone, mail, department, role, title,
    since_on, until_on as typed). Raises NotYourAct, Incomplete."""
    house.require_administrator(who)
    values = checked_person(given)
    with house.administering(who):
        return enlist(who, values)


def checked_person(given):
    """The values for `enlist`. Raises Incomplete with a sentence for each field."""
    values = entries.checked(_PERSON | _MAIL | _DEPARTMENT | _role_rules(), given)
    house.check_term(values["since_on"], values["until_on"])
    _check_phone(values["role"], values["phone"])
    return values


def enlist(who, values):
    """Write a new person with the rows that belong to them, in the caller's transaction; returns the Person."""
    _check_mail_is_free(values["mail"], values["since_on"])
    person = Person.create(name=values["name"], phone=values["phone"])
    term = {"since_on": values["since_on"], "until_on": values["until_on"]}
    office, _ = Department.get_or_create(name=values["department"])
    PersonMail.create(person=person, mail=values["mail"], since_on=values["since_on"])
    PersonDepartment.create(person=person, department=office, since_on=values["since_on"])
    PersonRole.create(person=person, role=values["role"], title=values["title"], **term)
    private = {name: values[name] for name in ("name", "phone", "mail")}
    house.note("add_person", person, who, _told(values, "department", "role", "title", "since_on", "until_on"), private)
    notifications.role_begins(who, person, values["role"], values["since_on"])
    return person


def change_person(who, person, given):
    """Correct name and telephone number."""
    house.require_administrator(who)
    values = entries.checked(_PERSON, given)
    for role in person.roles():
        _check_phone(role, values["phone"])
    before = {"name": person.name, "phone": person.phone}
    if values != before:
        with house.administering(who):
            Person.update(**values).where(Person.id == person.id).execute()
            house.note("change_person", person, who, {}, {"before": before, "after": values})


def add_mail(who, person, given):
    """Add a mail address from a day on; the newest in force is the one that letters go to."""
    house.require_administrator(who)
    values = entries.checked(_MAIL | {"since_on": entries.day("開始日")}, given)
    with house.administering(who):
        _check_mail_is_free(values["mail"], values["since_on"])
        PersonMail.create(person=person, **values)
        house.note("add_mail", person, who, _told(values, "since_on"), {"mail": values["mail"]})


def add_department(who, person, given):
    """Add a department from a day on, making it if there is none of that name."""
    house.require_administrator(who)
    values = entries.checked(_DEPARTMENT | {"since_on": entries.day("開始日")}, given)
    with house.administering(who):
        office, _ = Department.get_or_create(name=values["department"])
        if _overlapping(PersonDepartment, person, values, PersonDepartment.department == office):
            entries.refuse({"department": "この所属はすでに登録されています。"})
        PersonDepartment.create(person=person, department=office, since_on=values["since_on"])
        house.note("add_department", person, who, _told(values, "department", "since_on"))


def add_role(who, person, given):
    """Give a role with title and term. Terms of one role do not overlap, so that its end is an end."""
    house.require_administrator(who)
    values = entries.checked(_role_rules(), given)
    house.check_term(values["since_on"], values["until_on"])
    _check_phone(values["role"], person.phone, "role")
    with house.administering(who):
        if _overlapping(PersonRole, person, values, PersonRole.role == values["role"]):
            entries.refuse({"since_on": "同じ役割の期間が重なっています。先に、いまの役割に終了日を入れてください。"})
        PersonRole.create(person=person, **values)
        house.note("add_role", person, who, _told(values, "role", "title", "since_on", "until_on"))
        notifications.role_begins(who, person, values["role"], values["since_on"])


def end_role(who, row, until_on):
    """End a role before its time; what NII must be told of it becomes a 届出. Who has no role left today has no signing
    station either (the daily round sees to those whose last day comes later). Raises Refused when no administrator would be left."""
    with database.atomic():
        house.end(who, row, until_on, about=row.person)
        if row.role == Role.ADMINISTRATOR:
            house.keep_an_administrator(row.until_on)
        if not Person.get_by_id(row.person_id).roles():
            station_upkeep.end_all(who, row.person)
        notifications.role_ends(who, row)


def end_mail(who, row, until_on):
    house.end(who, row, until_on, about=row.person, particulars={"mail": row.mail})


def end_department(who, row, until_on):
    house.end(who, row, until_on, about=row.person)


def _check_phone(role, phone, field="phone"):
    """The form names the officer's telephone (seed 1-1-2), and the CA calls."""
    if role == Role.OFFICER and not phone:
        entries.refuse({field: f"{ROLE_LABELS[Role.OFFICER]}には電話番号が必要です。発行申請書に記載します。"})


def _check_mail_is_free(mail, day):
    """From this day on a mail address names one person: by it a seal's signer is recognised."""
    last = PersonMail.until_on.is_null() | (PersonMail.until_on >= day)
    if PersonMail.select().where((PersonMail.mail == mail) & last).exists():
        entries.refuse({"mail": "このメールアドレスは、すでに登録されています。"})


def _overlapping(table, person, values, alike):
    """Whether this person has such a row whose term overlaps the typed one."""
    begins_before_end = (
        table.since_on <= values["until_on"] if values.get("until_on") else table.since_on.is_null(False)
    )
    ends_after_start = table.until_on.is_null() | (table.until_on >= values["since_on"])
    return table.select().where((table.person == person) & alike & begins_before_end & ends_after_start).exists()


def _told(values, *names):
    return {name: values[name].isoformat() if hasattr(values[name], "isoformat") else values[name] for name in names}
