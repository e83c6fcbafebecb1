"""Tokens that are present, and the one way to be logged in on one: for a single operation, with exactly one C_Login."""

import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import ClassVar

import pkcs11
from pkcs11 import CancelStrategy, TokenFlag

from tokens import cryptoki
from tokens.cryptoki import Cryptoki, ReturnValue
from tokens.errors import named, of_return_value, translated
from tokens.token_worker import stored

PATIENCE_SECONDS = 1.2  # a card just inserted is seen by the module within 0.7 s
LISTINGS = 5  # a card or reader may come between the two calls that make one list of slots
NOTICING_SECONDS = 0.8  # and one just pulled out is missed within 0.6 s
PAUSE_SECONDS = 0.1
IDENTITY = ("label", "serial", "manufacturer", "model")
# What a module says when its card is gone, but may also say for other reasons.
PERHAPS_GONE = {
    "CKR_GENERAL_ERROR",
    "CKR_FUNCTION_FAILED",
    "CKR_DEVICE_ERROR",
    "CKR_USER_NOT_LOGGED_IN",
    "CKR_OPERATION_NOT_INITIALIZED",
}


class Module:
    """A loaded module: `library` of python-pkcs11, and `raw` for what that cannot do."""

    def __init__(self, path):
        try:
            self.library = pkcs11.lib(path)
            self.raw = Cryptoki(path)
        except (pkcs11.PKCS11Error, ReturnValue, RuntimeError, OSError) as error:
            raise named("module_unusable", type(error).__name__) from error


class ModuleFailed(Exception):
    """The module refused or failed in the middle of an operation; `error` is the TokenError that says how."""

    def __init__(self, error):
        super().__init__(error.detail)
        self.error = error


@dataclass(frozen=True)
class Login:
    """How to log in. `entry`: "typed" (the PIN), "pad" (NULL: the reader asks), "module" (no C_Login: the module asks by
    itself), or "" for what the token's flag says. `second_pin` is for keys that want a PIN at each signature; without it
    `ask({"token", "entry"})` gives it, and without that the same PIN. `final_try`: a person agreed to the last try."""

    pin: str | None = None
    entry: str = ""
    second_pin: str | None = None
    final_try: bool = False
    ask: object = None
    GIVEN: ClassVar = ("pin", "entry", "second_pin", "final_try")


@dataclass(frozen=True)
class LoggedIn:
    """A session that is logged in, for one operation."""

    module: Module
    token: object
    session: object
    login: Login
    entry: str

    def pin_for_signature(self):
        """The PIN for one signature by a key that asks each time; None at a PIN pad."""
        if self.login.second_pin is not None:
            return self.login.second_pin
        if self.login.ask:
            return self.login.ask({"token": named_by(self.token), "entry": self.entry})
        return self.login.pin


# Which tokens are there


def slots(module, token_present=False):
    """The module's slots, each once, or those with a token. python-pkcs11 asks how many there are and then which; where
    one comes or goes in between (PKCS#11 v2.40 §5.2), both are asked again."""
    for _ in range(LISTINGS):
        try:
            listed = module.library.get_slots(token_present=token_present)
        except pkcs11.PKCS11Error as error:
            failed = error
            if translated(error).detail not in ("CKR_BUFFER_TOO_SMALL", "CKR_SLOT_ID_INVALID"):
                raise
        else:
            return list({slot.slot_id: slot for slot in listed}.values())
    raise failed


def present(module):
    """Every initialised token, with fresh flags."""
    for slot in slots(module, token_present=True):
        try:
            token = slot.get_token()
        except (pkcs11.TokenNotRecognised, pkcs11.TokenNotPresent):
            continue  # a blank card, or one pulled just now
        if TokenFlag.TOKEN_INITIALIZED in token.flags:
            yield token


def one(module, wanted, public_key=None):
    """The one token meant by `wanted`: its label or serial (text), its names (a dict as `named_by` gives it), or None
    for any; among several the one that shows the certificate or public key of `public_key`. Waits a moment for one
    that is late. Raises TokenError token_missing or token_ambiguous."""
    found = _meant(module, wanted)
    deadline = time.monotonic() + PATIENCE_SECONDS
    if not found:
        module.library.reinitialize()  # it may have been initialised, or its reader come back, since then
        found = _meant(module, wanted)
    while not found and time.monotonic() < deadline:
        time.sleep(PAUSE_SECONDS)
        found = _meant(module, wanted)
    if len(found) > 1 and public_key is not None:
        found = [token for token in found if _shows(token, public_key)]
        if len({tuple(named_by(token).values()) for token in found}) == 1:
            found = found[:1]  # one card seen twice: by two slots, or by two readers' names
    if len(found) != 1:
        raise named("token_ambiguous" if found else "token_missing")
    return found[0]


