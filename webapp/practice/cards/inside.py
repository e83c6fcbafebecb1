"""`python -m webapp.practice.cards.inside FOLDER READER`: the inside of the virtual reader, started by reader.py in
namespaces of its own. Runs pcscd and the cards; obeys JSON lines on stdin with one line each; ends with stdin.
"""

import contextlib
import fcntl
import json
import os
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

from webapp.practice.cards import card
from webapp.practice.cards.slot import PORT, Slot

DRIVER = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so"
SECONDS = 10
IFF_UP, SIOCSIFFLAGS = 1, 0x8914


def main(folder, reader):
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # nothing that prints speaks into our answers
    _raise_loopback()
    daemon = _pcscd(Path(folder), reader)
    slots = [Slot(0), Slot(1)]
    try:
        print(json.dumps(_readiness(daemon)), file=answers)
        for line in sys.stdin:
            print(json.dumps(_obeyed(slots, **json.loads(line))), file=answers)
    finally:
        daemon.terminate()
        daemon.wait()


def _obeyed(slots, do, slot, **how):
    try:
        {"insert": _insert, "pull": Slot.pull, "pull_at": Slot.pull_at}[do](slots[slot], **how)
    except OSError as error:
        return f"{type(error).__name__}: {error.strerror}"
    return ""


def _insert(slot, path, **how):
    slot.insert(card.chip(Path(path), **how))


def _raise_loopback():
    """A new network namespace has a loopback, but it is down."""
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH22x", b"lo", IFF_UP))


def _pcscd(folder, reader):
    configuration = folder / "reader.conf"
    place = f"DEVICENAME /dev/null:{PORT:#x}\nLIBPATH {DRIVER}\nCHANNELID {PORT:#x}\n"
    configuration.write_text(f'FRIENDLYNAME "{reader}"\n{place}', "ascii")
    command = ["setpriv", "--pdeathsig", "TERM", "pcscd", "--foreground", "--config", str(configuration)]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=sys.stderr)


def _readiness(daemon):
    """ "" when driver and daemon can be reached, else what is wrong."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end and daemon.poll() is None:
        if Path("/run/pcscd/pcscd.comm").exists() and _waits(PORT + 1):
            return ""
        time.sleep(0.01)
    return "pcscd does not start"


def _waits(port):
    """Whether a socket listens there, without knocking: the driver would take that for a card."""
    listening = f"00000000:{port:04X}"
    with contextlib.suppress(OSError):
        rows = [line.split() for line in Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]]
        return any(row[1] == listening and row[3] == "0A" for row in rows)
    return False


if __name__ == "__main__":
    main(*sys.argv[1:])
