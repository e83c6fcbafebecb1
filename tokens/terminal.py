"""How the command line speaks with a person: sentences out. (A PIN comes in by tokens/prompts.py.)"""

import sys


class Complaint(Exception):
    """Something about files or options that the person can put right. `message` and `advice` are Japanese."""

    def __init__(self, message, advice=""):
        super().__init__(message)
        self.message = message
        self.advice = advice


def say(*lines):
    print(*lines, sep="\n", flush=True)


def complain(error):
    """An error's message and advice, to stderr."""
    print(f"できませんでした: {error.message}", file=sys.stderr)
    if error.advice:
        print(f"  → {error.advice}", file=sys.stderr)
    if getattr(error, "detail", ""):
        print(f"  (技術情報: {error.code} / {error.detail})", file=sys.stderr)
