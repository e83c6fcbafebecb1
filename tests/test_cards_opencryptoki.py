"""openCryptoki's soft token: an HSM-like module with a full ladder to the lock, no hashing of its own and no curves."""

import subprocess

import pytest
from cryptography import x509

from tests import ca
from tests.cards import outcome
from tests.opencryptoki import LABEL, PIN, Token
from tests.softhsm import logins
from tokens import proof

pytestmark = pytest.mark.slow
SUBJECT = [["C", "JP"], ["CN", "Shinsei University"]]
WRONG = "28461937"


@pytest.fixture(scope="module")
def token(tmp_path_factory):
    with Token(tmp_path_factory.mktemp("opencryptoki")) as token:
        yield token


def made_key(worker, algorithm="RSA-3072", pin=PIN):
    wanted = {"cka_id": b"key", "label": "鍵・鈴木", "algorithm": algorithm, "subject": SUBJECT}
    return worker.call("make_key", token=LABEL, pin=pin, **wanted)


def test_a_key_its_request_its_certificate_and_a_proof(token, tmp_path):
    with token.worker() as worker:
        request = made_key(worker)["csr_der"]
        (tmp_path / "request").write_bytes(request)
        command = ["openssl", "req", "-inform", "DER", "-in", tmp_path / "request", "-verify", "-noout"]
        subprocess.run(command, check=True, capture_output=True)
        der = ca.der(ca.Authority().code_signing(x509.load_der_x509_csr(request).public_key()))
        worker.call("install", token=LABEL, pin=PIN, certificate_der=der)
        made = worker.call("prove", token=LABEL, pin=PIN, certificate_der=der, challenge=bytes(32))
        (listed,) = worker.call("tokens")["tokens"]
    proof.verify(bytes(32), der, made["signature"])
    assert made["mechanism"] == "RSA_PKCS"  # the worker hashes: SHA256_RSA_PKCS is not offered
    assert [each["der"] for each in listed["certificates"]] == [der]
    words = ["--module", token.module, "--slot", "3", "--read-object", "--type", "cert", "--id", b"key".hex()]
    token.run("pkcs11-tool", *words, "--output-file", str(tmp_path / "read"))
    assert (tmp_path / "read").read_bytes() == der


def test_it_has_no_elliptic_curves(token):
    with token.worker() as worker:
        assert outcome(made_key, worker, "P-256") == "mechanism_missing"


def test_each_wrong_pin_is_one_login_on_a_ladder_to_the_lock(token, tmp_path):
    log = tmp_path / "spy.log"
    with token.spied(log) as worker:

        def miss():
            check = {"pin": WRONG, "nonce": bytes(32), "final_try": True}
            code = outcome(worker.call, "self_check", token=LABEL, **check)
            flags = worker.call("tokens")["tokens"][0]["flags"]
            return code, [
                flag.removeprefix("USER_PIN_") for flag in flags if "USER_PIN_" in flag and "INIT" not in flag
            ]

        assert miss() == ("pin_incorrect", ["COUNT_LOW"])
        assert logins(log) == 1
        assert miss() == ("pin_incorrect", ["FINAL_TRY"])
        asked = {"pin": PIN, "nonce": bytes(32)}
        assert outcome(worker.call, "self_check", token=LABEL, **asked) == "pin_final_try"
        assert logins(log) == 2
        assert miss()[1] == ["LOCKED"]
        assert outcome(worker.call, "self_check", token=LABEL, **asked, final_try=True) == "pin_locked"
        token.unlock()
        assert outcome(worker.call, "self_check", token=LABEL, **asked) == "ok"
