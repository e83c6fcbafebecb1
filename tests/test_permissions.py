"""Every act of the procedure and every page against everybody at every stage, generated from the table.

One application stands at each stage, built when it is first asked for; every cell is tried over its real route and
rolled back.
"""

import shutil
from dataclasses import dataclass
from functools import cache

import pytest

from tests.cases import Cases
from tests.house import make_app
from tests.reading_client import Page, ReadingClient, look
from webapp import demo, procedure
from webapp.acts import delivery, visits
from webapp.procedure import PROCEDURES, Kind, Role, Stage
from webapp.register import (
    Account,
    Certificate,
    Content,
    Department,
    Person,
    PersonDepartment,
    PersonRole,
    database,
)
from webapp.settings import Settings

pytestmark = pytest.mark.slow  # many, and each walks far

ACTS = {kind: {act.verb: act for act in PROCEDURES[kind]} for kind in Kind}
BY_PEOPLE = {kind: [act for act in ACTS[kind].values() if Role.SYSTEM not in act.by] for kind in Kind}
NOUNS = {act.noun for acts in BY_PEOPLE.values() for act in acts}
ORIGIN = {"Origin": "http://localhost"}

# Who tries: (the name, whose application it is tried on). 山本 meets one that he has filed himself.
ACTORS = {
    "subscriber_own": ("佐藤", "佐藤"),
    "subscriber_colleague": ("中村", "佐藤"),
    "subscriber_other_department": ("高橋", "佐藤"),
    "officer": ("鈴木", "佐藤"),
    "officer_applicant": ("山本", "山本"),
    "head": ("田中", "佐藤"),
    "auditor": ("伊藤", "佐藤"),
    "administrator": ("小林", "佐藤"),
    "nobody": (None, "佐藤"),
}
STANDS = [(kind, stage) for kind in Kind for stage in procedure.STAGES[kind]]
MATRIX = [
    pytest.param(actor, stand, id=f"{actor}-{'-'.join(stand)}", marks=[pytest.mark.slow] * (stand[0] == Kind.REVOKE))
    for actor in ACTORS
    for stand in STANDS
]

# Acts that the table opens to a role, but which a fact of this case keeps from its holder: the form names the
# 利用管理者 (then nobody else accepts), or names none (then an officer does, with a reason).
KEPT_BY_THE_FORM = {("accept_for", "佐藤"), ("accept", "山本")}

# Pages of a case, and the acts they prepare: whoever may do one of them now may open the page.
SHARED_PAGES = {
    "submission": ("submit",),
    "examination": ("examine",),
    "form_pdf": ("replace_form_pdf",),
    "inquiry": ("inquire",),
    "return": ("send_back",),
    "seal": ("seal",),
    "dispatch": ("dispatch",),
    "packet/0": ("dispatch",),
    "warning_acceptance": ("accept_warning",),
    "withdrawal": ("withdraw",),
}
ISSUE_PAGES = SHARED_PAGES | {
    "csr": ("attach_csr",),
    "key_protection": ("note_key_protection",),
    "description": ("describe",),
    "consent": ("consent",),
    "desk": ("redo_dispatch",),
    "call-card": ("note_call",),
    "delivery": ("take_delivery",),
    "handover": ("hand_out", "prove"),
    "acceptance": ("accept", "accept_for"),
}
REVOKE_PAGES = SHARED_PAGES | {
    "reason": ("give_reason",),
    "desk": ("redo_dispatch",),
    "completion": ("note_completion",),
}
PAGES = {Kind.ISSUE: ISSUE_PAGES, Kind.REVOKE: REVOKE_PAGES}
FOR_ALL_WHO_SEE = {Kind.ISSUE: ("", "seal-report", "certificate"), Kind.REVOKE: ("", "seal-report", "status")}

# POSTs of a case that are no act of their own, and the act that each prepares.
PREPARING = {"csr-reading": "attach_csr", "letter": "dispatch_by_hand", "scans": "stamp"}


class Stands(dict):
    """Applications by (applicant, (kind, stage)), each walked there when it is first asked for."""

    def __init__(self, cases):
        super().__init__()
        self.cases = cases

    def __missing__(self, key):
        applicant, stand = key
        self[key] = _built(self.cases, *stand, applicant, "鈴木")
        return self[key]


