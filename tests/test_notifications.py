"""NII is told of changes, and it is not forgotten."""

from datetime import date, timedelta
from io import BytesIO

import pytest
from peewee import IntegrityError

from tests.administering import BOTH, move_to, newcomer
from webapp import clock
from webapp.acts import notifications, people
from webapp.procedure import Role
from webapp.register import Event, Evidence, Notification, PersonRole, database

PDF = b"%PDF-1.7\n%%EOF\n"
GIVEN = {"kind": "institution_changed", "why": "経理担当者が代わる。", "due_on": "2099-04-01"}


@pytest.fixture
def desk(browser, suzuki):
    return browser.sign_in_as(suzuki)


def only():
    (row,) = Notification.select()
    return row


@BOTH
def test_a_change_is_opened_filed_and_answered(desk, house):
    page = desk.press("/notifications", GIVEN)
    assert page.status == 200 and "経理担当者が代わる。" in page.text and "未提出" in page.text
    row = only()
    assert "経理担当者" in desk.see("/notifications").text and "NIIへの届出" in desk.see("/").text
    filing = {
        "filed_on": clock.today().isoformat(),
        "note": "電子メールで送付した。",
        "file": (pdf(), "変更申請書.pdf"),
    }
    page = desk.press(f"/notifications/{row.id}/filing", filing)
    assert page.status == 200 and "提出済" in page.text and "変更申請書.pdf" in page.text
    kept = desk.see(f"/evidence/{Evidence.get().id}")
    assert kept.data == PDF and kept.headers["Content-Type"] == "application/pdf"
    assert desk.press(f"/notifications/{row.id}/filing", {"filed_on": clock.today().isoformat()}).status == 409
    page = desk.press(
        f"/notifications/{row.id}/closure", {"outcome": "answered", "answered_on": clock.today().isoformat()}
    )
    assert page.status == 200 and "完了" in page.text and not list(Notification.pending())
    assert [event.act for event in Event.about(row)] == [
        "close_notification", "file_notification", "open_notification",
    ]  # fmt: skip


def pdf(data=PDF):
    return BytesIO(data)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": ""}, "kind"),
        ({"kind": "war"}, "kind"),
        ({"why": ""}, "why"),
        ({"why": "長" * 201}, "why"),
        ({"due_on": "きのう"}, "due_on"),
        ({"due_on": ""}, "due_on"),
    ],
)
def test_it_says_what_is_wrong_with_a_new_one(desk, changes, field):
    given = GIVEN | changes
    page = desk.press("/notifications", given)
    assert page.status == 422 and f'id="f-{field}-error"' in page.html and given["why"] in page.html
    assert not Notification.select().exists()


@pytest.mark.parametrize(
    ("way", "given", "field"),
    [
        ("filing", {"filed_on": ""}, "filed_on"),
        ("filing", {"filed_on": "2999-01-01"}, "filed_on"),
        ("filing", {"filed_on": "2026-10-01", "note": "長" * 1001}, "note"),
        ("filing", {"filed_on": "2026-10-01", "file": b"MZ\x90\0"}, "file"),
        ("closure", {"outcome": "not_needed", "reason": " "}, "reason"),
    ],
)
def test_it_says_what_is_wrong_with_a_filing(desk, way, given, field):
    desk.press("/notifications", GIVEN)
    if "file" in given:
        given = given | {"file": (pdf(given["file"]), "変更申請書.pdf")}
    page = desk.press(f"/notifications/{only().id}/{way}", {"note": "備考の一行"} | given)
    assert page.status == 422 and f'id="f-{field}-error"' in page.html
    assert only().state == "open" and not Evidence.select().exists()
    assert way != "filing" or field == "note" or "備考の一行" in page.html


def test_an_answer_does_not_come_before_the_filing(desk):
    desk.press("/notifications", GIVEN)
    at = f"/notifications/{only().id}"
    answered = {"outcome": "answered", "answered_on": "2026-10-01"}
    assert desk.press(f"{at}/closure", answered).status == 409
    desk.press(f"{at}/filing", {"filed_on": "2026-10-02"})
    page = desk.press(f"{at}/closure", answered)
    assert page.status == 422 and "提出した日(2026-10-02)以降" in page.text
    assert desk.press(f"{at}/closure", {"outcome": "not_needed", "reason": "誤り"}).status == 409


def test_one_that_is_not_needed_is_closed_with_a_reason(desk):
    desk.press("/notifications", GIVEN)
    page = desk.press(
        f"/notifications/{only().id}/closure", {"outcome": "not_needed", "reason": "前年度に届け出ている。"}
    )
    assert page.status == 200 and "前年度に届け出ている。" in page.text
    event = Event.select().where(Event.act == "close_notification").get()
    assert "前年度" not in str(event.facts) and "前年度" in event.particulars["reason"]


