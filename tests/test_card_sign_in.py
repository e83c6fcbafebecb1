"""カードでサインイン: one's own card lets one in, once, in the browser that asked; and nothing else does."""

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID as Purpose

from tests import ca
from tests.stations import TOKEN, code_on, error, newest
from tokens.station import payloads, protocol
from webapp import clock
from webapp.acts.visits import digest
from webapp.register import Account, Event, Visit

pytestmark = pytest.mark.both_databases


@pytest.fixture
def waiting(paired, tanaka, browser):
    """田中's station, and a browser that nobody is signed in at."""
    station = paired(tanaka)
    browser.delete_cookie("shirushi")
    return station


def sign_in(browser, login="tanaka"):
    return browser.press("/session/card", {"login": login})


def signed_in(envelope, card, station, **changed):
    key, der = card
    bind = changed.get("bind", envelope.payload.session_bind)
    data = protocol.sign_in_bytes(
        changed.get("origin", envelope.origin), changed.get("nonce", envelope.nonce), bind, station
    )
    return payloads.SignedIn(der, key.sign(data, ec.ECDSA(hashes.SHA256())), "ECDSA_SHA256", TOKEN)


def test_a_card_lets_its_holder_in(browser, waiting, card, tanaka):
    page = sign_in(browser, " Tanaka ")
    envelope = waiting.opened(code_on(page))
    assert envelope.type == "sign_in" and "127.0.0.1" in envelope.requested_by
    assert waiting.give(
        envelope, signed_in(envelope, card("tanaka@shinsei.example", "client_auth"), waiting.number)
    ).json == {"state": "done"}
    assert (
        browser.get("/").status_code == 303
        and not Visit.select()
        .where(Visit.ended_at.is_null() & (Visit.account != Account.get(Account.person == tanaka)))
        .exists()
    )
    before = browser.get_cookie("shirushi_card", path="/session/card").value
    assert "サインインする" in browser.see("/session/card").buttons()
    page = browser.press("/session/card/visit")
    assert "田中 一郎" in page.text
    fresh = browser.get_cookie("shirushi").value
    assert fresh != before and browser.get_cookie("shirushi_card", path="/session/card") is None
    event = Event.newest(Account.get(Account.person == tanaka), "sign_in_with_card")
    assert (
        event.facts["revocation"] == "未確認"
        and event.facts["station"] == int(waiting.number)
        and event.person == tanaka
    )
    browser.delete_cookie("shirushi")
    browser.set_cookie("shirushi_card", before, path="/session/card")
    assert browser.press("/session/card/visit").status == 422  # once
    assert browser.get("/").status_code == 303


def test_a_name_without_a_station_looks_the_same_and_is_offered_to_nobody(browser, waiting):
    pages = [sign_in(browser, login) for login in ("tanaka", "nobody", "suzuki", "", "ん" * 500)]
    masked = {page.text.replace(f"{code_on(page)[:3]} {code_on(page)[3:]}", "") for page in pages}
    assert len(masked) == 1 and len(waiting.jobs()) == 1


def test_the_session_that_did_not_ask_comes_in_by_nothing(house, browser, waiting, card):
    envelope = waiting.opened(code_on(sign_in(browser)))
    waiting.give(envelope, signed_in(envelope, card("tanaka@shinsei.example", "client_auth"), waiting.number))
    other = house.test_client()
    assert other.press("/session/card/visit").status == 422 and other.get("/").status_code == 303
    other.set_cookie("shirushi_card", "planted", path="/session/card")
    assert other.press("/session/card/visit").status == 422
    assert browser.post("/session/card/visit", headers={"Origin": "https://evil.example"}).status_code == 403


def test_a_cookie_that_somebody_planted_is_replaced_when_asking(browser, waiting):
    """Session fixation: what a stranger has put into the browser is neither bound nor kept."""
    browser.set_cookie("shirushi_card", "planted", path="/session/card")
    browser.set_cookie("shirushi", "planted")
    sign_in(browser)
    assert browser.get_cookie("shirushi_card", path="/session/card").value != "planted"
    assert newest().session_sha256 != digest("planted")


