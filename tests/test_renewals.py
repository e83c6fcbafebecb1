"""更新 through its pages: one press carries on what is known, and nothing that must be confirmed anew (seed 1-2)."""

from datetime import timedelta

import pytest

from tests import ca
from tests.cases import again, unguarded
from webapp import clock
from webapp.acts import case as case_acts
from webapp.acts import delivery, dispatch, examination, keys, sealing
from webapp.papers import csr
from webapp.register import Application, Certificate, Consent, Csr, Document, IdentityCheck, Institution, PersonRole

pytestmark = pytest.mark.slow  # many, and each walks far

PAGE = "/certificates/{}/renewal"


@pytest.fixture
def certificate(case, browser, sato):
    """佐藤's certificate in use, 佐藤 at the browser."""
    found = Certificate.of(case.in_use())
    browser.sign_in_as(sato)
    return found


def press(browser, certificate, occasion="continue"):
    return browser.press(PAGE.format(certificate.id), {"occasion": occasion})


def newest():
    return Application.select().order_by(-Application.id).get()


def issued(case, application, key=None):
    """Walk a draft for renewal to a certificate in use; returns it."""
    sato, suzuki = case.who("佐藤"), case.who("鈴木")
    keys.attach_csr(application, sato, ca.pem(ca.csr(key or ca.new_key(), Institution.here().subject)))
    case_acts.consent(application, sato, [str(row.id) for row in Document.to_agree()])
    case_acts.submit(application, sato)
    case.make(application)
    case.identify(application)
    examination.examine(application, suzuki)
    with unguarded():
        sealing.seal(application, suzuki, "signed.pdf", case.signed(application))
        dispatch.dispatch_by_hand(application, suzuki, True)
        delivery.take_delivery(application, suzuki, "certificate.zip", case.zip_for(application))
    delivery.hand_out(application, suzuki)
    delivery.accept(application, sato, True)
    return Certificate.of(application)


# What is carried over, and what is not


def test_one_press_makes_a_draft_with_what_is_known(browser, certificate, sato):
    assert "更新を申請する" in browser.see(f"/certificates/{certificate.id}").links()
    page = press(browser, certificate)
    draft, before = newest(), certificate.application
    assert page.status == 200 and draft.number in page.text and "新しい鍵ペアとCSRを用意してください" in page.text
    assert draft.replaces_id == certificate.id and draft.stage == "draft" and draft.subscriber == sato
    same = ("kind", "title", "purpose", "department_id", "officer_id", "head_id")
    assert [getattr(draft, name) for name in same] == [getattr(before, name) for name in same]
    assert f"シリアル番号 {certificate.serial}" in page.links()


def test_key_consent_identity_and_password_are_not_carried_over(browser, certificate):
    press(browser, certificate)
    draft, before = newest(), certificate.application
    for model in (Csr, Consent, IdentityCheck):
        of = model.application
        assert model.select().where(of == before).exists() and not model.select().where(of == draft).exists()
    assert draft.password() and draft.password() != before.password()
    page = browser.press(f"/applications/{draft.id}/submission")
    assert page.status == 422 and "CSRがまだありません" in page.text and "次の文書を承認してください" in page.text


def test_the_old_key_is_refused(case, browser, certificate):
    press(browser, certificate)
    page = browser.press(f"/applications/{newest().id}/csr", {"csr": old_csr(certificate)})
    assert page.status == 422 and "CSR-06" in page.text and certificate.serial in page.text
    assert Csr.in_force(newest()) is None


def old_csr(certificate):
    return csr.read(Csr.in_force(certificate.application).content.bytes()).pem


# While one is under way, and after it


def test_while_a_renewal_is_under_way_its_number_is_told(browser, certificate, suzuki):
    press(browser, certificate)
    number = newest().number
    for person in (certificate.subscriber, suzuki):
        browser.sign_in_as(person)
        for page in (press(browser, certificate), browser.see(PAGE.format(certificate.id))):
            assert page.status == 409 and number in page.text
        own = browser.see(f"/certificates/{certificate.id}")
        assert "更新を申請する" not in own.links() and number in own.links()
    assert Application.select().count() == 2


def test_after_a_withdrawal_it_may_be_asked_for_again(browser, certificate):
    press(browser, certificate)
    browser.press(f"/applications/{newest().id}/withdrawal", {"reason": "やり直します。"})
    assert press(browser, certificate).status == 200 and Application.select().count() == 3


