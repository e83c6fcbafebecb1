"""The CA's call is noted in three presses on a telephone; what hangs beside the switchboard and 使用簿 are real papers."""

import subprocess

import pytest

from webapp.register import SealUse, TelephoneCall

pytestmark = pytest.mark.slow
PHONE = 390


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no_scripts"])
@pytest.mark.parametrize("words", ["受けた・問題なし", "不在だった", "折り返し"])
def test_a_call_is_noted_in_three_presses_on_a_phone(case, visitor, scripts, words):
    case.sent()
    suzuki = visitor(scripts=scripts, width=PHONE)
    before = suzuki.tally.links + suzuki.tally.buttons
    suzuki.follow("計測ソフト配布用")
    suzuki.follow("認証局からの電話・不備・却下を記録する")
    if words == "折り返し":
        suzuki.fill("折り返し先の電話番号", "0422-76-2072")
    suzuki.press(words)
    assert suzuki.tally.links + suzuki.tally.buttons - before == 3
    assert TelephoneCall.select().count() == 1 and suzuki.faults == []


def pages_of(visitor, path, target):
    visitor.page.goto(visitor.url + path)
    visitor.page.pdf(path=target, prefer_css_page_size=True)
    told = subprocess.run(["pdfinfo", target], capture_output=True, text=True, check=True).stdout
    text = subprocess.run(["pdftotext", "-layout", target, "-"], capture_output=True, text=True, check=True).stdout
    facts = dict(line.split(":", 1) for line in told.splitlines())
    return int(facts["Pages"]), facts["Page size"].split("pts")[0].strip(), text


def test_the_card_is_one_upright_page_without_words_of_certificates(case, visitor, tmp_path):
    number = case.sent().id
    count, size, text = pages_of(visitor(), f"/applications/{number}/call-card", tmp_path / "card.pdf")
    assert (count, size.split(".")[0]) == (1, "594")
    assert "どこにつなぐか" in text and "鈴木 花子" in text
    assert not {"主体者DN", "CSR", "トークン", "S/MIME"} & set(text.split())


def test_the_register_of_seals_is_a_wide_paper_with_numbered_pages(case, visitor, tmp_path):
    for number in range(9):
        case.sealed(title=f"計測ソフト{number}")
    assert SealUse.select().count() == 9
    count, size, text = pages_of(visitor(), "/seal-uses/paper", tmp_path / "register.pdf")
    assert size.startswith("841") and count > 1
    assert text.count("公印・電子署名使用簿 全期間(作成") == count  # at the foot of every page
    assert f"{count}/{count}" in text.replace(" ", "")
