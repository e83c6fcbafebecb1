"""The token worker on real SoftHSM, seen from its parent; openssl and pkcs11-tool as second opinions."""

import os
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from pkcs11 import TokenFlag
from softhsm import MODULE, PIN, dump, logins, make_token

from tokens import errors, proof, softhsm
from tokens.client import proof_of
from tokens.mechanisms import fed, usable
from tokens.token_key import TokenKey
from tokens.token_worker.sessions import Login, check_flags
from tokens.worker import TokenWorker

SUBJECT = [["C", "JP"], ["ST", "Tokyo"], ["O", "学校法人申請学園 申請大学"], ["CN", "Shinsei University"]]
EVIDENCE = {
    "LOCAL": True,
    "NEVER_EXTRACTABLE": True,
    "ALWAYS_SENSITIVE": True,
    "SENSITIVE": True,
    "EXTRACTABLE": False,
    "PRIVATE": True,
    "TOKEN": True,
}


@pytest.fixture(scope="module")
def token(tmp_path_factory):
    return make_token(tmp_path_factory.mktemp("worker"))


@pytest.fixture(scope="module")
def worker(token):
    with token.worker() as worker:
        yield worker


def key(worker, cka_id=b"p256", algorithm="P-256", **changes):
    wanted = {"token": "署名カード", "pin": PIN, "label": "鍵・鈴木", "subject": SUBJECT}
    return worker.call("make_key", **{**wanted, "cka_id": cka_id, "algorithm": algorithm, **changes})


def ca_key(worker, cka_id, algorithm, purpose="certificate"):
    public_key = x509.load_der_x509_csr(key(worker, cka_id, algorithm)["csr_der"]).public_key()

    def sign(tbs, hash_name):
        wanted = {"token": "署名カード", "pin": PIN, "cka_id": cka_id, "purpose": purpose}
        return worker.call("sign", tbs=tbs, hash_name=hash_name, **wanted)["signature"]

    return TokenKey(public_key, sign)


