"""What a reader may do with any bytes: return its value, or refuse as it declares, in words. Nothing else: no other exception, not
longer than its seconds, no network, no file written, no value that cannot leave the guarded child or be kept."""

import os
import re
import signal
import sys
from contextlib import contextmanager

from webapp.papers import plain

_JAPANESE = re.compile("[ぁ-んァ-ヶ一-龠]")
_NETWORK = (
    "socket.connect",
    "socket.bind",
    "socket.sendto",
    "socket.sendmsg",
    "socket.getaddrinfo",
    "socket.gethostbyname",
)
_seen, _state = [], {"is_watched": False, "is_installed": False}


class Failed(AssertionError):
    """A reader did what it may not; `reader` and `data`."""

    def __init__(self, reader, data, what):
        super().__init__(f"{reader}: {what} ({len(data)} bytes)")
        self.reader, self.data, self.what = reader, data, what


class _TooLong(BaseException):
    """Not an Exception, so that no reader swallows it."""


def tried(name, reader, data):
    """ "accepted" or "refused" for these bytes. Raises Failed."""
    try:
        with _watched(reader.seconds):
            value = reader.call(data)
    except _TooLong:
        raise Failed(name, data, f"longer than {reader.seconds} s") from None
    except reader.refusals as refusal:
        return _said(name, reader, data, refusal)
    except Exception as error:
        raise Failed(name, data, f"{type(error).__name__}: {str(error)[:120]!r}") from error
    if _seen:
        raise Failed(name, data, f"touched the world: {_seen}")
    if reader.travels:
        _travels(name, reader, data, value)
    return "accepted"


def _said(name, reader, data, refusal):
    if _seen:
        raise Failed(name, data, f"touched the world: {_seen}")
    if reader.refusals == (ValueError,) or isinstance(refusal, plain.NotPlain):
        return "refused"
    sentences = [getattr(refusal, "message", str(refusal)), getattr(refusal, "advice", "")]
    if not _JAPANESE.search(sentences[0]) or any(_unkept(each) for each in sentences):
        raise Failed(name, data, f"{type(refusal).__name__} without a fit sentence: {sentences!r:.200}") from refusal
    return "refused"


def _travels(name, reader, data, value):
    """The value comes out of the guarded child, and every text in it may be stored (UTF-8, no NUL)."""
    try:
        back = plain.decode(plain.encode(value), plain.records_of(reader.travels))
    except plain.NotPlain as error:
        raise Failed(name, data, f"the value does not travel: {error}") from error
    for text in _texts(back):
        if _unkept(text):
            raise Failed(name, data, f"a text that cannot be kept: {text!r:.120}")


def _texts(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in (*value, *value.values()):
            yield from _texts(each)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from _texts(each)
    elif hasattr(value, "__dataclass_fields__"):
        for each in value.__dataclass_fields__:
            yield from _texts(getattr(value, each))


def _unkept(text):
    return "\0" in text or any("\ud800" <= each <= "\udfff" for each in text)


@contextmanager
def _watched(seconds):
    if not _state["is_installed"]:
        sys.addaudithook(_note)
        _state["is_installed"] = True
    _seen.clear()
    before = signal.signal(signal.SIGPROF, _stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)  # of the processor's time: a loaded machine is no fault of a reader
    _state["is_watched"] = True
    try:
        yield
    finally:
        _state["is_watched"] = False
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _stop(*_):
    raise _TooLong


def _note(event, args):
    if not _state["is_watched"]:
        return
    if event in _NETWORK:
        _seen.append(event)
    elif event == "open" and isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
        if not str(args[0]).endswith(".pyc") and "__pycache__" not in str(args[0]) and str(args[0]) != os.devnull:
            _seen.append(f"writes {args[0]}")
