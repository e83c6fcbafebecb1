"""The desk's own tools are other programs: openssl, pdfsig, pdftotext. This runs them."""

import os
import subprocess
from dataclasses import dataclass

SECONDS = 20


class ToolFailed(Exception):
    """A program is missing or did not end in time. Says nothing about the file it looked at."""


@dataclass(frozen=True)
class Answer:
    """What a program said: `code` 0 when content, `out` bytes, `err` text."""

    code: int
    out: bytes
    err: str

    @property
    def text(self):
        return self.out.decode("utf-8", "replace")


def run(*command, data=b"", folder=None, seconds=SECONDS) -> Answer:
    """Runs `command` with `data` on its standard input, in `folder`. No secret may stand in `command`.
    Raises ToolFailed."""
    environment = {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "LC_ALL": "C.UTF-8",
        "HOME": str(folder or "/nonexistent"),
    }
    words = [str(word) for word in command]
    try:
        ended = subprocess.run(words, input=data, capture_output=True, cwd=folder, env=environment, timeout=seconds)
    except (FileNotFoundError, subprocess.TimeoutExpired) as error:
        raise ToolFailed(f"{words[0]}: {type(error).__name__}") from error
    return Answer(ended.returncode, ended.stdout, ended.stderr.decode("utf-8", "replace"))
