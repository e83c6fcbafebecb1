"""The window that asks for a PIN, on a display of its own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
# A person who types: fills the entries of each new window and presses a key.
PERSON = """
import sys, tkinter
from tokens import prompts
from tokens.errors import TokenError
from tokens.pin_entry import Question

class Typed(tkinter.Tk):
    def __init__(self):
        super().__init__()
        self.after(200, self.type)
    def type(self):
        entries = [each for each in self.winfo_children() if isinstance(each, tkinter.Entry)]
        for entry, text in zip(entries, texts):
            entry.insert(0, text)
        print(entries[0]["show"] or "shown")
        self.event_generate(key)

window = prompts.prompt()
question = Question({"label": "署名カード", "serial": "1234"}, warnings=("前にPINの誤りがありました。",))
tkinter.Tk = Typed
texts, key = ["271828"], "<Return>"
print(type(window).__name__, window.pin(question) == "271828")
texts = ["602214", "602214"]
print(window.new_pin(question) == "602214")
texts = ["最後の1回"]
print(window.agrees_to_last_try(question, told=True))
texts = ["はい"]
print(window.agrees_to_last_try(question, told=True))
texts, key = ["271828"], "<Escape>"
try:
    window.pin(question)
except TokenError as error:
    print(error.code)
"""


@pytest.mark.slow
def test_a_window_takes_a_pin_unseen_and_the_words_for_the_last_try_seen():
    pytest.importorskip("tkinter", reason="python3-tk is not installed")
    if not shutil.which("Xvfb"):
        pytest.skip("Xvfb is not installed")
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "800x600x24"]
    with subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL) as server:
        os.close(writing)
        try:
            with os.fdopen(reading) as told:
                display = f":{told.readline().strip()}"
            environment = {**os.environ, "DISPLAY": display}
            done = subprocess.run(
                [sys.executable, "-c", PERSON], env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60
            )
        finally:
            server.terminate()
    assert done.stdout.split() == [
        "●",
        "Window",
        "True",
        "●",
        "True",
        "shown",
        "True",
        "shown",
        "False",
        "●",
        "pin_not_given",
    ], done.stderr
