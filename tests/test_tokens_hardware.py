"""What cards and readers do that SoftHSM does not: a second PIN, habits of modules, late answers, a hang, a card pulled out."""

import os
import subprocess
import threading
import time

import pytest
from ca import Authority, der
from cryptography import x509
from fake_module import fake_card
from softhsm import PIN, make_token

from tokens import errors, proof
from tokens.client import proof_of

pytestmark = pytest.mark.slow  # many, and each walks far

SUBJECT = [["CN", "Shinsei University"]]
CHALLENGE = bytes(range(32))
ECDSA, RSA_PKCS, SHA256_RSA_PKCS = "0x1041", "0x1", "0x40"


@pytest.fixture(scope="module")
def made_card(tmp_path_factory):
    """A card with a key under b"key", another that asks for a PIN each time under b"each", and their certificates."""
    card = fake_card(tmp_path_factory.mktemp("hardware"))
    command = ["pkcs11-tool", "--module", "/usr/lib/softhsm/libsofthsm2.so", "--token-label", card.label, "--login"]
    command += ["--pin", PIN, "--keypairgen", "--key-type", "EC:prime256v1", "--id", b"each".hex(), "--always-auth"]
    subprocess.run(command, env={**os.environ, **card.env}, capture_output=True, check=True)
    return card


@pytest.fixture(scope="module")
def certificates(made_card):
    """{CKA_ID: certificate (DER)} of both keys, not on the card."""
    made, authority = {}, Authority()
    with made_card.worker() as worker:
        for cka_id in (b"key", b"each"):
            key = x509.load_der_x509_csr(make_key(worker, cka_id)["csr_der"]).public_key()
            made[cka_id] = der(authority.code_signing(key))
    return made


@pytest.fixture
def card(made_card, certificates):
    made_card.script()
    made_card.forget()
    return made_card


@pytest.fixture(scope="module")
def running(made_card):
    with made_card.worker() as worker:
        yield worker


@pytest.fixture
def worker(card, running):
    return running


def make_key(worker, cka_id, algorithm="P-256", **more):
    wanted = {"token": "署名カード", "pin": PIN, "label": "鍵", "subject": SUBJECT, "algorithm": algorithm}
    return worker.call("make_key", cka_id=cka_id, **{**wanted, **more})


def prove(worker, certificate, **more):
    wanted = {"token": "署名カード", "pin": PIN, "challenge": CHALLENGE, **more}
    made = worker.call("prove", certificate_der=certificate, **wanted)
    proof.check(proof_of(made, certificate, CHALLENGE), CHALLENGE, certificate)
    return made


def refused(code, act, *arguments, **more):
    with pytest.raises(errors.TokenError) as refusal:
        act(*arguments, **more)
    assert refusal.value.code == code
    return refusal.value


def around_the_signature(card):
    calls = card.calls()
    start = calls.index("C_SignInit")
    return [line for line in calls[start : calls.index("C_Sign") + 1] if not line.startswith(" ")]


# Keys that want a PIN for each signature


def test_between_sign_init_and_sign_there_is_the_login_alone(card, worker, certificates):
    prove(worker, certificates[b"each"])
    assert around_the_signature(card) == ["C_SignInit", "C_Login", "C_Sign"]
    assert "  for one signature, a PIN" in card.calls() and card.calls().count("C_Sign") == 1


def test_the_pin_for_signatures_may_be_another(card, worker, certificates):
    card.script("second 161803", f"pin {PIN}")
    refused("pin_incorrect", prove, worker, certificates[b"each"])
    card.forget()
    prove(worker, certificates[b"each"], second_pin="161803")
    assert card.logins() == 2
    prove(worker, certificates[b"key"])  # a key without that wish needs no second


def test_the_second_pin_is_asked_for_while_the_card_waits(card, worker, certificates):
    card.script("second 161803", f"pin {PIN}")
    questions = []

    def ask(question):
        questions.append(question)
        assert card.calls()[-1] != "C_SignInit"
        return "161803"

    prove(worker, certificates[b"each"], ask=ask)
    assert questions == [{"token": questions[0]["token"], "entry": "typed"}] and questions[0]["token"]["label"]
    assert around_the_signature(card) == ["C_SignInit", "C_Login", "C_Sign"]


def test_a_person_who_gives_no_second_pin_ends_it(card, worker, certificates):
    def leave(question):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prove(worker, certificates[b"each"], ask=leave)
    assert "C_SignInit" not in card.calls()
    prove(worker, certificates[b"key"], timeout=20)


def test_a_pin_pad_asks_for_the_second_pin_too(card, worker, certificates):
    card.script(f"pad {PIN}", "pad-second 161803", "second 161803", f"pin {PIN}")
    prove(worker, certificates[b"each"], pin=None, ask=lambda question: None)
    assert [line for line in card.calls() if "NULL" in line] == ["  as the user, NULL", "  for one signature, NULL"]


@pytest.mark.slow
def test_where_the_module_knows_no_such_login_the_signature_decides(card, worker, certificates):
    card.script("no-second-login")
    error = refused("login_state", prove, worker, certificates[b"each"])  # SoftHSM behind it insists
    assert error.detail == "CKR_USER_NOT_LOGGED_IN" and card.calls().count("C_Sign") == 1


# What a token offers


def test_a_token_that_does_not_hash_gets_a_digest(card, worker):
    card.script(f"without {SHA256_RSA_PKCS}")
    made = make_key(worker, b"rsa", "RSA-3072")
    assert x509.load_der_x509_csr(made["csr_der"]).is_signature_valid
    certificate = der(Authority().code_signing(x509.load_der_x509_csr(made["csr_der"]).public_key()))
    assert prove(worker, certificate)["mechanism"] == "RSA_PKCS"
    card.script()
    assert prove(worker, certificate)["mechanism"] == "SHA256_RSA_PKCS"
    card.script(f"refuse {SHA256_RSA_PKCS}")  # offered, but not for this key
    assert prove(worker, certificate)["mechanism"] == "RSA_PKCS"


