"""Reading certificates and finding out how they hang together."""

from datetime import UTC, datetime, timedelta

import ca
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs7
from openssl import openssl

from webapp.errors import Unreadable
from webapp.papers import certificate
from webapp.papers.armour import PrivateKeyPasted
from webapp.papers.subject import Subject

AUTHORITY = ca.Authority(at=datetime(2026, 11, 22, 3, 0, tzinfo=UTC))
KEY = ca.new_key()
LEAF = AUTHORITY.code_signing(KEY.public_key(), serial=0x0ABC)
BUNDLE = ca.pem(LEAF) + ca.pem(AUTHORITY.issuing) + ca.pem(AUTHORITY.root)


@pytest.mark.parametrize("given", [ca.pem(LEAF), ca.pem(LEAF).decode(), ca.der(LEAF)], ids=["PEM", "text", "DER"])
def test_it_reads_what_is_in_a_certificate(given):
    read = certificate.read(given)
    assert read.subject == Subject(ca.SUBJECT)
    assert read.issuer.get("CN") == ca.ISSUER
    assert (read.serial, read.serial_hex) == (2748, "0abc")
    assert read.not_before == datetime(2026, 11, 22, 2, 55, tzinfo=UTC)
    assert read.not_after - read.not_before == timedelta(days=459)
    assert (str(read.key), read.signature_hash) == ("P-256", "SHA-256")
    assert read.extensions.key_usage == ("digital_signature",)
    assert read.extensions.crl_urls == (ca.CRL_URL,)
    assert read.extensions.authority_key_id == certificate.read(AUTHORITY.chain[0]).extensions.subject_key_id


def test_it_agrees_with_openssl():
    read = certificate.read(ca.pem(LEAF))
    said = openssl("x509", "-noout", "-serial", "-fingerprint", "-sha256", given=read.pem.encode()).decode().lower()
    assert f"serial={read.serial_hex}\n" in said
    assert read.sha256 in said.replace(":", "")


def test_the_key_has_the_same_fingerprint_in_csr_and_certificate():
    from webapp.papers import csr

    assert certificate.read(ca.pem(LEAF)).spki_sha256 == csr.read(ca.pem(ca.csr(KEY))).spki_sha256


def test_the_issuer_hash_is_that_of_the_issuers_subject():
    issuing, leaf = certificate.read(AUTHORITY.chain[0]), certificate.read(ca.pem(LEAF))
    assert leaf.issuer_sha256 == certificate.hashlib.sha256(AUTHORITY.issuing.subject.public_bytes()).hexdigest()
    assert leaf.issuer_sha256 != issuing.issuer_sha256


@pytest.mark.parametrize(("serial", "text"), [(1, "01"), (0x80, "80"), (0xABC, "0abc"), (2**159, "80" + "00" * 19)])
def test_a_serial_is_written_in_whole_octets(serial, text):
    assert certificate.serial_hex(serial) == text


def _p7b(encoding):
    return pkcs7.serialize_certificates([LEAF, AUTHORITY.issuing, AUTHORITY.root], encoding)


def test_it_reads_bundles_of_every_kind():
    expected = {ca.der(LEAF), *AUTHORITY.chain}
    for bundle in (BUNDLE, _p7b(serialization.Encoding.PEM), _p7b(serialization.Encoding.DER)):
        assert {each.der for each in certificate.read_all(bundle)} == expected


def test_it_wants_one_certificate_where_one_is_asked_for():
    with pytest.raises(Unreadable, match="3枚"):
        certificate.read(BUNDLE)


def test_it_refuses_a_private_key_beside_the_certificate():
    key = KEY.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    with pytest.raises(PrivateKeyPasted):
        certificate.read_all(ca.pem(LEAF) + key)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (ca.pem(ca.csr(KEY)), "CSR"),
        (ca.der(LEAF)[:-20], "読み取れません"),
        (b"PK\x03\x04", "ZIP"),
        (BUNDLE * 10, "30枚"),
        (openssl("crl2pkcs7", "-nocrl", "-outform", "DER"), "読み取れません"),
    ],
)
def test_it_says_what_came_instead_of_a_certificate(given, sentence):
    with pytest.raises(Unreadable, match=sentence):
        certificate.read_all(given)


def test_it_finds_the_path_to_the_root_in_any_order():
    leaf, issuing, root = certificate.read_all(BUNDLE)
    stranger = certificate.read(ca.pem(ca.Authority().root))
    assert certificate.path(leaf, [stranger, root, issuing]) == (leaf, issuing, root)
    assert certificate.path(leaf, [root]) == (leaf,)
    assert certificate.path(leaf, []) == (leaf,)


def test_a_ca_of_the_same_name_has_not_issued_it():
    leaf, namesake = certificate.read(ca.pem(LEAF)), certificate.read(ca.Authority().chain[0])
    assert namesake.subject == leaf.issuer
    with pytest.raises(certificate.NotIssuedBy, match="発行したものではありません"):
        certificate.check_issued(leaf, namesake)


def test_the_test_ca_satisfies_openssl(tmp_path):
    for name, content in (("root", AUTHORITY.chain[1]), ("issuing", AUTHORITY.chain[0]), ("leaf", ca.der(LEAF))):
        (tmp_path / name).write_text(certificate.read(content).pem)
    (tmp_path / "crl").write_bytes(ca.pem(AUTHORITY.crl([LEAF])))
    options = ["-CAfile", str(tmp_path / "root"), "-untrusted", str(tmp_path / "issuing"), "-attime", "1795400000"]
    assert b": OK" in openssl("verify", *options, str(tmp_path / "leaf"))
    assert b"0ABC" in openssl("crl", "-noout", "-text", "-in", str(tmp_path / "crl"))
