"""Judging a signed PDF: ours in the guarded child, beside `pdfsig` and pyHanko's own validation in a fresh process, in the same run.

The pyHanko command line is not installed; what it does for `sign validate` is done by its library in a fresh Python instead. Both
answer less: neither compares with the frozen PDF. The median of the rounds counts."""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench import Measured, measurement
from tests import ca
from tests.attacks_on_pdfs import World
from tests.papers_seals import AT
from webapp.papers import guard

ROUNDS = 9
LIBRARY = """
import sys
from pyhanko.keys import load_cert_from_pemder
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
context = ValidationContext(trust_roots=[load_cert_from_pemder(sys.argv[2])], allow_fetching=False)
with open(sys.argv[1], "rb") as file:
    print(validate_pdf_signature(PdfFileReader(file).embedded_signatures[0], context).summary())
"""


@measurement
def judgement():
    world = World()
    roots, others = [ca.der(world.authority.root)], [ca.der(world.authority.issuing)]
    with tempfile.TemporaryDirectory() as folder:
        path, root = Path(folder) / "signed.pdf", Path(folder) / "root.pem"
        path.write_bytes(world.pades)
        root.write_bytes(ca.pem(world.authority.root))
        pdfsig = _median(lambda: _run("pdfsig", "-nocert", path))
        library = _median(lambda: _run(sys.executable, "-c", LIBRARY, path, root))
    asked = ("webapp.papers.seal:validate", world.pades, world.frozen, roots, others, AT, ((), ()))
    guarded = _median(lambda: guard.run(*asked))
    alone = _median(lambda: world.judge(world.pades))
    yield Measured("署名済みPDF: pdfsig", pdfsig * 1000, "ミリ秒")
    yield Measured("署名済みPDF: pyHankoのライブラリ(新しいプロセス)", library * 1000, "ミリ秒")
    yield Measured("署名済みPDF: しるし(隔離した子プロセス)", guarded * 1000, "ミリ秒", guarded / pdfsig, "pdfsig")
    yield Measured("署名済みPDF: しるし(隔離した子プロセス)", guarded * 1000, "ミリ秒", guarded / library, "pyHanko")
    yield Measured("署名済みPDF: しるし(同じプロセス)", alone * 1000, "ミリ秒", alone / guarded, "子プロセス")


def _run(*words):
    subprocess.run([str(each) for each in words], check=True, capture_output=True)


def _median(act):
    times = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        act()
        times.append(time.perf_counter() - begun)
    return statistics.median(times)
