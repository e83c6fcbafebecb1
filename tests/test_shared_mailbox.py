"""The shared mailbox on a real Dovecot: what the desk sends there is read by the worker, once, and nothing is lost."""

import json
import logging
from datetime import timedelta

import pytest

from tests import ca
from tests import incoming_mails as mails
from tests.bad import everything_kept, secrets_of
from tests.cases import again, unguarded
from tests.dovecot import PASSWORD, Dovecot
from webapp import clock, worker
from webapp.acts import incoming, mailboxes
from webapp.register import Event, EventParticulars, IncomingMail, Job, Mailbox

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def running():
    with Dovecot() as server:
        yield server


@pytest.fixture
def dovecot(running):
    """The server with empty folders."""
    with running.session() as client:
        for folder in ("INBOX", '"&epNT4w-"'):
            client.select(folder)
            client.uid("STORE", "1:*", "+FLAGS", r"(\Deleted)")
            client.expunge()
    return running


@pytest.fixture
def set_up(house, dovecot, settings):
    """Write the file of the mailbox; set_up(folder=…) with changes."""

    def write(**changes):
        path = settings.practice_mailbox_file
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(dovecot.at(**changes)))
        path.chmod(0o600)

    return write


def crlf(message):
    return message.as_bytes(policy=message.policy.clone(linesep="\r\n"))


def visit(settings):
    """Let the worker do what is due of the mailbox; returns the newest row of the mailbox."""
    Job.update(next_at=clock.now()).where((Job.kind == "fetch_mail") & (Job.state == "due")).execute()
    with unguarded():
        for _ in range(20):
            job = worker.turn(settings)
            if job is None or job.kind == "fetch_mail":
                break
    return mailboxes.newest()


def test_from_the_desks_mail_in_dovecot_to_the_certificate_in_use(
    browser, case, dovecot, set_up, settings, suzuki, sato
):
    set_up()
    application = case.sent()
    dovecot.deliver(crlf(mails.delivery(case, application)))
    box = visit(settings)
    assert box.read_at and not box.trouble
    row = IncomingMail.get()
    assert (row.application, row.kind, row.person_id) == (application, "certificate", None)
    assert again(application).stage == "sent" and "\\Seen" in dovecot.flags()[0]
    browser.sign_in_as(suzuki)
    assert "メールが届いています" in browser.see("/").text
    with unguarded():
        page = browser.see(browser.see(f"/applications/{application.id}").links()["届いた証明書を受け取る"])
        sent = page.form("/delivery")
        browser.press(f"/applications/{application.id}/delivery", sent, content_type="multipart/form-data")
    assert again(application).stage == "delivered"
    browser.press(f"/applications/{application.id}/handover", {})
    browser.sign_in_as(sato)
    browser.press(f"/applications/{application.id}/acceptance", {"reviewed": "yes"})
    assert again(application).stage == "in_use"


def test_nothing_is_read_twice_also_when_the_server_numbers_its_mails_anew(case, dovecot, set_up, settings):
    set_up()
    application = case.sent()
    dovecot.deliver(crlf(mails.faults(application, "一つ目")))
    visit(settings)
    dovecot.deliver(crlf(mails.faults(application, "二つ目")))
    box = visit(settings)
    visit(settings)
    assert IncomingMail.select().count() == 2 and box.last_uid > 0
    Mailbox.update(validity="1").execute()
    with dovecot.session() as client:
        client.select("INBOX")
        client.uid("STORE", "1:*", "-FLAGS", r"(\Seen)")
    visit(settings)
    assert IncomingMail.select().count() == 2 and Mailbox.get().validity == box.validity
    assert Job.select().where(Job.kind == "fetch_mail").count() == 1


def test_at_the_first_visit_only_unread_mails_are_taken(case, dovecot, set_up, settings):
    set_up()
    application = case.sent()
    dovecot.deliver(crlf(mails.faults(application, "前から読んであるもの")), flags=r"(\Seen)")
    dovecot.deliver(crlf(mails.faults(application, "新しいもの")))
    visit(settings)
    assert ["新しいもの" in row.text for row in IncomingMail.select()] == [True]


def test_many_mails_are_taken_in_several_visits(case, dovecot, set_up, settings, monkeypatch):
    monkeypatch.setattr("webapp.fetching.AT_ONCE", 2)
    set_up()
    for number in range(5):
        dovecot.deliver(crlf(mails.other(f"件名{number}", "本文")))
    counts = []
    for _ in range(3):
        visit(settings)
        counts.append(IncomingMail.select().count())
    assert counts == [2, 4, 5]


def test_another_folder_is_read_by_its_japanese_name(dovecot, set_up, settings):
    set_up(folder="窓口")
    dovecot.deliver(crlf(mails.other("受信箱", "x")))
    dovecot.deliver(crlf(mails.other("窓口", "x")), folder='"&epNT4w-"')
    visit(settings)
    assert [row.subject for row in IncomingMail.select()] == ["窓口"]