def test_the_visit_that_follows_has_a_secret_of_its_own(browser, waiting, card):
    """Session fixation, after the sign-in: neither a cookie that was there nor the one of these five minutes is a visit's."""
    browser.set_cookie("shirushi", "planted")
    envelope = waiting.opened(code_on(sign_in(browser)))
    waiting.give(envelope, signed_in(envelope, card("tanaka@shinsei.example", "client_auth"), waiting.number))
    asked_by = browser.get_cookie("shirushi_card", path="/session/card").value
    assert browser.press("/session/card/visit").status == 200
    fresh = browser.get_cookie("shirushi").value
    assert fresh not in ("planted", asked_by) and Visit.of(digest(fresh)).ended_at is None
    for secret in ("planted", asked_by):
        browser.set_cookie("shirushi", secret)
        assert Visit.of(digest(secret)) is None and browser.get("/").status_code == 303


def test_before_the_card_has_signed_and_after_five_minutes_nobody_comes_in(browser, waiting, card):
    code = code_on(sign_in(browser))
    assert browser.press("/session/card/visit").status == 422
    envelope = waiting.opened(code)
    assert browser.press("/session/card/visit").status == 422
    waiting.give(envelope, signed_in(envelope, card("tanaka@shinsei.example", "client_auth"), waiting.number))
    clock.move(timedelta(minutes=5))
    assert browser.press("/session/card/visit").status == 422 and browser.get("/").status_code == 303


def test_a_signature_for_another_origin_challenge_session_or_station_is_refused(browser, waiting, card):
    for changed in ({"origin": "https://evil.example"}, {"nonce": "00" * 32}, {"bind": "00" * 32}, {"station": "999"}):
        envelope = waiting.opened(code_on(sign_in(browser)))
        station = changed.pop("station", waiting.number)
        value = signed_in(envelope, card("tanaka@shinsei.example", "client_auth"), station, **changed)
        assert error(waiting.give(envelope, value)) == (401, "signature") and newest().state == "failed"
        assert browser.press("/session/card/visit").status == 422


def test_another_persons_or_an_unregistered_address_lets_nobody_in(browser, waiting, card):
    for mail in ("suzuki@shinsei.example", "nobody@else.example"):
        envelope = waiting.opened(code_on(sign_in(browser)))
        answer = waiting.give(envelope, signed_in(envelope, card(mail, "client_auth"), waiting.number))
        assert answer.status_code == 422 and "サインインできません" in answer.json["message"]
        assert browser.press("/session/card/visit").status == 422 and newest().state == "failed"


def test_a_closed_account_a_foreign_ca_and_an_expired_card_let_nobody_in(browser, waiting, card, tanaka):
    mail = "tanaka@shinsei.example"
    cards = [
        card(mail, "client_auth", authority=ca.Authority("Another CA")),
        card(mail, "client_auth", not_before=clock.now() - timedelta(days=600)),
    ]
    cards.append(card(mail))
    for each in cards:
        envelope = waiting.opened(code_on(sign_in(browser)))
        assert waiting.give(envelope, signed_in(envelope, each, waiting.number)).status_code == 422
    envelope = waiting.opened(code_on(sign_in(browser)))
    assert waiting.give(envelope, signed_in(envelope, card(mail, "client_auth"), waiting.number)).status_code == 200
    Account.update(closed_at=clock.now()).where(Account.person == tanaka).execute()
    assert browser.press("/session/card/visit").status == 422 and browser.get("/").status_code == 303


def test_a_card_for_mail_besides_lets_in_too(browser, waiting, card):
    envelope = waiting.opened(code_on(sign_in(browser)))
    both = card("tanaka@shinsei.example", purposes=(Purpose.EMAIL_PROTECTION, Purpose.CLIENT_AUTH))
    assert waiting.give(envelope, signed_in(envelope, both, waiting.number)).json == {"state": "done"}


def test_one_address_cannot_ask_without_end_and_a_station_is_not_flooded(browser, waiting):
    pages = [sign_in(browser) for _ in range(11)]
    assert [page.status for page in pages] == [200] * 10 + [422] and "しばらく" in pages[-1].text
    assert len(waiting.jobs()) == 3


def test_a_sign_in_is_no_job_of_the_pages(browser, waiting, tanaka):
    sign_in(browser)
    browser.sign_in_as(tanaka)
    assert browser.see(f"/jobs/{newest().id}").status == 404
