"""Attacks and faults at stations and tokens that have no better place: each counted on the genuine module by pkcs11-spy, or seen
from what leaves the station."""

import os
import signal
import socket
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import psutil
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from fake_module import fake_card

from tests import ca
from tests.cards import AUTHENTICATION, outcome
from tests.played_intranet import PlayedIntranet, payload
from tests.softhsm import logins
from tests.stationed import MAIL, NUMBER, Person, card_with, done, form, reader, seal, station, taken
from tests.stations import asked, code_on, error, newest
from tests.test_tokens_tokend import make_key, refused, running
from tokens.station import http, journal
from tokens.station.refusals import Refusal
from webapp.register import StationJob

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("own_folders")]

WRONG, OTHER = "999991", "other@shinsei.example"


# A wrong PIN five times by a person


@pytest.mark.slow
def test_five_wrong_pins_of_a_person_are_five_logins_and_the_sixth_right_one_seals(tmp_path):
    token, _ = card_with(tmp_path / "card")
    log, person = tmp_path / "spy.log", Person(pins=[WRONG] * 5)
    with PlayedIntranet() as intranet, reader(token.spied(log)) as cards:
        agent = station(intranet, cards, person)
        job = intranet.offer(seal(form()), form())
        taken(agent, job)
        for number in range(1, 6):
            done(agent, job)
            assert logins(log) == person.asked == number and intranet.result(job) is None
            assert agent.told[0].message == "PINが正しくありません。"
        done(agent, job)
        assert logins(log) == 6 and intranet.result(job)[0] == "done"


@pytest.mark.slow
def test_who_does_not_agree_to_a_last_try_is_asked_for_no_further_pin(tmp_path):
    """SoftHSM warns and never locks: the misses counted here stop a person who does not say so."""
    token, _ = card_with(tmp_path / "card")
    log, person = tmp_path / "spy.log", Person(pins=[WRONG] * 5)
    person.agrees_to_last_try = lambda *_: False
    with PlayedIntranet() as intranet, reader(token.spied(log)) as cards:
        agent = station(intranet, cards, person)
        job = intranet.offer(seal(form()), form())
        taken(agent, job)
        for _ in range(5):
            done(agent, job)
        assert logins(log) == person.asked == 2 and intranet.result(job) is None


@pytest.mark.slow
def test_five_wrong_pins_reach_a_card_as_often_as_it_has_tries_and_not_once_more(virtual_card):
    card = virtual_card("opensc-piv")
    wanted = {"token": card.serial, "certificate_der": card.certificates[AUTHENTICATION], "challenge": bytes(32)}
    with card.worker() as worker:
        told = [outcome(worker.call, "prove", pin="999991", final_try=True, **wanted) for _ in range(5)]
    assert len(card.log.pin_entries) == 3 and card.tries_left == 0 and card.log.signatures == []
    assert told[:2] == ["pin_incorrect"] * 2 and set(told[3:]) == {"pin_locked"}


# The worker killed in the middle of a signature, the module hanging


@pytest.mark.slow
def test_a_worker_killed_while_the_module_signs_is_a_failed_operation_and_the_next_one_works(tmp_path):
    card = fake_card(tmp_path / "card")
    process = []
    (tmp_path / "daemon").mkdir()
    with running(tmp_path / "daemon", card, seconds=30, process=process) as tokend:
        make_key(tokend)
        card.script("hang C_Sign")
        codes = []
        asking = threading.Thread(target=lambda: codes.append(outcome(make_key, tokend)))
        asking.start()
        (worker,) = psutil.Process(process[0].pid).children()
        _until(lambda: card.calls()[-1:] == ["C_Sign"])
        os.kill(worker.pid, signal.SIGKILL)
        asking.join(10)
        assert codes == ["worker_died"]
        card.script()
        assert make_key(tokend).csr_der and tokend.health()["credential"] == "ready"


@pytest.mark.slow
def test_a_worker_that_dies_while_it_signs_at_a_station_seals_nothing_and_the_person_may_press_again(tmp_path):
    token, _ = card_with(tmp_path / "card", token=fake_card(tmp_path / "card"))
    person = Person()
    with PlayedIntranet() as intranet, reader(token) as cards:
        agent = station(intranet, cards, person)
        job = intranet.offer(seal(form()), form())
        taken(agent, job)
        token.script("die C_Sign")
        done(agent, job)
        assert intranet.result(job) is None and not agent.told[0].good
        assert [each["event"] for each in journal.Journal().entries()] == ["claimed"]
        token.script()
        done(agent, job)
        assert intranet.result(job)[0] == "done" and person.asked == 2


def _until(seen, seconds=10):
    end = time.monotonic() + seconds
    while not seen():
        assert time.monotonic() < end
        time.sleep(0.02)


