"""The practice reader's PIN pad: a station's real path for readers with a pad, from the job over the pressed keys to the signature."""

import logging
import os
import subprocess
import threading
import time
import urllib.request
from dataclasses import replace

import pytest

from tests.pressed import Hands, number, refused
from tests.softhsm import PIN, make_token
from tests.stationed import MAIL, card_with, done, form, reader, seal, station, taken
from tokens.errors import TimedOut, TokenError
from tokens.pin_entry import sign_in
from tokens.softhsm import MODULE
from tokens.station.cards import Cards
from tokens.station.pages import home
from tokens.worker import TokenWorker
from webapp.practice.card_reader import CardReader
from webapp.practice.desk import Desk
from webapp.practice.pad.module import NoCompiler
from webapp.practice.pad.pad import CANCEL, LONGEST
from webapp.practice.pad.service import PadService

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("own_folders")]
WRONG, CARD_PIN = "161803", "48291507"
SECOND = "pkcs11-tool --module {module} --token-label {label} --login --pin {pin} --keypairgen --key-type EC:prime256v1"


def opened(folder, **more):
    try:
        service = PadService(folder, behind=MODULE, **more)
    except NoCompiler:
        pytest.skip("no C compiler (gcc or tcc) for webapp/practice/pad/stand_in.c")
    service.start()
    return service


@pytest.fixture(scope="module")
def pad(tmp_path_factory):
    service = opened(tmp_path_factory.mktemp("pad"))
    yield service
    service.close()


@pytest.fixture
def hands(pad):
    return Hands(pad.url)


@pytest.fixture(scope="module")
def at_the_pad(tmp_path_factory, pad):
    """The head's card, in the reader with the pad."""
    card, _ = card_with(tmp_path_factory.mktemp("card"))
    return in_reader(card, pad)


def in_reader(card, pad):
    env = {**card.env, "FAKE_LOG": str(card.directory / "calls")}
    return replace(card, module=str(pad.module), env=env)


@pytest.fixture
def log(at_the_pad):
    path = at_the_pad.directory / "calls"
    path.unlink(missing_ok=True)
    return path


class AtTheReader:
    """Somebody who is shown the way to the reader, and asked for no PIN."""

    def __init__(self):
        self.shown, self.agent = [], None

    def point_to_reader(self, question):
        self.shown.append(home(self.agent, "/x", busy=True))

    def agrees_to_last_try(self, question, told):
        return True

    def pin(self, question):
        raise AssertionError("a PIN typed past the pad")


def sealing(intranet, cards):
    """(agent, job, person) before the person presses 署名する."""
    person = AtTheReader()
    person.agent = agent = station(intranet, cards, person)
    job = intranet.offer(seal(form()), document=form())
    return taken(agent, job), job, person


# The whole path


def test_a_job_is_signed_by_keys_pressed_on_the_pad(intranet, hands, at_the_pad, log):
    with reader(at_the_pad) as cards, hands.pressing(PIN):
        agent, job, person = sealing(intranet, cards)
        done(agent, job)
    assert agent.told[0].good and intranet.result(job)[0] == "done", agent.told
    assert "PINの入力を待っています。カードリーダーのPINパッドで入力してください。" in person.shown[0]
    assert log.read_text().count("C_Login") == 1 and "  as the user, NULL" in log.read_text()


def test_the_pad_shows_how_many_digits_and_never_which(hands, at_the_pad):
    with at_the_pad.worker() as worker:
        asking = threading.Thread(target=refused_by_the_token, args=(worker,))
        asking.start()
        asked = number(hands.when_asked())
        for key in PIN:
            hands.press(key, asked)
        page = hands.press("correct", asked)
        assert "●" * 5 in page and "●" * 6 not in page and ">5桁<" in page and PIN[:5] not in page
        assert "練習用リーダーのPINパッド(本物のリーダーでは機器のボタンで入力します)" in page
        for _ in range(LONGEST):
            page = hands.press("7", asked)
        assert "●" * LONGEST in page and "●" * (LONGEST + 1) not in page
        for _ in range(LONGEST - 3):
            hands.press("correct", asked)
        assert "PINは4桁以上です。" in hands.press("enter", asked)
        assert "取り消しました。" in hands.press(CANCEL, asked)
        asking.join()


