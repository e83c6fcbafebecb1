"""送付 (1-1-5) under the signature of an office's address by the institution's token: the packet leaves as it was shown, or not
at all; a person's signature is never made there."""

import hashlib
from email import message_from_bytes
from email.policy import SMTP

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from tests import ca
from tests.cases import again, unguarded
from tokens import mail_part
from tokens.client import StoredCertificate, Token
from tokens.errors import named
from webapp import clock
from webapp.acts import office_mail
from webapp.errors import Incomplete, NotYourAct, Refused
from webapp.register import IN_THE_WAY, Event, Institution, Job, Letter, OfficeCertificate, PersonMail, database
from webapp.routes import dispatch
from webapp.routes.administration import trials

pytestmark = pytest.mark.both_databases
OFFICE, BUTTON = "certs-office@shinsei.example", "機関のトークンで署名して送付する"
LABEL = "機関のトークン"


class HouseToken:
    """What tokend is asked for, by keys in memory: it signs what tokens.mail_part lets pass."""

    def __init__(self, *certified):
        self.keys = dict(certified)
        self.signed = 0

    def tokens(self):
        stored = tuple(StoredCertificate("x", b"1", der) for der in self.keys)
        return [Token(LABEL, "0001", "", "", (), (), stored)]

    def sign_mail(self, *, certificate_der, inside, signed_attributes_der):
        mail_part.check(inside, signed_attributes_der, certificate_der)
        self.signed += 1
        return self.keys[certificate_der].sign(signed_attributes_der, ec.ECDSA(hashes.SHA256()))


class Broken(HouseToken):
    def sign_mail(self, **_):
        raise named("token_removed")


def certified(authorities, mail, **changes):
    key = ca.new_key()
    return ca.der(authorities.seal.smime(key.public_key(), mail, **changes)), key


@pytest.fixture
def token(house, authorities):
    Institution.update(token_label=LABEL).execute()
    return HouseToken(certified(authorities, OFFICE), certified(authorities, "tanaka@shinsei.example"))


def sha256_of(token, number=0):
    return hashlib.sha256(list(token.keys)[number]).hexdigest()


@pytest.fixture
def office(token, by, kobayashi):
    """The office's certificate is registered."""
    return office_mail.register(by(kobayashi), sha256_of(token), token)


@pytest.fixture
def at_tokend(monkeypatch):
    """at_tokend(token): the pages reach this token."""

    def reach(token):
        for module in (dispatch, trials):
            monkeypatch.setattr(module, "tokend", lambda: token)

    return reach


def test_the_packet_leaves_from_the_office_signed_verified_and_unchanged(
    office, token, case, browser, suzuki, at_tokend
):
    at_tokend(token)
    application = case.sealed()
    page = f"/applications/{application.id}/dispatch"
    assert BUTTON in browser.sign_in_as(suzuki).see(page).buttons() and OFFICE in browser.see(page).text
    with unguarded():
        assert (
            browser.press(f"/applications/{application.id}/dispatch", {"confirmed": "yes", "by": "token"}).status == 200
        )
    letter = Letter.packet(application)
    assert token.signed == 1 and letter.state == "waiting" and letter.content.is_encrypted
    assert Job.select().where((Job.kind == "post") & (Job.subject_id == letter.id)).exists()
    mail = message_from_bytes(letter.content.bytes(), policy=SMTP)
    inside = mail.get_payload(0)
    for name in ("From", "To", "Subject", "Reply-To"):
        assert str(mail[name]) == str(inside[name])
    assert mail["From"].addresses[0].addr_spec == OFFICE and "suzuki@shinsei.example" in str(mail["Reply-To"])
    assert letter.recipients == ["certs@desk.practice.example"] and mail.get_content_type() == "multipart/signed"
    facts = Event.newest(application, "dispatch").facts
    assert facts["sha256"] == letter.sha256 and facts["signer_certificate_serial"]


