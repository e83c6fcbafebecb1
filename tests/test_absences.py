"""Whoever is away has a registered officer to stand in."""

from datetime import timedelta

import pytest
from peewee import IntegrityError

from tests.administering import BOTH
from webapp import clock
from webapp.acts import absences
from webapp.register import Absence, Event, database


def day(days):
    return (clock.today() + timedelta(days=days)).isoformat()


def away(stand_in, since=0, until=5):
    return {"stand_in": str(stand_in.id), "since_on": day(since), "until_on": day(until)}


def at(person):
    return f"/people/{person.id}/absences"


@BOTH
def test_everybody_notes_an_own_absence(browser, sato, suzuki):
    page = browser.sign_in_as(sato).see("/absences")
    assert page.heading == "不在の登録"
    page = browser.press(at(sato), away(suzuki, 0, 3))
    assert page.status == 200 and "代理: 鈴木 花子" in page.text
    assert sato.stand_in() == suzuki and sato.stand_in(clock.today() + timedelta(days=4)) is None
    event = Event.select().where(Event.act == "note_absence").get()
    assert event.object_id == sato.id and event.facts["stand_in"] == suzuki.id


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"stand_in": ""}, "stand_in", "一覧から選んで"),
        ({"stand_in": "zwei"}, "stand_in", "一覧から選んで"),
        ({"stand_in": "999999"}, "stand_in", "一覧から選んで"),
        ({"since_on": "きのう"}, "since_on", "日付で入力"),
        ({"since_on": "9999-12-31"}, "until_on", "初日以降"),
        ({"until_on": "2020-01-01", "since_on": "2020-01-01"}, "until_on", "今日以降"),
        ({"until_on": "9999-12-31"}, "until_on", "1年以内"),
    ],
)
def test_it_says_what_is_wrong_with_an_absence(browser, sato, suzuki, changes, field, sentence):
    given = away(suzuki) | changes
    page = browser.sign_in_as(sato).press(at(sato), given)
    assert page.status == 422 and sentence in page.text and f'id="f-{field}-error"' in page.html
    assert not Absence.select().exists() and (given["since_on"] in page.html)


def test_only_a_registered_officer_who_is_here_stands_in(browser, by, sato, suzuki, yamamoto, takahashi):
    desk = browser.sign_in_as(sato)
    page = desk.press(at(sato), away(takahashi))
    assert page.status == 422 and "高橋 美咲さんは、この期間の登録担当者ではありません" in page.text
    absences.note_absence(by(suzuki), suzuki, away(yamamoto, 2, 3))
    page = desk.press(at(sato), away(suzuki))
    assert page.status == 422 and "鈴木 花子さんも、この期間に不在" in page.text
    page = browser.sign_in_as(suzuki).press(at(suzuki), away(suzuki, 10, 11))
    assert page.status == 422 and "本人でない登録担当者" in page.text


def test_absences_of_one_person_do_not_overlap(browser, sato, suzuki):
    browser.sign_in_as(sato).press(at(sato), away(suzuki, 0, 5))
    page = browser.press(at(sato), away(suzuki, 5, 7))
    assert page.status == 422 and "重なる不在" in page.text
    assert browser.press(at(sato), away(suzuki, 6, 7)).status == 200


@BOTH
def test_an_absence_ends_earlier_or_is_called_off_before_it_began(browser, sato, suzuki):
    desk = browser.sign_in_as(sato)
    desk.press(at(sato), away(suzuki, 0, 5))
    desk.press(at(sato), away(suzuki, 10, 12))
    now, later = Absence.select().order_by(Absence.id)
    page = desk.press(f"/absences/{now.id}/end", {"until_on": ""})
    assert page.status == 422 and "すでに始まっている" in page.text
    assert desk.press(f"/absences/{now.id}/end", {"until_on": day(5)}).status == 422
    assert desk.press(f"/absences/{now.id}/end", {"until_on": day(-1)}).status == 422
    assert desk.press(f"/absences/{now.id}/end", {"until_on": day(2)}).status == 200
    assert sato.stand_in(clock.today() + timedelta(days=3)) is None
    assert desk.press(f"/absences/{later.id}/end", {"until_on": ""}).status == 200
    assert sato.stand_in(clock.today() + timedelta(days=11)) is None
    assert desk.press(f"/absences/{later.id}/end", {"until_on": ""}).status == 409
    assert desk.press("/absences/999/end", {"until_on": ""}).status == 404


def test_one_sees_ones_own_and_officers_those_of_all(browser, sato, takahashi, suzuki, yamamoto, kobayashi):
    browser.sign_in_as(sato).press(at(sato), away(suzuki))
    row = Absence.get()
    stranger = browser.sign_in_as(takahashi)
    assert stranger.see(at(sato)).status == 404 and stranger.press(at(sato), away(suzuki, 8, 9)).status == 404
    assert stranger.press(f"/absences/{row.id}/end", {"until_on": day(1)}).status == 403
    for person in (yamamoto, kobayashi):
        desk = browser.sign_in_as(person)
        assert "佐藤 次郎" in desk.see("/people").text and desk.see(at(sato)).status == 200
    assert desk.press(at(takahashi), away(suzuki, 8, 9)).status == 200


def test_the_call_card_names_todays_stand_in(browser, case, by, suzuki, yamamoto):
    application = case.sent()
    desk = browser.sign_in_as(yamamoto)
    assert "さんの今日の代理" not in desk.see(f"/applications/{application.id}/call-card").text
    absences.note_absence(by(suzuki), suzuki, away(yamamoto))
    page = desk.see(f"/applications/{application.id}/call-card").text
    assert "鈴木 花子さんの今日の代理" in page and "山本 健" in page.partition("どこにつなぐか")[2]


@BOTH
def test_the_database_wants_a_registered_officer(house, sato, takahashi):
    with pytest.raises(IntegrityError), database.atomic():
        Absence.create(person=sato, stand_in=takahashi, since_on=clock.today(), until_on=clock.today())
