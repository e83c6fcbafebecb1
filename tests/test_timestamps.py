"""Time stamps on signatures: what they prove, and every way in which they prove nothing."""

from datetime import UTC, datetime, timedelta

import pytest
from asn1crypto import cms, core
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests import ca
from tests.openssl import openssl
from tests.signed_files import jar, program, script
from tests.stamping import LegacyStamper, Stamper, signature_of, stamped, value_of
from tokens import program_signature
from webapp.papers import timestamp

AT = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
KEY = ca.new_key()
LEAF = ca.Authority().code_signing(KEY.public_key())
SIGNATURE = signature_of(KEY, LEAF, said_at=AT)
STAMPER = Stamper()


def read(der, certificate=LEAF):
    return timestamp.read(der, ca.der(certificate))


def test_a_stamp_over_the_signature_tells_its_time_and_its_authority():
    found = read(stamped(SIGNATURE, STAMPER.token(value_of(SIGNATURE), AT)))
    assert found.is_right and found.signed_at == AT
    assert (found.timestamp.at, found.timestamp.authority, found.timestamp.fault) == (AT, "Practice TSA 1", "")


def test_a_stamp_made_by_openssl_is_read_as_openssl_reads_it(tmp_path):
    token = STAMPER.with_openssl(value_of(SIGNATURE), tmp_path)
    (tmp_path / "token").write_bytes(token.dump())
    (tmp_path / "root.pem").write_bytes(ca.pem(STAMPER.authority.root) + ca.pem(STAMPER.authority.issuing))
    words = ["-in", str(tmp_path / "token"), "-token_in", "-data", str(tmp_path / "value")]
    openssl("ts", "-verify", *words, "-CAfile", str(tmp_path / "root.pem"))
    told = openssl("ts", "-reply", "-in", str(tmp_path / "token"), "-token_in", "-text").decode()
    line = next(each for each in told.splitlines() if each.startswith("Time stamp: "))
    at = datetime.strptime(line.removeprefix("Time stamp: "), "%b %d %H:%M:%S %Y GMT").replace(tzinfo=UTC)
    found = read(stamped(SIGNATURE, token)).timestamp
    assert (found.at, found.fault) == (at, "")


def judged(stamper, *, anchored, signature=SIGNATURE, at=AT):
    roots, others = [ca.der(each.root) for each in anchored], [ca.der(each.issuing) for each in anchored]
    der = stamped(signature, stamper.token(value_of(signature), at))
    return timestamp.read(der, ca.der(LEAF), roots, others).timestamp


def test_a_stamp_is_trusted_when_its_authority_leads_to_a_trusted_root_and_only_then():
    stranger = ca.Authority("Practice TSA CA")
    assert judged(STAMPER, anchored=[STAMPER.authority]).is_trusted
    for anchored in ([], [stranger]):
        found = judged(STAMPER, anchored=anchored)
        assert (found.fault, found.is_trusted) == ("", False)
    assert judged(STAMPER, anchored=[stranger, STAMPER.authority]).is_trusted


def test_the_root_alone_is_not_enough_without_what_stands_between():
    der = stamped(SIGNATURE, STAMPER.token(value_of(SIGNATURE), AT))
    roots = [ca.der(STAMPER.authority.root)]
    assert not timestamp.read(der, ca.der(LEAF), roots, []).timestamp.is_trusted
    assert timestamp.read(der, ca.der(LEAF), roots, [ca.der(STAMPER.authority.issuing)]).timestamp.is_trusted


def test_a_wrong_stamp_is_not_trusted_whoever_made_it():
    der = stamped(SIGNATURE, STAMPER.token(b"other", AT))
    anchors = [ca.der(STAMPER.authority.root)], [ca.der(STAMPER.authority.issuing)]
    found = timestamp.read(der, ca.der(LEAF), *anchors).timestamp
    assert found.fault and not found.is_trusted


LEGACY = LegacyStamper()


def countersigned(value, at=AT, spoil=lambda signer: None):
    """The signature with a PKCS#9 countersignature over `value`, as Authenticode had it before RFC 3161."""
    token = cms.ContentInfo.load(LEGACY.token(value, at).dump())["content"]
    spoil(token["signer_infos"][0])
    made = cms.ContentInfo.load(stamped(SIGNATURE, token["signer_infos"][0], "1.2.840.113549.1.9.6"))
    more = [each.chosen for each in token["certificates"]]
    kept = [each.chosen for each in made["content"]["certificates"]]
    made["content"]["certificates"] = [cms.CertificateChoices("certificate", each) for each in (*kept, *more)]
    return made.dump(force=True)


