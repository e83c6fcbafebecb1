"""The house's real papers on the practice desk: frozen by LibreOffice, sealed on the head's card, judged by other tools."""

import pytest

from tests.practice_packets import HEAD, issue_form, letter, packet
from tokens.sealing import seal
from tokens.worker import TokenWorker
from webapp.papers.freeze import freeze
from webapp.practice.desk import Desk

pytestmark = pytest.mark.slow
PIN = "135790"
LONG = {
    "institution_name": "学校法人申請学園 申請大学",
    "address": "東京都千代田区一ツ橋二丁目一番二号 学術総合センター内 研究教育情報基盤棟 別館 12階 1203号室 情報基盤センター気付",
    "officer_mail": "a-very-long-local-part-of-a-mail-address-for-the-officer@subdomain.shinsei.example",
}


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    made = Desk(tmp_path_factory.mktemp("papers") / "desk")
    yield made
    made.close()


@pytest.fixture(scope="module")
def sealed(desk, tmp_path_factory):
    """Seals a PDF with the head's practice card."""
    card = desk.issue_head_card(tmp_path_factory.mktemp("card"), HEAD, "田中のカード", PIN)
    with TokenWorker(card.module, card.env) as worker:

        def sign(attributes):
            whose = {"token": card.label, "pin": PIN, "certificate_der": card.certificate}
            return worker.call("sign_attributes", **whose, signed_attributes_der=attributes)["signature"]

        yield lambda pdf: seal(pdf, card.certificate, [card.issuer], sign, name_lines=["申請大学", "学長 田中 一郎"])


@pytest.mark.parametrize("changes", [{}, LONG], ids=["as usual", "long values that wrap"])
def test_what_the_house_freezes_and_the_head_seals_is_issued(desk, sealed, changes):
    frozen = freeze(issue_form(**changes))
    case = desk.receive(letter(packet(sealed(frozen.pdf), xlsx=frozen.xlsx)).as_bytes())
    assert desk.examine(case).faults == []
    assert desk.carry(desk.cases.case(case.id)).state == "issued"


def test_a_frozen_form_that_nobody_sealed_goes_back(desk):
    frozen = freeze(issue_form())
    case = desk.examine(desk.receive(letter(packet(frozen.pdf, xlsx=frozen.xlsx)).as_bytes()))
    assert [fault for fault in case.faults if "見当たりません" in fault] == case.faults
