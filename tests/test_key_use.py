"""A key on the institution's token is used by its own person, after a second person has approved: for each use once more."""

from dataclasses import replace
from hashlib import sha256

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from tests import ca
from tests.cases import again, letters_to
from tokens.client import MadeKey
from tokens.errors import named
from tokens.proof import Proof, to_be_signed
from webapp import clock, demo, profiles
from webapp.acts import ca_profiles, delivery, key_use, keys
from webapp.errors import NotYourAct, Overtaken, Refused
from webapp.register import IN_THE_WAY, Certificate, Challenge, Event, Institution, KeyUse, database

APPROVE, INSTALL = "鍵の使用を承認する", "トークンに格納し、動作を確認する"


class HouseToken:
    """What tokend is asked for, by a key in memory."""

    def __init__(self):
        self.key, self.installed = ca.new_key(ec.SECP256R1()), 0

    def make_key(self, *, cka_id, label, algorithm, subject):
        request = x509.load_der_x509_csr(ca.der(ca.csr(self.key, subject)))
        token = {"label": "機関のトークン", "serial": "0001", "manufacturer": "", "model": ""}
        return MadeKey(ca.der(request), b"", cka_id, {"LOCAL": True, "EXTRACTABLE": False}, token)

    def install(self, **_):
        self.installed += 1

    def prove(self, *, certificate_der, challenge):
        signature = self.key.sign(to_be_signed(challenge, certificate_der), ec.ECDSA(hashes.SHA256()))
        return Proof(challenge, sha256(certificate_der).digest(), signature, "ECDSA", "機関のトークン", "0001")


class Pulled(HouseToken):
    def prove(self, **_):
        raise named("token_removed")


@pytest.fixture
def token():
    return HouseToken()


@pytest.fixture
def delivered(request, case, by, sato, token, monkeypatch):
    """An application of 佐藤 whose key lies on the institution's token and whose certificate has come."""
    if "two_people" in request.fixturenames:
        request.getfixturevalue("two_people")
    Institution.update(token_label="機関のトークン").execute()
    application = case.opened()
    keys.make_key(application, by(sato), "P-256", token)
    monkeypatch.setattr(case, "with_csr", lambda *_, **__: application)
    return case.delivered()


@pytest.fixture
def two_people(monkeypatch):
    """The profile asks for a second person."""
    judged = ca_profiles.of
    monkeypatch.setattr(ca_profiles, "of", lambda application: replace(judged(application), second_person=True))


def test_the_profile_of_the_real_authority_asks_for_a_second_person_and_the_practice_one_does_not():
    assert profiles.load("upki-v2.4").second_person and not profiles.load("practice").second_person


def test_without_a_second_person_in_the_profile_nobody_is_asked(delivered, token, by, sato, suzuki):
    with pytest.raises(Refused, match="必要ありません"):
        key_use.approve_key_use(delivered, by(suzuki))
    delivery.install(delivered, by(sato), token)
    assert again(delivered).stage == "installed" and KeyUse.select().count() == 0
    assert not [letter for letter in letters_to(demo.mail_of("suzuki")) if "鍵の使用" in letter.subject]


def test_an_officer_alone_never_uses_the_key_of_a_subscriber_whatever_the_profile(
    delivered, token, browser, by, suzuki, sato
):
    page = f"/applications/{delivered.id}/certificate"
    with pytest.raises(NotYourAct, match="佐藤"):
        delivery.install(delivered, by(suzuki), token)
    assert browser.sign_in_as(suzuki).press(f"/applications/{delivered.id}/installation").status == 403
    assert token.installed == 0 and again(delivered).stage == "delivered"
    assert INSTALL not in browser.see(page).buttons() and "使えるのは、本人だけ" in browser.see(page).text
    assert "佐藤" in browser.see(f"/applications/{delivered.id}").text
    assert INSTALL in browser.sign_in_as(sato).see(page).buttons()


def test_with_a_second_person_an_officer_cannot_use_what_was_approved_for_the_subscriber(
    two_people, delivered, token, by, suzuki, yamamoto
):
    key_use.approve_key_use(delivered, by(suzuki))
    for officer in (suzuki, yamamoto):
        with pytest.raises(NotYourAct):
            delivery.install(delivered, by(officer), token)
    assert token.installed == 0 and KeyUse.open_of(delivered) is not None


