"""SoftHSM tokens for demo, training and tests: a software token in a directory, no substitute for hardware."""

import secrets
from pathlib import Path

from tokens.worker import TokenWorker

MODULE = "/usr/lib/softhsm/libsofthsm2.so"
CONFIGURATION = """\
directories.tokendir = {tokens}
objectstore.backend = file
log.level = ERROR
slots.removable = true
"""


def prepare(directory):
    """Make `directory` (mode 0700) a SoftHSM store, if it is none yet. Returns the environment that leads a module
    there: {"SOFTHSM2_CONF": path}."""
    tokens = Path(directory).resolve() / "tokens"
    tokens.mkdir(mode=0o700, parents=True, exist_ok=True)
    configuration = tokens.parent / "softhsm2.conf"
    configuration.write_text(CONFIGURATION.format(tokens=tokens), encoding="utf-8")
    return {"SOFTHSM2_CONF": str(configuration)}


def make_token(directory, label, pin, module=MODULE):
    """A new token `label` with this user PIN in `directory`. Returns the environment as `prepare` does. The PIN goes through a
    pipe; the security officer's is forgotten: SoftHSM never locks. Raises TokenError."""
    env = prepare(directory)
    with TokenWorker(module, env) as worker:
        worker.call("initialise", label=label, pin=pin, officer_pin=secrets.token_hex(8))
    return env
