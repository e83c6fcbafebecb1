"""まとめて署名する (1-1-4): from the page on which a head chooses to each application's own seal, whatever becomes of the others."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.cases import again, frozen_of
from tests.stations import ORIGIN, TOKEN, asked, code_on, error, newest
from tokens.station import payloads, protocol
from webapp import clock, profiles
from webapp.acts import ca_profiles, sealing
from webapp.register import ApplicationForm, Event, Paper, PersonRole, StationJob, StationJobItem

pytestmark = [pytest.mark.slow, pytest.mark.both_databases]  # many, and each walks far
TANAKA = "tanaka@shinsei.example"


@pytest.fixture
def three(case):
    return [case.examined(title=title) for title in ("分光計A", "分光計B", "分光計C")]


@pytest.fixture
def head(paired, tanaka, three):
    """田中's station, and 田中 at the browser."""
    return paired(tanaka)


def press(browser, applications):
    return browser.press("/sealing", {"application": [str(each.id) for each in applications]})


@pytest.fixture
def opened(head, browser, three):
    """The envelope of the list that 田中 has asked for and opened."""
    return head.opened(code_on(press(browser, three)))


def give(station, envelope, place, value, **more):
    body = protocol.result("done", value)
    return station.ask("POST", f"/station/jobs/{envelope.job}/documents/{place}/result", body, **more)


def sealed(case, application, mail=TANAKA):
    return payloads.SealedPdf(case.signed(application, mail), TOKEN)


def end(station, envelope, *left):
    return station.give(envelope, payloads.SealedList(tuple(payloads.Left(*each) for each in left), TOKEN))


def states():
    return [(item.state, item.sentence) for item in StationJobItem.of(newest())]


# From the page to the seals


def test_a_head_is_led_to_the_page_when_two_wait_and_finds_them_all_ticked(case, browser, tanaka, sato):
    browser.sign_in_as(tanaka)
    first = case.examined(title="分光計A")
    assert "まとめて署名する" not in browser.see("/").links()
    second = case.examined(title="分光計B")
    for place in ("/", "/applications"):
        assert "まとめて署名する" in browser.see(place).links()
    page = browser.see("/sealing")
    assert page.heading == "まとめて署名する" and page.html.count(" checked") == 2
    assert first.number in page.text and "佐藤 次郎" in page.text and second.title in page.text
    assert "1件ごとに入力します" in page.text and "署名ステーションを用意する" in page.links()
    assert "まとめて署名する" not in browser.sign_in_as(sato).see("/").links()


def test_every_application_of_a_list_gets_its_own_seal_and_event(case, browser, head, three, tanaka):
    page = press(browser, three)
    assert page.heading == "まとめて署名する" and all(each.number in page.text for each in three)
    (offer,) = head.jobs()
    assert (offer["type"], offer["title"]) == ("seal_list", "3件の申請書への電子署名")
    envelope = head.opened(code_on(page))
    documents = envelope.payload.documents
    assert [each.number for each in documents] == [each.number for each in three]
    assert [each.title for each in documents] == ["分光計A", "分光計B", "分光計C"]
    assert {each.applicant for each in documents} == {"佐藤 次郎"} and "O=" in documents[0].subject
    assert {each.signer_mails for each in documents} == {(TANAKA,)} and envelope.payload.one_pin is False
    for place, application in enumerate(three):
        fetched = head.ask("GET", f"/station/jobs/{envelope.job}/documents/{place}")
        assert fetched.data == frozen_of(application) and len(fetched.data) == documents[place].size
        assert give(head, envelope, place, sealed(case, application)).json == {"state": "done"}
        done = again(application)
        assert (done.stage, done.sealer) == ("sealed", tanaka) and Paper.sealed(done).kind == "sealed_pdf"
        assert Event.newest(done, "seal").person == tanaka
    assert end(head, envelope).json == {"state": "done"}
    page = browser.see(f"/jobs/{newest().id}")
    assert "3件のうち3件の署名を登録しました" in page.text and page.text.count("署名済み") == 3
    event = Event.newest(newest(), "finish_job")
    assert event.facts["application"] == "、".join(each.number for each in three)


def test_one_alone_is_asked_for_as_a_single_one(browser, head, three):
    press(browser, three[:1])
    assert newest().kind == "seal_pdf" and newest().application == three[0]


