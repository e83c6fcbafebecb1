"""`python -m tokens sign` with SoftHSM and the real osslsigncode and jarsigner; every verdict is another program's."""

import hashlib
import os
import secrets
import stat
import struct
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from shutil import which

import pytest
from cryptography import x509

from tests import ca
from tests.signed_files import jar
from tests.softhsm import logins, make_token, run
from tests.stamping import LegacyStamper, Stamper, signature_of
from tests.test_tokens_sign import AUTHORITY, SUBJECT, made, put
from tokens import program_signature
from webapp.papers import signing_record, timestamp

pytestmark = pytest.mark.slow


def windows_program(code=b"\xc3"):
    """The smallest program that tools take for one (PE32+)."""
    start = 0x80
    optional = struct.pack("<HBBIIIII", 0x20B, 14, 0, 0x200, 0, 0, 0x1000, 0x1000)
    optional += struct.pack("<QIIHHHHHHIIIIHH", 0x140000000, 0x1000, 0x200, 6, 0, 0, 0, 6, 0, 0, 0x2000, 0x200, 0, 3, 0)
    optional += struct.pack("<QQQQII", 0x100000, 0x1000, 0x100000, 0x1000, 0, 16) + bytes(16 * 8)
    header = struct.pack("<HHIIIHH", 0x8664, 1, 0, 0, 0, len(optional), 0x22)
    section = b".text\0\0\0" + struct.pack("<IIIIIIHHI", 0x1000, 0x1000, 0x200, 0x200, 0, 0, 0, 0, 0x60000020)
    head = b"MZ" + bytes(0x3A) + struct.pack("<I", start) + bytes(start - 0x40)
    head += b"PE\0\0" + header + optional + section
    return head.ljust(0x200, b"\0") + code.ljust(0x200, b"\0")


@pytest.fixture(scope="module", params=["RSA-3072", "P-256"])
def signer(request, tmp_path_factory):
    """(token, path of the certificate with its chain, certificate): a key on SoftHSM, certified and installed."""
    folder = tmp_path_factory.mktemp("signer")
    token = make_token(folder / "token", "署名トークン", secrets.token_hex(6))  # a PIN that no other test uses
    wanted = ["csr", *SUBJECT, "--algorithm", request.param, "-o", folder / "request.csr"]
    assert run(*wanted, token=token, pin=token.pin).returncode == 0
    key = x509.load_pem_x509_csr((folder / "request.csr").read_bytes()).public_key()
    leaf = AUTHORITY.code_signing(key)
    path = put(folder, "certificate.pem", ca.pem(leaf) + ca.pem(AUTHORITY.issuing))
    assert run("install", "--certificate", path, token=token, pin=token.pin).returncode == 0
    return token, path, leaf


@pytest.fixture
def stamping(tmp_path):
    """The address of a time-stamp authority that answers as `openssl ts` does, and the authority."""
    with answering(Stamper(), "application/timestamp-reply", tmp_path / "tsa") as found:
        yield found


@pytest.fixture
def legacy(tmp_path):
    """The same of one that answers as Authenticode's did before RFC 3161."""
    with answering(LegacyStamper(), "application/octet-stream", tmp_path / "legacy") as found:
        yield found


@contextmanager
def answering(stamper, kind, folder):
    folder.mkdir()

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self):
            body = stamper.reply(self.rfile.read(int(self.headers["Content-Length"])), folder)
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/tsa", stamper
    server.shutdown()
    server.server_close()


class Watcher(threading.Thread):
    """Looks at the command line and the environment of every process until it is told to stop, for a secret."""

    def __init__(self, secret):
        super().__init__(daemon=True)
        self.secret, self.is_over, self.found = secret.encode(), False, []

    def run(self):
        while not self.is_over:
            for place in Path("/proc").glob("[0-9]*"):
                try:
                    told = (place / "cmdline").read_bytes() + (place / "environ").read_bytes()
                except OSError:
                    continue
                if self.secret in told:
                    self.found.append(told)
            time.sleep(0.001)

    def stop(self):
        self.is_over = True
        self.join()


def signing_record_of(path):
    return path.with_name(f"{path.name}.signing.json").read_bytes()


WITNESS = """#!/bin/sh
tr '\\0' '\\n' < /proc/$$/cmdline >> {log}
tr '\\0' '\\n' < /proc/$$/environ >> {log}
exec {real} "$@"
"""


