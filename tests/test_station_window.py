"""The station's window: what a person sees and presses there, and that no other site or program gets in."""

import http.client
import re
import socket
import threading
from html.parser import HTMLParser
from urllib.parse import urlencode, urlsplit

import pytest
from played_intranet import CODE
from stationed import MAIL, NUMBER, Person, card_with, form, reader, seal, station, taken

from tokens.station import device
from tokens.station.window import FILE, Window

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("own_folders")]

EVIL = "https://evil.example"


@pytest.fixture(scope="module")
def cards(tmp_path_factory):
    with reader(card_with(tmp_path_factory.mktemp("window"))[0]) as found:
        yield found


@pytest.fixture
def person():
    return Person()


@pytest.fixture
def agent(intranet, cards, person):
    return station(intranet, cards, person)


@pytest.fixture
def window(agent):
    made = Window(agent)
    made.serve(seconds=0.02)
    yield made
    made.close()


class Browser:
    """Asks as a browser would: with the cookie it was given, and what it says of where a request comes from."""

    def __init__(self, window):
        self.window, self.cookie = window, ""

    def ask(self, method, path, body=None, **headers):
        """(status, headers, text)."""
        said = {"Host": self.window.host, "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Dest": "document"}
        if self.cookie:
            said["Cookie"] = self.cookie
        if method == "POST":
            said |= {"Origin": self.window.origin, "Content-Type": "application/x-www-form-urlencoded"}
        said |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection("127.0.0.1", self.window.port, timeout=5)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in said.items():
                if value is not None:
                    connection.putheader(name, value)
            data = urlencode(body).encode() if body else b""
            if method == "POST":
                connection.putheader("Content-Length", str(len(data)))
            connection.endheaders(data)
            with connection.getresponse() as answer:
                return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def enter(self):
        """As the file leads in."""
        address = re.search(r"url=([^\"]+)", (device.folder() / FILE).read_text("utf-8"))[1]
        parts = urlsplit(address)
        status, headers, page = self.ask("GET", f"{parts.path}?{parts.query}", Sec_Fetch_Site="cross-site")
        assert status == 200, page
        self.cookie = headers["Set-Cookie"].split(";")[0]
        return headers

    def home(self):
        status, _, page = self.ask("GET", f"{self.window.base}/")
        assert status == 200
        return page.decode()

    def press(self, action, **fields):
        status, headers, _ = self.ask("POST", f"{self.window.base}/{action}", fields)
        assert (status, headers["Location"]) == (303, f"{self.window.base}/")
        if self.window.waiting.locked():
            self.window.act(5)


@pytest.fixture
def browser(window):
    made = Browser(window)
    made.enter()
    return made


# What a person does there


def test_a_form_is_seen_confirmed_and_sealed_in_the_window(browser, agent, intranet):
    assert "依頼を待っています" in browser.home() or "つないでいます" in browser.home()
    document = form()
    job = intranet.offer(seal(document), document)
    agent.look(agent.pairings[0])
    page = browser.home()
    assert "確認番号(6桁)" in page and "鈴木 花子" in page and intranet.origin in page
    browser.press("claim", job=job, code=CODE)
    page = browser.home()
    for words in (NUMBER, MAIL, "鈴木 花子", intranet.origin, "申請書への電子署名", "署名する", "やめる"):
        assert words in page
    picture = browser.ask("GET", f"{browser.window.base}/page/{job}/0")
    assert picture[0] == 200 and picture[2].startswith(b"\x89PNG")
    pdf = browser.ask("GET", f"{browser.window.base}/document/{job}")
    assert (pdf[1]["Content-Type"], pdf[2]) == ("application/pdf", document)
    browser.press("sign", job=job)
    assert intranet.result(job)[0] == "done"
    assert "申請書に署名し、しるしに送りました。" in browser.home()
    assert browser.ask("GET", f"{browser.window.base}/page/{job}/0")[0] == 404


def test_several_forms_are_shown_one_below_the_other_and_confirmed_once(browser, agent, intranet, person):
    document = form()
    jobs = [intranet.offer(seal(document), document) for _ in range(2)]
    agent.look(agent.pairings[0])
    for job in jobs:
        browser.press("claim", job=job, code=CODE)
    page = browser.home()
    assert page.count("<img") == 2 and "2件を続けて実行する" in page and "PINの入力は全部で2回です" in page
    browser.press("sign", job=" ".join(jobs))
    assert [intranet.result(job)[0] for job in jobs] == ["done", "done"] and person.asked == 2


