"""What a card remembers without power: a JSON file of mode 0600. Its keys and PINs stand there as they are, as in a chip;
only the chip is missing."""

import json

from webapp.practice.folder import write_secret


class Memory:
    """The file `path` (a Path); `values` is its content, a dict."""

    def __init__(self, path):
        self.path, self.values = path, json.loads(path.read_text("ascii"))

    @classmethod
    def make(cls, path, values):
        """A new file with these values."""
        write_secret(path, json.dumps(values).encode("ascii"))
        return cls(path)

    def save(self):
        """Every change is kept at once: a card may be pulled at any moment."""
        write_secret(self.path, json.dumps(self.values).encode("ascii"))