@dataclass
class Standing:
    """A house in which an application of each applicant stands at each stage."""

    browser: ReadingClient
    at: "Stands"  # at[applicant, (kind, stage)]: Application
    urls: list
    looked_at: set

    def look_once(self, path, stage, response):
        """Read a page of a stage as tests/reading_client.py does, the first time that it opens for anybody."""
        if response.status_code == 200 and response.mimetype == "text/html" and (path, stage) not in self.looked_at:
            self.looked_at.add((path, stage))
            look(Page(response))

    def come_in(self, name):
        self.browser.delete_cookie("shirushi")
        if name:
            person = Person.get(Person.name.startswith(name))
            self.browser.set_cookie("shirushi", visits.sign_in_as(person.id, "192.0.2.1"))
            return person
        return None


@pytest.fixture(scope="module")
def standing(tmp_path_factory, furnished, authorities):
    folder = tmp_path_factory.mktemp("standing")
    shutil.copytree(furnished, folder, dirs_exist_ok=True)
    app = make_app(Settings(data=folder, public_url="http://localhost"))
    with database.connection_context():
        _employ_a_colleague()
        cases = Cases(authorities, folder)
        yield Standing(app.test_client(), Stands(cases), list(app.url_map.iter_rules()), set())


def _built(cases, kind, stage, applicant, officer):
    if kind == Kind.REVOKE:
        return cases.revocation(stage, applicant, officer)
    if stage in (Stage.DRAFT, Stage.SUBMITTED, Stage.WITHDRAWN):
        return cases.at(stage, applicant=applicant)
    if stage == Stage.IN_USE and applicant == "山本":
        application = cases.installed(applicant, officer)
        delivery.accept_for(application, cases.who(officer), True, "利用管理者の記入がないため。")
        return application
    return cases.at(stage, applicant=applicant, officer=officer)


def _employ_a_colleague():
    """中村, who belongs to 佐藤's department: sees the case, and may do nothing in it."""
    person = Person.create(name="中村 彩", phone="03-5500-1202")
    office = Department.get(Department.name.startswith("工学部"))
    PersonDepartment.create(person=person, department=office, since_on=demo.SINCE)
    PersonRole.create(person=person, role="subscriber", title="助教", since_on=demo.SINCE)
    Account.create(person=person, login="nakamura", password_hash="")


TABLES = ("event", "content", "csr", "intake", "job", "letter", "paper", "telephone_call", "certificate", "key_pair")
COUNTS = "SELECT " + ", ".join(f"(SELECT count(*) FROM {table})" for table in TABLES)


def state():
    """What an act could change, as one comparable value."""
    rows = database.execute_sql("SELECT * FROM application ORDER BY id").fetchall()
    return rows, database.execute_sql(COUNTS).fetchone()


def expected(act, application, person):
    """The answer that the table demands: "in", or the status of the refusal."""
    if person is None:
        return "sign in"
    roles = roles_of(application, person)
    if not roles & {Role.APPLICANT, Role.OFFICER, Role.HEAD, Role.AUDITOR} and not is_colleague(application, person):
        return 404
    if roles & set(act.never) or not roles & set(act.by):
        return 403
    return "in" if Stage(application.stage) in act.since else 409


@cache
def held(person):
    return {Role(row.role) for row in person.role_rows}


def roles_of(application, person):
    """Written down once more, on purpose not by asking the application."""
    own = person.id in (application.applicant_id, application.subscriber_id)
    return held(person) | ({Role.APPLICANT} if own else set())


def is_colleague(application, person):
    own = PersonDepartment.get(PersonDepartment.person == person)
    return Role.SUBSCRIBER in held(person) and own.department_id == application.department_id


def answer(response):
    """A response as `expected` names it."""
    if response.status_code == 303 and "/session" in response.headers["Location"]:
        return "sign in"
    return "in" if response.status_code in (200, 303, 422) else response.status_code


def test_every_act_of_a_person_has_its_route(standing):
    posts = {rule.rule for rule in standing.urls if "POST" in rule.methods}
    assert [noun for noun in NOUNS if f"/applications/<int:number>/{noun}" not in posts] == []


def test_no_route_of_a_case_does_what_the_table_does_not_know(standing):
    prefix = "/applications/<int:number>/"
    nouns = {
        rule.rule.removeprefix(prefix)
        for rule in standing.urls
        if rule.rule.startswith(prefix) and "POST" in rule.methods
    }
    assert nouns == NOUNS | set(PREPARING)


