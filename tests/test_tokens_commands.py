"""`python -m tokens` as people and programs use it."""

import os
import pty
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from ca import Authority, der, pem
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from softhsm import MODULE, PIN, empty_form, logins, make_token, run

from tokens import proof
from tokens.__main__ import main

pytestmark = pytest.mark.slow  # many, and each walks far

SUBJECT = ["--subject", "C=JP", "--subject", "O=Shinsei University", "--subject", "CN=Shinsei University"]
ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def token(tmp_path_factory):
    return make_token(tmp_path_factory.mktemp("commands"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("files")


@pytest.fixture(scope="module")
def authority():
    return Authority()


@pytest.fixture(scope="module")
def csr(token, folder):
    path = folder / "request.csr"
    done = run("csr", *SUBJECT, "--algorithm", "P-256", "-o", path, token=token, pin=PIN)
    assert done.returncode == 0, done.stderr
    assert "CSRを" in done.stdout and "できません(トークンの申告)" in done.stdout and PIN not in done.stdout
    return path


@pytest.fixture(scope="module")
def certificate(csr, folder, authority):
    """The head's S/MIME certificate with its chain, as a PEM file."""
    key = x509.load_pem_x509_csr(csr.read_bytes()).public_key()
    path = folder / "certificate.pem"
    path.write_bytes(pem(authority.smime(key, "tanaka@shinsei.example")) + pem(authority.issuing))
    return path


@pytest.fixture(scope="module")
def installed(token, certificate):
    done = run("install", "--certificate", certificate, token=token, pin=PIN)
    assert done.returncode == 0 and "読み戻して一致を確認しました" in done.stdout, done.stderr
    return certificate


@pytest.fixture
def refusal(monkeypatch, capsys):
    """refusal(sentence, *arguments, token, pin, status): the command, run in this process, refuses with that sentence."""

    def refuse(sentence, *arguments, token, pin=PIN, status=1):
        for name, value in token.env.items():
            monkeypatch.setenv(name, value)
        reading, writing = os.pipe()
        os.write(writing, pin.encode() + b"\n")
        os.close(writing)
        more = ["--module", token.module] + (["--pin-fd", str(reading)] if arguments[0] != "list" else [])
        assert main([*map(str, arguments), *more]) == status
        done = capsys.readouterr()
        assert done.err.startswith("できませんでした: ") and sentence in done.err and "→ " in done.err
        assert PIN not in done.out + done.err and (len(pin) < 4 or pin not in done.out + done.err)
        if arguments[0] == "list" or Path(f"/proc/self/fd/{reading}").exists():
            os.close(reading)

    return refuse


def test_a_request_made_again_after_an_interruption_is_for_the_same_key(token, csr):
    first = x509.load_pem_x509_csr(csr.read_bytes())
    csr.rename(csr.with_suffix(".first"))  # as if it had never been written
    assert run("csr", *SUBJECT, "--algorithm", "P-256", "-o", csr, token=token, pin=PIN).returncode == 0
    assert x509.load_pem_x509_csr(csr.read_bytes()).public_key() == first.public_key()


def test_it_lists_tokens_and_certificates_without_a_pin(token, installed):
    done = run("list", token=token)
    assert "トークン「署名カード」" in done.stdout and "使用できます" in done.stdout
    assert "tanaka@shinsei.example" in done.stdout


def test_it_tells_the_serial_as_openssl_does_and_writes_the_certificates(token, installed, tmp_path):
    output = tmp_path / "certificates.pem"
    done = run("list", "--pem", output, token=token)
    assert done.returncode == 0 and "証明書2枚" in done.stdout, done.stderr
    leaf, issuing = x509.load_pem_x509_certificates(installed.read_bytes())
    for certificate in (leaf, issuing):
        asked = ["openssl", "x509", "-noout", "-serial", "-sha256", "-fingerprint"]
        told = subprocess.run(asked, input=pem(certificate), capture_output=True, check=True).stdout.decode()
        serial, fingerprint = (line.split("=")[1] for line in told.strip().splitlines())
        assert f"シリアル番号(16進): {serial.lower()}\n" in done.stdout
        assert f"シリアル番号(10進): {int(serial, 16)}\n" in done.stdout
        assert f"SHA-256: {fingerprint.replace(':', '').lower()}\n" in done.stdout
    assert {der(each) for each in x509.load_pem_x509_certificates(output.read_bytes())} == {der(leaf), der(issuing)}
    assert "すでにあります" in run("list", "--pem", output, token=token).stderr


def test_it_proves_possession(refusal, token, installed, folder):
    challenge = os.urandom(32)
    wanted = ["--challenge", challenge.hex(), "--certificate", installed, "-o", folder / "proof.txt"]
    assert run("prove", *wanted, token=token, pin=PIN).returncode == 0
    leaf = der(x509.load_pem_x509_certificates(installed.read_bytes())[0])
    proof.check(proof.from_text((folder / "proof.txt").read_text()), challenge, leaf)
    refusal("すでにあります", "prove", *wanted, token=token)


def test_it_seals_with_the_certificate_on_the_card(refusal, token, installed, folder):
    (folder / "form.pdf").write_bytes(empty_form())
    done = run("seal", folder / "form.pdf", "-o", folder / "sealed.pdf", token=token, pin=PIN)
    assert done.returncode == 0 and "tanaka@shinsei.example" in done.stdout, done.stderr
    report = subprocess.run(["pdfsig", "-nocert", folder / "sealed.pdf"], capture_output=True, text=True).stdout
    assert "Signature is Valid." in report and "Total document signed" in report
    refusal("空いている署名欄がありません", "seal", folder / "sealed.pdf", "-o", folder / "twice.pdf", token=token)


def test_a_wrong_pin_costs_one_try_and_leaves_no_file(refusal, token, installed, folder, tmp_path):
    spied = token.spied(tmp_path / "spy.log")
    (tmp_path / "form.pdf").write_bytes(empty_form())
    wanted = [tmp_path / "form.pdf", "-o", tmp_path / "sealed.pdf"]
    refusal("PINが正しくありません。", "seal", *wanted, token=spied, pin="161803", status=3)
    assert logins(tmp_path / "spy.log") == 1 and not (tmp_path / "sealed.pdf").exists()


@pytest.mark.parametrize("pin", ["", "123", "1" * 65, "12\x1b34"])
def test_what_cannot_be_a_pin_never_reaches_the_token(refusal, token, installed, tmp_path, pin):
    spied = token.spied(tmp_path / "spy.log")
    refusal("PINとして送れない", "install", "--certificate", installed, token=spied, pin=pin, status=3)
    assert logins(tmp_path / "spy.log") == 0


def test_without_terminal_and_pipe_it_says_how_a_pin_gets_in(token, installed):
    done = run("install", "--certificate", installed, token=token)
    assert done.returncode == 3 and "PINを入力する端末がありません" in done.stderr and "Traceback" not in done.stderr


def test_it_says_what_is_wrong_with_files_and_options(refusal, token, installed, tmp_path):
    (tmp_path / "nothing.pem").write_text("x")
    refusal("証明書のファイルではありません", "install", "--certificate", tmp_path / "nothing.pem", token=token)
    refusal("開けません", "install", "--certificate", tmp_path / "none.pem", token=token)
    wanted = ["--certificate", installed, "-o", tmp_path / "p.txt"]
    refusal("確認番号は16進数64文字", "prove", "--challenge", "12", *wanted, token=token)
    refusal("読み取れません", "csr", "--subject", "JP", "-o", tmp_path / "c", token=token)
    refusal("主体者の項目", "csr", "--subject", "C=Japan", "-o", tmp_path / "c", token=token)
    refusal("モジュール", "list", token=replace(token, module=str(tmp_path / "none.so")), status=6)
    refusal("トークンが見つかりません", "csr", *SUBJECT, "-o", tmp_path / "c", "--token", "ない", token=token, status=5)
    unknown = run("stamp")
    assert unknown.returncode == 2 and "指定が正しくありません" in unknown.stderr


@pytest.mark.slow
def test_it_makes_a_practice_token_with_no_pin_in_any_argument(tmp_path):
    seen = tmp_path / "started"
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\n"
        f"sys.addaudithook(lambda name, told: name == 'subprocess.Popen' and open({str(seen)!r}, 'a').write(repr(told)))"
    )
    watched = Practice({"PYTHONPATH": str(tmp_path)})
    made = run("init-softhsm", tmp_path / "card", "--token", "練習カード2", pin=PIN, token=watched)
    assert made.returncode == 0, made.stderr
    assert "tokens.token_worker" in seen.read_text() and PIN not in seen.read_text()
    (line,) = [each for each in made.stdout.splitlines() if each.startswith("export ")]
    card = Practice({"SOFTHSM2_CONF": line.split("=", 1)[1]})
    assert "練習カード2" in run("list", token=card).stdout
    done = run("csr", *SUBJECT, "--algorithm", "P-256", "-o", tmp_path / "r.csr", token=card, pin=PIN)
    assert done.returncode == 0, done.stderr


class Practice:
    module = MODULE

    def __init__(self, env):
        self.env = env


def test_a_pin_typed_at_the_terminal_is_not_echoed(token, tmp_path):
    command = [sys.executable, "-m", "tokens", "csr", *SUBJECT, "--algorithm", "P-256", "-o", str(tmp_path / "r.csr")]
    command += ["--module", token.module, "--token", token.label]
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(ROOT)
        os.execve(command[0], command, {**os.environ, **token.env})
    shown = read_until(terminal, b"PIN: ")
    os.write(terminal, PIN.encode() + b"\n")
    shown += read_until(terminal, None)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, shown
    assert PIN.encode() not in shown and "CSRを".encode() in shown
    assert (tmp_path / "r.csr").exists()


def read_until(terminal, end):
    shown = b""
    while end is None or end not in shown:
        try:
            piece = os.read(terminal, 4096)
        except OSError:
            break
        if not piece:
            break
        shown += piece
    return shown


@pytest.mark.slow
def test_a_request_for_a_key_made_before_and_no_pin_in_anything_left_behind(tmp_path, authority):
    canary = "9173620485"
    card, made = make_token(tmp_path / "card", pin=canary), tmp_path / "made"
    made.mkdir()
    told = []

    def done(*arguments, pin=canary, status=0):
        ended = run(*arguments, token=card, pin=pin)
        told.append(ended.stdout + ended.stderr)
        assert ended.returncode == status, ended.stderr

    done("keygen", "--algorithm", "P-256", "-o", made / "key.pem")
    done("csr", *SUBJECT, "--public-key", made / "key.pem", "-o", made / "request.csr")
    request = x509.load_pem_x509_csr((made / "request.csr").read_bytes())
    assert request.is_signature_valid
    assert request.public_key() == load_pem_public_key((made / "key.pem").read_bytes())
    (made / "c.pem").write_bytes(pem(authority.smime(request.public_key(), "tanaka@shinsei.example")))
    done("install", "--certificate", made / "c.pem")
    done("prove", "--certificate", made / "c.pem", "--challenge", "00" * 32, "-o", made / "proof.txt")
    done("install", "--certificate", made / "c.pem", pin=canary + "1", status=3)
    done("change-pin", pin=f"{canary}\n60221407")
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) > 5 and any(path.name == "key.pem.keyid" for path in files)
    assert not [path for path in files if canary.encode() in path.read_bytes()]
    assert not [text for text in told if canary in text]