# Two cards


@pytest.fixture
def two_cards(tmp_path):
    """(intranet, agent, person) of a PC in which two people's cards are."""
    authority, person = ca.Authority(), Person()
    mine, _ = card_with(tmp_path / "mine", authority=authority)
    other, _ = card_with(tmp_path / "other", mail=OTHER, label="別の人のカード", authority=authority)
    with PlayedIntranet() as intranet, reader(mine) as first, reader(other) as second:
        second.workers, workers = [*second.workers, *first.workers], second.workers
        yield intranet, station(intranet, second, person), person
        second.workers = workers


def test_with_two_cards_the_one_of_the_named_person_seals(two_cards):
    intranet, agent, person = two_cards
    for mails, label in (([MAIL], "署名カード"), ([OTHER], "別の人のカード")):
        job = intranet.offer(seal(form(), signer_mails=mails), form())
        done(taken(agent, job), job)
        ended, value, _ = intranet.result(job)
        assert (ended, value.token.label) == ("done", label)
    unknown = intranet.offer(seal(form(), signer_mails=["nobody@shinsei.example"]), form())
    taken(agent, unknown)
    assert intranet.result(unknown)[0] == "failed" and person.asked == 2


def test_where_two_cards_would_do_nothing_is_chosen_for_the_person(two_cards):
    """A form that either of two people might seal, and a key that either card might hold."""
    intranet, agent, person = two_cards
    either = intranet.offer(seal(form(), signer_mails=[MAIL, OTHER]), form())
    told = {"number": NUMBER, "subject": [["C", "JP"], ["CN", "x"]], "algorithm": "P-256", "label": "鍵"}
    key = intranet.offer(payload("make_key", **told, journal_id="app-12"))
    for job in (either, key):
        taken(agent, job)
        assert intranet.result(job)[0] == "failed"
    reasons = [each["reason"] for each in journal.Journal().entries() if each["event"] == "refused"]
    assert reasons == ["several_certificates", "several_cards"] and person.asked == 0


# What a device key alone is good for


def test_the_device_key_without_the_match_code_gives_a_list_of_titles_and_nothing_else(case, browser, paired, tanaka):
    station_, application = paired(tanaka), case.examined()
    code = code_on(asked(browser, application, "seal_pdf"))
    (listed,) = station_.jobs()
    assert listed.keys() == {"id", "type", "title", "requester", "expires_at"} and code not in str(listed)
    handle = listed["id"]
    assert error(station_.ask("GET", f"/station/jobs/{handle}/document"))[0] == 404
    body = b'{"outcome":"rejected","reason":"x"}'
    assert station_.ask("POST", f"/station/jobs/{handle}/result", body).status_code == 404
    assert newest().state == "offered" and StationJob.select().count() == 1


def test_a_person_whose_code_was_dictated_by_somebody_sees_who_asked_and_from_where(case, browser, paired, tanaka):
    station_ = paired(tanaka)
    envelope = station_.opened(code_on(asked(browser, case.examined(), "seal_pdf")))
    assert envelope.requested_by == tanaka.name and envelope.owner == tanaka.name
    told = dict(envelope.display["lines"])
    assert told["依頼した場所"] == "127.0.0.1" and "依頼した時刻" in told


# Another computer in the middle


@pytest.fixture
def middle(tmp_path):
    """A server with a certificate of its own making, and what it was asked."""
    key, heard = ca.new_key(), []
    certificate = ca.Authority("Somebody in the middle").code_signing(key.public_key())
    (tmp_path / "middle.pem").write_bytes(
        ca.pem(certificate) + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self):
            heard.append(self.path)

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Answer)
    server.handle_error = lambda *_: None  # that the station breaks off is what is wanted
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "middle.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"https://127.0.0.1:{server.server_port}", heard
    server.shutdown()
    server.server_close()


def test_a_server_whose_certificate_nobody_vouches_for_hears_nothing(middle):
    origin, heard = middle
    with pytest.raises(Refusal) as refusal:
        http.Server(origin).post("/station/jobs", {})
    assert refusal.value.code == "server_certificate" and heard == []


# tokend


@pytest.mark.slow
def test_what_two_clients_ask_at_once_is_answered_to_each_alone(tmp_path):
    """A client that hangs up in the middle costs nobody else anything."""
    token, _ = card_with(tmp_path / "card")
    (tmp_path / "daemon").mkdir()
    with running(tmp_path / "daemon", token) as tokend:
        with socket.socket(socket.AF_UNIX) as half:
            half.connect(str(tokend.path))
            half.sendall(b'{"op": "tok')
            assert {each.label for each in tokend.tokens()} == {token.label}
        refused("bad_request", tokend.self_check, nonce=b"short")
        assert tokend.health()["credential"] == "ready"
