"""認証局からの電話 (1-1-6): noted with one button, and the officer reminded while it is outstanding."""

import pytest

from tests.test_watching import stand_at
from webapp import clock
from webapp.acts import absences, calls, desk
from webapp.acts.addressees import Addressees
from webapp.register import TelephoneCall


def told(on):
    stand_at(on, "08:00")
    return [(due.key.rpartition("-")[2], due.people[0].name, due.sentence) for due in calls.dues(on)]


@pytest.mark.parametrize("outcome", ["answered", "missed"])
def test_the_button_alone_notes_the_call(browser, case, suzuki, outcome):
    application = case.sent()
    page = browser.sign_in_as(suzuki).press(f"/applications/{application.id}/call", {"outcome": outcome})
    assert page.status == 200 and "電話を記録しました。" in page.text
    assert TelephoneCall.get().outcome == outcome


def test_calling_back_wants_the_number_that_the_ca_gave_and_keeps_what_was_typed(browser, case, suzuki):
    address = f"/applications/{case.sent().id}/call"
    officer = browser.sign_in_as(suzuki)
    page = officer.press(address, {"outcome": "call_back", "number": "", "note": "認証局の中村さん"})
    assert page.status == 422 and "折り返し先の電話番号を入力してください" in page.text
    assert "認証局の中村さん" in page.html and TelephoneCall.select().count() == 0
    assert officer.press(address, {"outcome": "call_back", "number": "0422-76-2072"}).status == 200


def test_the_officer_is_reminded_every_second_business_day_until_the_call_is_taken(case, suzuki):
    application = case.sent()
    since = clock.day_of(application.stage_since_at)
    days = [clock.after_business_days(since, n) for n in range(1, 13)]
    found = [told(day) for day in days]
    assert [each[0][0] if each else "" for each in found] == ["", *"22446688", "10", "10", ""]
    assert found[1][0][1] == "鈴木 花子" and "(送付から2営業日経過)" in found[1][0][2]
    stand_at(days[0], "09:00")
    desk.note_call(application, case.who("鈴木"), "answered", "", "")
    assert [told(day) for day in days] == [[]] * 12


def test_a_call_to_return_is_asked_for_on_the_next_business_day(case):
    application = case.sent()
    desk.note_call(application, case.who("鈴木"), "call_back", "0422-76-2072", "")
    today = clock.today()
    assert told(today) == []
    ((step, _, sentence),) = told(clock.after_business_days(today, 1))
    assert step == "1" and "折り返しの電話が済んでいません" in sentence


def test_while_the_officer_is_away_the_stand_in_is_reminded(case, by, suzuki, yamamoto):
    application = case.sent()
    day = clock.after_business_days(clock.day_of(application.stage_since_at), 2)
    given = {"stand_in": str(yamamoto.id), "since_on": day.isoformat(), "until_on": day.isoformat()}
    absences.note_absence(by(suzuki), suzuki, given)
    stand_at(day, "08:00")
    (due,) = calls.dues(day)
    (addressee,) = Addressees(day).of(due.people)
    assert (addressee.person, addressee.responsible) == (yamamoto, suzuki)
