"""Smartcard readers as the operating system sees them (PC/SC), before any PKCS#11 module: pcsclite, winscard or macOS's own.

PC/SC Workgroup Specification part 5; pcsc-lite's winscard.h.
"""

import ctypes
import sys
from dataclasses import dataclass

NO_READERS = 0x8010002E  # SCARD_E_NO_READERS_AVAILABLE
PRESENT, MUTE = 0x20, 0x200
LIBRARIES = {"win32": "winscard", "darwin": "/System/Library/Frameworks/PCSC.framework/PCSC"}

# pcsclite on Linux counts in longs, Windows and macOS in 32 bits.
Dword = ctypes.c_uint32 if sys.platform in LIBRARIES else ctypes.c_ulong
Context = (
    ctypes.c_void_p if sys.platform == "win32" else (ctypes.c_int32 if sys.platform == "darwin" else ctypes.c_long)
)


class State(ctypes.Structure):
    """SCARD_READERSTATE."""

    _pack_ = 1 if sys.platform == "darwin" else 0
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("data", ctypes.c_void_p),
        ("known", Dword),
        ("state", Dword),
        ("length", Dword),
        ("answer", ctypes.c_ubyte * (36 if sys.platform == "win32" else 33)),
    )


@dataclass(frozen=True)
class Reader:
    """`card`: "present", "absent", or "mute" (a card that does not answer: upside down, broken)."""

    name: str
    card: str


class NoService(Exception):
    """No PC/SC service answers; `missing` if not even its library is there."""

    def __init__(self, missing=False):
        super().__init__("missing" if missing else "not running")
        self.missing = missing


def readers():
    """[Reader, …]. Raises NoService."""
    try:
        library = ctypes.CDLL(LIBRARIES.get(sys.platform, "libpcsclite.so.1"))
    except OSError as error:
        raise NoService(missing=True) from error
    context = Context()
    _done(library.SCardEstablishContext(Dword(2), None, None, ctypes.byref(context)))
    try:
        return [Reader(name, _card(library, context, name)) for name in _names(library, context)]
    finally:
        library.SCardReleaseContext(context)


def _names(library, context):
    listing = getattr(library, "SCardListReadersA", None) or library.SCardListReaders
    length = Dword()
    answer = listing(context, None, None, ctypes.byref(length)) & 0xFFFFFFFF
    if answer == NO_READERS:
        return []
    _done(answer)
    names = ctypes.create_string_buffer(length.value)
    _done(listing(context, None, names, ctypes.byref(length)))
    return [each.decode("utf-8", "replace") for each in names.raw.split(b"\0") if each]


def _card(library, context, name):
    changed = getattr(library, "SCardGetStatusChangeA", None) or library.SCardGetStatusChange
    state = State(name=name.encode())
    _done(changed(context, Dword(0), ctypes.byref(state), Dword(1)))
    if state.state & MUTE:
        return "mute"
    return "present" if state.state & PRESENT else "absent"


def _done(answer):
    answer &= 0xFFFFFFFF
    if answer:
        raise NoService()
