"""受信メール: the desk's mails find their application and offer the next step; by themselves they do nothing."""

import io

import pytest

from tests import incoming_mails as mails
from tests.cases import again, unguarded
from tests.incoming_mails import DESK
from webapp.acts import incoming
from webapp.errors import NotYourAct, Unreadable
from webapp.register import Certificate, Content, Event, IncomingMail, Paper

pytestmark = pytest.mark.both_databases


@pytest.fixture(autouse=True)
def at_once():
    with unguarded():
        yield


def arrived(case, message, name="mail.eml"):
    row, _ = incoming.receive_mail(case.who("鈴木"), name, bytes(message))
    return row


def drop(browser, *messages):
    files = [(io.BytesIO(bytes(each)), f"mail{number}.eml") for number, each in enumerate(messages)]
    return browser.press("/mails", {"file": files}, content_type="multipart/form-data")


def test_an_officer_drops_the_mail_and_presses_until_the_certificate_is_there(browser, case, suzuki):
    application = case.sent()
    browser.sign_in_as(suzuki)
    page = drop(browser, mails.delivery(case, application))
    assert "証明書の到着" in page.text and "送付したメールへの返信" in page.text
    assert "まだ何も実行していません" in page.text and again(application).stage == "sent"
    home = browser.see("/")
    assert "メールが届いています" in home.text
    shown = browser.see(f"/applications/{application.id}")
    assert "サービス窓口から、証明書のZIPが届いています。" in shown.text
    at = shown.links()["届いた証明書を受け取る"]
    form = browser.see(at)
    assert "選び直す必要はありません" in form.text
    sent = form.form("/delivery")
    done = browser.press(f"/applications/{application.id}/delivery", sent, content_type="multipart/form-data")
    assert done.status == 200 and again(application).stage == "delivered"
    mail = IncomingMail.get()
    assert (mail.state, mail.outcome, mail.settled_by) == ("settled", "take_delivery", suzuki)
    assert "メールが届いています" not in browser.see("/").text
    assert browser.see(f"/mails/{mail.id}").status == 200


def test_a_form_that_comes_beside_the_zip_is_not_taken_for_it(case):
    application = case.sent()
    message = mails.delivery(case, application)
    message.add_attachment(b"PK\x03\x04 a sheet", maintype="application", subtype="octet-stream", filename="手順.xlsx")
    message.get_payload().insert(1, message.get_payload().pop())
    name, data = incoming.parcel_of(arrived(case, message))
    assert name.endswith(".zip") and b"a sheet" not in data


def test_a_mail_by_itself_changes_no_stage_and_writes_no_other_act(case):
    application = case.sent()
    before = Event.select().count()
    arrived(case, mails.delivery(case, application))
    assert again(application).stage == "sent" and Certificate.select().count() == 0
    assert [event.act for event in Event.select().order_by(Event.seq).offset(before)] == ["receive_mail"]


def test_a_mail_without_any_reference_is_tied_by_the_key_in_its_zip(case):
    other, application = case.sent(title="別の申請"), case.sent()
    message = mails.delivery(case, application, answers="", is_named=False)
    assert application.number not in message["Subject"]
    row = arrived(case, message)
    assert (row.application, row.ties) == (application, [[application.id, "zip"]]) and other.id != application.id


def test_the_zip_of_nobody_here_is_tied_to_nobody(case):
    application = case.sent()
    stranger = case.zip_for(application, password="Another-Password-1")
    row = arrived(case, mails.delivery(case, application, answers="", data=stranger, is_named=False))
    assert row.application_id is None and row.ties == [] and row.kind == "certificate"


def test_the_number_in_the_subject_ties_and_an_answer_to_another_house_does_not(case):
    application = case.sent()
    row = arrived(case, mails.other(f"Re: 申請 {application.number}", "受け付けました。", answers="<1@other.example>"))
    assert (row.application, row.ties, row.kind) == (application, [[application.id, "number"]], "receipt")
    stranger = arrived(case, mails.other("Re: 申請", "受け付けました。", answers="<1@other.example>"))
    assert stranger.application_id is None


def test_two_applications_in_one_mail_are_left_to_the_officer(browser, case, suzuki):
    first, second = case.sent(title="ひとつ目"), case.sent(title="ふたつ目")
    row = arrived(case, mails.other(f"{first.number} と {second.number}", "不備があります。"))
    assert row.application_id is None and len(row.ties) == 2
    browser.sign_in_as(suzuki)
    page = browser.see(f"/mails/{row.id}")
    assert "いくつかの申請が当てはまります" in page.text
    page = browser.press(f"/mails/{row.id}/application", {"application": ""})
    assert page.status == 422 and "一覧から選んでください" in page.text
    page = browser.press(f"/mails/{row.id}/application", {"application": second.id})
    assert "登録担当者が選択" not in page.text and "件名の申請番号" in page.text
    assert IncomingMail.get().application == second


