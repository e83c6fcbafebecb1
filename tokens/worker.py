"""The parent's side of a token worker: start it, ask it, end it when it hangs."""

import os
import queue
import subprocess
import sys
import threading
import time
from pathlib import Path

from tokens import wire
from tokens.errors import TimedOut, TokenError, WorkerDied, named

STARTING_SECONDS = 60  # for the interpreter and its imports; an operation's own timeout begins after that
SEARCHED = str(Path(__file__).resolve().parent.parent)
END = None


class TokenWorker:
    """One module in one process. `module` is the path of a PKCS#11 library; `env` holds further environment variables
    for it (SOFTHSM2_CONF, …). The process starts with the first call, and again after the module failed.

    with TokenWorker(module, env) as worker:
        worker.call("tokens")
    """

    def __init__(self, module, env=None):
        self.module = str(module)
        self.env = {**os.environ, **(env or {}), "PYTHONPATH": SEARCHED}
        self.process = None
        self._lines = None
        self._one_at_a_time = threading.Lock()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def call(self, op, timeout=60, ask=None, **args):
        """The answer (a dict) of operation `op` of tokens/token_worker/operations.py. `timeout` in seconds; after it the
        process is killed. A key that wants a PIN for each signature has it asked for by `ask(question)`: the question is
        {"token": names, "entry": "typed", "pad" or "module"}, the answer a PIN, or None where the reader's pad asks; the
        clock stands still meanwhile. Raises the TokenError the worker named, TimedOut, WorkerDied, and what `ask`
        raises. Nothing is tried twice."""
        with self._one_at_a_time:
            answer = self._asked({"op": op, "args": args, "asks": ask is not None}, timeout)
            while "ask" in answer:
                answer = self._asked(self._replied(ask, answer["ask"]), timeout)
            if answer.get("last"):
                self.close()
        if "ok" in answer:
            return answer["ok"]
        raise named(answer["code"], answer["detail"])

    def close(self):
        """End the process, at once and for good."""
        process, self.process = self.process, None
        if process is None:
            return
        process.kill()
        process.wait()
        process.stdin.close()  # its reader closes stdout: nobody else may, or it might read what the next process says

    def _replied(self, ask, question):
        try:
            return {"pin": ask(question)}
        except TokenError as error:  # nobody gave a PIN: the worker logs out, and tells what it had done before
            return {"code": error.code, "detail": error.detail}
        except BaseException:  # the worker waits for an answer that will never come
            self.close()
            raise

    def _asked(self, message, timeout):
        try:
            process = self._running()
            process.stdin.write(wire.pack(message))
            return wire.unpack(self._line(time.monotonic() + timeout))
        except TimeoutError as error:
            self.close()
            raise TimedOut() from error
        except (OSError, EOFError, ValueError) as error:
            self.close()
            raise WorkerDied(detail=type(error).__name__) from error

    def _running(self):
        if self.process is None or self.process.poll() is not None:
            self.close()
            command = [sys.executable, "-P", "-m", "tokens.token_worker", self.module]
            pipe = subprocess.PIPE
            self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, env=self.env, bufsize=0)
            self._lines = queue.SimpleQueue()
            reader = threading.Thread(target=_read, args=(self.process.stdout, self._lines), daemon=True)
            reader.start()
            self._line(time.monotonic() + STARTING_SECONDS)
        return self.process

    def _line(self, deadline):
        """The next line of the worker. Raises TimeoutError, or EOFError if it is gone."""
        try:
            line = self._lines.get(timeout=max(0, deadline - time.monotonic()))
        except queue.Empty as error:
            raise TimeoutError from error
        if line is END:
            raise EOFError
        return line


def _read(stream, lines):
    """Every line of a raw pipe into a queue, then END. A thread of its own, because Windows cannot wait for a pipe."""
    gathered = b""
    with stream:
        while piece := stream.read(65536):
            *whole, gathered = (gathered + piece).split(b"\n")
            for line in whole:
                lines.put(line + b"\n")
    lines.put(END)
