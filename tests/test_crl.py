"""失効リスト: what it says counts only if it is the authority's, of today, and about this certificate."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from asn1crypto import crl as asn1_crl
from cryptography import x509
from cryptography.x509 import ReasonFlags

from tests import ca
from tests.openssl import openssl
from tests.revocation import crl, crl_of, damaged, entry, serial, signed_crl
from webapp.errors import Refused, Unreadable
from webapp.papers import guard
from webapp.papers import revocation_status as status
from webapp.papers.revocation_status import read_crl
from webapp.papers.status_answer import HOLD

URL = ca.CRL_URL


@pytest.fixture(scope="module")
def authority():
    return ca.Authority(at=datetime.now(UTC) - timedelta(hours=1))


@pytest.fixture(scope="module")
def certificate(authority):
    return authority.code_signing(ca.new_key().public_key())


@pytest.fixture(scope="module")
def other(authority):
    return authority.code_signing(ca.new_key().public_key())


@pytest.fixture
def read(authority, certificate):
    """Read a list for `certificate`, now."""
    return lambda data, at=None, addresses=(): read_crl(
        data, ca.der(authority.issuing), serial(certificate), at or datetime.now(UTC), addresses
    )


def test_a_listed_certificate_is_revoked(authority, certificate, other, read):
    found = read(crl(authority, (other, None), (certificate, ReasonFlags.key_compromise)))
    assert (found.outcome, found.reason, found.revoked_at) == ("revoked", 1, authority.at)
    assert (found.this_update, found.next_update) == (authority.at, authority.at + timedelta(days=7))
    assert "失効しています" in found.sentence and "秘密鍵の危殆化" in found.sentence
    assert found.signer.startswith(f"CN={ca.ISSUER}, ")
    assert any("2件のうち" in point for point in found.points)


def test_a_certificate_that_is_not_listed_is_not_revoked(authority, other, read):
    found = read(crl(authority, (other, ReasonFlags.superseded)))
    assert (found.outcome, found.reason, found.revoked_at) == ("good", None, None)
    assert "載っていません" in found.sentence


def test_a_list_may_be_empty_and_in_pem(authority, read):
    assert read(crl(authority)).outcome == "good"
    assert read(ca.pem(authority.crl())).outcome == "good"


@pytest.mark.parametrize(
    "number, flag", [(0, "unspecified"), (3, "affiliation_changed"), (5, "cessation_of_operation")]
)
def test_the_reason_is_its_number(authority, certificate, read, number, flag):
    assert read(crl(authority, (certificate, ReasonFlags[flag]))).reason == number
    assert read(crl(authority, (certificate, None))).reason is None


def test_a_certificate_on_hold_is_revoked_for_the_time_being(authority, certificate, read):
    found = read(crl(authority, (certificate, ReasonFlags.certificate_hold)))
    assert (found.outcome, found.reason) == ("revoked", HOLD)
    assert "確定していません" in found.sentence


def test_a_hold_that_was_lifted_is_no_revocation(authority, certificate, read):
    found = read(crl(authority, (certificate, ReasonFlags.remove_from_crl)))
    assert (found.outcome, found.revoked_at, found.reason) == ("good", None, None)
    assert any("解除" in point for point in found.points)


def test_openssl_reads_the_same(authority, certificate, other, read, tmp_path):
    data = crl(authority, (other, None), (certificate, ReasonFlags.superseded))
    (tmp_path / "ca.pem").write_bytes(ca.pem(authority.issuing))
    listing = openssl("crl", "-inform", "DER", "-noout", "-text", given=data).decode()
    openssl("crl", "-inform", "DER", "-noout", "-CAfile", str(tmp_path / "ca.pem"), given=data)
    found = read(data)
    place = listing.index(serial(certificate).upper())
    said = listing[place : place + 300]
    assert found.revoked_at.strftime("Revocation Date: %b %e %H:%M:%S %Y GMT") in said and "Superseded" in said
    assert found.next_update.strftime("Next Update: %b %e %H:%M:%S %Y GMT") in listing


# What does not count


def test_another_key_under_the_same_name(authority, certificate, read):
    data = crl(authority, (certificate, None), key=ca.new_key())
    with pytest.raises(status.WrongSignature, match="鍵によるものではありません"):
        read(data)


def test_a_list_that_was_changed_afterwards(authority, certificate, read):
    data = bytearray(crl(authority, (certificate, None)))
    where = data.index(certificate.serial_number.to_bytes(20, "big").lstrip(b"\0"))
    data[where + 4] ^= 1
    with pytest.raises(status.WrongSignature):
        read(bytes(data))


def test_another_authority(certificate, read):
    stranger = ca.Authority(issuer="Some other CA")
    with pytest.raises(status.OtherIssuer, match="Some other CA"):
        read(crl(stranger, (certificate, None)))


def test_an_old_hash_proves_nothing(authority, certificate, tmp_path):
    openssl("genrsa", "-out", "k.pem", "2048", cwd=tmp_path)
    openssl("req", "-x509", "-key", "k.pem", "-subj", "/CN=Old", "-days", "30", "-out", "c.pem", cwd=tmp_path)
    (tmp_path / "index.txt").touch()
    (tmp_path / "ca.cnf").write_text("[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\ndefault_crl_days=7\n")
    words = ("ca", "-config", "ca.cnf", "-gencrl", "-keyfile", "k.pem", "-cert", "c.pem", "-out", "old.crl")
    openssl(*words, "-md", "sha1", cwd=tmp_path)
    issuer = openssl("x509", "-in", "c.pem", "-outform", "DER", cwd=tmp_path)
    at = datetime.now(UTC)
    with pytest.raises(status.WrongSignature, match="SHA-1"):
        read_crl((tmp_path / "old.crl").read_bytes(), issuer, "0a", at)
    openssl(*words, "-md", "sha256", cwd=tmp_path)
    assert read_crl((tmp_path / "old.crl").read_bytes(), issuer, "0a", at).outcome == "good"
    openssl(*words, "-md", "sha256", "-sigopt", "rsa_padding_mode:pss", cwd=tmp_path)
    assert read_crl((tmp_path / "old.crl").read_bytes(), issuer, "0a", at).outcome == "good"


def test_an_issuer_that_may_not_sign_lists(authority, certificate):
    key = ca.new_key()
    signer = authority.code_signing(key.public_key())
    data = crl(authority, key=key, issuer=signer.subject)
    with pytest.raises(status.NotAuthorised):
        read_crl(data, ca.der(signer), serial(certificate), datetime.now(UTC))


def test_a_list_of_yesterday_and_one_of_tomorrow(authority, read):
    data = crl(authority)
    with pytest.raises(status.Stale, match="過ぎています"):
        read(data, authority.at + timedelta(days=7, seconds=1))
    assert read(data, authority.at + timedelta(days=7)).outcome == "good"
    assert read(data, authority.at - timedelta(minutes=4)).outcome == "good"  # another clock may be a little ahead
    with pytest.raises(status.Stale, match="まだ来ていません") as caught:
        read(data, authority.at - timedelta(minutes=6))
    assert "時計" in caught.value.advice


def test_a_list_without_an_end(authority, read):
    data = _without_next_update(crl(authority), authority)
    with pytest.raises(status.Stale, match="いつまで有効か"):
        read(data)


def _without_next_update(data, authority):
    """The list signed again without nextUpdate, which the builder would not make."""
    whole = asn1_crl.CertificateList.load(data)
    tbs = asn1_crl.TbsCertList(
        {name: whole["tbs_cert_list"][name] for name in ("version", "signature", "issuer", "this_update")}
    )
    return signed_crl(tbs.dump(), authority.issuing_key)


def test_too_much_and_nothing(read):
    with pytest.raises(status.TooLarge, match="大きすぎます"):
        read(bytes(status.MAX_CRL_BYTES + 1))
    with pytest.raises(Unreadable, match="空です"):
        read(b"")


def test_other_files(authority, certificate, read):
    page = b"<!DOCTYPE html><title>Not found</title>"
    for data in (page, b"\x30\x80", ca.der(certificate), ca.pem(certificate), b"-----BEGIN X509 CRL-----\nAAAA\n"):
        with pytest.raises(Unreadable, match="失効リスト"):
            read(data)


def scope(**changes):
    values = {
        "full_name": None,
        "relative_name": None,
        "only_contains_user_certs": False,
        "only_contains_ca_certs": False,
        "only_some_reasons": None,
        "indirect_crl": False,
        "only_contains_attribute_certs": False,
    }
    return x509.IssuingDistributionPoint(**(values | changes)), True


@pytest.mark.parametrize(
    "extension, refusal",
    [
        ((x509.DeltaCRLIndicator(1), True), status.NotUnderstood),
        ((x509.DeltaCRLIndicator(1), False), status.NotUnderstood),
        (scope(indirect_crl=True), status.NotUnderstood),
        (scope(only_some_reasons=frozenset([ReasonFlags.key_compromise])), status.NotUnderstood),
        (scope(only_contains_ca_certs=True), status.OtherCertificate),
        (scope(only_contains_attribute_certs=True), status.OtherCertificate),
        (
            (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.32473.9"), b"\5\0"), True),
            status.NotUnderstood,
        ),
        ((x509.IssuerAlternativeName([x509.DNSName("ca.example")]), True), status.NotUnderstood),
    ],
)
def test_a_list_that_does_not_cover_everything_is_refused(authority, certificate, read, extension, refusal):
    with pytest.raises(refusal):
        read(crl(authority, (certificate, None), extensions=[extension]))


def test_extensions_that_change_nothing_are_let_pass(authority, read):
    unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.32473.9"), b"\5\0")
    extensions = [(x509.CRLNumber(7), False), (unknown, False), scope(only_contains_user_certs=True)]
    found = read(crl(authority, extensions=extensions))
    assert found.outcome == "good" and any("番号は 7" in point for point in found.points)


def test_a_list_of_another_distribution_point_only_proves_what_stands_in_it(authority, certificate, read):
    here = [scope(full_name=[x509.UniformResourceIdentifier(URL)])]
    with pytest.raises(status.OtherCertificate, match="別の配布点"):
        read(crl(authority, extensions=here), addresses=("http://practice.example/ca/other.crl",))
    assert read(crl(authority, extensions=here), addresses=(URL,)).outcome == "good"
    assert read(crl(authority, (certificate, None), extensions=here)).outcome == "revoked"


def test_an_entry_that_speaks_for_another_authority_makes_the_list_useless(authority, certificate, other, read):
    foreign = x509.CertificateIssuer([x509.DirectoryName(ca.name([("CN", "Somebody")]))])
    with pytest.raises(status.NotUnderstood, match="項目"):
        read(crl_of(authority, entry(other, authority.at, None, (foreign, True)), entry(certificate, authority.at)))
    dated = (x509.InvalidityDate(datetime(2026, 1, 1)), False)
    assert read(crl_of(authority, entry(certificate, authority.at, None, dated))).outcome == "revoked"


def test_value_and_refusal_come_back_from_the_guarded_child(authority, certificate):
    def guarded(data):
        words = (ca.der(authority.issuing), serial(certificate), datetime.now(UTC), ())
        return guard.run("webapp.papers.revocation_status:read_crl", data, *words)

    found = guarded(crl(authority, (certificate, ReasonFlags.superseded)))
    assert isinstance(found, status.Found) and (found.outcome, found.reason) == ("revoked", 4)
    with pytest.raises(status.OtherIssuer, match="「CN=Some other CA"):
        guarded(crl(ca.Authority(issuer="Some other CA")))


@pytest.mark.filterwarnings("ignore:Attribute's length", "ignore:Parsed a serial number")
def test_a_damaged_list_is_refused_or_says_the_same(authority, certificate, other, read):
    """3,000 lists: never anything but the same word, or a refusal."""
    data = thorough(authority, certificate, other)
    at, rng = datetime.now(UTC), random.Random(20261123)
    whole, refused = read(data, at), 0
    for _ in range(3000):
        try:
            assert read(damaged(data, rng), at) == whole
        except Refused as refusal:
            assert refusal.message and refusal.advice
            refused += 1
    assert refused > 2900


@pytest.mark.filterwarnings("ignore:Attribute's length", "ignore:Parsed a serial number")
def test_nonsense_that_is_signed_is_read_or_refused(authority, certificate, other, read):
    """2,000 lists, damaged and then signed: the signature hides no fall."""
    tbs = x509.load_der_x509_crl(thorough(authority, certificate, other)).tbs_certlist_bytes
    at, rng, said = datetime.now(UTC), random.Random(20261124), set()
    for _ in range(2000):
        try:
            said.add(read(signed_crl(damaged(tbs, rng), authority.issuing_key), at).outcome)
        except Refused as refusal:
            said.add(type(refusal).__name__)
    assert said >= {"good", "revoked", "Unreadable", "OtherIssuer", "Stale"}


def thorough(authority, certificate, other):
    """A list with something of everything."""
    return crl(
        authority,
        (other, ReasonFlags.superseded),
        (certificate, ReasonFlags.key_compromise),
        extensions=[(x509.CRLNumber(7), False), scope(only_contains_user_certs=True)],
    )
