"""A department with one 利用管理者, the same in a register of any size: whoever asks for them gets the same answer from a
thousand certificates and from a million, so that what grows is the register alone."""

from datetime import timedelta

from webapp import clock, demo
from webapp.procedure import Role
from webapp.register import (
    Account,
    Application,
    Certificate,
    Department,
    Person,
    PersonDepartment,
    PersonRole,
    database,
)

NAME, PLACE = "同数 太郎", "同数学部"
CERTIFICATES, DRAFTS = 60, 3
TITLE = "計測ソフト配布用 同数{:02d}"  # everything but its end is in every tenth title of the register


def furnish():
    """Write them; returns the Person."""
    with database.atomic():
        department = Department.create(name=PLACE)
        person = Person.create(name=NAME, phone="03-5500-0000")
        Account.create(person=person, login="dosu", password_hash="")
        PersonDepartment.create(person=person, department=department, since_on=demo.SINCE)
        PersonRole.create(person=person, role=Role.SUBSCRIBER, title="", since_on=demo.SINCE)
        Certificate.insert_many(list(_certificates(person, department))).execute()
        _open_drafts(person, department)
    return person


def _certificates(person, department):
    """Forty that are valid, the others ended or revoked, from the last two years."""
    like = Certificate.get_by_id(1)
    for n in range(CERTIFICATES):
        begins = clock.now() - timedelta(days=11 * n)
        yield {
            "chain": [],
            "issuer_sha256": like.issuer_sha256,
            "serial": f"ed{n:030x}",
            "subject": like.subject,
            "issuer": like.issuer,
            "not_before": begins,
            "not_after": begins + timedelta(days=459),
            "received_at": begins,
            "findings": [],
            "origin": "imported",
            "title": TITLE.format(n),
            "purpose": "計測ソフトの配布",
            "department": department,
            "subscriber": person,
            "accepted_at": begins,
            "revoked_at": begins + timedelta(days=9) if n % 20 == 1 else None,
        }


def _open_drafts(person, department):
    like = {name: value for name, value in Application.get(stage="draft").__data__.items() if name != "id"}
    people = {"applicant": person, "subscriber": person, "department": department}
    for n in range(DRAFTS):
        Application.create(**like | people | {"number": f"CS-1999-{n + 1:04d}", "title": TITLE.format(n)})
