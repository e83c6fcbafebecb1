"""No byte of the time stamp on a seal can be changed unnoticed, and what real authorities send is taken."""

import random
from datetime import timedelta

import pytest
from asn1crypto import cms, core, crl

from tests import ca
from tests import stamped_seals as hand
from tests.papers_seals import AT
from webapp.papers import signature_stamp
from webapp.papers.envelope import is_der
from webapp.papers.seal_report import SealRefused

SEED, FLIPS, CUTS = 20261130, 60, 20


pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def world():
    return hand.StampWorld()


def refusal(world, token, **how):
    with pytest.raises(SealRefused) as refused:
        world.judge(world.stamped(token), **how)
    return refused.value.code, refused.value.sub, refused.value.message


# --- what is taken


def test_a_stamp_with_its_whole_chain_makes_a_seal_b_t(world):
    assert world.judge(world.stamped()).stamp.is_trusted


@pytest.mark.parametrize("along", [0, 1])
def test_a_chain_may_come_along_in_part_where_the_rest_is_registered(world, along):
    token = world.token(along=world.stampers.chain[:along])
    assert world.judge(world.stamped(token)).stamp.is_trusted


@pytest.mark.parametrize("ess", [("v1",), ("v1", "v2")], ids=" ".join)
def test_an_authority_may_still_name_its_certificate_by_sha1(world, ess):
    assert world.judge(world.stamped(world.token(ess=ess))).stamp.is_trusted


def test_an_authority_that_names_an_issuer_which_it_does_not_hand_out_is_taken(world):
    """As e-timing tokens do, at which `openssl ts -verify` stumbles."""
    assert world.judge(world.stamped(world.token(also_named=[b"\1" * 32]))).stamp.is_trusted


def test_a_root_that_another_root_has_signed_may_come_along_where_that_is_registered(world):
    token = world.token(along=[ca.der(world.stampers.issuing), cross_signed(world)])
    ours, other = ca.der(world.stampers.root), ca.der(world.strangers.root)
    assert world.judge(world.stamped(token), known=([other], [])).stamp.is_trusted
    assert world.judge(world.stamped(token), known=([ours], [other])).stamp.is_trusted
    assert "発行者 CN=Somebody's TSA CA Root" in refusal(world, token, known=([ours], []))[2]


def cross_signed(world):
    """The root of our time stampers as another authority certifies it."""
    root, other = world.stampers.root, world.strangers
    builder = ca.Authority._builder(root.subject, root.public_key(), other.root.subject, AT, 900, None)
    for each in root.extensions:
        if each.oid.dotted_string != "2.5.29.35":
            builder = builder.add_extension(each.value, each.critical)
    return ca.der(builder.sign(other.root_key, ca.hashes.SHA256()))


def test_a_whole_stamp_of_an_authority_that_nobody_trusts_is_b_b(world):
    found = world.judge(world.stamped(), is_known=False)
    assert found.stamp and not found.stamp.is_trusted


# --- what is not


def test_a_stamp_whose_chain_ends_in_the_air_is_refused(world):
    """Its topmost certificate can be changed at will: nobody vouches for it."""
    code, _, said = refusal(world, world.token(along=world.stampers.chain[:1]), is_known=False)
    assert code == "bad_stamp" and "発行者を確かめられない" in said


@pytest.mark.parametrize("which", ["leaf", "root"])
def test_a_certificate_that_has_no_part_in_a_stamp_is_refused(world, which):
    stranger = ca.der(world.certified() if which == "leaf" else world.strangers.root)
    assert refusal(world, world.token(along=[*world.stampers.chain, stranger]))[0] == "bad_stamp"


def test_a_certificate_twice_is_refused(world):
    assert refusal(world, world.token(along=[*world.stampers.chain, world.stampers.chain[0]]))[0] == "bad_stamp"


def crls(data):
    made = crl.CertificateList.load(ca.der(ca.Authority().crl()))
    data["crls"] = [cms.RevocationInfoChoice("crl", made)]


def unsigned(data):
    data["signer_infos"][0]["unsigned_attrs"] = [{"type": "1.2.3.4", "values": [core.Null()]}]


def no_unsigned(data):
    data["signer_infos"][0]["unsigned_attrs"] = []


def more_digests(data):
    data["digest_algorithms"] = [{"algorithm": "sha256"}, {"algorithm": "sha512"}]


