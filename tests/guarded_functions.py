"""What test_guard.py lets a guarded child do: well-behaved things and hostile ones."""

import os
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module

from webapp.errors import Refused


class WrongWord(Refused):
    """A refusal of this module's own, with a code."""

    def __init__(self, code):
        super().__init__("合言葉が違います。", "確認してください。", {"word": "違います。"})
        self.code = code


@dataclass(frozen=True)
class Pair:
    left: object
    right: object = None


def give_back(*values):
    return list(values)


def make_pair():
    return Pair(b"\x00\xff", (1, datetime(2026, 11, 22, tzinfo=UTC), Pair(2**2000)))


def refuse():
    raise WrongWord("wrong")


def break_down(secret):
    raise ValueError(secret)


def return_a_function():
    return give_back


def surroundings(parent):
    words = [each.decode() for each in open("/proc/self/cmdline", "rb").read().split(b"\0")]
    return {
        "words": words,
        "environment": sorted(os.environ),
        "application": [each for each in ("flask", "peewee", "pkcs11") if each in sys.modules],
        "parent_memory": _attempt(lambda: open(f"/proc/{parent}/mem", "rb").close() or "opened"),
    }


def connect(port):
    """What comes of each way to the network: the name of the error, or "connected"."""
    return [
        _attempt(lambda: socket.create_connection(("127.0.0.1", port), timeout=2)),
        _attempt(lambda: socket.socket(socket.AF_UNIX)),
        _attempt(lambda: socket.getaddrinfo("localhost", port)),
        _attempt(lambda: subprocess.run(["bash", "-c", f"echo > /dev/tcp/127.0.0.1/{port}"], check=True)),
    ]


def _attempt(act):
    try:
        return act() if isinstance(act(), str) else "connected"
    except (OSError, subprocess.CalledProcessError) as error:
        return type(error).__name__


def talk_to_itself():
    ours, theirs = socket.socketpair()
    ours.send(b"hello")
    answer = theirs.recv(5)
    ours.close()
    theirs.close()
    return answer


def eat_memory():
    return len(bytearray(2**31))


def eat_time():
    subprocess.Popen(["sleep", "60.125"])
    time.sleep(60)


def eat_processor():
    while True:
        pass


def fill_disk(path):
    with open(path, "wb") as file:
        for _ in range(200):
            file.write(bytes(1024 * 1024))


def die():
    os.kill(os.getpid(), 11)


def chatter():
    print("noise that must not reach the answer", flush=True)
    return "quiet"


def answer_raw(payload, status=0):
    """Write bytes of its own choice where the answer belongs, as a child taken over would."""
    for descriptor in range(3, 64):
        try:
            os.write(descriptor, payload)
        except OSError:
            continue
    os._exit(status)


def read(function, *args):
    """[what a reader answers, as text; the packages imported by then]."""
    module, _, name = function.partition(":")
    answer = repr(getattr(import_module(module), name)(*args))
    return [answer, sorted({each.partition(".")[0] for each in sys.modules})]
