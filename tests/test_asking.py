"""Asking over HTTP: only whom the profile lists, never too much, never too long, and always a sentence."""

import socket
import ssl
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.openssl import openssl
from webapp import asking
from webapp.asking import NoAnswer, fetch
from webapp.rules.status_addresses import is_listed

OK = b"HTTP/1.1 200 OK\r\n"


@contextmanager
def answering(*parts, every=0.0):
    """A server that reads a request and answers with these bytes, part by part; (its "host:port", what it was told)."""
    told = []

    def serve():
        while True:
            try:
                peer, _ = listening.accept()
            except OSError:
                return
            with peer:
                told.append(peer.recv(65536))
                try:
                    for part in parts:
                        peer.sendall(part)
                        time.sleep(every)
                except OSError:
                    told.append("cut")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"127.0.0.1:{listening.getsockname()[1]}", told
        listening.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def ask(place, path="/ca/issuing.crl", limit=1000, seconds=3, **more):
    return fetch(f"http://{place}{path}", [place], limit=limit, seconds=seconds, **more)


def refusal(*parts, every=0.0, **how):
    """(what happened, what to do) when a server answers with these bytes."""
    with answering(*parts, every=every) as (place, _), pytest.raises(NoAnswer) as caught:
        ask(place, **how)
    assert caught.value.message and caught.value.advice
    return caught.value.message


