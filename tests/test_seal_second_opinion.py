"""pyHanko's engine for ETSI EN 319 102-1, which we do not use, comes to the same words about the same seals as we do."""

import asyncio
import io
from datetime import timedelta

import pytest
from asn1crypto import crl as asn1_crl
from asn1crypto import x509 as asn1_x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.ades.report import AdESStatus
from pyhanko.sign.validation import KeyUsageConstraints
from pyhanko.sign.validation.ades import ades_basic_validation, ades_with_time_validation
from pyhanko.sign.validation.policy_decl import (
    LocalKnowledge,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
)
from pyhanko_certvalidator.context import CertValidationPolicySpec, ValidationTimingInfo
from pyhanko_certvalidator.policy_decl import CertRevTrustPolicy, RevocationCheckingPolicy, RevocationCheckingRule
from pyhanko_certvalidator.registry import SimpleTrustManager
from pyhanko_certvalidator.revinfo.archival import CRLContainer

from tests import ca
from tests import stamped_seals as hand
from tests.papers_seals import AT, MAIL, Head, sign
from tests.revocation import crl
from webapp.papers import revocation_state, seal, seal_validation
from webapp.papers.envelope import der_length

WORDS = {
    AdESStatus.PASSED: "TOTAL-PASSED",
    AdESStatus.INDETERMINATE: "INDETERMINATE",
    AdESStatus.FAILED: "TOTAL-FAILED",
}


@pytest.fixture(scope="module")
def world():
    return hand.StampWorld()


def theirs(world, pdf, at, authority, lists):
    """(main indication, sub-indication) by pyHanko."""
    [signature] = PdfFileReader(io.BytesIO(pdf)).embedded_signatures
    signature.compute_integrity_info()
    known = [asn1_x509.Certificate.load(ca.der(each.issuing)) for each in (authority, world.stampers)]
    crls = [CRLContainer(asn1_crl.CertificateList.load(der)) for der in lists]
    spec = SignatureValidationSpec(
        _policy(authority.root, RevocationCheckingRule.CRL_REQUIRED),
        RevocationInfoGatheringSpec(RevinfoOnlineFetchingRule.LOCAL_ONLY),
        ts_cert_validation_policy=_policy(world.stampers.root, RevocationCheckingRule.NO_CHECK),
        local_knowledge=LocalKnowledge(known_certs=known, known_crls=crls),
        key_usage_settings=KeyUsageConstraints({"digital_signature", "non_repudiation"}, match_all_key_usages=False),
    )
    timing = ValidationTimingInfo(validation_time=at, best_signature_time=at, point_in_time_validation=True)
    asked = {"timing_info": timing, "raw_digest": signature.compute_digest()}
    is_stamped = bool(signature.signer_info["unsigned_attrs"].native)
    judge = ades_with_time_validation if is_stamped else ades_basic_validation
    said = asyncio.run(judge(signature.signed_data, spec, **asked)).ades_subindic
    return WORDS[said.status], "" if said.status is AdESStatus.PASSED else said.standard_name


def _policy(root, rule):
    trusted = SimpleTrustManager.build([asn1_x509.Certificate.load(ca.der(root))])
    rules = RevocationCheckingPolicy(rule, RevocationCheckingRule.NO_CHECK)
    return CertValidationPolicySpec(trusted, CertRevTrustPolicy(rules))


def ours(world, pdf, at, authority, lists):
    """The same by us."""
    anchors = [ca.der(authority.root)], [ca.der(authority.issuing)]
    found = seal.validate(pdf, hand.FROZEN, *anchors, at, world.known)
    if found.seal is None:
        return seal_validation.indication(found.code, found.sub)
    state = revocation_state.judge(found.seal.certificate_der, [*anchors[0], *anchors[1]], lists, at).state
    return seal_validation.indication("revoked" if state == "revoked" else "", revocation=state)


@pytest.fixture
def both(world):
    def opinions(pdf=None, at=AT, authority=None, lists=None):
        lists = [crl(world.authority)] if lists is None else lists
        asked = (world, pdf or world.sealed, at, authority or world.authority, lists)
        return ours(*asked), theirs(*asked)

    return opinions


PASSED = ("TOTAL-PASSED", "")


def test_a_good_seal_passes_with_both(both):
    assert both() == (PASSED, PASSED)


def test_a_good_seal_with_a_time_stamp_passes_with_both(both, world):
    assert both(world.stamped()) == (PASSED, PASSED)


def test_a_seal_over_other_bytes_fails_with_both_by_its_hash(both, world):
    before, after = world.sealed.rsplit(b'pdf:Producer="pyHanko', 1)
    said = both(before + b'pdf:Producer="another' + after)
    assert said == (("TOTAL-FAILED", "HASH_FAILURE"),) * 2


def test_a_changed_signature_value_fails_with_both(both, world):
    contents = hand.contents_of(world.sealed)
    size = der_length(contents)
    changed = contents[: size - 1] + bytes([contents[size - 1] ^ 1])
    assert both(hand.with_contents(world.sealed, changed)) == (("TOTAL-FAILED", "SIG_CRYPTO_FAILURE"),) * 2


def test_a_signer_of_another_authority_has_no_chain_for_both(both):
    stranger = ca.Authority("Somebody", at=AT)
    assert both(authority=stranger, lists=[crl(stranger)]) == (("INDETERMINATE", "NO_CERTIFICATE_CHAIN_FOUND"),) * 2


def test_an_expired_certificate_without_proof_of_an_earlier_time_is_out_of_bounds_for_both(both, world):
    late = world.head.certificate.not_valid_after_utc + timedelta(days=1)
    assert both(at=late, lists=[crl(world.authority, begins=late)]) == (("INDETERMINATE", "OUT_OF_BOUNDS_NO_POE"),) * 2


def test_a_revoked_certificate_without_proof_of_an_earlier_time_is_revoked_for_both(both, world):
    lists = [crl(world.authority, (world.head.certificate, None))]
    assert both(at=AT + timedelta(hours=1), lists=lists) == (("INDETERMINATE", "REVOKED_NO_POE"),) * 2


def test_a_weak_hash_and_a_certificate_that_may_not_sign_are_called_the_same(both, world):
    assert both(sign(hand.FROZEN, world.head, hash="sha1")) == (("INDETERMINATE", "CRYPTO_CONSTRAINTS_FAILURE"),) * 2
    key = ca.new_key()
    mute = world.authority.smime(key.public_key(), MAIL, usages=("key_encipherment",))
    said = both(sign(hand.FROZEN, Head(world.authority, key, mute)))
    assert said == (("INDETERMINATE", "CHAIN_CONSTRAINTS_FAILURE"),) * 2


GENERAL = ("INDETERMINATE", "CERTIFICATE_CHAIN_GENERAL_FAILURE")


def test_pyhanko_has_a_general_word_where_the_norm_has_one_for_unknown_revocation(both):
    assert both(lists=[]) == (("INDETERMINATE", "TRY_LATER"), GENERAL)


def test_pyhanko_has_a_general_word_where_the_norm_has_one_for_a_certificate_of_tomorrow(both, world):
    early = world.head.certificate.not_valid_before_utc - timedelta(days=1)
    said = both(at=early, lists=[crl(world.authority, begins=early)])
    assert said == (("TOTAL-FAILED", "NOT_YET_VALID"), GENERAL)