@pytest.fixture
def witness(tmp_path, monkeypatch):
    """Before the real tools run, what /proc says of their command lines and environments goes into this file: however
    short they live, nothing is missed."""
    folder, log = tmp_path / "witness", tmp_path / "witnessed"
    folder.mkdir()
    for tool in filter(which, ("osslsigncode", "jarsigner")):
        put(folder, tool, WITNESS.format(log=log, real=which(tool)).encode()).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return log


@pytest.mark.skipif(which("osslsigncode") is None, reason="osslsigncode is not installed")
def test_programs_are_signed_with_one_pin_that_nobody_can_read(signer, stamping, witness, tmp_path):
    token, path, leaf = signer
    programs = [put(tmp_path, f"{n}.exe", windows_program(bytes([n, 0xC3]))) for n in (1, 2)]
    spied, (url, stamper) = token.spied(tmp_path / "spy.log"), stamping
    watcher = Watcher(token.pin)
    watcher.start()
    words = ["--certificate", path, "-o", tmp_path / "out", "--release", "2.0", "--timestamp", url]
    done = run("sign", *programs, *words, token=spied, pin=token.pin)
    watcher.stop()
    assert done.returncode == 0, done.stderr
    witnessed = witness.read_text()
    assert witnessed.count("attach-signature") == 2 and "PATH=" in witnessed and token.pin not in witnessed
    assert watcher.found == [] and logins(tmp_path / "spy.log") == 1 and token.pin not in done.stdout + done.stderr
    anchors = {"CAfile": AUTHORITY, "TSA-CAfile": stamper.authority}
    lists = {"CRLfile": AUTHORITY, "TSA-CRLfile": stamper.authority}
    for name, authority in anchors.items():
        put(tmp_path, name, ca.pem(authority.root) + ca.pem(authority.issuing))
    for name, authority in lists.items():
        put(tmp_path, name, ca.pem(authority.crl()))
    for each in programs:
        out = tmp_path / "out" / each.name
        record = made(tmp_path / "out", each.name)
        assert record.sha256 == hashlib.sha256(out.read_bytes()).hexdigest() and record.release == "2.0"
        assert record.sha256_before == hashlib.sha256(each.read_bytes()).hexdigest() and "osslsigncode" in record.tool
        found = timestamp.read(record.signature, ca.der(leaf))
        assert found.is_right and found.timestamp.fault == "" and found.timestamp.authority == "Practice TSA 1"
        taken = signing_record.read(signing_record_of(out), "a.json", hashlib.sha256(ca.der(leaf)).hexdigest(), "", "")
        assert (taken.sha256, taken.stamp, taken.name) == (record.sha256, "verified", each.name)
        words = [word for name in (*anchors, *lists) for word in (f"-{name}", tmp_path / name)]
        judged = subprocess.run(["osslsigncode", "verify", "-in", out, *words], capture_output=True, text=True)
        assert "Signature verification: ok" in judged.stdout and "Succeeded" in judged.stdout, judged


