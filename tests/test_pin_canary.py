"""A PIN that stands nowhere else in the world is used for everything a PIN is used for; afterwards it is looked for everywhere.

The one file that may hold it is tokend's own credential. A PIN in the memory of a process is not looked for. The keys pressed on the
page of the practice reader's PIN pad (webapp/practice/pad/), which stands for hardware, are excepted by name: `hands.bodies`.
"""

import base64
import io
import logging
import os
import secrets
import sqlite3
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID as Purpose

from tests.ca import der
from tests.cases import again, frozen_of
from tests.pressed import Hands
from tests.softhsm import TestToken, run
from tests.stationed import Person
from tests.stations import asked, newest
from tests.test_station_story import carried_out, own_folders, station_of, url  # noqa: F401 - two are fixtures
from tests.test_tokens_tokend import running
from tokens import softhsm
from tokens.worker import TokenWorker
from webapp.acts import delivery, keys
from webapp.practice.pad.service import PadService
from webapp.register import Certificate, Content, Institution

pytestmark = pytest.mark.slow

PIN = "Uk" + secrets.token_hex(9)
PAD_PIN = "".join(secrets.choice("123456789") for _ in range(16))  # a pad has digits alone
LOOKS_EACH = 0.03  # seconds
BOTH = {"purposes": (Purpose.EMAIL_PROTECTION, Purpose.CLIENT_AUTH)}


def test_a_pin_is_nowhere_but_in_the_hands_that_type_it(
    url,  # noqa: F811
    house,
    browser,
    case,
    by,
    sato,
    suzuki,
    tanaka,
    authorities,
    tmp_path,
    monkeypatch,
    caplog,
    capfd,
):
    caplog.set_level(logging.DEBUG)
    (tmp_path / "passing").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "passing"))
    spoken = recorded(house, monkeypatch)
    with watched() as processes:
        seal_and_sign_in(case, browser, url, tanaka, authorities, tmp_path)
        send_mail(case, browser, url, suzuki, authorities, tmp_path)
        make_and_install(case, browser, url, sato, tmp_path, monkeypatch)
        seal_by_command(case, authorities, tmp_path)
        on_the_token_of_the_house(case, by(sato), tmp_path, monkeypatch)
    told = capfd.readouterr()
    number = newest().application.number.encode()
    assert processes.hits == [] and processes.programs >= {"tokens.token_worker", "tokens.tokend", "seal"}
    assert number in b"".join(spoken) and not holds(b"".join(spoken))
    assert holders(tmp_path) == [tmp_path / "daemon" / "pin"]
    assert not holds(register(tmp_path))
    assert not holds((told.out + told.err + caplog.text).encode())


def test_a_pin_pressed_on_the_practice_pad_is_nowhere_but_there(
    url,  # noqa: F811
    house,
    browser,
    case,
    tanaka,
    authorities,
    tmp_path,
    monkeypatch,
    caplog,
    capfd,
):
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(f"{__name__}.PIN", PAD_PIN)
    token = card(tmp_path / "tanaka", authorities.seal, "tanaka@shinsei.example")
    pad = PadService(tmp_path / "pad", behind=softhsm.MODULE)
    pad.start()
    try:
        hands, spoken, application = Hands(pad.url), recorded(house, monkeypatch), case.examined()
        with watched() as processes, typed_at(tanaka, browser, url, replace(token, module=str(pad.module))) as agent:
            agent.prompt.point_to_reader = lambda question: None
            with hands.pressing(PAD_PIN):
                carried_out(agent, asked(browser, application, "seal_pdf"))
    finally:
        pad.close()
    told = capfd.readouterr()
    assert again(application).stage == "sealed" and len(hands.bodies) == len(PAD_PIN) + 1
    assert processes.hits == [] and "tokens.token_worker" in processes.programs
    assert not holds(b"".join(spoken)) and holders(tmp_path) == [] and not holds(register(tmp_path))
    assert not holds((told.out + told.err + caplog.text + "".join(hands.displays)).encode())


def test_what_is_looked_for_would_be_found(tmp_path):
    for number, form in enumerate((PIN.encode(), PIN.encode().hex().encode(), PIN.encode("utf-16-be"))):
        (tmp_path / f"{number}").write_bytes(b"before" + form + b"after")
    (tmp_path / "3").write_bytes(base64.b64encode(b"xy" + PIN.encode() + b"z"))
    assert len(holders(tmp_path)) == 4
    with watched() as processes:
        subprocess.run([sys.executable, "-c", "import time; time.sleep(0.5)", PIN], check=True)
        subprocess.run(["sleep", "0.5"], env={"PIN": PIN}, check=True)
    assert len(processes.hits) >= 2 and {Path(each.split()[0]).stem for each in processes.hits} > {"sleep"}


# What is done with it


def seal_and_sign_in(case, browser, url, tanaka, authorities, tmp_path):  # noqa: F811
    token = card(tmp_path / "tanaka", authorities.seal, "tanaka@shinsei.example", **BOTH)
    application = case.examined()
    with typed_at(tanaka, browser, url, token) as agent:
        carried_out(agent, asked(browser, application, "seal_pdf"))
        browser.delete_cookie("shirushi")
        carried_out(agent, browser.press("/session/card", {"login": "tanaka"}))
        assert "田中 一郎" in browser.press("/session/card/visit").text
    assert again(application).stage == "sealed"


