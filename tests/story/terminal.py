"""A program at a person's terminal: real (a pseudo-terminal of its own), so that a PIN is asked for at it, and must not be echoed."""

import os
import pty
import select
import subprocess
import time

from tests.person import NotAsTold

PATIENCE_SECONDS = 60


class Terminal:
    """Starts `words` with the environment `env` in the folder `home`; it ends with this process. `said` is all that stood
    on the screen."""

    def __init__(self, words, env, home):
        self.name = " ".join(words[-2:])
        self._screen, slave = pty.openpty()
        command = ["setpriv", "--pdeathsig", "TERM", "setsid", "--ctty", *words]
        self._process = subprocess.Popen(command, cwd=home, env=env, stdin=slave, stdout=slave, stderr=slave)
        os.close(slave)
        self.said, self._read_to = b"", 0

    def expect(self, words):
        """Wait until the program has said these words, later than the last ones that were expected. Returns what stood
        before them."""
        wanted, end = words.encode(), time.monotonic() + PATIENCE_SECONDS
        while (at := self.said.find(wanted, self._read_to)) < 0:
            if time.monotonic() > end or not self._more():
                tail = self.said.decode(errors="replace")[-800:]
                raise NotAsTold(f"{self.name} は「{words}」と表示しません:\n{tail}")
        before, self._read_to = self.said[self._read_to : at], at + len(wanted)
        return before.decode(errors="replace").replace("\r\n", "\n")

    def type(self, text):
        """Type a line."""
        os.write(self._screen, f"{text}\n".encode())

    def close(self):
        """End the program, if it has not ended by itself. Returns all that it said."""
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait(10)
        while self._more(0):
            pass
        os.close(self._screen)
        return self.said

    def _more(self, seconds=0.5):
        """Whether the program may say more; what it has said is read."""
        if not select.select([self._screen], [], [], seconds)[0]:
            return self._process.poll() is None
        try:
            read = os.read(self._screen, 65536)
        except OSError:  # it has ended
            return False
        self.said += read
        return bool(read)
