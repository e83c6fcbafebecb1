"""A virtual card reader with two slots behind the PC/SC of Debian (packages pcscd and vsmartcard-vpcd, as they are).

pcscd has one place for its socket, /run/pcscd, and the driver one port, open to the network. Here both lie in namespaces
of their own: any number of readers run side by side, without root, none meets those of the machine, and nobody outside
reaches them but through the socket in `folder`.
"""

import json
import subprocess
import sys
import threading
from pathlib import Path

HOUSE = Path(__file__).resolve().parents[3]
NAMESPACES = ["unshare", "--user", "--map-root-user", "--mount", "--net"]
LONGEST_SOCKET = 107  # characters of a path (unix(7))
# Over /run as a whole: /run/pcscd need not be there, and not everybody could make it.
START = 'mount --bind "$1" /run && shift && exec "$@"'


class ReaderFailed(Exception):
    """pcscd or the driver is not installed, or the kernel allows no namespaces. The words say which."""


class Reader:
    """A reader called `name`, started at once; `folder` (a Path) keeps its socket, configuration and log. `env` leads a
    PKCS#11 module to it. Raises ReaderFailed."""

    def __init__(self, folder, name="Renshu Reader"):
        run = Path(folder).resolve() / "run"
        run.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.env = {"PCSCLITE_CSOCK_NAME": str(run / "pcscd" / "pcscd.comm")}
        if len(self.env["PCSCLITE_CSOCK_NAME"]) > LONGEST_SOCKET:
            raise ReaderFailed(f"{run}: too long a path for a socket")
        self.log = run.parent / "pcscd.log"
        inside = [sys.executable, "-P", "-m", "webapp.practice.cards.inside", str(run.parent), name]
        pipe = subprocess.PIPE
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [*NAMESPACES, "sh", "-c", START, "sh", str(run), *inside],
                stdin=pipe,
                stdout=pipe,
                stderr=log,
                text=True,
                env={"PYTHONPATH": str(HOUSE), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
            )
        self._one_at_a_time = threading.Lock()
        self._heard()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def insert(self, path, slot=0, like_yubikey=False):
        """Put the card of the file `path` into `slot` (0, 1), in place of the one that is there."""
        self._tell("insert", slot, path=str(Path(path).resolve()), like_yubikey=like_yubikey)

    def pull(self, slot=0):
        """Take the card out, at once, whatever it is doing."""
        self._tell("pull", slot)

    def pull_at(self, ins, obeyed, slot=0):
        """Let the card be pulled when it gets the command `ins`: before it obeys, or when it has and not answered yet."""
        self._tell("pull_at", slot, ins=ins, obeyed=obeyed)

    def close(self):
        """End reader, cards and pcscd."""
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def _tell(self, do, slot, **how):
        with self._one_at_a_time:
            try:
                print(json.dumps({"do": do, "slot": slot, **how}), file=self._process.stdin, flush=True)
            except OSError as error:
                raise ReaderFailed(self._last_words()) from error
            self._heard()

    def _heard(self):
        line = self._process.stdout.readline()
        wrong = json.loads(line) if line else "the reader ended"
        if wrong:
            if not line or "does not start" in wrong:
                self.close()
            raise ReaderFailed(f"{wrong}: {self._last_words()}")

    def _last_words(self):
        return self.log.read_text("utf-8", "replace")[-300:].strip()
