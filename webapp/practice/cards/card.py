"""Practice cards as files: `NAME.json` is the card, `NAME.log` what was said to it."""

from webapp.practice.cards.apdu import Chip
from webapp.practice.cards.isoapplet import IsoAppletCard
from webapp.practice.cards.log import Log
from webapp.practice.cards.memory import Memory
from webapp.practice.cards.piv import PivCard

KINDS = {"piv": PivCard, "isoapplet": IsoAppletCard}


def make(path, kind, **secrets):
    """A new card of `kind` "piv" or "isoapplet" in the file `path` (a Path), as it leaves the factory. A PIV card has a
    `pin` and a `puk`; an IsoApplet card gets them when it is initialised. Returns the card."""
    return KINDS[kind](Memory.make(path, {"kind": kind, **KINDS[kind].fresh(**secrets)}), log(path))


def load(path):
    """The card in that file."""
    memory = Memory(path)
    return KINDS[memory.values["kind"]](memory, log(path))


def log(path):
    """The log of the card in that file."""
    return Log(path.with_suffix(".log"))


def chip(path, like_yubikey=False):
    """The card as a reader meets it; a PIV card can show a YubiKey's ATR, by which some modules choose."""
    found = load(path)
    if like_yubikey:
        found.become_yubikey()
    return Chip(found, found.log)
