"""`python -S tests/blank_token.py MODULE`: makes a token of the last, blank slot of SoftHSM. A line on stdin each for label, PIN and the
officer's PIN, so that none is on a command line. A program of its own, because a module reads its environment once."""

import ctypes
import sys

Ulong = ctypes.c_ulong
OFFICER, READ_WRITE = 0, 6


def main(path):
    label, pin, officer = (line.encode() for line in sys.stdin.read().splitlines())
    module, slots, count, session = ctypes.CDLL(path), (Ulong * 16)(), Ulong(16), Ulong()
    done(module.C_Initialize(None))
    done(module.C_GetSlotList(1, slots, ctypes.byref(count)))
    blank = Ulong(slots[count.value - 1])
    done(module.C_InitToken(blank, officer, Ulong(len(officer)), label.ljust(32)))
    done(module.C_OpenSession(blank, Ulong(READ_WRITE), None, None, ctypes.byref(session)))
    done(module.C_Login(session, Ulong(OFFICER), officer, Ulong(len(officer))))
    done(module.C_InitPIN(session, pin, Ulong(len(pin))))


def done(value):
    if value:
        sys.exit(f"{value:#x}")


main(sys.argv[1])
