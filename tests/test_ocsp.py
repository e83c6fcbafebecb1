"""失効状態の問い合わせ: an answer counts only from who may speak for the authority, about this certificate, today."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from asn1crypto import ocsp as asn1_ocsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import ReasonFlags, ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests import ca
from tests.openssl import openssl
from tests.revocation import answer, damaged, responder, response, serial, signed_answer
from webapp.errors import Refused, Unreadable
from webapp.papers import guard
from webapp.papers import revocation_status as status
from webapp.papers.revocation_status import ocsp_request, read_ocsp
from webapp.papers.status_answer import HOLD

REVOKED, UNKNOWN = ocsp.OCSPCertStatus.REVOKED, ocsp.OCSPCertStatus.UNKNOWN
NONCE = bytes(range(32))


@pytest.fixture(scope="module")
def authority():
    return ca.Authority(at=datetime.now(UTC) - timedelta(hours=1))


@pytest.fixture(scope="module")
def certificate(authority):
    return authority.code_signing(ca.new_key().public_key())


@pytest.fixture(scope="module")
def key():
    """Of somebody who answers in the authority's name."""
    return ca.new_key()


@pytest.fixture
def read(authority, certificate):
    """Read an answer about `certificate`, now."""
    return lambda data, at=None, nonce=None: read_ocsp(
        data, ca.der(authority.issuing), serial(certificate), at or datetime.now(UTC), nonce
    )


def test_a_revoked_certificate(authority, certificate, read):
    when = authority.at - timedelta(days=1)
    found = read(answer(authority, certificate, status=REVOKED, reason=ReasonFlags.superseded, revoked_at=when))
    assert (found.outcome, found.reason, found.revoked_at) == ("revoked", 4, when)
    assert (found.this_update, found.next_update) == (authority.at, authority.at + timedelta(hours=8))
    assert "失効しています" in found.sentence and "置き換え" in found.sentence
    assert found.signer.startswith(f"CN={ca.ISSUER}, ")
    assert read(answer(authority, certificate, status=REVOKED)).reason is None


def test_a_good_one_and_an_unknown_one(authority, certificate, read):
    good, unknown = read(answer(authority, certificate)), read(answer(authority, certificate, status=UNKNOWN))
    assert (good.outcome, good.revoked_at, good.reason) == ("good", None, None)
    assert (unknown.outcome, unknown.revoked_at) == ("unknown", None) and "知らない" in unknown.sentence


def test_on_hold_is_for_the_time_being_and_never_issued_is_unknown(authority, certificate, read):
    hold = {"status": REVOKED, "reason": ReasonFlags.certificate_hold}
    held = read(answer(authority, certificate, **hold))
    assert (held.outcome, held.reason) == ("revoked", HOLD)
    never = answer(authority, certificate, **hold, revoked_at=datetime(1970, 1, 1, tzinfo=UTC))
    assert read(never).outcome == "unknown"  # RFC 6960 §2.2


@pytest.mark.parametrize("algorithm", [hashes.SHA1(), hashes.SHA256(), hashes.SHA384()])
@pytest.mark.parametrize("by_name", [True, False])
def test_the_certificate_and_the_responder_may_be_named_in_every_way(authority, certificate, read, algorithm, by_name):
    assert read(answer(authority, certificate, algorithm=algorithm, by_name=by_name)).outcome == "good"


def test_an_rsa_authority(certificate):
    signer = ca.Authority()
    signer.issuing_key = rsa.generate_private_key(65537, 2048)
    own = signer._authority(signer.issuing.subject, signer.issuing_key, signer.issuing.subject, signer.issuing_key)
    data = answer(signer, certificate, issuer=own, responder=own, is_enclosed=False)
    assert read_ocsp(data, ca.der(own), serial(certificate), datetime.now(UTC)).outcome == "good"


# Who may answer


def test_a_responder_of_the_authority(authority, certificate, read, key):
    delegate = responder(authority, key)
    found = read(answer(authority, certificate, responder=delegate, key=key))
    assert (found.outcome, found.signer) == ("good", "CN=OCSP Responder")
    assert any("失効は、確かめていません" in point for point in found.points)  # it has no id-pkix-ocsp-nocheck
    assert read(answer(authority, certificate, responder=delegate, key=key, by_name=True)).outcome == "good"


@pytest.mark.parametrize(
    "change, sentence",
    [
        ({"purposes": ()}, "OCSPSigning"),
        ({"purposes": (ExtendedKeyUsageOID.CODE_SIGNING,)}, "OCSPSigning"),
        ({"purposes": (ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,)}, "OCSPSigning"),
        ({"usages": ("key_encipherment",)}, "鍵用途"),
        ({"days": 1, "not_before": datetime.now(UTC) - timedelta(days=2)}, "有効期間"),
        ({"not_before": datetime.now(UTC) + timedelta(days=1)}, "有効期間"),
        ({"crl_urls": (ca.CRL_URL,), "crl_critical": True}, "重要な拡張"),
    ],
)
def test_a_responder_that_may_not_answer(authority, certificate, read, key, change, sentence):
    delegate = responder(authority, key, **change)
    with pytest.raises(status.NotAuthorised, match=sentence):
        read(answer(authority, certificate, responder=delegate, key=key))