def certificate(issuer_key, public_key, name="練習 CA"):
    called = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(called).issuer_name(called)
    builder = builder.public_key(public_key or issuer_key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(hours=1))
    return builder.not_valid_after(now + timedelta(days=9)).sign(
        issuer_key, None if isinstance(issuer_key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    )


def der(thing):
    return thing.public_bytes(serialization.Encoding.DER)


@pytest.mark.parametrize("algorithm", ["P-256", "P-384", "RSA-3072", pytest.param("RSA-4096", marks=pytest.mark.slow)])
def test_it_makes_a_key_that_never_leaves_and_a_request_that_openssl_verifies(worker, algorithm, tmp_path):
    made = key(worker, algorithm.encode(), algorithm)
    assert made["attributes"] == EVIDENCE
    (tmp_path / "request.der").write_bytes(made["csr_der"])
    command = ["openssl", "req", "-inform", "DER", "-in", tmp_path / "request.der", "-verify", "-noout", "-subject"]
    seen = subprocess.run([*command, "-nameopt", "utf8"], capture_output=True, text=True, check=True)
    assert "verify OK" in seen.stderr + seen.stdout
    assert "C=JP" in seen.stdout.replace(" = ", "=") and "学校法人申請学園 申請大学" in seen.stdout
    request = x509.load_der_x509_csr(made["csr_der"])
    assert [each.rfc4514_attribute_name for each in request.subject] == ["C", "ST", "O", "CN"]
    assert made["token"]["label"] == "署名カード" and made["token"]["manufacturer"] == "SoftHSM project"


def test_it_makes_one_key_however_often_it_is_asked(worker, token):
    first, again = key(worker, b"once"), key(worker, b"once", subject=[["CN", "other"]])
    assert first["spki_sha256"] == again["spki_sha256"] and first["csr_der"] != again["csr_der"]
    command = ["pkcs11-tool", "--module", token.module, "--token-label", token.label, "--login", "--pin", PIN, "-O"]
    listing = subprocess.run(
        command, env={**os.environ, **token.env}, capture_output=True, text=True, check=True
    ).stdout
    assert listing.count(f"ID:         {b'once'.hex()}") == 2  # one private, one public
    assert "Private Key Object" in listing and "never extractable, local" in listing


def test_it_refuses_another_kind_of_key_under_the_same_identifier(worker):
    key(worker, b"same")
    with pytest.raises(errors.TokenError) as refusal:
        key(worker, b"same", "P-384")
    assert refusal.value.code == "key_differs"


@pytest.mark.parametrize(
    "changes", [{"algorithm": "RSA-1024"}, {"subject": [["C", "Japan"]]}, {"subject": [["X", "y"]]}]
)
def test_it_refuses_a_key_or_name_that_cannot_be(worker, changes):
    with pytest.raises(errors.TokenError) as refusal:
        key(worker, b"never", **changes)
    assert refusal.value.code == "bad_request"


def test_it_says_when_no_such_token_is_there(worker):
    with pytest.raises(errors.TokenMissing) as refusal:
        key(worker, token="別のカード")
    assert refusal.value.message == "トークンが見つかりません。" and "挿してある" in refusal.value.advice


def test_a_wrong_pin_is_tried_exactly_once_and_the_next_right_one_works(token, tmp_path):
    log = tmp_path / "spy.log"
    with token.spied(log).worker() as worker:
        with pytest.raises(errors.PinIncorrect):
            key(worker, pin="000000")
        assert logins(log) == 1
        assert "USER_PIN_COUNT_LOW" in worker.call("tokens")["tokens"][0]["flags"]
        assert logins(log) == 1  # looking needs no login
        key(worker, b"p256")
        assert logins(log) == 2


def test_a_wrong_pin_is_noticed_right_after_a_right_one(worker):
    key(worker)
    with pytest.raises(errors.PinIncorrect):
        key(worker, pin="999999")


def test_the_pin_is_in_no_argument_no_environment_and_no_answer(token):
    with token.worker() as worker:
        answers = [key(worker), worker.call("tokens")]
        process = Path(f"/proc/{worker.process.pid}")
        assert PIN.encode() not in (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        assert PIN not in dump(answers)
        (limit,) = [each for each in (process / "limits").read_text().splitlines() if "core file" in each]
        assert limit.split()[4:6] == ["0", "0"]
        with pytest.raises(errors.PinIncorrect) as refusal:
            key(worker, pin="161803")
        assert "161803" not in dump(vars(refusal.value)) + str(refusal.value)


@pytest.mark.slow
def test_a_worker_that_hangs_is_killed_and_replaced(token):
    with token.worker() as worker:
        key(worker)
        hung = worker.process
        hung.send_signal(19)  # SIGSTOP: as a vendor's module that never comes back
        began = time.monotonic()
        with pytest.raises(errors.TimedOut):
            worker.call("tokens", timeout=0.5)
        assert time.monotonic() - began < 20 and hung.returncode == -9
        assert key(worker)["token"]["label"] == token.label
        assert worker.process.pid != hung.pid


def test_a_worker_that_is_killed_says_so_and_the_next_call_works(token):
    with token.worker() as worker:
        worker.call("tokens")
        worker.process.kill()
        worker.process.wait()
        assert worker.call("tokens")["tokens"]


def test_a_module_that_cannot_be_loaded_is_said_plainly(tmp_path):
    (tmp_path / "module.so").write_bytes(b"no library")
    with TokenWorker(tmp_path / "module.so") as worker, pytest.raises(errors.TokenError) as refusal:
        worker.call("tokens")
    assert refusal.value.code == "module_unusable"


def test_it_installs_a_certificate_beside_its_key_and_reads_it_back(worker, token, tmp_path):
    mine = x509.load_der_x509_csr(key(worker, b"install")["csr_der"]).public_key()
    authority = ca_key(worker, b"ca", "P-384")
    chain, leaf = certificate(authority, authority.public_key()), certificate(authority, mine, "申請大学")
    wanted = {"token": token.label, "pin": PIN, "certificate_der": der(leaf), "chain_ders": [der(chain)]}
    for _ in range(2):  # a second time changes nothing
        assert worker.call("install", **wanted)["cka_id"] == b"install"
    stored = worker.call("tokens")["tokens"][0]["certificates"]
    assert [each["cka_id"] for each in stored if each["der"] == der(leaf)] == [b"install"]
    assert [each["label"] for each in stored if each["der"] == der(chain)] == ["練習 CA"]
    command = ["pkcs11-tool", "--module", token.module, "--token-label", token.label, "--read-object", "--type", "cert"]
    command += ["--id", b"install".hex(), "--output-file", tmp_path / "read.der"]
    subprocess.run(command, env={**os.environ, **token.env}, capture_output=True, check=True)
    assert (tmp_path / "read.der").read_bytes() == der(leaf)


def test_a_certificate_is_stored_and_its_key_proved_in_one_login(token, worker, tmp_path):
    public_key = x509.load_der_x509_csr(key(worker, b"both")["csr_der"]).public_key()
    made = der(certificate(ca_key(worker, b"both-ca", "P-256"), public_key, "両方"))
    log, challenge = tmp_path / "spy.log", bytes(32)
    with token.spied(log).worker() as spied:
        asked = {"token": "署名カード", "pin": PIN, "certificate_der": made, "challenge": challenge}
        answer = spied.call("install_and_prove", **asked)
    proof.check(proof_of(answer, made, challenge), challenge, made)
    assert logins(log) == 1
    assert made in [each["der"] for each in worker.call("tokens")["tokens"][0]["certificates"]]


def test_only_a_blank_token_is_initialised(tmp_path, worker):
    before = worker.call("tokens")["tokens"]
    with TokenWorker(MODULE, softhsm.prepare(tmp_path)) as other:
        made = other.call("initialise", label="新しいカード", pin=PIN, officer_pin="31415926")
        assert made["token"]["label"] == "新しいカード"
        other.call(
            "make_key", token="新しいカード", pin=PIN, cka_id=b"k", label="k", algorithm="P-256", subject=SUBJECT
        )
        with pytest.raises(errors.TokenError, match="依頼の内容"):
            other.call("initialise", label="長" * 11, pin=PIN, officer_pin="31415926")
        assert other.call("initialise", label="もう1枚", pin=PIN, officer_pin="31415926")["token"]["label"] == "もう1枚"
        assert {each["label"] for each in other.call("tokens")["tokens"]} == {"新しいカード", "もう1枚"}
    assert [each["serial"] for each in worker.call("tokens")["tokens"]] == [each["serial"] for each in before]


def test_it_finds_an_rsa_key_by_its_modulus(worker, token):
    authority = ca_key(worker, b"RSA-3072", "RSA-3072")
    leaf = der(certificate(authority, authority.public_key()))
    wanted = {"token": token.label, "pin": PIN, "certificate_der": leaf}
    assert worker.call("install", **wanted)["cka_id"] == b"RSA-3072"


def test_it_refuses_a_certificate_whose_key_is_elsewhere(worker, token):
    other = ec.generate_private_key(ec.SECP256R1())
    leaf = der(certificate(other, other.public_key()))
    with pytest.raises(errors.NoSuchKey):
        worker.call("install", token=token.label, pin=PIN, certificate_der=leaf)


@pytest.mark.parametrize("algorithm", ["P-384", "RSA-3072"])
def test_an_authority_on_the_token_signs_certificates_and_crls(worker, algorithm, tmp_path):
    authority = ca_key(worker, algorithm.encode(), algorithm)
    root = certificate(authority, authority.public_key())
    root.verify_directly_issued_by(root)
    now = datetime.now(UTC)
    builder = x509.CertificateRevocationListBuilder().issuer_name(root.subject).last_update(now)
    crl = builder.next_update(now + timedelta(days=1)).sign(
        ca_key(worker, algorithm.encode(), algorithm, "crl"), hashes.SHA256()
    )
    assert crl.is_signature_valid(root.public_key())
    (tmp_path / "root.pem").write_bytes(root.public_bytes(serialization.Encoding.PEM))
    (tmp_path / "crl.pem").write_bytes(crl.public_bytes(serialization.Encoding.PEM))
    command = ["openssl", "crl", "-in", tmp_path / "crl.pem", "-CAfile", tmp_path / "root.pem", "-noout"]
    assert "verify OK" in subprocess.run(command, capture_output=True, text=True, check=True).stderr


@pytest.mark.parametrize("purpose", ["certificate", "crl", "ocsp", "csr", ""])
def test_an_authority_signs_nothing_but_what_it_says(worker, token, purpose):
    request = x509.load_der_x509_csr(key(worker, b"ca", "P-384")["csr_der"])
    signed_attributes = bytes.fromhex("3118301606092a864886f70d010903310906072a864886f70d01")
    for data in (request.tbs_certrequest_bytes, signed_attributes, b"SHIRUSHI-PROOF-v1\0" + bytes(64), b""):
        with pytest.raises(errors.TokenError) as refusal:
            wanted = {"token": token.label, "pin": PIN, "cka_id": b"ca", "tbs": data}
            worker.call("sign", purpose=purpose, **wanted)
        assert refusal.value.code == "bytes_refused"


def test_a_key_that_asks_for_the_pin_at_each_use_gets_it(worker, token, tmp_path):
    command = ["pkcs11-tool", "--module", token.module, "--token-label", token.label, "--login", "--pin", PIN]
    command += ["--keypairgen", "--key-type", "EC:prime256v1", "--id", b"each".hex(), "--always-auth"]
    subprocess.run(command, env={**os.environ, **token.env}, capture_output=True, check=True)
    assert x509.load_der_x509_csr(key(worker, b"each")["csr_der"]).is_signature_valid


def test_a_token_that_is_locked_or_before_its_last_try_gets_no_login():
    flags = TokenFlag.TOKEN_INITIALIZED | TokenFlag.USER_PIN_COUNT_LOW
    check_flags(flags, Login(PIN))
    for flag, code in ((TokenFlag.USER_PIN_FINAL_TRY, "pin_final_try"), (TokenFlag.USER_PIN_LOCKED, "pin_locked")):
        with pytest.raises(errors.TokenError) as refusal:
            check_flags(flags | flag, Login(PIN))
        assert refusal.value.code == code
    check_flags(flags | TokenFlag.USER_PIN_FINAL_TRY, Login(PIN, final_try=True))  # a person said so


def test_a_reader_without_a_pad_is_asked_for_none(worker):
    with pytest.raises(errors.TokenError) as refusal:
        key(worker, pin=None)
    assert refusal.value.code == "bad_request"


def test_a_certificate_with_a_key_no_token_has_is_refused(worker, token):
    foreign = certificate(ed25519.Ed25519PrivateKey.generate(), None)
    with pytest.raises(errors.TokenError) as refusal:
        worker.call("install", token=token.label, pin=PIN, certificate_der=der(foreign))
    assert refusal.value.code == "bad_request"


def test_where_a_token_cannot_hash_the_worker_does():
    assert usable({"RSA_PKCS", "SHA256_RSA_PKCS"}, "RSA", "sha256") == ["SHA256_RSA_PKCS", "RSA_PKCS"]
    assert usable({"RSA_PKCS"}, "RSA", "sha256") == ["RSA_PKCS"]
    assert usable({"ECDSA", "ECDSA_SHA256"}, "EC", "sha256") == ["ECDSA_SHA256", "ECDSA"]
    assert len(fed("RSA_PKCS", b"data", "sha256", 3072)) == 51
    assert len(fed("ECDSA", b"data", "sha384", 256)) == 32 and fed("SHA256_RSA_PKCS", b"data", "sha256", 1) == b"data"
    for offered in ({"ECDSA_SHA1"}, set()):
        with pytest.raises(errors.TokenError) as refusal:
            usable(offered, "EC", "sha256")
        assert refusal.value.code == "mechanism_missing"
