"""`python -m tokens station` as people use it: pairing, the terminal, status, forgetting; and the window in a real browser."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from played_intranet import CODE, OWNER
from softhsm import PIN
from stationed import MAIL, NUMBER, Person, card_with, form, reader, seal, station

from tokens import folders
from tokens.__main__ import main
from tokens.errors import TokenError
from tokens.station import commands, console, device, pairing, protocol

pytestmark = pytest.mark.usefixtures("own_folders")

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def card(tmp_path_factory):
    return card_with(tmp_path_factory.mktemp("commands"))[0]


@pytest.fixture(scope="module")
def cards(card):
    with reader(card) as found:
        yield found


def refused(act, *arguments):
    with pytest.raises(TokenError) as caught:
        act(*arguments)
    assert caught.value.message.endswith("。")
    return caught.value.code


# Pairing


def test_a_pc_is_paired_with_a_code_a_number_and_a_fingerprint(intranet, monkeypatch, capsys):
    def confirmed(seconds):
        assert seconds == 1
        intranet.pairings["p-1"]["state"] = "paired"

    monkeypatch.setattr(pairing.finish, "__defaults__", (confirmed,))
    assert main(["station", "pair", intranet.origin + "/stations"]) == 0
    said = capsys.readouterr().out
    begun = intranet.pairings["p-1"]
    assert begun["user_code"] in said and begun["number"] in said and OWNER in said
    assert protocol.fingerprint(protocol.raw(device.key())) in said
    (made,) = device.pairings()
    assert made == device.Pairing(intranet.origin, "st-7", OWNER, protocol.armoured(protocol.raw(intranet.job_key)))


@pytest.mark.parametrize("state", ["denied", "expired"])
def test_a_pairing_that_nobody_confirmed_leaves_nothing(intranet, state):
    begun = pairing.begin(intranet.origin, device.key())
    intranet.pairings["p-1"]["state"] = state
    assert refused(pairing.finish, begun, device.key(), lambda seconds: None) == f"pairing_{state}"
    assert device.pairings() == []


def test_asking_too_fast_is_followed_by_asking_slower(intranet):
    begun, paused = pairing.begin(intranet.origin, device.key()), []
    intranet.pairings["p-1"]["state"] = "slow_down"

    def sleep(seconds):
        paused.append(seconds)
        if len(paused) == 3:
            intranet.pairings["p-1"]["state"] = "paired"

    pairing.finish(begun, device.key(), sleep)
    assert paused == [1, 6, 11]


def test_a_server_that_calls_itself_something_else_is_not_pinned(intranet, monkeypatch):
    monkeypatch.setattr(intranet, "origin", "https://evil.example")
    address = f"http://127.0.0.1:{intranet._server.server_address[1]}"
    assert refused(pairing.begin, address, device.key()) == "other_origin_told"


def test_pairing_in_the_open_is_refused(capsys):
    assert main(["station", "pair", "http://shirushi.example.ac.jp"]) == 1
    assert "暗号化されていません" in capsys.readouterr().err


# Status and forgetting


def test_status_tells_where_the_station_belongs_and_what_it_did(intranet, cards, capsys):
    assert main(["station", "status"]) == 1
    agent = station(intranet, cards)
    job = intranet.offer(seal(form()), form())
    agent.look(agent.pairings[0])
    agent.claim(job, CODE)
    agent.perform([job])
    assert main(["station", "status"]) == 0
    said = capsys.readouterr().out
    assert (
        intranet.origin in said
        and OWNER in said
        and NUMBER in said
        and "署名しました" in said
        and "動いていません" in said
    )
    with folders.alone(commands.LOCK):
        assert main(["station", "status"]) == 0
    assert "動いています" in capsys.readouterr().out
    assert main(["station", "forget"]) == 0
    assert device.pairings() == [] and "解除してください" in capsys.readouterr().out


def test_of_several_pairings_the_one_to_forget_is_named(capsys):
    for origin in ("https://a.example", "https://b.example"):
        device.pair(device.Pairing(origin, "st-1", OWNER, "x"))
    assert main(["station", "forget"]) == 0
    assert len(device.pairings()) == 2 and "https://a.example" in capsys.readouterr().out
    assert main(["station", "forget", "https://a.example/"]) == 0
    assert [each.origin for each in device.pairings()] == ["https://b.example"]
    assert main(["station", "forget", "https://c.example/"]) == 1


def test_a_station_that_belongs_nowhere_does_not_run(capsys):
    assert main(["station", "run"]) == 1
    assert "station pair" in capsys.readouterr().err


def test_a_second_station_does_not_run_and_the_opener_shows_the_first(monkeypatch, capsys):
    device.pair(device.Pairing("https://a.example", "st-1", OWNER, "x"))
    opened = []
    monkeypatch.setattr(commands.webbrowser, "open", lambda address: opened.append(address) or True)
    with folders.alone(commands.LOCK):
        assert main(["station", "run"]) == 1
        assert "すでに動いています" in capsys.readouterr().err
        assert commands.main() == 0
    assert opened == [(device.folder() / "window.html").as_uri()]


def test_from_a_menu_trouble_is_a_page(monkeypatch, capsys):
    opened = []
    monkeypatch.setattr(commands.webbrowser, "open", lambda address: opened.append(address) or True)
    assert commands.main() == 1
    assert opened == [(device.folder() / "trouble.html").as_uri()]
    assert "まだどこともペアリングしていません" in (device.folder() / "trouble.html").read_text("utf-8")


# The terminal


def test_at_the_terminal_the_same_is_shown_asked_and_done(intranet, cards, tmp_path):
    agent = station(intranet, cards)
    said, answers = [], [CODE, "はい"]

    def ask(question):
        said.append(question)
        return answers.pop(0)

    document = form()
    job = intranet.offer(seal(document), document)
    agent.look(agent.pairings[0])
    console.turn(agent, None, said.append, ask)
    whole = "\n".join(said)
    assert intranet.result(job)[0] == "done" and answers == []
    assert NUMBER in whole and MAIL in whole and intranet.origin in whole and "申請書に署名し" in whole
    assert str(device.folder() / "showing.pdf") in whole and not (device.folder() / "showing.pdf").exists()


def test_at_the_terminal_any_other_word_stops(intranet, cards):
    person, answers = Person(), [CODE, "y"]
    agent = station(intranet, cards, person)
    job = intranet.offer(seal(form()), form())
    agent.look(agent.pairings[0])
    console.turn(agent, None, lambda line: None, lambda question: answers.pop(0))
    assert intranet.result(job)[0] == "rejected" and person.asked == 0


# The program as it is started


def test_the_station_needs_nothing_of_the_office():
    code = "import sys, tokens.station.agent, tokens.station.commands, tokens.station.window; print(*sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert not {"flask", "jinja2", "peewee", "webapp", "pkcs11", "werkzeug"} & set(shown.split())


class Running:
    """`python -m tokens station run`, with the PINs through a pipe and no browser of the system."""

    def __init__(self, token, tmp_path, *options, pins=(PIN,)):
        reading, writing = os.pipe()
        os.write(writing, "".join(f"{pin}\n" for pin in pins).encode())
        os.close(writing)
        words = ["station", "run", "--module", token.module, "--pin-fd", str(reading), *options]
        own = {
            name: str(tmp_path / part) for name, part in (("XDG_CONFIG_HOME", "config"), ("XDG_STATE_HOME", "state"))
        }
        env = {**os.environ, **token.env, **own, "BROWSER": "true"}
        pipe = subprocess.PIPE
        command = [sys.executable, "-u", "-m", "tokens", *words]
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=env, pass_fds=[reading], stdout=pipe, stdin=pipe, text=True
        )
        os.close(reading)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(10)
        self.process.stdout.close()
        self.process.stdin.close()

    def says(self, pattern):
        for line in self.process.stdout:
            if found := re.search(pattern, line):
                return found[0]
        raise AssertionError("it ended")


@pytest.mark.slow
@pytest.mark.parametrize("width", [1280, 390])
def test_in_a_real_browser_the_window_opens_by_its_file_and_a_form_is_sealed(intranet, card, tmp_path, width):
    from tests.browser import chromium

    device.pair(intranet.paired(device.key()))
    document = form()
    jobs = [intranet.offer(seal(document), document) for _ in range(2)]
    with Running(card, tmp_path) as running, chromium() as browser:
        running.says("http://127.0.0.1:[0-9]+/enter")
        page = browser.new_context(viewport={"width": width, "height": 900}, java_script_enabled=False).new_page()
        page.goto((device.folder() / "window.html").as_uri())
        page.wait_for_url("http://127.0.0.1:*/*/", timeout=10_000)
        page.get_by_text("依頼が届いています").wait_for()
        page.get_by_label("確認番号(6桁)").first.fill(CODE)
        page.get_by_role("button", name="内容を確かめる").first.click()
        page.get_by_role("button", name="署名する").wait_for(timeout=10_000)
        page.get_by_role("img").first.wait_for()
        shots = os.environ.get("SHOTS")
        if shots:
            page.screenshot(path=f"{shots}/station-{width}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.get_by_role("button", name="署名する").click()
        page.get_by_text("申請書に署名し、しるしに送りました。").first.wait_for(timeout=20_000)
        if shots:
            page.screenshot(path=f"{shots}/station-done-{width}.png", full_page=True)
    assert intranet.result(jobs[0])[0] == "done" and intranet.result(jobs[1]) is None


@pytest.mark.slow
def test_no_other_page_of_the_browser_gets_into_the_window(intranet, card, tmp_path):
    """A page of another origin, in the very browser that has the cookie, tries script, form, frame, picture and link."""
    import threading
    from http.server import BaseHTTPRequestHandler, HTTPServer

    from tests.browser import AXE, AXE_OPTIONS, chromium

    device.pair(intranet.paired(device.key()))
    document = form()
    job = intranet.offer(seal(document), document)

    class Evil(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>evil</title><body>")

        def log_message(self, *_):
            pass

    evil = HTTPServer(("127.0.0.1", 0), Evil)
    threading.Thread(target=evil.serve_forever, args=(0.02,), daemon=True).start()
    try:
        with Running(card, tmp_path) as running, chromium() as browser:
            running.says("http://127.0.0.1:[0-9]+/enter")
            context = browser.new_context()
            page = context.new_page()
            page.goto((device.folder() / "window.html").as_uri())
            page.wait_for_url("http://127.0.0.1:*/*/", timeout=10_000)
            page.get_by_label("確認番号(6桁)").fill(CODE)
            page.get_by_role("button", name="内容を確かめる").click()
            page.get_by_role("button", name="署名する").wait_for(timeout=10_000)
            found = AXE.run(page, options=AXE_OPTIONS).response["violations"]
            assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []
            address = page.url
            other = context.new_page()
            for name in ("localhost", "127.0.0.1"):  # another site, and another port of the same
                other.goto(f"http://{name}:{evil.server_address[1]}/")
                outcome = other.evaluate(ATTACK, [address, job])
                assert outcome == {"read": "refused", "framed": "refused", "pictured": "refused"}, outcome
                other.evaluate(FORM, [address, job])
                other.get_by_role("heading", name="開けません").wait_for()
            time.sleep(1)
            assert intranet.result(job) is None
            page.reload()
            assert page.get_by_role("button", name="署名する").is_visible()
    finally:
        evil.shutdown()
        evil.server_close()


ATTACK = """async ([address, job]) => {
  const tried = {};
  try {
    const answer = await fetch(address, { credentials: 'include' });
    tried.read = await answer.text();
  } catch (error) { tried.read = 'refused'; }
  await fetch(address + 'sign', { method: 'POST', mode: 'no-cors', credentials: 'include', body: new URLSearchParams({ job }) }).catch(() => 0);
  const frame = document.createElement('iframe');
  frame.src = address;
  await new Promise((done) => { frame.onload = done; frame.onerror = done; document.body.append(frame); setTimeout(done, 2000); });
  try { tried.framed = frame.contentDocument ? frame.contentDocument.body.innerText : 'refused'; } catch (error) { tried.framed = 'refused'; }
  const picture = new Image();
  tried.pictured = await new Promise((done) => {
    picture.onload = () => done('loaded'); picture.onerror = () => done('refused'); picture.src = address + 'page/' + job + '/0';
  });
  return tried;
}"""
FORM = """([address, job]) => {
  const form = document.createElement('form');
  form.method = 'post'; form.action = address + 'sign';
  form.innerHTML = `<input name="job" value="${job}">`;
  document.body.append(form); form.submit();
}"""
