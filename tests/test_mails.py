"""The letters: what each says, to whom it goes, and what stands in none of them."""

import hashlib
import re
from datetime import timedelta
from email import policy
from email.parser import BytesParser

import pytest

from tests.cases import again, letters_to
from webapp import clock, profiles
from webapp.acts import case as case_acts
from webapp.acts import delivery, desk, dispatch, examination
from webapp.acts.form_values import frozen as frozen_form
from webapp.register import ApplicationForm, Institution, Job, Letter, PersonMail, PersonRole

pytestmark = pytest.mark.slow  # many, and each walks far

MAILS = {
    name: f"{name}@shinsei.example"
    for name in ("sato", "suzuki", "yamamoto", "tanaka", "takahashi", "ito", "kobayashi")
}


def opened(letter):
    return BytesParser(policy=policy.default).parsebytes(letter.content.bytes())


def body(letter):
    return opened(letter).get_body(("plain",)).get_content()


@pytest.fixture
def packet(case):
    application = case.sealed()
    dispatch.dispatch(application, case.who("鈴木"), True)
    return Letter.select().where(Letter.purpose == "packet").get()


# The packet (1-1-5)


def test_the_packet_names_everything_the_desk_must_know(packet):
    text, house, application = body(packet), Institution.here(), packet.application
    officer = application.officer
    for words in (
        "サービス窓口 御中",
        f"機関名: {house.formal_name}",
        "手続きの種別: コード署名用証明書 新規発行",
        "主体者DN: CN=Shinsei University, O=Shinsei University, L=Chiyoda-ku, ST=Tokyo, C=JP",
        f"申請番号: {application.number}",
        officer.name,
        officer.phone,
        f"代表 {house.switchboard}",
        house.officer_hours,
    ):
        assert words in text, words
    assert (
        application.number in packet.subject
        and house.formal_name in packet.subject
        and "新規発行申請" in packet.subject
    )


def test_the_packet_has_exactly_three_attachments_each_named_with_its_hash(packet):
    files = list(opened(packet).iter_attachments())
    number, text = packet.application.number, body(packet)
    assert {file.get_filename() for file in files} == {
        f"shinsei_{number}_application.xlsx",
        f"shinsei_{number}_signed.pdf",
        f"shinsei_{number}.csr",
    }
    assert len(files) == 3
    for file in files:
        name, data = file.get_filename(), file.get_payload(decode=True)
        listed = text[text.index(name) :]
        assert hashlib.sha256(data).hexdigest() in listed.partition("\n\n")[0] and f"{len(data):,}バイト" in listed
    csr = next(file for file in files if file.get_filename().endswith(".csr"))
    assert csr.get_payload(decode=True).startswith(b"-----BEGIN CERTIFICATE REQUEST-----")


def test_the_packet_goes_from_the_officer_to_the_recipients_of_the_profile(packet):
    message = opened(packet)
    assert packet.recipients == list(profiles.load(Institution.here().profile).recipients)
    assert message["From"].addresses[0].addr_spec == MAILS["suzuki"]
    assert [address.addr_spec for address in message["To"].addresses] == packet.recipients
    assert message["Cc"] is None and message["Bcc"] is None
    assert str(message["Message-ID"]) == packet.message_id and packet.message_id.endswith("@shinsei.example>")


def test_the_packet_is_kept_encrypted_because_it_carries_the_form(packet):
    assert packet.content.is_encrypted
    assert b"Subject" not in bytes(packet.content.stored)


def test_the_letter_by_hand_is_the_same_and_stays_the_same(case, browser, suzuki):
    application = case.sealed()
    browser.sign_in_as(suzuki)
    first = browser.press(f"/applications/{application.id}/letter")
    assert first.status == 200 and first.headers["Content-Type"] == "message/rfc822"
    assert browser.press(f"/applications/{application.id}/letter").data == first.data
    page = browser.press(f"/applications/{application.id}/hand_dispatch", {"confirmed": "1"})
    assert page.status == 200 and again(application).stage == "sent"
    letter = Letter.select().where(Letter.purpose == "packet").get()
    assert letter.content.bytes() == first.data and letter.state == "by_hand" and letter.posted_at
    assert not Job.select().where((Job.kind == "post") & (Job.subject_id == letter.id)).exists()


def test_the_page_shows_the_letter_exactly_as_it_leaves(case, browser, suzuki):
    application = case.sealed()
    browser.sign_in_as(suzuki)
    page = browser.see(f"/applications/{application.id}/dispatch")
    dispatch.dispatch(application, case.who("鈴木"), True)
    letter = Letter.select().where(Letter.purpose == "packet").get()
    assert " ".join(body(letter).split()) in page.text and letter.subject in page.text


