"""PINs on real modules: a wrong one is sent once and never again, the last try is a person's word, the PUK leads back."""

import pytest

from tests.cards import AUTHENTICATION, ISO_ID, KINDS, SIGNATURE, outcome
from tests.modules_table import unlock
from tests.softhsm import logins

pytestmark = pytest.mark.slow
WRONG = "28461937"
KEY_OF = {"opensc-piv": SIGNATURE, "ykcs11-piv": AUTHENTICATION, "opensc-isoapplet": ISO_ID}


def prove(worker, card, pin, final_try=False):
    wanted = {"certificate_der": card.certificates[KEY_OF[_name(card)]], "challenge": bytes(32)}
    return outcome(worker.call, "prove", token=card.serial, pin=pin, final_try=final_try, **wanted)


def _name(card):
    return next(name for name, kind in KINDS.items() if kind == card.kind)


@pytest.mark.parametrize("kind", KINDS)
def test_a_wrong_pin_reaches_the_card_exactly_once_and_nothing_is_signed(virtual_card, kind, tmp_path):
    card, log = virtual_card(kind), tmp_path / "spy.log"
    with card.spied(log) as worker:
        assert prove(worker, card, WRONG) == "pin_incorrect"
        assert (logins(log), len(card.log.pin_entries), card.tries_left) == (1, 1, 2)
        worker.call("tokens")
        assert (logins(log), len(card.log.pin_entries), card.tries_left) == (1, 1, 2)
        assert card.log.signatures == []
        assert prove(worker, card, card.pin) == "ok"
    assert card.tries_left == 3


@pytest.mark.parametrize("kind", ["opensc-piv", "ykcs11-piv"])
def test_the_last_try_is_made_only_when_a_person_says_so(virtual_card, kind):
    card = virtual_card(kind)
    with card.worker() as worker:
        prove(worker, card, WRONG), prove(worker, card, WRONG)
        assert card.tries_left == 1
        sent = len(card.log.pin_entries)
        assert prove(worker, card, card.pin) == "pin_final_try"
        assert (card.tries_left, len(card.log.pin_entries)) == (1, sent)
        assert prove(worker, card, card.pin, final_try=True) == "ok"
    assert card.tries_left == 3


def test_opensc_does_not_tell_of_an_isoapplets_last_try(virtual_card):
    """Nothing asks the card for its counter before a PIN goes out: no flag does not mean three tries."""
    card = virtual_card("opensc-isoapplet")
    with card.worker() as worker:
        prove(worker, card, WRONG), prove(worker, card, WRONG)
        assert card.tries_left == 1
        assert not [flag for flag in worker.call("tokens")["tokens"][0]["flags"] if "FINAL" in flag or "LOW" in flag]


@pytest.mark.parametrize("kind", KINDS)
def test_a_locked_card_stays_locked_until_its_puk(virtual_card, kind):
    card = virtual_card(kind)
    with card.worker() as worker:
        for _ in range(3):
            prove(worker, card, WRONG, final_try=True)
        assert card.tries_left == 0
        assert prove(worker, card, card.pin, final_try=True) == "pin_locked"
        card.pull()
        card.wait(lambda: not card.is_seen)
        card.insert()
        assert prove(worker, card, card.pin, final_try=True) == "pin_locked"
        assert card.log.signatures == []
        unlock(card)
        assert prove(worker, card, card.pin) == "ok"
