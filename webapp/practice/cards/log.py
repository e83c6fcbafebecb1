"""What was said to a card and what it did, without any PIN: from it a test proves what never happened."""

import json
import time
from dataclasses import asdict, dataclass, replace

# The commands that carry PINs; their data is never kept.
VERIFY, CHANGE_PIN, UNBLOCK_PIN = 0x20, 0x24, 0x2C
SECRET = {VERIFY, CHANGE_PIN, UNBLOCK_PIN}


@dataclass(frozen=True)
class Entry:
    """One exchange at the time `at` (seconds). `header` is CLA INS P1 P2 in hex, `size` the length of the data, `data`
    its hex unless it holds a PIN; `status` the status word; `key` names the private key that signed, "" if none did."""

    at: float
    ins: int
    header: str
    size: int
    data: str
    status: int = 0
    key: str = ""


class Log:
    """The exchanges of one card, in a file of JSON lines; `path` need not be there yet."""

    def __init__(self, path):
        self.path, self._open = path, None

    def heard(self, command):
        """A command arrived."""
        header = bytes([command.cla, command.ins, command.p1, command.p2]).hex()
        data = "" if command.ins in SECRET else command.data.hex()
        self._open = Entry(time.time(), command.ins, header, len(command.data), data)

    def signed(self, key):
        """It was obeyed with a private key, whether or not the answer will arrive."""
        self._open = replace(self._open, key=key)

    def said(self, status):
        """The answer."""
        if self._open:
            with self.path.open("a", encoding="ascii") as file:
                file.write(json.dumps(asdict(replace(self._open, status=status))) + "\n")
        self._open = None

    @property
    def entries(self):
        """All that was said, oldest first."""
        lines = self.path.read_text("ascii").splitlines() if self.path.exists() else []
        return [Entry(**json.loads(line)) for line in lines]

    @property
    def signatures(self):
        """The entries in which a private key was used."""
        return [entry for entry in self.entries if entry.key]

    @property
    def pin_entries(self):
        """The entries in which a PIN was sent to be verified (an empty VERIFY only asks for the counter)."""
        return [entry for entry in self.entries if entry.ins == VERIFY and entry.size]
