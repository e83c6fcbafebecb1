"""The station's window: a page for the browser of this PC, on 127.0.0.1 and nowhere else.

It opens through a file only this person can read, with a code that works once and gives a cookie; every address lies under a secret
path, so that no other port of this PC is sent the cookie. Other sites get in neither by script, form, frame nor by a name of their
own for 127.0.0.1 (DNS rebinding). It shows and confirms; it has no field for a PIN.
"""

import hmac
import queue
import secrets
import socketserver
import threading
from http.cookies import CookieError, SimpleCookie
from http.server import BaseHTTPRequestHandler
from importlib.resources import files
from urllib.parse import parse_qs, urlsplit

from tokens.station import device, pages

FILE = "window.html"
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # no-referrer would make browsers send "Origin: null" with our own forms
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
LONGEST_BODY = 4_000
SECONDS = 10
ANSWERS = {"sign": True, "leave": False, "again": None}
FRAMES = ("frame", "iframe", "embed", "object", "fencedframe")
NOT_HERE = (
    "この画面は、署名ステーションから開いてください。",
    "「署名ステーションを開く」または「python -m tokens station window」で開き直せます。",
)


class Window:
    """The window of an agent. `serve` starts it; `actions` yields what was pressed, to be done in the caller's thread."""

    def __init__(self, agent):
        self.agent = agent
        self.actions = queue.SimpleQueue()
        self.waiting = threading.Lock()  # one action at a time
        self.base = "/" + secrets.token_urlsafe(16)
        self.cookie = secrets.token_urlsafe(32)
        self.code = secrets.token_urlsafe(32)
        self._entering = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.window = self
        self.port = self._server.server_address[1]
        self.host = f"127.0.0.1:{self.port}"
        self.origin = f"http://{self.host}"

    def serve(self, seconds=0.5):
        """Answer in a thread, and lay out the file that opens the window; `close` takes up to `seconds`."""
        threading.Thread(target=self._server.serve_forever, args=(seconds,), daemon=True).start()
        self._lay_out()

    def close(self):
        (device.folder() / FILE).unlink(missing_ok=True)
        self._server.shutdown()
        self._server.server_close()

    @property
    def address(self):
        """The address that works once."""
        return f"{self.origin}/enter?code={self.code}"

    @property
    def busy(self):
        return self.waiting.locked() or self.agent.state.busy

    def enter(self, code):
        """True if the code is right; from then on another one is."""
        with self._entering:
            if not hmac.compare_digest(code.encode(), self.code.encode()):
                return False
            self.code = secrets.token_urlsafe(32)
        self._lay_out()
        return True

    def ask_for(self, action, *arguments):
        """Put an action in the line, unless another is under way."""
        if self.waiting.acquire(blocking=False):
            self.actions.put((action, arguments))

    def at_once(self, action, *arguments):
        """Do an action that asks nobody and takes no time, unless another is under way."""
        if self.waiting.acquire(blocking=False):
            try:
                action(*arguments)
            finally:
                self.waiting.release()

    def act(self, seconds):
        """Do the next action that was pressed, in this thread; nothing if none is for `seconds`."""
        try:
            action, arguments = self.actions.get(timeout=seconds)
        except queue.Empty:
            return
        try:
            action(*arguments)
        finally:
            self.waiting.release()

    def _lay_out(self):
        device.replace(device.folder() / FILE, pages.entrance(self.address).encode("utf-8"))


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = False

    def handle_error(self, request, client_address):
        """A browser that hangs up is no news."""


