"""What the practice authority says about its certificates, over real HTTP; openssl and the house read the same."""

import base64
import datetime
import subprocess
import urllib.error
import urllib.request
from types import SimpleNamespace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import ocsp

from tests import ca
from tests.openssl import openssl
from tests.practice_packets import csr
from tests.revocation import serial
from webapp import profiles
from webapp.asking import fetch
from webapp.papers import certificate as papers
from webapp.papers import guard
from webapp.papers import revocation_status as status
from webapp.papers.revocation_status import ocsp_request, read_crl, read_ocsp
from webapp.practice import responder, settings
from webapp.practice.desk import Desk
from webapp.practice.service import Service
from webapp.rules.status_addresses import addresses_for

pytestmark = pytest.mark.slow  # the practice desk

ASKED = "application/ocsp-request"


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    opened = Service(tmp_path_factory.mktemp("status") / "desk")
    opened.start()
    yield opened
    opened.close()


@pytest.fixture
def issuer(service):
    """The issuing authority's certificate, DER."""
    return service.desk.authority.certificate("issuing").public_bytes(serialization.Encoding.DER)


@pytest.fixture
def issued(service):
    return issue(service.desk)


def issue(desk):
    """A fresh certificate of the desk, known to it."""
    made = desk.authority.issue(x509.load_pem_x509_csr(csr()))
    desk.issued.record(made, None, [])
    return made


def revoke(desk, certificate, reason=1):
    desk.issued.revoke(f"{certificate.serial_number:x}", desk.now(), reason)
    desk.authority.write_list("issuing")


def now():
    return datetime.datetime.now(datetime.UTC)


def addresses(service, certificate):
    return addresses_for(papers.read(ca.der(certificate)), profiles.load("practice"), service.url)


def by_crl(service, issuer, certificate):
    """What the house learns from the list that the certificate names."""
    places = addresses(service, certificate)
    data = fetch(places.crls[0], places.hosts, limit=status.MAX_CRL_BYTES, seconds=5)
    return guard.run("webapp.papers.revocation_status:read_crl", data, issuer, serial(certificate), now(), places.crls)


def by_ocsp(service, issuer, certificate):
    """What the house learns by asking where the certificate says."""
    places = addresses(service, certificate)
    request, nonce = ocsp_request(certificate.serial_number, issuer)
    how = {"data": request, "content_type": ASKED, "limit": status.MAX_OCSP_BYTES, "seconds": 5}
    data = fetch(places.ocsps[0], places.hosts, **how)
    return guard.run("webapp.papers.revocation_status:read_ocsp", data, issuer, serial(certificate), now(), nonce)


def test_a_certificate_names_list_issuer_and_responder(service, issued):
    extensions = papers.read(ca.der(issued)).extensions
    assert extensions.crl_urls == (f"{service.url}/ca/issuing.crl",)
    assert extensions.issuer_urls == (f"{service.url}/ca/issuing.cer",)
    assert extensions.ocsp_urls == (f"{service.url}/ocsp",)


def test_list_and_answer_show_a_revocation_at_once(service, issuer, issued):
    assert (by_crl(service, issuer, issued).outcome, by_ocsp(service, issuer, issued).outcome) == ("good", "good")
    revoke(service.desk, issued)
    listed, answered = by_crl(service, issuer, issued), by_ocsp(service, issuer, issued)
    assert (listed.outcome, listed.reason) == (answered.outcome, answered.reason) == ("revoked", 1)
    assert listed.revoked_at == answered.revoked_at
    assert any("一致します" in point for point in answered.points)


def test_a_certificate_of_nobody_is_unknown_and_another_authority_is_not_answered_for(service, issuer):
    stranger = ca.Authority()
    leaf = stranger.code_signing(ca.new_key().public_key())
    assert by_ocsp(service, issuer, leaf).outcome == "unknown"
    with pytest.raises(status.NoStatus) as caught:
        by_ocsp(service, ca.der(stranger.issuing), leaf)
    assert caught.value.code == "unauthorized"


@pytest.mark.parametrize("reason, words", [(0, ""), (1, "keyCompromise"), (5, "cessationOfOperation")])
def test_openssl_asks_verifies_and_understands_the_same(service, issuer, issued, tmp_path, reason, words):
    revoke(service.desk, issued, reason)
    (tmp_path / "leaf.pem").write_bytes(ca.pem(issued))
    said = ask_with_openssl(service, tmp_path, "-respout", "answer")
    assert "Response verify OK" in said and "leaf.pem: revoked" in said and words in said
    assert "WARNING" not in said  # such as: no nonce in response
    found = read_ocsp((tmp_path / "answer").read_bytes(), issuer, serial(issued), now())
    assert (found.outcome, found.reason) == ("revoked", reason or None)
    assert found.revoked_at.strftime("Revocation Time: %b %e %H:%M:%S %Y GMT") in said
    assert found.next_update.strftime("Next Update: %b %e %H:%M:%S %Y GMT") in said


