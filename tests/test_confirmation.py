"""失効完了通知 and what the world says: CRL and OCSP are asked until both agree (seed 1-3-4)."""

import io
from datetime import timedelta
from email.message import EmailMessage

import pytest
from cryptography import x509
from cryptography.x509 import ocsp

from tests import ca, outlook_file, revocation
from tests.bad import attached, stands
from tests.cases import again, letters_to, unguarded
from webapp import clock
from webapp.acts import confirmation
from webapp.asking import NoAnswer
from webapp.papers import completion
from webapp.register import Certificate, Intake, Job, Paper, StatusAnswer

pytestmark = pytest.mark.slow  # many, and each walks far

# The completion mail (1-3-4)


@pytest.fixture
def sent(case, browser, suzuki):
    application = case.revocation("sent")
    browser.sign_in_as(suzuki)
    with unguarded():
        yield application


def notice(subject="失効完了のお知らせ", text="", subtype="plain"):
    message = EmailMessage()
    message["From"], message["To"] = "certs@nii.example", "suzuki@shinsei.example"
    message["Subject"], message["Date"] = subject, "Sun, 22 Nov 2026 14:05:00 +0900"
    message.set_content(text, subtype=subtype)
    return bytes(message)


def note(browser, application, data, **form):
    return browser.press(f"/applications/{application.id}/completion", attached(data, "notice.eml") | form)


def test_a_notice_saved_by_outlook_is_taken_too(browser, sent):
    texts = {
        outlook_file.SUBJECT: "失効完了",
        outlook_file.SMTP: "certs@nii.example",
        outlook_file.BODY: sent.target.serial,
    }
    data = outlook_file.saved(outlook_file.message(texts, []))
    page = browser.press(f"/applications/{sent.id}/completion", attached(data, "notice.msg"))
    assert page.status == 200 and again(sent).stage == "completed"
    assert Paper.newest(sent, "completion").media_type == "application/vnd.ms-outlook"


def test_what_is_no_mail_is_told_and_kept(browser, sent):
    files = (b"\x89PNG\r\n\x1a\n" + bytes(100), b"hello", b"\n\n", b"PK\x03\x04xl")
    for data in files:
        page = note(browser, sent, data, note="受け取りました")
        assert page.status == 422 and "メールのファイルではない" in page.text, data
        assert page.form("/completion")["note"] == "受け取りました"
    kept = Intake.select().where(Intake.purpose == "completion").order_by(Intake.id)
    assert stands(sent, "sent") and tuple(intake.content.bytes() for intake in kept) == files


def test_neither_a_file_nor_a_word_is_no_notice(browser, sent):
    page = browser.press(f"/applications/{sent.id}/completion", {"file": (io.BytesIO(b""), ""), "note": " "})
    assert page.status == 422 and "ファイルを選ぶか" in page.text and stands(sent, "sent")


def test_a_mail_about_another_certificate_needs_a_reason(browser, sent):
    other = notice(text="シリアル番号: 0123456789abcdef")
    page = note(browser, sent, other)
    assert page.status == 422 and "シリアル番号も申請番号もありません" in page.text and stands(sent, "sent")
    page = note(browser, sent, other, note="電話で確かめました。")
    assert page.status == 200 and again(sent).stage == "completed"
    assert Paper.newest(sent, "completion").content.bytes() == other


def test_a_mail_is_recognised_however_it_names_the_certificate(browser, sent):
    serial, number = sent.target.serial, sent.number
    colons = ":".join(serial[i : i + 2] for i in range(0, len(serial), 2)).upper()
    by_number = notice(f"失効完了のお知らせ(申請番号 {number}・受付番号 4)", "本文なし")
    plain = (notice(text=f"シリアル番号: {colons}"), notice(text=f"Serial: {int(serial, 16)}"), by_number)
    assert all(b"=?utf-8?" in mail for mail in plain)  # the subjects are encoded
    assert [completion.read(mail, serial, number).names_it for mail in plain] == [True, True, True]
    html = notice(text=f"<p>シリアル番号 <b>{serial}</b></p>", subtype="html")
    assert note(browser, sent, html).status == 200
    held = Certificate.get_by_id(sent.target_id)
    assert again(sent).stage == "completed" and held.revoked_at and held.revoking is None and held.blocked_at
    assert "失効完了通知が届きました" in letters_to("sato@shinsei.example")[-1].subject


# What the world says (1-3-4)


@pytest.fixture
def completed(case, browser, suzuki):
    application = case.revocation("completed")
    browser.sign_in_as(suzuki)
    with unguarded():
        yield application


