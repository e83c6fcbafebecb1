"""Judging a signed PDF: ours in the guarded child, beside `pdfsig` and the `pyhanko` command line, in the same run.

Both answer less: neither compares with the frozen PDF. The command line is told the time and the authorities, and not to ask for
revocation, as we do not either; it exits 1 unless it finds the signature good. The median of the rounds counts."""

import subprocess
import sys
import tempfile
from pathlib import Path

from bench import Measured, measurement
from bench._time import median
from tests import ca
from tests.attacks_on_pdfs import World
from tests.papers_seals import AT, MAIL, Head, sign
from webapp.papers import guard

ROUNDS = 9
USAGES = ("digital_signature", "content_commitment")  # the command line wants both
PYHANKO = Path(sys.executable).with_name("pyhanko")


@measurement
def judgement():
    world, key = World(), ca.new_key()
    head = Head(world.authority, key, world.authority.smime(key.public_key(), MAIL, usages=USAGES))
    signed = sign(world.frozen, head, pades=True)
    roots, others = [ca.der(world.authority.root)], [ca.der(world.authority.issuing)]
    with tempfile.TemporaryDirectory() as folder:
        path, root, issuing = (Path(folder) / name for name in ("signed.pdf", "root.pem", "issuing.pem"))
        path.write_bytes(signed)
        root.write_bytes(ca.pem(world.authority.root))
        issuing.write_bytes(ca.pem(world.authority.issuing))
        given = ["--no-revocation-check", "--validation-time", AT.isoformat(), "--trust-replace", "--trust", root]
        pyhanko = [PYHANKO, "sign", "validate", *given, "--other-certs", issuing, path]
        by_pdfsig = median(ROUNDS, lambda: _run("pdfsig", "-nocert", path))
        by_pyhanko = median(ROUNDS, lambda: _run(*pyhanko))
    asked = ("webapp.papers.seal:validate", signed, world.frozen, roots, others, AT, ((), ()))
    guarded = median(ROUNDS, lambda: guard.run(*asked))
    alone = median(ROUNDS, lambda: world.judge(signed))
    yield Measured("署名済みPDF: pdfsig", by_pdfsig * 1000, "ミリ秒")
    yield Measured("署名済みPDF: pyhanko sign validate", by_pyhanko * 1000, "ミリ秒")
    yield Measured("署名済みPDF: しるし(隔離した子プロセス)", guarded * 1000, "ミリ秒", guarded / by_pdfsig, "pdfsig")
    yield Measured("署名済みPDF: しるし(隔離した子プロセス)", guarded * 1000, "ミリ秒", guarded / by_pyhanko, "pyhanko")
    yield Measured("署名済みPDF: しるし(同じプロセス)", alone * 1000, "ミリ秒", alone / guarded, "子プロセス")


def _run(*words):
    subprocess.run([str(each) for each in words], check=True, capture_output=True)