def test_a_foreign_responder(certificate, read, authority, key):
    stranger = ca.Authority()  # the same name, another key
    with pytest.raises(status.NotAuthorised, match="任された者ではありません"):
        read(answer(authority, certificate, responder=responder(stranger, key), key=key))
    with pytest.raises(status.NotAuthorised):
        read(answer(authority, certificate, responder=stranger.issuing, key=stranger.issuing_key))
    with pytest.raises(status.NotAuthorised, match="証明書が付いていません"):
        read(answer(authority, certificate, responder=responder(stranger, key), key=key, is_enclosed=False))


def test_a_responder_two_steps_below_the_authority(authority, certificate, read, key):
    below = ca.Authority()
    below.issuing = authority.certificate(
        below.issuing_key.public_key(), (("CN", "Sub"),), usages=("key_cert_sign",), purposes=(), mails=(), is_ca=True
    )
    with pytest.raises(status.NotAuthorised):
        read(answer(authority, certificate, responder=responder(below, key), key=key))


def test_the_root_does_not_answer_for_the_issuing_authority(authority, certificate, read):
    with pytest.raises(status.NotAuthorised):
        read(answer(authority, certificate, responder=authority.root, key=authority.root_key))


def test_a_wrong_signature(authority, certificate, read, key):
    tbs = response(authority, certificate).tbs_response_bytes
    assert read(signed_answer(tbs, authority.issuing_key)).outcome == "good"
    with pytest.raises(status.WrongSignature):
        read(signed_answer(tbs, key))
    delegated = response(authority, certificate, responder=responder(authority, key), key=key)
    good = delegated.signature
    with pytest.raises(status.WrongSignature):
        read(delegated.public_bytes(Encoding.DER).replace(good, good[:-1] + bytes([good[-1] ^ 1])))


def test_an_old_hash_proves_nothing(authority, certificate, tmp_path):
    for name, data in (("ca", ca.pem(authority.issuing)), ("leaf", ca.pem(certificate)), ("key", pem(authority))):
        (tmp_path / f"{name}.pem").write_bytes(data)
    (tmp_path / "index.txt").touch()
    told = {}
    for hash in ("sha1", "sha256"):
        words = "ocsp -index index.txt -issuer ca.pem -cert leaf.pem -CA ca.pem -rsigner ca.pem -rkey key.pem -ndays 1"
        openssl(*words.split(), "-rmd", hash, "-respout", hash, "-no_nonce", "-noverify", cwd=tmp_path)
        told[hash] = (tmp_path / hash).read_bytes()
    words = (ca.der(authority.issuing), serial(certificate), datetime.now(UTC))
    assert read_ocsp(told["sha256"], *words).outcome == "unknown"  # openssl's list of certificates is empty
    with pytest.raises(status.WrongSignature, match="SHA-1"):
        read_ocsp(told["sha1"], *words)


def pem(authority):
    return authority.issuing_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


# What it is about


def test_another_certificate(authority, read):
    other = authority.code_signing(ca.new_key().public_key())
    with pytest.raises(status.OtherCertificate, match="別のシリアル番号"):
        read(answer(authority, other))


def test_the_same_serial_of_another_authority(authority, certificate, read):
    stranger = ca.Authority(issuer="Some other CA")
    twin = stranger.code_signing(ca.new_key().public_key(), serial=certificate.serial_number)
    with pytest.raises(status.OtherIssuer):
        read(answer(authority, twin, issuer=stranger.issuing))


def test_the_nonce(authority, certificate, read):
    request, nonce = ocsp_request(certificate.serial_number, ca.der(authority.issuing))
    asked = ocsp.load_der_ocsp_request(request)
    assert (asked.serial_number, asked.extensions[0].value.nonce, len(nonce)) == (certificate.serial_number, nonce, 32)
    assert ocsp_request(certificate.serial_number, ca.der(authority.issuing))[1] != nonce
    assert any("一致します" in point for point in read(answer(authority, certificate, nonce=nonce), nonce=nonce).points)
    assert any("確かめていません" in point for point in read(answer(authority, certificate, nonce=nonce)).points)
    assert any("nonce)がありません" in point for point in read(answer(authority, certificate), nonce=nonce).points)
    with pytest.raises(status.WrongNonce, match="別の問い合わせ"):
        read(answer(authority, certificate, nonce=NONCE), nonce=nonce)


def test_old_answers_and_answers_from_the_future(authority, certificate, read):
    data = answer(authority, certificate)
    with pytest.raises(status.Stale, match="過ぎています"):
        read(data, authority.at + timedelta(hours=8, seconds=1))
    with pytest.raises(status.Stale, match="まだ来ていません"):
        read(data, authority.at - timedelta(minutes=6))
    tomorrow = answer(authority, certificate, begins=datetime.now(UTC) + timedelta(days=1))
    with pytest.raises(status.Stale, match="まだ来ていません"):
        read(tomorrow)