def test_the_notice_of_revocation_is_tied_by_the_serial_and_becomes_the_evidence(browser, case, suzuki):
    application = case.revocation("sent")
    message = mails.revoked(application, is_named=False, answers="")
    browser.sign_in_as(suzuki)
    page = drop(browser, message)
    assert "失効完了" in page.text and "本文のシリアル番号" in page.text
    form = browser.see(browser.see(f"/applications/{application.id}").links()["届いた通知を記録する"])
    sent = form.form("/completion")
    done = browser.press(f"/applications/{application.id}/completion", sent, content_type="multipart/form-data")
    assert done.status == 200 and again(application).stage == "completed"
    kept = Paper.newest(application, "completion")
    assert kept.content.bytes() == bytes(message) and IncomingMail.get().outcome == "note_completion"


def test_faults_are_put_into_the_page_of_the_desk(browser, case, suzuki):
    application = case.sent()
    arrived(case, mails.faults(application, "発行申請書の住所が登記と異なります。"))
    browser.sign_in_as(suzuki)
    page = browser.see(browser.see(f"/applications/{application.id}").links()["内容を確認し、対応を記録する"])
    assert "発行申請書の住所が登記と異なります。" in page.form("/correction")["fault"]
    done = browser.press(f"/applications/{application.id}/redispatch", page.form("/correction"))
    assert again(application).stage == "sealed" and done.status == 200
    assert IncomingMail.get().outcome == "redo_dispatch"


def test_a_refusal_fills_in_the_reason_and_refuses_nothing_by_itself(browser, case, suzuki):
    application = case.sent()
    text = "ご申請は却下となりました。代表電話を確認できませんでした。\n\n> 元のメール"
    arrived(case, mails.other(f"Re: {application.number}", text))
    assert again(application).stage == "sent"
    browser.sign_in_as(suzuki)
    page = browser.see(browser.see(f"/applications/{application.id}").links()["内容を確認し、却下を記録する"])
    reason = page.form("/refusal")["reason"]
    assert "代表電話を確認できませんでした。" in reason and "元のメール" not in reason
    browser.press(f"/applications/{application.id}/refusal", page.form("/refusal"))
    assert again(application).stage == "refused"


def test_the_beginning_of_the_review_is_proposed_as_its_day(browser, case, suzuki):
    application = case.sent()
    arrived(case, mails.other(f"Re: {application.number}", "申請を受け付けました。審査を開始します。"))
    browser.sign_in_as(suzuki)
    page = browser.see(browser.see(f"/applications/{application.id}").links()["審査開始日を記録する"])
    assert "fault" not in page.form("/review") and page.form("/review")["mail"]


@pytest.mark.parametrize(
    ("text", "kind", "why"),
    [
        ("申請書を受け付けました。代表電話番号はこちらでよろしいでしょうか。", "question",
         "本文の「代表電話番号はこちらでよろしいでしょうか」。受付の知らせもあります: 本文の「受け付けました」"),
        ("受付いたしました。次の点をお知らせください。", "question",
         "本文の「お知らせください」。受付の知らせもあります: 本文の「受付いたしました」"),
        ("申請書類を受領いたしました。審査を開始しますから、お待ちください。", "receipt", "本文の「受領いたしました」"),
        ("審査を始めました。", "receipt", "本文の「審査を始めました」"),
        ("申請は却下されました。", "refusal", "本文の「却下されました」"),
        ("記載を訂正してください。", "question", "本文の「訂正してください」"),
        ("住所は合っていますか?", "question", "本文の「住所は合っていますか?」"),
        ("ご案内: https://desk.example/?id=1", "unknown", ""),
    ],
)  # fmt: skip
def test_a_question_goes_before_the_receipt_and_whole_words_are_quoted(case, text, kind, why):
    row = arrived(case, mails.other("お知らせ", text))
    assert (row.kind, row.why) == (kind, why)


def test_the_same_mail_twice_is_one_also_when_only_the_message_id_is_the_same(browser, case, suzuki):
    application = case.sent()
    message = mails.faults(application, "x")
    browser.sign_in_as(suzuki)
    drop(browser, message)
    message["Received"] = "by another.example"
    page = drop(browser, message)
    assert "すでに受け取っています" in page.text and IncomingMail.select().count() == 1


def test_a_spoofed_sender_is_said_in_red_and_the_mail_is_looked_at_first(browser, case, suzuki):
    application = case.sent()
    message = mails.other(f"Re: {application.number}", "却下します。", sender=f'"{DESK}" <evil@evil.example>')
    row = arrived(case, message)
    browser.sign_in_as(suzuki)
    page = browser.see(f"/applications/{application.id}")
    assert "evil@evil.example" in page.text and page.links()["メールを確認する"] == f"/mails/{row.id}"
    page = browser.see(f"/mails/{row.id}")
    assert 'data-kind="error"' in page.html and "なりすまし" in page.text and "別のアドレス" in page.text


def test_what_stands_in_a_mail_is_shown_as_text(browser, case, suzuki):
    message = mails.other("<script>alert(1)</script>", "<b>太字</b>")
    message.set_content("<p>見出し</p><img src='http://tracker.example/a.png'>", subtype="html")
    row = arrived(case, message)
    browser.sign_in_as(suzuki)
    page = browser.see(f"/mails/{row.id}")
    assert "<script>alert" not in page.html and "tracker.example" not in page.html and "見出し" in page.text
    original = browser.get(f"/mails/{row.id}/original")
    assert original.headers["Content-Disposition"].startswith("attachment") and original.data == bytes(message)


