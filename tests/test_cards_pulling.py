"""Cards that come, go, and are not what they were: nothing is signed that was not asked for, and the next try works."""

import os

import pytest

from tests.cards import AUTHENTICATION, ISO_ID, KINDS, SIGNATURE, outcome
from tokens import proof
from tokens.errors import TokenError

pytestmark = pytest.mark.slow
KEYS = [
    ("opensc-piv", SIGNATURE),
    ("opensc-piv", AUTHENTICATION),
    ("ykcs11-piv", SIGNATURE),
    ("ykcs11-piv", AUTHENTICATION),
    ("opensc-isoapplet", ISO_ID),
]
VERIFY, SIGN = 0x20, {"piv": 0x87, "isoapplet": 0x2A}


def wanted(card, key):
    return {"token": card.serial, "pin": card.pin, "certificate_der": card.certificates[key], "challenge": bytes(32)}


@pytest.mark.parametrize("kind", KINDS)
def test_a_running_worker_notices_that_a_card_comes_and_goes(card_factory, kind):
    card = card_factory.card(kind)
    with card.worker() as worker:
        assert worker.call("tokens")["tokens"] == []
        card.insert()
        assert [each["serial"] for each in worker.call("tokens")["tokens"]] == [card.serial]
        card.pull()
        card.wait(lambda: not card.is_seen)
        assert worker.call("tokens")["tokens"] == []
        key = next(iter(card.certificates))
        assert outcome(worker.call, "prove", **wanted(card, key)) == "token_missing"
        card.insert()
        assert outcome(worker.call, "prove", **wanted(card, key)) == "ok"
    card_factory.empty()


@pytest.mark.parametrize(("kind", "key"), KEYS)
def test_a_card_pulled_before_it_signs_has_signed_nothing(virtual_card, kind, key):
    card = virtual_card(kind)
    card.reader.pull_at(SIGN[card.kind.card], False)
    with card.worker() as worker:
        with pytest.raises(TokenError) as failure:
            worker.call("prove", **wanted(card, key))
        assert failure.value.code not in ("pin_incorrect", "pin_locked")
        assert card.log.signatures == []
        assert card.tries_left == 3
        card.insert()
        assert worker.call("prove", **wanted(card, key))["signature"]
    assert len(card.log.signatures) == 1


@pytest.mark.parametrize(("kind", "key"), KEYS)
def test_a_card_pulled_before_it_can_answer_has_signed_for_nobody(virtual_card, kind, key):
    """The card obeyed, but its answer never left: the operation has failed, and nothing tries it again."""
    card = virtual_card(kind)
    card.reader.pull_at(SIGN[card.kind.card], True)
    with card.worker() as worker:
        assert outcome(worker.call, "prove", **wanted(card, key)) not in ("ok", "pin_incorrect", "pin_locked")
        assert len(card.log.signatures) == 1
        card.insert()
        worker.call("tokens")
        assert len(card.log.signatures) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_card_pulled_at_its_pin_has_lost_no_try(virtual_card, kind):
    card = virtual_card(kind)
    card.reader.pull_at(VERIFY, False)
    with card.worker() as worker:
        key = next(iter(card.certificates))
        assert outcome(worker.call, "prove", **wanted(card, key)) not in ("ok", "pin_incorrect")
    assert (card.tries_left, card.log.signatures) == (3, [])


@pytest.mark.parametrize("kind", ["opensc-piv", "ykcs11-piv"])
def test_another_card_in_the_same_slot_is_never_taken_for_the_first(card_factory, virtual_card, kind):
    card, other = virtual_card(kind), card_factory.card(kind)
    with card.worker() as worker:
        worker.call("prove", **wanted(card, AUTHENTICATION))
        card.swap(other)
        assert outcome(worker.call, "prove", **wanted(card, AUTHENTICATION)) not in (
            "ok",
            "pin_incorrect",
            "pin_locked",
        )
        assert (other.log.signatures, other.log.pin_entries) == ([], [])
        other.wait(lambda: other.is_seen)
        made = worker.call("prove", **wanted(other, AUTHENTICATION))
    proof.verify(bytes(32), other.certificates[AUTHENTICATION], made["signature"])
    assert (len(card.log.signatures), len(other.log.signatures)) == (1, 1)


@pytest.mark.parametrize("kind", KINDS)
def test_a_signature_that_was_refused_leaves_the_card_having_signed_nothing(virtual_card, kind):
    """Bytes of no kind we sign, a certificate of another key, a wrong PIN: the private key is not used at all."""
    card = virtual_card(kind)
    key = next(iter(card.certificates))
    stranger = {**wanted(card, key), "certificate_der": _foreign(card)}
    attributes = {name: value for name, value in wanted(card, key).items() if name != "challenge"}
    with card.worker() as worker:
        assert outcome(worker.call, "prove", **stranger) == "no_key"
        for data in (b"", b"\x31\x00", os.urandom(64)):
            assert outcome(worker.call, "sign_attributes", signed_attributes_der=data, **attributes) == "bytes_refused"
        assert outcome(worker.call, "prove", **{**wanted(card, key), "pin": "28461937"}) == "pin_incorrect"
    assert card.log.signatures == []


def _foreign(card):
    from tests import ca

    return ca.der(ca.Authority().smime(ca.new_key().public_key(), "takahashi@shinsei.example"))


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_card_beside_a_full_one_disturbs_nothing(card_factory, virtual_card, kind):
    card, empty = virtual_card(kind), card_factory.blank(kind, slot=1)
    empty.reader.insert(empty.path, 1, empty.kind.like_yubikey)
    with card.worker() as worker:
        for _ in range(20):
            listed = worker.call("tokens")["tokens"]
            if len(listed) == 2:
                break
        assert card.serial in [each["serial"] for each in listed]
        assert [each["certificates"] for each in listed if each["serial"] != card.serial] in ([], [[]])
        key = next(iter(card.certificates))
        assert outcome(worker.call, "prove", **wanted(card, key)) == "ok"
    assert empty.log.signatures == []
