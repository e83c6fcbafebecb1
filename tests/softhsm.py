"""Real SoftHSM tokens for tests: `make_token(directory, label, pin)` -> TestToken, an own directory each time."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

from tokens import softhsm
from tokens.softhsm import MODULE
from tokens.worker import TokenWorker

SPY = "/usr/lib/x86_64-linux-gnu/pkcs11-spy.so"
PIN, OFFICER_PIN = "271828", "31415926"
A4 = (0, 0, 595, 842)


@dataclass(frozen=True)
class TestToken:
    """A token and how to reach it: environment (with a memory of misses of its own), label and PIN."""

    __test__ = False

    directory: Path
    label: str
    pin: str
    module: str = MODULE
    env: dict = field(default_factory=dict)

    def worker(self):
        return TokenWorker(self.module, self.env)

    def spied(self, log):
        """The same token through pkcs11-spy, which writes every call (and the PIN) into the file `log`."""
        env = {**self.env, "PKCS11SPY": MODULE, "PKCS11SPY_OUTPUT": str(log)}
        return TestToken(self.directory, self.label, self.pin, SPY, env)


def make_token(directory, label="署名カード", pin=PIN):
    """A new SoftHSM token under `directory` (a Path, made if missing). Takes about 0.1 s; its PIN is in no argument."""
    env = {**softhsm.prepare(directory), "XDG_STATE_HOME": str(directory / "state")}
    command = [sys.executable, "-S", str(Path(__file__).with_name("blank_token.py")), MODULE]
    said = f"{label}\n{pin}\n{OFFICER_PIN}\n".encode()
    subprocess.run(command, input=said, env={**os.environ, **env}, check=True, capture_output=True)
    return TestToken(Path(directory), label, pin, MODULE, env)


def logins(log):
    """How many C_Login calls pkcs11-spy wrote into `log`."""
    lines = Path(log).read_text(errors="replace").splitlines()
    return sum(line.split(":", 1)[-1].strip() == "C_Login" for line in lines)


def run(*arguments, token=None, pin=None):
    """`python -m tokens …` as a program starts it: on `token` (its module, label and environment are added), with
    the PIN through a pipe. Returns the CompletedProcess (text)."""
    command = [sys.executable, "-m", "tokens", *map(str, arguments)]
    if token:
        command += ["--module", token.module]
    reading, writing = os.pipe()
    try:
        if pin is not None:
            os.write(writing, pin.encode() + b"\n")
            command += ["--pin-fd", str(reading)]
        os.close(writing)
        return subprocess.run(
            command,
            env={**os.environ, **(token.env if token else {})},
            cwd=Path(__file__).parent.parent,
            pass_fds=[reading],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )
    finally:
        os.close(reading)


def dump(value):
    """A message as text, to search it for secrets."""
    return json.dumps(value, default=repr, ensure_ascii=False)


def empty_form(**field):
    """A one-page A4 PDF (bytes) with an empty signature field "Seal"; `field` goes to pyHanko's SigFieldSpec."""
    from pyhanko.pdf_utils import generic
    from pyhanko.pdf_utils.writer import PageObject, PdfFileWriter
    from pyhanko.sign.fields import SigFieldSpec, append_signature_field

    writer = PdfFileWriter()
    text = generic.StreamObject(stream_data=b"BT /F1 12 Tf 60 760 Td (Application CS-2026-0012) Tj ET")
    page = PageObject(contents=writer.add_object(text), media_box=generic.ArrayObject(map(generic.NumberObject, A4)))
    name = generic.pdf_name
    font = generic.DictionaryObject(
        {name("/Type"): name("/Font"), name("/Subtype"): name("/Type1"), name("/BaseFont"): name("/Helvetica")}
    )
    fonts = generic.DictionaryObject({name("/F1"): writer.add_object(font)})
    page[name("/Resources")] = generic.DictionaryObject({name("/Font"): fonts})
    writer.insert_page(page)
    append_signature_field(writer, SigFieldSpec("Seal", box=(400, 640, 500, 700), **field))
    output = BytesIO()
    writer.write(output)
    return output.getvalue()