def test_no_key_is_made_that_could_not_sign(card, worker):
    card.script(f"without {ECDSA}")
    refused("mechanism_missing", make_key, worker, b"never")
    assert "C_GenerateKeyPair" not in card.calls() and card.logins() == 0


def test_a_token_that_refuses_a_full_template_gets_a_sparse_one(card, worker):
    card.script("sparse")
    made = make_key(worker, b"sparse")
    assert made["attributes"]["SENSITIVE"] and not made["attributes"]["EXTRACTABLE"]
    calls = card.calls()
    first = calls.index("C_GenerateKeyPair")
    assert calls.count("C_GenerateKeyPair") == 2
    assert "C_FindObjectsInit" in calls[first : calls.index("C_GenerateKeyPair", first + 1)]  # looked before
    assert make_key(worker, b"sparse")["spki_sha256"] == made["spki_sha256"]


def test_a_wrong_signature_never_leaves_the_worker(card, worker, certificates):
    card.script("spoil")
    refused("signature_wrong", prove, worker, certificates[b"key"])


# Tokens found


def test_among_tokens_of_the_same_name_the_certificate_decides(tmp_path, tmp_path_factory):
    first = make_token(tmp_path, "同じ名前")
    make_token(tmp_path, "同じ名前")
    with first.worker() as worker:
        tokens = worker.call("tokens")["tokens"]
        assert len({each["serial"] for each in tokens}) == 2
        refused("token_ambiguous", make_key, worker, b"key", token="同じ名前")
        names = [{name: each[name] for name in ("label", "serial", "manufacturer", "model")} for each in tokens]
        made = [make_key(worker, b"key", token=each) for each in names]
        ders = [der(Authority().code_signing(x509.load_der_x509_csr(each["csr_der"]).public_key())) for each in made]
        for name, certificate in zip(names, ders, strict=True):
            assert prove(worker, certificate, token="同じ名前")["token"]["serial"] == name["serial"]
            assert prove(worker, certificate, token=None)["token"]["serial"] == name["serial"]
            worker.call("install", token=None, pin=PIN, certificate_der=certificate)
        refused("token_missing", prove, worker, ders[0], token={**names[0], "serial": "0"})


def test_the_same_card_in_two_slots_is_one_card(card, worker, certificates):
    card.script("twice")
    assert len(worker.call("tokens")["tokens"]) == 2
    assert prove(worker, certificates[b"key"])
    assert card.logins() == 1


def test_a_card_that_comes_while_the_slots_are_counted_is_no_failure(card):
    card.script("grow 2")
    with card.worker() as worker:
        assert len(worker.call("tokens")["tokens"]) == 1
    card.script("grow 99")
    with card.worker() as worker:
        refused("function_failed", worker.call, "tokens")


def test_a_card_that_is_late_is_waited_for(card, certificates):
    card.script("absent 400")
    with card.worker() as worker:
        assert prove(worker, certificates[b"key"])


# Trouble


def test_a_card_pulled_out_is_said_and_put_back_works_again(card, worker, certificates):
    card.script("remove C_Sign")
    error = refused("token_removed", prove, worker, certificates[b"key"])
    assert "抜かれました" in error.message
    card.script()
    assert prove(worker, certificates[b"key"])


@pytest.mark.parametrize("value", ["0x5", *(pytest.param(each, marks=pytest.mark.slow) for each in ("0x30", "0x101"))])
def test_a_failure_without_a_card_is_a_card_pulled_out(card, worker, certificates, value):
    code = "login_state" if value == "0x101" else "function_failed"
    card.script(f"return C_Sign {value}")
    refused(code, prove, worker, certificates[b"key"])
    card.script(f"return C_Sign {value}", "late C_Sign 200")
    gone = threading.Timer(0.15, lambda: card.script(f"return C_Sign {value}", "gone"))
    worker.call("tokens")  # the module is loaded by now
    gone.start()
    refused("token_removed", prove, worker, certificates[b"key"])
    gone.join()


def test_a_slow_card_is_waited_for_and_a_hanging_one_is_not(card, worker, certificates):
    card.script("late C_Sign 300")
    assert prove(worker, certificates[b"key"])
    card.script("hang C_Sign")
    began = time.monotonic()
    refused("timeout", prove, worker, certificates[b"key"], timeout=1)
    assert time.monotonic() - began < 20
    card.script()
    assert prove(worker, certificates[b"key"])


@pytest.mark.parametrize(
    "call", ["C_Sign", *(pytest.param(each, marks=pytest.mark.slow) for each in ("C_Login", "C_GetTokenInfo"))]
)
def test_a_module_that_crashes_takes_nothing_with_it(card, worker, certificates, call):
    card.script(f"die {call}")
    refused("worker_died", prove, worker, certificates[b"key"])
    card.script()
    assert prove(worker, certificates[b"key"])


@pytest.mark.slow
def test_two_processes_take_turns(card, certificates):
    card.script("late C_Sign 200")
    with card.worker() as one, card.worker() as other:
        done = []
        threads = [
            threading.Thread(target=lambda worker=worker: done.append(prove(worker, certificates[b"key"])))
            for worker in (one, other)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(done) == 2
    logs = [line for line in card.calls() if line in ("C_Login", "C_Sign", "C_Logout")]
    assert logs == ["C_Login", "C_Sign", "C_Logout"] * 2