def test_an_answer_without_an_end_is_about_the_day(authority, certificate, read):
    found = read(answer(authority, certificate, ends=None))
    assert (found.outcome, found.next_update) == ("good", None)
    with pytest.raises(status.Stale, match="古すぎます"):
        read(answer(authority, certificate, ends=None), authority.at + timedelta(days=1, seconds=1))


def test_critical_extensions(authority, certificate, read):
    strange = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.32473.9"), b"\5\0")
    assert read(answer(authority, certificate, extensions=[(strange, False)])).outcome == "good"
    with pytest.raises(status.NotUnderstood):
        read(answer(authority, certificate, extensions=[(strange, True)]))
    tbs = asn1_ocsp.ResponseData.load(response(authority, certificate).tbs_response_bytes).copy()
    tbs["responses"][0]["single_extensions"] = [
        {"extn_id": "1.3.6.1.4.1.32473.9", "critical": True, "extn_value": b"\5\0"}
    ]
    with pytest.raises(status.NotUnderstood, match="32473"):
        read(signed_answer(tbs.dump(force=True), authority.issuing_key))


def test_two_words_about_one_certificate(authority, certificate, read):
    tbs = asn1_ocsp.ResponseData.load(response(authority, certificate).tbs_response_bytes).copy()
    tbs["responses"].append(tbs["responses"][0].copy())
    with pytest.raises(status.OtherCertificate, match="2つ以上"):
        read(signed_answer(tbs.dump(force=True), authority.issuing_key))


# What is no answer


@pytest.mark.parametrize(
    "said, code",
    [
        ("MALFORMED_REQUEST", "malformedRequest"),
        ("INTERNAL_ERROR", "internalError"),
        ("TRY_LATER", "tryLater"),
        ("SIG_REQUIRED", "sigRequired"),
        ("UNAUTHORIZED", "unauthorized"),
    ],
)
def test_an_error_of_the_responder(read, said, code):
    data = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus[said]).public_bytes(Encoding.DER)
    with pytest.raises(status.NoStatus, match=code) as caught:
        read(data)
    assert caught.value.code == code and caught.value.advice


def test_other_bytes(authority, certificate, read):
    page = b"<!DOCTYPE html><title>Not found</title>"
    empty = bytes.fromhex("30030a0100")  # successful, without an answer
    for data in (page, b"\x30\x80", ca.der(certificate), ca.der(authority.crl()), empty):
        with pytest.raises(Unreadable, match="OCSP"):
            read(data)
    with pytest.raises(Unreadable, match="空です"):
        read(b"")
    with pytest.raises(status.TooLarge):
        read(bytes(status.MAX_OCSP_BYTES + 1))


def test_value_and_refusal_come_back_from_the_guarded_child(authority, certificate):
    def guarded(data, nonce):
        words = (ca.der(authority.issuing), serial(certificate), datetime.now(UTC), nonce)
        return guard.run("webapp.papers.revocation_status:read_ocsp", data, *words)

    found = guarded(answer(authority, certificate, nonce=NONCE), NONCE)
    assert isinstance(found, status.Found) and found.outcome == "good"
    busy = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER).public_bytes(Encoding.DER)
    with pytest.raises(status.NoStatus) as caught:
        guarded(busy, NONCE)
    assert caught.value.code == "tryLater"


@pytest.mark.filterwarnings("ignore:Attribute's length", "ignore:Parsed a serial number")
def test_a_damaged_answer_is_refused_or_says_the_same(authority, certificate, read, key):
    """3,000 answers: never anything but the same word, or a refusal. A responder's own certificate is damaged, too."""
    data = answer(authority, certificate, responder=responder(authority, key), key=key, nonce=NONCE)
    at, rng = datetime.now(UTC), random.Random(20261123)
    whole, refused = read(data, at, NONCE), 0
    for _ in range(3000):
        try:
            assert read(damaged(data, rng), at, NONCE) == whole
        except Refused as refusal:
            assert refusal.message and refusal.advice
            refused += 1
    assert refused > 2900


@pytest.mark.filterwarnings("ignore:Attribute's length", "ignore:Parsed a serial number")
def test_nonsense_that_is_signed_is_read_or_refused(authority, certificate, read):
    """2,000 answers, damaged and then signed: the signature hides no fall."""
    made = response(authority, certificate, status=REVOKED, reason=ReasonFlags.superseded, nonce=NONCE)
    at, rng, said = datetime.now(UTC), random.Random(20261124), set()
    for _ in range(2000):
        try:
            said.add(
                read(signed_answer(damaged(made.tbs_response_bytes, rng), authority.issuing_key), at, NONCE).outcome
            )
        except Refused as refusal:
            said.add(type(refusal).__name__)
    assert said >= {"revoked", "Unreadable", "OtherCertificate", "OtherIssuer", "WrongNonce", "NotAuthorised"}
