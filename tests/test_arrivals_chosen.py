"""届いた申請: it is found, whose it is is chosen, and a 更新 names the certificate that it replaces; all without JavaScript."""

import io
from datetime import timedelta

import pytest

from tests import incoming_mails as mails
from tests.arriving import drop, encoded, form, mail, request
from tests.cases import unguarded
from webapp import clock
from webapp.acts import case as case_acts
from webapp.acts.form_values import of
from webapp.papers import revocation_form
from webapp.register import Application, Arrival, Certificate, IncomingMail

pytestmark = [pytest.mark.slow, pytest.mark.both_databases]  # many, and each walks far


@pytest.fixture(autouse=True)
def at_once():
    with unguarded():
        yield


def arrived(browser, case, sender="sato@shinsei.example", **changes):
    """What the officer sees after dropping a mail with a form and a CSR."""
    return drop(
        browser, ("a.eml", mail(("申請書.xlsx", form(case, **changes)), ("a.csr", encoded(request())), sender=sender))
    )


def registering(browser, sent):
    return browser.press(f"/arrivals/{Arrival.get().id}/application", sent)


def nobody():
    return {"subscriber_name": "中村 三郎", "subscriber_mail": "", "sender": "nakamura@elsewhere.example"}


def test_what_waits_is_on_the_officers_home_until_it_is_dealt_with(browser, case, suzuki, yamamoto, sato):
    browser.sign_in_as(suzuki)
    assert browser.see("/").links()["メールで届いた申請を登録する"] == "/arrivals"
    assert "メールで届いた申請 1件" not in browser.see("/").text
    page = arrived(browser, case)
    browser.sign_in_as(yamamoto)
    home = browser.see("/")
    assert "メールで届いた申請 1件" in home.text
    assert home.links()["発行申請書(佐藤 次郎)"] == f"/arrivals/{Arrival.get().id}"
    Arrival.update(came_at=clock.now() - timedelta(days=9)).execute()
    assert "営業日経過" in browser.see("/").text.partition("メールで届いた申請 1件")[2].partition("審査待ち")[0]
    registering(browser, page.form("/application"))
    assert "メールで届いた申請 1件" not in browser.see("/").text
    assert Arrival.get().application.number in browser.see("/arrivals").text
    browser.sign_in_as(sato)
    assert "/arrivals" not in browser.see("/").html


def test_an_officer_finds_the_way_where_applications_are_looked_for(browser, suzuki, sato, ito):
    browser.sign_in_as(suzuki)
    for place in ("/applications", "/applications/new", "/mails"):
        assert "/arrivals" in browser.see(place).links().values(), place
    for person in (sato, ito):
        browser.sign_in_as(person)
        assert "/arrivals" not in browser.see("/applications").links().values()


def test_mails_of_the_desk_are_found_from_home_and_navigation(browser, suzuki):
    browser.sign_in_as(suzuki)
    assert browser.see("/").links()["受信メール"] == "/mails"


def test_where_nobody_is_named_the_person_is_chosen_first(browser, case, suzuki, sato):
    browser.sign_in_as(suzuki)
    page = arrived(browser, case, **nobody())
    assert "この内容で申請を作る" not in page.buttons() and "まだ分かりません" in page.text
    refused = registering(browser, {"title": "届いた申請", "purpose": "配布"})
    assert refused.status == 422 and "だれの申請かを一覧から選んでください" in refused.text
    page = browser.see(f"/arrivals/{Arrival.get().id}?subscriber={sato.id}")
    assert "利用管理者の氏名、利用管理者のE-mailが台帳と異なります" in page.text
    assert registering(browser, page.form("/application")).status == 200
    assert Arrival.get().application.applicant == sato


def test_what_was_typed_stays_when_something_is_wrong(browser, case, suzuki, sato):
    case.in_use(title="計測ソフト配布用")
    browser.sign_in_as(suzuki)
    page = arrived(browser, case)
    sent = page.form("/application") | {"title": "計測ソフト配布用", "purpose": "研究室での配布"}
    refused = registering(browser, sent)
    assert refused.status == 422 and "管理名称も同じ証明書があります" in refused.text
    again = refused.form("/application")
    assert (again["title"], again["purpose"]) == ("計測ソフト配布用", "研究室での配布")
    aside = browser.press(f"/arrivals/{Arrival.get().id}/dismissal", {"reason": " "})
    assert aside.status == 422 and "理由を入力してください" in aside.text and aside.form("/application")["title"]
    assert registering(browser, again | {"is_another": "yes"}).status == 200
    assert Arrival.get().application.title == "計測ソフト配布用"


def test_a_revocation_asked_for_by_somebody_else_is_held_up(browser, case, suzuki, takahashi):
    draft = case.to_revoke()
    xlsx = revocation_form.fill(of(draft, 1))
    case_acts.withdraw(draft, case.who("佐藤"), "様式を作るため")
    browser.sign_in_as(suzuki)
    assert "この内容で申請を作る" in drop(browser, ("失効申請書.xlsx", xlsx)).buttons()
    page = browser.see(f"/arrivals/{Arrival.get().id}?subscriber={takahashi.id}")
    assert "申請した人が異なります" in page.text and "この内容で申請を作る" not in page.buttons()
    assert registering(browser, {"subscriber": takahashi.id}).status == 422