@pytest.mark.parametrize(("actor", "stand"), MATRIX)
def test_an_act_is_done_only_by_whom_the_table_allows_and_at_its_stage(actor, stand, standing):
    name, applicant = ACTORS[actor]
    person, application = standing.come_in(name), standing.at[applicant, stand]
    before, wrong = state(), []
    for act in BY_PEOPLE[stand[0]]:
        wanted = expected(act, application, person)
        if wanted == "in" and (act.verb, applicant) in KEPT_BY_THE_FORM:
            wanted = 403
        if act.verb == "answer" and wanted == "in":
            wanted = 409  # nobody has asked anything
        if act.verb == "review_emergency" and wanted == "in":
            wanted = 404  # this is no emergency
        with database.atomic() as transaction:
            written = database.connection().total_changes
            found = answer(standing.browser.post(f"/applications/{application.id}/{act.noun}", headers=ORIGIN))
            has_written = database.connection().total_changes != written  # SQLite's own count, even of what was undone
            if found != wanted:
                wrong.append(f"{act.verb}: {found} instead of {wanted}")
            if wanted != "in" and has_written and state() != before:
                wrong.append(f"{act.verb} was refused and changed something")
            transaction.rollback()
    assert wrong == []


@pytest.mark.slow
@pytest.mark.parametrize(("actor", "stand"), MATRIX)
def test_a_page_opens_only_for_those_who_may_do_now_what_it_prepares(actor, stand, standing):
    name, applicant = ACTORS[actor]
    person, application = standing.come_in(name), standing.at[applicant, stand]
    wrong = []
    kind, stage = stand
    for path, verbs in PAGES[kind].items():
        wanted = [expected(ACTS[kind][verb], application, person) for verb in verbs]
        if path == "acceptance":
            wanted = wanted[:1] if application.subscriber else wanted[1:]
        if path == "dispatch" and wanted == [409] and stage == Stage.SENT:
            wanted = ["in"]  # it leads on to the case
        with database.atomic() as transaction:
            response = standing.browser.get(f"/applications/{application.id}/{path}")
            found = answer(response)
            if found not in wanted or ("in" in wanted and found != "in") or response.status_code == 422:
                wrong.append(f"{path}: {response.status_code} instead of {wanted}")
            standing.look_once(path, stand, response)
            transaction.rollback()
    assert wrong == []


@pytest.mark.parametrize(("actor", "stand"), MATRIX)
def test_the_case_itself_opens_for_everybody_who_sees_it_and_for_nobody_else(actor, stand, standing):
    name, applicant = ACTORS[actor]
    person, application = standing.come_in(name), standing.at[applicant, stand]
    unseen = {"subscriber_other_department": {404}, "administrator": {404}, "nobody": {303}}
    for path in FOR_ALL_WHO_SEE[stand[0]]:
        response = standing.browser.get(f"/applications/{application.id}/{path}".rstrip("/"))
        status = response.status_code
        standing.look_once(path, stand, response)
        assert status in unseen.get(actor, {200, 303} if path == "certificate" else {200}), (path, status)
    assert person is None or application.is_seen_by(person) == (actor not in unseen)


@pytest.mark.parametrize("kind", [Kind.ISSUE, pytest.param(Kind.REVOKE, marks=pytest.mark.slow)])
@pytest.mark.parametrize("actor", ACTORS)
def test_the_buttons_a_person_sees_are_acts_that_the_table_opens_to_them(actor, kind, standing):
    name, applicant = ACTORS[actor]
    person = standing.come_in(name)
    for stand in [stand for stand in STANDS if stand[0] == kind] if person else ():
        application = standing.at[applicant, stand]
        opened = {act.verb for act in application.acts_open_to(person)} if application.is_seen_by(person) else set()
        acts = BY_PEOPLE[kind]
        assert opened == {act.verb for act in acts if expected(act, application, person) == "in"}, stand


@pytest.mark.parametrize("path", PREPARING)
def test_what_prepares_an_act_is_open_to_those_who_may_do_it(path, standing):
    act = ACTS[Kind.ISSUE][PREPARING[path]]
    for name, applicant in ACTORS.values():
        person = standing.come_in(name)
        for stage in procedure.STAGES[Kind.ISSUE]:
            application = standing.at[applicant, (Kind.ISSUE, stage)]
            with database.atomic() as transaction:
                found = standing.browser.post(f"/applications/{application.id}/{path}", headers=ORIGIN)
                assert answer(found) == expected(act, application, person), (name, stage)
                transaction.rollback()


