"""失効 through its pages: what is refused with a sentence, what is kept, who is kept out (seed 1-3; REV-01…04)."""

from datetime import timedelta
from email import message_from_bytes, policy

import pytest

from tests.bad import attached, stands
from tests.cases import again, unguarded
from tests.revoking import ask, compromise, opened
from webapp import clock
from webapp.acts import revocations
from webapp.errors import Overtaken
from webapp.register import (
    Application,
    Certificate,
    Event,
    PersonRole,
    Revocation,
    verify_chain,
)

pytestmark = pytest.mark.slow  # many, and each walks far

COMMENT = "配布をやめるため"


@pytest.fixture
def certificate(case, browser, sato):
    """佐藤's certificate in use, 佐藤 at the browser."""
    found = Certificate.of(case.in_use())
    browser.sign_in_as(sato)
    return found


# What is asked for (1-3-1)


def test_each_reason_becomes_a_draft_with_what_was_written(browser, certificate):
    for reason, comment in (("3", ""), ("4", ""), ("5", ""), ("5", COMMENT), ("0", "機関の都合")):
        page = ask(browser, certificate, reason=reason, comment=comment)
        application = Application.select().order_by(-Application.id).get()
        assert page.status == 200 and application.number in page.text and certificate.serial in page.text
        kept = Revocation.of(application)
        assert (kept.reason, kept.comment, kept.compromised_at) == (int(reason), comment, None)
        held = Certificate.get_by_id(certificate.id)
        assert held.revoking == application and held.blocked_at is None and held.state == "失効手続き中"
        browser.press(f"/applications/{application.id}/withdrawal", {"reason": "選び直します。"})


UNSAYABLE = (
    ("", COMMENT, "失効理由を選んでください"),
    ("6", COMMENT, "失効理由を選んでください"),
    ("9", COMMENT, "失効理由を選んでください"),
    ("四", COMMENT, "失効理由を選んでください"),
    ("0", "", "失効理由コメントが必要です"),
    ("0", "   ", "失効理由コメントが必要です"),
    ("5", "あ" * 129, "128文字以内で記入してください(現在129文字)"),
    ("5", "髙橋さんの退職", "「髙」→「高」"),
    ("5", "更新①のため🙂", "「①」→「1」"),
    ("5", "一行目\n二行目", "改行"),
    ("5", "見えない\u200b文字", "U+200B"),
)


def test_what_the_form_cannot_say_is_refused_and_stays_typed(browser, certificate):
    for reason, comment, words in UNSAYABLE:
        page = ask(browser, certificate, reason=reason, comment=comment)
        assert page.status == 422 and words in page.text, (reason, comment)
        form = page.form("/revocation")
        assert form["comment"].split() == comment.split() and form.get("reason", "") in (reason, "")
    assert opened() == 0 and Certificate.get_by_id(certificate.id).revoking is None and verify_chain()


def test_a_compromised_key_is_blocked_at_once_and_the_clock_runs(browser, certificate):
    page = ask(browser, certificate, **compromise())
    assert page.status == 200 and "24時間の期限まで、あと" in page.text
    held = Certificate.get_by_id(certificate.id)
    assert held.blocked_at and Event.newest(held, "block_key")


NO_TIMES = (
    ({"compromised_on": "", "compromised_time": ""}, "危殆化の推定日時が記入されていません"),
    ({"compromised_on": "2199-01-01"}, "現在より後です"),
    ({"noticed_on": "2199-01-01"}, "現在より後です"),
    ({"compromised_on": "2026-11"}, "日付と時刻を入力してください"),
    ({"compromised_time": "9:"}, "日付と時刻を入力してください"),
    ({"compromised_on": ""}, "日付と時刻を入力してください"),
    ({"noticed_time": "25:00"}, "日付と時刻を入力してください"),
    ({"compromised_on": "令和八年"}, "日付と時刻を入力してください"),
    ({"compromised_on": "0000-00-00"}, "日付と時刻を入力してください"),
    ({"compromised_on": "0001-01-01", "compromised_time": "00:00"}, "日付と時刻を入力してください"),
    ({"compromised_on": "9999-12-31", "compromised_time": "23:59"}, "現在より後です"),
)


