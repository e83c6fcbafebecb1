"""The pad as a device: asked at a socket, by the module alone; answered by keys. Digits lie in this memory until 確定, no longer."""

import contextlib
import os
import select
import socket
import threading
import time

from tokens.pins import SHORTEST

LONGEST = 16  # digits, as readers have it
SECONDS = 60  # how long a reader waits for its keys
HANDSHAKE_SECONDS = 5
CANCEL, CORRECT, ENTER = "cancel", "correct", "enter"
QUESTIONS = {
    b"user": "PINを押してください。",
    b"signature": "署名のためのPINを押してください。",
    b"officer": "管理者PINを押してください。",
    b"new": "新しいPINを押してください。",
    b"again": "新しいPINをもう一度押してください。",
}
IDLE = "PINは求められていません。"
ENTERED, CANCELLED, LATE, GONE = (
    "確定しました。",
    "取り消しました。",
    "時間切れになりました。",
    "相手がいなくなりました。",
)
TOO_SHORT = f"PINは{SHORTEST}桁以上です。"


class Pad:
    """A pad that is asked at the Unix socket `path` (this person's alone). `asked` counts the questions: a key counts only for the
    one it was pressed for."""

    def __init__(self, path, seconds=SECONDS):
        self.seconds, self.asked, self.note = seconds, 0, ""
        self._question, self._outcome, self._deadline = None, None, 0.0
        self._digits, self._keys = bytearray(), threading.Condition()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        self._socket = socket.socket(socket.AF_UNIX)
        before = os.umask(0o177)
        try:
            self._socket.bind(str(path))
        finally:
            os.umask(before)
        self._socket.listen()
        threading.Thread(target=self._serve, name="practice-pad", daemon=True).start()

    @property
    def is_asked(self):
        return self._question is not None

    @property
    def display(self):
        """The sentence on the display."""
        return QUESTIONS[self._question] if self.is_asked else IDLE

    @property
    def count(self):
        """How many digits have been pressed; nobody is told which."""
        return len(self._digits)

    @property
    def left(self):
        """Seconds until the pad gives up."""
        return max(0, self._deadline - time.monotonic()) if self.is_asked else 0

    def press(self, asked, key):
        """A key: a digit, CANCEL, CORRECT or ENTER. Nothing happens if that question is over."""
        with self._keys:
            if not self.is_asked or asked != self.asked:
                return
            self.note = ""
            if key == CANCEL:
                self._outcome = CANCELLED
            elif key == CORRECT:
                del self._digits[-1:]
            elif key == ENTER and self.count < SHORTEST:
                self.note = TOO_SHORT
            elif key == ENTER:
                self._outcome = ENTERED
            elif self.count < LONGEST:
                self._digits += key.encode("ascii")
            self._keys.notify_all()
            if self._outcome:
                self._keys.wait_for(lambda: not self.is_asked or asked != self.asked, HANDSHAKE_SECONDS)

    def close(self):
        self._socket.close()

    def _serve(self):
        while True:
            try:
                line, _ = self._socket.accept()
            except OSError:  # closed
                return
            with line, contextlib.suppress(OSError):  # the module's process ended
                line.settimeout(HANDSHAKE_SECONDS)
                with line.makefile("rb") as said:
                    question = said.readline(64).strip()
                if question in QUESTIONS:
                    self._answer(line, question)

    def _answer(self, line, question):
        with self._keys:
            self._question, self._outcome, self.note = question, None, ""
            self._deadline = time.monotonic() + self.seconds
            self.asked += 1
            try:
                while self._outcome is None:
                    self._keys.wait(0.1)
                    self._outcome = self._outcome or self._ended(line)
                if self._outcome == ENTERED:
                    line.sendall(b"=" + self._digits)
            finally:
                self._digits[:] = bytes(len(self._digits))
                self._digits.clear()
                self._question, self.note = None, self._outcome or GONE
                self._keys.notify_all()

    def _ended(self, line):
        if self.left == 0:
            return LATE
        return GONE if select.select([line], [], [], 0)[0] else None