def named_by(token):
    """{"label", "serial", "manufacturer", "model"}: no single one of them is an identity."""
    return {
        "label": token.label,
        "serial": text(token.serial),
        "manufacturer": text(token.manufacturer_id),
        "model": text(token.model),
    }


def text(value):
    return (value.decode("utf-8", "replace") if isinstance(value, bytes) else value).strip(" \0")


def _meant(module, wanted):
    return [token for token in present(module) if _is(token, wanted)]


def _is(token, wanted):
    names = named_by(token)
    if isinstance(wanted, dict):
        return all(names[each] == wanted.get(each) for each in IDENTITY)
    return wanted is None or wanted in (names["label"], names["serial"])


def _shows(token, public_key):
    with looking(token) as session:
        return bool(stored.identifiers(session, public_key))


@contextmanager
def looking(token, rw=False):
    """A session without login."""
    session = token.open(rw=rw)
    try:
        yield session
    finally:
        with suppress(pkcs11.PKCS11Error):
            session.close()


# Login, operation, logout


@contextmanager
def logged_in(module, token, login, user_type=cryptoki.USER, first_login=True):
    """LoggedIn, for one operation. Exactly one C_Login, and none if the token's flags speak against it; with
    `first_login` False there is none at all. Logout and close follow in any case. Raises TokenError before anything
    was sent, ModuleFailed after."""
    entry = _entry(token.flags, login)
    session = token.open(
        rw=TokenFlag.WRITE_PROTECTED not in token.flags, cancel_strategy=CancelStrategy.CANCEL_WITH_INIT
    )
    try:
        if first_login and entry != "module":
            module.raw.login(session.handle, login.pin, user_type)
        yield LoggedIn(module, token, session, login, entry)
    except pkcs11.PKCS11Error as error:
        raise ModuleFailed(perhaps_gone(module, translated(error), token)) from error
    except ReturnValue as error:
        raise ModuleFailed(perhaps_gone(module, of_return_value(error.name), token)) from error
    finally:
        with suppress(ReturnValue):
            module.raw.logout(session.handle)
        with suppress(pkcs11.PKCS11Error):
            session.close()


def check_flags(flags, login, user_type=cryptoki.USER):
    """Raises TokenError if nobody should log in now: locked, a PIN from the factory, the last try without a person's
    word for it."""
    told = {flag.name for flag in TokenFlag if flag in flags}
    whose = "USER" if user_type == cryptoki.USER else "SO"
    if f"{whose}_PIN_LOCKED" in told:
        raise named("pin_locked")
    if f"{whose}_PIN_TO_BE_CHANGED" in told:
        raise named("pin_expired")
    if f"{whose}_PIN_FINAL_TRY" in told and not login.final_try:
        raise named("pin_final_try")


def _entry(flags, login):
    """ "typed", "pad" or "module". Raises TokenError bad_request: a typed PIN is never sent past a PIN pad unless somebody
    said that this token's flag is wrong, and never both."""
    has_pad = TokenFlag.PROTECTED_AUTHENTICATION_PATH in flags
    entry = login.entry or ("pad" if has_pad and login.pin is None else "typed")
    if entry not in ("typed", "pad", "module"):
        raise named("bad_request", "entry")
    if (entry == "typed") == (login.pin is None):
        raise named("bad_request", "no PIN, and no PIN pad" if login.pin is None else "a PIN, and another entry")
    if entry == "typed" and has_pad and not login.entry:
        raise named("bad_request", "a PIN typed past the PIN pad")
    return entry


def perhaps_gone(module, error, token=None):
    """The TokenError, unless its cause is that the card is no longer there: the token, or any token if none is meant. The
    reader's service notices a moment later than the module does."""
    if error.code != "token_removed" and error.detail not in PERHAPS_GONE:
        return error
    deadline = time.monotonic() + NOTICING_SECONDS
    while _there(module, token):
        if error.code == "token_removed" or time.monotonic() > deadline:
            return error
        time.sleep(PAUSE_SECONDS)
    return error if error.code == "token_removed" else named("token_removed", f"after {error.detail}")


def _there(module, token):
    try:
        return any(token is None or named_by(each) == named_by(token) for each in present(module))
    except pkcs11.PKCS11Error:
        return False  # the whole reader or its service is gone
