"""Files from outside are read in a child process of their own, which may not do much and may die (design.md §1).

    delivery = guard.run("webapp.papers.delivery:open_zip", data, password)

The question goes to the child over its standard input, the answer comes back over its standard output, both as plain
JSON (plain.py): secrets never stand in a command line, and nothing that a hostile child answers is executed. The child's side is
guarded.py.
"""

import importlib
import logging
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

from webapp import errors
from webapp.errors import Refused, Unreadable
from webapp.papers import plain
from webapp.papers.confine import MAX_FILE_BYTES

_ROOT = Path(__file__).resolve().parents[2]
# The child knows the papers and nothing else of the application: `webapp` is an empty package to it, so that neither
# Flask nor the register is ever loaded there.
_CHILD = """
import os, sys, types
sys.path[0] = os.getcwd()
sys.modules["webapp"] = types.ModuleType("webapp")
sys.modules["webapp"].__path__ = [os.path.join(os.getcwd(), "webapp")]
from webapp.papers import guarded
guarded.answer()
"""
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
_log = logging.getLogger(__name__)


def run(function, *args, seconds=10, megabytes=512):
    """Call `function` ("package.module:name") with plain `args` in a fresh, confined child and return what it returns.

    A Refused that it raises is raised here with its own type, if the function's module names that type (else the
    nearest type above). Unreadable when the child takes longer than `seconds`, more memory than `megabytes`, breaks
    in any other way, or answers what is not plain.
    """
    module = importlib.import_module(function.partition(":")[0])
    question = plain.encode([function, seconds, megabytes]) + b"\n" + plain.encode(list(args))
    in_time, status, answer = _ask(question, seconds)
    if not in_time:
        raise Unreadable(
            f"読み取りに時間がかかりすぎたため、{seconds}秒で中止しました。",
            "ファイルが正しいか確認し、作成し直したファイルでもう一度お試しください。",
        )
    try:
        return _opened(plain.decode(answer, plain.records_of(module)), module)
    except (_Broken, plain.NotPlain) as broken:
        _log.error("guarded %s broke, exit status %s: %s", function, status, broken)
    raise Unreadable(
        "ファイルを読み取れませんでした。壊れているか、対応していない形式です。",
        "作成し直すか、送り主に確認してから、もう一度お試しください。",
    )


class _Broken(Exception):
    """The child ended with an exception that is no Refused; says its type and place, never its text."""


def _ask(question, seconds):
    """Whether a child ended in time, its exit status and its answer."""
    with _memory_file(question) as asked, _memory_file() as answered:
        child = subprocess.Popen(
            [sys.executable, "-E", "-s", "-c", _CHILD],
            stdin=asked,
            stdout=answered,
            stderr=subprocess.DEVNULL,
            cwd=_ROOT,
            env=_ENVIRONMENT,
            start_new_session=True,
        )
        in_time = _ends_within(child, seconds)
        os.killpg(child.pid, signal.SIGKILL)  # the child, not yet reaped, and whatever it has started
        status = child.wait()
        answered.seek(0)
        return in_time, status, answered.read(MAX_FILE_BYTES)


def _ends_within(child, seconds):
    """Wait without reaping, so that the process group cannot have become somebody else's."""
    descriptor = os.pidfd_open(child.pid)
    try:
        waiting = select.poll()
        waiting.register(descriptor, select.POLLIN)
        return bool(waiting.poll(seconds * 1000))
    finally:
        os.close(descriptor)


def _memory_file(content=b""):
    """A file that lies in memory only, so that no secret touches a disk and a child's answer is bounded by its limit
    of file size."""
    file = os.fdopen(os.memfd_create("guard"), "w+b")
    file.write(content)
    file.seek(0)
    return file


def _opened(answer, module):
    kind, value = answer if isinstance(answer, list) and len(answer) == 2 else ("broken", "no answer")
    if kind == "value":
        return value
    if kind == "refused":
        raise _refusal(value, module)
    if kind == "memory":
        raise Unreadable("読み取りに必要なメモリが上限を超えました。", "ファイルが大きすぎないか確認してください。")
    raise _Broken(str(value)[:200])


def _refusal(described, module):
    """The exception behind what `_described` made; its texts become strings whatever the child says."""
    known = {cls.__name__: cls for place in (errors, module) for cls in vars(place).values() if _is_refusal(cls)}
    try:
        refusal_type = next((known[name] for name in map(str, described["types"]) if name in known), Unreadable)
        refusal = refusal_type.__new__(refusal_type, str(described["message"]))
        refusal.message, refusal.advice = str(described["message"]), str(described["advice"])
        refusal.fields = {str(field): str(sentence) for field, sentence in described["fields"].items()}
        if "code" in described:
            refusal.code = str(described["code"])
    except (KeyError, TypeError, AttributeError):
        raise _Broken("a refusal of an unknown form") from None
    return refusal


def _is_refusal(cls):
    return isinstance(cls, type) and issubclass(cls, Refused)