def test_a_press_for_other_jobs_than_those_shown_does_nothing(browser, agent, intranet, person):
    document = form()
    jobs = [intranet.offer(seal(document), document) for _ in range(2)]
    agent.look(agent.pairings[0])
    browser.press("claim", job=jobs[0], code=CODE)
    shown_then = jobs[0]
    browser.press("claim", job=jobs[1], code=CODE)
    for said in (shown_then, "", "j-99", " ".join(reversed(jobs))):
        browser.press("sign", job=said)
    assert person.asked == 0 and len(agent.ready) == 2


def test_stopping_asks_for_no_pin(browser, agent, intranet, person):
    document = form()
    job = intranet.offer(seal(document), document)
    taken(agent, job)
    browser.press("stop", job=job)
    assert intranet.result(job)[0] == "rejected" and person.asked == 0
    assert "依頼を断りました" in browser.home()


def test_a_wrong_code_is_told_on_the_page(browser, agent, intranet):
    job = intranet.offer(seal(form()), form())
    agent.look(agent.pairings[0])
    browser.press("claim", job=job, code="12")
    assert "番号の形が正しくありません。" in browser.home()


def test_while_something_is_done_nothing_can_be_pressed_and_the_page_follows(browser, agent, intranet, person):
    document = form()
    job = intranet.offer(seal(document), document)
    taken(agent, job)
    seen = []
    asked = person.pin

    def pin(question):
        seen.append(browser.home())
        browser.press_only = browser.ask("POST", f"{browser.window.base}/sign", {"job": job})
        return asked(question)

    person.pin = pin
    browser.press("sign", job=job)
    assert "PINの入力を待っています" in seen[0] and "<form" not in seen[0] and 'http-equiv="refresh"' in seen[0]
    assert person.asked == 1 and browser.window.actions.empty()


class Fields(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attributes):
        if tag in ("input", "textarea", "select"):
            self.found.append(dict(attributes))


def test_no_page_has_a_field_for_a_pin(browser, agent, intranet):
    document = form()
    jobs = [intranet.offer(seal(document), document) for _ in range(2)]
    taken(agent, jobs[0])
    fields = Fields()
    fields.feed(browser.home())
    assert {(each["name"], each.get("type")) for each in fields.found} == {("code", None), ("job", "hidden")}


def test_words_from_outside_are_shown_and_do_nothing(browser, agent, intranet):
    document = form()
    job = intranet.offer(seal(document, form_name="<script>alert(1)</script>\"'&"), document)
    taken(agent, job)
    page = browser.home()
    assert "<script" not in page and "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#x27;&amp;" in page


# Who does not get in


def addresses(window, job):
    base = window.base
    return [
        f"{base}/",
        f"{base}/station.css",
        f"{base}/page/{job}/0",
        f"{base}/document/{job}",
        "/",
        "/enter",
        "/enter?code=",
        base,
    ]


@pytest.fixture
def waiting(agent, intranet):
    """A job that is ready to be confirmed."""
    document = form()
    job = intranet.offer(seal(document), document)
    taken(agent, job)
    return job


def turned_away(answer):
    status, headers, body = answer
    assert status in (403, 501), body[:200]
    assert not [name for name in headers if name.lower().startswith("access-control-")]
    assert b"PNG" not in body and NUMBER.encode() not in body
    return True


def test_another_site_reads_none_of_the_addresses(browser, window, waiting):
    for path in addresses(window, waiting):
        for mode in ("cors", "no-cors", "navigate"):
            said = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": mode, "Origin": EVIL}
            assert turned_away(browser.ask("GET", path, **said))
        assert turned_away(browser.ask("GET", path, Sec_Fetch_Site="same-site"))  # another port of this PC
        assert turned_away(browser.ask("OPTIONS", path, Origin=EVIL, Access_Control_Request_Method="POST"))