def refused_by_the_token(worker):
    token = worker.call("tokens")["tokens"][0]
    with pytest.raises(TokenError, match="取り消され"):
        sign_in(worker, token, Silent(), "self_check", nonce=bytes(32))


class Silent(AtTheReader):
    def point_to_reader(self, question):
        pass


def test_cancelled_on_the_pad_is_cancelled_and_no_miss(intranet, hands, at_the_pad, log):
    with reader(at_the_pad) as cards:
        agent, job, _ = sealing(intranet, cards)
        with hands.pressing(CANCEL):
            done(agent, job)
        assert "取り消され" in agent.told[0].message and not agent.told[0].good
        assert log.read_text().count("C_Login") == 1 and "C_Sign" not in log.read_text()
        with hands.pressing(PIN):  # the person may press again
            done(agent, job)
    assert agent.told[0].good and "間違え" not in "".join(hands.displays)


def test_a_wrong_pin_on_the_pad_is_one_login_and_the_sentence(intranet, hands, at_the_pad, log):
    with reader(at_the_pad) as cards, hands.pressing(WRONG):
        agent, job, _ = sealing(intranet, cards)
        done(agent, job)
    assert agent.told[0].message == "PINが正しくありません。" and intranet.result(job) is None
    assert log.read_text().count("C_Login") == 1 and "C_Sign" not in log.read_text()


def test_a_pad_that_nobody_presses_gives_up_and_it_is_said(intranet, tmp_path, at_the_pad, log):
    service = opened(tmp_path, seconds=0.3)
    try:
        with reader(in_reader(at_the_pad, service)) as cards:
            agent, job, _ = sealing(intranet, cards)
            done(agent, job)
        assert "時間切れ" in agent.told[0].message and log.read_text().count("C_Login") == 1
        assert "時間切れになりました。" in Hands(service.url).see()
    finally:
        service.close()


def test_a_key_that_wants_a_pin_for_each_signature_asks_twice_at_the_pad(intranet, tmp_path, pad, hands):
    token = make_token(tmp_path / "each")
    words = SECOND.format(module=MODULE, label=token.label, pin=PIN).split() + ["--id", b"smime".hex(), "--always-auth"]
    subprocess.run(words, env={**os.environ, **token.env}, capture_output=True, check=True)
    card, _ = card_with(tmp_path / "each", token=token)
    with reader(in_reader(card, pad)) as cards, hands.pressing(PIN, PIN):
        agent, job, person = sealing(intranet, cards)
        done(agent, job)
    assert agent.told[0].good, agent.told
    assert "署名のためのPIN" in hands.displays[1] and "署名のためのPIN" not in hands.displays[0]
    assert "署名のたびにPINを求めます" in person.shown[1] and "もう一度" not in person.shown[0]
    calls = (token.directory / "calls").read_text().splitlines()
    assert [each for each in calls if "NULL" in each] == ["  as the user, NULL", "  for one signature, NULL"]


def test_a_pin_is_changed_on_the_pad_and_two_different_new_ones_change_nothing(tmp_path, pad, hands):
    card = in_reader(make_token(tmp_path / "changed"), pad)
    with card.worker() as worker:
        token = worker.call("tokens")["tokens"][0]
        with hands.pressing(PIN, "602214", "602215"), pytest.raises(TokenError, match="PIN"):
            sign_in(worker, token, Silent(), "change_pin")
        with hands.pressing(PIN, "602214", "602214"):
            sign_in(worker, token, Silent(), "change_pin")
        with hands.pressing("602214"):
            sign_in(worker, token, Silent(), "self_check", nonce=bytes(32))


def test_whoever_asked_is_gone_and_the_pad_asks_no_more(hands, pad, at_the_pad):
    worker = at_the_pad.worker()
    asking = threading.Thread(target=dies, args=(worker,))
    asking.start()
    asked = number(hands.when_asked())
    hands.press("1", asked)
    asking.join()
    hands.when_idle()
    assert "PINは求められていません。" in hands.press("2", asked) and pad.pad.count == 0


def dies(worker):
    token = worker.call("tokens")["tokens"][0]
    with pytest.raises(TimedOut):
        sign_in(worker, token, Silent(), "self_check", seconds=1, nonce=bytes(32))
    worker.close()


