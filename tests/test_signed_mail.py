"""A letter of ours as it comes back signed: taken when it says what ours says, refused for the least difference."""

from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import SMTP

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from tests import ca
from tokens import smime
from webapp.errors import Refused
from webapp.mails.frame import letter
from webapp.papers import guard, signed_mail


@pytest.fixture(scope="module")
def ours():
    """A letter with a body and two files, as letters.finished makes it."""
    sender, desk = ("鈴木 花子", "suzuki@shinsei.example"), [("", "certs@desk.practice.example")]
    message = letter(
        sender, desk, "【コード署名用証明書 新規発行申請】学校法人申請学園 CS-2026-0001", "本文\n.\nFrom 本文\n" * 20
    )
    for name in ("a.pdf", "発行申請書.xlsx"):
        message.add_attachment(bytes(range(256)) * 9, maintype="application", subtype="octet-stream", filename=name)
    message["Date"] = "Mon, 23 Nov 2026 16:00:00 +0900"
    return message.as_bytes(policy=SMTP)


def checked(authorities, ours, mail):
    anchors, others = [ca.der(authorities.seal.root)], [ca.der(authorities.seal.issuing)]
    return signed_mail.check(mail, ours, anchors, others, datetime.now(UTC))


def refused(authorities, ours, mail, words):
    with pytest.raises(Refused, match=words) as refusal:
        checked(authorities, ours, mail)
    assert refusal.value.advice


def without_chain(ours, card):
    key, der = card
    return smime.signed(ours, der, [], lambda data: key.sign(data, ec.ECDSA(hashes.SHA256())))


def with_chain(ours, card, authorities):
    key, der = card
    return smime.signed(ours, der, authorities.seal.chain, lambda data: key.sign(data, ec.ECDSA(hashes.SHA256())))


def test_our_letter_under_the_senders_signature_is_taken(ours, card, authorities):
    holder = card("suzuki@shinsei.example")
    found = checked(authorities, ours, with_chain(ours, holder, authorities))
    assert found.sender == "suzuki@shinsei.example" and "Practice S/MIME CA" in found.issuer_text
    assert checked(authorities, ours, without_chain(ours, holder)).serial_hex == found.serial_hex


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
def test_another_letter_than_ours_does_not_leave(ours, card, authorities, change):
    mail = with_chain(other_letter(ours, change), card("suzuki@shinsei.example"), authorities)
    refused(authorities, ours, mail, "同じではありません")


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
def test_a_signed_mail_changed_outside_the_signature_does_not_leave(ours, card, authorities, old, new, words):
    mail = with_chain(ours, card("suzuki@shinsei.example"), authorities)
    assert old in mail
    refused(authorities, ours, mail.replace(old, new, 1), words)


def test_a_signed_mail_changed_inside_does_not_leave(ours, card, authorities):
    """The part differs from ours by one byte of base64, and the signature is one over ours."""
    mail = with_chain(ours, card("suzuki@shinsei.example"), authorities)
    place = mail.index(b"filename=") + 400
    changed = mail[:place] + (b"A" if mail[place : place + 1] != b"A" else b"B") + mail[place + 1 :]
    refused(authorities, ours, changed, "同じではありません")


def test_more_after_the_signature_does_not_leave(ours, card, authorities):
    mail = with_chain(ours, card("suzuki@shinsei.example"), authorities)
    refused(authorities, ours, mail + b"more\r\n", "読み取れない")


def test_a_signature_over_something_else_does_not_leave(ours, card, authorities):
    holder = card("suzuki@shinsei.example")
    mine, other = with_chain(ours, holder, authorities), with_chain(other_letter(ours, renamed), holder, authorities)
    begin = b'filename="smime.p7s"\r\n\r\n'
    swapped = mine[: mine.index(begin)] + other[other.index(begin) :].replace(boundary(other), boundary(mine))
    refused(authorities, ours, swapped, "署名が内容と一致しません")


def boundary(mail):
    return message_from_bytes(mail, policy=SMTP).get_boundary().encode()


@pytest.mark.parametrize(
    ("kind", "changes", "words"),
    [("client_auth", {}, "クライアント認証用"), ("smime", {"not_before": "past"}, "有効期限")],
    ids=["client certificate", "expired"],
)
def test_a_certificate_that_may_not_sign_mail_does_not_let_it_leave(ours, card, authorities, kind, changes, words):
    if changes:
        changes = {"not_before": datetime.now(UTC) - timedelta(days=500)}
    mail = with_chain(ours, card("suzuki@shinsei.example", kind, **changes), authorities)
    refused(authorities, ours, mail, words)


def test_a_certificate_of_a_ca_that_nobody_trusts_does_not_let_it_leave(ours, card, authorities):
    mail = without_chain(ours, card("suzuki@shinsei.example", authority=ca.Authority("Somebody's CA")))
    refused(authorities, ours, mail, "登録された認証局のものではありません")


def test_the_senders_certificate_and_no_others(ours, card, authorities, monkeypatch):
    monkeypatch.setattr(smime, "_written_by_holder", lambda *_: None)
    mail = with_chain(ours, card("yamamoto@shinsei.example"), authorities)
    refused(authorities, ours, mail, "差出人のものではありません")


def test_what_is_no_signed_mail_is_refused(authorities, ours):
    for mail in (b"x", b"", b"From: a\r\n\r\n", ours, b"\xff" * 100):
        refused(authorities, ours, mail, "読み取れない")


def test_a_mail_cut_anywhere_is_refused(ours, card, authorities):
    mail = with_chain(ours, card("suzuki@shinsei.example"), authorities)
    for end in range(0, len(mail) - 3, max(len(mail) // 60, 1)):
        refused(authorities, ours, mail[:end], "。")


def test_the_same_is_said_from_the_guarded_child(ours, card, authorities):
    mail = with_chain(ours, card("suzuki@shinsei.example"), authorities)
    anchors, others = [ca.der(authorities.seal.root)], [ca.der(authorities.seal.issuing)]
    asked = ("webapp.papers.signed_mail:check", mail, ours, anchors, others, datetime.now(UTC))
    assert guard.run(*asked) == checked(authorities, ours, mail)
    with pytest.raises(signed_mail.MailRefused) as refusal:
        guard.run(asked[0], mail + b"more", *asked[2:])
    assert refusal.value.code == "broken"
    _, certificate = card("suzuki@shinsei.example", "client_auth")
    found = guard.run("webapp.papers.card:check", certificate, anchors, others, datetime.now(UTC))
    assert found.mails == ("suzuki@shinsei.example",)
