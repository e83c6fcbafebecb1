"""The practice card reader as a person meets it: one card, in its slot or on the table."""

from pathlib import Path

from webapp.practice.cards import card
from webapp.practice.cards.reader import Reader


class CardReader:
    """A reader in `folder` with the card of the file `path` in it. Raises ReaderFailed."""

    def __init__(self, folder, path):
        self.path, self.is_in = Path(path), False
        self._reader = Reader(folder)
        self.insert()

    @property
    def env(self):
        """What leads a PKCS#11 module to the reader."""
        return self._reader.env

    def insert(self):
        """The card into its slot; nothing happens if it is there."""
        if not self.is_in:
            self._reader.insert(self.path)
            self.is_in = True

    def pull(self):
        """The card out."""
        self._reader.pull()
        self.is_in = False

    def close(self):
        self._reader.close()

    @property
    def tries_left(self):
        """Wrong PINs until the card locks, by the card itself."""
        return card.load(self.path).pin.left

    @property
    def signatures(self):
        """How often a key of the card has signed."""
        return len(card.log(self.path).signatures)
