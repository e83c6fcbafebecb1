"""Seals on PDFs: signed by keys on a token, judged by poppler's pdfsig and by pyHanko."""

import subprocess
from hashlib import sha256
from io import BytesIO

import pytest
from asn1crypto.x509 import Certificate
from ca import Authority, der, new_key
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from PIL import Image
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.fields import FieldMDPAction, FieldMDPSpec, MDPPerm, SigFieldSpec, append_signature_field
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.settings import KeyUsageConstraints
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext
from softhsm import PIN, empty_form, make_token

from tokens.errors import TokenError
from tokens.sealing import seal

NAME = ["機構長", "髙橋 﨑子"]
LOCK = {"field_mdp_spec": FieldMDPSpec(FieldMDPAction.ALL), "doc_mdp_update_value": MDPPerm.NO_CHANGES}


@pytest.fixture(scope="module")
def token(tmp_path_factory):
    return make_token(tmp_path_factory.mktemp("sealing"))


@pytest.fixture(scope="module")
def authority():
    return Authority()


@pytest.fixture(scope="module", params=["P-256", pytest.param("RSA-3072", marks=pytest.mark.slow)])
def card(request, token, authority):
    """(certificate, sign) of a head whose key lies on the token."""
    wanted = {"token": token.label, "pin": PIN}
    with token.worker() as worker:
        key = {"cka_id": request.param.encode(), "label": "署名", "algorithm": request.param, "subject": [["CN", "x"]]}
        csr = x509.load_der_x509_csr(worker.call("make_key", **wanted, **key)["csr_der"])
        certificate = der(authority.smime(csr.public_key(), "head@shinsei.example"))

        def sign(data):
            answer = worker.call("sign_attributes", **wanted, certificate_der=certificate, signed_attributes_der=data)
            return answer["signature"]

        yield certificate, sign


@pytest.fixture(scope="module")
def soft(authority):
    """The same with a key in memory, for what the token plays no part in."""
    key = new_key()
    certificate = der(authority.smime(key.public_key(), "head@shinsei.example"))
    return certificate, lambda data: key.sign(data, ec.ECDSA(hashes.SHA256()))


def pdfsig(pdf, tmp_path):
    (tmp_path / "sealed.pdf").write_bytes(pdf)
    return subprocess.run(["pdfsig", "-nocert", tmp_path / "sealed.pdf"], capture_output=True, text=True).stdout


def judged(pdf, authority):
    (signature,) = PdfFileReader(BytesIO(pdf)).embedded_signatures
    usage = KeyUsageConstraints(key_usage={"digital_signature", "non_repudiation"}, match_all_key_usages=False)
    context = ValidationContext(trust_roots=[Certificate.load(der(authority.root))], allow_fetching=False)
    return validate_pdf_signature(signature, context, key_usage_settings=usage)


def test_a_seal_by_a_card_is_accepted_by_pdfsig_and_pyhanko(card, authority, tmp_path, caplog):
    frozen = empty_form(**LOCK)
    sealed = seal(frozen, card[0], authority.chain, card[1], name_lines=NAME, reason="発行申請の承認")
    assert sealed.startswith(frozen)
    report = pdfsig(sealed, tmp_path)
    assert "Signature is Valid." in report and "Total document signed" in report
    assert "ETSI.CAdES.detached" in report and "SHA-256" in report
    verdict = judged(sealed, authority)
    assert verdict.bottom_line and verdict.coverage is SignatureCoverageLevel.ENTIRE_FILE
    assert verdict.modification_level is ModificationLevel.NONE
    assert verdict.docmdp_ok and not caplog.records


def test_a_seal_in_a_field_without_a_lock_holds_as_well(soft, authority, tmp_path):
    sealed = seal(empty_form(), *args(soft, authority), name_lines=NAME)
    assert "Signature is Valid." in pdfsig(sealed, tmp_path) and judged(sealed, authority).bottom_line


