"""A CA that takes the application by mail and wants no seal: the packet is the sheet and the CSR, the form has no 印."""

import io

import openpyxl
import pytest
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import enumerate_sig_fields

from tests.cases import again
from tests.papers_people import issue_form
from tests.papers_revocation import revocation_form
from webapp import profiles
from webapp.acts import Who, ca_profiles, dispatch, examination, revocations, sealing
from webapp.acts import case as case_acts
from webapp.errors import Refused
from webapp.papers import freeze, look
from webapp.papers import issue_form as issue_paper
from webapp.papers import revocation_form as revocation_paper
from webapp.procedure import Stage
from webapp.register import Certificate, Institution, Letter

CHANGES = {
    "second_person": 'seal = "none"\nsecond_person',
    'issue = ["csr", "xlsx", "pdf"]': 'issue = ["csr", "xlsx"]',
    'revoke = ["xlsx", "pdf"]': 'revoke = ["xlsx"]',
    'issue = ["head"]': "",
    'revoke = ["head", "officer"]': "",
}


def want_no_seal():
    """From now on the institution applies to such a CA."""
    text = profiles.text_of("practice")
    for old, new in CHANGES.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    ca_profiles.add(Who(None, "command line"), "unsealed", text.encode())
    Institution.update(profile="unsealed").execute()


def names(packet):
    return [file.name.rpartition("_")[2] for file in packet.files]


def test_an_examined_application_leaves_with_two_files(case, browser, suzuki):
    want_no_seal()
    application, officer = case.examined(), case.who("鈴木")
    with pytest.raises(Refused, match="不要です"):
        sealing.seal(application, officer, "a.pdf", b"%PDF-")
    packet, points = dispatch.packet_of(application)
    assert [name.rpartition(".")[2] for name in names(packet)] == ["xlsx", "csr"]
    assert points[0].sentence == "送付物は、発行申請書(Excel)・CSRの2点です。"
    browser.sign_in_as(suzuki)
    shown = browser.see(f"/applications/{application.id}/dispatch")
    assert "2点の添付ファイル" in shown.text
    browser.press(f"/applications/{application.id}/hand_dispatch", {"confirmed": "yes"})
    sent = Letter.packet(application).content.bytes()
    assert again(application).stage == Stage.SENT and sent.count(b"Content-Disposition: attachment") == 2


def test_a_revocation_leaves_with_the_sheet_alone(case):
    certificate = Certificate.of(case.in_use())
    want_no_seal()
    application = revocations.open_revocation(certificate, case.who("佐藤"), 5, "配布をやめるため", None, None)
    case_acts.submit(application, case.who("佐藤"))
    case.make(application)
    case.identify(application)
    examination.examine(application, case.who("鈴木"))
    packet, points = dispatch.packet_of(application)
    assert names(packet) == ["revocation.xlsx"]
    assert points[0].sentence == "送付物は、失効申請書(Excel)の1点です。"


@pytest.mark.parametrize(("paper", "form"), [(issue_paper, issue_form), (revocation_paper, revocation_form)])
def test_the_specimen_has_no_place_for_a_seal(paper, form):
    sheet = openpyxl.load_workbook(io.BytesIO(paper.fill(form(), wants_seal=False))).active
    said = [str(cell.value) for row in sheet.iter_rows() for cell in row if cell.value]
    assert "印" not in said and "この申請書には、捺印も電子署名も要りません。" in said
    assert paper.read(paper.fill(form(), wants_seal=False)) == paper.read(paper.fill(form()))


@pytest.mark.slow
def test_the_frozen_form_has_no_signature_field_and_still_its_mark(tmp_path):
    frozen = freeze.freeze(issue_form(), wants_seal=False, work=tmp_path)
    assert not list(enumerate_sig_fields(PdfFileReader(io.BytesIO(frozen.pdf))))
    assert frozen.mark in [word.text for word in look.words(frozen.pdf)[1]]
