"""Where a person's own small files lie, and one process at a time."""

import hashlib
import os
import sys
import time
from contextlib import contextmanager
from pathlib import Path

from tokens.errors import named

WAITING_SECONDS = 30
PAUSE_SECONDS = 0.02


def state():
    """The folder (mode 0700, made if missing) for what these programs remember of a person's tokens."""
    home = Path.home()
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = home / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_STATE_HOME") or home / ".local" / "state")
    folder = base / "shirushi"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


@contextmanager
def alone(name, seconds=WAITING_SECONDS):
    """Only one process of this person at a time inside, for each `name`. Raises TokenError busy after `seconds`. Where no
    folder can be written there is nothing to wait for: such an account runs one daemon, with a queue of its own."""
    try:
        path = state() / f"{hashlib.sha256(name.encode()).hexdigest()[:16]}.lock"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except (OSError, RuntimeError):  # RuntimeError: no home folder
        yield
        return
    try:
        deadline = time.monotonic() + seconds
        while not _locked(descriptor):
            if time.monotonic() > deadline:
                raise named("busy", "another process")
            time.sleep(PAUSE_SECONDS)
        yield
    finally:
        os.close(descriptor)  # and with it the lock


def _locked(descriptor):
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
