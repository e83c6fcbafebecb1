"""What a reader and a card say to each other (ISO/IEC 7816-4): commands, status words, chaining, GET RESPONSE.

A card's application is an object with `answer(command) -> bytes`, which raises Refusal for every status but 9000, and
`reset()`. Chip puts it behind the transport T=1 with short APDUs.
"""

from dataclasses import dataclass, replace

SUCCESS = 0x9000
WRONG_PIN = 0x63C0  # plus the tries left
WRONG_LENGTH = 0x6700
NOT_ALLOWED = 0x6982  # a PIN or key is missing
BLOCKED = 0x6983
NOT_NOW = 0x6985  # conditions of use not satisfied
NO_FILE_CHOSEN = 0x6986
WRONG_DATA = 0x6A80
NOT_FOUND = 0x6A82
NO_SPACE = 0x6A84
WRONG_PARAMETERS = 0x6A86
NO_SUCH_REFERENCE = 0x6A88
ALREADY_THERE = 0x6A89
OUTSIDE = 0x6B00
UNKNOWN_COMMAND = 0x6D00

CHAINED = 0x10  # of the class byte: more of this command follows
GET_RESPONSE = 0xC0
LONGEST_CHAIN = 8192


class Refusal(Exception):
    """The card answers with this status word instead of data."""

    def __init__(self, status):
        self.status = status
        super().__init__(f"{status:04x}")


@dataclass(frozen=True)
class Command:
    """A command APDU; `le` is the number of bytes asked for, 256 if all, None if none."""

    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes = b""
    le: int | None = None


def parse(raw):
    """Bytes of a short APDU -> Command. Refusal WRONG_LENGTH if they are none."""
    header, body = raw[:4], raw[4:]
    if len(header) < 4:
        raise Refusal(WRONG_LENGTH)
    if not body:
        return Command(*header)
    if len(body) == 1:
        return Command(*header, b"", body[0] or 256)
    data, rest = body[1 : 1 + body[0]], body[1 + body[0] :]
    if len(data) != body[0] or len(rest) > 1:
        raise Refusal(WRONG_LENGTH)
    return Command(*header, data, (rest[0] or 256) if rest else None)


class Chip:
    """A card as a reader meets it: `application` behind chaining and GET RESPONSE, every exchange in `log`."""

    def __init__(self, application, log):
        self.application, self.log = application, log
        self.reset()

    @property
    def atr(self):
        return self.application.atr

    def reset(self):
        """As after insertion: nothing verified, nothing chosen, nothing left over."""
        self._chain, self._rest = b"", b""
        self.application.reset()

    def transmit(self, raw):
        """The answer (data and status word) to the bytes of a command."""
        try:
            command = parse(raw)
            self.log.heard(command)
            data, status = self._answer(command)
        except Refusal as refusal:
            data, status = b"", refusal.status
        self.log.said(status)
        return data + status.to_bytes(2, "big")

    def _answer(self, command):
        if command.ins == GET_RESPONSE:
            return self._piece(command.le or 256)
        self._rest = b""
        self._chain += command.data
        if len(self._chain) > LONGEST_CHAIN:
            self._chain = b""
            raise Refusal(WRONG_LENGTH)
        if command.cla & CHAINED:
            return b"", SUCCESS
        whole, self._chain = replace(command, data=self._chain), b""
        self._rest = self.application.answer(whole)
        return self._piece(command.le or 256)

    def _piece(self, size):
        """The next bytes of the answer; 61xx says that more are there."""
        piece, self._rest = self._rest[:size], self._rest[size:]
        left = len(self._rest)
        return piece, 0x6100 | (left if left < 256 else 0) if left else SUCCESS


def atr(history):
    """An answer to reset that says T=1 and these historical bytes (at most 15)."""
    body = bytes([0x80 | len(history), 0x80, 0x01]) + history
    check = 0
    for byte in body:
        check ^= byte
    return b"\x3b" + body + bytes([check])
