"""The one fake: a PKCS#11 module (webapp/practice/pad/stand_in.c) over SoftHSM, for what no real module at hand does.

    card = fake_card(directory)             # a FakeCard, as softhsm.TestToken, or a skipped test where no C compiler is
    card.script("pad 271828", "hang C_Sign")
    card.calls()                            # ["C_GetSlotList", …, "C_Login", "  as the user, NULL", …]

Words of the script:
    pad PIN             a reader with a PIN pad, where somebody always types PIN; `pad-second PIN`, `pad-new PIN` for the other two
    pad-ask             a reader with a PIN pad, which is asked at the socket FAKE_PAD (webapp/practice/pad/pad.py)
    pad-flag            only the flag of a PIN pad, wrongly
    second PIN, pin PIN the PIN for signatures differs; `pin` is the token's own
    no-second-login     the module knows no login for one signature
    login-first         C_SetPIN wants a login
    tries N             the PIN is locked after N misses; `flagless`: and no flag ever says so
    flags 0x…           further flags of the token
    hang F, late F MS, die F, remove F, return F 0x…    at the call of that function
    gone                no card; `absent MS`: none until then
    twice               the card seen in two slots
    grow N              the first N questions how many slots there are are answered with one too few
    without 0x…         a mechanism less; `refuse 0x…`: offered, and refused at C_SignInit
    sparse              key templates with more than they must hold are refused with CKR_GENERAL_ERROR
    spoil               signatures are wrong
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from softhsm import PIN, TestToken, make_token

from webapp.practice.pad.module import NoCompiler, build


@dataclass(frozen=True)
class FakeCard(TestToken):
    """A SoftHSM token behind the fake module."""

    __test__ = False

    def script(self, *lines):
        """From now on the module does this, and nothing else."""
        Path(self.env["FAKE_SCRIPT"]).write_text("".join(f"{line}\n" for line in lines))

    def calls(self):
        """What was called, in order."""
        log = Path(self.env["FAKE_LOG"])
        return log.read_text().splitlines() if log.exists() else []

    def logins(self):
        return self.calls().count("C_Login")

    def forget(self):
        """Begin the log anew."""
        Path(self.env["FAKE_LOG"]).unlink(missing_ok=True)


def fake_card(directory, label="署名カード", pin=PIN):
    token = make_token(directory, label, pin)
    env = {**token.env, "FAKE_SCRIPT": str(directory / "script"), "FAKE_LOG": str(directory / "calls")}
    env["FAKE_PAD"] = str(directory / "pad")
    card = FakeCard(directory, label, pin, str(_compiled(directory.parent)), env)
    card.script()
    return card


@cache
def _compiled(folder):
    """The module, built in that folder."""
    try:
        return build(folder / "fake_module.so")
    except NoCompiler:
        pytest.skip("no C compiler (gcc or tcc) for webapp/practice/pad/stand_in.c")
