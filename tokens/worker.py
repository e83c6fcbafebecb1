"""The parent's side of a token worker: start it, ask it, end it when it hangs."""

import os
import selectors
import subprocess
import sys
import threading
import time
from pathlib import Path

from tokens import wire
from tokens.errors import TimedOut, WorkerDied, named

STARTING_SECONDS = 60  # for the interpreter and its imports; an operation's own timeout begins after that
SEARCHED = str(Path(__file__).resolve().parent.parent)


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
        self._one_at_a_time = threading.Lock()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def call(self, op, timeout=60, **args):
        """The answer (a dict) of operation `op` of tokens/token_worker.py. `timeout` in seconds; after it the process
        is killed. Raises the TokenError the worker named, TimedOut or WorkerDied. Nothing is tried twice."""
        with self._one_at_a_time:
            answer = self._asked({"op": op, "args": args}, timeout)
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
        process.stdin.close()
        process.stdout.close()

    def _asked(self, message, timeout):
        try:
            process = self._running()
            process.stdin.write(wire.pack(message))
            return wire.unpack(_line(process.stdout, time.monotonic() + timeout))
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
            _line(self.process.stdout, time.monotonic() + STARTING_SECONDS)
        return self.process


def _line(stream, deadline):
    """One whole line from a raw pipe. Raises TimeoutError, or EOFError if the pipe closes first."""
    gathered = b""
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        while not gathered.endswith(b"\n"):
            if not selector.select(max(0, deadline - time.monotonic())):
                raise TimeoutError
            piece = stream.read(65536)
            if not piece:
                raise EOFError
            gathered += piece
    return gathered
