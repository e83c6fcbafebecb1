"""Fetching over HTTP what a certification authority publishes: the one place from which the office asks the network.

Only hosts that the CA profile lists are asked. Nothing is followed, decompressed, or read beyond a limit; whoever
answers slowly is left. What comes back is bytes from outside: read them in the guarded child.
"""

import http.client
import socket
import ssl
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from urllib.parse import urlsplit

from webapp.errors import Refused
from webapp.rules.status_addresses import is_listed

_LONGEST_URL = 2000
_PIECE = 65536
_LATER = "しばらく待って、もう一度お試しください。続く場合は、ネットワークとアドレスを確認してください。"
_ASK_ADDRESS = "アドレスが変わっていないか、認証局の案内で確認してください。"


class NoAnswer(Refused):
    """There is no answer that could be used; nothing was learnt about what was asked."""


def fetch(url, hosts, *, data=None, content_type="", limit, seconds):
    """The body (bytes, at most `limit`) of the answer to a GET of `url`, or to a POST of `data` if given.

    `hosts` are the places that may be asked ("host" or "host:port", from the CA profile). Only an answer 200 counts;
    a redirection is refused, not followed. Everything together takes at most `seconds`. Raises NoAnswer.
    """
    if len(url) > _LONGEST_URL or not is_listed(url, hosts):
        raise NoAnswer("このアドレスには問い合わせません。認証局のプロファイルにないホストです。", _ASK_ADDRESS)
    call = _Call(url, seconds)
    pool = ThreadPoolExecutor(1, "asking")
    try:
        return pool.submit(call.carry, data, content_type, limit).result(seconds)
    except (OSError, http.client.HTTPException) as error:
        raise _trouble(error, call.parts.netloc, seconds) from error
    finally:
        call.hang_up()
        pool.shutdown(wait=False)


class _Call:
    """One exchange. It is carried by a thread of its own, since neither a name server nor a slow header keeps a time
    limit; `hang_up`, called by the one who waits, ends it whatever it is waiting for."""

    def __init__(self, url, seconds):
        self.parts = urlsplit(url)
        self.seconds, self.end = seconds, time.monotonic() + seconds
        self.sock = None

    def carry(self, data, content_type, limit):
        with self._open() as connection:
            headers = {"Accept-Encoding": "identity", "Connection": "close", "User-Agent": "Shirushi"}
            if data is not None:
                headers["Content-Type"] = content_type
            path = (self.parts.path or "/") + (f"?{self.parts.query}" if self.parts.query else "")
            connection.request("GET" if data is None else "POST", path, data, headers)
            with connection.getresponse() as response:
                _check_head(response, limit)
                return _body(response, limit)

    @contextmanager
    def _open(self):
        """A connection of http.client, which knows no proxies, follows nothing and keeps no cookies."""
        host, is_secure = self.parts.hostname, self.parts.scheme == "https"
        port = self.parts.port or (443 if is_secure else 80)
        with socket.create_connection((host, port), timeout=self.seconds) as plain:
            self.sock = _secured(plain, host) if is_secure else plain
            with self.sock:
                if time.monotonic() > self.end:  # who waited has left before there was anything to hang up
                    raise TimeoutError
                if is_secure:
                    self.sock.do_handshake()
                connection = (http.client.HTTPSConnection if is_secure else http.client.HTTPConnection)(host, port)
                connection.sock = self.sock
                yield connection

    def hang_up(self):
        try:
            if self.sock is not None:
                self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # it has ended by itself


def _secured(sock, host):
    """TLS round a socket, with nothing said yet; the handshake checks the certificate and its name."""
    context = ssl.create_default_context()
    return context.wrap_socket(sock, server_hostname=host, do_handshake_on_connect=False)


def _check_head(response, limit):
    if 300 <= response.status < 400:
        sentence = f"相手が別のアドレスへ転送しようとしました(HTTP {response.status})。転送先には問い合わせません。"
        raise NoAnswer(sentence, _ASK_ADDRESS)
    if response.status != 200:
        raise NoAnswer(f"相手が断りました(HTTP {response.status})。", _LATER)
    if response.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise NoAnswer("圧縮された回答は読み取りません。", _ASK_ADDRESS)
    if response.length is not None and response.length > limit:
        raise _too_large(limit)


def _body(response, limit):
    body = bytearray()
    while piece := response.read(min(_PIECE, limit + 1 - len(body))):
        body += piece
        if len(body) > limit:
            raise _too_large(limit)
    if response.length:  # less came than was promised
        raise http.client.IncompleteRead(bytes(body), response.length)
    return bytes(body)


def _too_large(limit):
    return NoAnswer(f"回答が大きすぎます。上限は{limit // 1024} KBです。", _ASK_ADDRESS)


def _trouble(error, place, seconds):
    if isinstance(error, TimeoutError):
        return NoAnswer(f"{place} から、{seconds}秒以内に回答がありませんでした。", _LATER)
    if isinstance(error, ssl.SSLError):
        return NoAnswer(f"{place} と暗号化した接続ができませんでした。証明書を確認できません。", _ASK_ADDRESS)
    if isinstance(error, http.client.HTTPException):
        return NoAnswer(f"{place} の回答は、HTTPとして読み取れないか、途中で切れています。", _LATER)
    return NoAnswer(f"{place} につながりませんでした({type(error).__name__})。", _LATER)
