"""届いた申請 and 受信メール through the door with the real guarded child: what is whole is read, what is hostile is refused
in words, and nothing of a private key stays."""

import io
import zipfile
from email import message_from_bytes
from email.policy import default

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from tests import ca, form_blanks, outlook_file
from tests import incoming_mails as mails
from tests.arriving import PASSWORD, drop, encoded, form, mail, request
from tests.bad import everything_kept, secrets_of
from tests.cases import again
from webapp.papers import arrival
from webapp.register import Arrival, ArrivalFile, Certificate, Event, IncomingMail

pytestmark = pytest.mark.slow  # many, and each walks far

MEGABYTE = 1024 * 1024


def drop_mail(browser, data, name="mail.eml"):
    return browser.press("/mails", {"file": [(io.BytesIO(data), name)]}, content_type="multipart/form-data")


def outlook(*files):
    texts = {outlook_file.SUBJECT: "申請", outlook_file.SMTP: "sato@shinsei.example", outlook_file.BODY: "申請します。"}
    return outlook_file.saved(outlook_file.message(texts, files))


@pytest.mark.parametrize("how", ["eml", "msg", "loose"])
def test_what_came_is_read_and_becomes_an_application(officer, case, how):
    files = [("発行申請書.xlsx", form(case)), ("佐藤.csr", encoded(request()))]
    dropped = {"eml": [("a.eml", mail(*files))], "msg": [("a.msg", outlook(*files))], "loose": files}[how]
    page = drop(officer, *dropped)
    assert page.status == 200 and "この内容で申請を作る" in page.buttons()
    kept = {row.name: row.content.bytes() for row in ArrivalFile.select()}
    assert all(kept[name] == data for name, data in [*files, *dropped]) and PASSWORD not in page.html
    officer.press(f"/arrivals/{Arrival.get().id}/application", page.form("/application"))
    assert Arrival.get().application.stage == "submitted"


def _in_a_cell(case, pem):
    return [("発行申請書.xlsx", form(case, officer_hours=pem.decode())), ("a.csr", encoded(request()))]


def _in_the_text(case, pem):
    files = ("発行申請書.xlsx", form(case)), ("a.csr", encoded(request()))
    return [("a.eml", mail(*files, text=f"鍵も送ります。\n{pem.decode()}"))]


def _in_the_csr(case, pem):
    return [("a.eml", mail(("発行申請書.xlsx", form(case)), ("a.csr", encoded(request()) + pem)))]


def _in_outlook(case, pem):
    return [("a.msg", outlook(("発行申請書.xlsx", form(case)), ("key.pem", pem)))]


def _zipped(name, data):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return made.getvalue()


def _in_a_zip(case, pem):
    return [("a.eml", mail(("発行申請書.xlsx", form(case)), ("一式.zip", _zipped("鍵.txt", pem))))]


def _in_a_loose_zip(case, pem):
    return [("発行申請書.xlsx", form(case)), ("一式.zip", _zipped("server.key", pem.decode().encode("utf-16")))]


def _in_html(case, pem):
    message = message_from_bytes(mail(("発行申請書.xlsx", form(case))), policy=default)
    message.get_body().add_alternative(f"<pre>{pem.decode()}</pre>", subtype="html")
    return [("a.eml", bytes(message))]


@pytest.mark.parametrize(
    "place", [_in_a_cell, _in_the_text, _in_the_csr, _in_outlook, _in_a_zip, _in_a_loose_zip, _in_html]
)
def test_a_private_key_is_refused_and_nothing_of_it_is_kept(officer, case, settings, caplog, place):
    pem, secrets = secrets_of(ca.new_key())
    page = drop(officer, *place(case, pem))
    assert page.status == 422 and "秘密鍵が含まれています" in page.text and "新しい鍵ペアを作成" in page.text
    kept = everything_kept(settings) + caplog.text.encode() + page.html.encode()
    assert not [each for each in secrets if each in kept]
    assert Arrival.select().count() == ArrivalFile.select().count() == 0
    assert Event.select().where(Event.act == "receive_arrival").count() == 0


def _bomb(case):
    """Sixty megabytes of nothing as three worksheets, packed into some thousand bytes."""
    made = io.BytesIO(form(case))
    with zipfile.ZipFile(made, "a", zipfile.ZIP_DEFLATED) as book:
        for number in range(3):
            book.writestr(f"xl/worksheets/sheet{number + 5}.xml", bytes(20 * MEGABYTE))
    return made.getvalue()


def test_a_workbook_that_unpacks_without_end_is_told_to_the_sender(officer, case):
    page = drop(officer, ("a.eml", mail(("発行申請書.xlsx", _bomb(case)), ("a.csr", encoded(request())))))
    assert page.status == 200 and "開くと大きくなりすぎる" in page.text and "送り主への返信文" in page.text


def test_a_workbook_of_deep_xml_does_not_stop_the_house(officer, case):
    deep = b"<a>" * 400_000
    spoilt = form_blanks.edited(form(case), lambda name, data: deep if name == "xl/workbook.xml" else data)
    page = drop(officer, ("申請書.xlsx", spoilt), ("a.csr", encoded(request())))
    assert page.status in (200, 422) and "この内容で申請を作る" not in page.buttons()
    assert officer.see("/").status == 200


