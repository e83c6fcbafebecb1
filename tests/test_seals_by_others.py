"""Well-formed signatures by other software are accepted, or the sentence of the test says why not."""

import io
import re
import subprocess

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs12
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import signers

from tests import attacks_on_pdfs, ca, papers_pdf
from tests.papers_pdf import SPOT
from tests.papers_seals import MAIL, Head, like_acrobat, sign
from webapp.papers.freeze import add_seal_field

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def world():
    return attacks_on_pdfs.World()


def by_openssl(world, folder, head, *options, certificates=()):
    """Our signed PDF with the CMS in its gap taken out, and one that `openssl cms` has made put there by hand."""
    pdf = sign(world.frozen, head, room=16384)
    _, b, c, d = (int(each) for each in re.search(rb"/ByteRange *\[([0-9 ]+)\]", pdf)[1].split())
    (folder / "signed.bin").write_bytes(pdf[:b] + pdf[c : c + d])
    (folder / "key.pem").write_bytes(head.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (folder / "certificate.pem").write_bytes(ca.pem(head.certificate))
    (folder / "chain.pem").write_bytes(b"".join(map(ca.pem, certificates)))
    words = "openssl cms -sign -binary -in signed.bin -outform DER -out made.cms -signer certificate.pem -inkey key.pem -md sha256"
    words = [*words.split(), *(["-certfile", "chain.pem"] if certificates else []), *options]
    subprocess.run(words, cwd=folder, check=True, capture_output=True)
    made = (folder / "made.cms").read_bytes().hex().encode()
    return pdf[: b + 1] + made.ljust(c - b - 2, b"0") + pdf[c - 1 :]


@pytest.mark.parametrize("kind", ["ec", "rsa"])
@pytest.mark.parametrize("options", [("-noattr",), (), ("-nosmimecap",), ("-cades", "-nosmimecap")], ids=" ".join)
def test_a_cms_by_openssl_put_into_the_gap_by_hand_is_accepted(world, tmp_path, kind, options):
    key = ca.new_key() if kind == "ec" else rsa.generate_private_key(65537, 2048)
    head = Head(world.authority, key=key)
    certificates = (world.authority.issuing, world.authority.root)
    assert world.judge(by_openssl(world, tmp_path, head, *options, certificates=certificates)).signer_mails == (MAIL,)


def test_a_cms_by_openssl_that_names_its_signer_by_key_id_is_accepted(world, tmp_path):
    made = by_openssl(world, tmp_path, world.head, "-keyid", certificates=(world.authority.issuing,))
    assert world.judge(made).signer_mails == (MAIL,)


@pytest.mark.parametrize("saved", [papers_pdf.streamed_pdf, papers_pdf.hybrid_pdf], ids=lambda saved: saved.__name__)
@pytest.mark.parametrize("how", [sign, like_acrobat], ids=lambda how: how.__name__)
def test_a_form_that_newer_programs_have_saved_is_sealed_in_their_way(world, saved, how):
    """With cross-reference and object streams, as Acrobat goes on with them, and Office's hybrid of both."""
    frozen = add_seal_field(saved(), 0, SPOT)
    opened = PdfFileReader(io.BytesIO(frozen), strict=False)
    assert opened.xrefs.hybrid_xrefs_present == (saved is papers_pdf.hybrid_pdf)
    signed = how(frozen, world.head, strict=not opened.xrefs.hybrid_xrefs_present)
    added = signed[len(frozen) :]
    assert (b"/Type /XRef" in added) == (saved is papers_pdf.streamed_pdf)
    assert (b"/ObjStm" in added) == (saved is papers_pdf.streamed_pdf and how is like_acrobat)
    assert b"xmp:ModifyDate" in added  # the metadata written anew, or added
    assert world.judge(signed, frozen).signer_mails == (MAIL,)


def test_pyhankos_own_signer_from_a_pkcs12_file_is_accepted(world, tmp_path):
    head = world.head
    packed = pkcs12.serialize_key_and_certificates(
        b"x", head.key, head.certificate, [world.authority.issuing], NoEncryption()
    )
    (tmp_path / "head.p12").write_bytes(packed)

    class FromFile:
        signer = staticmethod(lambda: signers.SimpleSigner.load_pkcs12(tmp_path / "head.p12"))

    assert world.judge(sign(world.frozen, FromFile)).field == "Seal"
    assert world.judge(sign(world.frozen, FromFile, pades=True)).field == "Seal"
    assert world.judge(sign(world.frozen, FromFile, field="Signature1", box=SPOT)).field == "Signature1"
