"""Tokens behind genuine modules of makers, with virtual cards in a virtual reader."""

from pathlib import Path

import pytest
from ca import Authority, der
from cryptography import x509

from tests.cards import KINDS, OPENSC, SIGNATURE, YKCS11
from tokens import errors, proof, public_keys
from tokens.client import proof_of
from webapp.practice.cards.piv import MANAGEMENT_KEY

CHALLENGE = bytes(range(32))
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/usr/sbin/pcscd").exists(), reason="pcscd is not installed"),
]


@pytest.fixture
def inserted(virtual_card):
    """A new card of a kind, in the reader."""

    def made(name):
        if not Path(KINDS[name].module).exists():
            pytest.skip(f"{KINDS[name].module} is not installed")
        return virtual_card(name)

    return made


def prove(worker, certificate, **login):
    made = worker.call("prove", token=None, certificate_der=certificate, challenge=CHALLENGE, **login)
    proof.check(proof_of(made, certificate, CHALLENGE), CHALLENGE, certificate)


def refused(codes, worker, certificate, **login):
    with pytest.raises(errors.TokenError) as refusal:
        prove(worker, certificate, **login)
    assert refusal.value.code in codes


@pytest.mark.parametrize("name", sorted(KINDS))
def test_a_card_signs_says_a_wrong_pin_and_is_missed_at_once_when_pulled(inserted, name):
    card = inserted(name)
    with card.worker() as worker:
        for certificate in card.certificates.values():
            prove(worker, certificate, pin=card.pin)
            before = card.tries_left
            refused({"pin_incorrect"}, worker, certificate, pin="161803")
            assert card.tries_left == before - 1
            prove(worker, certificate, pin=card.pin)
            assert card.tries_left == before
        card.pull()
        gone = {"token_removed", "token_missing"}  # whether the module saw it go, or only that it is not there
        refused(gone, worker, certificate, pin=card.pin)
        card.insert()
        prove(worker, certificate, pin=card.pin)


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind.card == "piv"])
def test_the_key_for_signatures_is_asked_for_its_own_pin(inserted, name):
    card, asked = inserted(name), []

    def ask(question):
        asked.append(question)
        return card.pin

    with card.worker() as worker:
        prove(worker, card.certificates[SIGNATURE], pin=card.pin, ask=ask)
    assert len(asked) == 1 and asked[0]["entry"] == "typed"


def test_opensc_on_an_isoapplet_card_is_asked_for_no_key_it_cannot_make(inserted):
    card = inserted("opensc-isoapplet")
    key = {"cka_id": b"U", "label": "鍵", "subject": [["CN", "x"]]}
    with card.worker() as worker:
        for algorithm in ("RSA-3072", "P-256"):  # 2048 bits at most; EC without a hash that is good enough
            with pytest.raises(errors.TokenError) as refusal:
                worker.call("make_key", token=None, pin=card.pin, algorithm=algorithm, **key)
            assert refusal.value.code == "mechanism_missing"
        (certificate,) = card.certificates.values()
        worker.call("install", token=None, pin=card.pin, certificate_der=certificate)
        assert [each["der"] for each in worker.call("tokens")["tokens"][0]["certificates"]] == [certificate]
        prove(worker, certificate, pin=card.pin)  # OpenSC has renamed the key by now
    assert card.module == OPENSC


def test_a_yubikey_makes_keys_for_its_officer_alone(inserted):
    card = inserted("ykcs11-piv")
    assert card.module == YKCS11
    key = {"cka_id": b"\x03", "label": "鍵", "algorithm": "P-256", "token": None}  # 9d
    with card.worker() as worker:
        with pytest.raises(errors.TokenError) as refusal:
            worker.call("generate", pin=card.pin, **key)
        assert refusal.value.code == "not_permitted" and "管理キー" in refusal.value.advice
        made = worker.call("generate", pin=MANAGEMENT_KEY, as_security_officer=True, **key)
        assert made["attributes"]["SENSITIVE"] and not made["attributes"]["EXTRACTABLE"]
        asked = {"token": None, "pin": card.pin, "subject": [["CN", "Shinsei University"]]}
        request = x509.load_der_x509_csr(worker.call("request", spki=made["spki"], **asked)["csr_der"])
        assert request.is_signature_valid and public_keys.spki(request.public_key()) == made["spki"]
        certificate = der(Authority().code_signing(request.public_key()))
        prove(worker, certificate, pin=card.pin)
