"""Making a token of a blank one, as SoftHSM has them for practice. Nothing that was initialised is ever erased."""

import pkcs11
from pkcs11 import TokenFlag

from tokens.cryptoki import LABEL_BYTES, SECURITY_OFFICER
from tokens.errors import named
from tokens.token_worker import sessions


def initialise(module, login, label, officer_pin):
    """Give the module's first blank token this `label` (up to 32 bytes), the officer's PIN and the user's, which is the login's:
    {"token": names}. Raises TokenError bad_request if the label is too long, token_missing if none is blank."""
    if len(label.encode("utf-8")) > LABEL_BYTES:
        raise named("bad_request", "label")
    slot = next(filter(_is_blank, sessions.slots(module, token_present=True)), None)
    if slot is None:
        raise named("token_missing", "blank")
    module.raw.init_token(slot.slot_id, officer_pin, label)
    made = slot.get_token()
    with sessions.looking(made, rw=True) as session:
        module.raw.login(session.handle, officer_pin, SECURITY_OFFICER)
        module.raw.init_pin(session.handle, login.pin)
        module.raw.logout(session.handle)
    return {"token": sessions.named_by(made)}


def _is_blank(slot):
    try:
        return TokenFlag.TOKEN_INITIALIZED not in slot.get_token().flags
    except (pkcs11.TokenNotRecognised, pkcs11.TokenNotPresent):
        return False
