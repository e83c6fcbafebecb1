"""署名 (1-1-4) at a signing station, from the button to the act; who sees what of it; and every way in which somebody could slip
something else in."""

from datetime import timedelta

import pytest

from tests.cases import again, frozen_of
from tests.stations import TOKEN, asked, code_on, error, newest
from tokens.station import payloads, protocol
from webapp import clock
from webapp.acts import station_work
from webapp.papers import freeze
from webapp.register import Event, Intake, Paper, PersonRole, StationJob

pytestmark = [pytest.mark.slow, pytest.mark.both_databases]  # many, and each walks far


@pytest.fixture
def examined(case):
    return case.examined()


@pytest.fixture
def head(paired, tanaka, examined):
    """田中's station, and 田中 at the browser."""
    return paired(tanaka)


@pytest.fixture
def opened(head, browser, examined):
    """The envelope of a seal that 田中 has asked for and opened."""
    return head.opened(code_on(asked(browser, examined, "seal_pdf")))


def sealed(case, application, mail="tanaka@shinsei.example"):
    return payloads.SealedPdf(case.signed(application, mail), TOKEN)


# 署名 (1-1-4)


def test_a_head_seals_at_the_station_and_the_case_moves_on(case, browser, head, examined, tanaka):
    page = asked(browser, examined, "seal_pdf")
    assert page.heading == "署名ステーションで署名する" and "pc-12" in page.text
    offered = head.jobs()
    assert [job["type"] for job in offered] == ["seal_pdf"] and offered[0]["requester"] == "田中 一郎"
    assert code_on(page) not in repr(offered) and newest().state == "offered"
    envelope = head.opened(code_on(page))
    asked_for = envelope.payload
    assert asked_for.number == examined.number and asked_for.field == freeze.FIELD == station_work.SEAL_FIELD
    assert asked_for.signer_mails == ("tanaka@shinsei.example",) and "田中 一郎" in asked_for.name_lines
    assert head.document(envelope).data == frozen_of(examined) and len(frozen_of(examined)) == asked_for.size
    assert "進めています" in browser.see(f"/jobs/{newest().id}").text
    assert head.give(envelope, sealed(case, examined)).json == {"state": "done"}
    done = again(examined)
    assert (done.stage, done.sealer) == ("sealed", tanaka) and Paper.sealed(done).kind == "sealed_pdf"
    page = browser.see(f"/jobs/{newest().id}")
    assert "結果を見る" in page.links() and code_on(page) is None
    acts = [event.act for event in Event.about(newest())]
    assert acts == ["finish_job", "claim_job", "ask_station"] and Event.newest(done, "seal").address == "127.0.0.1"


def test_only_who_may_do_the_act_may_ask_for_it(case, browser, paired, takahashi, ito):
    application = case.examined()
    for person, wanted in ((takahashi, {404}), (ito, {403, 422})):
        paired(person)
        for kind in ("seal_pdf", "make_key", "install", "sign_mail", "sign_in", "", "x"):
            assert asked(browser, application, kind).status in wanted, kind
    assert not StationJob.select().exists()


def test_at_another_stage_nothing_is_asked(case, browser, paired, tanaka):
    application = case.submitted()
    paired(tanaka)
    assert asked(browser, application, "seal_pdf").status == 409


def test_an_application_that_is_none_is_not_there(browser, paired, tanaka):
    paired(tanaka)
    for number in ("", "x", "-1", "0", "9" * 30, "1 OR 1=1"):
        assert browser.press("/jobs", {"application": number, "kind": "seal_pdf"}).status == 404


def test_without_a_station_one_is_told_how_to_get_one(browser, examined, tanaka):
    browser.sign_in_as(tanaka)
    page = asked(browser, examined, "seal_pdf")
    assert page.status == 422 and "署名ステーションを用意する" in page.links()