PARTS = b"From: a@b.example\r\nSubject: x\r\nContent-Type: multipart/mixed; boundary=q\r\n\r\n"
PARTS += b"--q\r\n\r\nx\r\n" * 10_000 + b"--q--\r\n"


def test_a_mail_of_ten_thousand_parts_is_refused_at_both_doors(officer):
    for page in (drop(officer, ("a.eml", PARTS)), drop_mail(officer, PARTS)):
        assert page.status == 422 and "部分が多すぎる" in page.text
    assert Arrival.select().count() == IncomingMail.select().count() == 0


@pytest.mark.parametrize(
    ("limit", "value", "sentence"), [("SECONDS", 0.05, "時間がかかりすぎた"), ("MEGABYTES", 24, "読み取れませんでした")]
)
def test_what_takes_too_long_or_too_much_is_ended_and_said(officer, case, monkeypatch, limit, value, sentence):
    monkeypatch.setattr(arrival, limit, value)
    page = drop(officer, ("申請書.xlsx", form(case)), ("a.csr", encoded(request())))
    assert page.status == 422 and sentence in page.text
    assert Arrival.select().count() == 0


def drop_large(officer, data):
    """Made by hand: the test client would leave a temporary file open."""
    head = b'--xXx\r\nContent-Disposition: form-data; name="file"; filename="a.eml"\r\n\r\n'
    kind = "multipart/form-data; boundary=xXx"
    return officer.press("/arrivals", head + data + b"\r\n--xXx--\r\n", content_type=kind)


@pytest.mark.slow
def test_the_largest_mail_that_is_let_in_is_read_and_a_larger_one_is_refused_in_words(officer, case):
    files = ("発行申請書.xlsx", form(case)), ("a.csr", encoded(request()))
    page = drop_large(officer, mail(*files, ("写真.bin", bytes(range(256)) * 54_000)))
    assert page.status == 200 and "この内容で申請を作る" in page.buttons()
    assert Arrival.get().files.where(ArrivalFile.kind == "mail").get().size > 17 * MEGABYTE
    page = drop_large(officer, b"From: a@b.example\r\nSubject: x\r\n\r\n" + b"x" * (21 * MEGABYTE))
    assert page.status == 422 and "20MB以内" in page.text
    assert drop_large(officer, b"x" * (25 * MEGABYTE)).status == 413


def test_the_desks_mail_is_read_tied_by_the_key_in_its_zip_and_leads_to_the_certificate(officer, case):
    case.sent(title="別の申請")
    application = case.sent()
    message = mails.delivery(case, application, answers="", is_named=False)
    page = drop_mail(officer, bytes(message))
    assert "証明書の到着" in page.text and "ZIPの証明書の公開鍵" in page.text
    assert IncomingMail.get().application == application
    at = f"/applications/{application.id}/delivery"
    sent = officer.see(officer.see(f"/applications/{application.id}").links()["届いた証明書を受け取る"]).form(
        "/delivery"
    )
    done = officer.press(at, sent, content_type="multipart/form-data")
    assert done.status == 200 and again(application).stage == "delivered" and Certificate.select().count() == 1


def test_what_is_no_mail_is_refused_in_words(officer):
    page = drop_mail(officer, b"\x00" * 5000)
    assert page.status == 422 and "メール" in page.text and IncomingMail.select().count() == 0


@pytest.mark.parametrize("kind", ["text", "pem", "pfx", "zip", "zip with a pfx"])
def test_a_mail_with_a_private_key_is_not_kept_as_incoming_mail_either(officer, settings, caplog, kind):
    key = ca.new_key()
    pem, secrets = secrets_of(key)
    pfx = pkcs12.serialize_key_and_certificates(b"x", key, None, None, BestAvailableEncryption(b"secret"))
    files = {"text": [], "pem": [("server.key", pem)], "pfx": [("sato.pfx", pfx)]}
    files |= {"zip": [("a.zip", _zipped("鍵.txt", pem))], "zip with a pfx": [("a.zip", _zipped("a.bin", pfx))]}
    files = files[kind]
    page = drop_mail(officer, mail(*files, text=pem.decode() if kind == "text" else "鍵です。"))
    assert page.status == 422 and "秘密鍵" in page.text and IncomingMail.select().count() == 0
    kept = everything_kept(settings) + caplog.text.encode() + page.html.encode()
    assert not [each for each in [*secrets, pfx] if each in kept]


def test_a_zip_that_unpacks_without_end_is_refused_at_both_doors(officer, case):
    bomb = mail(("a.zip", _zipped("a.txt", bytes(60 * MEGABYTE))))
    for page in (drop(officer, ("a.eml", bomb)), drop_mail(officer, bomb)):
        assert page.status == 422 and "展開すると大きすぎます" in page.text
    assert Arrival.select().count() == IncomingMail.select().count() == 0


def test_a_mail_that_speaks_of_private_keys_is_taken(officer):
    text = "The PRIVATE KEY must never leave the token. 秘密鍵は送らないでください。"
    assert "メールを受け取りました" in drop_mail(officer, mail(("手引き.txt", text.encode()), text=text)).text
