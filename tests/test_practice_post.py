"""The post office of the practice world, spoken to with smtplib."""

import json
import smtplib
import ssl
import stat
from email.message import EmailMessage

import pytest

from webapp.practice.clock import now
from webapp.practice.folder import Folder
from webapp.practice.mailbox import Mailbox, attachments, text
from webapp.practice.post import open_post
from webapp.practice.store import Store


@pytest.fixture
def world(tmp_path):
    folder = Folder(tmp_path / "desk")
    mailbox = Mailbox(folder, Store(folder / "desk.sqlite"), now)
    controller = open_post(folder, 0, mailbox.file)
    yield folder, mailbox
    controller.stop()


def letter():
    message = EmailMessage()
    message["From"] = "鈴木 花子 <suzuki@shinsei.example>"
    message["To"] = "certs@desk.practice.example"
    message["Subject"] = "コード署名用証明書 発行申請"
    message.set_content("申請書を送付します。\n")
    message.add_attachment(b"\x00\x01\r\n\xff", maintype="application", subtype="pdf", filename="申請書.pdf")
    return message


def send(folder, message, password=None, **extra):
    facts = json.loads((folder / "smtp.json").read_text())
    with smtplib.SMTP(facts["host"], facts["port"]) as smtp:
        smtp.starttls(context=ssl.create_default_context(cafile=facts["ca"]))
        smtp.login(facts["user"], password or facts["password"])
        smtp.send_message(message, **extra)


def test_a_mail_sent_with_tls_and_login_is_filed_byte_for_byte(world):
    folder, mailbox = world
    send(folder, letter())
    [mail] = mailbox.mails("CERTS@desk.practice.example")
    message = mailbox.message(mail.id)
    assert mail.subject == "コード署名用証明書 発行申請"
    assert text(message) == "申請書を送付します。\n"
    assert [(a.name, a.data) for a in attachments(message)] == [("申請書.pdf", b"\x00\x01\r\n\xff")]


def test_a_hidden_recipient_finds_the_mail_in_their_box(world):
    folder, mailbox = world
    send(folder, letter(), to_addrs=["certs@desk.practice.example", "sato@shinsei.example"])
    assert sorted(box[0] for box in mailbox.addresses()) == ["certs@desk.practice.example", "sato@shinsei.example"]
    assert len(mailbox.mails("sato@shinsei.example")) == 1
    assert mailbox.mails("takahashi@shinsei.example") == []


def test_a_wrong_password_is_refused_and_nothing_is_filed(world):
    folder, mailbox = world
    with pytest.raises(smtplib.SMTPAuthenticationError):
        send(folder, letter(), password="wrong")
    assert mailbox.mails() == []


def test_without_tls_it_takes_no_mail(world):
    facts = json.loads((world[0] / "smtp.json").read_text())
    with smtplib.SMTP(facts["host"], facts["port"]) as smtp:
        with pytest.raises(smtplib.SMTPResponseException) as refusal:
            smtp.send_message(letter())
    assert refusal.value.smtp_code == 530


def test_a_client_that_trusts_other_authorities_breaks_off(world):
    facts = json.loads((world[0] / "smtp.json").read_text())
    with smtplib.SMTP(facts["host"], facts["port"]) as smtp, pytest.raises(ssl.SSLCertVerificationError):
        smtp.starttls(context=ssl.create_default_context())


def test_the_login_file_is_for_its_owner_only_and_survives_a_restart(world):
    folder, mailbox = world
    before = json.loads((folder / "smtp.json").read_text())
    assert stat.S_IMODE((folder / "smtp.json").stat().st_mode) == 0o600
    again = open_post(folder, 0, mailbox.file)
    again.stop()
    assert json.loads((folder / "smtp.json").read_text())["password"] == before["password"]