def test_a_time_that_is_none_is_told_and_stays_typed(browser, certificate):
    for changes, words in NO_TIMES:
        page = ask(browser, certificate, **compromise(**changes))
        assert page.status == 422 and words in page.text, changes
        form = page.form("/revocation")
        assert {name: form[name] for name in changes} == changes and form["comment"] == "トークンを紛失したため"
    assert opened() == 0 and Certificate.get_by_id(certificate.id).blocked_at is None


def test_an_empty_time_of_noticing_means_now(browser, certificate):
    ask(browser, certificate, **compromise(noticed_on="", noticed_time=""))
    assert clock.now() - Revocation.get().noticed_at < timedelta(minutes=1)


# Twice, too late, and by whom


def test_the_second_person_is_told_the_number_of_the_first(case, browser, certificate, suzuki):
    assert browser.see(f"/certificates/{certificate.id}/revocation").status == 200
    number = case_number(ask(browser, certificate, reason="5"))
    browser.sign_in_as(suzuki)
    for page in (ask(browser, certificate, reason="4"), browser.see(f"/certificates/{certificate.id}/revocation")):
        assert page.status == 409 and number in page.text
    assert opened() == 1


def case_number(page):
    return Application.get(Application.kind == "revoke").number if page.status == 200 else page.text


def test_of_two_who_ask_at_the_same_moment_one_is_overtaken(case, certificate, by, sato, suzuki):
    stale = Certificate.get_by_id(certificate.id)
    revocations.open_revocation(certificate, by(sato), 5, "")
    with pytest.raises(Overtaken):
        revocations.open_revocation(stale, by(suzuki), 1, "紛失", clock.now(), clock.now())
    assert opened() == 1 and Certificate.get_by_id(certificate.id).blocked_at is None


def test_what_is_revoked_or_has_ended_is_not_revoked_again(case, browser, suzuki):
    revoked = case.revocation("completed").target
    ended = Certificate.of(case.in_use(title="古い証明書"))
    clock.move(timedelta(days=480))
    browser.sign_in_as(suzuki)
    for certificate, words in ((revoked, "すでに失効しています"), (ended, "有効期間は、すでに終わっています")):
        for address in (f"/certificates/{certificate.id}/revocation", f"/certificates/{certificate.id}/emergency"):
            for answer in (browser.see(address), browser.press(address, compromise())):
                assert answer.status == 409 and words in answer.text
    assert opened() == 1


def test_others_do_not_ask_for_it(browser, certificate, tanaka, ito, takahashi, kobayashi):
    for person, status in ((tanaka, 403), (ito, 403), (takahashi, 404), (kobayashi, 404)):
        browser.sign_in_as(person)
        for page in ("revocation", "emergency"):
            address = f"/certificates/{certificate.id}/{page}"
            assert browser.see(address).status == browser.press(address, compromise()).status == status
    assert opened() == 0


def test_for_somebody_who_has_left_an_officer_asks_and_another_examines(case, browser, sato, suzuki, yamamoto):
    certificate = Certificate.of(case.in_use())
    yesterday = clock.today() - timedelta(days=1)
    PersonRole.update(until_on=yesterday).where(PersonRole.person == sato).execute()
    browser.sign_in_as(suzuki)
    assert ask(browser, certificate, reason="5", comment="担当者の退職").status == 200
    application = Application.get(Application.kind == "revoke")
    assert browser.press(f"/applications/{application.id}/submission").status == 200
    case.make(again(application))
    page = browser.press(f"/applications/{application.id}/examination")
    assert page.status == 403 and "ほかの登録担当者" in page.text
    browser.sign_in_as(yamamoto)
    assert "利用管理者の本人確認はありません" in browser.see(f"/applications/{application.id}/examination").text
    assert browser.press(f"/applications/{application.id}/examination").status == 200
    assert again(application).examiner == yamamoto


# The key that must not be used (USE-01)


def test_a_blocked_key_is_neither_proven_nor_installed_and_nobody_is_told_how_to_sign(case, browser, sato):
    in_use, delivered = case.in_use(), case.delivered(title="届いたばかり")
    browser.sign_in_as(sato)
    own = f"/certificates/{Certificate.of(in_use).id}"
    assert "signtool" in browser.see(own).text
    for application in (in_use, delivered):
        assert ask(browser, Certificate.of(application), **compromise()).status == 200
    page = browser.see(own)
    assert "signtool" not in page.text and "署名しないでください" in page.text
    for address in (f"/applications/{in_use.id}/proof", f"/applications/{delivered.id}/installation"):
        page = browser.press(address, {"proof": "-----BEGIN SHIRUSHI PROOF-----"})
        assert page.status == 422 and "使用を止められています" in page.text
    assert again(delivered).stage == "delivered"


