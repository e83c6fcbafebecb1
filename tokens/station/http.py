"""The station's side of the wire: one request at a time to one origin, signed by the device key."""

import http.client
import ssl
import time
from urllib.parse import urlsplit

from tokens.errors import TokenError
from tokens.station import payloads, protocol
from tokens.station.refusals import Refusal

LARGEST_ANSWER = 2_000_000
LARGEST_DOCUMENT = payloads.LARGEST
SECONDS, POLL_SECONDS, RESULT_SECONDS = 20, 40, 60  # the server holds a poll for 25, and examines a result
WHOLE_SECONDS = 120  # for an answer that trickles in
LONGEST_SENTENCE = 300


class ServerRefused(TokenError):
    """The server said no: its code, message and advice."""

    code = "server_refused"

    def __init__(self, code, message, advice, status):
        Exception.__init__(self, message)
        self.code, self.message, self.advice, self.detail = code, message, advice, f"HTTP {status}"


class Unreachable(Refusal):
    """The server did not answer. What was asked may or may not have been done."""


class Server:
    """The server at `origin` for the station `station` (its id; "" while pairing) with the private device `key`."""

    def __init__(self, origin, station="", key=None):
        self.origin, self.station, self.key = protocol.origin_of(origin), station, key

    def post(self, path, values, seconds=SECONDS):
        """The JSON object that answers this one. Raises ServerRefused, Unreachable, Refusal malformed."""
        body = values if isinstance(values, bytes) else protocol.canonical(values)
        data = self._asked("POST", path, body, LARGEST_ANSWER, seconds)
        answer = protocol.plain(data)
        if not isinstance(answer, dict):
            raise Refusal("malformed", "answer")
        return answer

    def get(self, path, largest=LARGEST_DOCUMENT):
        """The bytes at this path. Raises as `post` does."""
        return self._asked("GET", path, b"", largest, SECONDS)

    def _asked(self, method, path, body, largest, seconds):
        headers = {"Accept": "application/json", "User-Agent": f"shirushi-station/{protocol.VERSION}"}
        if method == "POST":
            headers["Content-Type"] = "application/json"
        if self.station:
            signed = (method, path, body, self.origin, time.time())
            headers |= protocol.request_headers(self.key, self.station, *signed)
        connection = self._connection(seconds)
        try:
            connection.request(method, path, body or None, headers)
            with connection.getresponse() as answer:
                data = _whole(answer, largest)
        except ssl.SSLCertVerificationError as error:
            raise Unreachable("server_certificate", error.verify_message) from error
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable("unreachable", type(error).__name__) from error
        finally:
            connection.close()
        if answer.status >= 300:
            raise _refusal(answer.status, data)
        return data

    def _connection(self, seconds):
        parts = urlsplit(self.origin)
        if parts.scheme == "https":
            context = ssl.create_default_context()
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            return http.client.HTTPSConnection(parts.hostname, parts.port, timeout=seconds, context=context)
        return http.client.HTTPConnection(parts.hostname, parts.port, timeout=seconds)


def _whole(answer, largest):
    """The body, up to `largest` bytes and WHOLE_SECONDS."""
    deadline, pieces, size = time.monotonic() + WHOLE_SECONDS, [], 0
    while piece := answer.read1(65536):
        pieces.append(piece)
        size += len(piece)
        if size > largest:
            raise Refusal("too_large")
        if time.monotonic() > deadline:
            raise TimeoutError("trickling")
    if answer.length:
        raise http.client.IncompleteRead(b"", answer.length)
    return b"".join(pieces)


def _refusal(status, data):
    """A redirection is never followed: the origin is pinned."""
    if status < 400:
        return Refusal("redirected", f"HTTP {status}")
    try:
        told = protocol.plain(data)
        code, message, advice = (_sentence(told[name]) for name in ("error", "message", "advice"))
    except (Refusal, KeyError, TypeError):
        return (
            Unreachable("server_failed", f"HTTP {status}") if status >= 500 else Refusal("not_ours", f"HTTP {status}")
        )
    return ServerRefused(code, message, advice, status)


def _sentence(value):
    """A server's sentence as it may be shown: one line, no control characters."""
    if not isinstance(value, str):
        raise TypeError
    return "".join(each for each in value if each.isprintable())[:LONGEST_SENTENCE]
