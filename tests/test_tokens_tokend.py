"""tokend over its real socket, with a real SoftHSM token behind it."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from ca import Authority, der, new_key
from cryptography import x509
from fake_module import fake_card
from softhsm import MODULE, PIN, dump, logins, make_token

from tokens import errors, proof, wire
from tokens.client import Tokend
from tokens.tokend import Config, Keys

pytestmark = pytest.mark.slow  # many, and each walks far

ROOT = Path(__file__).parent.parent
SUBJECT = (("C", "JP"), ("O", "Shinsei University"), ("CN", "Shinsei University"))
CONFIG = """\
socket = "{directory}/tokend.sock"
module = "{token.module}"
token = "{token.label}"
pin_file = "{directory}/pin"
state_file = "{directory}/refused"
timeout_seconds = {seconds}
allowed_uids = {uids}
office_mails = {offices}
[environment]
{environment}
"""


@pytest.fixture(scope="module")
def token(tmp_path_factory):
    return make_token(tmp_path_factory.mktemp("tokend"))


@pytest.fixture(scope="module")
def tokend(token, tmp_path_factory):
    with running(tmp_path_factory.mktemp("daemon"), token) as tokend:
        yield tokend


@contextmanager
def running(directory, token, pin=PIN, *, seconds=20, uids=None, process=None, offices=()):
    """A tokend of its own; `process` is a list that gets the Popen."""
    if pin is not None:
        write_pin(directory, pin)
    environment = "\n".join(f'{name} = "{value}"' for name, value in token.env.items())
    uids = [os.getuid()] if uids is None else uids
    told = {"seconds": seconds, "uids": uids, "environment": environment, "offices": json.dumps(list(offices))}
    text = CONFIG.format(directory=directory, token=token, **told)
    (directory / "tokend.toml").write_text(text)
    command = [sys.executable, "-m", "tokens.tokend", "--config", directory / "tokend.toml"]
    with open(directory / "log", "a") as log, subprocess.Popen(command, cwd=ROOT, stderr=log) as daemon:
        if process is not None:
            process.append(daemon)
        try:
            wait_for(directory / "tokend.sock", daemon)
            yield Tokend(directory / "tokend.sock")
        finally:
            daemon.terminate()


def wait_for(path, daemon):
    for _ in range(400):
        with socket.socket(socket.AF_UNIX) as probe:
            if probe.connect_ex(str(path)) == 0:
                return
        assert daemon.poll() is None
        time.sleep(0.02)
    raise AssertionError("tokend did not start")


def write_pin(directory, pin, mode=0o600):
    (directory / "pin").write_text(pin + "\n")
    (directory / "pin").chmod(mode)


def make_key(tokend, cka_id=b"key"):
    return tokend.make_key(cka_id=cka_id, label="鍵", algorithm="P-256", subject=SUBJECT)


def refused(code, act, *arguments, **named):
    with pytest.raises(errors.TokenError) as refusal:
        act(*arguments, **named)
    assert refusal.value.code == code
    return refusal.value


def test_it_makes_installs_and_proves_through_the_socket(tokend, token):
    made = make_key(tokend)
    assert made.attributes["LOCAL"] and not made.attributes["EXTRACTABLE"] and made.token["label"] == token.label
    ca = Authority()
    certificate = der(ca.code_signing(x509.load_der_x509_csr(made.csr_der).public_key()))
    installed = tokend.install(certificate_der=certificate, chain_ders=ca.chain)
    assert installed.cka_id == b"key"
    (found,) = [each for each in tokend.tokens() if each.label == token.label]
    assert certificate in [each.der for each in found.certificates] and "EC_KEY_PAIR_GEN" in found.mechanisms
    challenge = os.urandom(32)
    shown = tokend.prove(certificate_der=certificate, challenge=challenge)
    proof.check(shown, challenge, certificate)
    assert shown.token_label == token.label and shown.mechanism == "ECDSA"


def test_it_says_in_japanese_what_a_client_did_wrong(tokend):
    error = refused("bad_request", tokend.prove, certificate_der=b"x", challenge=b"short")
    assert error.message.endswith("。") and error.advice
    refused("bad_request", tokend.make_key, cka_id=b"", label="鍵", algorithm="P-256", subject=SUBJECT)
    refused("bad_request", tokend.install, certificate_der=b"no certificate")


@pytest.mark.parametrize(
    "op",
    [
        "sign",
        "sign_attributes",
        "sign_all_attributes",
        "sign_programs",
        "seal",
        "seal_pdf",
        "sign_in",
        "change_pin",
        "prepare",
        None,
        ["tokens"],
    ],
)
def test_it_offers_no_operation_that_signs_bytes(tokend, op):
    args = {"token": "署名カード", "pin": PIN, "cka_id": b"key", "purpose": "certificate", "tbs": b"0"}
    assert spoken(tokend, wire.pack({"op": op, "args": args}))["code"] == "bad_request"


@pytest.mark.parametrize("line", [b"\n", b"{}\n", b"[1]\n", b"\xff\xff\n", b"[" * 90_000 + b"\n", b'{"op":"tokens"'])
def test_it_survives_what_is_no_request(tokend, line):
    assert spoken(tokend, line)["code"] == "bad_request"
    assert tokend.health()["credential"] == "ready"


def test_it_takes_no_pin_and_no_token_from_a_client(tokend):
    args = {"cka_id": b"key", "label": "鍵", "algorithm": "P-256", "subject": [["CN", "x"]]}
    for extra in ({"pin": PIN}, {"token": "another"}, {"final_try": True}):
        assert spoken(tokend, wire.pack({"op": "make_key", "args": {**args, **extra}}))["code"] == "bad_request"


def spoken(tokend, line):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(tokend.path))
        connection.sendall(line)
        connection.shutdown(socket.SHUT_WR)
        return wire.unpack(connection.makefile("rb").readline())


def test_its_socket_is_closed_to_others(tokend, token, tmp_path):
    assert os.stat(tokend.path).st_mode & 0o777 == 0o660
    with running(tmp_path, token, uids=[os.getuid() + 4711]) as stranger:
        refused("not_allowed", stranger.tokens)
    refused("tokend_unreachable", stranger.tokens)


def test_a_refused_pin_is_tried_once_and_never_again_until_the_file_changes(token, tmp_path):
    log = tmp_path / "spy.log"
    spied = token.spied(log)
    with running(tmp_path, spied, "602214") as tokend:
        refused("pin_incorrect", make_key, tokend)
        error = refused("credential_refused", make_key, tokend)
        assert "PINのファイル" in error.advice
        assert tokend.health()["credential"] == "credential_refused"
    with running(tmp_path, spied, "602214") as tokend:  # a restart forgets nothing
        refused("credential_refused", make_key, tokend)
        assert logins(log) == 1
        assert tokend.tokens()  # looking is free
        write_pin(tmp_path, PIN)
        make_key(tokend)
    assert logins(log) == 2
    assert not (tmp_path / "refused").exists()


@pytest.mark.slow
def test_many_waiting_requests_cost_one_wrong_try(token, tmp_path):
    log, codes = tmp_path / "spy.log", []

    def ask(tokend):
        try:
            make_key(tokend)
        except errors.TokenError as error:
            codes.append(error.code)

    with running(tmp_path, token.spied(log), "602214") as tokend:
        together([threading.Thread(target=ask, args=(tokend,)) for _ in range(12)])
    assert sorted(codes) == ["credential_refused"] * 11 + ["pin_incorrect"] and logins(log) == 1


@pytest.mark.slow
def test_what_it_remembers_of_a_refusal_is_not_the_pin(token, tmp_path):
    with running(tmp_path, token, "602214") as tokend:
        refused("pin_incorrect", make_key, tokend)
    state = tmp_path / "refused"
    assert "602214" not in state.read_text() and state.stat().st_mode & 0o777 == 0o600
    assert PIN not in (tmp_path / "log").read_text() and "602214" not in (tmp_path / "log").read_text()
    state.write_text("{")  # damaged: no login rather than one too many
    with running(tmp_path, token) as tokend:
        refused("credential_refused", make_key, tokend)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o700])
def test_it_refuses_a_pin_file_open_to_others(token, tmp_path, mode):
    write_pin(tmp_path, PIN, mode)
    with running(tmp_path, token, pin=None) as tokend:
        refused("credential_unreadable", make_key, tokend)


@pytest.mark.parametrize("pin", ["123456", "000000", "0102030405060708" * 3])
def test_it_sends_no_pin_from_the_factory_to_the_token(tmp_path, pin):
    write_pin(tmp_path, pin)
    keys = Keys(Config("", MODULE, "", str(tmp_path / "pin"), str(tmp_path / "refused"), []))
    error = refused("pin_weak", keys.answer, {"op": "self_check", "args": {"nonce": bytes(32)}})
    assert "初期値" in error.message and keys.worker.process is None
    assert keys.answer({"op": "health"})["credential"] == "pin_weak"


@pytest.mark.slow
def test_it_says_when_the_token_is_not_there_and_keeps_its_credential(token, tmp_path):
    with running(tmp_path, replace(token, label="抜かれたカード")) as tokend:
        error = refused("token_missing", make_key, tokend)
        assert error.message == "トークンが見つかりません。"
        assert tokend.health()["credential"] == "ready"


@pytest.mark.slow
def test_it_kills_a_worker_that_hangs_and_goes_on_with_a_new_one(token, tmp_path):
    process = []
    with running(tmp_path, token, seconds=2, process=process) as tokend:
        make_key(tokend)
        (worker,) = psutil.Process(process[0].pid).children()
        assert PIN not in dump([worker.cmdline(), worker.environ(), process[0].args])
        worker.suspend()
        refused("timeout", make_key, tokend)
        assert not worker.is_running()
        make_key(tokend)


def test_many_clients_at_once_all_get_their_answer(tokend):
    made = make_key(tokend).spki_sha256
    answers = []
    together([threading.Thread(target=lambda: answers.append(make_key(tokend).spki_sha256)) for _ in range(60)])
    assert answers == [made] * 60


@pytest.mark.slow
def test_four_hundred_at_once_and_every_fifth_of_them_wrong(tokend):
    made = make_key(tokend)
    certificate = der(Authority().code_signing(x509.load_der_x509_csr(made.csr_der).public_key()))
    stranger = der(Authority().code_signing(new_key().public_key()))
    wrong = [
        ("no_key", lambda: tokend.prove(certificate_der=stranger, challenge=bytes(32))),
        ("bad_request", lambda: tokend.prove(certificate_der=b"no certificate", challenge=bytes(32))),
        ("bad_request", lambda: tokend.make_key(cka_id=b"n", label="鍵", algorithm="RSA-1024", subject=SUBJECT)),
        ("key_differs", lambda: tokend.make_key(cka_id=b"key", label="鍵", algorithm="P-384", subject=SUBJECT)),
    ]
    outcomes = {}

    def ask(number):
        challenge = number.to_bytes(32, "big")
        try:
            if number % 5 == 4:
                wrong[number // 5 % 4][1]()
            else:
                proof.check(tokend.prove(certificate_der=certificate, challenge=challenge), challenge, certificate)
            outcomes[number] = "ok"
        except errors.TokenError as error:
            outcomes[number] = error.code

    together([threading.Thread(target=ask, args=(number,)) for number in range(400)])
    expected = {number: wrong[number // 5 % 4][0] if number % 5 == 4 else "ok" for number in range(400)}
    assert outcomes == expected


@pytest.mark.slow
def test_a_module_that_hangs_is_ended_in_time_and_one_that_crashes_is_replaced(tmp_path):
    card = fake_card(tmp_path / "card")
    with running(tmp_path, card, seconds=2) as tokend:
        make_key(tokend)
        for trouble, code in (("hang C_Sign", "timeout"), ("die C_Login", "worker_died"), ("gone", "token_missing")):
            card.script(trouble)
            began = time.monotonic()
            refused(code, make_key, tokend)
            assert time.monotonic() - began < 20
            card.script()
            assert make_key(tokend)
        assert tokend.health()["credential"] == "ready"


def together(threads):
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_it_says_when_the_queue_is_too_long(monkeypatch, tmp_path):
    monkeypatch.setattr("tokens.tokend.QUEUE_SECONDS", 0.05)
    write_pin(tmp_path, PIN)
    keys = Keys(Config("", MODULE, "", str(tmp_path / "pin"), str(tmp_path / "refused"), []))
    with keys._turn():
        refused("busy", keys.answer, {"op": "tokens"})
        assert keys.answer({"op": "health"}) == {"token": "", "credential": "ready", "busy": True}


def test_it_never_loads_a_module(tokend):
    for process in psutil.process_iter(["cmdline"]):
        if "tokens.tokend" in (process.info["cmdline"] or []) and str(tokend.path.parent) in dump(process.cmdline()):
            assert MODULE not in {each.path for each in process.memory_maps()}
            return
    raise AssertionError("tokend is not running")