def test_without_a_registered_certificate_nobody_is_offered_the_token(token, case, browser, by, suzuki):
    application = case.sealed()
    assert BUTTON not in browser.sign_in_as(suzuki).see(f"/applications/{application.id}/dispatch").buttons()
    with pytest.raises(Refused, match="登録されていません"):
        office_mail.dispatch_with_token(application, by(suzuki), True, token)
    assert token.signed == 0 and Letter.packet(application) is None


def test_the_signature_of_a_head_or_an_officer_is_not_to_be_had(token, by, kobayashi, authorities):
    with pytest.raises(Refused, match="機関の長・機関責任者の署名は、本人のカードで行います") as refusal:
        office_mail.register(by(kobayashi), sha256_of(token, 1), token)
    assert "田中" in refusal.value.advice and OfficeCertificate.here() is None
    assert [mail for _, mail in office_mail.fitting(token.tokens())] == [OFFICE]


def test_an_address_that_has_become_a_persons_signs_no_more(office, token, case, by, suzuki, tanaka):
    PersonMail.create(person=tanaka, mail=OFFICE, since_on=clock.today())
    application = case.sealed()
    with pytest.raises(Refused, match="本人のカード"):
        office_mail.dispatch_with_token(application, by(suzuki), True, token)
    assert token.signed == 0 and Letter.packet(application) is None


def test_what_the_token_refuses_or_signs_wrongly_does_not_leave(office, token, case, by, suzuki, authorities):
    application = case.sealed()
    (der, _), *_ = token.keys.items()
    forger = HouseToken((der, ca.new_key()))
    for other, words in ((Broken(), "使えなくなりました"), (forger, "署名")):
        with unguarded(), pytest.raises(Refused, match=words):
            office_mail.dispatch_with_token(application, by(suzuki), True, other)
        assert Letter.packet(application) is None and again(application).stage == "sealed"


def test_without_the_tick_nothing_is_signed(office, token, case, by, suzuki):
    with pytest.raises(Incomplete, match="確認の欄"):
        office_mail.dispatch_with_token(case.sealed(), by(suzuki), False, token)
    assert token.signed == 0


def test_a_certificate_of_a_ca_that_nobody_trusts_does_not_let_it_leave(token, case, by, kobayashi, suzuki):
    stranger = ca.Authority("Somebody's CA")
    key = ca.new_key()
    other = HouseToken((ca.der(stranger.smime(key.public_key(), OFFICE)), key))
    office_mail.register(by(kobayashi), sha256_of(other), other)
    application = case.sealed()
    with unguarded(), pytest.raises(Refused, match="登録された認証局のものではありません"):
        office_mail.dispatch_with_token(application, by(suzuki), True, other)
    assert Letter.packet(application) is None


def test_only_an_administrator_registers_it_on_the_page_of_the_token(token, browser, by, kobayashi, suzuki, at_tokend):
    with pytest.raises(NotYourAct):
        office_mail.register(by(suzuki), sha256_of(token), token)
    at_tokend(token)
    token.health = lambda: {"token": LABEL, "credential": "ready", "busy": False}
    page = browser.sign_in_as(kobayashi).see("/administration/token")
    assert "送付メールの署名" in page.text and OFFICE in page.text and "tanaka@" not in page.text
    refused = browser.press("/administration/token/office", {"certificate": sha256_of(token, 1)})
    assert refused.status == 422 and "本人のカードで行います" in refused.text
    assert browser.press("/administration/token/office", {"certificate": "x"}).status == 422
    done = browser.press("/administration/token/office", {"certificate": sha256_of(token)})
    assert done.status == 200 and OfficeCertificate.here().mail == OFFICE
    assert browser.press("/administration/token/office/end").status == 200 and OfficeCertificate.here() is None


def test_the_register_holds_one_at_a_time_and_never_another_under_the_same_row(office, token):
    with pytest.raises(IN_THE_WAY), database.atomic():
        OfficeCertificate.create(content=office.content, mail=OFFICE, since_on=office.since_on)
    with pytest.raises(IN_THE_WAY), database.atomic():
        OfficeCertificate.update(content="0" * 64).execute()