def test_a_letter_sent_again_after_a_fault_is_a_new_letter_under_the_same_number(case, packet):
    application = packet.application
    Letter.update(state="posted").where(Letter.id == packet.id).execute()
    dispatch.post(Letter.get_by_id(packet.id))
    desk.redo_dispatch(again(application), case.who("鈴木"), "添付を開けない。")
    dispatch.dispatch(again(application), case.who("鈴木"), True)
    newest = Letter.packet(application)
    assert newest.id != packet.id and newest.message_id != packet.message_id and application.number in newest.subject


# No secret in any letter


def walk_everywhere(case):
    """Every notice there is, by walking the ways that write one."""
    suzuki, sato = case.who("鈴木"), case.who("佐藤")
    first = case.submitted()
    examination.inquire(first, suzuki, "配布先はどこですか。")
    examination.answer(first, sato, "学内です。")
    examination.send_back(first, suzuki, "用途が足りません。")
    case_acts.withdraw(first, sato, "不要になりました。")
    second = case.sealed(title="二つ目")
    dispatch.dispatch(second, suzuki, True)
    packet = Letter.packet(second)
    for state in ("unknown", "refused"):
        packet.state, packet.answer = state, "550 no"
        dispatch.doubt(packet)
    packet.state = "posted"
    packet.save()
    dispatch.post(packet)
    desk.reopen(again(second), suzuki, "住所が違います。")
    third = case.installed(title="三つ目")
    fourth = case.refused(title="四つ目")
    return [first, second, third, fourth]


def test_no_letter_carries_the_password_of_any_form_in_its_words(case):
    passwords = [application.password() for application in walk_everywhere(case)]
    letters = list(Letter.select())
    assert len(letters) >= 14 and len(set(passwords)) == len(passwords)
    for letter in letters:
        message = opened(letter)
        words = [message.get_body(("plain",)).get_content(), letter.subject, *(f"{n}: {v}" for n, v in message.items())]
        for secret in passwords:
            assert not [each for each in words if secret in each], letter.subject
        raw = letter.content.bytes()
        for secret in passwords:
            assert secret.encode() not in raw or letter.purpose == "packet"
        assert letter.purpose == "packet" or not list(message.iter_attachments())


def test_every_notice_has_number_title_address_sender_and_plain_words(case):
    walk_everywhere(case)
    for letter in Letter.select().where(Letter.purpose == "notice"):
        text, application = body(letter), letter.application
        assert application.number in letter.subject and application.title in letter.subject
        assert f"http://localhost/applications/{application.id}\n" in text
        assert opened(letter)["From"].addresses[0].addr_spec == "shirushi@shinsei.example"
        assert "自動で送信" in text and not re.search("None|\\{|\\}", text)
        assert letter.content.bytes().count(b"\r\n") == letter.content.bytes().count(b"\n")
        assert max(len(line) for line in letter.content.bytes().split(b"\r\n")) <= 998
    ids = [letter.message_id for letter in Letter.select()]
    assert len(ids) == len(set(ids))


# To whom each notice goes


def newest():
    """(the news in the subject, recipients, words) of the newest notice."""
    letter = Letter.select().where(Letter.purpose == "notice").order_by(-Letter.id).get()
    return letter.subject, set(letter.recipients), body(letter)


def tells(news, recipients, *words):
    subject, found, text = newest()
    assert news in subject and found == {MAILS[name] for name in recipients}
    assert [word for word in words if word not in text] == []


def test_the_officers_hear_of_a_submission_when_its_papers_are_made(case):
    application = case.submitted(is_made=False)
    assert not Letter.select().exists()
    case.make(application)
    tells("審査をお願いします", ["suzuki", "yamamoto"], "佐藤 次郎さん")


def test_an_officers_own_application_is_told_to_the_other_officers(case):
    case.submitted("山本")
    tells("審査をお願いします", ["suzuki"])


def test_an_inquiry_reaches_the_applicant_and_the_answer_whoever_asked(case):
    application = case.submitted()
    examination.inquire(application, case.who("山本"), "配布先はどこですか。")
    tells("照会があります", ["sato"], "配布先はどこですか。", "山本 健さん", "審査中のまま")
    examination.answer(application, case.who("佐藤"), "学内です。")
    tells("照会に回答", ["yamamoto"], "学内です。")