class _Handler(BaseHTTPRequestHandler):
    timeout = SECONDS
    server_version, sys_version = "station", ""

    def do_GET(self):
        self._answered(self._got)

    def do_POST(self):
        self._answered(self._posted)

    def log_message(self, *_):
        """No line for each request: they would hold the code."""

    @property
    def window(self):
        return self.server.window

    def _answered(self, answer):
        if self.headers.get_all("Host") != [self.window.host] or self.headers.get("Sec-Fetch-Dest") in FRAMES:
            return self._send(403, pages.refused(*NOT_HERE))
        parts = urlsplit(self.path)
        if parts.path == "/enter" and self.command == "GET":
            return self._entered(parse_qs(parts.query).get("code", [""])[0])
        if parts.path == "/favicon.ico":  # browsers ask by themselves, and complain of a refusal
            return self._send(204, b"", "image/x-icon")
        if not self._is_ours(parts.path):
            return self._send(403, pages.refused(*NOT_HERE))
        return answer(parts.path.removeprefix(self.window.base))

    def _is_ours(self, path):
        """The cookie, the secret path, and a request that our own page made (or a person at the address bar)."""
        if not path.startswith(self.window.base + "/") or not hmac.compare_digest(self._cookie(), self.window.cookie):
            return False
        site, origin = self.headers.get("Sec-Fetch-Site"), self.headers.get("Origin")
        if self.command == "POST":
            return origin == self.window.origin if origin else site == "same-origin"
        return site in (None, "same-origin", "none") and origin in (None, self.window.origin)

    def _cookie(self):
        try:
            found = SimpleCookie(self.headers.get("Cookie", "")).get("station")
        except CookieError:
            found = None
        return found.value if found and found.value.isascii() else ""

    def _entered(self, code):
        if not self.window.enter(code):
            return self._send(403, pages.refused(*NOT_HERE))
        cookie = f"station={self.window.cookie}; HttpOnly; SameSite=Strict; Path={self.window.base}/"
        return self._send(200, pages.entrance(self.window.base + "/"), cookie=cookie)

    def _got(self, path):
        window = self.window
        if path == "/":
            return self._send(200, pages.home(window.agent, window.base, window.busy))
        if path == "/station.css":
            css = files("tokens.station").joinpath("station.css").read_bytes()
            return self._send(200, css, "text/css; charset=utf-8")
        kind, job, *numbers = path.strip("/").split("/")[:4] if path.count("/") > 1 else ("", "")
        ready = next((each for each in window.agent.ready if each.envelope.job == job), None)
        if ready and ready.parts:
            ready, numbers = _at(ready.parts, numbers), numbers[1:]
        if ready and kind == "page" and (picture := _at(ready.shown.pages, numbers)):
            return self._send(200, picture, "image/png")
        if ready and kind == "document" and ready.shown.document:
            media_type, data = ready.shown.document
            return self._send(200, data, media_type)
        return self._send(
            404, pages.refused("このページはありません。", "署名ステーションの画面を開き直してください。")
        )

    def _posted(self, path):
        fields = self._fields()
        window, job = self.window, fields.get("job", "")
        if path == "/claim":
            window.ask_for(window.agent.claim, job, fields.get("code", ""))
        elif path == "/stop":
            window.ask_for(window.agent.stop, job)
        elif path == "/look" and fields.get("answer") in ANSWERS and fields.get("place", "").isdecimal():
            window.at_once(window.agent.answer, job, int(fields["place"][:4]), ANSWERS[fields["answer"]])
        elif path == "/sign" and job and job == pages.confirmed(window.agent.ready):
            window.ask_for(window.agent.perform, tuple(each.split(":")[0] for each in job.split()))
        self._send(303, b"", location=window.base + "/")

    def _fields(self):
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > LONGEST_BODY:
            return {}
        typed = parse_qs(self.rfile.read(int(length)).decode("utf-8", "replace"), max_num_fields=10)
        return {name: values[0] for name, values in typed.items()}

    def _send(self, status, body, media_type="text/html; charset=utf-8", cookie="", location=""):
        body = body if isinstance(body, bytes) else body.encode("utf-8")
        self.send_response(status)
        for name, value in {**HEADERS, "Content-Type": media_type, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        if cookie:
            self.send_header("Set-Cookie", cookie)
        if location:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(body)


def _at(values, numbers):
    """The value at the place that the first of these texts names, or None."""
    number = numbers[0] if numbers else ""
    return values[int(number)] if number.isdecimal() and len(number) < 5 and int(number) < len(values) else None
