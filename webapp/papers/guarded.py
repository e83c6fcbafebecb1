"""The other side of guard.py: what runs in the child. Read the question, be confined, call, answer, and end.

Nearly all that a child costs is what it imports, so this room imports little, and so should the readers: what only some
files need (drawing a sheet, judging a signature) is imported where it is needed.
"""

import gc
import importlib
import os
import sys

from webapp.errors import Refused
from webapp.papers import plain
from webapp.papers.confine import confine


def answer():
    """Never returns. What libraries print goes nowhere."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.excepthook = lambda kind, error, trace: _write(answers, _last_words(kind, trace))
    header, _, args = sys.stdin.buffer.read().partition(b"\n")
    function, seconds, megabytes = plain.decode(header, {})
    confine(seconds, megabytes)
    _write(answers, _call(function, args))
    os._exit(0)  # nothing is left to tidy up, and taking hundreds of modules apart costs more than many a file


def _call(function, args):
    module_name, _, name = function.partition(":")
    module = _imported(module_name)
    try:
        return ["value", getattr(module, name)(*plain.decode(args, plain.records_of(module)))]
    except Refused as refusal:
        return ["refused", _described(refusal)]


def _imported(module_name):
    """The reader's module. Nothing that imports make is rubbish: the collector need not look for any meanwhile."""
    gc.disable()
    try:
        return importlib.import_module(module_name)
    finally:
        gc.enable()


def _described(refusal):
    described = {
        name: getattr(refusal, name) for name in ("message", "advice", "fields", "code") if hasattr(refusal, name)
    }
    return described | {"types": [cls.__name__ for cls in type(refusal).__mro__]}


def _write(answers, answer):
    answers.write(plain.encode(answer))
    answers.flush()


def _last_words(kind, trace):
    """What the parent may know about an exception: memory ran out, or its type and place. Its text may hold secrets."""
    while trace.tb_next:
        trace = trace.tb_next
    place = f"{kind.__name__} at {os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}"
    return ["memory" if issubclass(kind, MemoryError) else "broken", place]
