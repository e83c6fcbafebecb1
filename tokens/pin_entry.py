"""The one way by which a person's PIN reaches a token: one C_Login for each entry, and nothing ever tried again.

`sign_in` looks at the token first, asks a prompt (tokens/prompts.py), and calls an operation of the token worker once.
"""

from dataclasses import dataclass

from tokens import misses, pins
from tokens.errors import TokenError, named

SECONDS = 180  # a card makes an RSA-4096 key in a minute or two; at a PIN pad a person types within an operation
NAMES = ("label", "serial", "manufacturer", "model")
PAD, MODULE, TYPED = "pad", "module", "typed"
LAST_TRY = "最後の1回"
MISSES_BEFORE_LAST = 2  # cards that tell nothing usually lock at the third


@dataclass(frozen=True)
class Question:
    """What a person is asked. `token` has label, serial, manufacturer and model; `kind` is misses.USER,
    misses.SIGNATURE or misses.OFFICER; `entry` "typed", "pad" or "module"; `warnings` are sentences; `part` says for which
    of several signatures."""

    token: dict
    kind: str = misses.USER
    entry: str = TYPED
    warnings: tuple[str, ...] = ()
    part: str = ""

    @property
    def title(self):
        wanted = {misses.SIGNATURE: "署名用のPIN", misses.OFFICER: "管理者PIN(管理キー)"}.get(self.kind, "PIN")
        whose = f"トークン「{self.token['label']}」(製造番号 {self.token['serial']})"
        return f"{self.part}の{wanted}: {whose}" if self.part else f"{whose}の{wanted}"


def sign_in(worker, token, prompt, op, *, entry="", seconds=SECONDS, **arguments):
    """The answer of the worker's operation `op` (tokens/token_worker/operations.py) on `token` (its four names), with a
    PIN from `prompt`. `entry` "typed", "pad" or "module" overrides what the token's flag says of a PIN pad.

    Raises TokenError without any C_Login: pin_locked, pin_expired (a PIN from the factory), pin_not_set, pin_final_try (not
    confirmed), pin_unsuitable, pin_weak, pin_not_given; and after one C_Login what the token said."""
    names = {each: token[each] for each in NAMES}
    flags = worker.call("state", timeout=seconds, token=names)["flags"]
    changing = op == "change_pin"
    kind = misses.OFFICER if arguments.get("as_security_officer") else misses.USER
    if kind == misses.OFFICER:  # the officer's flags, read as the user's
        flags = [each.replace("SO_PIN", "USER_PIN") for each in flags if not each.startswith("USER_PIN")]
    _allowed(flags, changing or kind == misses.OFFICER)
    how = entry or (PAD if "PROTECTED_AUTHENTICATION_PATH" in flags else TYPED)
    final_try = _last_try_allowed(prompt, Question(names, kind, how), flags)
    given = _given(prompt, Question(names, kind, how, _warnings(names, flags, kind)), may_be_default=changing)
    if changing:
        arguments["new_pin"] = pins.sound(prompt.new_pin(Question(names))) if how == TYPED else None
    asked = []

    def ask(question):
        asked.append(True)
        return _second(prompt, Question(names, misses.SIGNATURE, question["entry"]))

    login = {"pin": given, "entry": entry, "final_try": final_try}
    try:
        answer = worker.call(op, timeout=seconds, ask=ask, token=names, **login, **arguments)
    except TokenError as error:
        if asked:  # then the token has taken the first PIN
            misses.taken(names, kind)
        if error.code == "pin_incorrect":
            misses.missed(names, misses.SIGNATURE if asked else kind)
        raise
    misses.taken(names, kind)
    if asked:
        misses.taken(names, misses.SIGNATURE)
    if (answer.get("failed") or {}).get("code") == "pin_incorrect":  # a later one of several signatures
        misses.missed(names, misses.SIGNATURE)
    return answer


def _allowed(flags, changing):
    if "USER_PIN_LOCKED" in flags:
        raise named("pin_locked")
    if "USER_PIN_TO_BE_CHANGED" in flags and not changing:
        raise named("pin_expired")
    if "USER_PIN_INITIALIZED" not in flags and "LOGIN_REQUIRED" in flags and not changing:
        raise named("pin_not_set")


def _last_try_allowed(prompt, question, flags):
    """True if this is the last try and the person wants it. Raises TokenError pin_final_try if the person does not."""
    told = "USER_PIN_FINAL_TRY" in flags
    if not told and misses.count(question.token, question.kind) < MISSES_BEFORE_LAST:
        return False
    if not prompt.agrees_to_last_try(question, told):
        raise named("pin_final_try")
    return told


def _given(prompt, question, may_be_default=False):
    """The PIN, or None where the reader's pad or the module asks."""
    if question.entry != TYPED:
        prompt.point_to_reader(question)
        return None
    pin = prompt.pin(question)
    return pins.checked(pin) if may_be_default else pins.sound(pin)


def _second(prompt, question):
    _last_try_allowed(prompt, question, flags=())
    return _given(prompt, Question(question.token, question.kind, question.entry, _own(question.token, question.kind)))


def _warnings(names, flags, kind):
    """Sentences on the state of the PIN, from the token's flags and from our own memory."""
    told = "USER_PIN_COUNT_LOW" in flags and not misses.count(names, kind)
    low = ("前にPINの誤りがありました。続けて間違えるとロックされることがあります。",) if told else ()
    return low + _own(names, kind)


def _own(names, kind):
    count = misses.count(names, kind)
    if not count:
        return ()
    return (f"このパソコンでは、続けて{count}回PINを間違えています。続けて間違えるとロックされることがあります。",)
