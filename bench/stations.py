"""Seals a second, each from the request to the finished file, and what a person waits for at a signing station.

In one run, on the same form and the same RSA-3072 key on SoftHSM: through the station (the agent and the intranet in one
process, HTTP between them, the worker process holding the module, files read in the guarded child), by `python -m tokens
seal` started for each file, and by pyHanko started for each file: `pyhanko sign addsig pkcs11` where that program is on
the PATH, else its PKCS11Signer (the name of the row says which). The bare signatures of one open session are what the
token itself could do. One form is sealed again and again: after each round it is put back to be signed once more. What
the person needs (typing the code, reading, the PIN) takes no time here. The median of the rounds counts.

How the worker process and tokend fare against one loop: `bin/bench tokend`.
"""

import contextlib
import logging
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from cryptography import x509
from werkzeug.serving import make_server

from bench import Measured, measurement
from bench._house import furnished
from bench._time import duration
from bench.tokend import BARE, CKA_ID, LABEL, PIN, Loop
from tests import cases
from tests.ca import der
from tests.house import make_app
from tests.papers_pdf import SPOT, plain_pdf
from tests.stationed import Person
from tests.stations import asked, code_on
from tokens import softhsm
from tokens.station import device, pairing
from tokens.station.agent import Agent
from tokens.station.cards import Cards
from tokens.station.journal import Journal
from tokens.worker import TokenWorker
from webapp.pages import HOME
from webapp.papers.freeze import add_seal_field
from webapp.register import Application, ApplicationForm, database
from webapp.settings import Settings

ROUNDS, BARE_CALLS = 5, 100
UNIT = "署名/秒"
STATION, OURS = "署名ステーションで(依頼から台帳まで)", "python -m tokens seal を1件ごとに"
PARTS = {
    "offered": "署名ステーション: 押してから、端末に届くまで",
    "claimed": "署名ステーション: 照合コードから、内容が出るまで",
    "sealed": "署名ステーション: 確定から、署名済みPDFが台帳に入るまで",
}
WHOLE = "署名ステーション: 押してから台帳まで、人の時間を除いて"


@measurement
def seals():
    with tempfile.TemporaryDirectory(prefix="bench-") as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        at = stack.enter_context(_Desk(folder))
        other, theirs = _pyhanko(folder)
        ways = {OURS: at.by_command, theirs: lambda: other(at.form, folder / "theirs.pdf")}
        taken, parts = {name: [] for name in ways}, {name: [] for name in PARTS}
        at.by_station()  # the first starts the worker process and draws with everything cold
        for _ in range(ROUNDS):
            for name, way in ways.items():
                taken[name].append(duration(way))
            for name, seconds in at.by_station().items():
                parts[name].append(seconds)
        bare = at.bare()
    whole = statistics.median(map(sum, zip(*parts.values(), strict=True)))
    seconds = {STATION: whole, **{name: statistics.median(each) for name, each in taken.items()}}
    yield Measured(theirs, 1 / seconds[theirs], UNIT)
    for name in (STATION, OURS):
        yield Measured(name, 1 / seconds[name], UNIT, seconds[theirs] / seconds[name], theirs)
    yield Measured(BARE, 1 / bare, UNIT, seconds[theirs] / bare, theirs)
    yield Measured(WHOLE, whole, "秒", whole / seconds[theirs], theirs)
    for name, each in parts.items():
        part = statistics.median(each)
        yield Measured(PARTS[name], part, "秒", part / whole, WHOLE)