@pytest.mark.parametrize("actor", ACTORS)
def test_papers_with_the_password_are_given_only_to_those_whose_work_needs_them(actor, standing):
    name, applicant = ACTORS[actor]
    standing.come_in(name)
    application = standing.at[applicant, (Kind.ISSUE, Stage.IN_USE)]
    needs = actor in ("subscriber_own", "officer", "officer_applicant", "head")
    sees = needs or actor in ("subscriber_colleague", "auditor")
    for paper in application.papers:
        status = standing.browser.get(f"/papers/{paper.id}").status_code
        allowed = needs if paper.carries_password else sees
        assert status == (200 if allowed else 303 if name is None else 404), (paper.kind, status)
        assert standing.browser.get(f"/papers/{paper.id}/file").status_code == status
    for url in (f"/csrs/{application.csrs[0].id}/file", f"/certificates/{Certificate.of(application).id}/chain"):
        assert standing.browser.get(url).status_code == (200 if sees else 303 if name is None else 404), url


def test_papers_that_carry_the_password_are_marked_and_encrypted(standing):
    application = standing.at["佐藤", (Kind.ISSUE, Stage.IN_USE)]
    secret = application.password().encode()
    for paper in application.papers:
        assert paper.carries_password == (paper.kind in ("form_xlsx", "form_pdf", "picture", "sealed_pdf")), paper.kind
        assert paper.content.is_encrypted or not paper.carries_password
    assert not [row.sha256 for row in Content.select() if secret in bytes(row.stored)]


@pytest.mark.parametrize("actor", ACTORS)
def test_settings_are_the_administrators_and_records_the_auditors(actor, standing):
    name, _ = ACTORS[actor]
    standing.come_in(name)
    before = state()
    for rule in standing.urls:
        owner = {"administration": "administrator", "records": "auditor"}.get(rule.endpoint.partition(".")[0])
        if owner is None or actor == owner:
            continue
        url = rule.rule.replace("<int:number>", "1").replace("<what>", "roles").replace("<kind>", "role")
        for method in rule.methods & {"GET", "POST"}:
            response = standing.browser.open(url, method=method, headers=ORIGIN)
            assert answer(response) == ("sign in" if name is None else 403), (method, url, response.status_code)
    assert state() == before


@pytest.mark.parametrize("actor", ACTORS)
def test_only_those_who_may_apply_open_an_application(actor, standing):
    name, _ = ACTORS[actor]
    person = standing.come_in(name)
    may = person and {row.role for row in person.role_rows} & {"subscriber", "officer"}
    with database.atomic() as transaction:
        response = standing.browser.post("/applications", data={"title": "試し", "purpose": "試し"}, headers=ORIGIN)
        assert answer(response) == ("in" if may else "sign in" if name is None else 403)
        transaction.rollback()


@pytest.mark.parametrize("kind", Kind)
def test_the_table_leads_every_stage_but_the_first_somewhere(kind):
    acts, stages = ACTS[kind].values(), procedure.STAGES[kind]
    assert {act.to for act in acts if act.to} == set(stages)
    assert all(any(stage in act.since for act in acts) for stage in stages if stage not in procedure.ENDS[kind])


# What begins at a certificate: who may begin it ("in"), is told whose act it is (403), or sees nothing there (404).
AT_A_CERTIFICATE = {
    "revocation": {"subscriber_own": "in", "officer": "in", "officer_applicant": "in"},
    "emergency": {"officer": "in", "officer_applicant": "in"},
    "renewal": {"subscriber_own": "in", "subscriber_colleague": "in", "officer": "in", "officer_applicant": "in"},
}
SEE_NO_CERTIFICATE = {"subscriber_other_department": 404, "administrator": 404, "nobody": "sign in"}


@pytest.mark.parametrize("actor", ACTORS)
def test_what_begins_at_a_certificate_is_begun_only_by_those_who_may(actor, standing):
    name, applicant = ACTORS[actor]
    standing.come_in(name)
    certificate = Certificate.of(standing.at[applicant, (Kind.ISSUE, Stage.IN_USE)])
    for path, able in AT_A_CERTIFICATE.items():
        wanted = SEE_NO_CERTIFICATE.get(actor, able.get(actor, 403))
        url = f"/certificates/{certificate.id}/{path}"
        with database.atomic() as transaction:
            before = state()
            assert answer(standing.browser.get(url)) == wanted, path
            assert answer(standing.browser.post(url, headers=ORIGIN)) == wanted, path
            assert wanted == "in" or state() == before
            transaction.rollback()
