"""What the pages of a case show, and what they spare the person."""

from io import BytesIO

import pytest

from tests.cases import again
from webapp.register import Institution


def test_a_kept_zip_is_opened_again_by_its_password_alone(browser, case, suzuki):
    application = case.sent()
    data = case.zip_for(application, password="Another9password!xyz")
    browser.sign_in_as(suzuki)
    address = f"/applications/{application.id}/delivery"
    page = browser.press(address, {"file": (BytesIO(data), "証明書.zip")})
    assert (
        page.status == 422 and "パスワードだけを入力すると、保存してある「証明書.zip」をもう一度開きます。" in page.text
    )
    assert browser.press(address, {"password": "Another9password!xyz"}).heading == "届いた証明書"
    assert again(application).stage == "delivered"


def test_the_certificate_of_an_application_is_no_second_use_of_its_key(browser, case, sato):
    application = case.in_use()
    browser.sign_in_as(sato)
    assert "要修正" not in browser.see(f"/applications/{application.id}").text


@pytest.mark.parametrize(
    ("stage", "step"),
    [
        ("draft", "1段階目: 下書き"),
        ("submitted", "3段階目: 審査"),
        ("sent", "6段階目: 証明書受領"),
        ("in_use", "8段階目: 利用中"),
    ],
)
def test_the_ring_stands_on_the_step_that_somebody_works_at(browser, case, sato, stage, step):
    application = case.at(stage)
    browser.sign_in_as(sato)
    assert step in browser.see(f"/applications/{application.id}").text


def test_whoever_asked_is_told_to_wait_for_the_answer(browser, case, suzuki):
    application = case.submitted()
    browser.sign_in_as(suzuki)
    address = f"/applications/{application.id}"
    page = browser.press(f"{address}/inquiry", {"question": "配布先は学外ですか。"})
    assert "照会への回答を待っています。" in page.text


def test_the_parts_of_the_pages_are_shown_in_a_practice_installation_only(browser, sato, monkeypatch):
    browser.sign_in_as(sato)
    assert browser.see("/gallery").heading == "部品の見本"
    monkeypatch.setattr(Institution, "is_practice", False)
    assert browser.see("/gallery").status == 404
