"""予定: the page by month, the calendar that somebody subscribes to, and the heartbeat on home and for the machines."""

import re
from datetime import date, timedelta

import icalendar
import pytest

from tests.test_expiries import certificate
from tests.test_watching import MONDAY, due, stand_at
from webapp import clock
from webapp.acts import calendars, watching
from webapp.register import Absence, Account, CalendarFeed, Event, PersonRole, SignInAttempt, Watch

pytestmark = pytest.mark.both_databases


@pytest.fixture
def feed(browser):
    """feed(person): the path of a calendar that the person opens by the page."""

    def open_one(person):
        browser.sign_in_as(person)
        page = browser.press("/calendar/feed")
        path = re.search(
            r"http://localhost(/calendar/[\w-]{43}\.ics)", page.html.replace("<span>", "").replace("</span>", "")
        )
        return path[1]

    return open_one


def fetched(browser, path):
    """The answer to a calendar program, which has no cookie."""
    browser.delete_cookie("shirushi")
    return browser.get(path)


def summaries(response):
    return [str(event["SUMMARY"]) for event in icalendar.Calendar.from_ical(response.data).walk("VEVENT")]


def test_the_month_lists_what_is_due_with_a_link_each(browser, sato, suzuki, takahashi):
    stand_at(MONDAY)
    row = certificate(MONDAY + timedelta(days=10), subscriber=sato)
    certificate(MONDAY + timedelta(days=11), subscriber=takahashi, title="ほかの部局")
    browser.sign_in_as(sato)
    page = browser.see("/calendar")
    assert page.heading == "2027年6月の予定" and "2027年6月17日(木)" in page.text
    assert page.links()["証明書「計測ソフト配布用」の有効期限"] == f"/certificates/{row.id}"
    assert "ほかの部局" not in page.text and "佐藤 次郎" in page.text
    browser.sign_in_as(suzuki)
    assert "ほかの部局" in browser.see("/calendar").text and "予定" in browser.see("/").links()


def test_one_turns_from_month_to_month_and_any_address_is_answered(browser, sato):
    stand_at(date(2027, 12, 15))
    browser.sign_in_as(sato)
    page = browser.see("/calendar")
    assert page.links()["前の月"] == "/calendar?month=2027-11" and page.links()["次の月"] == "/calendar?month=2028-01"
    assert "この月に期限の来るものはありません。" in page.text
    assert browser.see("/calendar?month=2028-02").heading == "2028年2月の予定"
    for month in (
        "",
        "x",
        "2027-13",
        "0001-01",
        "9999-12",
        "2027-1",
        "２０２７-01",
        "2027-02&day=31",
        "2027-02&day=-1",
    ):
        assert browser.see(f"/calendar?month={month}").status == 200
    for month in ("2000-01", "2099-12"):
        assert browser.see(f"/calendar?month={month}").heading.startswith(f"{int(month[:4])}年")


def test_what_is_past_and_what_is_today_is_said_in_words(browser, sato):
    stand_at(MONDAY)
    certificate(MONDAY, subscriber=sato)
    certificate(MONDAY - timedelta(days=2), subscriber=sato)
    browser.sign_in_as(sato)
    text = browser.see("/calendar").text
    assert "2027年6月5日(土) 過ぎました" in text and "2027年6月7日(月) 今日" in text


def test_a_month_with_very_much_is_cut_and_goes_on(browser, suzuki, monkeypatch):
    monkeypatch.setattr("webapp.routes.calendar.MOST", 3)
    stand_at(MONDAY)
    for days in (1, 1, 2, 2, 2, 2, 3):
        certificate(MONDAY + timedelta(days=days), title=f"{days}日後")
    browser.sign_in_as(suzuki)
    first = browser.see("/calendar")
    assert first.text.count("の有効期限") == 3
    second = browser.see(first.links()["この月の続きを見る"])
    assert (
        "この日の残りは、証明書の一覧で確認してください。" in second.text
        and "2027年6月9日(水)からの予定です。" in second.text
    )
    third = browser.see(second.links()["この月の続きを見る"])
    assert "3日後" in third.text and "この月の続きを見る" not in third.links()


def test_who_stands_in_for_somebody_sees_what_is_theirs(house, sato, suzuki, takahashi, monkeypatch):
    stand_at(MONDAY)
    certificate(MONDAY + timedelta(days=10), subscriber=sato)
    span = MONDAY, MONDAY + timedelta(days=30)
    assert calendars.dates(takahashi, *span, 10) == []
    Absence.insert(person=sato, stand_in=suzuki, since_on=MONDAY, until_on=MONDAY).execute()
    PersonRole.update(role="subscriber").where(PersonRole.person == suzuki).execute()
    fresh = type(suzuki).get_by_id(suzuki.id)
    assert len(calendars.dates(fresh, *span, 10)) == 1


def test_dates_of_every_source_come_in_their_order_to_those_they_concern(house, sato, suzuki, monkeypatch):
    class Source:
        @staticmethod
        def dates(first, last):
            yield due("b", sato, on=MONDAY + timedelta(days=12), sentence="後")
            yield due("a", suzuki, on=MONDAY + timedelta(days=1), sentence="先")

    class Silent:
        """Has dues and no dates of its own."""

    monkeypatch.setattr(watching, "SOURCES", (Source, Silent))
    stand_at(MONDAY)
    certificate(MONDAY + timedelta(days=10), subscriber=sato)
    span = MONDAY, MONDAY + timedelta(days=30)
    assert [each.sentence for each in calendars.dates(suzuki, *span, 10)] == [
        "先",
        "証明書「計測ソフト配布用」の有効期限",
        "後",
    ]
    assert [each.sentence for each in calendars.dates(sato, *span, 1)] == ["証明書「計測ソフト配布用」の有効期限"]


