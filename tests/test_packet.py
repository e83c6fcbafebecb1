"""The packet: three files, equal to what was examined, or it stays."""

import dataclasses

import pytest
from cryptography import x509

from tests import ca
from tests.papers_pdf import frozen_pdf, plain_pdf
from tests.papers_people import issue_form
from tests.papers_revocation import revocation_form
from tests.papers_seals import AT, Head, sign
from webapp.errors import Refused
from webapp.papers import packet as packets
from webapp.papers.csr import read
from webapp.papers.issue_form import fill
from webapp.papers.revocation_form import fill as fill_revocation

FROZEN, FORM = frozen_pdf(), issue_form()
SIGNED = sign(FROZEN, Head(ca.Authority(at=AT)))
KEY = ca.new_key()
CSR = ca.der(ca.csr(KEY, FORM.subject))


def packet(**changes):
    parts = {"csr_der": CSR, "xlsx": fill(FORM), "sealed_pdf": SIGNED}
    return packets.issue_packet("shinsei", FORM.number, **(parts | changes))


@pytest.fixture
def refused():
    """The rule by which a packet is refused."""

    def code(wrong, **how):
        with pytest.raises(packets.PacketRefused) as refusal:
            packets.check(wrong, FORM, FROZEN, **how)
        assert refusal.value.message and refusal.value.advice.endswith("。")
        return refusal.value.code

    return code


def test_a_packet_holds_three_files_with_plain_names():
    assert [file.name for file in packet().files] == [
        "shinsei_CS-2026-0012_application.xlsx",
        "shinsei_CS-2026-0012_signed.pdf",
        "shinsei_CS-2026-0012.csr",
    ]
    assert packet().files[2].data.startswith(b"-----BEGIN CERTIFICATE REQUEST-----")


def test_a_right_packet_may_leave_and_says_why():
    points = packets.check(packet(), FORM, FROZEN, spki_sha256=read(CSR).spki_sha256)
    assert len(points) == 4
    assert all(point.sentence.endswith("。") and point.result == "適合" for point in points)


def test_an_accepted_scan_may_leave_and_another_may_not(refused):
    scan = plain_pdf("scan")
    right = packet(sealed_pdf=scan, scanned=True)
    assert packets.check(right, FORM, FROZEN, accepted_scan=scan)
    assert refused(right) == "ATT-02"
    assert refused(right, accepted_scan=plain_pdf("another")) == "ATT-02"


def test_a_name_with_anything_but_letters_digits_and_hyphens_is_refused():
    for org in ("申請大学", "../x", "a b", "", "a\r\nBcc: x"):
        with pytest.raises(Refused, match="名前に使えません"):
            packets.issue_packet(org, FORM.number, CSR, b"x", b"y")


def test_too_few_too_many_or_empty_files_stay(refused):
    right = packet()
    for files in (right.files[:2], (*right.files, right.files[0]), (*right.files[:2], right.files[1])):
        assert refused(dataclasses.replace(right, files=files)) == "ATT-01"
    assert refused(packet(xlsx=b"")) == "ATT-01"
    renamed = dataclasses.replace(right.files[0], name="application.xlsx")
    assert refused(dataclasses.replace(right, files=(renamed, *right.files[1:]))) == "ATT-01"


@pytest.mark.parametrize("changes", [{"address": "大阪府"}, {"zip_password": "x"}, {"version": 2}, {"agreements": []}])
def test_a_sheet_with_another_value_stays(refused, changes):
    assert refused(packet(xlsx=fill(issue_form(**changes)))) == "ATT-02"


def test_the_refusal_names_the_field_that_differs():
    with pytest.raises(packets.PacketRefused, match="利用機関・利用機関名"):
        packets.check(packet(xlsx=fill(issue_form(institution_name="申請大学"))), FORM, FROZEN)


def test_a_sheet_that_cannot_be_read_stays(refused):
    assert refused(packet(xlsx=b"PK\x03\x04 nonsense")) == "ATT-02"


