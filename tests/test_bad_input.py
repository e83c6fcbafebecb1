"""Files and hands that come wrong or too late: a clear sentence, the right status, nothing moved on and nothing lost."""

import io
from datetime import timedelta

import pytest
from PIL import Image

from tests import ca, papers_seals
from tests.bad import attached, everything_kept, secrets_of, stands
from tests.cases import again, frozen_of, unguarded
from tests.papers_pdf import frozen_pdf
from tests.test_issue_form import HOSTILE
from webapp import clock
from webapp.acts import delivery, examination
from webapp.errors import Overtaken, Unreadable
from webapp.papers import guard
from webapp.practice import parcel
from webapp.register import Certificate, Event, Institution, Intake, Paper, PersonRole, Scan, verify_chain

pytestmark = pytest.mark.slow  # many, and each walks far

# An Excel from outside


@pytest.mark.parametrize("book", HOSTILE)
def test_a_book_that_is_none_or_locked_or_has_macros_is_refused_out_of_the_guarded_child(book):
    data, words = HOSTILE[book]
    with pytest.raises(Unreadable, match=words) as refusal:
        guard.run("webapp.papers.issue_form:read", data)
    assert refusal.value.advice


# The seal (1-1-4)


@pytest.fixture
def examined(case, browser, suzuki):
    application = case.examined()
    browser.sign_in_as(suzuki)
    with unguarded():
        yield application


def signer(authorities, mail=papers_seals.MAIL, kind="smime"):
    key = ca.new_key()
    certificate = getattr(authorities.seal, kind)(key.public_key(), mail)
    return papers_seals.Head(authorities.seal, key=key, certificate=certificate, embed=authorities.seal.chain)


def refused_seal(browser, application, pdf, *words):
    page = browser.press(f"/applications/{application.id}/seal", attached(pdf, "署名済み.pdf"))
    assert page.status == 422 and [word for word in words if word not in page.text] == []
    assert stands(application, "examined") and Paper.newest(application, "sealed_pdf") is None
    intake = Intake.select().order_by(-Intake.id).get()
    assert (intake.state, intake.name, intake.content.bytes()) == ("refused", "署名済み.pdf", pdf) and intake.sentence
    assert intake.content.is_encrypted


def test_another_signed_document_is_refused(browser, examined, authorities):
    other = papers_seals.sign(frozen_pdf("CS-2026-9999 1"), signer(authorities))
    refused_seal(browser, examined, other, "この申請の申請書のPDFではないか")


def test_a_document_changed_before_it_was_signed_is_refused(browser, examined, authorities):
    changed_first = frozen_of(examined).replace(b"CS-2026", b"CS-2027")
    refused_seal(
        browser,
        examined,
        papers_seals.sign(changed_first, signer(authorities)),
        "審査した申請書と同じではありません",
    )
    added = papers_seals.changed(frozen_of(examined), papers_seals.add_annotation)
    refused_seal(browser, examined, papers_seals.sign(added, signer(authorities)), "。")


def test_a_document_changed_after_it_was_signed_is_refused(browser, examined, authorities):
    signed = papers_seals.sign(frozen_of(examined), signer(authorities))
    refused_seal(
        browser, examined, papers_seals.changed(signed, papers_seals.add_annotation), "電子署名のあとに、PDFが変更"
    )


def test_the_document_without_a_signature_is_refused(browser, examined):
    refused_seal(browser, examined, frozen_of(examined), "電子署名がありません")


def test_a_seal_by_the_subscriber_is_refused(browser, examined, authorities):
    signed = papers_seals.sign(frozen_of(examined), signer(authorities, "sato@shinsei.example"))
    refused_seal(
        browser, examined, signed, "佐藤 次郎さんは、機関の長・機関責任者として登録されていません", "田中 一郎さんに"
    )


def test_a_seal_by_nobody_of_the_house_is_refused(browser, examined, authorities):
    signed = papers_seals.sign(frozen_of(examined), signer(authorities, "someone@else.example"))
    refused_seal(browser, examined, signed, "台帳で確認できません", "someone@else.example")


def test_a_seal_by_somebody_whose_term_has_ended_is_refused(browser, examined, authorities, tanaka):
    yesterday = clock.today() - timedelta(days=1)
    PersonRole.update(until_on=yesterday).where(PersonRole.person == tanaka).execute()
    signed = papers_seals.sign(frozen_of(examined), signer(authorities))
    refused_seal(browser, examined, signed, "任期が終わっています")