def test_nobody_has_a_feed_until_they_open_one_and_its_address_is_shown_once(browser, sato, feed):
    browser.sign_in_as(sato)
    assert "購読していません" in browser.see("/calendar/feed").text and not CalendarFeed.select().exists()
    path = feed(sato)
    kept = CalendarFeed.get()
    secret = path.removeprefix("/calendar/").removesuffix(".ics")
    assert secret not in str(kept.__data__) and len(kept.secret_sha256) == 64
    page = browser.see("/calendar/feed")
    assert secret not in page.html and "購読中" in page.text
    assert not [event for event in Event.select() if secret in f"{event.facts}{event.particulars}{event.address}"]
    assert Event.newest(kept, "open_feed").person == sato


def test_a_feed_needs_no_cookie_and_holds_what_its_person_may_see_now(browser, sato, takahashi, feed):
    stand_at(MONDAY)
    certificate(MONDAY + timedelta(days=10), subscriber=sato)
    certificate(MONDAY + timedelta(days=10), subscriber=takahashi, title="ほか")
    path = feed(sato)
    response = fetched(browser, path)
    assert response.status_code == 200 and response.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert response.headers["Cache-Control"] == "private, no-store" and "Set-Cookie" not in response.headers
    assert summaries(response) == ["証明書「計測ソフト配布用」の有効期限"]
    certificate(MONDAY + timedelta(days=200), subscriber=sato, title="新しいもの")
    assert "証明書「新しいもの」の更新の目安日(この日までに申請)" in summaries(fetched(browser, path))


def test_a_feed_ends_when_it_is_renewed_or_closed_or_its_person_leaves(browser, sato, feed):
    first = feed(sato)
    second = feed(sato)
    gone = fetched(browser, first)
    guessed = fetched(browser, "/calendar/" + "A" * 43 + ".ics")
    assert gone.status_code == guessed.status_code == 404 and gone.data == guessed.data
    assert fetched(browser, second).status_code == 200
    Account.update(closed_at=clock.now()).where(Account.person == sato).execute()
    assert fetched(browser, second).data == guessed.data
    Account.update(closed_at=None).execute()
    PersonRole.update(until_on=clock.today() - timedelta(days=1)).where(PersonRole.person == sato).execute()
    assert fetched(browser, second).data == guessed.data
    PersonRole.update(until_on=None).execute()
    assert fetched(browser, second).status_code == 200
    browser.sign_in_as(sato)
    page = browser.press("/calendar/feed/end")
    assert "カレンダー購読をやめました。" in page.text and fetched(browser, second).data == guessed.data
    assert [event.act for event in Event.select().where(Event.object == "calendar_feed")] == [
        "open_feed",
        "open_feed",
        "close_feed",
    ]


def test_the_web_server_keeps_no_log_of_addresses(repository):
    assert "access" not in (repository / "bin" / "run").read_text("utf-8")


def test_the_daily_round_ends_the_feed_of_who_has_left_for_good(browser, sato, suzuki, feed):
    path, other = feed(sato), feed(suzuki)
    PersonRole.update(until_on=clock.today()).where(PersonRole.person == sato).execute()
    stand_at(clock.today() + timedelta(days=1))
    watching.make_round()
    PersonRole.update(until_on=None).execute()
    assert fetched(browser, path).status_code == 404 and fetched(browser, other).status_code == 200
    assert Event.newest(CalendarFeed.get(CalendarFeed.person == sato), "close_feed").person is None


def test_who_tries_many_addresses_finds_none_for_a_while_and_nothing_more_is_written(browser, sato, feed, monkeypatch):
    monkeypatch.setattr(calendars, "MISSES", 3)
    path = feed(sato)
    for n in range(5):
        fetched(browser, f"/calendar/{n}.ics")
    assert SignInAttempt.select().count() == 3 and fetched(browser, path).status_code == 404
    assert not [row for row in SignInAttempt.select() if ".ics" in row.login or row.login.endswith("0")]
    clock.move(calendars.WITHIN + timedelta(seconds=1))
    assert fetched(browser, path).status_code == 200


def test_home_and_health_say_when_the_last_round_was_and_when_it_is_too_long_ago(browser, suzuki, sato, kobayashi):
    stand_at(MONDAY)
    browser.sign_in_as(suzuki)
    assert "最後の通知: まだありません" in browser.see("/").text
    watching.make_round()
    assert "最後の通知: 2027年6月7日(月) 08:00" in browser.see("/").text and "26時間" not in browser.see("/").text
    assert browser.get("/health").json["reminders_late"] is False
    assert browser.get("/health").json["reminded_at"] == "2027-06-07T08:00:00+09:00"
    stand_at(MONDAY + timedelta(days=1), "10:30")
    for person in (suzuki, kobayashi):
        browser.sign_in_as(person)
        assert "26時間以上行われていません" in browser.see("/").text
    assert browser.get("/health").json["reminders_late"] is True
    browser.sign_in_as(sato)
    assert "最後の通知" not in browser.see("/").text


def test_home_says_what_could_not_be_asked_and_who_could_not_be_told(browser, kobayashi):
    stand_at(MONDAY)
    watching.make_round()
    Watch.update(failed="gates", untold=2).execute()
    browser.sign_in_as(kobayashi)
    text = browser.see("/").text
    assert "一部を確認できませんでした(gates)" in text and "お知らせを送る相手のない期限が2件あります" in text