def send_mail(case, browser, url, suzuki, authorities, tmp_path):  # noqa: F811
    token = card(tmp_path / "suzuki", authorities.seal, "suzuki@shinsei.example")
    application = case.sealed()
    with typed_at(suzuki, browser, url, token) as agent:
        carried_out(agent, asked(browser, application, "sign_mail", confirmed="yes"))


def make_and_install(case, browser, url, sato, tmp_path, monkeypatch):  # noqa: F811
    token = card(tmp_path / "sato")
    application = case.opened()
    with typed_at(sato, browser, url, token) as agent:
        carried_out(agent, asked(browser, application, "make_key", algorithm="P-256"))
        with monkeypatch.context() as patch:
            patch.setattr(case, "with_csr", lambda *_, **__: application)
            delivered = case.delivered()
        carried_out(agent, asked(browser.sign_in_as(sato), delivered, "install"))
    assert again(application).stage == "installed"


def seal_by_command(case, authorities, tmp_path):
    token = card(tmp_path / "command", authorities.seal, "tanaka@shinsei.example")
    form, sealed = tmp_path / "form.pdf", tmp_path / "sealed.pdf"
    form.write_bytes(frozen_of(case.examined()))
    done = run("seal", form, "-o", sealed, token=token, pin=PIN)
    assert done.returncode == 0, done.stderr


def on_the_token_of_the_house(case, who, tmp_path, monkeypatch):
    token = card(tmp_path / "house")
    (tmp_path / "daemon").mkdir()
    Institution.update(token_label=token.label).execute()
    with running(tmp_path / "daemon", token, PIN) as tokend:
        application = case.opened()
        keys.make_key(application, who, "RSA-3072", tokend)
        with monkeypatch.context() as patch:
            patch.setattr(case, "with_csr", lambda *_, **__: application)
            delivery.install(case.delivered(), who, tokend)
    assert Certificate.of(application).proof is not None


def card(folder, authority=None, mail="", **changes):
    """A token with this PIN, which no command line has ever seen; with a certificate for `mail` if one is named."""
    env = {**softhsm.make_token(folder, "署名カード", PIN), "XDG_STATE_HOME": str(folder / "state")}
    if mail:
        wanted = {"token": "署名カード", "pin": PIN}
        key = {"cka_id": b"smime", "label": "署名", "algorithm": "RSA-3072", "subject": [["CN", "x"]]}
        with TokenWorker(softhsm.MODULE, env) as worker:
            request = x509.load_der_x509_csr(worker.call("make_key", **wanted, **key)["csr_der"])
            made = der(authority.smime(request.public_key(), mail, **changes))
            worker.call("install", **wanted, certificate_der=made, chain_ders=authority.chain)
    return TestToken(folder, "署名カード", PIN, softhsm.MODULE, env)


@contextmanager
def typed_at(person, browser, url, token):  # noqa: F811
    os.environ["XDG_CONFIG_HOME"] = str(
        token.directory / "config"
    )  # each on a PC of their own; own_folders puts it back
    with station_of(person, browser, url, token) as agent:
        agent.prompt = Person([PIN] * 9)
        yield agent


# Where it is looked for


def forms():
    """The PIN as it stands in text, in hexadecimal, in UTF-16 and inside of base64."""
    plain = PIN.encode()
    inside = [base64.b64encode(bytes(before) + plain)[-(-before * 4 // 3) :][:20] for before in range(3)]
    return [plain, plain.hex().encode(), plain.hex().upper().encode(), PIN.encode("utf-16-le")[:-1], *inside]


def holds(data):
    return any(form in data for form in forms())


def holders(folder):
    """The files anywhere in a folder that hold the PIN."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and holds(path.read_bytes()))


def register(folder):
    """Everything that the register keeps, also what it keeps encrypted."""
    kept = b"".join(row.bytes() for row in Content.select())
    with sqlite3.connect(next(folder.glob("*.db"))) as raw:
        return kept + "\n".join(raw.iterdump()).encode()


def recorded(house, monkeypatch):
    """A list that gets all that is asked of the house and all that it answers."""
    heard, app = [], house.wsgi_app

    def listening(environ, start_response):
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        heard.extend([body, *(f"{name}: {value}\n".encode() for name, value in environ.items())])

        def start(status, headers, *more):
            heard.append(repr(headers).encode())
            return start_response(status, headers, *more)

        for piece in app(environ, start):
            heard.append(piece)
            yield piece

    monkeypatch.setattr(house, "wsgi_app", listening)
    return heard


class Processes:
    """`hits`: the command lines of processes that held the PIN in arguments or environment; `programs`: the modules and
    acts of ours that were seen running."""

    def __init__(self):
        self.hits, self.programs, self.stopped = [], set(), threading.Event()

    def look(self):
        while not self.stopped.wait(LOOKS_EACH):
            for process in Path("/proc").glob("[0-9]*"):
                with suppress(OSError):  # it is gone, or another's
                    line = (process / "cmdline").read_bytes()
                    words = line.decode(errors="replace").replace("\0", " ")
                    self.programs |= {"tokens.token_worker", "tokens.tokend", "seal"} & set(words.split())
                    if holds(line + (process / "environ").read_bytes()):
                        self.hits.append(words)


@contextmanager
def watched():
    processes = Processes()
    looking = threading.Thread(target=processes.look)
    looking.start()
    try:
        yield processes
    finally:
        processes.stopped.set()
        looking.join()
