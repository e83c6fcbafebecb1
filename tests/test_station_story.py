"""The real signing station with a real token at the real intranet, over HTTP: paired, then every kind of work to its end."""

from contextlib import contextmanager

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID as Purpose

from tests import cases
from tests.cases import again
from tests.papers_pdf import SPOT, plain_pdf
from tests.stationed import Person, card_with
from tests.stations import asked, code_on, newest
from tokens.station import device, pairing
from tokens.station.agent import Agent
from tokens.station.cards import Cards
from tokens.station.journal import Journal
from webapp.acts import letters
from webapp.papers.freeze import add_seal_field
from webapp.register import ApplicationForm, Certificate, Csr, Event, Letter, Paper
from webapp.routes import station_api

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(station_api, "HELD", 0)
    monkeypatch.setattr(cases, "frozen_pdf", _form)


def _form(words):
    """The form with its number and mark upon it, as a station looks for them."""
    mark = ApplicationForm.select().order_by(-ApplicationForm.id).get().mark
    return add_seal_field(plain_pdf(words, lines=[mark]), 0, SPOT)


@pytest.fixture
def url(address, monkeypatch):
    """The intranet at a port of its own."""
    monkeypatch.setitem(letters._house, "url", address)
    return letters.url("")


@contextmanager
def station_of(person, browser, url, token):
    """The Agent of a PC with this token, paired to a person who is signed in at the browser."""
    key = device.key()
    begun = pairing.begin(url, key)
    browser.sign_in_as(person)
    browser.press("/stations/pair", {"code": begun.user_code})
    page = browser.press(f"/stations/pairings/{begun.pairing}", {"number": begun.match_number})
    assert begun.fingerprint in page.text
    made = pairing.finish(begun, key, sleep=lambda _: None)
    with Cards([token.module], token.env) as cards:
        yield Agent([made], key, cards, Journal(), Person())


def carried_out(agent, page):
    """The person types the code of the page at the station and confirms; the station tells how it went."""
    agent.look(agent.pairings[0])
    offer = agent.offers[-1]
    agent.claim(offer.id, code_on(page))
    assert [each.envelope.job for each in agent.ready] == [offer.id], agent.told
    agent.perform([offer.id])
    assert agent.told[0].good, agent.told
    assert newest().state == "done"


def test_the_head_seals_and_signs_in_with_one_card(url, browser, case, tanaka, authorities, tmp_path):
    both = {"purposes": (Purpose.EMAIL_PROTECTION, Purpose.CLIENT_AUTH)}
    token, certificate = card_with(tmp_path, mail="tanaka@shinsei.example", authority=authorities.seal, **both)
    application = case.examined()
    with station_of(tanaka, browser, url, token) as agent:
        carried_out(agent, asked(browser, application, "seal_pdf"))
        assert again(application).stage == "sealed" and again(application).sealer == tanaka
        told = Event.newest(application, "seal").facts
        assert int(told["signer_certificate_serial"], 16) == x509.load_der_x509_certificate(certificate).serial_number
        assert Paper.sealed(again(application)).report
        browser.delete_cookie("shirushi")
        carried_out(agent, browser.press("/session/card", {"login": "tanaka"}))
        assert "田中 一郎" in browser.press("/session/card/visit").text


def test_the_officer_sends_the_packet_as_a_signed_mail(url, browser, case, suzuki, authorities, tmp_path):
    token, _ = card_with(tmp_path, mail="suzuki@shinsei.example", authority=authorities.seal)
    application = case.sealed()
    with station_of(suzuki, browser, url, token) as agent:
        carried_out(agent, asked(browser, application, "sign_mail", confirmed="yes"))
    letter = Letter.packet(application)
    assert letter.state == "waiting" and b"multipart/signed" in letter.content.bytes()


def test_a_key_is_made_at_the_station_and_its_certificate_installed_there(
    url, browser, case, sato, authorities, tmp_path, monkeypatch
):
    token, _ = card_with(tmp_path, mail="sato@shinsei.example", authority=authorities.seal)
    application = case.opened()
    with station_of(sato, browser, url, token) as agent:
        carried_out(agent, asked(browser, application, "make_key", algorithm="P-256"))
        assert Event.newest(application, "make_key").facts["attributes"]["NEVER_EXTRACTABLE"] is True
        request = x509.load_der_x509_csr(Csr.in_force(application).content.bytes())
        monkeypatch.setattr(case, "with_csr", lambda *_, **__: application)
        delivered = case.delivered()
        assert delivered.id == application.id and Certificate.of(delivered).key_pair is None
        carried_out(agent, asked(browser, delivered, "install"))
    assert again(application).stage == "installed"
    assert Certificate.of(application).proof is not None and request.is_signature_valid
    assert Certificate.of(application).spki_sha256 == Csr.in_force(application).spki_sha256
