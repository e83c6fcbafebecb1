"""A card's PIN or PUK with its counter (ISO/IEC 7816-4 §11.6): each miss is kept before it is answered."""

import hmac

from webapp.practice.cards.apdu import BLOCKED, WRONG_PIN, Refusal

PADDING = b"\x00\xff"


def fresh(value, tries=3):
    """How a Pin stands in a card's memory; value "" is none yet."""
    return {"value": value, "tries": tries, "left": tries}


class Pin:
    """The PIN `name` of a card's Memory."""

    def __init__(self, memory, name):
        self._memory, self._state = memory, memory.values[name]

    @property
    def left(self):
        """Wrong entries until it locks; 0 when locked."""
        return self._state["left"]

    @property
    def is_set(self):
        return bool(self._state["value"])

    def check(self, value):
        """Take a PIN (bytes, padded with 00 or FF). Raises Refusal with the tries left, or BLOCKED."""
        if not self.left:
            raise Refusal(BLOCKED)
        right = hmac.compare_digest(value.rstrip(PADDING), self._state["value"].encode("ascii"))
        self._keep(self._state["tries"] if right else self.left - 1)
        if not right:
            raise self.refusal()

    def refusal(self):
        """What the card says while the PIN is not verified."""
        return Refusal(WRONG_PIN | self.left if self.left else BLOCKED)

    def become(self, value):
        """Another value, with all tries."""
        self._state["value"] = value.rstrip(PADDING).decode("ascii")
        self._keep(self._state["tries"])

    def _keep(self, left):
        self._state["left"] = left
        self._memory.save()