def test_an_access_token_opens_the_mailbox_and_is_read_anew_at_each_visit(dovecot, set_up, settings, tmp_path):
    token = tmp_path / "token"
    set_up(password="", token_file=str(token))
    token.write_text(dovecot.token(minutes=-10))
    token.chmod(0o600)
    box = visit(settings)
    assert "ログインできない" in box.trouble and box.read_at is None
    token.write_text(dovecot.token())
    dovecot.deliver(crlf(mails.other("トークン", "x")))
    box = visit(settings)
    assert box.trouble == "" and IncomingMail.get().subject == "トークン"
    assert "method=XOAUTH2" in dovecot.log()


def test_starttls_is_used_where_it_is_asked_for(dovecot, set_up, settings):
    set_up(security="starttls", port=dovecot.plain_port)
    dovecot.deliver(crlf(mails.other("暗号化", "x")))
    assert visit(settings).trouble == "" and IncomingMail.select().count() == 1


def test_a_server_of_an_unknown_authority_gets_no_password(dovecot, set_up, settings):
    set_up(ca="")
    before = dovecot.log().count("Login:")
    box = visit(settings)
    assert "証明書を確認できませんでした" in box.trouble and dovecot.log().count("Login:") == before


def test_a_wrong_password_is_said_to_the_administrator_and_appears_nowhere(
    browser, dovecot, set_up, settings, kobayashi, caplog
):
    caplog.set_level(logging.DEBUG)
    set_up(password="Wrong-Secret-7")
    box = visit(settings)
    assert "ログインできない" in box.trouble
    browser.sign_in_as(kobayashi)
    page = browser.see("/administration/mail")
    assert box.trouble in page.text and "Secret" not in page.html
    assert "共用メールボックスを" not in browser.see("/").text
    Mailbox.update(troubled_since=clock.now() - timedelta(minutes=30)).execute()
    assert "共用メールボックスを" in browser.see("/").text
    assert browser.get("/health").json["mailbox_troubled"] is True
    rows = [
        *Job.select().dicts(),
        *Event.select().dicts(),
        *EventParticulars.select().dicts(),
        *Mailbox.select().dicts(),
    ]
    assert "Secret" not in str(rows) + caplog.text and PASSWORD not in str(rows) + caplog.text
    set_up()
    assert visit(settings).trouble == "" and browser.get("/health").json["mailbox_troubled"] is False


def test_a_mail_that_cannot_be_read_is_kept_and_shown(dovecot, set_up, settings):
    set_up()
    bomb = b"From: a@b.example\r\nSubject: x\r\nContent-Type: multipart/mixed; boundary=q\r\n\r\n"
    dovecot.deliver(bomb + b"--q\r\n\r\nx\r\n" * 10_000 + b"--q--\r\n")
    dovecot.deliver(crlf(mails.other("次のメール", "x")))
    visit(settings)
    first, second = IncomingMail.select().order_by(IncomingMail.id)
    assert "部分が多すぎる" in first.notes[0] and second.subject == "次のメール"
    assert incoming.bytes_of(first).startswith(b"From: a@b.example")


def test_of_a_mail_with_a_private_key_only_the_notice_stays(dovecot, set_up, settings):
    set_up()
    pem, secrets = secrets_of(ca.new_key())
    message = mails.other("鍵", "鍵を送ります。")
    message.add_attachment(pem, maintype="application", subtype="octet-stream", filename="server.key")
    dovecot.deliver(crlf(message))
    dovecot.deliver(crlf(mails.other("次のメール", "x")))
    visit(settings)
    first, second = IncomingMail.select().order_by(IncomingMail.id)
    assert "秘密鍵が含まれています" in first.notes[0] and "元のメールを削除" in first.notes[0]
    assert second.subject == "次のメール" and incoming.bytes_of(first).startswith(b"SHA-256 ")
    kept = everything_kept(settings) + b"".join(incoming.bytes_of(row) for row in (first, second))
    assert not [each for each in secrets if each in kept]


def test_a_mail_that_is_too_large_is_named_by_its_head_alone(dovecot, set_up, settings, monkeypatch):
    monkeypatch.setattr("webapp.fetching.LARGEST", 10_000)
    set_up()
    dovecot.deliver(crlf(mails.other("大きなメール", "x" * 70 + "\n" + ("y" * 70 + "\n") * 400)))
    visit(settings)
    row = IncomingMail.get()
    assert row.subject == "大きなメール" and row.size < 10_000 and "25MBを超える" in row.notes[0]


def test_a_mailbox_that_is_no_longer_set_up_is_not_read(dovecot, set_up, settings):
    set_up()
    visit(settings)
    settings.practice_mailbox_file.unlink()
    visit(settings)
    assert Job.get(Job.kind == "fetch_mail").state == "done"
    set_up()
    dovecot.deliver(crlf(mails.other("また設定した", "x")))
    visit(settings)
    visit(settings)
    assert IncomingMail.select().count() == 1


def test_a_demo_does_not_read_the_mailbox_of_real_data(house, dovecot, settings):
    settings.mailbox_file.write_text(json.dumps(dovecot.at()))
    settings.mailbox_file.chmod(0o600)
    dovecot.deliver(crlf(mails.other("本物", "x")))
    visit(settings)
    assert IncomingMail.select().count() == 0 and mailboxes.newest() is None