def test_the_older_countersignature_is_read_verified_and_judged_by_the_same_authorities():
    der = countersigned(value_of(SIGNATURE))
    found = timestamp.read(der, ca.der(LEAF), [ca.der(LEGACY.authority.root)], []).timestamp
    assert (found.at, found.authority, found.fault, found.is_trusted) == (AT, "Practice TSA 1", "", True)
    assert not read(der).timestamp.is_trusted


def test_a_countersignature_over_another_signature_or_with_another_time_proves_nothing():
    assert "署名されたときと異なります" in read(countersigned(b"another signature")).timestamp.fault

    def earlier(signer):
        said = next(each for each in signer["signed_attrs"] if each["type"].native == "signing_time")
        said["values"] = [cms.Time({"utc_time": core.UTCTime(AT - timedelta(days=1))})]

    assert "署名が正しくありません" in read(countersigned(value_of(SIGNATURE), spoil=earlier)).timestamp.fault


def test_the_stamp_of_a_jar_is_found_too():
    der = stamped(SIGNATURE, STAMPER.token(value_of(SIGNATURE), AT), "1.2.840.113549.1.9.16.2.14")
    assert read(der).timestamp.at == AT


def test_a_stamp_over_another_signature_proves_nothing():
    assert "この署名に対するものではありません" in read(stamped(SIGNATURE, STAMPER.token(b"other", AT))).timestamp.fault


@pytest.mark.parametrize(
    "spoil, words",
    [
        (
            lambda token: token["content"]["signer_infos"][0].__setitem__("signature", b"0" * 70),
            "署名が正しくありません",
        ),
        (lambda token: token["content"].__setitem__("certificates", []), "証明書が入っていない"),
    ],
)
def test_a_forged_stamp_proves_nothing(spoil, words):
    token = cms.ContentInfo.load(STAMPER.token(value_of(SIGNATURE), AT).dump())
    spoil(token)
    assert words in read(stamped(SIGNATURE, token)).timestamp.fault


def test_a_stamp_whose_time_was_changed_proves_nothing():
    token = STAMPER.token(value_of(SIGNATURE), AT)
    earlier = (AT - timedelta(days=1)).strftime("%Y%m%d%H%M%SZ").encode()
    changed = token.dump().replace(AT.strftime("%Y%m%d%H%M%SZ").encode(), earlier)
    assert "署名されたときと異なります" in read(stamped(SIGNATURE, cms.ContentInfo.load(changed))).timestamp.fault


def test_a_stamp_by_what_is_no_time_stamp_authority_proves_nothing():
    token = Stamper((ExtendedKeyUsageOID.CODE_SIGNING,)).token(value_of(SIGNATURE), AT)
    assert "タイムスタンプ用のものではありません" in read(stamped(SIGNATURE, token)).timestamp.fault


def test_a_stamp_before_its_certificate_began_proves_nothing():
    token = STAMPER.token(value_of(SIGNATURE), AT - timedelta(days=3000))
    assert "有効期間の外" in read(stamped(SIGNATURE, token)).timestamp.fault


def test_a_signature_by_another_key_is_seen_and_one_by_another_certificate_is_none_of_ours():
    forged = signature_of(ca.new_key(), LEAF)
    token = STAMPER.token(value_of(forged), AT)
    assert read(stamped(forged, token)) == timestamp.ReadSignature(False, None, None)
    other = ca.Authority().code_signing(ca.new_key().public_key())
    assert read(SIGNATURE.dump(), other) is None


@pytest.mark.parametrize("cut", range(0, 600, 7))
def test_whatever_bytes_never_break_it(cut):
    der = stamped(SIGNATURE, STAMPER.token(value_of(SIGNATURE), AT))
    place = cut * len(der) // 600
    for data in (der[:place], der[:place] + b"\xff" + der[place + 1 :], der[place:]):
        found = read(data)
        assert found is None or isinstance(found, timestamp.ReadSignature)


@pytest.mark.parametrize("wrapped", [program, script, jar])
def test_the_signature_is_taken_out_of_a_program_as_it_was_put_in(wrapped):
    found = program_signature.signed_data(wrapped(SIGNATURE.dump()))
    assert found[: len(SIGNATURE.dump())] == SIGNATURE.dump() and read(found).is_right


@pytest.mark.parametrize(
    "data", [b"", b"MZ", b"MZ" + bytes(200), b"PK\x03\x04", b"hello", program(), program(b"x", offset=9**9)]
)
def test_what_carries_no_signature_gives_none(data):
    assert program_signature.signed_data(data) is None


def test_the_name_of_an_authority_is_one_that_can_be_kept():
    stamper = Stamper(name=(("C", "JP"), ("O", "Practice"), ("CN", "\0ractice TSA 1")))
    assert judged(stamper, anchored=[stamper.authority]).authority == "�ractice TSA 1"
