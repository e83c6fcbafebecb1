"""Is a person's certificate revoked? The lists at hand say so, or it is plainly unknown."""

import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.x509 import ReasonFlags

from tests import ca
from tests.openssl import openssl
from tests.revocation import crl, crl_of, entry
from webapp.errors import Refused, Unreadable
from webapp.papers import guard
from webapp.papers import revocation_status as status
from webapp.papers.revocation_status import judge, read_list

MAIL = "tanaka@shinsei.example"
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def authority():
    return ca.Authority("Practice (練習) S/MIME CA", at=datetime.now(UTC) - timedelta(hours=1))


@pytest.fixture(scope="module")
def card(authority):
    return authority.smime(ca.new_key().public_key(), MAIL)


@pytest.fixture(scope="module")
def stranger():
    return ca.Authority("Another CA")


@pytest.fixture
def said(authority, card):
    """What lists say about the card, at an instant (default now)."""

    def by(*lists, at=None, certificate=card, authorities=None):
        known = [ca.der(authority.root), ca.der(authority.issuing)] if authorities is None else authorities
        state = judge(ca.der(certificate), known, list(lists), at or datetime.now(UTC))
        assert state.sentence.endswith("。") and (state.as_of is None) == (state.state == "unknown")
        return state

    return by


def test_a_list_says_that_a_card_is_good_or_since_when_and_why_it_is_revoked(said, authority, card):
    good, bad = said(crl(authority)), said(crl(authority, (card, ReasonFlags.key_compromise)))
    moment = f"{authority.at + timedelta(hours=9):%Y-%m-%d %H:%M}"
    assert (good.state, good.as_of, good.label) == ("good", authority.at, f"有効(CRL {moment}現在)")
    assert (bad.state, bad.label) == ("revoked", "失効")
    assert f"{moment}に失効と記録" in bad.sentence and "秘密鍵の危殆化" in bad.sentence


def test_without_a_list_or_with_another_authoritys_alone_nothing_is_known(said, stranger):
    assert "手元にありません" in said().sentence
    assert said(crl(stranger)).state == "unknown" and "手元にありません" in said(crl(stranger)).sentence


def test_the_word_of_a_list_that_is_past_its_day_counts_only_against_the_card(said, authority, card):
    later = datetime.now(UTC) + 8 * DAY
    stale = said(crl(authority), at=later)
    assert (stale.state, stale.label) == ("unknown", "未確認") and "有効期限" in stale.sentence
    assert said(crl(authority, (card, None)), at=later).state == "revoked"
    assert said(crl(authority, (card, ReasonFlags.remove_from_crl)), at=later).state == "unknown"


def test_a_list_from_the_future_says_nothing(said, authority, card):
    early = datetime.now(UTC) - DAY
    assert said(crl(authority), at=early).state == "unknown"
    assert said(crl(authority, (card, None)), at=early).state == "unknown"


def test_a_card_on_hold_is_turned_away(said, authority, card):
    held = said(crl(authority, (card, ReasonFlags.certificate_hold)))
    assert held.state == "revoked" and "一時停止" in held.sentence


def test_one_list_against_the_card_outweighs_others_for_it_and_the_newest_is_named(said, authority, card):
    newer = crl(authority, begins=authority.at + timedelta(minutes=30))
    assert said(crl(authority), newer).as_of == authority.at + timedelta(minutes=30)
    assert said(newer, crl(authority, (card, None)), crl(ca.Authority())).state == "revoked"
    assert said(crl_of(authority, unheard(authority, card)), newer).state == "good"


def unheard(authority, card):
    """An entry with a critical extension that nobody knows."""
    strange = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4.5"), b"\x05\x00")
    return entry(card, authority.at, None, (strange, True))


def distribution(**which):
    given = {"full_name": None, "relative_name": None, "only_some_reasons": None, "indirect_crl": False}
    flags = {"only_contains_user_certs": False, "only_contains_ca_certs": False, "only_contains_attribute_certs": False}
    return x509.IssuingDistributionPoint(**given | flags | which)