def test_a_renewal_is_renewed_in_turn_and_each_shows_what_came_after(case, browser, certificate, sato):
    chain = [certificate]
    for _ in range(2):
        assert press(browser, chain[-1]).status == 200
        chain.append(issued(case, newest()))
    first, second, third = chain
    for old, new in ((first, second), (second, third)):
        page = browser.see(f"/certificates/{old.id}")
        assert "新しい証明書に更新されています。" in page.text and f"シリアル番号 {new.serial}" in page.links()
        assert "失効しないかぎり期限まで有効" in page.text and "更新を申請する" not in page.links()
        refused = press(browser, old)
        assert refused.status == 409 and new.serial in refused.text
        assert f"シリアル番号 {old.serial}" in browser.see(f"/applications/{new.application_id}").links()
    assert "更新を申請する" in browser.see(f"/certificates/{third.id}").links()
    assert all(Certificate.get_by_id(one.id).is_valid for one in chain)


def test_a_revoked_certificate_is_issued_anew(case, browser, sato):
    revoked = again(case.revocation("completed")).target
    browser.sign_in_as(sato)
    assert "再発行を申請する" in browser.see(f"/certificates/{revoked.id}").links()
    page = browser.see(PAGE.format(revoked.id))
    assert "失効した証明書を再発行する場合" in page.text and page.form("/renewal") == {"occasion": "reissue"}
    wrong = press(browser, revoked)
    assert wrong.status == 422 and "失効しているため" in wrong.text
    assert press(browser, revoked, "reissue").status == 200 and newest().occasion == "reissue"


@pytest.mark.parametrize("occasion", ["", "first", "revoke", "reissue", "更新"])
def test_an_occasion_that_does_not_fit_is_refused(browser, certificate, occasion):
    page = press(browser, certificate, occasion)
    if not occasion:
        assert page.status == 200 and newest().occasion == "continue"  # what fits by itself
    else:
        assert page.status == 422 and "更新の理由" in page.text and Application.select().count() == 1


def test_an_expired_certificate_is_still_renewed(browser, certificate, sato):
    clock.move(timedelta(days=480))
    browser.sign_in_as(sato)
    assert "更新を申請する" in browser.see(f"/certificates/{certificate.id}").links()
    assert press(browser, certificate).status == 200


# By whom


def test_others_do_not_renew_it(browser, certificate, tanaka, ito, takahashi, kobayashi):
    for person, status in ((tanaka, 403), (ito, 403), (takahashi, 404), (kobayashi, 404)):
        browser.sign_in_as(person)
        assert browser.see(PAGE.format(certificate.id)).status == press(browser, certificate).status == status
    assert Application.select().count() == 1


def test_whoever_has_left_is_not_carried_over(browser, certificate, sato, suzuki, tanaka):
    yesterday = clock.today() - timedelta(days=1)
    PersonRole.update(until_on=yesterday).where(PersonRole.person.in_([sato, tanaka])).execute()
    browser.sign_in_as(suzuki)
    page = press(browser, certificate)
    assert page.status == 200 and newest().subscriber is None and newest().head is None
    assert "記入しない" in page.text


# DUP-01: the same 管理名称 leads to 更新


def test_the_same_name_leads_to_the_renewal_and_a_tick_goes_on(browser, certificate):
    form = {"title": certificate.title, "purpose": "別の配布先", "occasion": "first"}
    page = browser.press("/applications", form)
    assert page.status == 422 and certificate.serial in page.text
    assert page.links()["この証明書を更新する"] == PAGE.format(certificate.id)
    assert "別の配布先" in page.text and Application.select().count() == 1
    assert browser.press("/applications", form | {"is_another": "1"}).status == 200
    assert newest().replaces_id is None and newest().title == certificate.title


def test_another_name_or_another_dn_is_no_duplicate(browser, certificate):
    form = {"purpose": "別の配布先", "occasion": "first"}
    assert browser.press("/applications", form | {"title": "別の名称"}).status == 200
    other = form | {"title": certificate.title, "occasion": "other_dn", "replaces": str(certificate.id)}
    assert browser.press("/applications", other).status == 200 and newest().occasion == "other_dn"