def test_the_code_is_shown_in_the_session_that_asked_and_nowhere_else(house, browser, head, examined, tanaka, sato):
    page = asked(browser, examined, "seal_pdf")
    number, code = newest().id, code_on(page)
    assert code_on(browser.see(f"/jobs/{number}")) == code  # also without JavaScript, by the link
    other = house.test_client().sign_in_as(tanaka)
    page = other.see(f"/jobs/{number}")
    assert code_on(page) is None and code not in page.html and "依頼したブラウザー" in page.text
    assert house.test_client().sign_in_as(sato).see(f"/jobs/{number}").status == 404
    answer = browser.get(f"/jobs/{number}", headers={"HX-Request": "true"})
    assert 'id="job-state"' in answer.text and "<html" not in answer.text and "hx-trigger" in answer.text
    row = StationJob.select().where(StationJob.id == number).dicts().get()
    assert code not in repr({name: value for name, value in row.items() if name != "code_hash"})


def test_asking_again_takes_the_place_of_what_waits(browser, head, examined):
    first = code_on(asked(browser, examined, "seal_pdf"))
    second = code_on(asked(browser, examined, "seal_pdf"))
    jobs = head.jobs()
    assert len(jobs) == 1 and StationJob.select().where(StationJob.state == "cancelled").count() == 1
    if first != second:
        assert error(head.claim(jobs[0]["id"], first)) == (422, "wrong_code")
    head.opened(second)


# What somebody might try


def test_another_persons_station_sees_opens_and_answers_nothing(case, browser, head, opened, paired, sato):
    other = paired(sato)
    assert other.jobs() == []
    assert error(other.claim(opened.job, "000000")) == (404, "no_job")
    assert error(other.document(opened)) == (404, "no_job")
    assert error(other.give(opened, outcome="rejected")) == (404, "no_job")
    assert newest().state == "claimed"


def test_another_station_of_the_same_person_takes_no_part_in_what_was_opened(
    head, opened, paired, tanaka, case, examined
):
    second = paired(tanaka)
    assert error(second.document(opened)) == (404, "no_job")
    assert error(second.give(opened, sealed(case, examined))) == (404, "no_job")
    assert newest().state == "claimed" and again(examined).stage == "examined"


def test_a_job_is_opened_once(browser, head, examined):
    code = code_on(asked(browser, examined, "seal_pdf"))
    handle = head.jobs()[0]["id"]
    assert head.claim(handle, code).status_code == 200
    assert error(head.claim(handle, code)) == (409, "claimed") and head.jobs() == []


def test_three_wrong_codes_end_a_job_also_for_the_right_one(browser, head, examined):
    code = code_on(asked(browser, examined, "seal_pdf"))
    handle = head.jobs()[0]["id"]
    wrong = "000000" if code != "000000" else "000001"
    assert error(head.claim(handle, wrong)) == (422, "wrong_code")
    assert error(head.claim(handle, "x")) == (422, "wrong_code")
    assert error(head.claim(handle, wrong)) == (410, "stopped")
    assert error(head.claim(handle, code)) == (410, "stopped") and head.jobs() == []
    page = browser.see(f"/jobs/{newest().id}")
    assert "3回間違っていた" in page.text and "はじめからやり直す" in page.links()
    assert Event.newest(newest(), "stop_job")


def test_the_third_try_may_be_the_right_one(browser, head, examined):
    code = code_on(asked(browser, examined, "seal_pdf"))
    handle = head.jobs()[0]["id"]
    for _ in range(2):
        head.claim(handle, "000000" if code != "000000" else "000001")
    assert head.claim(handle, code).status_code == 200


def test_after_ten_minutes_nothing_is_opened_fetched_or_taken(case, browser, head, examined, opened):
    clock.move(timedelta(minutes=10))
    assert error(head.document(opened)) == (409, "finished")
    assert error(head.give(opened, sealed(case, examined))) == (409, "finished")
    assert newest().state == "expired" and "期限" in browser.see(f"/jobs/{newest().id}").text
    code = code_on(asked(browser, examined, "seal_pdf"))
    handle = head.jobs()[0]["id"]
    clock.move(timedelta(minutes=20))
    assert error(head.claim(handle, code)) == (410, "stopped")
    assert again(examined).stage == "examined"


def test_a_result_is_taken_once(case, head, opened, examined):
    value = sealed(case, examined)
    assert head.give(opened, value).json == {"state": "done"}
    assert error(head.give(opened, value)) == (409, "finished")
    assert error(head.give(opened, outcome="rejected")) == (409, "finished") and newest().state == "done"


