"""The agent and the intranet as they really are: HTTP between them, SoftHSM as the card, the acts at the other end."""

import socket
import threading
from dataclasses import replace

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID as Purpose
from softhsm import make_token
from stationed import Person, card_with
from werkzeug.serving import make_server

from tests import papers_pdf
from tests.cases import again, unguarded
from tests.stations import asked, code_on, newest
from tokens.station import device, pairing
from tokens.station.agent import Agent
from tokens.station.cards import Cards
from tokens.station.journal import Journal
from webapp import profiles
from webapp.acts import ca_profiles
from webapp.register import ApplicationForm, Csr, Event, Institution, Letter, Paper

pytestmark = pytest.mark.slow


@pytest.fixture
def place():
    with socket.create_server(("127.0.0.1", 0)) as bound:
        yield bound


@pytest.fixture
def settings(settings, place):
    return replace(settings, public_url=f"http://127.0.0.1:{place.getsockname()[1]}")


@pytest.fixture
def served(house, place, settings, monkeypatch, tmp_path):
    """The address of the house over HTTP; the station's own folders are this test's."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr("webapp.routes.station_api.HELD", 0)
    server = make_server("127.0.0.1", place.getsockname()[1], house, threaded=True, fd=place.fileno())
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    with unguarded():
        yield settings.public_url
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def station_of(served, browser):
    """station_of(person, token): an Agent, paired by that person through the pages."""
    opened = []

    def made(person, token, who=None):
        begun = pairing.begin(served, device.key())
        browser.sign_in_as(person)
        browser.press("/stations/pair", {"code": begun.user_code})
        browser.press(f"/stations/pairings/{begun.pairing}", {"number": begun.match_number})
        pairing.finish(begun, device.key(), lambda seconds: None)
        opened.append(Cards([token.module], token.env))
        return Agent(device.pairings(), device.key(), opened[-1], Journal(), who or Person())

    yield made
    for cards in opened:
        cards.__exit__()


def do(agent, code):
    """The job that waits: its code typed, read, confirmed. What was shown."""
    agent.look(agent.pairings[0])
    (offer,) = agent.offers
    agent.claim(offer.id, code)
    (ready,) = agent.ready or [pytest.fail(agent.told[0].message)]
    agent.perform([offer.id])
    assert agent.told[0].good, agent.told[0].message + agent.told[0].advice
    return ready.shown


def answered(agent, page):
    """What was shown of the job that this page asks for; it is done, and taken."""
    shown = do(agent, code_on(page))
    assert newest().state == "done"
    return dict(shown.rows), shown


def printed(name):
    """A form with its mark, as LibreOffice would make it."""
    mark = ApplicationForm.select().order_by(ApplicationForm.id.desc()).get().mark
    return papers_pdf.add_seal_field(papers_pdf.plain_pdf(f"{name} {mark}"), 0, papers_pdf.SPOT)


def test_a_head_seals_a_form_with_the_card(station_of, case, browser, tanaka, authorities, tmp_path, monkeypatch):
    monkeypatch.setattr("tests.cases.frozen_pdf", printed)
    application = case.examined()
    token, _ = card_with(tmp_path / "card", "tanaka@shinsei.example", authority=authorities.seal)
    rows, shown = answered(station_of(tanaka, token), asked(browser, application, "seal_pdf"))
    assert (
        rows["申請番号"] == application.number and rows["しるしの説明(管理名称)"] == application.title and shown.pages
    )
    assert (again(application).stage, again(application).sealer) == ("sealed", tanaka)
    assert Paper.sealed(again(application)).kind == "sealed_pdf"


@pytest.mark.parametrize("one_pin", [False, True])
def test_a_head_seals_a_list_with_one_press(
    station_of, case, browser, tanaka, authorities, tmp_path, monkeypatch, one_pin
):
    allowing = replace(profiles.load("practice"), one_pin_for_list=one_pin)
    monkeypatch.setattr(ca_profiles, "here", lambda: allowing)
    monkeypatch.setattr(ca_profiles, "of", lambda application: allowing)
    monkeypatch.setattr("tests.cases.frozen_pdf", printed)
    applications = [case.examined(title=title) for title in ("分光計A", "分光計B", "分光計C")]
    token, _ = card_with(tmp_path / "card", "tanaka@shinsei.example", authority=authorities.seal)
    person = Person()
    agent = station_of(tanaka, token, person)
    page = browser.press("/sealing", {"application": [str(each.id) for each in applications]})
    agent.look(agent.pairings[0])
    (offer,) = agent.offers
    agent.claim(offer.id, code_on(page))
    (ready,) = agent.ready or [pytest.fail(agent.told[0].message)]
    rows = [dict(part.shown.rows) for part in ready.parts]
    assert [row["申請番号"] for row in rows] == [each.number for each in applications]
    for place, wanted in enumerate((True, False, True)):
        agent.answer(offer.id, place, wanted)
    agent.perform([offer.id])
    assert agent.told[0].good, agent.told[0].message
    assert [again(each).stage for each in applications] == ["sealed", "examined", "sealed"]
    assert person.asked == (1 if one_pin else 2)
    page = browser.see(f"/jobs/{newest().id}")
    assert "3件のうち2件" in page.text and "一覧から外しました" in page.text
    signed = [entry["number"] for entry in Journal().entries() if entry["event"] == "signed"]
    assert signed == [applications[0].number, applications[2].number]


def test_a_subscriber_makes_the_key_and_later_installs_its_certificate(
    station_of, case, browser, sato, tmp_path, monkeypatch
):
    application, token = case.opened(), make_token(tmp_path / "card", "佐藤のカード")
    person = Person()
    agent = station_of(sato, token, person)
    rows, _ = answered(agent, asked(browser, application, "make_key", algorithm="P-256"))
    subject = [(f"主体者 {short}", value) for short, value in Institution.here().subject]
    assert subject == [(label, rows[label]) for label, _ in subject]
    csr = Csr.in_force(application)
    assert csr.attached_by == sato and Event.newest(application, "make_key").facts["token"]["label"] == "佐藤のカード"
    monkeypatch.setattr(case, "with_csr", lambda *_, **__: application)
    delivered = case.delivered()
    assert delivered == application
    person.asked = 0
    rows, _ = answered(agent, asked(browser.sign_in_as(sato), delivered, "install"))
    assert "佐藤のカード" in rows["カード"] and person.asked == 1
    assert again(delivered).stage == "installed"


def test_an_officer_signs_the_mail_with_the_packet(station_of, case, browser, suzuki, authorities, tmp_path):
    application = case.sealed()
    token, _ = card_with(tmp_path / "card", "suzuki@shinsei.example", authority=authorities.seal)
    rows, shown = answered(station_of(suzuki, token), asked(browser, application, "sign_mail", confirmed="yes"))
    assert rows["宛先"] == "certs@desk.practice.example" and rows["差出人"] == "suzuki@shinsei.example" and shown.text
    assert b"multipart/signed" in Letter.packet(application).content.bytes()


def test_a_head_signs_in_with_the_card(station_of, browser, tanaka, authorities, tmp_path):
    purposes = {"purposes": (Purpose.CLIENT_AUTH,), "policies": ()}
    token, _ = card_with(tmp_path / "card", "tanaka@shinsei.example", authority=authorities.seal, **purposes)
    agent = station_of(tanaka, token)
    browser.delete_cookie("shirushi")
    rows, shown = answered(agent, browser.press("/session/card", {"login": "tanaka"}))
    assert rows["サインインする先"] == agent.pairings[0].origin and "127.0.0.1" in shown.requester
    assert "田中 一郎" in browser.press("/session/card/visit").text
