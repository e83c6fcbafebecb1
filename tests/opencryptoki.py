"""openCryptoki's soft token for tests: the genuine daemon and module (package opencryptoki), in namespaces of their own,
so that neither the token of the machine nor root is needed. `with Token(folder) as token:`"""

import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from tests.cards import LIBRARIES, SPY
from tokens.worker import TokenWorker

MODULE = f"{LIBRARIES}/pkcs11/libopencryptoki.so"
LABEL, PIN, OFFICER_PIN = "renshu", "71829304", "90817263"
NAMESPACES = [
    "setpriv",
    "--pdeathsig",
    "KILL",
    "unshare",
    "--user",
    "--map-root-user",
    "--mount",
    "--ipc",
    "--pid",
    "--fork",
    "--kill-child",
]
START = """
mount --bind "$1/lib" /var/lib/opencryptoki && mount --bind "$1/run" /run && mount --bind "$1/group" /etc/group &&
mount --bind "$1/conf" /etc/opencryptoki/opencryptoki.conf && mount -t tmpfs none /dev/shm && pkcsslotd &&
touch "$1/ready" && exec sleep infinity
"""
WAIT_SECONDS = 30


class Token:
    """A new soft token LABEL with PIN; slot 3, as Debian configures it. `run` and `worker` go into its namespaces."""

    def __init__(self, folder):
        self.module, self.label, self.pin = MODULE, LABEL, PIN
        self.folder = Path(folder)
        for part in ("lib/swtok/TOK_OBJ", "run/lock/opencryptoki/swtok"):
            (self.folder / part).mkdir(parents=True)
        (self.folder / "group").write_text("root:x:0:\npkcs11:x:0:root\n")  # its group is the only one there is inside
        (self.folder / "conf").write_text("version opencryptoki-3.1\nslot 3\n{\nstdll = libpkcs11_sw.so\n}\n")
        self._holder = subprocess.Popen(
            [*NAMESPACES, "sh", "-c", START, "sh", self.folder],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._wait()
        self.python = self.folder / "python"
        self.python.write_text(f'#!/bin/sh\nexec {" ".join(self._enter())} {sys.executable} "$@"\n')
        self.python.chmod(0o700)
        self._initialise()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._holder.kill()  # --kill-child: the daemon goes with it
        self._holder.wait()

    @contextmanager
    def worker(self, module=None, **env):
        """A TokenWorker whose process runs beside the daemon."""
        with patch("sys.executable", str(self.python)), TokenWorker(module or self.module, env) as worker:
            yield worker

    def spied(self, log):
        """The same, every call written into the file `log` by pkcs11-spy, PINs and all."""
        return self.worker(SPY, PKCS11SPY=self.module, PKCS11SPY_OUTPUT=str(log))

    def run(self, *command, data="", check=True):
        """A program beside the daemon; its output as text."""
        ended = subprocess.run([*self._enter(), *command], input=data, capture_output=True, text=True, timeout=60)
        assert not check or not ended.returncode, ended.stderr
        return ended.stdout + ended.stderr

    def unlock(self, pin=PIN):
        """As the security officer: a new PIN for the user, changed once, because the token wants that."""
        self.run("pkcsconf", "-u", "-c", "3", "-S", OFFICER_PIN, "-n", "11112222")
        self.run("pkcsconf", "-p", "-c", "3", "-U", "11112222", "-n", pin)

    def _initialise(self):
        factory = "87654321"
        self.run("pkcsconf", "-I", "-c", "3", "-S", factory, data=f"{LABEL}\n")
        self.run("pkcsconf", "-P", "-c", "3", "-S", factory, "-n", OFFICER_PIN)
        self.unlock()

    def _enter(self):
        child = Path(f"/proc/{self._holder.pid}/task/{self._holder.pid}/children").read_text().split()[0]
        return ["nsenter", "--target", child, "--user", "--mount", "--ipc", "--pid", "--preserve-credentials", "--"]

    def _wait(self):
        end = time.monotonic() + WAIT_SECONDS
        while not (self.folder / "ready").exists():
            assert self._holder.poll() is None and time.monotonic() < end, "pkcsslotd does not start"
            time.sleep(0.02)
