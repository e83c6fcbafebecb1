"""The intranet as a station meets it, played by a small HTTP server that speaks tokens/station/protocol.py: a fake of the outermost
edge, so that the station's side can be tried alone, also with what no honest server would send.

    with PlayedIntranet() as intranet:
        pairing = intranet.paired(device_key)
        job = intranet.offer(payload, document=b"…")
"""

import json
import sys
import threading
import time
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tokens.station import codes, payloads, protocol
from tokens.station.device import Pairing
from tokens.station.refusals import Refusal

STATION, OWNER, CODE = "st-7", "田中 一郎", "042317"


@dataclass
class Job:
    """`changes` replaces parts of the envelope before it is signed; `raw` is sent instead of a signed envelope. Of a list,
    `document` are several, `parts` the results that came for each, `refuses` the places whose results are not taken."""

    id: str
    payload: object
    document: bytes = b""
    changes: dict = field(default_factory=dict)
    raw: tuple = ()
    key: object = None
    state: str = "offered"
    wrong: int = 0
    result: tuple = ()
    parts: dict = field(default_factory=dict)
    refuses: tuple = ()


class _Server(ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        """A station that goes away in the middle of an answer is nothing to report."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class PlayedIntranet:
    def __init__(self):
        self.job_key, self.device_key = Ed25519PrivateKey.generate(), None
        self.jobs, self.nonces, self.asked = {}, set(), []
        self.pairings = {}
        self.lose_results = 0  # so many results are lost on their way
        self.lose_answers = 0  # so many arrive, but the answer is lost
        self.answers = {}  # path -> (status, headers, body) instead of what an honest server says
        self.revoked = False
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._server.intranet = self
        self.origin = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    def paired(self, device_key):
        """The Pairing that a station with this key would have made."""
        self.device_key = protocol.raw(device_key)
        return Pairing(self.origin, STATION, OWNER, protocol.armoured(protocol.raw(self.job_key)))

    def offer(self, payload, document=b"", **more):
        """A job for the station; its id. Its match code is CODE."""
        job = Job(f"j-{len(self.jobs) + 1}", payload, document, **more)
        self.jobs[job.id] = job
        return job.id

    def result(self, job):
        """(outcome, value, reason) that came for this job, or None."""
        return self.jobs[job].result or None

    # What the server answers

    def answer(self, method, path, headers, body):
        """(status, bytes) or None: the connection just ends."""
        if method == "POST" and path == "/station/pairings":
            return self._begun(json.loads(body))
        if path.startswith("/station/pairings/"):
            return self._polled(path.split("/")[3], json.loads(body))
        if self.revoked:
            return _no(403, "revoked")
        try:
            nonce = protocol.check_request(headers, self.device_key, method, path, body, self.origin, time.time())
        except Refusal as error:
            return _no(401, error.code)
        if nonce in self.nonces:
            return _no(401, "replayed")
        self.nonces.add(nonce)
        if path == "/station/jobs":
            return _yes({"jobs": [_listed(job) for job in self.jobs.values() if job.state == "offered"]})
        _, _, _, job, act, *part = path.split("/")
        if act == "documents":
            place, found = int(part[0]), self.jobs[job]
            return self._part_taken(found, place, body) if part[1:] else (200, found.document[place])
        return {"claim": self._claimed, "document": self._document, "result": self._taken}[act](self.jobs[job], body)

    def _begun(self, values):
        self.device_key = protocol.unarmoured(values["device_key"], 32)
        self.pairings["p-1"] = values | {
            "state": "pending",
            "user_code": codes.new_user_code(),
            "number": codes.new_digits(),
        }
        told = {"pairing": "p-1", "user_code": self.pairings["p-1"]["user_code"], "expires_in": 600, "interval": 1}
        key = protocol.armoured(protocol.raw(self.job_key))
        return _yes(told | {"match_number": self.pairings["p-1"]["number"], "origin": self.origin, "job_key": key}, 201)

    def _polled(self, pairing, values):
        protocol.check_pairing(self.device_key, pairing, values["signature"])
        state = self.pairings[pairing]["state"]
        return _yes({"state": state} | ({"station": STATION, "owner": OWNER} if state == "paired" else {}))

    def _claimed(self, job, body):
        if job.state != "offered":
            return _no(409, "claimed")
        if json.loads(body)["code"] != CODE:
            job.wrong += 1
            job.state = "dead" if job.wrong == 3 else job.state
            return _no(403, "wrong_code")
        job.state = "claimed"
        text, signature = job.raw or protocol.signed(self.envelope(job), job.key or self.job_key)
        return _yes({"envelope": text, "signature": signature})

    def envelope(self, job):
        words = {"origin": self.origin, "station": STATION, "owner": OWNER, "requested_by": "鈴木 花子"}
        made = protocol.envelope(job.payload, job=job.id, title="申請書への署名", now=time.time(), **words)
        return replace(made, **job.changes)

    def _document(self, job, body):
        return 200, job.document

    def _part_taken(self, job, place, body):
        if self.lose_results:
            self.lose_results -= 1
            return None
        if place in job.parts:
            return _no(409, "finished")
        if place in job.refuses:
            job.parts[place] = None
            return _no(409, "refused")
        job.parts[place] = protocol.result_read("seal_pdf", body)[1]
        if self.lose_answers:
            self.lose_answers -= 1
            return None
        return _yes({"state": "done"})

    def _taken(self, job, body):
        if self.lose_results:
            self.lose_results -= 1
            return None
        if job.result:
            return _no(409, "finished")
        job.result = protocol.result_read(self.envelope(job).type, body)
        job.state = job.result[0]
        if self.lose_answers:
            self.lose_answers -= 1
            return None
        return _yes({"state": job.state})


def payload(kind, **values):
    return payloads.read(payloads.ASKED[kind], values)


def _listed(job):
    kind = next(name for name, asked in payloads.ASKED.items() if isinstance(job.payload, asked))
    words = {"title": "申請書への署名", "requester": "鈴木 花子", "expires_at": int(time.time()) + 600}
    return {"id": job.id, "type": kind, **words}


def _yes(values, status=200):
    return status, json.dumps(values).encode()


def _no(status, code):
    return status, json.dumps(
        {"error": code, "message": f"だめでした({code})。", "advice": "やり直してください。"}
    ).encode()


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        self._answer(self.rfile.read(int(self.headers["Content-Length"] or 0)))

    def do_GET(self):
        self._answer(b"")

    def _answer(self, body):
        intranet = self.server.intranet
        intranet.asked.append((self.command, self.path, dict(self.headers), body))
        status, headers, data = intranet.answers.get(self.path) or self._honest(intranet, body)
        if status is None:
            self.close_connection = True
            return
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def _honest(self, intranet, body):
        answer = intranet.answer(self.command, self.path, self.headers, body)
        return (answer[0], {}, answer[1]) if answer else (None, {}, b"")

    def log_message(self, *_):
        pass