def test_a_return_reaches_the_applicant_with_its_reason(case):
    application = case.submitted()
    examination.send_back(application, case.who("鈴木"), "用途の説明が足りません。\n配布先を書いてください。")
    tells(
        "差し戻されました",
        ["sato"],
        "用途の説明が足りません。\n配布先を書いてください。",
        "鈴木 花子さん",
        "もう一度提出",
    )


def test_the_head_hears_that_a_seal_is_wanted(case):
    case.examined()
    tells("捺印・署名をお願いします", ["tanaka"], "電子署名または捺印")


def test_the_applicant_hears_that_it_was_sent_and_that_the_switchboard_will_ring(case):
    case.sent()
    tells("サービス窓口へ送付しました", ["sato"], "代表電話番号に電話", "10営業日")


def test_a_fault_a_refusal_and_a_withdrawal_reach_whom_they_concern(case):
    application = case.sent()
    desk.reopen(application, case.who("鈴木"), "住所が違います。")
    tells("不備がありました", ["sato"], "住所が違います。", "鈴木 花子さん")
    case.refused(title="二つ目")
    tells("認証局で却下されました", ["sato"], "代表電話を確認できませんでした。")
    case.withdrawn(title="三つ目")
    tells("取り下げられました", ["suzuki", "yamamoto"], "不要になりました。")
    fourth = case.submitted(title="四つ目")
    case_acts.withdraw(fourth, case.who("鈴木"), "本人から連絡がありました。")
    tells("取り下げられました", ["sato", "yamamoto"], "本人から連絡")


def test_doubt_and_refusal_by_the_mail_server_reach_the_officers_in_different_words(packet):
    packet.state = "unknown"
    dispatch.doubt(packet)
    tells("送信結果を確認してください", ["suzuki", "yamamoto"], "応答がありませんでした", "届いているかを確認")
    packet.state, packet.answer = "refused", "550 5.1.1 no such user"
    dispatch.doubt(packet)
    tells("送信できませんでした", ["suzuki", "yamamoto"], "550 5.1.1 no such user")


def test_a_certificate_reaches_officer_and_subscriber_and_its_review_the_subscriber(case):
    application = case.delivered()
    tells("証明書が届きました", ["sato", "suzuki"])
    delivery.hand_out(application, case.who("鈴木"))
    tells("証明書の内容を確認してください", ["sato"], "利用を始める")


def test_somebody_of_another_department_the_auditor_and_the_administrator_get_nothing(case):
    walk_everywhere(case)
    for name in ("takahashi", "ito", "kobayashi"):
        assert letters_to(MAILS[name]) == []


def test_a_notice_goes_to_the_address_in_force_and_to_nobody_who_has_none(case, sato, tanaka):
    yesterday = clock.today() - timedelta(days=1)
    PersonMail.update(until_on=yesterday).where(PersonMail.person == sato).execute()
    PersonMail.create(person=sato, mail="jiro@shinsei.example", since_on=clock.today())
    PersonMail.update(until_on=yesterday).where(PersonMail.person == tanaka).execute()
    application = case.submitted()
    examination.inquire(application, case.who("鈴木"), "配布先はどこですか。")
    assert newest()[1] == {"jiro@shinsei.example"}
    examination.answer(application, case.who("佐藤"), "学内です。")
    case.identify(application)
    before = Letter.select().count()
    examination.examine(application, case.who("鈴木"))  # the head has no address: no letter, and no failure
    assert Letter.select().count() == before and again(application).stage == "examined"


def test_an_officer_whose_term_has_ended_hears_nothing_more(case, yamamoto):
    yesterday = clock.today() - timedelta(days=1)
    PersonRole.update(until_on=yesterday).where(PersonRole.person == yamamoto).execute()
    case.submitted()
    assert newest()[1] == {MAILS["suzuki"]}


@pytest.mark.parametrize("title", ["改行\nBcc: x@evil.example", "\r\nSubject: evil", "a" * 100, "件名：「引用」<b>"])
def test_what_people_type_never_becomes_a_header(case, title):
    application = case.submitted(title=title)
    letter = letters_to(MAILS["suzuki"])[-1]
    message = opened(letter)
    assert message["Bcc"] is None and len(message.get_all("Subject")) == 1
    assert application.title in letter.subject and "\n" not in application.title
    assert set(letter.recipients) == {MAILS["suzuki"], MAILS["yamamoto"]}


def test_the_form_in_the_packet_is_the_one_that_was_examined(packet):
    form = frozen_form(ApplicationForm.current(packet.application))
    assert form.number in body(packet) and form.officer_mail in body(packet)