@pytest.mark.skipif(which("osslsigncode") is None, reason="osslsigncode is not installed")
def test_a_countersignature_of_before_rfc_3161_made_through_osslsigncode_is_read_as_it_reads_it(
    signer, legacy, tmp_path
):
    token, path, leaf = signer
    url, stamper = legacy
    words = ["--certificate", path, "-o", tmp_path / "out"]
    assert run("sign", put(tmp_path, "a.exe", windows_program()), *words, token=token, pin=token.pin).returncode == 0
    before, out = tmp_path / "out" / "a.exe", tmp_path / "stamped.exe"
    asked = ["osslsigncode", "add", "-h", "sha256", "-t", url, "-in", before, "-out", out]
    done = subprocess.run(asked, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    told = {"CAfile": AUTHORITY, "TSA-CAfile": stamper.authority}
    for name, authority in told.items():
        put(tmp_path, name, ca.pem(authority.root) + ca.pem(authority.issuing))
    words = [word for name in told for word in (f"-{name}", tmp_path / name)]
    judged = subprocess.run(["osslsigncode", "verify", "-in", out, *words], capture_output=True, text=True).stdout
    anchors = [ca.der(stamper.authority.root)], [ca.der(stamper.authority.issuing)]
    signed = program_signature.signed_data(out.read_bytes())
    found = timestamp.read(signed, ca.der(leaf), *anchors).timestamp
    assert (found.fault, found.authority, found.is_trusted) == ("", "Practice TSA 1", True), judged
    assert f"{found.at:%b} {found.at.day:2} {found.at:%H:%M:%S} {found.at.year} GMT" in judged, judged
    names = hashlib.sha256(ca.der(leaf)).hexdigest(), "", ""
    taken = signing_record.read(out.read_bytes(), "a.exe", *names, *anchors)
    assert (taken.stamp, taken.is_trusted, taken.timestamped_at) == ("verified", True, found.at)
    assert not timestamp.read(signed, ca.der(leaf)).timestamp.is_trusted


@pytest.mark.skipif(which("osslsigncode") is None, reason="osslsigncode is not installed")
def test_a_wrong_pin_costs_one_try_and_leaves_nothing(signer, tmp_path):
    token, path, _ = signer
    spied = token.spied(tmp_path / "spy.log")
    words = ["--certificate", path, "-o", tmp_path / "out"]
    done = run("sign", put(tmp_path, "a.exe", windows_program()), *words, token=spied, pin="161803")
    assert done.returncode == 3 and "PINが正しくありません" in done.stderr and logins(tmp_path / "spy.log") == 1
    assert not list((tmp_path / "out").iterdir())
    done = run("sign", put(tmp_path, "b.exe", b"MZ no program"), *words, token=token, pin=token.pin)
    assert done.returncode == 1 and "osslsigncodeで署名できませんでした" in done.stderr
    assert run("sign", put(tmp_path, "c.exe", windows_program()), *words, token=token, pin=token.pin).returncode == 0


STUB = """#!{python}
import os, shutil, sys, zipfile
words = sys.argv[1:]
if "-version" in words:
    print("jarsigner 0"); sys.exit()
place = words[words.index("-storepass:file") + 1]
told = {{"pin": open(place).readline().strip(), "words": words, "configuration": open(words[words.index("-providerArg") + 1]).read()}}
told["environment"] = dict(os.environ)
open({log!r}, "w").write(repr(told))
output, source = words[words.index("-signedjar") + 1], words[-2]
shutil.copy(source, output)
with zipfile.ZipFile(output, "a") as archive:
    archive.write({signature!r}, "META-INF/SIGNER.EC")
"""


def test_jarsigner_gets_the_pin_through_a_pipe_alone(signer, tmp_path, monkeypatch):
    """With a stand-in that bears its name; the real one has the next test, where it is installed."""
    token, path, leaf = signer
    (tmp_path / "bin").mkdir()
    signature = put(tmp_path, "signature", signature_of(ca.new_key(), leaf).dump())
    stub = put(tmp_path / "bin", "jarsigner", b"")
    log = tmp_path / "log"
    stub.write_text(STUB.format(python=sys.executable, log=str(log), signature=str(signature)))
    stub.chmod(stub.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    plain = put(tmp_path, "a.jar", jar(b"").replace(b"META-INF/ME.EC", b"META-INF/ME.XX"))
    done = run("sign", plain, "--certificate", path, "-o", tmp_path / "out", token=token, pin=token.pin)
    assert done.returncode == 0, done.stderr
    told = eval(log.read_text())  # noqa: S307 - written by the stub above
    assert (
        told["pin"] == token.pin
        and token.pin not in str(told["words"]) + str(told["environment"]) + told["configuration"]
    )
    assert f"library = {token.module}" in told["configuration"] and "-certchain" in told["words"]
    assert made(tmp_path / "out", "a.jar").tool == "jarsigner 0" and "タイムスタンプがありません" in done.stdout


@pytest.mark.skipif(which("jarsigner") is None, reason="jarsigner (a JDK) is not installed: it was not run")
def test_a_jar_is_signed_by_the_real_jarsigner(signer, stamping, witness, tmp_path):
    token, path, leaf = signer
    plain = put(tmp_path, "a.jar", jar(b"").replace(b"META-INF/ME.EC", b"META-INF/ME.XX"))
    watcher = Watcher(token.pin)
    watcher.start()
    words = ["--certificate", path, "-o", tmp_path / "out", "--timestamp", stamping[0]]
    done = run("sign", plain, *words, token=token, pin=token.pin)
    watcher.stop()
    assert done.returncode == 0, done.stderr
    witnessed = witness.read_text()
    assert "-storepass:file" in witnessed and token.pin not in witnessed and watcher.found == []
    judged = subprocess.run(["jarsigner", "-verify", tmp_path / "out" / "a.jar"], capture_output=True, text=True)
    assert "jar verified" in judged.stdout
    found = timestamp.read(program_signature.signed_data((tmp_path / "out" / "a.jar").read_bytes()), ca.der(leaf))
    assert found.is_right and found.timestamp.fault == ""
