"""The station at work: it looks for jobs, takes one against its match code, checks it, has it confirmed, does it, reports it.

`state` says at every moment what is being waited for. `look` runs in a thread for each pairing; `claim`, `perform` and `stop` run
one at a time, in the one thread that may open a PIN window. Nothing is tried twice with a PIN.
"""

import time
from collections import deque
from dataclasses import replace
from functools import partial
from hashlib import sha256
from threading import Lock

from tokens.errors import TokenError
from tokens.pin_entry import sign_in
from tokens.station import codes, http, jobs, journal, lists, protocol
from tokens.station.refusals import Refusal
from tokens.station.states import DONE, State, Told, Watched, offers_in

REMEMBERED = 20
PAUSE_SECONDS, AFTER_FAILURE_SECONDS, RESEND_SECONDS = 2, 10, 3
NO_REPORT = "サーバーに結果を伝えられませんでした。"
GO_ON, BACK = "ブラウザーのしるしの画面に戻って、続けてください。", "サーバーにつながりました。"
ARRIVED, HAD_ARRIVED = "finished", "この依頼は、しるしでは終わっています。結果は、しるしの画面で確認してください。"


class Agent:
    """A station with its pairings (device.Pairing), device key, cards.Cards, Journal and prompt (tokens/prompts.py)."""

    def __init__(self, pairings, key, station_cards, record, prompt, clock=time.time, sleep=time.sleep):
        self.pairings, self.key, self.cards, self.journal = list(pairings), key, station_cards, record
        self.prompt, self.clock, self.sleep = prompt, clock, sleep
        self.ready, self.told = [], deque(maxlen=REMEMBERED)
        self._offers, self._links = {}, {each.origin: "connecting" for each in self.pairings}
        self._taken = {}  # job -> its Offer
        self._now, self._lock = None, Lock()

    # What is seen

    @property
    def state(self):
        """The State of this moment."""
        with self._lock:
            now, links = self._now, list(self._links.values())
        if now:
            return now
        if self.ready:
            return State("reading" if self.unread else "confirming")
        if self.offers:
            return State("offered")
        return State(next((name for name in ("waiting", "connecting", "unreachable") if name in links), "revoked"))

    @property
    def offers(self):
        """[Offer, …] that wait for their code. What was taken once is never offered again."""
        with self._lock:
            found = [offer for offers in self._offers.values() for offer in offers]
        return [each for each in found if each.id not in self._taken and each.expires_at > self.clock()]

    @property
    def unread(self):
        """The Ready of the first list of which somebody has not looked at every document, or None."""
        return next((each for each in list(self.ready) if each.unread is not None), None)

    # Looking

    def look(self, pairing):
        """One poll for jobs, answered at once until it is known that the server is there. The seconds to wait before the next
        one, or None if the pairing was revoked."""
        asked = {} if self._links[pairing.origin] == "waiting" else protocol.AT_ONCE
        try:
            answer = self._server(pairing).post("/station/jobs", asked, http.POLL_SECONDS)
            offers = offers_in(answer, pairing)
        except http.ServerRefused as error:
            revoked = error.code == "revoked"
            if self._linked(pairing, "revoked" if revoked else "unreachable", []):
                self._tell(False, pairing.origin, error)
            return None if revoked else AFTER_FAILURE_SECONDS
        except TokenError as error:
            if self._linked(pairing, "unreachable", []):
                self._tell(False, pairing.origin, error)
            return AFTER_FAILURE_SECONDS
        if self._linked(pairing, "waiting", offers) == "unreachable":
            self._tell(True, pairing.origin, None, BACK)
        return PAUSE_SECONDS

    def keep_looking(self, pairing, stopped):
        """`look` again and again until the threading.Event `stopped` is set."""
        while not stopped.is_set():
            seconds = self.look(pairing)
            if seconds is None:
                return
            stopped.wait(seconds)

    # Doing

    def claim(self, job, typed):
        """Take the job (its id) with the code a person typed; check it. Afterwards it is in `ready`, or told why not."""
        offer = next((each for each in self.offers if each.id == job), None)
        if offer is None:
            return self._tell(False, "依頼", Refusal("expired"))
        with self._busy("claiming"):
            try:
                code = codes.digits(typed)
                answer = self._server(offer.pairing).post(f"/station/jobs/{job}/claim", {"code": code})
            except TokenError as error:
                return self._tell(False, offer.title, error)
            self._taken[job] = offer
            try:
                envelope = self._opened(offer, answer)
                self.journal.claim(envelope)
                found = jobs.prepared(envelope, self._document(offer, envelope), self.cards, self.journal)
                self.ready.append(replace(found, one_pin=lists.allows_one_pin(envelope, offer.pairing)))
            except TokenError as error:
                self._give_up(offer, error)

    def answer(self, job, place, wanted):
        """What a person decided on a document of a list after looking at it: True (sign), False (leave it out) or None (look
        again)."""
        for at, ready in enumerate(self.ready):
            if ready.envelope.job == job and 0 <= place < len(ready.parts):
                self.ready[at] = ready.answered(place, wanted)

    def perform(self, confirmed):
        """Do what was confirmed (ids of jobs that are ready), one after another, a PIN for each; stop at the first that fails.
        A list of which a document was not looked at is not done."""
        waiting = [each for each in self.ready if each.envelope.job in confirmed and each.unread is None]
        for number, ready in enumerate(waiting, 1):
            part = f"{len(waiting)}件中{number}件目" if len(waiting) > 1 else ""
            if not self._performed(ready, part):
                return

    def sweep(self):
        """Put away what has expired while nobody confirmed it."""
        for ready in [each for each in self.ready if self.clock() >= each.envelope.expires_at]:
            self.ready.remove(ready)
            self._give_up(self._taken[ready.envelope.job], Refusal("expired"))

    def stop(self, job):
        """The person does not want the job that is ready."""
        for ready in [each for each in self.ready if each.envelope.job == job]:
            self.ready.remove(ready)
            self.journal.write(journal.STOPPED, **journal.of_envelope(ready.envelope))
            told = Refusal("stopped")
            self._tell(False, ready.shown.title, told)
            self._report(self._taken[job], protocol.result("rejected", reason=told.message))

    def _performed(self, ready, part):
        """True if it is out of the way: done, or refused for good."""
        if ready.parts:
            return lists.performed(self, ready)
        envelope, offer = ready.envelope, self._taken[ready.envelope.job]
        with self._busy("signing", part):
            try:
                if self.clock() >= envelope.expires_at:
                    raise Refusal("expired")
                value = jobs.performed(ready, partial(self._asked, ready, part), self.journal)
            except Refusal as error:
                self.ready.remove(ready)
                self._give_up(offer, error)
                return error.code == "expired"
            except TokenError as error:  # a wrong PIN, a card pulled: the person may press again
                self._tell(False, ready.shown.title, error)
                return False
            self.ready.remove(ready)
            body = protocol.result("done", value)
            certificate = sha256(ready.held.der).hexdigest() if ready.held else ""
            self.journal.signed(
                envelope, serial=value.token.serial, certificate=certificate, result=sha256(body).hexdigest()
            )
            if self._report(offer, body, part):
                self._tell(True, ready.shown.title, None, DONE[envelope.type], GO_ON)
        return True

    def _asked(self, ready, part, op, part_of=None, **arguments):
        """One operation with the person's PIN."""
        prompt = Watched(self.prompt, lambda name: self._set(State(name, busy=True, part=part)), part_of)
        self._set(State("signing", busy=True, part=part))
        return sign_in(ready.card.worker, ready.card.token, prompt, op, **arguments)

    def _opened(self, offer, answer):
        text, signature = answer.get("envelope"), answer.get("signature")
        if not isinstance(text, str) or not isinstance(signature, str):
            raise Refusal("malformed", "claim")
        pairing = offer.pairing
        known = {"origin": pairing.origin, "station": pairing.station, "now": self.clock()}
        envelope = protocol.opened(text, signature, protocol.unarmoured(pairing.job_key, 32), **known)
        if (envelope.job, envelope.type) != (offer.id, offer.type):
            raise Refusal("other_job", offer.id)
        if envelope.owner != pairing.owner:
            raise Refusal("other_owner")
        return envelope

    def _document(self, offer, envelope):
        if envelope.type == "seal_list":
            return lists.documents(self._server(offer.pairing), envelope)
        if envelope.type not in jobs.WITH_DOCUMENT:
            return b""
        return self._server(offer.pairing).get(f"/station/jobs/{envelope.job}/document", envelope.payload.size)

    def _give_up(self, offer, error):
        """A job that was claimed is refused for good."""
        told = {"job": offer.id, "type": offer.type, "origin": offer.pairing.origin, "requested_by": offer.requester}
        self.journal.write(journal.REFUSED, **told, reason=error.code, detail=str(error.detail)[:200])
        self._tell(False, offer.title, error)
        if error.code != "expired":
            self._report(offer, protocol.result("failed", reason=error.message))

    def _report(self, offer, body, part="", of="result"):
        """Send a result until it arrives or the job has expired. False (and told) if it was not taken."""
        lost = False
        with self._busy("reporting", part):
            while True:
                try:
                    self._server(offer.pairing).post(f"/station/jobs/{offer.id}/{of}", body, http.RESULT_SECONDS)
                    return True
                except http.Unreachable as error:
                    lost = True
                    self._set(State("resending", busy=True, part=part))
                    if self.clock() + RESEND_SECONDS >= offer.expires_at:
                        self._tell(False, offer.title, error, NO_REPORT)
                        return False
                    self.sleep(RESEND_SECONDS)
                except TokenError as error:
                    arrived = lost and error.code == ARRIVED  # only the answer was lost
                    self._tell(arrived, offer.title, None if arrived else error, HAD_ARRIVED if arrived else "")
                    return False

    def _server(self, pairing):
        return http.Server(pairing.origin, pairing.station, self.key)

    # Telling

    def _busy(self, name, part=""):
        return _Busy(self, State(name, busy=True, part=part))

    def _set(self, state):
        with self._lock:
            before, self._now = self._now, state
        return before

    def _linked(self, pairing, link, offers):
        """Note how the connection is; how it was before, if that differs, else None."""
        with self._lock:
            before, self._links[pairing.origin] = self._links[pairing.origin], link
            self._offers[pairing.origin] = offers
        return before if before != link else None

    def _tell(self, good, title, error, message="", advice=""):
        told = Told(self.clock(), good, title, message or error.message, error.advice if error else advice)
        self.told.appendleft(told)


class _Busy:
    """A state for as long as a with-block lasts; then the one before."""

    def __init__(self, agent, state):
        self.agent, self.state = agent, state

    def __enter__(self):
        self.before = self.agent._set(self.state)

    def __exit__(self, *_):
        self.agent._set(self.before)
