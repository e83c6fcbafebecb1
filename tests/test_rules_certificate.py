"""CRT-01 … CRT-11: certificates that break one rule each."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import ca
import pytest
from asked import asked
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID as Purpose
from cryptography.x509.oid import ObjectIdentifier

from webapp import profiles
from webapp.papers import certificate as papers
from webapp.papers import csr
from webapp.rules import ERROR, WARNING
from webapp.rules import certificate as rules

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
PRACTICE = profiles.load("practice")
AUTHORITY = ca.Authority(at=NOW)
KEY = ca.new_key()
CSR = csr.read(ca.pem(ca.csr(KEY)))
CHAIN = tuple(papers.read(each) for each in AUTHORITY.chain)


def _judged(certificate, *, at=NOW, chain=CHAIN, anchors=(), token_spki_sha256="", profile=PRACTICE):
    """All findings about a delivered certificate, in the order of the catalogue."""
    given = {"csr": CSR, "profile": profile, "token_spki_sha256": token_spki_sha256, "chain": chain, "anchors": anchors}
    return asked("CRT", certificate=certificate, at=at, **given)


def _issued(public_key=None, **changes):
    return papers.read(ca.der(AUTHORITY.code_signing(public_key or KEY.public_key(), **changes)))


def _found(certificate, **options):
    return [(each.id, each.severity) for each in _judged(certificate, **options)]


def test_a_certificate_as_it_should_be_is_without_findings():
    assert _found(_issued()) == []
    assert _found(_issued(days=460), anchors=CHAIN[1:], token_spki_sha256=CSR.spki_sha256) == []


LIFETIME_SIGNING = ObjectIdentifier("1.3.6.1.4.1.311.10.3.13")
WRONG_NAME = (("C", "JP"), ("ST", "Tokyo"), ("L", "Chiyoda-ku"), ("O", "Another University"), ("CN", "X"))


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"public_key": ca.new_key().public_key()}, ("CRT-01", ERROR)),
        ({"subject": WRONG_NAME}, ("CRT-01", ERROR)),
        ({"subject": tuple(reversed(ca.SUBJECT))}, ("CRT-01", ERROR)),
        ({"usages": None}, ("CRT-02", ERROR)),
        ({"key_usage_critical": False}, ("CRT-02", ERROR)),
        ({"usages": ("content_commitment",)}, ("CRT-02", ERROR)),
        ({"usages": ("digital_signature", "key_cert_sign")}, ("CRT-02", ERROR)),
        ({"usages": ("digital_signature", "crl_sign")}, ("CRT-02", ERROR)),
        ({"usages": ("digital_signature", "key_encipherment")}, ("CRT-02", WARNING)),
        ({"purposes": ()}, ("CRT-03", ERROR)),
        ({"purposes": (Purpose.EMAIL_PROTECTION,)}, ("CRT-03", ERROR)),
        ({"purposes": (Purpose.CODE_SIGNING, Purpose.ANY_EXTENDED_KEY_USAGE)}, ("CRT-03", ERROR)),
        ({"purposes": (Purpose.CODE_SIGNING, Purpose.SERVER_AUTH)}, ("CRT-03", ERROR)),
        ({"purposes": (Purpose.CODE_SIGNING, LIFETIME_SIGNING)}, ("CRT-03", WARNING)),
        ({"purposes": (Purpose.CODE_SIGNING, Purpose.CLIENT_AUTH)}, ("CRT-03", WARNING)),
        ({"policies": ()}, ("CRT-04", ERROR)),
        ({"crl_urls": ()}, ("CRT-05", ERROR)),
        ({"crl_critical": True}, ("CRT-05", ERROR)),
        ({"crl_urls": ("ldap://practice.example/crl",)}, ("CRT-05", ERROR)),
        ({"issuer_urls": (), "ocsp_urls": ()}, ("CRT-06", ERROR)),
        ({"issuer_urls": ()}, ("CRT-06", ERROR)),
        ({"ocsp_urls": ("https://practice.example/ocsp",)}, ("CRT-06", ERROR)),
        ({"authority_key_id": False}, ("CRT-07", ERROR)),
        ({"is_ca": True}, ("CRT-07", ERROR)),
        ({"public_key": ca.new_key(ec.SECP256K1()).public_key()}, ("CRT-09", ERROR)),
        ({"subject": ca.SUBJECT[:3]}, ("CRT-09", ERROR)),
        ({"subject": ca.SUBJECT[1:]}, ("CRT-09", ERROR)),
        ({"subject": (ca.SUBJECT[0], *ca.SUBJECT[3:])}, ("CRT-09", ERROR)),
        ({"subject": (("DC", "practice"), *ca.SUBJECT)}, ("CRT-09", ERROR)),
        ({"days": 461}, ("CRT-10", ERROR)),
        ({"not_before": NOW + timedelta(days=1)}, ("CRT-10", ERROR)),
        ({"days": 1, "not_before": NOW - timedelta(days=2)}, ("CRT-10", ERROR)),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, dict) else value[0],
)
def test_each_rule_speaks(changes, rule):
    assert rule in _found(_issued(**changes))


def test_every_breach_is_told_in_a_sentence_with_what_to_do():
    bad = _issued(
        ca.new_key(ec.SECP224R1()).public_key(), subject=WRONG_NAME, usages=(), purposes=(), policies=(), days=999
    )
    for finding in _judged(bad, chain=()):
        assert finding.sentence.endswith("。") and finding.advice.endswith("。")


def test_only_breaches_of_its_own_rule_are_found():
    assert _found(_issued(policies=())) == [("CRT-04", ERROR)]
    assert _found(_issued(is_ca=False)) == []


def test_the_key_on_the_token_must_be_the_same():
    assert _found(_issued(), token_spki_sha256="00") == [("CRT-01", ERROR)]


def test_a_signature_with_sha_1_is_refused():
    for hash in ("SHA-1", "MD5", ""):
        assert _found(replace(_issued(), signature_hash=hash)) == [("CRT-08", ERROR)]


def test_an_even_exponent_and_a_short_key_are_refused():
    key = papers.PublicKey("RSA", 2048, "", 2**2048 - 1, 2)
    assert [each.field for each in rules.crt_09(replace(_issued(), key=key), PRACTICE)] == ["key", "key"]


def test_an_old_certificate_is_judged_by_the_rule_of_its_day():
    old = _issued(not_before=datetime(2026, 2, 1, tzinfo=UTC), days=1000)
    assert _found(old) == []
    assert _found(_issued(not_before=datetime(2026, 2, 1, tzinfo=UTC), days=1200)) == [("CRT-10", ERROR)]


def test_another_issuer_is_refused():
    upki = profiles.load("upki-v2.4")
    [finding] = rules.crt_11(_issued(), upki, CHAIN)
    assert "SECOM Passport for Member PUB CodeSigning CA G1" in finding.sentence
    assert "Practice (練習) Code Signing CA" in finding.sentence


def test_an_issuer_of_the_same_name_with_another_key_is_found():
    stranger = tuple(papers.read(each) for each in ca.Authority(at=NOW).chain)
    assert _found(_issued(), chain=stranger) == [("CRT-11", ERROR)]
    assert _found(_issued(), anchors=stranger[1:]) == [("CRT-11", ERROR)]


def test_a_certificate_without_its_chain_is_warned_about_unless_the_anchors_help():
    assert _found(_issued(), chain=()) == [("CRT-11", WARNING)]
    assert _found(_issued(), chain=(), anchors=CHAIN) == []
    assert _found(_issued(), chain=(), anchors=CHAIN[:1]) == []


def test_a_certificate_that_is_no_cas_can_issue_nothing():
    signer = ca.Authority(at=NOW)
    signer.issuing = AUTHORITY.code_signing(signer.issuing_key.public_key())
    forged = papers.read(ca.der(signer.code_signing(KEY.public_key())))
    chain = (papers.read(ca.der(signer.issuing)), *CHAIN)
    assert _found(forged, chain=chain, anchors=CHAIN[1:]) == [("CRT-11", ERROR), ("CRT-11", WARNING), ("CRT-11", ERROR)]
