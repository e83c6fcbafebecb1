"""The people of the house, what they hold for a while, and how they sign in."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.administering import BOTH, newcomer, newest_event, refused_fields, today
from webapp import clock
from webapp.acts import accounts, people, visits
from webapp.errors import Incomplete, NotYourAct, Overtaken, Refused
from webapp.procedure import Role
from webapp.register import (
    Account,
    Event,
    Person,
    PersonDepartment,
    PersonMail,
    PersonRole,
    verify_chain,
)


@pytest.fixture
def desk(browser, kobayashi):
    """The administrator's browser."""
    return browser.sign_in_as(kobayashi)


# People


@BOTH
def test_a_person_comes_with_mail_department_and_role(house, admin):
    person = people.add_person(admin, newcomer(mail="Watanabe@Shinsei.example", until_on="2027-03-31"))
    assert person.roles() == {Role.SUBSCRIBER} and person.mail == "watanabe@shinsei.example"
    assert person.department.name == "工学部 計測工学研究室"
    told = newest_event()
    assert told.particulars["name"] == "渡辺 実" and "渡辺" not in str(told.facts)
    assert person.roles(PersonRole.get(PersonRole.person == person).until_on + timedelta(days=1)) == set()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"mail": "watanabe"}, "mail"),
        ({"mail": "suzuki@shinsei.example"}, "mail"),
        ({"role": "king"}, "role"),
        ({"since_on": "きのう"}, "since_on"),
        ({"until_on": "2020-01-01"}, "until_on"),
        ({"department": ""}, "department"),
        ({"role": "officer", "phone": ""}, "phone"),
        ({"phone": "内線12"}, "phone"),
    ],
)
def test_it_says_what_is_wrong_with_a_new_person(desk, changes, field):
    page = desk.press("/administration/people", newcomer(**changes))
    assert page.status == 422 and f'id="f-{field}-error"' in page.html
    assert not Person.select().where(Person.name == "渡辺 実").exists()


def test_what_ends_stays_and_cannot_be_ended_later(house, admin, suzuki):
    row = suzuki.role_row(Role.OFFICER)
    yesterday = (clock.today() - timedelta(days=1)).isoformat()
    people.end_role(admin, row, yesterday)
    assert Role.OFFICER not in suzuki.roles() and PersonRole.get_by_id(row.id).until_on.isoformat() == yesterday
    assert suzuki.roles(row.since_on) == {Role.OFFICER}
    assert "前の日付" in refused_fields(people.end_role, admin, PersonRole.get_by_id(row.id), today())["until_on"]
    assert "以降" in refused_fields(people.end_role, admin, row, "2000-01-01")["until_on"]


def test_somebody_faster_has_ended_it_already(house, admin, suzuki):
    row, seen_before = suzuki.role_row(Role.OFFICER), suzuki.role_row(Role.OFFICER)
    people.end_role(admin, row, (clock.today() - timedelta(days=1)).isoformat())
    with pytest.raises(Overtaken):
        people.end_role(admin, seen_before, today())


@BOTH
def test_the_last_administrator_cannot_leave(house, admin, kobayashi, suzuki, by):
    row = kobayashi.role_row(Role.ADMINISTRATOR)
    count = Event.select().count()
    for act in (
        lambda: people.end_role(admin, row, today()),
        lambda: accounts.close_account(admin, kobayashi),
    ):
        with pytest.raises(Refused) as refusal:
            act()
        assert "管理者がいなくなる" in refusal.value.message
    assert Event.select().count() == count and PersonRole.get_by_id(row.id).until_on is None
    term = {"title": "", "since_on": today(), "until_on": ""}
    people.add_role(admin, suzuki, {"role": "administrator", **term})
    people.end_role(admin, PersonRole.get_by_id(row.id), (clock.today() - timedelta(days=1)).isoformat())
    with pytest.raises(NotYourAct):
        people.add_role(by(Person.get_by_id(kobayashi.id)), suzuki, {"role": "auditor", **term})


def test_terms_of_one_role_do_not_overlap(house, admin, suzuki):
    again = {"role": "officer", "title": "", "since_on": today(), "until_on": ""}
    assert "重なって" in refused_fields(people.add_role, admin, suzuki, again)["since_on"]
    people.end_role(admin, suzuki.role_row(Role.OFFICER), (clock.today() - timedelta(days=1)).isoformat())
    people.add_role(admin, suzuki, again)
    assert suzuki.roles() == {Role.OFFICER}


def test_an_officer_needs_a_telephone(house, admin, sato):
    people.change_person(admin, sato, {"name": sato.name, "phone": ""})
    role = {"role": "officer", "title": "", "since_on": today(), "until_on": ""}
    assert "電話番号" in refused_fields(people.add_role, admin, Person.get_by_id(sato.id), role)["role"]