def test_none_is_told_and_what_was_ticked_stays_ticked(browser, head, three):
    page = press(browser, [])
    assert page.status == 422 and "2件から20件まで" in page.text and " checked" not in page.html


def test_without_a_station_nothing_is_asked(browser, three, tanaka):
    browser.sign_in_as(tanaka)
    page = press(browser, three)
    assert page.status == 422 and not StationJob.select().exists() and page.html.count(" checked") == 3


def test_a_list_takes_the_place_of_one_that_waits(browser, head, three):
    press(browser, three)
    press(browser, three[:2])
    assert len(head.jobs()) == 1 and StationJob.select().where(StationJob.state == "cancelled").count() == 1


# One PIN for the list


@pytest.mark.parametrize("now", [True, False])
@pytest.mark.parametrize("kept", [True, False])
def test_the_profiles_alone_say_whether_one_pin_may_do(browser, head, three, monkeypatch, now, kept):
    def saying(allowed):
        return lambda application=None: replace(profiles.load("practice"), one_pin_for_list=allowed)

    monkeypatch.setattr(ca_profiles, "here", saying(now))
    monkeypatch.setattr(ca_profiles, "of", saying(kept))
    fields = {"application": [str(each.id) for each in three], "one_pin": "false" if now and kept else "true"}
    envelope = head.opened(code_on(browser.press("/sealing", fields)))
    assert envelope.payload.one_pin is (now and kept)
    assert head.poll()["one_pin"] is now


def test_no_profile_allows_it_unless_it_says_so():
    assert [profiles.load(name).one_pin_for_list for name in profiles.names()] == [False] * len(profiles.names())


# Not all of it


def test_what_somebody_else_moved_on_does_not_spoil_the_others(case, browser, head, opened, three, by, suzuki):
    sealing.seal(three[1], by(suzuki), "signed.pdf", case.signed(three[1]))
    answers = [give(head, opened, place, sealed(case, each)).status_code for place, each in enumerate(three)]
    assert answers == [200, 409, 200] and end(head, opened).json == {"state": "done"}
    assert [again(each).stage for each in three] == ["sealed"] * 3
    assert [state for state, _ in states()] == ["done", "failed", "done"]
    page = browser.see(f"/jobs/{newest().id}")
    assert "3件のうち2件" in page.text and "登録できませんでした" in page.text and "行えません" in page.text


def test_what_the_station_left_stays_open_and_the_page_says_which_and_why(case, browser, head, opened, three):
    give(head, opened, 0, sealed(case, three[0]))
    end(head, opened, (1, "PINが正しくありません。"), (2, "PINが正しくありません。"))
    assert [again(each).stage for each in three] == ["sealed", "examined", "examined"]
    assert states() == [("done", ""), ("left", "PINが正しくありません。"), ("left", "PINが正しくありません。")]
    page = browser.see(f"/jobs/{newest().id}")
    assert "3件のうち1件" in page.text and page.text.count("署名していません PINが正しくありません。") == 2
    assert "残りに署名する" in page.links()
    assert browser.see("/sealing").html.count(" checked") == 2


def test_a_list_of_which_nothing_was_sealed_has_failed(head, opened, three):
    assert end(head, opened, (0, "カードが抜かれました。")).status_code == 422
    assert newest().state == "failed" and [again(each).stage for each in three] == ["examined"] * 3


def test_what_came_before_the_end_of_the_ten_minutes_stays_sealed(case, browser, head, opened, three):
    give(head, opened, 0, sealed(case, three[0]))
    clock.move(timedelta(minutes=11))
    assert error(give(head, opened, 1, sealed(case, three[1]))) == (409, "finished")
    assert [again(each).stage for each in three] == ["sealed", "examined", "examined"]
    page = browser.see(f"/jobs/{newest().id}")
    assert "期限" in page.text and "3件のうち1件" in page.text and page.text.count("署名していません") >= 2


def test_a_form_that_was_made_anew_meanwhile_is_not_sealed(case, head, opened, three):
    value = sealed(case, three[0])
    three[0].version += 1
    three[0].save()
    assert error(give(head, opened, 0, value)) == (409, "refused")
    assert states()[0][0] == "failed" and "署名を待つ間に変わりました" in states()[0][1]


# What somebody might try


