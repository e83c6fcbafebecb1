"""緊急失効: one officer alone, at once; everybody is told, and another person reviews it."""

import pytest

from tests.bad import attached
from tests.cases import again, letters_to, unguarded
from tests.revoking import compromise, opened
from webapp import demo
from webapp.acts import revocations
from webapp.register import Certificate


@pytest.fixture
def certificate(case, browser, sato):
    """佐藤's certificate in use, 佐藤 at the browser."""
    found = Certificate.of(case.in_use())
    browser.sign_in_as(sato)
    return found


def test_an_emergency_is_the_officers_and_tells_everybody(case, browser, certificate, suzuki):
    address = f"/certificates/{certificate.id}/emergency"
    assert browser.see(address).status == browser.press(address, compromise()).status == 403 and opened() == 0
    browser.sign_in_as(suzuki)
    page = browser.press(address, compromise())
    assert page.status == 200 and "緊急失効を始め、鍵の使用を止めました" in page.text
    told = [demo.mail_of(key) for key in ("sato", "suzuki", "yamamoto", "csirt", "ciso")]
    assert all(any("緊急失効を始めました" in row.subject for row in letters_to(mail)) for mail in told)


def test_an_emergency_without_its_time_is_refused_and_stays_typed(browser, certificate, suzuki):
    browser.sign_in_as(suzuki)
    form = compromise(compromised_on="", compromised_time="", comment="盗難①")
    page = browser.press(f"/certificates/{certificate.id}/emergency", form)
    assert page.status == 422 and "「①」→「1」" in page.text and "危殆化の推定日時が記入されていません" in page.text
    assert page.form("/emergency") == {name: form[name] for name in page.form("/emergency")} and opened() == 0


def test_one_officer_does_it_all_and_another_person_reviews(case, browser, suzuki, yamamoto, sato):
    application = case.emergency()
    browser.sign_in_as(suzuki)
    review = f"/applications/{application.id}/emergency_review"
    assert browser.press(f"/applications/{application.id}/examination").status == 200
    with unguarded():
        pdf = case.signed(application, "suzuki@shinsei.example")
        assert browser.press(f"/applications/{application.id}/seal", attached(pdf, "a.pdf")).status == 200
    assert browser.press(f"/applications/{application.id}/hand_dispatch", {"confirmed": "1"}).status == 200
    for person in (suzuki, sato):
        browser.sign_in_as(person)
        assert browser.see(review).status == browser.press(review, {"note": "見ました"}).status == 403
    browser.sign_in_as(yamamoto)
    assert "事後確認を記録する" in browser.see(f"/applications/{application.id}").text
    assert browser.press(review, {"note": ""}).status == 422 and again(application).reviewer is None
    assert browser.press(review, {"note": "確認しました。"}).status == 200 and again(application).reviewer == yamamoto
    assert browser.press(review, {"note": "もう一度"}).status == 409


def test_an_ordinary_revocation_is_not_done_alone(case, browser, suzuki):
    application = case.to_revoke("佐藤")
    assert not application.is_emergency
    own = revocations.open_revocation(Certificate.of(case.in_use(title="別の証明書")), case.who("鈴木"), 5, "")
    browser.sign_in_as(suzuki)
    browser.press(f"/applications/{own.id}/submission")
    case.make(again(own))
    assert browser.press(f"/applications/{own.id}/examination").status == 403
    assert browser.see(f"/applications/{own.id}/emergency_review").status in (403, 404)