STRANGE = {
    "indirect": (distribution(indirect_crl=True), True),
    "delta": (x509.DeltaCRLIndicator(1), True),
    "some reasons": (distribution(only_some_reasons=frozenset([ReasonFlags.key_compromise])), True),
    "authorities only": (distribution(only_contains_ca_certs=True), True),
    "undefined": (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4.5"), b"\x05\x00"), True),
}


@pytest.mark.parametrize("kind", STRANGE)
def test_a_list_that_covers_something_else_is_neither_kept_nor_believed(said, authority, card, kind):
    data = crl(authority, (card, None), extensions=[STRANGE[kind]])
    assert said(data).state == "unknown"
    with pytest.raises((status.NotUnderstood, status.OtherCertificate)):
        read_list(data, authority.chain, datetime.now(UTC))


def test_a_list_by_a_stranger_under_the_authoritys_name_is_neither_kept_nor_believed(said, authority, stranger):
    forged = crl(authority, key=stranger.issuing_key)
    assert said(forged).state == "unknown"
    with pytest.raises(status.WrongSignature):
        read_list(forged, authority.chain, datetime.now(UTC))


def test_a_list_of_an_authority_that_nobody_trusts_is_not_kept(authority, stranger):
    with pytest.raises(status.OtherIssuer) as refusal:
        read_list(crl(stranger), authority.chain, datetime.now(UTC))
    assert "信頼する認証局" in refusal.value.advice


@pytest.mark.parametrize("when", ["expired", "future", "endless"])
def test_a_list_that_does_not_last_now_is_not_kept(authority, when):
    now = {"expired": 8 * DAY, "future": -DAY, "endless": timedelta(0)}[when] + datetime.now(UTC)
    data = without_end(crl(authority)) if when == "endless" else crl(authority)
    with pytest.raises(Refused):
        read_list(data, authority.chain, now)


def without_end(data):
    """The list with a nextUpdate that is none: the tag of the second time is damaged."""
    first = data.index(b"\x17\x0d")
    second = data.index(b"\x17\x0d", first + 1)
    return data[:second] + b"\x05" + data[second + 1 :]


def test_what_is_too_large_or_no_list_is_not_kept(authority, said):
    with pytest.raises(status.TooLarge):
        read_list(bytes(status.MAX_CRL_BYTES + 1), authority.chain, datetime.now(UTC))
    for rubbish in (b"", b"<html>", ca.der(authority.root)):
        with pytest.raises(Unreadable):
            read_list(rubbish, authority.chain, datetime.now(UTC))
        assert said(rubbish).state == "unknown"


def test_a_list_that_is_good_says_whose_it_is_and_how_long_it_lasts(authority):
    found = read_list(ca.pem(authority.crl()), authority.chain, datetime.now(UTC))
    assert "S/MIME CA" in found.issuer and found.next_update - found.this_update == 7 * DAY


def test_a_card_of_an_authority_that_is_not_registered_is_unknown(said, stranger):
    other = stranger.smime(ca.new_key().public_key(), MAIL)
    state = said(crl(stranger), certificate=other)
    assert state.state == "unknown" and "登録されていません" in state.sentence


def test_a_namesake_of_the_authority_does_not_speak_for_it(said, authority, card):
    """Two authorities of one name: the key decides, for certificates and for lists."""
    namesake = ca.Authority("Practice (練習) S/MIME CA")
    both = [ca.der(namesake.issuing), ca.der(authority.issuing)]
    assert said(crl(authority), authorities=both).state == "good"
    assert said(crl(namesake, (card, None)), authorities=both).state == "unknown"
    assert read_list(crl(authority), both, datetime.now(UTC)).issuer


def test_the_same_comes_from_the_guarded_child(said, authority, card):
    now, lists = datetime.now(UTC), [crl(authority, (card, None))]
    asked = ("webapp.papers.revocation_status:judge", ca.der(card), authority.chain, lists, now)
    assert guard.run(*asked) == judge(*asked[1:])
    asked = ("webapp.papers.revocation_status:read_list", lists[0], authority.chain, now)
    assert guard.run(*asked) == read_list(*asked[1:])
    with pytest.raises(status.OtherIssuer):
        guard.run(asked[0], crl(ca.Authority("Another CA")), *asked[2:])


# Lists that openssl has made

CONFIGURATION = """
[ca]
default_ca = it
[it]
database = index
crlnumber = number
default_md = sha256
default_crl_days = 3
"""


@pytest.fixture(scope="module")
def openssl_ca(tmp_path_factory):
    """(folder, run): a CA of openssl with two certificates for mail, one.pem and two.pem."""
    folder = tmp_path_factory.mktemp("openssl-ca")
    (folder / "ca.cnf").write_text(CONFIGURATION)
    (folder / "index").touch()
    (folder / "number").write_text("01\n")

    def run(*words):
        openssl(*words, cwd=folder)

    new = ("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30")
    run(*new, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/O=OpenSSL/CN=S-MIME CA")
    for name in ("one", "two"):
        run(*new, "-keyout", f"{name}.key", "-out", f"{name}.pem", "-subj", f"/CN={name}@shinsei.example",
            "-CA", "ca.pem", "-CAkey", "ca.key")  # fmt: skip
    return folder, run


def test_openssls_list_is_read_and_says_of_each_certificate_what_openssl_says(openssl_ca):
    folder, run = openssl_ca
    signer = ("ca", "-config", "ca.cnf", "-cert", "ca.pem", "-keyfile", "ca.key")
    run(*signer, "-revoke", "one.pem", "-crl_reason", "keyCompromise")
    run(*signer, "-gencrl", "-out", "list.pem")
    now = datetime.now(UTC)
    authority = ca.der(x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes()))
    data = (folder / "list.pem").read_bytes()
    assert read_list(data, [authority], now).next_update > now + 2 * DAY
    for name, expected in (("one", "revoked"), ("two", "good")):
        certificate = ca.der(x509.load_pem_x509_certificate((folder / f"{name}.pem").read_bytes()))
        assert judge(certificate, [authority], [data], now).state == expected
        words = ["verify", "-crl_check", "-CAfile", "ca.pem", "-CRLfile", "list.pem", f"{name}.pem"]
        done = subprocess.run(["openssl", *words], cwd=folder, capture_output=True, text=True, timeout=30)
        assert ("certificate revoked" in done.stderr + done.stdout) == (expected == "revoked")
        assert (done.returncode == 0) == (expected == "good")
