"""RSA-3072 proofs of possession a second: through tokend, as a share of the same calls in one loop.

The loop runs in the process that holds the module, without socket and pipe; each call logs in, signs, checks and logs
out, as it does for tokend. The bare signatures of one open session (python-pkcs11 alone) stand beside it as the ceiling.
Rounds of the ways alternate, so that a busy moment of the machine hits them all; the median round counts.
"""

import contextlib
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from bench import Measured, measurement
from bench._time import duration
from tokens import softhsm, wire
from tokens.client import Tokend
from tokens.worker import TokenWorker

LABEL, PIN, CKA_ID = "bench", "271828", b"bench"
ROUNDS, CALLS = 5, 100
UNIT = "署名/秒"
LOOP = "同じ呼び出しを1つのループで"
BARE = "ログイン済みの1セッションで署名だけ"
PIPE = "トークンプロセスへパイプで"


@measurement
def rsa_3072_signatures():
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, contextlib.ExitStack() as stack:
        token = stack.enter_context(_Token(Path(folder)))
        ways = {
            LOOP: token.in_one_loop,
            BARE: token.bare,
            PIPE: token.through_pipe,
            "tokend へ、1人から": lambda: token.through_tokend(1),
            "tokend へ、4人から同時に": lambda: token.through_tokend(4),
        }
        rates = _rates(ways)
        alone, added = _added(token)
    yield Measured(LOOP, rates[LOOP], UNIT)
    yield from (Measured(name, rate, UNIT, rate / rates[LOOP], LOOP) for name, rate in rates.items() if name != LOOP)
    yield Measured("トークンプロセスを介すための時間(1署名)", added * 1000, "ミリ秒", added / alone, "同じ呼び出し1つ")


def _added(token):
    """(seconds of one call where the module is, seconds that the pipe adds): medians of single calls that alternate, so
    that no way has the favour of the scheduler."""
    pairs = [(token.in_one_loop(1), token.through_pipe(1)) for _ in range(CALLS)]
    alone, piped = map(statistics.median, zip(*pairs, strict=True))
    return alone, piped - alone


def _rates(ways):
    """Calls a second of each way: the median over the rounds."""
    seconds = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            seconds[name].append(way())
    return {name: CALLS / statistics.median(taken) for name, taken in seconds.items()}


class _Token:
    """A SoftHSM token with one RSA-3072 key and its certificate, and everybody who signs with it."""

    def __init__(self, folder):
        self.folder = folder
        self.env = softhsm.make_token(folder / "hsm", LABEL, PIN)
        self.challenge = secrets.token_bytes(32)

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self.worker = stack.enter_context(TokenWorker(softhsm.MODULE, self.env))
            self.certificate = self._with_certificate()
            self.loop = stack.enter_context(Loop(self.env, self.certificate, self.challenge))
            stack.enter_context(_tokend(self.folder, self.env))
            self.client = Tokend(str(self.folder / "tokend.sock"))
            self._ended = stack.pop_all()
        return self

    def __exit__(self, *failure):
        return self._ended.__exit__(*failure)

    def _with_certificate(self):
        subject = [["CN", "bench"]]
        made = self.worker.call(
            "make_key", token=LABEL, pin=PIN, cka_id=CKA_ID, label=LABEL, algorithm="RSA-3072", subject=subject
        )
        certificate = _certify(made["csr_der"])
        self.worker.call("install", token=LABEL, pin=PIN, certificate_der=certificate)
        return certificate

    def in_one_loop(self, calls=CALLS):
        return self.loop.seconds("prove", calls)

    def bare(self):
        return self.loop.seconds("bare")

    def through_pipe(self, calls=CALLS):
        asked = {"token": LABEL, "pin": PIN, "certificate_der": self.certificate, "challenge": self.challenge}
        return duration(lambda: [self.worker.call("prove", **asked) for _ in range(calls)])

    def through_tokend(self, people):
        return duration(lambda: _together(people, lambda: [self._prove() for _ in range(CALLS // people)]))

    def _prove(self):
        return self.client.prove(certificate_der=self.certificate, challenge=self.challenge)


class Loop:
    """bench/_loop.py as a process of its own, because it loads the module; the token is LABEL with PIN."""

    def __init__(self, env, certificate, challenge):
        self.env = {**os.environ, **env}
        self.given = {"token": LABEL, "pin": PIN, "certificate_der": certificate, "challenge": challenge}

    def __enter__(self):
        command = [sys.executable, "-m", "bench._loop", softhsm.MODULE]
        self.process = subprocess.Popen(command, env=self.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()

    def seconds(self, way, calls=CALLS):
        self.process.stdin.write(wire.pack({"way": way, "calls": calls, "given": self.given}))
        self.process.stdin.flush()
        return wire.unpack(self.process.stdout.readline())["seconds"]


@contextlib.contextmanager
def _tokend(folder, env):
    (folder / "pin").write_text(PIN)
    (folder / "pin").chmod(0o600)
    lines = {
        "socket": folder / "tokend.sock",
        "module": softhsm.MODULE,
        "token": LABEL,
        "pin_file": folder / "pin",
        "state_file": folder / "refused",
    }
    text = "".join(f'{name} = "{value}"\n' for name, value in lines.items()) + f"allowed_uids = [{os.getuid()}]\n"
    text += "[environment]\n" + "".join(f'{name} = "{value}"\n' for name, value in env.items())
    (folder / "tokend.toml").write_text(text)
    command = [sys.executable, "-m", "tokens.tokend", "--config", str(folder / "tokend.toml")]
    with open(folder / "tokend.log", "wb") as log, subprocess.Popen(command, stderr=log) as process:
        try:
            _wait_for(folder / "tokend.sock", process)
            yield
        finally:
            process.terminate()


def _wait_for(path, process):
    while not path.is_socket():
        if process.poll() is not None:
            raise RuntimeError("tokend が起動しませんでした。")
        time.sleep(0.02)


def _certify(csr_der):
    """A certificate (DER) over the key of this request, from a CA of the moment."""
    request = x509.load_der_x509_csr(csr_der)
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(
        request.subject, request.subject, request.public_key(), x509.random_serial_number()
    )
    builder = builder.not_valid_before(now).not_valid_after(now + timedelta(days=1))
    return builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256()).public_bytes(Encoding.DER)


def _together(people, work):
    threads = [threading.Thread(target=work) for _ in range(people)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