def test_another_site_frames_none_of_the_addresses(browser, window, waiting):
    for path in addresses(window, waiting):
        for dest in ("iframe", "frame", "embed", "object"):
            assert turned_away(browser.ask("GET", path, Sec_Fetch_Dest=dest, Sec_Fetch_Site="cross-site"))
            assert turned_away(browser.ask("GET", path, Sec_Fetch_Dest=dest))
    _, headers, _ = browser.ask("GET", f"{window.base}/")
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"] and headers["X-Frame-Options"] == "DENY"
    assert "default-src 'none'" in headers["Content-Security-Policy"] and headers["Cache-Control"] == "no-store"


def test_another_site_posts_nothing(browser, window, waiting, agent, person):
    for action in ("sign", "stop", "claim"):
        for origin in (EVIL, "null", "http://127.0.0.1:1", f"http://localhost:{window.port}", f"https://{window.host}"):
            said = {"Origin": origin, "Sec_Fetch_Site": "cross-site"}
            assert turned_away(browser.ask("POST", f"{window.base}/{action}", {"job": waiting}, **said))
        for site in ("cross-site", "same-site", "none", None):
            said = {"Origin": None, "Sec_Fetch_Site": site}
            assert turned_away(browser.ask("POST", f"{window.base}/{action}", {"job": waiting}, **said))
    assert window.actions.empty() and person.asked == 0 and len(agent.ready) == 1


def test_another_name_for_this_computer_leads_nowhere(browser, window, waiting):
    """DNS rebinding: the browser thinks that evil.example is here, and calls it same-origin."""
    for host in (
        "evil.example",
        f"evil.example:{window.port}",
        f"localhost:{window.port}",
        "127.0.0.1",
        f"[::1]:{window.port}",
        None,
    ):
        for path in addresses(window, waiting):
            assert turned_away(browser.ask("GET", path, Host=host))
        said = {"Host": host, "Origin": f"http://{host}"}
        assert turned_away(browser.ask("POST", f"{window.base}/sign", {"job": waiting}, **said))


def test_without_the_cookie_or_the_secret_path_there_is_nothing(window, waiting):
    stranger = Browser(window)
    for path in addresses(window, waiting):
        for cookie in ("", "station=", "station=wrong", "station=\xe9", 'station="', "a=b; c"):
            stranger.cookie = cookie
            assert turned_away(stranger.ask("GET", path))
            assert turned_away(stranger.ask("POST", path, {"job": waiting}))


def test_the_way_in_works_once_and_only_for_this_person(window):
    first = (device.folder() / FILE).read_text("utf-8")
    assert (device.folder() / FILE).stat().st_mode & 0o777 == 0o600
    browser = Browser(window)
    headers = browser.enter()
    assert "HttpOnly" in headers["Set-Cookie"] and "SameSite=Strict" in headers["Set-Cookie"]
    assert f"Path={window.base}/" in headers["Set-Cookie"]
    code = re.search(r"code=([^\"]+)", first)[1]
    assert turned_away(browser.ask("GET", f"/enter?code={code}"))
    assert turned_away(browser.ask("POST", f"/enter?code={window.code}"))
    assert code not in (device.folder() / FILE).read_text("utf-8")
    Browser(window).enter()  # the file always holds a fresh one
    assert browser.home()


def test_the_window_listens_on_this_computer_alone(window):
    assert window._server.server_address[0] == "127.0.0.1"
    for address in {each[4][0] for each in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)} - {
        "127.0.0.1"
    }:
        with pytest.raises(OSError), socket.create_connection((address, window.port), 1):
            pass


def test_bad_requests_are_answered_or_dropped_and_the_window_lives(browser, window):
    for data in (
        b"\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"\xff" * 5000,
        b"GET /" + b"a" * 70_000,
    ):
        with socket.create_connection(("127.0.0.1", window.port), 2) as connection:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            try:
                while connection.recv(4096):
                    pass
            except ConnectionResetError:
                pass
    body = {"job": "x" * 5000}
    assert browser.ask("POST", f"{window.base}/sign", body)[0] == 303
    for path in ("/page", "/page/x", "/page/../..", "/page/j-1/999999999999", "/document/%00"):
        assert browser.ask("GET", window.base + path)[0] == 404
    assert browser.home() and threading.active_count() < 50