def test_the_mail_is_encrypted_at_rest_and_its_files_can_be_saved(browser, case, suzuki):
    application = case.sent()
    message = mails.delivery(case, application)
    row = arrived(case, message)
    assert Content.get_by_id(row.sha256).is_encrypted
    browser.sign_in_as(suzuki)
    [[name, _, _, sha256]] = row.attachments
    answer = browser.get(f"/mails/{row.id}/files/{sha256}")
    assert name == "証明書.zip" and answer.data.startswith(b"PK") and answer.mimetype == "application/octet-stream"
    assert browser.see(f"/mails/{row.id}/files/{'0' * 64}").status == 404


def test_a_mail_is_put_aside_with_a_reason_and_can_be_taken_up_again(browser, case, suzuki, yamamoto):
    application = case.sent()
    row = arrived(case, mails.other(f"{application.number}", "ごあいさつ"))
    browser.sign_in_as(suzuki)
    assert browser.press(f"/mails/{row.id}/dismissal", {"reason": " "}).status == 422
    page = browser.press(f"/mails/{row.id}/dismissal", {"reason": "この申請とは関係ない"})
    assert (
        "対応不要とした理由" in page.text
        and "届いた証明書を受け取る" in browser.see(f"/applications/{application.id}").links()
    )
    assert "この申請とは関係ない" in browser.see(f"/applications/{application.id}").text
    browser.sign_in_as(yamamoto)
    assert browser.press(f"/mails/{row.id}/dismissal", {"reason": "二度目"}).status == 409
    page = browser.press(f"/mails/{row.id}/application", {"application": application.id})
    assert IncomingMail.get().state == "waiting" and "対応不要とした理由" not in page.text


def test_several_files_are_taken_and_what_is_no_mail_is_named(browser, case, suzuki):
    application = case.sent()
    browser.sign_in_as(suzuki)
    page = drop(browser, mails.faults(application, "x"), b"no mail at all", mails.other("b", "c"))
    assert page.status == 422 and "mail1.eml: メールのファイルではない" in page.text
    assert IncomingMail.select().count() == 2
    assert browser.press("/mails", {}).status == 422


def test_only_officers_handle_mails_and_auditors_read_them(browser, case, sato, takahashi, tanaka, ito, kobayashi):
    row = arrived(case, mails.faults(case.sent(), "x"))
    for person, status in ((sato, 403), (takahashi, 403), (tanaka, 403), (kobayashi, 403), (ito, 200)):
        browser.sign_in_as(person)
        assert {browser.see(url).status for url in ("/mails", f"/mails/{row.id}")} == {status}
        assert browser.press(f"/mails/{row.id}/dismissal", {"reason": "x"}).status == 403
    with pytest.raises(NotYourAct):
        incoming.receive_mail(case.who("佐藤"), "x.eml", b"x")


def test_a_subscriber_sees_no_offer_and_no_mail(browser, case, sato):
    application = case.sent()
    row = arrived(case, mails.delivery(case, application))
    browser.sign_in_as(sato)
    page = browser.see(f"/applications/{application.id}")
    assert f"/mails/{row.id}" not in page.html
    assert "選び直す必要" not in browser.see(f"/applications/{application.id}/delivery?mail={row.id}").text


def test_a_mail_of_another_application_is_not_used(browser, case, suzuki):
    first, second = case.sent(title="ひとつ目"), case.sent(title="ふたつ目")
    row = arrived(case, mails.delivery(case, first))
    browser.sign_in_as(suzuki)
    answer = browser.press(f"/applications/{second.id}/delivery", {"mail": row.id})
    assert answer.status == 422 and again(second).stage == "sent"


def test_when_the_certificate_was_taken_by_hand_the_mail_waits_no_more(browser, case, suzuki):
    from webapp.acts import delivery

    application = case.sent()
    arrived(case, mails.delivery(case, application))
    delivery.take_delivery(application, case.who("鈴木"), "c.zip", case.zip_for(application))
    browser.sign_in_as(suzuki)
    assert "メールが届いています" not in browser.see("/").text
    assert "手続きは先に進んでいます" in browser.see("/mails").text


def test_what_is_no_mail_leaves_no_row(case):
    with pytest.raises(Unreadable):
        incoming.receive_mail(case.who("鈴木"), "x.eml", b"hello")
    assert IncomingMail.select().count() == 0


def test_the_password_of_the_form_is_in_no_event_and_no_row(case):
    application = case.sent()
    arrived(case, mails.delivery(case, application, answers="", is_named=False))
    row = IncomingMail.get()
    assert application.password() not in str(row.__data__)
    assert application.password() not in str(
        [(e.facts, e.told) for e in Event.with_people()]
        if hasattr(Event, "told")
        else [e.facts for e in Event.select()]
    )