def test_a_seal_with_a_client_certificate_is_refused(browser, examined, authorities):
    signed = papers_seals.sign(frozen_of(examined), signer(authorities, kind="client_auth"))
    refused_seal(browser, examined, signed, "クライアント認証用", "S/MIME証明書を選んで")


def test_after_every_refusal_the_right_seal_is_still_taken(browser, examined, authorities, case):
    refused_seal(browser, examined, b"%PDF-1.7 nothing", "。")
    page = browser.press(f"/applications/{examined.id}/seal", attached(case.signed(examined), "署名済み.pdf"))
    assert page.status == 200 and again(examined).stage == "sealed"
    assert [intake.state for intake in examined.intakes.order_by(Intake.id)] == ["refused", "taken"]


@pytest.mark.parametrize("path", ["seal", "scans", "delivery"])
def test_no_file_at_all_is_told_beside_the_field(browser, case, suzuki, path):
    application = case.sent() if path == "delivery" else case.examined()
    browser.sign_in_as(suzuki)
    page = browser.press(f"/applications/{application.id}/{path}")
    assert page.status == 422 and "ファイルを選んでください" in page.text
    assert not Intake.select().where(Intake.state != "taken").exists()


def jpeg():
    out = io.BytesIO()
    Image.new("RGB", (800, 1100), "white").save(out, "JPEG")
    return out.getvalue()


def test_a_jpeg_renamed_to_pdf_is_refused_and_the_right_name_is_taken(browser, examined):
    page = browser.press(f"/applications/{examined.id}/scans", attached(jpeg(), "scan.pdf"))
    assert page.status == 422 and "(.pdf)と中身(JPEG)が一致しません" in page.text and "拡張子を.jpg" in page.text
    assert Intake.get().content.bytes() == jpeg() and Intake.get().state == "refused"
    page = browser.press(f"/applications/{examined.id}/scans", attached(jpeg(), "scan.jpg"))
    assert page.status == 200 and page.heading == "印影確認" and stands(examined, "examined")


def test_a_stamp_that_nobody_attests_is_not_taken(browser, examined):
    browser.press(f"/applications/{examined.id}/scans", attached(jpeg(), "scan.jpg"))
    form = {"scan": Scan.get().id, "attested": ["whole"], "words": "照合番号"}
    page = browser.press(f"/applications/{examined.id}/stamp", form)
    assert page.status == 422 and page.text.count("を確認してください。") >= 2 and stands(examined, "examined")


# The certificate's ZIP (1-1-6)


@pytest.fixture
def sent(case, browser, suzuki):
    application = case.sent()
    browser.sign_in_as(suzuki)
    return application


def pack(files, password):
    members = [(name, name, data) for name, data in files.items()]
    return parcel.pack(members, password, clock.now().astimezone(clock.JST), "aes", "ascii")


def deliveries(application):
    return application.intakes.where(Intake.purpose == "delivery").order_by(Intake.id)


def leaf(authorities):
    return ca.der(authorities.code.code_signing(ca.new_key().public_key(), Institution.here().subject))


def refused_zip(browser, application, data, *words, **form):
    page = browser.press(f"/applications/{application.id}/delivery", attached(data, "証明書.zip") | form)
    assert page.status == 422 and [word for word in words if word not in page.text] == []
    assert stands(application, "sent") and Certificate.of(application) is None
    intake = Intake.select().order_by(-Intake.id).get()
    assert intake.content.bytes() == data and intake.state == "refused" and intake.sentence
    assert "証明書.zip" in page.text  # and the page says that it was kept
    return page


def test_three_certificates_are_not_chosen_from(browser, sent, authorities):
    files = {f"{n}.cer": leaf(authorities) for n in range(3)}
    refused_zip(browser, sent, pack(files, sent.password()), "3")


def test_a_zip_without_a_certificate_is_told(browser, sent):
    refused_zip(browser, sent, pack({"readme.md": b"x"}, sent.password()), "証明書")


def test_a_zip_that_leads_outside_is_not_opened(browser, sent, authorities):
    data = pack({"aaaa": leaf(authorities)}, sent.password()).replace(b"aaaa", b"../x")
    refused_zip(browser, sent, data, "外のフォルダーを指す", "開かずに中止")


def test_a_wrong_password_is_told_and_then_the_right_one_opens(browser, sent, case):
    data = case.zip_for(sent, password="Another9password!xyz")
    page = refused_zip(browser, sent, data, "登録済みのパスワードではZIPを開けません", password="wrong-Password-typed")
    assert "wrong-Password-typed" not in page.html and "Another9password" not in page.html
    page = browser.press(
        f"/applications/{sent.id}/delivery", attached(data, "証明書.zip") | {"password": "Another9password!xyz"}
    )
    assert page.status == 200 and again(sent).stage == "delivered"
    assert [intake.state for intake in deliveries(sent)] == ["refused", "taken"]