def test_a_result_for_what_was_taken_back_is_nothing(case, browser, head, opened, examined):
    page = browser.press(f"/jobs/{newest().id}/cancellation")
    assert "依頼を取り消しました" in page.text
    assert error(head.give(opened, sealed(case, examined))) == (409, "finished") and again(examined).stage == "examined"
    assert browser.press(f"/jobs/{newest().id}/cancellation").status == 409


def test_only_who_asked_takes_it_back(browser, opened, suzuki):
    browser.sign_in_as(suzuki)
    assert browser.press(f"/jobs/{newest().id}/cancellation").status == 404 and newest().state == "claimed"


def test_a_revoked_station_loses_what_it_has_in_hand(case, browser, head, opened, examined):
    browser.press(f"/stations/{head.number}/revocation")
    assert error(head.give(opened, sealed(case, examined))) == (403, "revoked")
    assert newest().state == "cancelled" and again(examined).stage == "examined"


def test_a_result_whose_body_was_changed_on_the_way_is_none(case, head, opened, examined):
    body = protocol.result("done", sealed(case, examined))
    answer = head.ask("POST", f"/station/jobs/{opened.job}/result", body, sent=body.replace(b"0001", b"0002"))
    assert error(answer) == (401, "signature") and newest().state == "claimed"


NO_RESULTS = (
    b"",
    b"{}",
    b"[]",
    b'{"outcome":"done"}',
    b'{"outcome":"done","result":{}}',
    b'{"outcome":"done","result":{"pdf":"!","token":{"label":"a","serial":"b","model":"c"}}}',
    b'{"outcome":"done","result":{"pdf":"AA==","token":5}}',
    b'{"outcome":"rejected"}',
    b'{"outcome":"rejected","reason":5}',
    b'{"outcome":"expired","reason":"x"}',
    b'{"outcome":"failed","reason":"x","more":1}',
    b"\xff\xfe",
    b"[" * 100_000,
)


def test_a_result_that_is_none_is_refused_and_the_right_one_still_taken(case, head, opened, examined):
    for body in NO_RESULTS:
        answer = head.ask("POST", f"/station/jobs/{opened.job}/result", body)
        assert answer.status_code == 400 and answer.json["error"] in ("malformed", "unknown_field"), body[:40]
        assert newest().state == "claimed"
    assert head.give(opened, sealed(case, examined)).json == {"state": "done"}


def test_what_the_person_at_the_station_refuses_is_told_with_the_reason(browser, head, opened, examined):
    assert head.give(opened, outcome="rejected", reason="内容が違います。").json == {"state": "rejected"}
    page = browser.see(f"/jobs/{newest().id}")
    assert "取りやめられました" in page.text and "内容が違います。" in page.text and again(examined).stage == "examined"


def test_a_pdf_that_is_not_ours_is_refused_and_told_at_both_ends(case, browser, head, opened, examined):
    other = case.examined(title="別の申請")
    answer = head.give(opened, sealed(case, other))
    assert answer.status_code == 422 and "この申請の申請書のPDFではないか" in answer.json["message"]
    assert newest().state == "failed" and "この申請の申請書のPDFではないか" in browser.see(f"/jobs/{newest().id}").text
    assert Intake.select().where(Intake.state == "refused").exists() and again(examined).stage == "examined"


def test_a_seal_with_anothers_certificate_is_refused(case, head, opened, examined):
    answer = head.give(opened, sealed(case, examined, "suzuki@shinsei.example"))
    assert answer.status_code == 422 and again(examined).stage == "examined"


def test_whose_role_has_ended_meanwhile_seals_nothing(case, head, opened, examined, tanaka):
    PersonRole.update(until_on=clock.today() - timedelta(days=1)).where(PersonRole.person == tanaka).execute()
    answer = head.give(opened, sealed(case, examined))
    assert answer.status_code in (403, 404) and newest().state == "failed" and again(examined).stage == "examined"


def test_a_result_of_another_kind_is_none(head, opened):
    value = payloads.SignedIn(b"0", b"0", "ECDSA_SHA256", TOKEN)
    answer = head.ask("POST", f"/station/jobs/{opened.job}/result", protocol.result("done", value))
    assert error(answer) == (400, "unknown_field") and newest().state == "claimed"
