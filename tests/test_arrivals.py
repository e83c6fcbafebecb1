"""届いた申請: what somebody without an account sent by mail becomes, by one press, an application in their place."""

import io
import re
import zipfile

import pytest

from tests import ca, outlook_file
from tests.arriving import PASSWORD, drop, encoded, form, mail, request
from tests.bad import everything_kept, secrets_of
from tests.cases import again, unguarded
from webapp.acts import arrivals, examination
from webapp.acts.form_values import of
from webapp.errors import NotYourAct, Overtaken, Refused
from webapp.papers import revocation_form
from webapp.register import Application, Arrival, Certificate, Content, Event, Institution, Paper, Revocation

pytestmark = pytest.mark.both_databases


@pytest.fixture(autouse=True)
def at_once():
    with unguarded():
        yield


def test_a_mail_becomes_an_application_that_the_same_officer_examines(browser, case, suzuki, sato):
    xlsx, csr = form(case), encoded(request())
    browser.sign_in_as(suzuki)
    page = drop(browser, ("a.eml", mail(("申請書.xlsx", xlsx), ("a.csr", csr))))
    assert page.status == 200 and "この内容で申請を作る" in page.text and PASSWORD not in page.text
    arrival = Arrival.get()
    sent = page.form("/application") | {"title": "届いた申請の名前"}
    done = browser.press(f"/arrivals/{arrival.id}/application", sent)
    assert done.status == 200
    made = Arrival.get().application
    assert (made.stage, made.applicant, made.subscriber) == ("submitted", sato, sato)
    assert made.password() == PASSWORD
    assert Paper.newest(made, "received_form").content.bytes() == xlsx
    events = list(Event.select().where((Event.object == "application") & (Event.object_id == made.id)))
    assert {each.act for each in events} == {"open", "attach_csr", "consent", "submit", "register_arrival"}
    assert {each.person_id for each in events} == {suzuki.id}
    assert PASSWORD not in str([each.facts for each in events])
    case.make(made)
    case.identify(made)
    examination.examine(made, case.who("鈴木"))
    assert again(made).stage == "examined"


def test_the_history_says_that_the_officer_did_it_in_the_place_of_the_sender(browser, case, suzuki, sato, ito):
    browser.sign_in_as(suzuki)
    page = drop(browser, ("a.eml", mail(("申請書.xlsx", form(case)), ("a.csr", encoded(request())))))
    shown = browser.press(f"/arrivals/{Arrival.get().id}/application", page.form("/application")).text
    for sentence in (
        f"{sato.name}さんに代わって、申請を始めました(代理登録)。",
        f"{sato.name}さんから届いたCSRを登録しました(代理登録)。",
        f"{sato.name}さんが文書を承認していることを確かめ、代わりに記録しました(代理登録)。",
        f"{sato.name}さんに代わって、申請を提出しました(代理登録)。第1版",
        f"届いた申請書の内容で、{sato.name}さんに代わって申請を作りました(代理登録)。",
    ):
        assert sentence in shown
    assert "文書を承認しました" not in shown
    browser.sign_in_as(ito)
    assert f"{sato.name}さんに代わって、申請を提出しました" in browser.see("/records").text


def test_where_the_form_has_no_password_the_house_makes_one(browser, case, suzuki):
    browser.sign_in_as(suzuki)
    page = drop(browser, ("申請書.xlsx", form(case, zip_password="")), ("a.csr", encoded(request())))
    assert "記載がないため、しるしが作ります" in page.text
    browser.press(f"/arrivals/{Arrival.get().id}/application", page.form("/application"))
    made = Arrival.get().application
    assert made.stage == "submitted" and len(made.password()) >= 16


def test_an_outlook_mail_is_read_like_any_other(browser, case, suzuki):
    texts = {outlook_file.SUBJECT: "申請", outlook_file.SMTP: "sato@shinsei.example", outlook_file.BODY: "申請します。"}
    saved = outlook_file.saved(
        outlook_file.message(texts, [("申請書.xlsx", form(case)), ("a.csr", encoded(request()))])
    )
    browser.sign_in_as(suzuki)
    assert "この内容で申請を作る" in drop(browser, ("a.msg", saved)).text
    assert Arrival.get().sender == "sato@shinsei.example"


