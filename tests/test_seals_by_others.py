"""Well-formed signatures by other software are accepted, or the sentence of the test says why not."""

import io
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs12
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import signers

from tests import attacks_on_pdfs, ca, papers_pdf
from tests.papers_pdf import SPOT
from tests.papers_seals import MAIL, Head, like_acrobat, sign
from webapp.papers import seal
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


RECORDED = Path(__file__).with_name("seals_by_others")
SIGNED_AT = datetime(2026, 11, 30, 11, tzinfo=UTC)


def recorded(name):
    """What became of the frozen specimen when another program signed it (seals_by_others/README.md): (signed, frozen)."""
    frozen = (RECORDED / "frozen.pdf").read_bytes()
    return frozen + (RECORDED / f"{name}.tail").read_bytes(), frozen


def judged(name):
    root, issuing = (
        ca.der(x509.load_pem_x509_certificate((RECORDED / f"{each}.pem").read_bytes())) for each in ("root", "issuing")
    )
    return seal.validate(*recorded(name), [root], [issuing], SIGNED_AT, ((), ()))


@pytest.mark.parametrize(
    ("name", "field"),
    [("pdfbox-own", "Seal"), ("pdfbox-new", "Signature1"), ("endesive-new", "Signature1")],
)
def test_a_seal_on_the_specimen_by_another_library_is_accepted(name, field):
    found = judged(name)
    assert (found.code, found.seal.field, found.seal.signer_mails) == ("", field, (MAIL,))


REFUSED = {
    # The examples of Bouncy Castle write indefinite lengths, and so does NSS: not the DER that ISO 32000-1 12.8.3.3 asks for.
    "pdfbox-ber": ("unusual", "DER"),
    "pdfsig-own": ("unusual", "DER"),
    # Without a picture PDFBox moves the field to a place without extent; endesive makes a second Seal that no page shows.
    "pdfbox-unseen": ("not_on_seal_spot", "見えない署名"),
    "endesive-own": ("not_on_seal_spot", "見えない署名"),
    # It writes "EO 0 R" among the fields of the form, and the file can no more be read.
    "signpdf-new": ("unreadable", "書き方が正しくありません"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_seal_by_another_program_that_is_refused_is_told_why(name):
    found, (code, said) = judged(name), REFUSED[name]
    assert (found.seal, found.code) == (None, code) and said in found.message and found.advice


@pytest.mark.parametrize("name", [path.stem for path in sorted(RECORDED.glob("*.tail"))])
def test_pdfsig_calls_each_of_them_valid(name, tmp_path):
    (tmp_path / "signed.pdf").write_bytes(recorded(name)[0])
    told = subprocess.run(["pdfsig", "-nocert", tmp_path / "signed.pdf"], capture_output=True, text=True).stdout
    assert "Total document signed" in told and "Signature is Valid." in told


@pytest.mark.parametrize("name", ["frozen.pdf", "signed.pdf"])
def test_a_pdf_that_another_program_has_saved_anew_is_not_called_broken(name, tmp_path):
    """cairo writes no /ID."""
    signed, frozen = recorded("pdfbox-own")
    (tmp_path / name).write_bytes(frozen if name == "frozen.pdf" else signed)
    subprocess.run(["pdftocairo", "-pdf", tmp_path / name, tmp_path / "anew.pdf"], check=True)
    with pytest.raises(seal.SealRefused, match="保存し直された") as refusal:
        seal.check((tmp_path / "anew.pdf").read_bytes(), frozen, [], [], SIGNED_AT)
    assert refusal.value.code == "another_document"


@pytest.mark.parametrize("tail", [b"\n%%EOF\n", b"\nstartxref\n0\n%%EOF\n"], ids=["eof", "startxref"])
def test_of_a_tail_that_makes_a_signed_pdf_unreadable_it_is_said_where_it_is(tail):
    signed, frozen = recorded("pdfbox-own")
    with pytest.raises(seal.SealRefused, match="あとから書き足されている"):
        seal.check(signed + tail, frozen, [], [], SIGNED_AT)
