"""The practice authority, judged by openssl."""

import datetime
import stat
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tokens.station.cards import Cards, is_of, signs_in
from tokens.worker import TokenWorker
from webapp.papers.card import check
from webapp.papers.seal_report import SealRefused
from webapp.papers.signer import check_kind
from webapp.practice.authority import Authority
from webapp.practice.card import issue_head_card
from webapp.practice.clock import now
from webapp.practice.folder import Folder
from webapp.practice.issued import Issued
from webapp.practice.store import Store

PEM, DER = serialization.Encoding.PEM, serialization.Encoding.DER


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    folder = Folder(tmp_path_factory.mktemp("ca") / "desk")
    made = Authority(folder, Issued(Store(folder / "desk.sqlite")), "http://127.0.0.1:8026", now)
    yield made
    made.close()


HEAD = "tanaka@shinsei.example"


@pytest.fixture(scope="module")
def card(authority, tmp_path_factory):
    return issue_head_card(authority, tmp_path_factory.mktemp("card"), HEAD, "tanaka", "246810", algorithm="P-256")


def request():
    key = ec.generate_private_key(ec.SECP256R1())
    pairs = ((NameOID.COUNTRY_NAME, "JP"), (NameOID.ORGANIZATION_NAME, "Shinsei University"))
    name = x509.Name([x509.NameAttribute(oid, value) for oid, value in pairs])
    return x509.CertificateSigningRequestBuilder(name).sign(key, hashes.SHA256())


def openssl(*words, data=b""):
    return subprocess.run(["openssl", *map(str, words)], input=data, capture_output=True, check=False)


def test_openssl_verifies_a_code_signing_certificate_up_to_the_practice_root(authority, tmp_path):
    leaf = authority.issue(request())
    (tmp_path / "leaf.pem").write_bytes(leaf.public_bytes(PEM))
    ca = authority.folder.ca
    said = openssl(
        "verify", "-x509_strict", "-CAfile", ca / "root.pem", "-untrusted", ca / "issuing.pem", tmp_path / "leaf.pem"
    )
    assert said.returncode == 0, said.stderr
    listing = openssl("x509", "-noout", "-text", data=leaf.public_bytes(PEM)).stdout.decode()
    for word in (
        "Code Signing",
        "X509v3 Key Usage: critical",
        "2.23.140.1.4.1",
        "http://127.0.0.1:8026/ca/issuing.crl",
    ):
        assert word in listing


def test_a_code_signing_certificate_lasts_460_days_and_not_a_second_longer(authority):
    leaf = authority.issue(request())
    span = leaf.not_valid_after_utc - leaf.not_valid_before_utc
    assert span == datetime.timedelta(days=460, seconds=-1)


def test_the_subject_and_the_key_are_exactly_those_of_the_csr(authority):
    csr = request()
    leaf = authority.issue(csr)
    assert leaf.subject == csr.subject
    assert leaf.public_key() == csr.public_key()


def test_every_name_of_the_authority_says_that_it_is_practice(authority):
    for role in ("root", "issuing", "smime"):
        assert "練習" in authority.certificate(role).subject.rfc4514_string()


def test_the_list_of_revoked_certificates_is_signed_by_the_issuing_authority(authority, tmp_path):
    (tmp_path / "issuing.crl").write_bytes(authority.list_revoked("issuing"))
    said = openssl(
        "crl",
        "-inform",
        "DER",
        "-noout",
        "-in",
        tmp_path / "issuing.crl",
        "-CAfile",
        authority.folder.ca / "issuing.pem",
    )
    assert b"verify OK" in said.stderr


def test_its_pin_is_for_its_owner_only_and_a_second_start_keeps_keys_and_certificates(authority):
    assert stat.S_IMODE((authority.folder.hsm / "pin").stat().st_mode) == 0o600
    before = authority.certificate("issuing")
    again = Authority(authority.folder, authority.issued, authority.url, now)
    leaf = again.issue(request())
    again.close()
    assert again.certificate("issuing") == before
    leaf.verify_directly_issued_by(before)


def test_the_heads_card_holds_an_smime_certificate_that_names_the_mail_address_only(authority, card, tmp_path):
    certificate = x509.load_der_x509_certificate(card.certificate)
    assert certificate.subject.rfc4514_string() == "CN=tanaka@shinsei.example"
    (tmp_path / "head.pem").write_bytes(certificate.public_bytes(PEM))
    anchor = authority.folder.anchors / "smime-root.cer"
    (tmp_path / "anchor.pem").write_bytes(x509.load_der_x509_certificate(anchor.read_bytes()).public_bytes(PEM))
    said = openssl("verify", "-purpose", "smimesign", "-CAfile", tmp_path / "anchor.pem", tmp_path / "head.pem")
    assert said.returncode == 0, said.stderr
    with TokenWorker(card.module, card.env) as worker:
        proof = worker.call(
            "prove", token="tanaka", pin="246810", certificate_der=card.certificate, challenge=bytes(32)
        )
    assert proof["signature"]


def test_the_heads_card_signs_in_with_a_key_of_its_own_and_each_certificate_is_for_one_use(authority, card, tmp_path):
    seal, sign_in = (x509.load_der_x509_certificate(each) for each in (card.certificate, card.authentication))
    assert seal.public_key() != sign_in.public_key()
    with Cards([card.module], card.env) as cards:
        assert cards.holding(is_of([HEAD])).der == card.certificate
        assert cards.holding(signs_in).der == card.authentication
    anchor = tmp_path / "anchor.pem"
    anchor.write_bytes(x509.load_der_x509_certificate(card.issuer).public_bytes(PEM))
    for certificate, purpose, fits in (
        (sign_in, "sslclient", True),
        (sign_in, "smimesign", False),
        (seal, "sslclient", False),
    ):
        said = openssl("verify", "-purpose", purpose, "-CAfile", anchor, data=certificate.public_bytes(PEM))
        assert (said.returncode == 0) is fits, said
    assert check(card.authentication, [card.issuer], [], now()).mails == (HEAD,)
    with pytest.raises(SealRefused, match="クライアント認証用"):
        check_kind(sign_in)
    with pytest.raises(SealRefused, match="クライアント認証用"):
        check(card.certificate, [card.issuer], [], now())
