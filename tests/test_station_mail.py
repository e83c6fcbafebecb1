"""送付 (1-1-5) as a signed mail: the packet leaves as it was shown, under the officer's own certificate, or not at all."""

from datetime import timedelta
from email import message_from_bytes
from email.policy import SMTP

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from tests import ca
from tests.stations import TOKEN, asked, code_on, newest
from tokens import smime
from tokens.station import payloads
from webapp import clock
from webapp.acts import dispatch
from webapp.register import Event, Job, Letter

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


def signed_mail(ours, card):
    key, der = card
    return smime.signed(ours, der, [], lambda data: key.sign(data, ec.ECDSA(hashes.SHA256())))


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


def other_letter(ours, change):
    message = message_from_bytes(ours, policy=SMTP)
    change(message)
    return message.as_bytes(policy=SMTP)


def to_another(message):
    del message["To"]
    message["To"] = "thief@evil.example"


def copied(message):
    message["Cc"] = "thief@evil.example"


def renamed(message):
    del message["Subject"]
    message["Subject"] = "別の件名"


def other_text(message):
    message.get_body(("plain",)).set_content("別の本文", charset="utf-8", cte="base64")


def one_less(message):
    message.set_payload(message.get_payload()[:-1])


@pytest.mark.parametrize("change", [to_another, copied, renamed, other_text, one_less])
def test_another_letter_than_ours_does_not_leave(officer, mailing, sealed_case, card, authorities, change):
    envelope, ours = mailing
    mail = with_chain(other_letter(ours, change), card("suzuki@shinsei.example"), authorities)
    refused_mail(officer, envelope, sealed_case, mail, "同じではありません")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b"To: certs@", b"To: cerTs@", "同じではありません"),
        (b"Message-ID: <", b"Message-ID: <x", "同じではありません"),
        (
            b"MIME-Version: 1.0\r\nContent-Type: multipart/signed",
            b"Bcc: thief@evil.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/signed",
            "同じではありません",
        ),
        (b"This is a signed message", b"\xe3\x81\x82", "読み取れない"),
        (
            b'smime.p7s"\r\nContent-Transfer-Encoding: base64\r\n',
            b'smime.p7s"\r\nContent-Transfer-Encoding: 8bit\r\n',
            "読み取れない",
        ),
    ],
    ids=["outer To", "Message-ID", "Bcc", "note", "encoding"],
)
def test_a_signed_mail_changed_outside_the_signature_does_not_leave(
    officer, mailing, sealed_case, card, authorities, old, new, words
):
    envelope, ours = mailing
    mail = with_chain(ours, card("suzuki@shinsei.example"), authorities)
    assert old in mail
    refused_mail(officer, envelope, sealed_case, mail.replace(old, new, 1), words)


def test_a_signed_mail_changed_inside_does_not_leave(officer, mailing, sealed_case, card, authorities):
    """The part differs from ours by one byte of base64, and the signature is one over ours."""
    envelope, ours = mailing
    mail = with_chain(ours, card("suzuki@shinsei.example"), authorities)
    place = mail.index(b"filename=") + 400
    changed = mail[:place] + (b"A" if mail[place : place + 1] != b"A" else b"B") + mail[place + 1 :]
    refused_mail(officer, envelope, sealed_case, changed, "同じではありません")


def test_more_after_the_signature_does_not_leave(officer, mailing, sealed_case, card, authorities):
    envelope, ours = mailing
    mail = with_chain(ours, card("suzuki@shinsei.example"), authorities)
    refused_mail(officer, envelope, sealed_case, mail + b"more\r\n", "読み取れない")


def test_a_signature_over_something_else_does_not_leave(officer, mailing, sealed_case, card, authorities):
    envelope, ours = mailing
    holder = card("suzuki@shinsei.example")
    mine, other = with_chain(ours, holder, authorities), with_chain(other_letter(ours, renamed), holder, authorities)
    begin = b'filename="smime.p7s"\r\n\r\n'
    swapped = mine[: mine.index(begin)] + other[other.index(begin) :].replace(boundary(other), boundary(mine))
    refused_mail(officer, envelope, sealed_case, swapped, "署名が内容と一致しません")


def boundary(mail):
    return message_from_bytes(mail, policy=SMTP).get_boundary().encode()


@pytest.mark.parametrize(
    ("kind", "changes", "words"),
    [("client_auth", {}, "クライアント認証用"), ("smime", {"not_before": "past"}, "有効期限")],
    ids=["client certificate", "expired"],
)
def test_a_certificate_that_may_not_sign_mail_does_not_let_it_leave(
    officer, mailing, sealed_case, card, authorities, kind, changes, words
):
    envelope, ours = mailing
    if changes:
        changes = {"not_before": clock.now() - timedelta(days=500)}
    mail = with_chain(ours, card("suzuki@shinsei.example", kind, **changes), authorities)
    refused_mail(officer, envelope, sealed_case, mail, words)


def test_a_certificate_of_a_ca_that_nobody_trusts_does_not_let_it_leave(officer, mailing, sealed_case, card):
    envelope, ours = mailing
    mail = signed_mail(ours, card("suzuki@shinsei.example", authority=ca.Authority("Somebody's CA")))
    refused_mail(officer, envelope, sealed_case, mail, "登録された認証局のものではありません")


def test_the_senders_certificate_and_no_others(officer, mailing, sealed_case, card, authorities, monkeypatch):
    envelope, ours = mailing
    monkeypatch.setattr(smime, "_written_by_holder", lambda *_: None)
    mail = with_chain(ours, card("yamamoto@shinsei.example"), authorities)
    refused_mail(officer, envelope, sealed_case, mail, "差出人のものではありません")


def test_unsigned_and_meaningless_bytes_do_not_leave(officer, browser, sealed_case):
    for mail in (b"x", b"", b"From: a\r\n\r\n", None):
        envelope = officer.opened(code_on(asked(browser, sealed_case, "sign_mail", confirmed="yes")))
        data = officer.document(envelope).data if mail is None else mail
        refused_mail(officer, envelope, sealed_case, data, "読み取れない")


def test_a_packet_that_left_meanwhile_does_not_leave_twice(case, officer, mailing, sealed_case, card, authorities):
    envelope, ours = mailing
    dispatch.dispatch(sealed_case, case.who("鈴木"), True)
    mail = with_chain(ours, card("suzuki@shinsei.example"), authorities)
    answer = officer.give(envelope, payloads.SignedMail(mail, TOKEN))
    assert answer.status_code == 422 and Letter.select().where(Letter.purpose == "packet").count() == 1
