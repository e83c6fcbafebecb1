"""送付 (1-1-5) as a signed mail: the packet leaves as it was shown, under the officer's own certificate, or not at all."""

from datetime import timedelta
from email import message_from_bytes
from email.policy import SMTP

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from tests.stations import TOKEN, asked, code_on, newest
from tokens import smime
from tokens.station import payloads
from webapp import clock
from webapp.acts import dispatch
from webapp.register import Event, Job, Letter, Person, PersonMail, PersonRole

pytestmark = pytest.mark.both_databases


@pytest.fixture
def sealed_case(case):
    return case.sealed()


@pytest.fixture
def officer(paired, sealed_case, suzuki):
    return paired(suzuki)


@pytest.fixture
def mailing(officer, browser, sealed_case):
    """(envelope, our letter's bytes) of a mail that 鈴木 has opened at the station."""
    envelope = officer.opened(code_on(asked(browser, sealed_case, "sign_mail", confirmed="yes")))
    return envelope, officer.document(envelope).data


def with_chain(ours, card, authorities):
    key, der = card
    return smime.signed(ours, der, authorities.seal.chain, lambda data: key.sign(data, ec.ECDSA(hashes.SHA256())))


def test_the_packet_leaves_signed_and_unchanged(officer, mailing, sealed_case, card, authorities, browser):
    envelope, ours = mailing
    asked_for = envelope.payload
    assert asked_for.sender == "suzuki@shinsei.example" and asked_for.recipients == ("certs@desk.practice.example",)
    assert len(asked_for.attachments) == 3 and asked_for.size == len(ours)
    mail = with_chain(ours, card("suzuki@shinsei.example"), authorities)
    assert officer.give(envelope, payloads.SignedMail(mail, TOKEN)).json == {"state": "done"}
    letter = Letter.packet(sealed_case)
    assert letter.content.bytes() == mail and letter.content.is_encrypted and letter.state == "waiting"
    assert Job.select().where((Job.kind == "post") & (Job.subject_id == letter.id)).exists()
    assert letter.message_id == str(message_from_bytes(ours, policy=SMTP)["Message-ID"])
    facts = Event.newest(sealed_case, "dispatch").facts
    assert facts["signer_certificate_serial"] and facts["sha256"] == letter.sha256
    assert "送信待ち" in browser.see(f"/applications/{sealed_case.id}/dispatch").text


def test_without_the_tick_no_mail_is_asked_for(officer, browser, sealed_case):
    page = asked(browser, sealed_case, "sign_mail")
    assert page.status == 422 and "最新の手順・様式を確認しました" in page.text


def refused_mail(officer, envelope, application, mail, words):
    answer = officer.give(envelope, payloads.SignedMail(mail, TOKEN))
    assert answer.status_code == 422 and words in answer.json["message"], answer.json
    assert Letter.packet(application) is None and newest().state == "failed"


def test_what_is_not_our_letter_under_the_senders_signature_does_not_leave(
    officer, mailing, sealed_case, card, authorities, browser
):
    envelope, ours = mailing
    changed = with_chain(ours, card("suzuki@shinsei.example"), authorities).replace(b"To: certs@", b"To: cerTs@", 1)
    for mail, words in ((ours, "読み取れない"), (changed, "同じではありません"), (b"x", "読み取れない")):
        refused_mail(officer, envelope, sealed_case, mail, words)
        envelope = officer.opened(code_on(asked(browser, sealed_case, "sign_mail", confirmed="yes")))


def test_the_sender_is_a_registered_officer_today(officer, mailing, sealed_case, card, authorities, suzuki, yamamoto):
    """The card is the sender's, who is no officer any more; another officer works at the station."""
    envelope, ours = mailing
    PersonMail.update(person=yamamoto).where(PersonMail.person == suzuki).execute()
    PersonRole.update(until_on=clock.today() - timedelta(days=1)).where(PersonRole.person == yamamoto).execute()
    successor = Person.get(Person.name.startswith("高橋"))  # so that somebody can still take a call (TEL-01)
    PersonRole.create(person=successor, role="officer", title="", since_on=clock.today())
    mail = with_chain(ours, card("suzuki@shinsei.example"), authorities)
    refused_mail(officer, envelope, sealed_case, mail, "登録担当者の登録メールアドレスではありません")


def test_a_packet_that_left_meanwhile_does_not_leave_twice(case, officer, mailing, sealed_case, card, authorities):
    envelope, ours = mailing
    dispatch.dispatch(sealed_case, case.who("鈴木"), True)
    mail = with_chain(ours, card("suzuki@shinsei.example"), authorities)
    answer = officer.give(envelope, payloads.SignedMail(mail, TOKEN))
    assert answer.status_code == 422 and Letter.select().where(Letter.purpose == "packet").count() == 1
