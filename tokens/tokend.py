"""The key daemon of the server: `python -m tokens.tokend --config tokend.toml`.

It owns a Unix socket (mode 0660; who may speak is decided by SO_PEERCRED) and one token worker, and never loads a
module itself. One connection carries one request and one answer, each a line of tokens/wire.py. Requests wait in a
queue; a worker that hangs is killed and replaced. It offers typed operations only, never raw bytes to sign; its PIN
is its own credential and never comes from a client. Mails are signed for addresses of offices alone, which the file names;
there is no operation that signs a document, so that nobody's personal signature can be had here.

    socket = "/run/shirushi/tokend.sock"        module = "/usr/lib/softhsm/libsofthsm2.so"
    token = "label or serial"                   pin_file = "/run/credentials/tokend/pin"
    state_file = "/var/lib/tokend/refused"      timeout_seconds = 30
    allowed_uids = [990]                        office_mails = ["certs@example.ac.jp"]
    [environment]  SOFTHSM2_CONF = "/etc/…"
"""

import argparse
import os
import signal
import socket
import socketserver
import struct
import sys
import threading
import time
import tomllib
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509

from tokens import certificates, mail_part, wire
from tokens.credential import REFUSALS, Credential
from tokens.errors import TokenError, named
from tokens.process import leave_no_core
from tokens.worker import TokenWorker

MOST_REQUESTS = 512  # waiting and served together
QUEUE_SECONDS = 90
LONGEST_REQUEST = mail_part.LARGEST * 4 // 3 + 1_000_000  # a mail travels in Base64
LONGEST_OF_STRANGERS = 1_000_000
SPEAKING_SECONDS = 10


@dataclass(frozen=True)
class Config:
    """The configuration file, a field each; paths are strings, `environment` is for the module."""

    socket: str
    module: str
    token: str
    pin_file: str
    state_file: str
    allowed_uids: list[int]
    timeout_seconds: float = 30
    office_mails: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)


def load(path):
    """The Config of a TOML file. Raises TypeError for an unknown or missing name, TOMLDecodeError, OSError."""
    return Config(**tomllib.loads(Path(path).read_text(encoding="utf-8")))


# What a request may hold


def _bytes(shortest, longest):
    return lambda value: isinstance(value, bytes) and shortest <= len(value) <= longest


def _list(each, longest):
    return lambda value: isinstance(value, list) and len(value) <= longest and all(map(each, value))


def _short(value):
    return isinstance(value, str) and 0 < len(value) <= 256


def _pair(value):
    return isinstance(value, list) and len(value) == 2 and all(map(_short, value))


CERTIFICATE = _bytes(1, 65_536)
REQUESTS = {
    "make_key": {"cka_id": _bytes(1, 64), "label": _short, "algorithm": _short, "subject": _list(_pair, 20)},
    "install": {"certificate_der": CERTIFICATE, "chain_ders": _list(CERTIFICATE, 8)},
    "prove": {"certificate_der": CERTIFICATE, "challenge": _bytes(32, 32)},
    "sign_mail": {
        "certificate_der": CERTIFICATE,
        "inside": _bytes(1, mail_part.LARGEST),
        "signed_attributes_der": _bytes(1, 4096),
    },
    "self_check": {"nonce": _bytes(32, 32)},
}
OPERATIONS = ("health", "tokens", *REQUESTS)


def check_request(op, args):
    """The arguments must be exactly those of the operation. Raises TokenError bad_request."""
    fields = REQUESTS[op]
    if not isinstance(args, dict) or args.keys() != fields.keys():
        raise named("bad_request", "fields")
    for name, fits in fields.items():
        if not fits(args[name]):
            raise named("bad_request", name)


def check_office(office_mails, certificate_der):
    """The certificate must be for addresses of offices and nobody else's. Raises TokenError not_an_office, bad_request."""
    try:
        found = {each.lower() for each in certificates.mails(x509.load_der_x509_certificate(certificate_der))}
    except ValueError as error:
        raise named("bad_request", "certificate") from error
    if not found or not found <= {each.lower() for each in office_mails}:
        raise named("not_an_office")


# The work


