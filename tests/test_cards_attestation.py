"""A token vouches for its own key: the practice card, given the F9 key of a maker that is nobody's but this test's, behind the
genuine ykcs11. The form is a YubiKey's; no YubiKey was at hand."""

import subprocess
from datetime import UTC, datetime
from hashlib import sha256

import pytest
from cryptography import x509

from tests import ca
from tests.attesting import Maker
from tests.cards import AUTHENTICATION, SIGNATURE
from tests.played_intranet import PlayedIntranet, payload
from tests.softhsm import make_token, run
from tests.stationed import NUMBER, Person, done, station, taken
from tokens import public_keys
from tokens.station.cards import Cards
from tokens.station.journal import Journal
from webapp.papers import attestation
from webapp.practice.cards import card as practice

pytestmark = pytest.mark.slow
ID_OF_9A = b"\x01"


@pytest.fixture(scope="module")
def maker():
    return Maker()


@pytest.fixture
def attesting(card_factory, maker):
    """A card that a maker has given its F9 key, inserted."""
    card = card_factory.card("ykcs11-piv")
    practice.load(card.path).put_attester(maker.f9_key, ca.der(maker.f9))
    yield card.insert()
    card_factory.empty()


def spki_of(certificate_der):
    return public_keys.spki(x509.load_der_x509_certificate(certificate_der).public_key())


def vouched(card, spki):
    with card.worker() as worker:
        return worker.call("attestation", token=card.serial, spki=spki)["certificates"]


def judged(ders, spki, roots):
    data = b"".join(ca.pem(x509.load_der_x509_certificate(der)) for der in ders)
    return attestation.read(data, sha256(spki).hexdigest(), [ca.der(root) for root in roots], [], datetime.now(UTC))


@pytest.mark.parametrize("slot", [SIGNATURE, AUTHENTICATION], ids=["9C", "9A"])
def test_the_attestation_of_each_key_is_read_without_a_pin_and_leads_to_its_maker_alone(attesting, maker, slot):
    spki = spki_of(attesting.certificates[slot])
    ders = vouched(attesting, spki)
    assert ders[1:] == [ca.der(maker.f9)] and attesting.log.pin_entries == []
    found = judged(ders, spki, [maker.root])
    assert found.is_verified and found.serial == attesting.serial
    assert dict(found.details)["PINとタッチ"].startswith("PINは毎回" if slot == SIGNATURE else "PINは接続ごと")
    for roots in ([], [Maker().root]):
        stranger = judged(ders, spki, roots)
        assert not stranger.is_verified and "ルート認証局が、しるしに登録されていません" in stranger.sentence
    assert judged(ders, spki_of(ca.der(maker.f9)), [maker.root]).is_other_key


def test_what_does_not_vouch_gives_nothing_and_no_fault(virtual_card, maker, tmp_path):
    for kind in ("ykcs11-piv", "opensc-piv"):
        card = virtual_card(kind)
        assert vouched(card, spki_of(card.certificates[AUTHENTICATION])) == []
        card.pull()
    token = make_token(tmp_path / "soft", "renshu")
    with token.worker() as worker:
        assert worker.call("attestation", token="renshu", spki=spki_of(ca.der(maker.f9)))["certificates"] == []


def test_the_certificates_on_the_card_are_listed_without_what_was_made_up(attesting, maker):
    with attesting.worker() as worker:
        (listed,) = worker.call("tokens")["tokens"]
    assert {each["der"] for each in listed["certificates"]} == {*attesting.certificates.values(), ca.der(maker.f9)}


def test_the_command_writes_it_for_openssl_and_for_the_register(attesting, maker, tmp_path):
    (tmp_path / "c.pem").write_bytes(ca.pem(x509.load_der_x509_certificate(attesting.certificates[AUTHENTICATION])))
    attested = run("attest", "--certificate", tmp_path / "c.pem", "-o", tmp_path / "a.pem", token=attesting)
    assert attested.returncode == 0, attested.stderr
    (tmp_path / "root.pem").write_bytes(ca.pem(maker.root))
    words = ["-partial_chain", "-CAfile", tmp_path / "root.pem", "-untrusted", tmp_path / "a.pem", tmp_path / "a.pem"]
    told = subprocess.run(["openssl", "verify", *map(str, words)], capture_output=True, text=True)
    assert told.returncode == 0 and "OK" in told.stdout, told
    assert (tmp_path / "a.pem").read_bytes().count(b"BEGIN CERTIFICATE") == 2


def test_the_key_made_at_the_station_comes_with_its_attestation(attesting, maker, monkeypatch, tmp_path):
    """The key lies on the card already, as after a first try that was cut off; the genuine module makes keys for the
    security officer alone."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(Journal, "plan", lambda *_: ID_OF_9A)
    asked = {"number": NUMBER, "subject": [["C", "JP"], ["CN", "Shinsei"]], "algorithm": "P-256", "label": "鍵"}
    with PlayedIntranet() as intranet, Cards([attesting.module], attesting.env) as cards:
        agent = station(intranet, cards, Person([attesting.pin]))
        job = intranet.offer(payload("make_key", **asked, journal_id=f"{NUMBER}-1-P-256"))
        done(taken(agent, job), job)
        outcome, value, reason = intranet.result(job)
    assert (outcome, reason) == ("done", ""), agent.told
    spki = public_keys.spki(x509.load_der_x509_csr(value.csr).public_key())
    assert spki == spki_of(attesting.certificates[AUTHENTICATION])
    assert judged(value.attestation, spki, [maker.root]).is_verified and len(attesting.log.pin_entries) == 1