def test_the_lock_of_the_field_forbids_every_later_change(soft, authority):
    sealed = BytesIO(seal(empty_form(**LOCK), *args(soft, authority)))
    writer = IncrementalPdfFileWriter(sealed)
    append_signature_field(writer, SigFieldSpec("Another", box=(1, 1, 9, 9)))
    writer.write_in_place()
    assert not judged(sealed.getvalue(), authority).bottom_line


def args(soft, authority):
    certificate, sign = soft
    return certificate, authority.chain, sign


def test_what_is_signed_names_the_certificate_and_the_document(soft, authority):
    seen = []
    sealed = seal(empty_form(), soft[0], authority.chain, lambda data: seen.append(data) or soft[1](data))
    (attributes,) = seen
    start, before, after, length = judged_range(sealed)
    digest = sha256(sealed[start:before] + sealed[after : after + length]).digest()
    assert attributes[0] == 0x31 and digest in attributes and sha256(soft[0]).digest() in attributes


def judged_range(pdf):
    (signature,) = PdfFileReader(BytesIO(pdf)).embedded_signatures
    start, before, after, length = map(int, signature.byte_range)
    assert start == 0 and after + length == len(pdf)
    return start, before, after, length


def test_the_stamp_can_be_seen_where_the_field_is(soft, authority, tmp_path):
    for name, pdf in {
        "blank": empty_form(),
        "sealed": seal(empty_form(), *args(soft, authority), name_lines=NAME),
    }.items():
        (tmp_path / f"{name}.pdf").write_bytes(pdf)
        command = ["pdftoppm", "-r", "72", "-png", "-singlefile", tmp_path / f"{name}.pdf", tmp_path / name]
        subprocess.run(command, check=True, capture_output=True)
    blank, sealed = (Image.open(tmp_path / f"{name}.png").convert("RGB") for name in ("blank", "sealed"))
    left, top, right, bottom = box = (400, 842 - 700, 500, 842 - 640)
    red = [(r, g, b) for r, g, b in sealed.crop(box).get_flattened_data() if r > 120 and g < 120 and b < 120]
    assert len(red) > 100
    for corner in ((0, 0, 595, top - 2), (0, bottom + 2, 595, 842), (0, 0, left - 2, 842), (right + 2, 0, 595, 842)):
        assert blank.crop(corner).tobytes() == sealed.crop(corner).tobytes()


def refused(code, *arguments, **named):
    with pytest.raises(TokenError) as refusal:
        seal(*arguments, **named)
    assert refusal.value.code == code


def test_it_refuses_what_it_cannot_seal(soft, authority):
    sealed = seal(empty_form(), *args(soft, authority))
    refused("seal_no_field", sealed, *args(soft, authority))
    refused("seal_no_field", empty_form(), *args(soft, authority), field="Other")
    refused("seal_unreadable", b"no PDF", *args(soft, authority))
    refused("seal_unreadable", empty_form()[:300], *args(soft, authority))


def test_it_refuses_a_signature_by_another_key(soft, authority):
    refused("signature_wrong", empty_form(), soft[0], [], lambda data: new_key().sign(data, ec.ECDSA(hashes.SHA256())))


def test_the_worker_signs_attributes_for_their_own_certificate_only(token, authority, card):
    other = der(authority.smime(x509.load_der_x509_certificate(card[0]).public_key(), "other@shinsei.example"))
    with pytest.raises(TokenError) as refusal:
        seal(empty_form(), other, authority.chain, card[1])  # card[1] says it signs for card[0]
    assert refusal.value.code == "bytes_refused"


@pytest.mark.parametrize("data", [b"", b"1\x00", b"0\x00", bytes(32), b"SHIRUSHI-PROOF-v1\0" + bytes(64)])
def test_the_worker_signs_no_bytes_that_are_no_attributes(card, data):
    with pytest.raises(TokenError) as refusal:
        card[1](data)
    assert refusal.value.code == "bytes_refused"