class Responder(BaseHTTPRequestHandler):
    """An ordinary server."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET(f"{self.command} {self.path} {self.headers['Content-Type']} ".encode() + body)

    def do_GET(self, said=b"list"):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(said), said))

    def log_message(self, *_):
        pass


def test_an_ordinary_answer_arrives_whole():
    with ThreadingHTTPServer(("127.0.0.1", 0), Responder) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        place = f"127.0.0.1:{server.server_port}"
        assert ask(place) == b"list"
        said = ask(place, "/ocsp?a=1", data=b"question", content_type="application/ocsp-request")
        server.shutdown()
    assert said == b"POST /ocsp?a=1 application/ocsp-request question"


def test_an_answer_with_its_length_or_without_arrives():
    with answering(OK + b"Content-Length: 4\r\n\r\nlist") as (place, told):
        assert ask(place) == b"list"
    with answering(OK + b"\r\n", b"li", b"st") as (without, _):
        assert ask(without) == b"list"
    head = told[0].decode()
    assert head.startswith("GET /ca/issuing.crl HTTP/1.1\r\n") and f"Host: {place}\r\n" in head
    assert "Accept-Encoding: identity" in head and "Cookie" not in head and "Authorization" not in head


@pytest.mark.parametrize(
    "url",
    [
        "http://elsewhere.example/ca.crl",
        "http://ca.example:8080/ca.crl",
        "https://ca.example:80/ca.crl",
        "http://ca.example.evil.example/ca.crl",
        "http://ca.example@evil.example/ca.crl",
        "http://user:secret@ca.example/ca.crl",
        "http://ca.example./ca.crl",
        "http://ca.example:port/ca.crl",
        "http://ca.example:99999/ca.crl",
        "http://127.0.0.1/ca.crl",
        "http://[::1]/ca.crl",
        "http://2130706433/ca.crl",
        "http://ca\n.example/ca.crl",
        "http://ca.example/ca.crl\r\nX-Injected: 1",
        "http://ca.example/ ca.crl",
        "http://ca。example/ca.crl",
        "ftp://ca.example/ca.crl",
        "file:///etc/hostname",
        "ldap://ca.example/cn=ca",
        "//ca.example/ca.crl",
        "http://[ca.example/ca.crl",
        "http://ca.example/" + "a" * 3000,
        "http:///ca.crl",
        "",
    ],
)
def test_nobody_is_asked_who_is_not_listed(url, monkeypatch):
    monkeypatch.setattr(asking, "_Call", None)  # whoever gets that far fails
    with pytest.raises(NoAnswer, match="問い合わせません"):
        fetch(url, ["ca.example"], limit=10, seconds=1)


@pytest.mark.parametrize(
    "url, host",
    [
        ("http://ca.example/ca.crl", "ca.example"),
        ("HTTP://CA.Example:80/ca.crl", "ca.example"),
        ("https://ca.example/ca.crl", "CA.example"),
        ("http://ca.example/ca.crl", "ca.example:80"),
        ("http://ca.example:8026/ca.crl", "ca.example:8026"),
        ("http://127.0.0.1:8026/ca.crl", "127.0.0.1:8026"),
        ("http://[::1]:8026/ca.crl", "[::1]:8026"),
    ],
)
def test_a_listed_host_may_be_asked(url, host):
    assert is_listed(url, [host])


def test_a_redirection_is_refused_and_not_followed():
    with answering(OK + b"\r\nsecret") as (other, told):
        head = f"HTTP/1.1 302 Found\r\nLocation: http://{other}/\r\nContent-Length: 0\r\n\r\n"
        assert "転送" in refusal(head.encode())
        assert told == []


def test_an_error_of_the_server_is_told_with_its_number():
    assert "HTTP 404" in refusal(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
    assert "HTTP 206" in refusal(b"HTTP/1.1 206 Partial Content\r\nContent-Length: 1\r\n\r\na")


def test_too_much_is_refused_however_it_is_announced():
    assert "大きすぎます" in refusal(OK + b"Content-Length: 1001\r\n\r\n")
    assert "大きすぎます" in refusal(OK + b"\r\n" + b"a" * 1001)
    assert "大きすぎます" in refusal(OK + b"Transfer-Encoding: chunked\r\n\r\n" + b"3e9\r\n" + b"a" * 1001 + b"\r\n")
    with answering(OK + b"Content-Length: 1000\r\n\r\n" + b"a" * 1000) as (place, _):
        assert len(ask(place)) == 1000


def test_an_endless_answer_is_cut_at_the_limit():
    with answering(OK + b"\r\n", *[b"a" * 65536] * 1000) as (place, told):
        with pytest.raises(NoAnswer, match="大きすぎます"):
            ask(place)
    assert told[1:] == ["cut"]


def test_a_length_that_lies_is_noticed():
    assert "途中で切れ" in refusal(OK + b"Content-Length: 100\r\n\r\nabc")
    assert "途中で切れ" in refusal(OK + b"Transfer-Encoding: chunked\r\n\r\n64\r\nabc")
    with answering(OK + b"Content-Length: 2\r\n\r\nlist") as (place, _):
        assert ask(place) == b"li"


@pytest.mark.parametrize(
    "start", [b"", b"HTTP/1.1 200 OK\r\nX-Drip: ", OK + b"\r\n", OK + b"Content-Length: 90\r\n\r\n"]
)
def test_who_drips_is_left_in_time(start):
    began = time.monotonic()
    assert "0.2秒以内" in refusal(start, *[b"a"] * 200, every=0.05, seconds=0.2)
    assert time.monotonic() - began < 5


def test_who_promises_to_continue_for_ever_is_left_in_time():
    assert "秒以内" in refusal(*[b"HTTP/1.1 100 Continue\r\n\r\n"] * 8, every=0.05, seconds=0.2)


def test_compressed_answers_are_not_unpacked():
    assert "圧縮" in refusal(OK + b"Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc")


@pytest.mark.parametrize(
    "garbage", [b"\x00\x01\x02", b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 abc\r\n\r\n", b"", OK + b"a" * 70000]
)
def test_garbage_is_refused(garbage):
    assert "HTTPとして" in refusal(garbage)


def test_who_does_not_answer_at_all_is_told():
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        place = f"127.0.0.1:{reserved.getsockname()[1]}"
    with pytest.raises(NoAnswer, match="つながりませんでした"):
        ask(place)
    with pytest.raises(NoAnswer, match="つながりませんでした"):
        ask("nowhere.invalid", seconds=20)


@pytest.fixture
def encrypted(tmp_path):
    """(the port of a server with TLS, the PEM file of its certificate for "localhost")."""
    words = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"]
    words += ["-keyout", "key.pem", "-out", "server.pem", "-subj", "/CN=localhost", "-addext"]
    openssl(*words, "subjectAltName=DNS:localhost", cwd=tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem", tmp_path / "key.pem")
    with ThreadingHTTPServer(("127.0.0.1", 0), Responder) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda *_: None  # who hangs up during the handshake is not its affair
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server.server_port, tmp_path / "server.pem"
        server.shutdown()


def test_an_encrypted_connection_is_made_with_whom_the_certificate_names(encrypted, monkeypatch):
    port, trusted = encrypted
    hosts = [f"localhost:{port}", f"127.0.0.1:{port}"]
    with pytest.raises(NoAnswer, match="証明書を確認できません"):
        fetch(f"https://localhost:{port}/", hosts, limit=10, seconds=3)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    assert fetch(f"https://localhost:{port}/", hosts, limit=10, seconds=3) == b"list"
    with pytest.raises(NoAnswer, match="証明書を確認できません"):
        fetch(f"https://127.0.0.1:{port}/", hosts, limit=10, seconds=3)


def test_who_speaks_no_tls_is_told():
    with answering(OK) as (place, _), pytest.raises(NoAnswer, match="暗号化した接続"):
        fetch(f"https://{place}/", [place], limit=10, seconds=3)


def test_no_proxy_of_the_environment_stands_between(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with answering(OK + b"Content-Length: 4\r\n\r\nlist") as (place, _):
        assert ask(place) == b"list"


def test_no_thread_stays_behind():
    for _ in range(3):
        refusal(b"", *[b"a"] * 3, every=0.05, seconds=0.1)
    until = time.monotonic() + 10
    while time.monotonic() < until and any(thread.name.startswith("asking") for thread in threading.enumerate()):
        time.sleep(0.02)
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("asking")]
