"""A PDF as a person sees it: its pages as PNG, and its text. Drawn in a child process with limits, which knows no key and no PIN.

PDFium draws (pypdfium2); where it is missing, poppler's pdftoppm; where both are, nobody: then the PDF itself is offered.
"""

import base64
import binascii
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tokens.worker import SEARCHED

MOST_PAGES = 20
WIDTH = 1240  # pixels
SECONDS = 60
LARGEST_MEMORY = 2 * 1024**3


@dataclass(frozen=True)
class Pages:
    """`pictures`: PNG for each page, none if nothing here draws. `text`: what stands on them, None if unknown."""

    count: int
    pictures: tuple[bytes, ...] = ()
    text: str | None = None


def of(pdf):
    """The Pages of a PDF (bytes)."""
    return _child(pdf) or _poppler(pdf) or Pages(0)


def _child(pdf):
    command = [sys.executable, "-P", "-m", "tokens.station.pictures"]
    try:
        env = {**os.environ, "PYTHONPATH": SEARCHED}
        done = subprocess.run(command, input=pdf, capture_output=True, timeout=SECONDS, env=env)
        told = json.loads(done.stdout)
        pictures = tuple(base64.b64decode(each) for each in told["pictures"])
        return Pages(int(told["count"]), pictures, str(told["text"]))
    except (subprocess.TimeoutExpired, OSError, ValueError, KeyError, TypeError, binascii.Error):
        return None


def _poppler(pdf):
    if not (shutil.which("pdftoppm") and shutil.which("pdftotext")):
        return None
    with tempfile.TemporaryDirectory(prefix="shirushi-") as folder:
        path = Path(folder) / "document.pdf"
        path.write_bytes(pdf)
        draw = [
            "pdftoppm",
            "-png",
            "-scale-to-x",
            str(WIDTH),
            "-scale-to-y",
            "-1",
            "-l",
            str(MOST_PAGES),
            path,
            f"{folder}/p",
        ]
        try:
            subprocess.run(draw, capture_output=True, timeout=SECONDS, check=True)
            text = subprocess.run(["pdftotext", path, "-"], capture_output=True, timeout=SECONDS, check=True).stdout
        except (subprocess.SubprocessError, OSError):
            return None
        pictures = tuple(each.read_bytes() for each in sorted(Path(folder).glob("p*.png")))
        return Pages(len(pictures), pictures, text.decode("utf-8", "replace"))


def main():
    """PDF on stdin -> {"count", "pictures": [base64 …], "text"} as JSON on stdout."""
    _limit()
    import pypdfium2

    document = pypdfium2.PdfDocument(sys.stdin.buffer.read())
    pages = [document[number] for number in range(min(len(document), MOST_PAGES))]
    pictures = [base64.b64encode(_drawn(page)).decode("ascii") for page in pages]
    text = "\n".join(page.get_textpage().get_text_range() for page in pages)
    json.dump({"count": len(document), "pictures": pictures, "text": text}, sys.stdout)
    sys.stdout.flush()


def _drawn(page):
    output = io.BytesIO()
    scale = min(WIDTH / max(1, page.get_width()), 4 * WIDTH / max(1, page.get_height()))
    page.render(scale=scale, may_draw_forms=True).to_pil().convert("RGB").save(output, "PNG")
    return output.getvalue()


def _limit():
    if sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    if sys.platform != "darwin":
        resource.setrlimit(resource.RLIMIT_AS, (LARGEST_MEMORY, LARGEST_MEMORY))


if __name__ == "__main__":
    main()