class World:
    """What CRL and OCSP answer about a case's certificate, right or wrong."""

    def __init__(self, authorities, application):
        self.authority, self.application = authorities.code, application
        self.certificate = x509.load_der_x509_certificate(application.target.content.bytes())
        self.crl, self.ocsp = self.listed(), self.answered()

    def listed(self, reason=x509.ReasonFlags.cessation_of_operation):
        return revocation.crl(self.authority, (self.certificate, reason))

    def answered(self, **how):
        return revocation.answer(self.authority, self.certificate, **({"status": ocsp.OCSPCertStatus.REVOKED} | how))

    def ask(self):
        return confirmation.ask(again(self.application), self.fetch, "http://practice.example")

    def fetch(self, url, hosts, *, data=None, **_):
        answer = self.crl if data is None else self.ocsp
        if data is not None and answer == b"fresh":
            nonce = ocsp.load_der_ocsp_request(data).extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
            answer = self.answered(nonce=nonce)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def world(authorities, completed):
    made = World(authorities, completed)
    made.ocsp = b"fresh"
    return made


def shown(browser, application):
    Job.update(next_at=clock.now() + timedelta(hours=1)).execute()  # the worker has asked
    return browser.see(f"/applications/{application.id}/status").text


def test_both_must_say_so_before_it_is_confirmed(browser, completed, world):
    right, world.crl = world.crl, revocation.crl(world.authority)
    assert not world.ask() and stands(completed, "completed")
    assert "CRLとOCSPの両方に失効が載るまで" in shown(browser, completed)
    world.crl = right
    assert world.ask() and stands(completed, "confirmed")
    assert "認証局の署名のある回答で確認しました。" in shown(browser, completed)
    kept = StatusAnswer.select().where(StatusAnswer.outcome == "revoked")
    assert {row.kind: row.content.bytes() == right for row in kept} == {"crl": True, "ocsp": False}
    for row in kept:
        assert browser.get(f"/status-answers/{row.id}/file").data == row.content.bytes()


def wrong_answers(world, authorities):
    """(outcome, which of the two, its answer): none of them says that this certificate is revoked for good."""
    other = authorities.code.code_signing(ca.new_key().public_key())
    hold = x509.ReasonFlags.certificate_hold
    for which in ("crl", "ocsp"):
        yield "unreachable", which, NoAnswer("つながりませんでした。")
        yield "refused", which, b"<html>login</html>"
    yield "good", "crl", revocation.crl(world.authority)
    yield "good", "ocsp", world.answered(status=ocsp.OCSPCertStatus.GOOD)
    yield "revoked", "crl", world.listed(hold)
    yield "revoked", "ocsp", world.answered(reason=hold)
    yield "good", "crl", revocation.crl(world.authority, (other, None))
    yield "refused", "ocsp", revocation.answer(world.authority, other, status=ocsp.OCSPCertStatus.REVOKED)


def test_while_one_of_them_does_not_say_so_it_stays_open(browser, completed, world, authorities):
    right = {"crl": world.crl, "ocsp": world.ocsp}
    for outcome, which, answer in wrong_answers(world, authorities):
        vars(world).update(right | {which: answer})
        assert not world.ask() and not world.ask(), (outcome, which)
        rows = list(completed.status_answers.where(StatusAnswer.kind == which).order_by(-StatusAnswer.id))
        assert (
            rows[0].outcome == outcome and len(rows) < 2 or rows[0].sentence != rows[1].sentence
        )  # said twice, kept once
        assert rows[0].sentence.split()[0] in shown(browser, completed)
    assert stands(completed, "completed") and Certificate.get_by_id(completed.target_id).revocation_reason == 5


def test_a_word_without_a_reason_does_not_confirm(browser, completed):
    address = f"/applications/{completed.id}/word_confirmation"
    assert browser.press(address, {"reason": "  "}).status == 422 and stands(completed, "completed")
    page = browser.press(address, {"reason": "窓口に電話で確かめました。"})
    assert page.status == 200 and again(completed).stage == "confirmed"
    assert "登録担当者が理由を示して確認しました。" in shown(browser, completed)


def test_the_subscriber_may_have_it_asked_but_not_give_a_word(browser, completed, sato):
    browser.sign_in_as(sato)
    assert browser.press(f"/applications/{completed.id}/status_question").status == 200
    assert browser.press(f"/applications/{completed.id}/word_confirmation", {"reason": "はい"}).status == 403
