"""失効 at the practice desk: the house's form, sealed by the head or by the officer, and what the desk refuses."""

import dataclasses
import re

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.papers_revocation import revocation_form
from tests.practice_packets import HEAD, csr, form_pdf, letter, packet, scan, sealed, text_pdf
from webapp.papers import revocation_form as paper
from webapp.papers.freeze import freeze
from webapp.papers.packet import revocation_packet
from webapp.papers.revocation_reasons import REASONS
from webapp.papers.serial import readings
from webapp.practice import reasons, settings
from webapp.practice.cases import OutOfTurn
from webapp.practice.desk import Desk
from webapp.practice.mailbox import text

OFFICER, STRANGER = "suzuki@shinsei.example", "takahashi@shinsei.example"
slow = pytest.mark.slow  # the practice desk with the programs it checks with


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    made = Desk(tmp_path_factory.mktemp("practice") / "desk")
    institution = dataclasses.replace(made.settings.institution, seal_mails=(HEAD,))
    made.settings = settings.Settings(institution=institution)
    yield made
    made.close()


@pytest.fixture(scope="module")
def seal(desk):
    """Seals a PDF with a new S/MIME certificate for a mail address."""

    def sign(pdf, mail=HEAD):
        key = rsa.generate_private_key(65537, 2048)
        return sealed(pdf, desk.authority.issue_mail(mail, key.public_key()), key, desk.authority.certificate("smime"))

    return sign


@pytest.fixture
def issued(desk, seal):
    """The serial (hex) of a certificate that the desk has just issued."""
    return desk.carry(desk.receive(letter(packet(seal(form_pdf()), csr=csr())).as_bytes())).serial


@pytest.fixture
def send(desk):
    """Sends a form and its sealed PDF as the house does; more files may be added. Returns the case, examined."""

    def letter_for(form, pdf, *more):
        sent = revocation_packet("shinsei", form.number, paper.fill(form), pdf)
        files = [*((file.name, file.data) for file in sent.files), *more]
        return desk.examine(desk.receive(letter(files).as_bytes()))

    return letter_for


def pdf_of(form):
    return text_pdf([line for printed in paper.printed(form).values() for line in printed.splitlines()])


def revoked(desk, serial):
    listed = x509.load_der_x509_crl(desk.authority.list_revoked("issuing"))
    return listed.get_revoked_certificate_by_serial_number(int(serial, 16))


@slow
@pytest.mark.parametrize("mail", [HEAD, OFFICER])
@pytest.mark.parametrize("notation", ["hex", "dec"])
def test_the_houses_form_sealed_by_head_or_officer_is_revoked(desk, seal, send, issued, mail, notation):
    form = revocation_form(serial=issued, serial_format=notation)
    case = send(form, seal(pdf_of(form), mail))
    assert case.faults == []
    assert desk.carry(case).serial == issued
    entry = revoked(desk, issued)
    assert entry.extensions.get_extension_for_class(x509.CRLReason).value.reason == x509.ReasonFlags.key_compromise


@slow
def test_the_frozen_papers_of_the_house_are_accepted(desk, seal, issued):
    form = revocation_form(serial=issued, comment="署" * 128, sealer_name="髙橋 﨑子 𠮷野", serial_format="dec")
    frozen = freeze(form)
    sent = revocation_packet("shinsei", form.number, frozen.xlsx, seal(frozen.pdf))
    case = desk.examine(desk.receive(letter([(file.name, file.data) for file in sent.files]).as_bytes()))
    assert case.faults == []
    assert desk.carry(case).state == "revoked"


@slow
@pytest.mark.parametrize("code", REASONS)
def test_the_words_of_every_reason_lead_to_its_code_on_the_list(desk, seal, send, issued, code):
    form = revocation_form(serial=issued, reason=code)
    desk.carry(send(form, seal(pdf_of(form))))
    extensions = revoked(desk, issued).extensions
    if code == 0:  # RFC 5280 §5.3.1: left out
        assert list(extensions) == []
    else:
        reason = extensions.get_extension_for_class(x509.CRLReason).value.reason
        assert reason.value == REASONS[code].name


@slow
def test_a_stamped_scan_goes_to_a_person_and_is_then_revoked(desk, send, issued):
    case = send(revocation_form(serial=issued), scan())
    assert case.faults == []
    assert any("印影と記載は窓口の担当者が目で確認" in finding.sentence for finding in case.findings)
    assert desk.carry(case).state == "revoked"