# Its page


def test_a_key_pressed_from_another_page_or_by_another_name_does_nothing(hands, pad, at_the_pad):
    for origin in ("http://attacker.example", "null", hands.url.replace("127.0.0.1", "localhost"), f"{hands.url}0"):
        assert refused(hands.press, "1", 1, Origin=origin) == 403
    assert refused(hands.see, Host="attacker.example") == 400
    assert refused(hands.press, "1", 1, Host="attacker.example", Origin="http://attacker.example") == 400
    assert refused(hands.press, "12", 1) == refused(hands.press, "a", 1) == refused(hands.press, "1", "x") == 400
    assert refused(hands.press, "1", "9" * 5000) == 400
    assert pad.pad.count == 0


def test_the_page_is_stored_nowhere_and_framed_by_nobody(hands):
    with urllib.request.urlopen(hands.url) as page:
        assert page.headers["Cache-Control"] == "no-store"
        assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]


def test_a_key_for_a_question_that_is_over_does_not_count_for_the_next(hands, pad, at_the_pad):
    with at_the_pad.worker() as worker, hands.pressing(CANCEL):
        refused_by_the_token(worker)
    with at_the_pad.worker() as worker:
        asking = threading.Thread(target=refused_by_the_token, args=(worker,))
        asking.start()
        asked = number(hands.when_asked())
        hands.press("1", int(asked) - 1)
        assert pad.pad.count == 0
        hands.press(CANCEL, asked)
        asking.join()


def test_the_socket_is_for_this_person_alone(pad):
    assert (pad.module.parent / "pad.sock").stat().st_mode & 0o777 == 0o600


def test_the_pin_is_in_no_log_and_in_no_single_request(intranet, pad, hands, at_the_pad, caplog, capfd, log):
    caplog.set_level(logging.DEBUG)
    with reader(at_the_pad) as cards, hands.pressing(PIN):
        agent, job, _ = sealing(intranet, cards)
        done(agent, job)
    told = capfd.readouterr()
    files = [path for folder in (at_the_pad.directory, pad.module.parent) for path in folder.rglob("*")]
    kept = b"".join(path.read_bytes() for path in files if path.is_file() and path.name != "pad.sock")
    assert intranet.result(job)[0] == "done" and len(hands.bodies) == len(PIN) + 1
    for said in (told.out.encode(), told.err.encode(), caplog.text.encode(), kept, *hands.bodies):
        assert PIN.encode() not in said


# With the virtual card: bin/run --card pad


def test_the_card_in_the_practice_reader_signs_by_the_pad_and_a_pulled_one_does_not(tmp_path_factory, intranet):
    home = tmp_path_factory.mktemp("home")  # a socket's path must be short
    desk = Desk(home / "practice")
    desk.issue_head_smartcard(home / "card.json", MAIL, CARD_PIN, "73051946")
    desk.close()
    folder = home / "practice" / "reader"
    service = PadService(folder)
    service.start()
    card_reader = CardReader(folder, home / "card.json")
    try:
        hands = Hands(service.url)
        wait_for_card(service.module)
        with Cards([str(service.module)]) as cards, hands.pressing(CARD_PIN, CARD_PIN):
            agent, job, person = sealing(intranet, cards)
            done(agent, job)
        assert agent.told[0].good and len(person.shown) == 2, agent.told
        assert card_reader.signatures == 1 and card_reader.tries_left == 3
        with Cards([str(service.module)]) as cards, hands.pressing(WRONG):
            agent, job, _ = sealing(intranet, cards)
            done(agent, job)
        assert agent.told[0].message == "PINが正しくありません。" and card_reader.tries_left == 2
        card_reader.pull()
        with Cards([str(service.module)]) as cards:
            agent, job, _ = sealing(intranet, cards)
            assert "挿" in agent.told[0].advice and not agent.ready
    finally:
        card_reader.close()
        service.close()


def wait_for_card(module, seconds=5):
    """A card that was just put in is noticed by its reader a moment later."""
    end = time.monotonic() + seconds
    with TokenWorker(module) as worker:
        while not worker.call("tokens")["tokens"]:
            assert time.monotonic() < end, "no card"
            time.sleep(0.1)
