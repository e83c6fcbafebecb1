"""A person's card is revoked for a training at the practice desk, and the house learns of it by the list (over real HTTP)."""

import urllib.error
import urllib.parse
import urllib.request
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from tests import ca
from tests.openssl import openssl
from webapp import clock, worker
from webapp.acts import kept_lists
from webapp.papers import revocation_status as status
from webapp.practice.certificates import NAMES
from webapp.practice.service import Service
from webapp.register import KeptList, TrustAnchor

pytestmark = pytest.mark.slow  # the practice desk

HEAD = "tanaka@shinsei.example"


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    opened = Service(tmp_path_factory.mktemp("persons") / "desk")
    opened.start()
    yield opened
    opened.close()


@pytest.fixture
def card(service):
    """A certificate to sign in with."""
    return service.desk.authority.issue_authentication(HEAD, ca.new_key().public_key())


def page(service, path="/persons"):
    with urllib.request.urlopen(f"{service.url}{path}", timeout=5) as answer:
        return answer.read()


def press(service, certificate, noun, origin=None):
    """The status after pressing a button of the page."""
    path = f"/persons/{certificate.serial_number:x}/{noun}"
    asked = urllib.request.Request(f"{service.url}{path}", b"", {"Origin": origin or service.url})
    try:
        with urllib.request.urlopen(asked, timeout=5) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def state(service, certificate):
    root = service.desk.authority.certificate("smime").public_bytes(Encoding.DER)
    return status.judge(ca.der(certificate), [root], [page(service, "/ca/smime.crl")], datetime.now(UTC))


def test_a_card_is_revoked_on_the_page_and_the_list_says_so_at_once_until_it_is_taken_back(service, card):
    mail = service.desk.authority.issue_mail(HEAD, ca.new_key().public_key())
    shown = page(service).decode()
    assert shown.count(HEAD) == 2 and "失効する(練習)" in shown and "練習だけ" not in shown
    assert state(service, card).state == "good"
    assert press(service, card, "revocation") == 200
    assert (state(service, card).state, state(service, mail).state) == ("revoked", "good")
    assert "失効を取り消す(練習だけ)" in page(service).decode()
    assert press(service, card, "revocation") == 200 and press(service, card, "restoration") == 200
    assert state(service, card).state == "good"


def test_nothing_is_revoked_from_another_page_or_by_another_name(service, card):
    assert press(service, card, "revocation", origin="https://evil.example") == 403
    assert press(service, card, "deletion") == 404
    assert urllib.parse.urlsplit(service.url).hostname == "127.0.0.1" and state(service, card).state == "good"


def test_openssl_reads_the_same_in_the_list(service, card, tmp_path):
    press(service, card, "revocation")
    (tmp_path / "list").write_bytes(page(service, "/ca/smime.crl"))
    said = openssl("crl", "-inform", "DER", "-in", str(tmp_path / "list"), "-noout", "-text").decode()
    assert f"{card.serial_number:X}" in said and "Key Compromise" in said and NAMES["smime"].split()[0] in said
    smime = service.desk.folder.ca / "smime.pem"
    (tmp_path / "leaf.pem").write_bytes(ca.pem(card))
    openssl(
        "crl", "-inform", "DER", "-in", str(tmp_path / "list"), "-CAfile", str(smime), "-out", str(tmp_path / "pem")
    )


def test_the_houses_worker_takes_the_desks_list(service, card, house, settings, monkeypatch):
    root = service.desk.authority.certificate("smime").public_bytes(Encoding.DER)
    TrustAnchor.create(use="sign_in", name="練習", der=root, is_root=True, since_on=clock.today())
    kept_lists.plan()
    worker.turn(replace(settings, practice_url=service.url))
    row = KeptList.get()
    assert (row.url, row.outcome) == (f"{service.url}/ca/smime.crl", "taken") and NAMES["smime"] in row.issuer
    assert kept_lists.state_of(ca.der(card), "sign_in").label.startswith("有効(CRL ")
    assert kept_lists.state_of(ca.der(card), "seal").state == "unknown"  # trusted for signing in alone