@slow
def test_the_answer_names_number_and_serial_to_officer_and_subscriber(desk, seal, send, issued):
    form = revocation_form(serial=issued, subscriber_mail="")  # whom to tell was said at issuance
    case = desk.carry(send(form, seal(pdf_of(form))))
    answer = desk.mailbox.message(case.answer_id)
    assert desk.mailbox.mail(case.answer_id).recipients == ("sato@shinsei.example", OFFICER)
    assert form.number in answer["Subject"] and "失効完了" in answer["Subject"]
    assert answer["In-Reply-To"] == "<one@shinsei.example>"
    assert f"申請番号: {form.number}" in text(answer)
    [serial] = re.findall(r"^シリアル番号: (\S+)$", text(answer), re.MULTILINE)
    assert int(issued, 16) in readings(serial)


@slow
@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"serial": "0a1b2c"}, "失効対象証明書シリアル番号(0a1b2c)の証明書は、この認証局から発行されていません"),
        ({"reason": 0, "comment": ""}, "失効理由コメントに理由を具体的に記入してください"),
        ({"institution_name": "申請大学"}, "法人名から正式名称で「学校法人申請学園 申請大学」と記入"),
        ({"officer_mail": ""}, "登録担当者のE-mail"),
    ],
)
def test_a_form_with_a_fault_goes_back_with_its_reason(desk, seal, send, issued, changes, sentence):
    form = revocation_form(**{"serial": issued} | changes)
    case = send(form, seal(pdf_of(form)))
    assert [fault for fault in case.faults if sentence in fault] == case.faults != []
    assert sentence in text(desk.mailbox.message(desk.complain(case).answer_id))
    assert revoked(desk, issued) is None


@slow
def test_a_certificate_is_revoked_once(desk, seal, send, issued):
    form = revocation_form(serial=issued)
    pdf = seal(pdf_of(form))
    first, at_the_same_time = send(form, pdf), send(form, pdf)
    desk.carry(first)
    with pytest.raises(OutOfTurn, match="すでに失効しています"):
        desk.revoke(at_the_same_time)
    [fault] = send(form, pdf).faults
    assert "すでに失効しています" in fault


@slow
def test_a_third_file_or_a_missing_one_is_named(desk, seal, send, issued):
    form = revocation_form(serial=issued)
    pdf = seal(pdf_of(form))
    [fault] = send(form, pdf, ("shinsei_CS-2026-0013.csr", csr())).faults
    assert "余分なファイルがあります: shinsei_CS-2026-0013.csr。2点だけ" in fault
    alone = [(f"shinsei_{form.number}_revocation.xlsx", paper.fill(form))]
    assert "捺印・署名済みの申請書(PDF)" in desk.examine(desk.receive(letter(alone).as_bytes())).faults[0]


@slow
def test_a_seal_of_somebody_else_and_a_page_about_another_serial_are_refused(desk, seal, send, issued):
    form = revocation_form(serial=issued)
    assert any("登録担当者のものではありません" in each for each in send(form, seal(pdf_of(form), STRANGER)).faults)
    other = seal(pdf_of(revocation_form(serial="0a1b2c")))
    assert any(
        "PDFの記載がExcelと一致しません(失効対象証明書シリアル番号)" in each for each in send(form, other).faults
    )


@slow
def test_the_number_is_found_in_the_name_of_the_file_too(desk):
    sent = letter([("shinsei_CS-2026-0013_revocation.xlsx", b"no workbook"), ("x.pdf", b"%PDF")])
    assert desk.receive(sent.as_bytes()).number == "CS-2026-0013"


@pytest.mark.parametrize(
    ("written", "code"),
    [
        *((str(reason), code) for code, reason in REASONS.items()),
        *((reason.words, code) for code, reason in REASONS.items()),
        *((reason.name, code) for code, reason in REASONS.items()),
        ("3", 3),
        ("トークンの紛失", 1),
        ("所在地の変更", 3),
        ("", None),
        ("6 一時停止(certificateHold)", None),
        ("9", None),
        ("1 利用の中止(cessationOfOperation)", None),
        ("よく分からない", None),
    ],
)
def test_the_desk_reads_a_reason_by_number_name_or_words(written, code):
    assert reasons.code_of(written) == code
