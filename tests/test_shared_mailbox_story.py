"""From the desk's mail in a real Dovecot to a certificate on the token that has proved itself: the house as real processes,
real SMTP, LibreOffice and SoftHSM, the mailbox read over TLS by the worker. Nothing is installed that no officer pressed for."""

import json

import pytest

from tests.dovecot import Dovecot
from tests.story import office, on_the_token
from tests.story.teller import Story, button
from tests.world import World

pytestmark = pytest.mark.slow
DESK = "certs@desk.practice.example"
TITLE = "計測ソフト配布用"


@pytest.fixture
def dovecot():
    with Dovecot() as server:
        yield server


@pytest.fixture
def story(tmp_path):
    with World(tmp_path / "world") as world:
        yield Story(world, tmp_path / "desks")


def sent(story):
    """An application whose key lies on the server's token, at the desk. Returns (number, CSR)."""
    number = office.choose_new(story, TITLE, "研究室で公開する計測ソフトウェアへの署名")
    csr, _ = on_the_token.make_key(story)
    office.agree_and_submit(story)
    office.examine(story, TITLE)
    office.seal(story)
    office.dispatch(story, TITLE, files=3)
    return number, csr


def hand_over(story, dovecot):
    """The desk's mails arrive in the shared mailbox, and the house learns where that is. Returns how many there are."""
    answers = [mail for mail in office.mails(story) if DESK in mail["From"]]
    for mail in answers:
        dovecot.deliver(mail.as_bytes(policy=mail.policy.clone(linesep="\r\n")))
    file = story.world.data / "practice" / "imap.json"
    file.write_text(json.dumps(dovecot.at()))
    file.chmod(0o600)
    return len(answers)


def test_the_zip_in_the_shared_mailbox_becomes_an_installed_certificate_that_is_proved(story, dovecot):
    number, csr = sent(story)
    office.wait_for_the_desk(story, number)
    count = hand_over(story, dovecot)
    suzuki, sato = story.suzuki, story.sato
    suzuki.open("/")
    suzuki.wait(lambda page: "メールが届いています" in page.text, "共用メールボックスの読み取り")
    suzuki.follow("受信メール")
    assert "証明書の到着" in suzuki.page.text and number in suzuki.page.text
    suzuki.open("/")
    suzuki.follow(TITLE)
    assert "認証局で審査中" in suzuki.page.text  # the mail by itself has done nothing
    suzuki.follow("届いた証明書を受け取る")
    assert "添付ファイルを選び直す必要はありません" in suzuki.page.text
    suzuki.press(button("take_delivery"))
    assert suzuki.page.heading == "届いた証明書" and "不適合" not in suzuki.page.text
    sato.sign_in()
    sato.open(suzuki.page.url)
    sato.press(button("install"))
    chain = office.accept(story)
    said = office.judged(story, chain, csr)
    assert any("鍵の隣に証明書" in sentence for sentence in said) and any("動作確認" in sentence for sentence in said)
    suzuki.open("/mails")
    assert "未処理のメールはありません" in suzuki.page.text
    assert count and len([each for each in dovecot.flags() if r"\Seen" in each]) == count
    assert "method=PLAIN" in dovecot.log() and "TLS" in dovecot.log()