def other_digest(data):
    data["digest_algorithms"] = [{"algorithm": "sha512"}]


def no_digest(data):
    data["digest_algorithms"] = []


def version(data):
    data["version"] = "v1"


def signer_version(data):
    data["signer_infos"][0]["version"] = "v3"


def two_signers(data):
    data["signer_infos"] = [data["signer_infos"][0], data["signer_infos"][0]]


def mechanism(name):
    def change(data):
        data["signer_infos"][0]["signature_algorithm"] = {"algorithm": name}

    change.__name__ = name
    return change


ODD = [crls, unsigned, no_unsigned, more_digests, other_digest, no_digest, version, signer_version, two_signers]
ODD += [mechanism("sha512_rsa"), mechanism("sha256_ecdsa"), mechanism("rsassa_pss")]


@pytest.mark.parametrize("change", ODD, ids=lambda change: change.__name__)
def test_what_the_signature_of_a_stamp_does_not_cover_is_as_the_rfc_prescribes(world, change):
    assert stamp_refusal(world, world.token(change=change)) == "bad_stamp"
    assert refusal(world, world.token(change=change))[0] in ("bad_stamp", "unreadable")


def stamp_refusal(world, token):
    """The code without the opinion of pyHanko, which looks at time stamps too, and before us."""
    signer = cms.ContentInfo.load(hand.contents_of(world.stamped(token)))["content"]["signer_infos"][0]
    with pytest.raises(SealRefused) as refused:
        signature_stamp.check(signer, world.head.certificate, AT, *world.known)
    return refused.value.code


def test_a_stamp_by_sha1_is_refused_as_weak(world):
    assert refusal(world, world.token(hash="sha1"))[:2] == ("bad_stamp", "CRYPTO_CONSTRAINTS_FAILURE")


def test_a_stamp_that_names_no_certificate_is_refused(world):
    assert refusal(world, world.token(ess=()))[0] == "bad_stamp"


def test_a_signature_of_the_authority_over_something_else_is_no_stamp(world):
    assert stamp_refusal(world, world.token(content_type="data")) == "bad_stamp"


def test_a_stamp_of_after_the_receipt_is_refused(world):
    assert refusal(world, world.token(at=AT + timedelta(minutes=11)))[:2] == ("bad_stamp", "SIG_CONSTRAINTS_FAILURE")


ELSEWHERE = hand.tlv(0xA3, b"\x05\x00")


@pytest.mark.parametrize(
    "empty", [ELSEWHERE, b"\xa1\x00", hand.tlv(0xA1, hand.tlv(0x30, hand.ATTRIBUTE + b"\x31\x00"))]
)
def test_an_empty_place_for_a_stamp_or_an_unknown_one_is_refused(world, empty):
    made = hand.with_unsigned(world.sealed, cms.ContentInfo.load(hand.contents_of(world.sealed)), empty)
    with pytest.raises(SealRefused):
        world.judge(made)


def test_no_change_by_chance_within_a_stamp_is_taken(world):
    """Half of them where nobody trusts the authority, and the stamp counts for nothing."""
    dice, good, token = random.Random(SEED), world.stamped(), world.token()
    forged = [hand.flipped(good, dice) for _ in range(FLIPS)] + [
        world.stamped(hand.cut(token, dice)) for _ in range(CUTS)
    ]
    assert len(set(forged)) == FLIPS + CUTS and good not in forged
    for number, pdf in enumerate(forged):
        with pytest.raises(SealRefused):
            world.judge(pdf, is_known=number % 2 == 0)


@pytest.mark.parametrize("right", [b"\x05\x00", b"\x30\x03\x02\x01\x05", hand.tlv(4, bytes(300)), b""])
def test_der_has_one_way_to_write_a_length(right):
    assert is_der(right) and is_der(hand.tlv(0x30, right) + right)


@pytest.mark.parametrize(
    "wrong",
    [b"\x05", b"\x04\x02\x00", b"\x04\x81\x01\x00", b"\x04\x82\x00\x80" + bytes(128), b"\x30\x80\x00\x00",
     b"\x24\x04\x04\x02\x00\x00", b"\x10\x00", b"\x30\x03\x04\x02\x00", b"\x04\x85", b"\x30\x02\x04\x01\x00"],
)  # fmt: skip
def test_a_length_that_is_longer_indefinite_or_wrong_is_none(wrong):
    assert not is_der(wrong)
