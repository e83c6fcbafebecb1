"""Several signatures within one login: exactly one C_Login, each over attributes that were checked, and what was signed before a
failure is not lost."""

import os
import subprocess

import pytest
from ca import Authority, der
from cryptography import x509
from fake_module import fake_card
from softhsm import PIN, make_token
from stationed import form

from tokens import errors, misses, sealing
from tokens.pin_entry import sign_in

KEY, EACH = b"key", b"each"  # an ordinary key, and one that asks for a PIN each time


@pytest.fixture(scope="module")
def made_card(tmp_path_factory):
    card = fake_card(tmp_path_factory.mktemp("together"))
    command = ["pkcs11-tool", "--module", "/usr/lib/softhsm/libsofthsm2.so", "--token-label", card.label, "--login"]
    command += ["--pin", PIN, "--keypairgen", "--key-type", "EC:prime256v1", "--id", EACH.hex(), "--always-auth"]
    subprocess.run(command, env={**os.environ, **card.env}, capture_output=True, check=True)
    return card


@pytest.fixture(scope="module")
def running(made_card):
    with made_card.worker() as worker:
        yield worker


@pytest.fixture(scope="module")
def certificates(running):
    made, authority = {}, Authority()
    for cka_id in (KEY, EACH):
        wanted = {"token": "署名カード", "pin": PIN, "label": "鍵", "subject": [["CN", "x"]], "algorithm": "P-256"}
        csr = x509.load_der_x509_csr(running.call("make_key", cka_id=cka_id, **wanted)["csr_der"])
        made[cka_id] = der(authority.smime(csr.public_key(), "tanaka@shinsei.example"))
    return made


@pytest.fixture
def card(made_card, certificates, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    made_card.script()
    made_card.forget()
    return made_card


def begun(certificate, count=3):
    documents = [form().replace(b"CS-2026-0012", f"CS-2026-{number:04}".encode()) for number in range(count)]
    return [sealing.begin(document, certificate, []) for document in documents]


def signed(worker, certificate, forms, pin=PIN, **more):
    ders = [each.attributes for each in forms]
    wanted = {"token": "署名カード", "certificate_der": certificate, "signed_attributes_ders": ders}
    return worker.call("sign_all_attributes", pin=pin, **wanted, **more)


class Giving:
    """A prompt that gives these PINs, or raises what is no text."""

    def __init__(self, *pins):
        self.pins, self.kinds = list(pins), []

    def pin(self, question):
        self.kinds.append(question.kind)
        given = self.pins.pop(0)
        if isinstance(given, Exception):
            raise given
        return given

    def agrees_to_last_try(self, question, told):
        return True


def test_all_are_signed_in_one_login(card, running, certificates):
    forms = begun(certificates[KEY])
    answer = signed(running, certificates[KEY], forms)
    assert card.logins() == 1 and card.calls().count("C_Sign") == 3 and answer["failed"] is None
    sealed = [form.signed_with(each) for form, each in zip(forms, answer["signatures"], strict=True)]
    assert len(set(sealed)) == 3


def test_one_that_is_no_signed_attributes_and_nothing_is_signed(card, running, certificates):
    forms = begun(certificates[KEY])
    ders = [forms[0].attributes, b"SHIRUSHI-SIGN-IN-v1", forms[2].attributes]
    wanted = {"token": "署名カード", "pin": PIN, "certificate_der": certificates[KEY], "signed_attributes_ders": ders}
    with pytest.raises(errors.TokenError) as caught:
        running.call("sign_all_attributes", **wanted)
    assert caught.value.code == "bytes_refused" and card.logins() == 0


def test_attributes_that_name_another_certificate_are_refused_for_all(card, running, certificates):
    with pytest.raises(errors.TokenError) as caught:
        signed(running, certificates[KEY], begun(certificates[EACH]))
    assert caught.value.code == "bytes_refused" and card.logins() == 0


def test_a_wrong_pin_is_one_login_and_no_signature(card, running, certificates):
    with pytest.raises(errors.PinIncorrect):
        signed(running, certificates[KEY], begun(certificates[KEY]), pin="999991")
    assert card.logins() == 1 and "C_SignInit" not in card.calls()


def test_a_key_that_asks_each_time_asks_for_each_of_them(card, running, certificates):
    prompt = Giving(PIN, PIN, PIN, PIN)
    token = running.call("state", token="署名カード")
    ders = [each.attributes for each in begun(certificates[EACH])]
    wanted = {"certificate_der": certificates[EACH], "signed_attributes_ders": ders}
    answer = sign_in(running, token, prompt, "sign_all_attributes", **wanted)
    assert prompt.kinds == [misses.USER] + [misses.SIGNATURE] * 3 and len(answer["signatures"]) == 3
    assert card.calls().count("  as the user, a PIN") == 1 and card.calls().count("  for one signature, a PIN") == 3


@pytest.mark.parametrize(
    ("second", "code", "tries"), [("999991", "pin_incorrect", 3), (errors.named("pin_not_given"), "pin_not_given", 2)]
)
def test_what_was_signed_before_the_second_pin_failed_is_kept(card, running, certificates, second, code, tries):
    prompt = Giving(PIN, PIN, second)
    token = running.call("state", token="署名カード")
    forms = begun(certificates[EACH])
    wanted = {"certificate_der": certificates[EACH], "signed_attributes_ders": [each.attributes for each in forms]}
    answer = sign_in(running, token, prompt, "sign_all_attributes", **wanted)
    assert answer["failed"]["code"] == code and len(answer["signatures"]) == 1 and card.logins() == tries
    assert forms[0].signed_with(answer["signatures"][0]).startswith(b"%PDF")
    assert card.calls().count("C_Sign") == 1 and "C_Logout" in card.calls()
    names = {each: token[each] for each in ("label", "serial", "manufacturer", "model")}
    assert misses.count(names, misses.SIGNATURE) == (1 if code == "pin_incorrect" else 0)
    assert misses.count(names, misses.USER) == 0
    assert signed(running, certificates[KEY], begun(certificates[KEY]))["failed"] is None  # a sound module again


def test_a_module_that_dies_on_the_way_hands_out_nothing(card, certificates):
    card.script("die C_Sign")
    with card.worker() as worker, pytest.raises(errors.WorkerDied):
        signed(worker, certificates[KEY], begun(certificates[KEY]))


def test_a_real_token_signs_them_as_well(tmp_path):
    token = make_token(tmp_path)
    with token.worker() as worker:
        wanted = {"token": token.label, "pin": PIN, "label": "鍵", "subject": [["CN", "x"]], "algorithm": "P-256"}
        csr = x509.load_der_x509_csr(worker.call("make_key", cka_id=KEY, **wanted)["csr_der"])
        certificate = der(Authority().smime(csr.public_key(), "tanaka@shinsei.example"))
        forms = begun(certificate, 20)
        answer = signed(worker, certificate, forms)
    assert len(answer["signatures"]) == 20 and answer["failed"] is None