def test_the_same_files_loose_and_in_a_mail_are_one(browser, case, suzuki):
    files = [("申請書.xlsx", form(case)), ("a.csr", encoded(request()))]
    browser.sign_in_as(suzuki)
    drop(browser, ("a.eml", mail(*files)))
    page = drop(browser, *files)
    assert "すでに受け取っています" in page.text and Arrival.select().count() == 1


def test_a_revocation_is_matched_by_its_serial(browser, case, suzuki, sato):
    draft = case.to_revoke()
    xlsx = revocation_form.fill(of(draft, 1))
    from webapp.acts import case as case_acts

    case_acts.withdraw(draft, case.who("佐藤"), "様式を作るため")
    browser.sign_in_as(suzuki)
    page = drop(browser, ("失効.eml", mail(("失効申請書.xlsx", xlsx))))
    browser.press(f"/arrivals/{Arrival.get().id}/application", page.form("/application"))
    made = Arrival.get().application
    assert (made.kind, made.stage, made.applicant) == ("revoke", "submitted", sato)
    shown = browser.see(f"/applications/{made.id}").text
    assert "受け取った申請書(失効申請書.xlsx)" in shown and "受け取ったファイル(失効.eml)" in shown
    assert made.target == Certificate.get() and Revocation.of(made).reason == 5


def test_a_private_key_is_refused_and_nothing_of_it_kept(browser, case, suzuki, settings):
    key, secrets = secrets_of(ca.new_key())
    browser.sign_in_as(suzuki)
    before = Content.select().count()
    page = drop(browser, ("a.eml", mail(("申請書.xlsx", form(case)), ("key.pem", key))))
    assert page.status == 422 and "秘密鍵が含まれています" in page.text
    assert not [each for each in secrets if each in page.html.encode() or each in everything_kept(settings)]
    assert Arrival.select().count() == 0
    assert Content.select().count() - before <= 1  # the CSR of the draft that lends its values


def test_an_address_in_full_width_digits_stops_nothing_and_is_printed_as_registered(browser, case, suzuki):
    wide = str.maketrans("0123456789-", "０１２３４５６７８９－")
    head_office = Institution.here().head_office
    assert (written := head_office.translate(wide)) != head_office
    browser.sign_in_as(suzuki)
    page = drop(browser, ("申請書.xlsx", form(case, address=written)), ("a.csr", encoded(request())))
    assert written in page.text and "次のところを直して" not in page.text
    browser.press(f"/arrivals/{Arrival.get().id}/application", page.form("/application"))
    assert of(Arrival.get().application, 1).address == head_office


def test_what_differs_is_told_in_a_reply_and_makes_no_application(browser, case, suzuki):
    xlsx = form(case, address="別の住所")
    other = encoded(ca.pem(ca.csr(ca.new_key(), [("C", "JP"), ("O", "Another"), ("CN", "Another")])))
    browser.sign_in_as(suzuki)
    page = drop(browser, ("申請書.xlsx", xlsx), ("a.csr", other))
    assert "次のところを直して、もう一度お送りください" in page.text and "住所が、登録されている本部所在地" in page.text
    before = Application.select().count()
    refused = browser.press(f"/arrivals/{Arrival.get().id}/application", {"subscriber": str(case("佐藤").id)})
    assert refused.status == 422 and Application.select().count() == before


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("old.xls", bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600), "古い形式"),
        ("locked.xlsx", bytes.fromhex("d0cf11e0a1b11ae1") + "EncryptedPackage".encode("utf-16-le"), "パスワードで保護"),
        ("winmail.dat", b"\x78\x9f\x3e\x22" + bytes(50), "winmail.dat"),
        ("form.pdf", b"%PDF-1.7 scanned", "Excelファイル(.xlsx)がありません"),
    ],
    ids=["xls", "encrypted", "winmail", "pdf"],
)
def test_what_cannot_be_read_is_kept_with_what_to_ask_for(browser, suzuki, name, data, sentence):
    browser.sign_in_as(suzuki)
    page = drop(browser, ("a.eml", mail((name, data), ("a.csr", encoded(request())))))
    assert sentence in page.text and "送り主への返信文" in page.text
    assert "届いた申請(内容を読み取れません)" in page.text
    dismissed = browser.press(f"/arrivals/{Arrival.get().id}/dismissal", {"reason": "返信しました"})
    assert dismissed.status == 200 and Arrival.get().state == "dismissed"


