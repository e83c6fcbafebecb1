"""A signing station for tests: what tokens/station/ does over HTTP, by a key in memory and through the application's own client.

station = Station.paired(house, browser, sato)
envelope = station.opened(code_on(asked(browser, application, "seal_pdf")))
"""

import re

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.reading_client import Page
from tokens.station import payloads, protocol
from webapp import clock
from webapp.register import StationJob

ORIGIN = "http://localhost"
TOKEN = payloads.Token("試験用カード", "0001", "Test")


class Station:
    """`number` and `job_key` (raw bytes) are known once it is paired; `client` has no cookie."""

    def __init__(self, house):
        self.client, self.key = house.test_client(use_cookies=False), Ed25519PrivateKey.generate()
        self.number, self.job_key, self.begun, self.last = "", b"", {}, None

    @classmethod
    def paired(cls, house, browser, person):
        station = cls(house)
        station.begin()
        browser.sign_in_as(person)
        page = browser.press("/stations/pair", {"code": station.begun["user_code"].lower().replace("-", " ")})
        assert page.heading == "端末の確認", page.text
        browser.press(f"/stations/pairings/{station.begun['pairing']}", {"number": station.begun["match_number"]})
        assert station.poll()["state"] == "paired"
        return station

    # Pairing

    def begin(self, **changed):
        said = {
            "device_key": protocol.armoured(protocol.raw(self.key)),
            "host": "pc-12",
            "user": "tanaka",
            "version": "0.1",
        }
        answer = self.post("/station/pairings", said | changed)
        if answer.status_code == 201:
            self.begun = answer.json
            self.job_key = protocol.unarmoured(answer.json["job_key"])
        return answer

    def poll(self, key=None):
        number = self.begun["pairing"]
        signature = protocol.pairing_signature(key or self.key, number)
        answer = self.post(f"/station/pairings/{number}/poll", {"signature": signature})
        self.number = answer.json.get("station", self.number)
        return answer.json

    def post(self, path, values):
        return self.client.post(path, data=protocol.canonical(values))

    # Signed requests

    def ask(self, method, path, body=b"", origin=ORIGIN, now=None, key=None, number=None, sent=None):
        """A signed request; `sent` replaces the body after signing."""
        now = now if now is not None else clock.now().timestamp()
        self.last = protocol.request_headers(key or self.key, number or self.number, method, path, body, origin, now)
        return self.client.open(path, method=method, data=body if sent is None else sent, headers=self.last)

    def jobs(self):
        answer = self.ask("POST", "/station/jobs", b"{}")
        assert answer.status_code == 200, answer.json
        return answer.json["jobs"]

    def claim(self, handle, code):
        return self.ask("POST", f"/station/jobs/{handle}/claim", protocol.canonical({"code": code}))

    def opened(self, code, handle=None):
        """The Envelope of the newest job, checked as a station checks it."""
        answer = self.claim(handle or self.jobs()[-1]["id"], code)
        assert answer.status_code == 200, answer.json
        now = clock.now().timestamp()
        found = answer.json["envelope"], answer.json["signature"], self.job_key
        return protocol.opened(*found, origin=ORIGIN, station=self.number, now=now)

    def document(self, envelope):
        return self.ask("GET", f"/station/jobs/{envelope.job}/document")

    def give(self, envelope, value=None, outcome="done", reason="利用者が取りやめました。"):
        body = protocol.result(outcome, value, reason)
        return self.ask("POST", f"/station/jobs/{envelope.job}/result", body)


def asked(browser, application, kind, **given):
    """Press the button of a kind; the page that follows the job."""
    return browser.press("/jobs", {"application": application.id, "kind": kind, **given})


def code_on(page):
    """The match code that a page shows, or None."""
    found = re.search(r"確認番号 ([0-9]{3}) ([0-9]{3}) ", page.text if isinstance(page, Page) else page)
    return "".join(found.groups()) if found else None


def newest():
    """The newest job's row."""
    return StationJob.select().order_by(-StationJob.id).get()


def error(answer):
    """(status, word) of a refusal."""
    return answer.status_code, answer.json["error"]
