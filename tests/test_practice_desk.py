"""The practice desk: what it refuses and why, what it issues and to whom."""

import datetime
import io

import pytest
import pyzipper
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.practice_packets import (
    HEAD,
    PASSWORD,
    csr,
    form_pdf,
    issue_form,
    letter,
    packet,
    scan,
    sealed,
    sheet,
    text_pdf,
)
from webapp.practice import settings
from webapp.practice.cases import OutOfTurn
from webapp.practice.checks.seal import examine
from webapp.practice.clock import now
from webapp.practice.desk import Desk
from webapp.practice.mailbox import attachments, text

pytestmark = pytest.mark.slow  # the practice desk with the programs it checks with


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    made = Desk(tmp_path_factory.mktemp("practice") / "desk")
    yield made
    made.close()


@pytest.fixture(scope="module")
def head(desk):
    """The head's key and S/MIME certificate."""
    key = rsa.generate_private_key(65537, 2048)
    return desk.authority.issue_mail(HEAD, key.public_key()), key


@pytest.fixture(scope="module")
def seal(desk, head):
    """The form's PDF sealed by the head."""
    return sealed(form_pdf(), *head, desk.authority.certificate("smime"))


def examined(desk, files, **headers):
    case = desk.receive(letter(files, **headers).as_bytes())
    return desk.examine(case)


def opened(data):
    with pyzipper.AESZipFile(io.BytesIO(data)) as parcel:
        parcel.setpassword(PASSWORD.encode())
        return {i.filename.encode("cp437").decode("cp932"): parcel.read(i) for i in parcel.infolist()}


def test_a_sound_packet_is_examined_called_issued_and_mailed_to_officer_and_subscriber(desk, seal):
    request = csr()
    case = examined(desk, packet(seal, csr=request))
    assert case.faults == []
    case = desk.issue(desk.call(case))
    assert desk.cases.case(case.id).state == "issued"
    assert desk.mailbox.mail(case.answer_id).recipients == ("sato@shinsei.example", "suzuki@shinsei.example")
    [parcel] = attachments(desk.mailbox.message(case.answer_id))
    leaf, issuing, root = [x509.load_der_x509_certificate(der) for der in opened(parcel.data).values()]
    assert leaf.subject == x509.load_pem_x509_csr(request).subject
    leaf.verify_directly_issued_by(issuing)
    issuing.verify_directly_issued_by(root)


def test_the_names_in_the_zip_are_japanese_as_windows_writes_them_and_the_letter_keeps_the_password_to_itself(
    desk, seal
):
    case = desk.carry(desk.receive(letter(packet(seal)).as_bytes()))
    message = desk.mailbox.message(case.answer_id)
    assert list(opened(attachments(message)[0].data)) == [
        "コード署名用証明書.cer",
        "中間CA証明書.cer",
        "ルートCA証明書.cer",
    ]
    assert PASSWORD not in text(message)
    assert "suzuki@shinsei.example" in message["To"]


def test_the_findings_name_the_tools_that_the_house_does_not_use(desk, seal):
    case = examined(desk, packet(seal))
    assert {"openssl req", "openssl cms", "pdfsig", "pdftotext", "python-calamine"} <= {f.tool for f in case.findings}


def test_a_missing_file_is_named_in_the_answer_to_sender_and_officer(desk, seal):
    case = examined(desk, packet(seal)[:2], sender="yamamoto@shinsei.example")
    assert case.state == "faulty"
    answer = desk.mailbox.message(desk.complain(case).answer_id)
    assert answer["To"] == "yamamoto@shinsei.example, suzuki@shinsei.example"
    assert answer["In-Reply-To"] == "<one@shinsei.example>"
    assert "添付に足りないものがあります: CSR" in text(answer)


@pytest.mark.parametrize(
    ("request_pem", "sentence"),
    [
        (csr(key=rsa.generate_private_key(65537, 2048)), "鍵がRSA 2048ビットです"),
        (csr([*issue_form().subject, ("OU", "Center")]), "使えない項目(OU)"),
        (csr([*issue_form().subject[:4], ("CN", "Another University")]), "CSRの主体者DNが一致しません"),
        (csr(key=ec.generate_private_key(ec.SECP256K1())), "鍵の種類が使えません"),
        (csr().replace(b"MII", b"MIJ", 1), "CSRを読み取れません"),
        (b"hello", "CSRを読み取れません"),
    ],
)
def test_a_csr_that_will_not_do_is_refused_with_its_reason(desk, seal, request_pem, sentence):
    assert any(sentence in fault for fault in examined(desk, packet(seal, csr=request_pem)).faults)