def ask_with_openssl(service, folder, *more):
    authority = service.desk.folder.ca
    words = ["-issuer", authority / "issuing.pem", "-cert", "leaf.pem", "-CAfile", authority / "root.pem"]
    done = subprocess.run(
        ["openssl", "ocsp", "-url", f"{service.url}/ocsp", *map(str, words), *more],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_openssl_finds_the_same_in_the_list(service, issuer, issued, tmp_path):
    revoke(service.desk, issued, 4)
    data = urllib.request.urlopen(f"{service.url}/ca/issuing.crl").read()
    authority = service.desk.folder.ca
    openssl("crl", "-inform", "DER", "-noout", "-CAfile", str(authority / "issuing.pem"), given=data)
    listing = openssl("crl", "-inform", "DER", "-noout", "-text", given=data).decode()
    found = read_crl(data, issuer, serial(issued), now())
    said = listing[listing.index(serial(issued).upper()) :][:300]
    assert found.revoked_at.strftime("Revocation Date: %b %e %H:%M:%S %Y GMT") in said
    assert "Superseded" in said and found.reason == 4
    (tmp_path / "crl.pem").write_bytes(openssl("crl", "-inform", "DER", given=data))
    (tmp_path / "root.crl").write_bytes(
        openssl("crl", "-inform", "DER", given=urllib.request.urlopen(f"{service.url}/ca/root.crl").read())
    )
    (tmp_path / "leaf.pem").write_bytes(ca.pem(issued))
    words = ["-crl_check_all", "-CAfile", authority / "root.pem", "-untrusted", authority / "issuing.pem"]
    words += ["-CRLfile", tmp_path / "crl.pem", "-CRLfile", tmp_path / "root.crl", tmp_path / "leaf.pem"]
    done = subprocess.run(["openssl", "verify", *map(str, words)], capture_output=True, text=True)
    assert "certificate revoked" in done.stderr


def test_the_question_may_stand_in_the_address(service, issuer, issued):
    """RFC 6960 App. A.1; with slashes, also two together, as they come."""
    asked = ocsp.OCSPRequestBuilder().add_certificate(issued, service.desk.authority.certificate("issuing"), SHA256())
    nonce = b"\xff" * 32
    request = asked.add_extension(x509.OCSPNonce(nonce), critical=False).build()
    text = base64.b64encode(request.public_bytes(serialization.Encoding.DER)).decode()
    assert "//" in text
    for written in (text, text.replace("/", "%2F").replace("+", "%2B").replace("=", "%3D")):
        data = fetch(f"{service.url}/ocsp/{written}", [service.url[7:]], limit=status.MAX_OCSP_BYTES, seconds=5)
        assert read_ocsp(data, issuer, serial(issued), now(), nonce).outcome == "good"


@pytest.mark.parametrize("data", [b"", b"nonsense", b"\x30\x03\x0a\x01\x00"])
def test_nonsense_is_answered_with_an_error_of_the_protocol(service, data):
    request = urllib.request.Request(f"{service.url}/ocsp", data=data, headers={"Content-Type": ASKED})
    with urllib.request.urlopen(request) as answer:
        assert answer.headers["Content-Type"] == "application/ocsp-response"
        said = ocsp.load_der_ocsp_response(answer.read())
    assert said.response_status == ocsp.OCSPResponseStatus.MALFORMED_REQUEST
    assert responder.decoded("*") == b""


def test_a_question_is_never_long(service):
    with pytest.raises(urllib.error.HTTPError, match="413"):
        urllib.request.urlopen(f"{service.url}/ocsp", data=bytes(responder.MAX_BYTES + 1))


def test_the_world_may_learn_of_a_revocation_later(tmp_path):
    clock = SimpleNamespace(at=now().replace(microsecond=0))
    desk = Desk(tmp_path / "desk", clock=lambda: clock.at)
    desk.close()
    settings.save(desk.folder, settings.Settings(publish_after_minutes=30))
    desk = Desk(tmp_path / "desk", clock=lambda: clock.at)
    certificate = issue(desk)
    issuer = desk.authority.certificate("issuing").public_bytes(serialization.Encoding.DER)

    def said():
        request, nonce = ocsp_request(certificate.serial_number, issuer)
        answered = read_ocsp(responder.answer(desk.authority, request), issuer, serial(certificate), clock.at, nonce)
        listed = read_crl(desk.authority.list_revoked("issuing"), issuer, serial(certificate), clock.at)
        return listed.outcome, answered.outcome

    revoke(desk, certificate)
    assert said() == ("good", "good")
    clock.at += datetime.timedelta(minutes=29, seconds=59)
    assert said() == ("good", "good")
    clock.at += datetime.timedelta(seconds=1)
    assert said() == ("revoked", "revoked")
    desk.close()
