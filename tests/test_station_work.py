"""鍵ペア (1-1-1) and 格納 (1-1-6) at a signing station, from the button to the act."""

import hashlib

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from tests import ca
from tests.attesting import Maker
from tests.cases import again
from tests.stations import TOKEN, asked, code_on, newest
from tokens import proof
from tokens.station import payloads
from webapp import clock
from webapp.acts import delivery
from webapp.register import Certificate, Challenge, Csr, Event, Institution, KeyProtection, TrustAnchor

pytestmark = pytest.mark.both_databases


# 鍵ペア (1-1-1)


def made_key(subject=None, key=None, **attributes):
    key = key or ec.generate_private_key(ec.SECP256R1())
    told = {"LOCAL": True, "NEVER_EXTRACTABLE": True, "EXTRACTABLE": False} | attributes
    request = ca.csr(key, subject or Institution.here().subject)
    return payloads.MadeKey(ca.der(request), told, (b"\x30\x00",), TOKEN)


def test_a_key_is_made_at_the_station_and_what_the_token_says_of_it_is_kept(case, browser, paired, sato):
    application, station = case.opened(), paired(sato)
    page = asked(browser, application, "make_key", algorithm="P-256")
    envelope = station.opened(code_on(page))
    assert envelope.payload.subject == Institution.here().subject and envelope.payload.algorithm == "P-256"
    assert station.give(envelope, made_key()).json == {"state": "done"}
    csr = Csr.in_force(application)
    assert csr is not None and csr.key_pair is None and csr.attached_by == sato
    facts = Event.newest(application, "make_key").facts
    assert facts["attributes"]["NEVER_EXTRACTABLE"] is True and facts["token"]["serial"] == "0001"
    assert facts["spki_sha256"] == csr.spki_sha256 and len(facts["attestation"]) == 1
    assert "試験用カード" in browser.see(f"/applications/{application.id}").text


@pytest.fixture(scope="module")
def maker():
    return Maker()


def attested_key(maker, key, of=None):
    made = made_key(key=key)
    ders = ca.der(maker.attestation((of or key).public_key())), ca.der(maker.f9)
    return payloads.MadeKey(made.csr, made.attributes, ders, TOKEN)


@pytest.mark.parametrize(
    ("is_installed", "is_own", "standing", "words"),
    [(True, True, "検証済み", "メーカーのルート認証局まで"), (False, True, "未検証", "登録されていません"), (True, False, "未検証", "CSRの鍵ではありません")],
    ids=["the maker's root is trusted", "nobody trusts the maker", "of another key"],
)  # fmt: skip
def test_the_attestation_of_the_token_becomes_evidence_verified_where_the_makers_root_is_trusted(
    case, browser, paired, sato, maker, is_installed, is_own, standing, words
):
    if is_installed:
        told = {"name": "Test maker", "der": ca.der(maker.root), "is_root": True, "since_on": clock.today()}
        TrustAnchor.create(use="attestation", **told)
    application, station = case.opened(), paired(sato)
    envelope = station.opened(code_on(asked(browser, application, "make_key", algorithm="P-256")))
    key = ca.new_key()
    given = attested_key(maker, key, key if is_own else ca.new_key())
    assert station.give(envelope, given).json == {"state": "done"}
    row = KeyProtection.newest(application)
    assert row.method == 2 and row.noted_by == sato and TOKEN.serial in row.words
    assert row.attestation["is_verified"] == (standing == "検証済み") and words in row.attestation["sentence"]
    assert row.evidence.content.bytes().count(b"BEGIN CERTIFICATE") == 2
    assert Event.newest(application, "note_key_protection").facts["is_verified"] == row.attestation["is_verified"]
    page = browser.see(f"/applications/{application.id}/key_protection")
    assert standing in page.text and words in page.text


def test_bytes_that_are_no_attestation_are_kept_and_never_verified(case, browser, paired, sato):
    application, station = case.opened(), paired(sato)
    envelope = station.opened(code_on(asked(browser, application, "make_key", algorithm="P-256")))
    assert station.give(envelope, made_key()).json == {"state": "done"}
    assert KeyProtection.newest(application).attestation["is_verified"] is False