@pytest.mark.both_databases
def test_the_register_itself_takes_no_proof_by_a_house_key_from_anybody_but_its_person(engine, delivered, sato, suzuki):
    challenge = delivery.set_challenge(Certificate.of(delivered))
    for other in (suzuki, None):
        with pytest.raises(IN_THE_WAY), database.atomic():
            Challenge.update(met_at=clock.now(), person=other).where(Challenge.id == challenge.id).execute()
    Challenge.update(met_at=clock.now(), person=sato).where(Challenge.id == challenge.id).execute()
    with pytest.raises(IN_THE_WAY), database.atomic():
        Challenge.update(person=suzuki).where(Challenge.id == challenge.id).execute()


def test_the_officers_get_a_letter_when_a_use_waits_and_the_person_one_when_it_is_approved(
    two_people, delivered, by, suzuki
):
    for name in ("suzuki", "yamamoto"):
        waiting = [letter for letter in letters_to(demo.mail_of(name)) if "鍵の使用の承認をお願い" in letter.subject]
        assert len(waiting) == 1 and delivered.number in waiting[0].subject
    assert not [letter for letter in letters_to(demo.mail_of("sato")) if "鍵の使用" in letter.subject]
    key_use.approve_key_use(delivered, by(suzuki))
    told = [letter for letter in letters_to(demo.mail_of("sato")) if "鍵の使用が承認されました" in letter.subject]
    assert len(told) == 1


def test_a_key_is_used_by_its_own_person_after_another_has_approved(
    two_people, delivered, token, browser, by, sato, suzuki
):
    page, buttons = f"/applications/{delivered.id}/certificate", {APPROVE, INSTALL}
    with pytest.raises(Refused, match="まだ承認されていません"):
        delivery.install(delivered, by(sato), token)
    with pytest.raises(NotYourAct, match="佐藤"):
        delivery.install(delivered, by(suzuki), token)
    assert token.installed == 0
    assert not buttons & set(browser.sign_in_as(sato).see(page).buttons())
    assert "鍵の使用の承認が必要" in browser.see(f"/applications/{delivered.id}").text
    assert browser.press(f"/applications/{delivered.id}/key_use").status == 403
    assert buttons & set(browser.sign_in_as(suzuki).see(page).buttons()) == {APPROVE}
    assert "鍵の使用を承認してください" in browser.see(f"/applications/{delivered.id}").text
    approved = browser.press(f"/applications/{delivered.id}/key_use")
    assert approved.status == 200 and "承認しました" in approved.text and not buttons & set(approved.buttons())
    assert buttons & set(browser.sign_in_as(sato).see(page).buttons()) == {INSTALL}
    delivery.install(delivered, by(sato), token)
    approval = KeyUse.get()
    assert again(delivered).stage == "installed" and approval.used_at is not None
    assert (approval.asked_by, approval.approved_by) == (sato, suzuki)
    assert Event.newest(delivered, "approve_key_use").facts == {"asked_by": sato.id}


def test_an_approval_waits_once_and_is_not_spent_by_a_use_that_failed(
    two_people, delivered, token, by, sato, suzuki, yamamoto
):
    key_use.approve_key_use(delivered, by(suzuki))
    with pytest.raises(Overtaken):
        key_use.approve_key_use(delivered, by(yamamoto))
    with pytest.raises(Refused):
        delivery.install(delivered, by(sato), Pulled())
    assert KeyUse.open_of(delivered) is not None and again(delivered).stage == "delivered"
    approval = KeyUse.open_of(delivered)
    key_use.spend(approval)
    with pytest.raises(Overtaken):
        key_use.spend(approval)


@pytest.mark.both_databases
def test_the_register_itself_holds_that_nobody_approves_alone(engine, case, sato, suzuki, yamamoto):
    application = case.opened()
    told = {"application": application, "approved_at": clock.now()}
    for asked_by, approved_by in ((suzuki, suzuki), (suzuki, sato)):  # the same person; no officer
        with pytest.raises(IN_THE_WAY), database.atomic():
            KeyUse.create(asked_by=asked_by, approved_by=approved_by, **told)
    approval = KeyUse.create(asked_by=sato, approved_by=suzuki, **told)
    with pytest.raises(IN_THE_WAY), database.atomic():
        KeyUse.create(asked_by=sato, approved_by=yamamoto, **told)
    with pytest.raises(IN_THE_WAY), database.atomic():
        KeyUse.update(approved_by=yamamoto).where(KeyUse.id == approval.id).execute()