@pytest.mark.parametrize("pdf", [FROZEN, frozen_pdf("CS-2026-0099"), plain_pdf()])
def test_a_pdf_that_is_not_the_sealed_one_stays(refused, pdf):
    assert refused(packet(sealed_pdf=pdf)) == "ATT-02"


def test_a_csr_for_another_subject_or_order_stays(refused):
    other = [*FORM.subject[:4], ("CN", "Another University")]
    assert refused(packet(csr_der=ca.der(ca.csr(KEY, other)))) == "CSR-07"
    assert refused(packet(csr_der=ca.der(ca.csr(KEY, FORM.subject[::-1])))) == "CSR-07"


def test_a_csr_with_another_key_stays(refused):
    other = packet(csr_der=ca.der(ca.csr(ca.new_key(), FORM.subject)))
    assert refused(other, spki_sha256=read(CSR).spki_sha256) == "ATT-02"


def test_a_csr_with_a_broken_signature_stays(refused):
    broken = bytearray(CSR)
    broken[-1] ^= 1
    assert x509.load_der_x509_csr(bytes(broken))
    assert refused(packet(csr_der=bytes(broken))) == "ATT-02"


REVOCATION = revocation_form()


def revocation(**changes):
    parts = {"xlsx": fill_revocation(REVOCATION), "sealed_pdf": SIGNED}
    return packets.revocation_packet("shinsei", REVOCATION.number, **(parts | changes))


def refused_revocation(wrong, **how):
    with pytest.raises(packets.PacketRefused) as refusal:
        packets.check(wrong, REVOCATION, FROZEN, **how)
    assert refusal.value.message and refusal.value.advice.endswith("。")
    return refusal.value.code, refusal.value.message


def test_a_packet_for_revocation_holds_two_files_and_says_why_it_may_leave():
    names = ["shinsei_CS-2026-0013_revocation.xlsx", "shinsei_CS-2026-0013_signed.pdf"]
    assert [file.name for file in revocation().files] == names
    points = packets.check(revocation(), REVOCATION, FROZEN)
    assert len(points) == 3
    assert "失効申請書(Excel)・捺印または署名済みのPDFの2点" in points[0].sentence


def test_an_accepted_scan_of_a_revocation_may_leave():
    right = revocation(sealed_pdf=plain_pdf("scan"), scanned=True)
    assert packets.check(right, REVOCATION, FROZEN, accepted_scan=plain_pdf("scan"))
    assert right.files[1].name.endswith("_scan.pdf")
    assert refused_revocation(right)[0] == "ATT-02"


def test_a_third_file_or_one_alone_stays():
    right = revocation()
    for files in (right.files[:1], (*right.files, packet().files[2]), (right.files[0], right.files[0])):
        code, message = refused_revocation(dataclasses.replace(right, files=files))
        assert code == "ATT-01" and "2点そろっていません" in message
    assert refused_revocation(revocation(sealed_pdf=b""))[0] == "ATT-01"


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"serial": "0a1b"}, "失効対象の証明書・失効対象証明書シリアル番号"),
        ({"serial_format": "dec"}, "シリアル番号の表記"),
        ({"reason": 4}, "失効の内容・失効理由"),
        ({"compromised_at": None}, "危殆化の推定日時"),
        ({"is_emergency": False}, "取り扱い"),
        ({"subject": "CN=Another"}, "主体者DN"),
    ],
)
def test_a_revocation_with_another_value_stays_and_says_which(changes, named):
    code, message = refused_revocation(revocation(xlsx=fill_revocation(revocation_form(**changes))))
    assert code == "ATT-02" and named in message


def test_the_form_of_the_other_kind_stays():
    code, message = refused_revocation(revocation(xlsx=fill(FORM)))
    assert code == "ATT-02" and "失効申請書の様式と一致しません" in message


def test_what_the_sheet_does_not_show_keeps_no_revocation_back():
    at = REVOCATION.compromised_at.replace(second=12, microsecond=345678)
    form = revocation_form(compromised_at=at, comment=" 紛失した。\n")
    assert packets.check(revocation(xlsx=fill_revocation(form)), form, FROZEN)