class _Desk:
    """A head at a paired station with a card, and one examined form that waits for the seal."""

    def __init__(self, folder):
        self.folder = folder

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            place = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            url = f"http://127.0.0.1:{place.getsockname()[1]}"
            for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
                stack.enter_context(_environment(name, str(self.folder / name.lower())))
            settings = Settings(data=self.folder / "house", public_url=url)
            settings.data.mkdir()
            authorities = furnished(settings)
            stack.callback(database.close)
            house = make_app(settings)
            stack.enter_context(_served(house, place))
            self.application = _examined(authorities, self.folder)
            self.form = self.folder / "form.pdf"
            self.form.write_bytes(cases.frozen_of(self.application))
            self.env, self.certificate = _card(self.folder, authorities.seal)
            self.browser = house.test_client()
            cards = stack.enter_context(Cards([softhsm.MODULE], self.env))
            self.agent = _paired(self.browser, cases.Cases(authorities, self.folder)("田中"), url, cards)
            self.agent.look(self.agent.pairings[0])  # the first question is answered at once
            self._ended = stack.pop_all()
        return self

    def __exit__(self, *failure):
        return self._ended.__exit__(*failure)

    def by_station(self):
        """Seconds of each part of PARTS, for one seal that is in the register afterwards."""
        Application.update(stage="examined").where(Application.id == self.application.id).execute()
        agent = self.agent
        looking = threading.Thread(target=agent.look, args=(agent.pairings[0],))
        looking.start()  # its question is held open, as that of a station that waits
        time.sleep(0.7)
        began = time.perf_counter()
        page = asked(self.browser, self.application, "seal_pdf")
        looking.join()
        offered = time.perf_counter()
        (offer,) = agent.offers
        code = code_on(page)
        agent.claim(offer.id, code)
        claimed = time.perf_counter()
        agent.perform([offer.id])
        sealed = time.perf_counter()
        if cases.again(self.application).stage != "sealed":
            raise RuntimeError(agent.told[0].message)
        return {"offered": offered - began, "claimed": claimed - offered, "sealed": sealed - claimed}

    def by_command(self):
        output = self.folder / "ours.pdf"
        output.unlink(missing_ok=True)
        command = [sys.executable, "-m", "tokens", "seal", str(self.form), "-o", str(output)]
        reading, writing = os.pipe()
        os.write(writing, PIN.encode() + b"\n")
        os.close(writing)
        command += ["--module", softhsm.MODULE, "--pin-fd", str(reading)]
        try:
            _run(command, self.env, pass_fds=[reading])
        finally:
            os.close(reading)

    def bare(self):
        """Seconds of one signature."""
        with Loop(self.env, self.certificate, bytes(32)) as loop:
            return statistics.median(loop.seconds("bare", BARE_CALLS) for _ in range(ROUNDS)) / BARE_CALLS


def _examined(authorities, folder):
    def printed(words):
        mark = ApplicationForm.select().order_by(-ApplicationForm.id).get().mark
        return add_seal_field(plain_pdf(words, lines=[mark]), 0, SPOT)

    before, cases.frozen_pdf = cases.frozen_pdf, printed  # the station looks for the mark upon the form
    try:
        return cases.Cases(authorities, folder).examined()
    finally:
        cases.frozen_pdf = before


def _card(folder, authority):
    """(environment, certificate DER) of a token that holds the head's key and certificate."""
    env = softhsm.make_token(folder / "card", LABEL, PIN)
    wanted = {"token": LABEL, "pin": PIN}
    key = {"cka_id": CKA_ID, "label": LABEL, "algorithm": "RSA-3072", "subject": [["CN", LABEL]]}
    with TokenWorker(softhsm.MODULE, env) as worker:
        request = x509.load_der_x509_csr(worker.call("make_key", **wanted, **key)["csr_der"])
        certificate = der(authority.smime(request.public_key(), "tanaka@shinsei.example"))
        worker.call("install", **wanted, certificate_der=certificate, chain_ders=authority.chain)
    return env, certificate


def _paired(browser, person, url, cards):
    key = device.key()
    begun = pairing.begin(url, key)
    browser.sign_in_as(person)
    browser.press("/stations/pair", {"code": begun.user_code})
    browser.press(f"/stations/pairings/{begun.pairing}", {"number": begun.match_number})
    made = pairing.finish(begun, key, sleep=lambda _: None)
    return Agent([made], key, cards, Journal(), Person([PIN] * 2 * ROUNDS))


def _pyhanko(folder):
    """(what seals one file, its name)."""
    field = "Seal"
    env = {"SOFTHSM2_CONF": str(folder / "card" / "softhsm2.conf")}
    program = shutil.which("pyhanko")
    if program is None:
        command = [sys.executable, "-m", "bench._pyhanko", softhsm.MODULE, LABEL, field]
        name = "pyHanko の PKCS11Signer を1件ごとに(python)"
        return lambda source, target: _run([*command, source, target], env, input=PIN.encode() + b"\n"), name
    config = folder / "pyhanko.yml"
    lines = [f"module-path: {softhsm.MODULE}", f"token-criteria: {{label: {LABEL}}}", f"user-pin: {PIN}"]
    lines += [f"key-label: {LABEL}", f"cert-id: {CKA_ID.hex()}"]
    config.write_text("pkcs11-setups:\n  bench:\n" + "".join(f"    {line}\n" for line in lines))
    command = [program, "--config", config, "sign", "addsig", "--field", field, "--use-pades", "pkcs11"]
    command += ["--p11-setup", "bench"]
    return lambda source, target: _run([*command, source, target], env), "pyhanko sign addsig pkcs11 を1件ごとに"


def _run(command, env, **more):
    done = subprocess.run(map(str, command), cwd=HOME, env={**os.environ, **env}, capture_output=True, **more)
    if done.returncode:
        raise RuntimeError(done.stderr.decode()[-2000:])


@contextlib.contextmanager
def _served(house, place):
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", place.getsockname()[1], house, threaded=True, fd=place.fileno())
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextlib.contextmanager
def _environment(name, value):
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        os.environ.pop(name)
        if before is not None:
            os.environ[name] = before
