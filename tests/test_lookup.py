"""証明書を調べる: a file, a serial or the token, and whose certificate it is — for those who may know."""

import io
import re
from dataclasses import replace

import pytest

from tests import ca
from tests.bad import everything_kept
from tests.cases import unguarded
from tests.openssl import openssl
from tests.signed_files import INDIRECT, Maker, program, zipped
from webapp import clock
from webapp.register import Certificate, Content, verify_chain

pytestmark = pytest.mark.slow  # many, and each walks far

LOOKUP = "/certificates/lookup"
NOT_HERE = "この台帳で、あなたが見られる証明書にはありません"


@pytest.fixture
def held(case):
    """The row of a certificate in use of 佐藤's."""
    return Certificate.of(case.in_use())


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    """Somebody with a certificate of a CA that this house does not know."""
    return Maker(ca.Authority("Another CA"), tmp_path_factory.mktemp("stranger"))


def ask(browser, data=None, name="cert.cer", **form):
    with unguarded():
        form |= {"file": (io.BytesIO(data), name)} if data is not None else {}
        page = browser.press(LOOKUP, form, content_type="multipart/form-data")
    assert page.response.request.path == LOOKUP
    return page


def shown(page, label):
    """What stands in the figure of this caption."""
    figure = next(f for f in page.tree.iter("figure") if "".join(f.find("figcaption").itertext()) == label)
    return "".join(figure.find(".//code").itertext())


def printed_serial(der):
    return openssl("x509", "-inform", "DER", "-noout", "-serial", given=der).decode().strip().removeprefix("serial=")


# From a file


@pytest.mark.both_databases
def test_a_certificate_of_the_register_is_told_in_both_notations_with_whose_it_is(browser, held, sato):
    der = held.content.bytes()
    page = ask(browser.sign_in_as(sato), der)
    serial = printed_serial(der)
    assert page.status == 200 and page.heading == "証明書を調べる"
    assert shown(page, "シリアル番号(16進)") == serial.lower() and shown(page, "シリアル番号(10進)") == str(
        int(serial, 16)
    )
    assert "計測ソフト配布用" in page.text and "佐藤 次郎" in page.text and "利用中" in page.text
    assert page.links()["この証明書の画面を開く"] == f"/certificates/{held.id}" and NOT_HERE not in page.text
    for words in (openssl("x509", "-inform", "DER", given=der), zipped({"a.cer": der})):
        assert shown(ask(browser, words), "シリアル番号(16進)") == serial.lower()
    pasted = ask(browser, pem=openssl("x509", "-inform", "DER", given=der).decode())
    assert shown(pasted, "シリアル番号(16進)") == serial.lower()


@pytest.mark.both_databases
def test_those_who_may_not_see_it_learn_only_what_is_in_their_file(browser, held, takahashi, ito):
    browser.sign_in_as(takahashi)
    page = ask(browser, held.content.bytes())
    assert page.status == 200 and NOT_HERE in page.text and shown(page, "シリアル番号(16進)") == held.serial
    assert (
        "計測ソフト配布用" not in page.text and "佐藤" not in page.text and f"/certificates/{held.id}" not in page.html
    )
    by_serial = ask(browser, serial=held.serial)
    assert NOT_HERE in by_serial.text and "計測ソフト配布用" not in by_serial.text
    nowhere = ask(browser, serial="0a0b0c")
    assert nowhere.text.count(NOT_HERE) == 1
    page = ask(browser.sign_in_as(ito), held.content.bytes())
    assert "計測ソフト配布用" in page.text and "更新する" not in page.text and "失効を申請する" not in page.text


def test_the_next_steps_are_those_that_the_person_may_take_now(browser, held, sato, suzuki, tanaka):
    def steps(person):
        links = ask(browser.sign_in_as(person), held.content.bytes()).links()
        return {label: url for label, url in links.items() if url.startswith(f"/certificates/{held.id}/")}

    both = {"更新する": f"/certificates/{held.id}/renewal", "失効を申請する": f"/certificates/{held.id}/revocation"}
    assert steps(sato) == steps(suzuki) == both and steps(tanaka) == {}
    Certificate.update(revoked_at=clock.now()).where(Certificate.id == held.id).execute()
    assert steps(sato).keys() == {"再発行を申請する"}