def test_the_same_key_is_asked_for_until_one_has_come(case, browser, paired, sato):
    application, station = case.opened(), paired(sato)
    names = []
    for value in (None, made_key(), made_key()):
        envelope = station.opened(code_on(asked(browser, application, "make_key", algorithm="P-256")))
        names.append(envelope.payload.journal_id)
        station.give(envelope, value, outcome="done" if value else "failed")
    assert names[0] == names[1] != names[2]


WRONG_KEYS = (
    (lambda: made_key(subject=ca.SUBJECT), "主体者"),
    (lambda: made_key(key=ec.generate_private_key(ec.SECP384R1())), "頼んだ種類"),
    (lambda: made_key(EXTRACTABLE=True), "取り出せます"),
    (lambda: made_key(NEVER_EXTRACTABLE=False), "取り出せます"),
    (lambda: payloads.MadeKey(b"nothing", {}, (), TOKEN), ""),
)


def test_a_key_that_was_not_asked_for_is_refused(case, browser, paired, sato):
    application, station = case.opened(), paired(sato)
    for value, words in WRONG_KEYS:
        envelope = station.opened(code_on(asked(browser, application, "make_key", algorithm="P-256")))
        answer = station.give(envelope, value())
        assert answer.status_code == 422 and words in answer.json["message"] + answer.json["advice"]
        assert Csr.in_force(application) is None and newest().state == "failed"


def test_a_kind_of_key_that_is_not_offered_is_not_asked_for(case, browser, paired, sato):
    application = case.opened()
    paired(sato)
    page = asked(browser, application, "make_key", algorithm="RSA-1024")
    assert page.status == 422 and "一覧から選んでください" in page.text


# 格納 (1-1-6)


def proof_of(envelope, key):
    challenge, der = bytes.fromhex(envelope.payload.challenge), envelope.payload.certificate
    signature = key.sign(proof.to_be_signed(challenge, der), ec.ECDSA(hashes.SHA256()))
    made = proof.Proof(challenge, hashlib.sha256(der).digest(), signature, "ECDSA_SHA256", "試験用カード", "0001")
    return payloads.Installed(proof.to_text(made), TOKEN)


@pytest.fixture
def delivered(case, monkeypatch):
    """(application, key): a certificate that has come for a key outside."""
    key = ca.new_key()
    with_csr = case.with_csr
    monkeypatch.setattr(case, "with_csr", lambda applicant="佐藤", **entries: with_csr(applicant, key, **entries))
    return case.delivered(), key


def test_a_certificate_is_installed_and_proven_at_the_station(delivered, browser, paired, sato):
    application, key = delivered
    station = paired(sato)
    envelope = station.opened(code_on(asked(browser, application, "install")))
    row = Certificate.of(application)
    assert envelope.payload.certificate == row.content.bytes() and envelope.payload.spki_sha256 == row.spki_sha256
    assert station.give(envelope, proof_of(envelope, key)).json == {"state": "done"}
    assert again(application).stage == "installed"
    assert Challenge.get(Challenge.certificate == row).met_at is not None


def test_a_proof_by_another_key_or_for_another_challenge_is_refused(delivered, browser, paired, sato):
    application, key = delivered
    station = paired(sato)
    envelope = station.opened(code_on(asked(browser, application, "install")))
    answer = station.give(envelope, proof_of(envelope, ca.new_key()))
    assert answer.status_code == 422 and again(application).stage == "delivered"
    envelope = station.opened(code_on(asked(browser, application, "install")))
    text = proof_of(envelope, key).proof
    Challenge.update(nonce="00" * 32).execute()
    answer = station.give(envelope, payloads.Installed(text, TOKEN))
    assert answer.status_code == 422 and again(application).stage == "delivered"


def test_what_was_handed_out_is_proven_later(delivered, browser, paired, sato, suzuki, by):
    application, key = delivered
    delivery.hand_out(application, by(suzuki))
    station = paired(sato)
    envelope = station.opened(code_on(asked(browser, application, "install")))
    assert station.give(envelope, proof_of(envelope, key)).json == {"state": "done"}
    assert Event.newest(application, "prove") is not None