class Keys:
    """The token, its worker and its credential behind one queue."""

    def __init__(self, config):
        self.config = config
        self.worker = TokenWorker(config.module, config.environment)
        self.credential = Credential(config.pin_file, config.state_file)
        self._queue = threading.Lock()

    def answer(self, message):
        """The answer to one request message. Raises TokenError."""
        op, args = message.get("op"), message.get("args", {})
        if op == "health":
            return self._health()
        if op == "tokens":
            with self._turn():
                return self.worker.call("tokens", timeout=self.config.timeout_seconds)
        if not isinstance(op, str) or op not in REQUESTS:
            raise named("bad_request", "operation")
        check_request(op, args)
        if op == "sign_mail":
            check_office(self.config.office_mails, args["certificate_der"])
        return self._with_pin(op, args)

    def close(self):
        self.worker.close()

    def _with_pin(self, op, args):
        with self._turn():
            pin = self.credential.pin()
            try:
                reply = self.worker.call(op, self.config.timeout_seconds, token=self.config.token, pin=pin, **args)
            except TokenError as error:
                if error.code in REFUSALS:
                    self.credential.refuse(pin)
                raise
            self.credential.accept()
            return reply

    def _health(self):
        """Without touching the token: is the credential usable, is the token at work?"""
        try:
            self.credential.pin()
            credential = "ready"
        except TokenError as error:
            credential = error.code
        return {"token": self.config.token, "credential": credential, "busy": self._queue.locked()}

    @contextmanager
    def _turn(self):
        if not self._queue.acquire(timeout=QUEUE_SECONDS):
            raise named("busy")
        try:
            yield
        finally:
            self._queue.release()


# The socket


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = MOST_REQUESTS

    def __init__(self, config):
        self.config = config
        self.keys = Keys(config)
        self.places = threading.BoundedSemaphore(MOST_REQUESTS)
        super().__init__(config.socket, Conversation)

    def server_bind(self):
        Path(self.config.socket).unlink(missing_ok=True)
        before = os.umask(0o117)  # the socket is 0660 from its first moment
        try:
            super().server_bind()
        finally:
            os.umask(before)

    def server_close(self):
        super().server_close()
        self.keys.close()
        Path(self.config.socket).unlink(missing_ok=True)


class Conversation(socketserver.StreamRequestHandler):
    timeout = SPEAKING_SECONDS

    def handle(self):
        began, message = time.monotonic(), {}
        try:
            message = self._heard()
            with self._place():
                reply = {"ok": self.server.keys.answer(message)}
        except TokenError as error:
            reply = {"code": error.code, "detail": error.detail}
        except (OSError, ValueError):  # nobody spoke, or not our language
            reply = {"code": "bad_request", "detail": "message"}
        self._say(reply)
        self._log(message.get("op"), reply.get("code", "ok"), time.monotonic() - began)

    def _heard(self):
        is_allowed = self._uid() in self.server.config.allowed_uids
        line = self.rfile.readline(LONGEST_REQUEST if is_allowed else LONGEST_OF_STRANGERS)
        if not is_allowed:
            raise named("not_allowed")
        return wire.unpack(line)

    @contextmanager
    def _place(self):
        if not self.server.places.acquire(blocking=False):
            raise named("busy")
        try:
            yield
        finally:
            self.server.places.release()

    def _say(self, reply):
        try:
            self.wfile.write(wire.pack(reply))
        except OSError:
            pass  # the client is gone; the log still tells what was done

    def _log(self, op, code, seconds):
        op = op if op in OPERATIONS else "unknown"
        print(f"op={op} uid={self._uid()} code={code} ms={seconds * 1000:.0f}", file=sys.stderr, flush=True)

    def _uid(self):
        credentials = self.request.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        return struct.unpack("3i", credentials)[1]


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m tokens.tokend", description="鍵の管理プログラム")
    parser.add_argument("--config", required=True, help="設定ファイル(TOML)")
    config = load(parser.parse_args(arguments).config)
    leave_no_core()
    with Server(config) as server:
        signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
        server.serve_forever(poll_interval=0.2)


if __name__ == "__main__":
    main()