@BOTH
def test_roles_that_change_open_one_by_themselves(house, admin, suzuki, yamamoto):
    people.end_role(admin, suzuki.role_row(Role.OFFICER), clock.today().isoformat())
    row = only()
    assert row.kind == "officers_changed" and "鈴木 花子" in row.why
    assert row.due_on == clock.after_business_days(clock.today(), 10)
    people.add_person(admin, newcomer(role="officer"))
    assert only().why.count("\n") == 1 and "渡辺 実" in only().why
    people.add_role(admin, yamamoto, newcomer(role="auditor"))
    assert Notification.select().count() == 1


def test_the_head_who_leaves_signs_before_the_last_day(house, admin, tanaka):
    move_to(date(2027, 2, 1))
    people.end_role(admin, tanaka.role_row(Role.HEAD), "2027-03-31")
    row = only()
    assert row.kind == "head_changed" and "退任する田中 一郎さんの署名・捺印が、退任の前に必要です" in row.why
    assert row.due_on == date(2027, 3, 16)  # ten business days: 22 March is a holiday
    assert clock.business_days_between(row.due_on, date(2027, 3, 31)) == 10
    people.add_person(admin, newcomer(role="head", since_on="2027-04-01"))
    assert only().due_on == date(2027, 3, 16) and "前任の機関責任者の署名・捺印が必要" in only().why


def test_a_head_who_has_left_already_needs_the_desks_word(house, admin, tanaka):
    people.end_role(admin, tanaka.role_row(Role.HEAD), (clock.today() - timedelta(days=3)).isoformat())
    assert only().due_on == clock.today() and "サービス窓口に確認してください" in only().why


@BOTH
def test_a_fixed_term_that_ends_is_proposed_in_time(desk, house, tanaka):
    today = clock.today()
    row = tanaka.role_row(Role.HEAD)
    assert notifications.proposals(today) == []
    PersonRole.update(until_on=today + timedelta(days=61)).where(PersonRole.id == row.id).execute()
    assert notifications.proposals(today) == []
    PersonRole.update(until_on=today + timedelta(days=40)).where(PersonRole.id == row.id).execute()
    ((_, kind, why, due_on),) = notifications.proposals(today)
    assert kind == "head_changed" and due_on < today + timedelta(days=30)
    assert any("機関責任者の交代" in due.sentence for due in notifications.dues(today))
    page = desk.see("/notifications")
    assert "必要になる届出" in page.text
    page = desk.press("/notifications", {"kind": kind, "why": why, "due_on": due_on.isoformat()})
    assert page.status == 200 and notifications.proposals(today) == [] and only().kind == "head_changed"


def test_officers_are_reminded_by_steps_and_once_each(house, by, suzuki):
    due_on = clock.today() + timedelta(days=40)
    row = notifications.open_notification(by(suzuki), GIVEN | {"due_on": due_on.isoformat()})

    def keys(days_before):
        return [due.key for due in notifications.dues(due_on - timedelta(days=days_before))]

    assert keys(31) == []
    assert keys(30) == keys(15) == [f"notification-{row.id}-30"]
    assert keys(7) == [f"notification-{row.id}-7"] and keys(3) == keys(0) == [f"notification-{row.id}-3"]
    assert keys(-1) == keys(-300) == [f"notification-{row.id}-late"]
    assert [due.on for due in notifications.dates(due_on, due_on)] == [due_on]


def test_officers_and_administrators_alone_see_them(browser, sato, tanaka, ito, kobayashi):
    for person in (sato, tanaka, ito):
        desk = browser.sign_in_as(person)
        assert desk.see("/notifications").status == 403 and desk.press("/notifications", GIVEN).status == 403
    assert browser.sign_in_as(kobayashi).press("/notifications", GIVEN).status == 200
    assert browser.see("/notifications/999").status == 404


@BOTH
@pytest.mark.parametrize(
    "changes",
    [
        {"state": "filed"},
        {"state": "answered", "answered_on": date(2026, 10, 1)},
        {"state": "not_needed"},
        {"state": "open", "answered_on": date(2026, 10, 1)},
        {"kind": "war"},
        {"why": ""},
    ],
)
def test_the_database_holds_what_a_state_means(house, changes):
    values = {"kind": "other", "why": "x", "due_on": date(2026, 10, 1), "state": "open", "opened_at": clock.now()}
    with pytest.raises(IntegrityError), database.atomic():
        Notification.create(**values | changes)


@BOTH
def test_each_kind_has_one_open(house):
    values = {"kind": "head_changed", "why": "x", "due_on": date(2026, 10, 1), "state": "open"}
    Notification.create(**values, opened_at=clock.now())
    with pytest.raises(IntegrityError), database.atomic():
        Notification.create(**values, opened_at=clock.now())


@pytest.mark.parametrize(
    "place", ["people/{}/succession", "people/{}/absences", "successions/{}", "gates/{}", "evidence/{}"]
)
def test_a_number_that_no_table_holds_leads_nowhere(desk, place):
    assert desk.see("/" + place.format("9" * 20)).status == 404
    assert desk.see("/notifications?before=" + "9" * 20).status == 200
