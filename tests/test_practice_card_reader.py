"""The practice card reader (bin/run --card virtual): a page puts the head's card in and pulls it; signing notices."""

import re
import urllib.error
import urllib.request

import pytest

from tests.cards import OPENSC
from tests.softhsm import empty_form, run
from tokens.station import protocol
from tokens.station.cards import Cards, is_of, signs_in
from webapp.practice.cards import card
from webapp.practice.desk import Desk
from webapp.practice.pages import make_app
from webapp.practice.service import Service

HEAD, PIN, PUK = "tanaka@shinsei.example", "48291507", "73051946"


@pytest.fixture(scope="module")
def smartcard(tmp_path_factory):
    """The head's card in a file, its certificate beside it."""
    folder = tmp_path_factory.mktemp("reader")
    desk = Desk(folder / "practice")
    (folder / "certificate.cer").write_bytes(desk.issue_head_smartcard(folder / "card.json", HEAD, PIN, PUK))
    desk.close()
    return folder / "card.json"


@pytest.fixture(scope="module")
def service(smartcard):
    service = Service(smartcard.parent / "practice", card=smartcard)
    service.start()
    yield service
    service.close()


def press(service, noun, origin=None):
    """The page after that button."""
    asked = urllib.request.Request(f"{service.url}/reader/{noun}", b"", {"Origin": origin or service.url})
    with urllib.request.urlopen(asked, timeout=10) as page:
        return page.read().decode()


def seal(service, smartcard, output):
    """`python -m tokens seal` as the page of sealing tells the head to run it."""
    paper = smartcard.with_name("paper.pdf")
    paper.write_bytes(empty_form())
    words = ["seal", paper, "-o", output, "--certificate", smartcard.with_name("certificate.cer"), "--module", OPENSC]
    return run(*words, "--name", "田中 一郎", token=_Reached(service.reader.env), pin=f"{PIN}\n{PIN}")


class _Reached:
    def __init__(self, env):
        self.module, self.env = OPENSC, env


@pytest.mark.slow
def test_the_head_seals_with_the_card_in_and_not_with_the_card_pulled(service, smartcard, tmp_path):
    assert "カードが挿さっています" in press(service, "insertion")  # a second time changes nothing
    before = len(card.log(smartcard).signatures)
    first = seal(service, smartcard, tmp_path / "sealed.pdf")
    assert first.returncode == 0, first.stderr
    assert (tmp_path / "sealed.pdf").read_bytes().startswith(b"%PDF")
    assert len(card.log(smartcard).signatures) == before + 1
    assert "カードは抜いてあります" in press(service, "removal")
    second = seal(service, smartcard, tmp_path / "never.pdf")
    assert second.returncode == 5 and not (tmp_path / "never.pdf").exists()
    assert f"これまでの署名</dt><dd>{before + 1}回" in press(service, "insertion")
    assert seal(service, smartcard, tmp_path / "again.pdf").returncode == 0


@pytest.mark.slow
def test_the_card_in_the_reader_signs_in_with_its_authentication_key_and_one_pin(service, smartcard):
    press(service, "insertion")
    bound = {"origin": "http://localhost", "nonce": "0a" * 32, "session_bind": "0b" * 32, "station": "1"}
    with Cards([OPENSC], service.reader.env) as cards:
        assert cards.holding(is_of([HEAD])).der == smartcard.with_name("certificate.cer").read_bytes()
        held = cards.holding(signs_in)
        token = held.card.token["serial"]
        made = held.card.worker.call("sign_in", token=token, pin=PIN, certificate_der=held.der, **bound)
    protocol.check_sign_in(held.der, made["signature"], *bound.values())
    assert card.log(smartcard).signatures[-1].key == "9a"


@pytest.mark.slow
def test_the_card_is_moved_by_the_readers_own_page_alone(service):
    with pytest.raises(urllib.error.HTTPError) as refusal:
        press(service, "removal", "http://attacker.example")
    assert refusal.value.code == 403
    refusal.value.close()


def test_a_desk_without_a_reader_has_no_such_page(tmp_path):
    desk = Desk(tmp_path)
    client = make_app(desk).test_client()
    assert client.get("/reader").status_code == 404
    assert "カードリーダー" not in client.get("/").text
    desk.close()


def test_the_reader_page_says_how_the_card_lies_and_what_it_has_counted(tmp_path):
    class Shown:
        is_in, tries_left, signatures = False, 0, 3

    desk = Desk(tmp_path)
    page = make_app(desk, reader=Shown()).test_client().get("/reader").text
    assert "カードを挿す" in page and "ロックされています" in page and "3回" in page
    desk.close()


@pytest.mark.slow
def test_the_demo_is_told_where_the_reader_is(service, repository):
    (place,) = re.findall(r"SHIRUSHI_CARD_READER=\$SHIRUSHI_DATA/(\S+)", (repository / "bin" / "run").read_text())
    assert service.reader.env == {"PCSCLITE_CSOCK_NAME": str(service.desk.folder.path.parent / place)}
