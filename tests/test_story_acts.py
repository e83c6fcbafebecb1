"""新規発行 by the acts alone, from a draft to a certificate in use (seed 1-1), on both databases."""

import pytest

from tests.cases import again
from webapp.register import Event, verify_chain

pytestmark = pytest.mark.both_databases


def test_an_application_walks_from_draft_to_in_use(case):
    application = case.in_use()
    assert again(application).stage == "in_use"
    acts = [event.act for event in reversed(Event.about(application))]
    assert acts == [
        "open", "attach_csr", "consent", "submit", "freeze", "check_identity", "check_identity", "examine", "seal",
        "dispatch_by_hand", "take_delivery", "hand_out", "accept",
    ]  # fmt: skip
    assert verify_chain() > len(acts)
