"""Findings of a whole application: every rule that examination and sending ask, beside reading the same CSR with
cryptography alone, in the same run. The median of the rounds counts; the values are gathered from SQLite each time."""

import tempfile
from pathlib import Path

from cryptography import x509

from bench import Measured, measurement
from bench._house import furnished
from bench._time import median
from tests import cases
from webapp.acts import judgement
from webapp.register import Application, Csr, database
from webapp.settings import Settings

ROUNDS = 50
VERBS = ("examine", "dispatch")


@measurement
def rules():
    with tempfile.TemporaryDirectory() as folder:
        authorities = furnished(Settings(data=Path(folder)))
        application = cases.Cases(authorities, Path(folder)).identified()
        csr = Csr.in_force(application).content.bytes()
        alone = median(ROUNDS, lambda: x509.load_der_x509_csr(csr).is_signature_valid)
        whole = median(ROUNDS, lambda: _judged(application.id))
        database.close()
    yield Measured("CSRをcryptographyで読み、署名を検証する", alone * 1000, "ミリ秒")
    yield Measured("申請1件のすべての規則", whole * 1000, "ミリ秒", whole / alone, "CSRを読むだけ")


def _judged(number):
    case = judgement.Case(Application.get_by_id(number))
    return [case.findings(verb) for verb in VERBS]