def test_a_stranger_as_sender_is_a_warning(browser, case, suzuki):
    browser.sign_in_as(suzuki)
    files = ("申請書.xlsx", form(case)), ("a.csr", encoded(request()))
    page = drop(browser, ("a.eml", mail(*files, sender="someone@elsewhere.example")))
    assert re.search("someone@elsewhere.example.*登録されたアドレスではありません", page.text)


def test_only_officers_come_in(browser, case, suzuki, sato, takahashi, tanaka, ito, kobayashi):
    browser.sign_in_as(suzuki)
    page = drop(browser, ("申請書.xlsx", form(case)), ("a.csr", encoded(request())))
    arrival, before = Arrival.get(), Application.select().count()
    at = f"/arrivals/{arrival.id}"
    for person in (sato, takahashi, tanaka, ito, kobayashi):
        browser.sign_in_as(person)
        file = f"{at}/files/{arrival.files.get().id}"
        assert {browser.see(url).status for url in ("/arrivals", at, file)} == {403}
        assert browser.press(f"{at}/application", page.form("/application")).status == 403
        assert browser.press(f"{at}/dismissal", {"reason": "x"}).status == 403
        assert drop(browser, ("a.csr", encoded(request()))).status == 403
    assert Arrival.get().state == "read" and Application.select().count() == before


def test_the_acts_themselves_are_for_officers_and_done_once(case, suzuki, yamamoto, by, sato):
    arrival, _ = arrivals.receive_arrival(by(suzuki), [("申請書.xlsx", form(case)), ("a.csr", encoded(request()))])
    given = {"title": "届いた申請", "purpose": "配布"}
    for act in (
        lambda: arrivals.receive_arrival(by(sato), [("a.csr", b"x")]),
        lambda: arrivals.register_arrival(arrival, by(sato), given),
        lambda: arrivals.dismiss_arrival(arrival, by(sato), "x"),
    ):
        with pytest.raises(NotYourAct):
            act()
    late = Arrival.get()
    arrivals.register_arrival(arrival, by(suzuki), given)
    count = Application.select().count()
    with pytest.raises(Refused):  # also for somebody who saw it before: the key has an application now
        arrivals.register_arrival(late, by(yamamoto), given | {"title": "二つ目"})
    with pytest.raises(Overtaken):
        arrivals.dismiss_arrival(late, by(yamamoto), "x")
    assert Application.select().count() == count and Arrival.get().state == "registered"


def with_member(xlsx, name, data):
    made = io.BytesIO(xlsx)
    with zipfile.ZipFile(made, "a") as book:
        book.writestr(name, data)
    return made.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("xl/vbaProject.bin", b"macro", "マクロが含まれています"),
        ("xl/worksheets/sheet9.xml", b'<c r="XFD1048576"/>', "開くと大きくなりすぎる"),
    ],
    ids=["macro", "far"],
)
def test_a_hostile_workbook_is_told_and_not_read(browser, case, suzuki, name, data, sentence):
    browser.sign_in_as(suzuki)
    page = drop(browser, ("申請書.xlsx", with_member(form(case), name, data)), ("a.csr", encoded(request())))
    assert sentence in page.text and "この内容で申請を作る" not in page.text


def test_two_forms_are_one_too_many(browser, case, suzuki):
    browser.sign_in_as(suzuki)
    xlsx = form(case)
    page = drop(browser, ("一.xlsx", xlsx), ("二.xlsx", xlsx), ("a.csr", encoded(request())))
    assert "申請書が2つ以上あります" in page.text and "この内容で申請を作る" not in page.text
