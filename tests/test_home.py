"""Home: for each role what it has to do now (screens.md)."""

from datetime import timedelta

from webapp import clock
from webapp.register import Job


def test_what_has_come_since_the_last_visit_stands_on_top_for_the_officer(case, browser, suzuki):
    case.submitted(title="前からある申請")
    clock.move(timedelta(minutes=1))
    browser.sign_in_as(suzuki)
    assert "新着" not in browser.see("/").text
    clock.move(timedelta(minutes=10))
    case.submitted(title="新しい申請")
    clock.move(timedelta(minutes=20))
    browser.sign_in_as(suzuki)
    arrived = browser.see("/").text.partition("新着")[2].partition("審査待ち")[0]
    assert "新しい申請" in arrived and "前からある申請" not in arrived


def test_the_queues_count_what_waits(case, browser, suzuki):
    case.submitted(title="一つ目")
    case.examined(title="二つ目")
    browser.sign_in_as(suzuki)
    text = browser.see("/").text
    assert "審査待ち 1件" in text and "捺印・署名待ち 1件" in text and "送付待ち 0件" in text


def test_the_head_sees_only_what_waits_for_the_seal(case, browser, tanaka):
    case.submitted(title="審査中の申請")
    case.examined(title="捺印を待つ申請")
    browser.sign_in_as(tanaka)
    text = browser.see("/").text
    assert "捺印を待つ申請" in text and "審査中の申請" not in text


def test_the_auditor_reads_when_the_chain_was_checked_and_that_it_held(case, browser, ito):
    case.draft()
    browser.sign_in_as(ito)
    assert "まだ確認していません" in browser.see("/").text
    assert "異常はありません" in browser.press("/records/check").text
    assert "操作記録の整合性: 異常なし" in browser.see("/").text


def test_nobody_but_the_auditor_checks_the_chain(case, browser, suzuki):
    browser.sign_in_as(suzuki)
    assert browser.press("/records/check").status == 403


def test_a_form_that_could_not_be_made_is_told_with_the_way_on(case, browser, sato):
    application = case.submitted(is_made=False)
    browser.sign_in_as(sato)
    assert "作成しています" in browser.see(f"/applications/{application.id}").text
    Job.update(state="failed", outcome="LibreOfficeが応答しません。").execute()
    text = browser.see(f"/applications/{application.id}").text
    assert "作成できませんでした" in text and "LibreOfficeが応答しません。" in text


def test_the_administrator_reads_what_is_still_to_be_set_up(browser, kobayashi):
    browser.sign_in_as(kobayashi)
    page = browser.see("/")
    assert page.links()["メールを設定する"] == "/administration/mail"