def test_a_signed_program_leads_to_its_certificate_and_nobody_says_that_the_signature_holds(
    browser, case, held, suzuki, authorities, tmp_path
):
    maker = Maker(authorities.code, tmp_path)
    page = ask(browser.sign_in_as(suzuki), program(maker.sign("-econtent_type", INDIRECT)), "setup.exe")
    assert "Authenticode" in page.text and "署名が正しいかどうかは確認していません" in page.text
    assert shown(page, "シリアル番号(16進)") == printed_serial(ca.der(maker.leaf)).lower()
    assert (
        NOT_HERE in page.text and "一緒に入っていた証明書(2枚)" in page.text and "認証局にお問い合わせ" not in page.text
    )


def test_a_certificate_of_another_authority_is_called_one(browser, held, stranger, suzuki):
    browser.sign_in_as(suzuki)
    page = ask(browser, ca.der(stranger.leaf))
    assert NOT_HERE in page.text and "登録されている認証局が発行したものでもない" in page.text
    alike = stranger.authority.code_signing(stranger.key.public_key(), serial=int(held.serial, 16))
    page = ask(browser, ca.der(alike))
    assert "同じシリアル番号で発行者の異なる証明書" in page.text and "更新する" not in page.links()
    assert page.links()["台帳の「計測ソフト配布用」を開く"] == f"/certificates/{held.id}"


def test_one_with_the_same_issuer_and_serial_but_another_content_is_warned_about(browser, held, authorities, suzuki):
    other = authorities.code.code_signing(ca.new_key().public_key(), serial=int(held.serial, 16))
    page = ask(browser.sign_in_as(suzuki), ca.der(other))
    assert "中身(SHA-256)が異なります" in page.text and "計測ソフト配布用" in page.text


def test_a_certificate_that_is_not_for_code_signing_is_said_to_be_none(browser, authorities, suzuki):
    mail = authorities.seal.smime(ca.new_key().public_key(), "tanaka@shinsei.example")
    page = ask(browser.sign_in_as(suzuki), ca.der(mail))
    assert "コード署名用の証明書ではありません" in page.text and "電子メール(S/MIME)" in page.text


# What may not be kept, and what is wrong


def test_with_htmx_the_answer_takes_the_place_of_the_form(browser, held, sato):
    with unguarded():
        page = browser.sign_in_as(sato).press(LOOKUP, {"serial": held.serial}, htmx=True)
    assert page.status == 200 and "<html" not in page.html and 'id="case"' in page.html and held.serial in page.html


def test_nothing_is_kept_and_a_private_key_is_not_shown_again(browser, settings, stranger, sato, held):
    browser.sign_in_as(sato)
    before, events = Content.select().count(), verify_chain()
    secret = stranger.key_pem.decode().splitlines()[1]
    for form in ({"data": stranger.key_pem}, {"pem": stranger.key_pem.decode()}, {"data": stranger.pkcs12()}):
        page = ask(browser, **form)
        assert page.status == 422 and "秘密鍵" in page.text and "保存も記録もしていません" in page.text
        assert secret not in page.html and page.form(LOOKUP)["pem"].strip() == ""
    ask(browser, ca.pem(stranger.leaf))
    kept = everything_kept(settings)
    assert secret.encode() not in kept and ca.der(stranger.leaf) not in kept
    assert Content.select().count() == before and verify_chain() == events


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"MZ" + bytes(80), b"PK\x03\x04", b"%PDF-1.7", b"\x30\x82", b"\xff" * 3000, b"\0" * 64]
)
def test_what_names_no_certificate_is_told_with_what_to_do(browser, sato, data):
    page = ask(browser.sign_in_as(sato), data, "file")
    assert page.status == 422 and "。" in page.text and "シリアル番号(16進)" not in page.text


def test_what_was_pasted_wrongly_stays_to_be_mended(browser, sato):
    text = "-----BEGIN CERTIFICATE-----\nMIIB"
    page = ask(browser.sign_in_as(sato), pem=text)
    assert page.status == 422 and page.form(LOOKUP)["pem"].strip() == text


def test_a_file_over_twenty_megabytes_is_refused_by_its_size(browser, sato):
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.exe"\r\n\r\n'
    body = {
        "data": head + bytes(21 * 1024 * 1024) + b"\r\n--x--\r\n",
        "content_type": "multipart/form-data; boundary=x",
    }
    page = browser.sign_in_as(sato).press(LOOKUP, **body)
    assert page.status == 422 and "20MB" in page.text


# From a serial


