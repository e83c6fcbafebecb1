"""What the readers of readers.py are given besides the file: people, keys and authorities that are the same in every run, so that an
input which failed once fails again. The keys are made of small numbers and worth nothing."""

import tempfile
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests import attesting, ca, form_blanks, papers_seals, signed_files, stamping
from tests.papers_pdf import frozen_pdf
from tests.papers_people import issue_form
from webapp.papers import form_filling, form_template

AT = papers_seals.AT
PASSWORD = "Kx7#mPq9_Rt4wZs6.Hb"
MAIL = "tanaka@shinsei.example"
JOB_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


@cache
def world():
    """Everything that is made of keys, with the same keys in every run."""
    numbers = count(1001)
    with patch.object(ca, "new_key", lambda curve=None: ec.derive_private_key(next(numbers), curve or ec.SECP256R1())):
        made = SimpleNamespace(code=ca.Authority(at=AT), seal=ca.Authority("Practice S/MIME CA", at=AT))
        made.key = ca.new_key()
        made.leaf = made.code.code_signing(made.key.public_key(), serial=0x0A1B2C3D4E5F)
        made.person = made.seal.smime(ca.new_key().public_key(), MAIL)
        made.card = made.seal.client_auth(ca.new_key().public_key(), MAIL)
        made.head, made.stamper, made.yubico = papers_seals.Head(made.seal), stamping.Stamper(), attesting.Maker()
    made.roots, made.others = [ca.der(made.code.root)], [ca.der(made.code.issuing)]
    made.seal_roots, made.seal_others = [ca.der(made.seal.root)], [ca.der(made.seal.issuing)]
    made.stamp_roots = [ca.der(made.stamper.authority.root)], [ca.der(made.stamper.authority.issuing)]
    made.now = AT + timedelta(hours=1)
    made.today = datetime.now(UTC) + timedelta(minutes=5)  # an OCSP answer is produced now, whatever one asks
    return made


@cache
def frozen():
    return frozen_pdf()


@cache
def signer():
    """Signatures by openssl: a SignedData, a nested one, bundles."""
    with tempfile.TemporaryDirectory() as folder:
        maker = signed_files.Maker(world().code, Path(folder))
        made = SimpleNamespace(leaf=maker.leaf, der=maker.sign(), nested=maker.nested(), pem=maker.sign(form="PEM"))
        made.p7b = maker.bundle(maker.leaf, world().code.issuing)
        made.p7b_pem = maker.bundle(maker.leaf, form="PEM")
    return made


@cache
def template():
    """(a CA's blank, the mapping to it, the blank filled in)."""
    blank = form_blanks.labels_left()
    found = form_template.read(blank, "issue")
    typed = {key: each.place for key, each in found.proposals.items()}
    mapping = {"kind": "issue", "places": form_template.bind(blank, "issue", typed), "seal": None}
    return blank, mapping, form_filling.fill(blank, mapping, issue_form())