def test_a_key_is_used_again_when_the_revocation_is_withdrawn_or_was_for_another_reason(case, browser, certificate):
    ask(browser, certificate, **compromise())
    application = Application.get(Application.kind == "revoke")
    form = {"officer": application.officer_id, "head": application.head_id}
    browser.press(f"/applications/{application.id}/reason", form | {"reason": "5", "comment": COMMENT})
    assert Certificate.get_by_id(certificate.id).blocked_at is None
    browser.press(f"/applications/{application.id}/reason", form | compromise())
    assert Certificate.get_by_id(certificate.id).blocked_at
    browser.press(f"/applications/{application.id}/withdrawal", {"reason": "見つかりました。"})
    held = Certificate.get_by_id(certificate.id)
    assert held.blocked_at is None and held.revoking is None and held.state == "利用中"
    assert "signtool" in browser.see(f"/certificates/{certificate.id}").text
    assert ask(browser, certificate, reason="5").status == 200  # and once more


def test_a_refusal_by_the_ca_leaves_the_certificate_as_it_was(case):
    held = again(case.revocation("refused")).target
    assert held.revoking is None and held.state == "利用中"


# The seal and the packet (1-3-2, 1-3-3)


@pytest.fixture
def examined(case, browser, suzuki):
    """A 失効 that 鈴木 has examined and that names 鈴木 as who seals; 鈴木 at the browser."""
    application = case.to_revoke()
    browser.sign_in_as(application.applicant)
    form = {"reason": "5", "comment": COMMENT, "officer": suzuki.id, "head": suzuki.id}
    assert browser.press(f"/applications/{application.id}/reason", form).status == 200
    assert browser.press(f"/applications/{application.id}/submission").status == 200
    application = again(application)
    case.make(application)
    case.identify(application)
    browser.sign_in_as(suzuki)
    assert browser.press(f"/applications/{application.id}/examination").status == 200
    return again(application)


def test_the_officer_who_examined_may_seal_a_revocation(case, browser, examined, suzuki):
    with unguarded():
        pdf = case.signed(examined, "suzuki@shinsei.example")
        page = browser.press(f"/applications/{examined.id}/seal", attached(pdf, "署名済み.pdf"))
    assert page.status == 200 and "電子署名は有効です。" in page.text and "同じです" not in page.text
    assert (again(examined).examiner, again(examined).sealer) == (suzuki, suzuki)


def test_a_subscriber_may_not_seal_a_revocation(case, browser, examined):
    with unguarded():
        pdf = case.signed(examined, "sato@shinsei.example")
        page = browser.press(f"/applications/{examined.id}/seal", attached(pdf, "署名済み.pdf"))
    assert page.status == 422 and "機関の長・機関責任者・登録担当者として登録されていません" in page.text
    assert stands(examined, "examined")


def test_nobody_is_chosen_to_seal_who_may_not(case, browser, sato, ito):
    application = case.to_revoke()
    browser.sign_in_as(sato)
    form = {"reason": "5", "comment": COMMENT, "officer": application.officer_id}
    for head in (ito.id, sato.id, "", "999", "x"):
        page = browser.press(f"/applications/{application.id}/reason", form | {"head": head})
        assert page.status == 422 and page.form("/reason")["comment"] == COMMENT


def test_exactly_two_files_are_sent(case, browser, suzuki):
    application = case.revocation("sealed")
    browser.sign_in_as(suzuki)
    page = browser.see(f"/applications/{application.id}/dispatch")
    assert "2点の添付ファイル" in page.text and "添付ファイル(2点)" in page.text
    assert len([url for url in page.links().values() if "/packet/" in (url or "")]) == 2
    letter = browser.press(f"/applications/{application.id}/letter")
    files = [part.get_filename() for part in message_from_bytes(letter.data, policy=policy.SMTP).iter_attachments()]
    assert [name.rpartition(".")[2] for name in files] == ["xlsx", "pdf"]
    assert all(application.number in name for name in files)
