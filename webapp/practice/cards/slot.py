"""A slot of the virtual reader, from the card's side of vsmartcard's protocol. A message is two bytes of length and its
body; a body of one byte is a control (0 off, 1 on, 2 reset, 4 asks for the ATR), any other an APDU. Who is connected is
inserted; who hangs up is pulled.
"""

import contextlib
import socket
import struct
import threading
import time

HOST, PORT = "127.0.0.1", 35963  # where the driver waits for the card of its first slot; the second is next to it
NOTICED_SECONDS = 0.5  # pcscd looks every 0.4 s
OFF_ON_RESET, ASK_ATR = (b"\x00", b"\x01", b"\x02"), b"\x04"


class Slot:
    """Slot `number` (0, 1) of the reader of this network namespace."""

    def __init__(self, number):
        self.port = PORT + number
        self._connection = self._fall = None
        self._empty_since = 0

    def insert(self, chip):
        """Put in a card (an apdu.Chip): at once in place of the one that is there, else when pcscd has seen the slot
        empty, for it may miss a card that comes before that. Raises OSError if no driver waits."""
        if self._connection:
            self.pull()
        else:
            time.sleep(max(0, self._empty_since + NOTICED_SECONDS - time.monotonic()))
        self._connection = socket.create_connection((HOST, self.port))
        self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=self._serve, args=(self._connection, chip), daemon=True).start()

    def pull(self):
        """Take the card out, at once: an answer it has not given yet is never heard."""
        connection, self._connection, self._fall = self._connection, None, None
        if connection:
            self._empty_since = time.monotonic()
            with contextlib.suppress(OSError):  # the other side hung up first
                connection.shutdown(socket.SHUT_RDWR)

    def pull_at(self, ins, obeyed):
        """Let the card be pulled when the next whole command `ins` arrives: before it is obeyed, or after that and
        before it is answered."""
        self._fall = (ins, obeyed)

    def _serve(self, connection, chip):
        with connection, contextlib.suppress(OSError, EOFError):  # the card was pulled, or pcscd ended
            while True:
                (size,) = struct.unpack(">H", _received(connection, 2))
                answer = self._answer(chip, _received(connection, size))
                if answer:
                    connection.sendall(struct.pack(">H", len(answer)) + answer)

    def _answer(self, chip, message):
        if message in OFF_ON_RESET:
            return chip.reset()
        if message == ASK_ATR:
            return chip.atr
        falls = self._fall and message[:2] == bytes([0, self._fall[0]])
        obeyed = falls and self._fall[1]
        answer = chip.transmit(message) if obeyed or not falls else b""
        if falls:
            self.pull()
        return answer


def _received(connection, size):
    gathered = b""
    while len(gathered) < size:
        # The driver sends length and body apart and waits in between for our acknowledgement: else 40 ms each time.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        piece = connection.recv(size - len(gathered))
        if not piece:
            raise EOFError
        gathered += piece
    return gathered