def test_letters_go_to_the_new_address_and_the_old_one_names_nobody_after_its_end(house, admin, tanaka):
    people.add_mail(admin, tanaka, {"mail": "ichiro@shinsei.example", "since_on": today()})
    assert tanaka.mail == "ichiro@shinsei.example"
    old = PersonMail.get(PersonMail.mail == "tanaka@shinsei.example")
    people.end_mail(admin, old, (clock.today() - timedelta(days=1)).isoformat())
    assert Person.with_mail("tanaka@shinsei.example") is None and Person.with_mail("ichiro@shinsei.example") == tanaka


def test_the_page_of_a_person_adds_corrects_and_ends(desk, sato):
    at = f"/administration/people/{sato.id}"
    page = desk.press(f"{at}/department", {"department": "図書館", "since_on": today()})
    assert "追加しました" in page.text and "図書館" in page.text
    assert desk.press(f"{at}/department", {"department": "図書館", "since_on": today()}).status == 422
    assert "佐藤 次朗" in desk.press(f"{at}/name", {"name": "佐藤 次朗", "phone": "03-5500-1201"}).heading
    page = desk.press(f"{at}/role", {"role": "auditor", "title": "", "since_on": today(), "until_on": ""})
    assert "監査担当者" in page.text
    row = PersonRole.select().where((PersonRole.person == sato) & (PersonRole.role == "auditor")).get()
    page = desk.press(f"/administration/role/{row.id}/end", {"until_on": ""})
    assert page.status == 422 and "終了日を日付で" in page.text
    page = desk.press(f"/administration/role/{row.id}/end", {"until_on": today()})
    assert "終了日を記録しました" in page.text and "役割に終了日を入れました。" in page.text


# Accounts


def test_an_initial_password_is_shown_once_and_opens_the_door(desk, house, admin):
    person = people.add_person(admin, newcomer())
    at = f"/administration/people/{person.id}"
    assert desk.press(f"{at}/account", {"login": "w"}).status == 422
    assert desk.press(f"{at}/account", {"login": "suzuki"}).status == 422
    page = desk.press(f"{at}/account", {"login": "Watanabe"}, follow=False)
    assert page.status == 422
    page = desk.press(f"{at}/account", {"login": "watanabe"}, follow=False)
    password = shown_password(page)
    assert page.status == 200 and len(password) >= visits.SHORTEST and "no-store" in page.headers["Cache-Control"]
    assert visits.sign_in("watanabe", password, "192.0.2.1")
    assert password not in desk.see(at).html and password not in str(list(Event.select().dicts()))
    assert Account.get(Account.login == "watanabe").password_hash.startswith("$argon2id$")
    assert desk.press(f"{at}/account", {"login": "watanabe"}).status == 422


def shown_password(page):
    texts = ["".join(code.itertext()) for code in page.tree.iter("code")]
    return texts[-1].strip()


def test_a_new_password_ends_the_visits_and_a_closed_account_opens_no_door(desk, house, suzuki):
    theirs = house.test_client().sign_in_as(suzuki)
    assert theirs.see("/").status == 200
    password = shown_password(desk.press(f"/administration/people/{suzuki.id}/password", follow=False))
    assert "サインイン" in theirs.see("/").heading
    assert visits.sign_in("suzuki", password, "192.0.2.1")
    page = desk.press(f"/administration/people/{suzuki.id}/account/closure")
    assert "アカウントを閉じました" in page.text
    with pytest.raises(Incomplete):
        visits.sign_in("suzuki", password, "192.0.2.1")
    again = desk.press(f"/administration/people/{suzuki.id}/account", {"login": "suzuki"}, follow=False)
    assert visits.sign_in("suzuki", shown_password(again), "192.0.2.1")


def test_a_person_replaces_the_password_that_the_administrator_has_seen(house, admin):
    person = people.add_person(admin, newcomer())
    first = accounts.open_account(admin, person, {"login": "watanabe"})
    browser, other = house.test_client(), house.test_client()
    for each in (browser, other):
        assert each.press("/session", {"login": "watanabe", "password": first}).status == 200
    mine = "correct horse battery"
    for wrong in (
        {"current": "wrong", "password": mine, "again": mine},
        {"current": first, "password": "short", "again": "short"},
        {"current": first, "password": mine, "again": "other"},
    ):
        page = browser.press("/password", wrong)
        assert page.status == 422 and first not in page.html and mine not in page.html
    page = browser.press("/password", {"current": first, "password": mine, "again": mine})
    assert page.status == 200 and "パスワードを変更しました" in page.text
    assert "サインイン" in other.see("/").heading
    with pytest.raises(Incomplete):
        visits.sign_in("watanabe", first, "192.0.2.1")
    assert visits.sign_in("watanabe", mine, "192.0.2.1")


def test_the_chain_holds_after_all_of_it(house, admin, suzuki):
    person = people.add_person(admin, newcomer())
    accounts.open_account(admin, person, {"login": "watanabe"})
    people.end_department(admin, PersonDepartment.get(PersonDepartment.person == person), today())
    assert verify_chain() == Event.select().count()
    with pytest.raises(NotYourAct):
        people.add_person(replace(admin, person=None), newcomer())