def test_each_result_is_taken_once(case, head, opened, three):
    value = sealed(case, three[0])
    assert give(head, opened, 0, value).status_code == 200
    assert error(give(head, opened, 0, value)) == (409, "finished")
    assert Event.select().where(Event.act == "seal").count() == 1
    end(head, opened, (1, "取りやめ"), (2, "取りやめ"))
    assert error(give(head, opened, 1, sealed(case, three[1]))) == (409, "finished")
    assert error(end(head, opened)) == (409, "finished")


def test_a_signed_pdf_given_for_another_place_is_refused(case, head, opened, three):
    assert give(head, opened, 1, sealed(case, three[0])).status_code in (400, 422)
    assert [again(each).stage for each in three] == ["examined"] * 3 and states()[1][0] == "failed"


def test_somebody_elses_certificate_seals_none_of_it(case, head, opened, three):
    assert give(head, opened, 0, sealed(case, three[0], "suzuki@shinsei.example")).status_code == 422
    assert again(three[0]).stage == "examined"


def test_whose_role_has_ended_meanwhile_seals_nothing(case, head, opened, three, tanaka):
    yesterday = clock.today() - timedelta(days=1)
    PersonRole.update(until_on=yesterday).where(PersonRole.person == tanaka).execute()
    answer = give(head, opened, 0, sealed(case, three[0]))
    assert answer.status_code in (403, 404, 422) and again(three[0]).stage == "examined"


def test_another_station_sees_and_answers_nothing_of_it(case, head, opened, three, paired, tanaka, sato):
    for other in (paired(sato), paired(tanaka)):
        fetched = other.ask("GET", f"/station/jobs/{opened.job}/documents/0")
        assert error(fetched) == (404, "no_job")
        assert error(give(other, opened, 0, sealed(case, three[0]))) == (404, "no_job")
    assert states() == [("open", "")] * 3


def test_places_that_a_list_does_not_have_are_not_there(case, head, opened, three):
    for place in ("3", "99", "-1", "x"):
        path = f"/station/jobs/{opened.job}/documents/{place}"
        assert head.ask("GET", path).status_code == 404
        body = protocol.result("done", sealed(case, three[0]))
        assert head.ask("POST", f"{path}/result", body).status_code in (403, 404)


def test_a_result_that_is_none_is_refused_and_the_right_one_still_taken(case, head, opened, three):
    for body in (b"", b"[]", protocol.result("failed", reason="x"), b'{"outcome":"done","result":{}}'):
        assert head.ask("POST", f"/station/jobs/{opened.job}/documents/0/result", body).status_code == 400
    assert give(head, opened, 0, sealed(case, three[0])).json == {"state": "done"}


def test_only_the_head_whom_the_form_names_may_put_it_on_a_list(case, browser, paired, three, suzuki, takahashi, ito):
    for person, wanted in ((suzuki, 403), (takahashi, 404), (ito, 403)):
        paired(person)
        assert press(browser, three).status == wanted, person.name
        assert browser.see("/sealing").html.count('type="checkbox"') == 0
    assert not StationJob.select().exists()


def test_what_does_not_wait_any_more_is_on_no_list(case, browser, head, three, by, suzuki):
    sealing.seal(three[1], by(suzuki), "signed.pdf", case.signed(three[1]))
    page = press(browser, three)
    assert page.status == 409 and not StationJob.select().exists() and page.html.count(" checked") == 2


def test_numbers_that_are_none_are_not_found(browser, head):
    for number in ("", "x", "-1", "9" * 30, "1 OR 1=1"):
        assert browser.press("/sealing", {"application": [number, number]}).status == 404


def test_an_envelope_of_a_list_is_for_one_station_and_one_use(browser, head, three):
    code = code_on(press(browser, three))
    handle = head.jobs()[0]["id"]
    answer = head.claim(handle, code)
    text, signature = answer.json["envelope"], answer.json["signature"]
    with pytest.raises(protocol.Refusal) as caught:
        protocol.opened(text, signature, head.job_key, origin=ORIGIN, station="999", now=clock.now().timestamp())
    assert caught.value.code == "other_station"
    assert error(head.claim(handle, code)) == (409, "claimed")
    with pytest.raises(protocol.Refusal) as caught:
        protocol.opened(
            text.replace('"one_pin":false', '"one_pin":true'),
            signature,
            head.job_key,
            origin=ORIGIN,
            station=head.number,
            now=clock.now().timestamp(),
        )
    assert caught.value.code == "foreign_key"


def test_the_single_way_takes_no_list(browser, head, three):
    assert asked(browser, three[0], "seal_list").status == 422
    assert ApplicationForm.select().count() == 3
