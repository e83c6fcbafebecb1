"""A CSR from elsewhere, and everything else that is brought for one (1-1-1): a clear sentence, the right status, what was
typed kept, nothing moved on. A private key is neither echoed nor stored nor logged."""

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates

from tests import ca, openssl
from tests.bad import attached, everything_kept, secrets_of, stands
from webapp.acts import case as case_acts
from webapp.register import Certificate, Csr, Event, Institution

DN = "/C=JP/ST=Tokyo/L=Chiyoda-ku/O=Shinsei University/CN=Shinsei University"


def changed(**values):
    return tuple((short, values.get(short, value)) for short, value in Institution.here().subject)


@pytest.fixture
def draft(case, browser, sato):
    browser.sign_in_as(sato)
    return case.opened()


def bring(browser, draft, pem):
    """Paste a CSR; the page that comes back."""
    return browser.press(f"/applications/{draft.id}/csr", {"csr": pem.decode(), "algorithm": "P-384"})


def refused_csr(browser, draft, pem, *words):
    page = bring(browser, draft, pem)
    assert page.status == 422 and [word for word in words if word not in page.text] == []
    kept = page.form("/csr")
    assert kept["csr"].split() == pem.decode().split()  # what was pasted is still there
    assert Csr.in_force(draft) is None
    assert stands(draft, "draft") and [event.act for event in Event.about(draft)] == ["open"]


@pytest.mark.parametrize("path", ["csr", "csr-reading"])
@pytest.mark.parametrize("way", ["pasted", "file", "beside a CSR", "traditional", "with a passphrase", "PKCS12"])
def test_a_private_key_pasted_for_a_csr_is_neither_echoed_nor_stored_nor_logged(
    browser, draft, settings, caplog, path, way
):
    key = rsa.generate_private_key(65537, 2048)
    pem, secret = secrets_of(key)
    forms = {
        "traditional": key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()),
        "with a passphrase": key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")),
        "beside a CSR": ca.pem(ca.csr(key, Institution.here().subject)) + pem,
        "PKCS12": serialize_key_and_certificates(b"k", key, None, None, BestAvailableEncryption(b"secret")),
    }
    given = forms.get(way, pem)
    secret += given.splitlines()[1:-1] if way in ("traditional", "with a passphrase") else []
    as_file = way in ("file", "PKCS12")
    with caplog.at_level("DEBUG"):
        form = attached(given, "server.key") if as_file else {"csr": given.decode()}
        page = browser.press(f"/applications/{draft.id}/{path}", form, content_type="multipart/form-data")
    assert page.status == (422 if path == "csr" else 200)
    assert "秘密鍵" in page.text and "新しい鍵ペアを作成し" in page.text and "使わないでください" in page.text
    places = {"page": page.data, "log": caplog.text.encode(), "kept": everything_kept(settings)}
    assert [(name, s[:12]) for name, place in places.items() for s in secret if s and s in place] == []
    assert b"PRIVATE KEY" not in places["kept"] + places["log"] and Csr.in_force(draft) is None
    assert stands(draft, "draft")


def test_rsa_2048_is_refused(browser, draft):
    pem = ca.pem(ca.csr(rsa.generate_private_key(65537, 2048), Institution.here().subject))
    refused_csr(browser, draft, pem, "2048", "3072")


def test_sha1_is_refused(browser, draft, tmp_path):
    openssl.openssl("ecparam", "-genkey", "-name", "prime256v1", "-noout", "-out", tmp_path / "key")
    openssl.openssl("req", "-new", "-sha1", "-key", tmp_path / "key", "-subj", DN, "-out", tmp_path / "csr")
    refused_csr(browser, draft, (tmp_path / "csr").read_bytes(), "SHA-1", "SHA-256", "openssl req -new -sha256")


def test_a_broken_self_signature_is_refused(browser, draft):
    der = bytearray(ca.der(ca.csr(ca.new_key(), Institution.here().subject)))
    der[-1] ^= 1
    page = browser.press(f"/applications/{draft.id}/csr", attached(bytes(der), "a.csr"))
    assert page.status == 422 and "自己署名を検証できません" in page.text and stands(draft, "draft")


def test_another_dn_is_refused_with_the_command_that_makes_it_right(browser, draft):
    pem = ca.pem(ca.csr(ca.new_key(), changed(O="Another University")))
    refused_csr(browser, draft, pem, "Another University", "一致しません", "openssl req -new -sha256")


def test_default_city_is_refused(browser, draft):
    refused_csr(browser, draft, ca.pem(ca.csr(ca.new_key(), changed(L="Default City"))), "Default City")


def test_an_ou_is_refused(browser, draft):
    subject = (*Institution.here().subject[:4], ("OU", "Laboratory"), Institution.here().subject[4])
    refused_csr(browser, draft, ca.pem(ca.csr(ca.new_key(), subject)), "OU")


@pytest.mark.parametrize("bad", ["nothing", "words", "a certificate", "two", "large"])
def test_what_is_no_csr_is_told_and_the_way_back_is_open(browser, draft, authorities, bad):
    one = ca.pem(ca.csr(ca.new_key(), Institution.here().subject))
    given = {
        "nothing": b"",
        "words": "よろしくお願いします".encode(),
        "a certificate": ca.pem(authorities.code.root),
        "two": one + ca.pem(ca.csr(ca.new_key(), Institution.here().subject)),
        "large": one + b"x" * 70_000,
    }[bad]
    page = bring(browser, draft, given)
    assert page.status == 422 and "。" in page.text and stands(draft, "draft") and not Csr.select().exists()
    assert bring(browser, draft, one).status == 200 and Csr.in_force(draft)


def test_a_key_of_a_certificate_is_not_taken_again(browser, case, takahashi):
    key = ca.new_key()
    old = case.with_csr(key=key)
    case.in_use()  # another, of no matter
    Certificate.update(spki_sha256=Csr.in_force(old).spki_sha256).execute()
    browser.sign_in_as(takahashi)
    new = case.opened("高橋")
    page = bring(browser, new, ca.pem(ca.csr(key, Institution.here().subject)))
    assert page.status == 422 and "すでに使われています" in page.text and "シリアル番号" in page.text
    assert old.number in page.text and stands(new, "draft")


def test_a_key_of_another_application_is_not_taken_even_when_that_was_withdrawn_by_another(browser, case, takahashi):
    key = ca.new_key()
    old = case.with_csr(key=key)
    pem = ca.pem(ca.csr(key, Institution.here().subject))
    new = case.opened("高橋")
    browser.sign_in_as(takahashi)
    refused_csr(browser, new, pem, "すでに使われています", f"申請 {old.number}")
    case_acts.withdraw(old, case.who("佐藤"), "不要になりました。")
    refused_csr(browser, new, pem, f"申請 {old.number}")


def test_ones_own_withdrawn_application_lends_its_key_again(browser, case, sato):
    key = ca.new_key()
    old = case.with_csr(key=key)
    case_acts.withdraw(old, case.who("佐藤"), "書き間違えました。")
    browser.sign_in_as(sato)
    new = case.opened()
    page = bring(browser, new, ca.pem(ca.csr(key, Institution.here().subject)))
    assert page.status == 200 and Csr.in_force(new).spki_sha256 == Csr.in_force(old).spki_sha256


def test_the_same_csr_may_be_registered_again_in_its_own_application(browser, draft):
    pem = ca.pem(ca.csr(ca.new_key(), Institution.here().subject))
    assert bring(browser, draft, pem).status == bring(browser, draft, pem).status == 200
    assert draft.csrs.count() == 2 and Csr.in_force(draft)