@pytest.mark.parametrize("number", ["0", "x", "99999999999999999999"])
def test_a_person_who_is_not_on_the_list_is_nobody(browser, case, suzuki, number):
    browser.sign_in_as(suzuki)
    arrived(browser, case, **nobody())
    page = browser.see(f"/arrivals/{Arrival.get().id}?subscriber={number}")
    assert page.status == 200 and "まだ分かりません" in page.text
    assert registering(browser, {"subscriber": number}).status == 422


def test_a_renewal_replaces_the_certificate_that_was_chosen(browser, case, suzuki, sato):
    first, second = case.in_use(title="計測ソフト配布用"), case.in_use(title="講義用教材")
    browser.sign_in_as(suzuki)
    page = arrived(browser, case, kind_label="更新")
    assert "講義用教材(20" in page.text and "管理名称" not in page.form("/application")
    refused = registering(browser, page.form("/application"))
    assert refused.status == 422 and "更新する証明書を一覧から選んでください" in refused.text
    assert Arrival.get().state == "read"
    wanted = Certificate.of(second)
    assert registering(browser, refused.form("/application") | {"replaces": str(wanted.id)}).status == 200
    made = Arrival.get().application
    assert (made.stage, made.occasion, made.replaces, made.applicant) == ("submitted", "continue", wanted, sato)
    assert (made.title, made.purpose) == (second.title, second.purpose) and first.id != second.id


def test_the_only_certificate_of_a_person_is_proposed_and_one_under_renewal_is_not(browser, case, suzuki, sato):
    case.in_use()
    browser.sign_in_as(suzuki)
    page = arrived(browser, case, kind_label="更新")
    assert page.form("/application")["replaces"] == str(Certificate.get().id)
    registering(browser, page.form("/application"))
    page = arrived(browser, case, kind_label="更新")
    assert "更新できる証明書が台帳にありません" in page.text and "送り主への返信文" in page.text
    assert "この内容で申請を作る" not in page.buttons()


def test_the_certificates_to_choose_are_those_of_the_person_chosen(browser, case, suzuki, sato, takahashi):
    case.in_use(title="佐藤の証明書")
    case.in_use("高橋", title="高橋の証明書")
    browser.sign_in_as(suzuki)
    arrived(browser, case, kind_label="更新", **nobody())
    for person, title in ((sato, "佐藤の証明書"), (takahashi, "高橋の証明書")):
        page = browser.see(f"/arrivals/{Arrival.get().id}?subscriber={person.id}")
        shown = page.text.partition("更新する証明書")[2]
        assert title in shown and shown.count("の証明書(") == 1
    theirs = Certificate.get(Certificate.subscriber == sato)
    refused = registering(browser, {"subscriber": takahashi.id, "replaces": theirs.id})
    assert refused.status == 422 and "一覧から選んでください" in refused.text
    assert "高橋の証明書(" in refused.text and "佐藤の証明書(" not in refused.text
    assert Application.select().where(Application.replaces.is_null(False)).count() == 0


def dropped_as_mail(browser, data):
    return browser.press("/mails", {"file": [(io.BytesIO(data), "mail.eml")]}, content_type="multipart/form-data")


def test_a_form_that_came_among_the_mails_is_read_as_an_application(browser, case, suzuki, yamamoto, ito, sato):
    browser.sign_in_as(suzuki)
    page = dropped_as_mail(browser, mail(("申請書.xlsx", form(case)), ("a.csr", encoded(request()))))
    assert "利用管理者からの申請書が添付されているようです" in page.text and "なりすまし" not in page.text
    at = f"/mails/{IncomingMail.get().id}/arrival"
    browser.sign_in_as(ito)
    assert browser.press(at).status == 403 and Arrival.select().count() == 0
    browser.sign_in_as(yamamoto)
    assert "利用管理者の申請書" in browser.see("/").text
    page = browser.press(at)
    assert page.heading == "届いた発行申請書" and "この内容で申請を作る" in page.buttons()
    assert (IncomingMail.get().state, IncomingMail.get().outcome) == ("settled", "receive_arrival")
    home = browser.see("/").text
    assert "利用管理者の申請書" not in home and "メールで届いた申請 1件" in home
    registering(browser, page.form("/application"))
    assert Arrival.get().application.applicant == sato


def test_a_workbook_from_the_desk_is_not_taken_for_an_application(browser, suzuki):
    browser.sign_in_as(suzuki)
    answer = mails.other("Re: お問い合わせ", "様式を送ります。")
    answer.add_attachment(b"PK\x03\x04", maintype="application", subtype="octet-stream", filename="様式.xlsx")
    page = dropped_as_mail(browser, bytes(answer))
    assert "申請書が添付されているようです" not in page.text
    assert browser.see("/mails").status == 200 and IncomingMail.get().state == "waiting"