def test_a_key_that_was_certified_before_is_refused(desk, seal):
    request = csr()
    desk.carry(desk.receive(letter(packet(seal, csr=request)).as_bytes()))
    assert any("以前に証明書を発行" in fault for fault in examined(desk, packet(seal, csr=request)).faults)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"zip_password": ""}, "「パスワード(証明書取得時用)」が記入されていません"),
        ({"institution_name": "申請大学"}, "法人名から正式名称で「学校法人申請学園 申請大学」と記入"),
        ({"officer_mail": ""}, "登録担当者のE-mail"),
        (
            {"officer_mail": "suzuki@shinsei.example, x@y.example"},
            "登録担当者のE-mailが、メールアドレスの形式ではありません",
        ),
        ({"head_name": "別人 太郎"}, "PDFの記載がExcelと一致しません"),
    ],
)
def test_a_form_with_a_fault_is_refused_with_its_reason(desk, seal, changes, sentence):
    assert any(sentence in fault for fault in examined(desk, packet(seal, xlsx=sheet(**changes))).faults)


def test_a_form_cannot_slip_a_header_into_the_answer(desk, seal):
    broken = sheet(
        officer_mail="suzuki@shinsei.example\nBcc: ito@shinsei.example", number="CS-1\nBcc: ito@shinsei.example"
    )
    answer = desk.mailbox.message(desk.complain(examined(desk, packet(seal, xlsx=broken))).answer_id)
    assert answer["Bcc"] is None
    assert answer["To"] == "suzuki@shinsei.example"


def test_a_file_that_is_no_workbook_is_refused(desk, seal):
    assert "申請書(Excel)を読み取れません。" in examined(desk, packet(seal, xlsx=b"no workbook")).faults


def test_an_unsealed_form_is_refused_and_a_scan_goes_to_a_person(desk):
    assert any("電子署名も捺印も見当たりません" in fault for fault in examined(desk, packet(form_pdf())).faults)
    looked_at = examined(desk, packet(scan()))
    assert looked_at.faults == []
    assert any("印影と記載は窓口の担当者が目で確認" in f.sentence for f in looked_at.findings)


def test_a_flipped_byte_an_addition_and_a_second_signature_are_refused(desk, head, seal):
    at = seal.index(b"stream") + 20
    flipped = seal[:at] + bytes([seal[at] ^ 1]) + seal[at + 1 :]
    assert any("電子署名を検証できません" in fault for fault in examined(desk, packet(flipped)).faults)
    assert any("追加があります" in fault for fault in examined(desk, packet(seal + b"\n%more\n")).faults)
    twice = sealed(seal, *head, desk.authority.certificate("smime"), field="Other")
    assert any("電子署名が2つ" in fault for fault in examined(desk, packet(twice)).faults)


def test_a_seal_of_another_authority_is_refused(desk):
    key = rsa.generate_private_key(65537, 2048)
    stranger = desk.authority.issue(x509.load_pem_x509_csr(csr(key=key)))
    foreign = sealed(form_pdf(), stranger, key, desk.authority.certificate("issuing"))
    assert any("S/MIME認証局から発行された" in fault for fault in examined(desk, packet(foreign)).faults)


def test_a_seal_with_a_client_certificate_is_refused(tmp_path):
    key = rsa.generate_private_key(65537, 2048)
    day = datetime.timedelta(days=1)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HEAD)])
    client = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now() - day, now() + day)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    anchor = tmp_path / "anchor.pem"
    anchor.write_bytes(client.public_bytes(serialization.Encoding.PEM))
    found = examine(sealed(form_pdf(), client, key, client), anchor)
    assert any("S/MIME証明書ではありません" in f.sentence for f in found.findings)


def test_a_seal_of_somebody_who_may_not_seal_is_refused(desk, seal, monkeypatch):
    known = settings.Institution(seal_mails=("gakucho@shinsei.example",))
    monkeypatch.setattr(desk, "settings", settings.Settings(institution=known))
    assert any(f"{HEAD} は、登録された機関責任者のものではありません" in f for f in examined(desk, packet(seal)).faults)


def test_an_empty_pdf_is_refused(desk):
    assert any("何も写っていません" in fault for fault in examined(desk, packet(text_pdf([]))).faults)
    assert any("PDFを開けません" in fault for fault in examined(desk, packet(b"%PDF-1.7 nonsense")).faults)


def test_a_mail_without_files_or_to_somebody_else_opens_no_case(desk, seal):
    assert desk.receive(letter([]).as_bytes()) is None
    assert desk.receive(letter(packet(seal), to="suzuki@shinsei.example").as_bytes()) is None


def test_a_step_out_of_turn_is_refused(desk, seal):
    case = desk.receive(letter(packet(seal)).as_bytes())
    with pytest.raises(OutOfTurn):
        desk.issue(case)
    desk.carry(case)
    with pytest.raises(OutOfTurn):
        desk.examine(case)