def test_the_serial_is_found_in_every_notation(browser, held, sato):
    browser.sign_in_as(sato)
    value = int(held.serial, 16)
    pairs = re.findall("..", held.serial)
    notations = [
        held.serial,
        held.serial.upper(),
        "0x" + held.serial,
        f"{value:x}",
        ":".join(pairs),
        " ".join(pairs).upper(),
        str(value),
        "".join(chr(ord(each) + 0xFEE0) for each in str(value)),
        f"  {held.serial}\n",
    ]
    for typed in notations:
        page = ask(browser, serial=typed)
        assert page.status == 200 and page.links()["この証明書の画面を開く"] == f"/certificates/{held.id}", typed
        assert shown(page, "シリアル番号(10進)") == str(value)


@pytest.mark.both_databases
def test_digits_that_may_be_either_are_read_as_what_the_register_has_else_as_both(browser, held, sato):
    browser.sign_in_as(sato)
    both = ask(browser, serial="1234")
    assert "16進数として読んだ場合" in both.text and "10進数として読んだ場合" in both.text and "4660" in both.text
    Certificate.update(serial="1234").where(Certificate.id == held.id).execute()
    one = ask(browser, serial="1234")
    assert "16進数として読んだ場合" in one.text and "10進数として読んだ場合" not in one.text
    assert one.links()["この証明書の画面を開く"] == f"/certificates/{held.id}"
    assert "10進数として読んだ場合" in ask(browser, serial="4660").text


@pytest.mark.parametrize(
    "typed", ["", "  ", "xyz", "-5", "0", "0x", "a" * 41, "9" * 60, "0a:1b:zz", "' OR 1=1 --", "%"]
)
def test_a_serial_that_is_none_is_told_beside_its_field(browser, sato, typed):
    page = ask(browser.sign_in_as(sato), serial=typed)
    assert page.status == 422 and 'id="f-serial-error"' in page.html
    assert page.form(LOOKUP).keys() == {"pem"}
    field = next(e for e in page.tree.iter("input") if e.get("name") == "serial")
    assert field.get("value") == typed


# From the token


def test_without_tokend_the_page_says_so(browser, sato):
    page = browser.sign_in_as(sato).press(f"{LOOKUP}/token")
    assert page.status == 422 and "シリアル番号から調べる" in page.text


def test_the_token_shows_everything_to_the_officer_and_to_others_their_own(
    browser, house, settings, held, suzuki, sato, takahashi, authorities, monkeypatch
):
    stored = [Stored(held.content.bytes()), Stored(ca.der(authorities.code.issuing)), Stored(b"nothing")]
    monkeypatch.setattr("tokens.client.Tokend.tokens", lambda self: [Present(tuple(stored))])
    page = browser.sign_in_as(suzuki).press(f"{LOOKUP}/token")
    assert page.status == 200 and "トークン「署名用」(製造番号 0123)" in page.text
    assert shown(page, "シリアル番号(16進)") == held.serial and "一緒に入っていた証明書(1枚)" in page.text
    assert "読み取れない証明書が1枚" in page.text
    page = browser.sign_in_as(sato).press(f"{LOOKUP}/token")
    assert shown(page, "シリアル番号(16進)") == held.serial and "一緒に入っていた" not in page.text
    page = browser.sign_in_as(takahashi).press(f"{LOOKUP}/token")
    assert page.status == 200 and "表示できる証明書はありません" in page.text and held.serial not in page.html


class Stored:
    def __init__(self, der):
        self.der = der


class Present:
    label, serial = "署名用", "0123"

    def __init__(self, certificates):
        self.certificates = certificates


@pytest.mark.slow
def test_a_real_token_behind_tokend_is_asked_without_a_pin(browser, house, settings, suzuki, tmp_path, held):
    from tests.softhsm import make_token
    from tests.test_tokens_tokend import running

    token = make_token(tmp_path)
    with running(tmp_path, token) as tokend:
        house.config["SHIRUSHI"] = replace(settings, tokend_socket=str(tokend.path))
        page = browser.sign_in_as(suzuki).press(f"{LOOKUP}/token")
    assert page.status == 200 and token.label in page.text and "表示できる証明書はありません" in page.text


def test_auditors_and_heads_are_not_offered_the_token(browser, ito, tanaka):
    for person in (ito, tanaka):
        page = browser.sign_in_as(person).see(LOOKUP)
        assert page.status == 200 and "サーバーのトークンの証明書を表示する" not in page.buttons()
        assert browser.press(f"{LOOKUP}/token").status == 403


def test_the_list_and_the_help_lead_there(browser, sato):
    browser.sign_in_as(sato)
    assert LOOKUP in browser.see("/certificates").links().values()
    assert LOOKUP in browser.see("/help/serial").links().values()
    assert "/help/serial" in browser.see("/help").links().values()
    assert browser.see(LOOKUP).links()["シリアル番号の調べ方"] == "/help/serial"
