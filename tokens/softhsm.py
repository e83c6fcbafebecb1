"""SoftHSM tokens for demo, training and tests: a software token in a directory, no substitute for hardware."""

import os
import secrets
import subprocess
from pathlib import Path

from tokens.errors import named
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
    """A new token `label` with this user PIN in `directory`. Returns the environment as `prepare` does.

    softhsm2-util takes PINs on its command line, where other users could read them; so it is given PINs for this
    moment only, which are replaced over a pipe. The security officer's PIN is forgotten: SoftHSM never locks.
    """
    env = prepare(directory)
    first_pin, officer_pin = secrets.token_hex(8), secrets.token_hex(8)
    command = ["softhsm2-util", "--init-token", "--free", "--label", label, "--module", str(module)]
    command += ["--pin", first_pin, "--so-pin", officer_pin]
    try:
        subprocess.run(command, env={**os.environ, **env}, capture_output=True, check=True)
    except FileNotFoundError as error:
        raise named("module_unusable", "softhsm2-util") from error
    except subprocess.CalledProcessError:
        raise named("function_failed", "softhsm2-util") from None  # the error would quote the command line
    with TokenWorker(module, env) as worker:
        worker.call("change_pin", token=label, pin=officer_pin, new_pin=secrets.token_hex(8), as_security_officer=True)
        worker.call("change_pin", token=label, pin=first_pin, new_pin=pin)
    return env