@pytest.mark.parametrize("data", [b"hello", b"", b"PK\x03\x04broken", b"%PDF-1.7"])
def test_what_is_no_zip_is_called_so(browser, sent, data):
    if data:
        refused_zip(browser, sent, data, "ZIPファイルとして開けません")
    else:
        page = browser.press(f"/applications/{sent.id}/delivery", attached(data, "空.zip"))
        assert page.status == 422 and "ファイルを選んでください" in page.text


def test_a_bomb_is_not_unpacked(browser, sent):
    refused_zip(
        browser, sent, pack({"cert.cer": bytes(6 * 1024 * 1024)}, sent.password()), "大きすぎます", "開かずに中止"
    )


def large(size):
    """A form with a file of that many bytes, made by hand: the test client would leave a temporary file open."""
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="large.zip"\r\n\r\n'
    return {"data": head + bytes(size) + b"\r\n--x--\r\n", "content_type": "multipart/form-data; boundary=x"}


def test_a_file_over_twenty_megabytes_is_refused_by_its_size(browser, sent):
    page = browser.press(f"/applications/{sent.id}/delivery", **large(21 * 1024 * 1024))
    assert page.status == 422 and "20MB" in page.text and stands(sent, "sent")
    page = browser.press(f"/applications/{sent.id}/delivery", **large(25 * 1024 * 1024))
    assert page.status == 413 and "20MB" in page.text


def test_a_certificate_for_another_key_is_refused_and_the_right_one_taken_afterwards(browser, sent, case, authorities):
    wrong = authorities.code.code_signing(ca.new_key().public_key(), Institution.here().subject)
    refused_zip(
        browser, sent, case.zip_for(sent, certificate=wrong), "この証明書は受け取れません", "ファイルは保存してあります"
    )
    page = browser.press(f"/applications/{sent.id}/delivery", attached(case.zip_for(sent), "証明書.zip"))
    assert page.status == 200 and again(sent).stage == "delivered"


def test_a_private_key_in_the_zip_is_not_kept_at_all(browser, sent, settings):
    pem, secret = secrets_of(ca.new_key())
    data = pack({"server.key": pem}, sent.password())
    page = browser.press(f"/applications/{sent.id}/delivery", attached(data, "証明書.zip"))
    assert (
        page.status == 422
        and "秘密鍵" in page.text
        and not Intake.select().where(Intake.purpose == "delivery").exists()
    )
    kept = everything_kept(settings)
    assert data not in kept and not [s for s in secret if s in kept] and stands(sent, "sent")


# A second officer, a second faster


def test_the_second_officer_is_told_so_and_what_they_wrote_is_not_lost(browser, case, suzuki, yamamoto):
    application = case.identified()
    browser.sign_in_as(yamamoto)
    assert browser.see(f"/applications/{application.id}/examination").status == 200
    browser.sign_in_as(suzuki)
    assert browser.press(f"/applications/{application.id}/examination").status == 200
    browser.sign_in_as(yamamoto)
    events = verify_chain()
    page = browser.press(f"/applications/{application.id}/inquiry", {"question": "配布先はどこですか。\n学内ですか。"})
    assert page.status == 409 and "いまの段階(審査済)では行えません" in page.text
    assert "配布先はどこですか。 学内ですか。" in page.text and "コピー" in page.text
    page = browser.press(f"/applications/{application.id}/examination")
    assert page.status == 409 and verify_chain() == events
    assert again(application).examiner == suzuki


def test_of_two_who_press_at_the_same_moment_one_is_overtaken(case, suzuki, yamamoto, by):
    application = case.identified()
    stale = again(application)
    examination.examine(application, by(suzuki))
    with pytest.raises(Overtaken, match="ほかの人の操作で"):
        examination.examine(stale, by(yamamoto))
    assert again(application).examiner == suzuki
    assert [event.act for event in Event.about(application)].count("examine") == 1


def test_of_two_who_bring_the_certificate_one_is_overtaken_and_both_files_are_kept(case, sent, by, suzuki, sato):
    stale = again(sent)
    delivery.take_delivery(sent, by(suzuki), "a.zip", case.zip_for(sent))
    with pytest.raises(Overtaken):
        delivery.take_delivery(stale, by(sato), "b.zip", case.zip_for(stale))
    assert [(intake.name, intake.state) for intake in deliveries(sent)] == [
        ("a.zip", "taken"),
        ("b.zip", "refused"),
    ]
    assert Certificate.select().count() == 1
