"""B-T: a time stamp on a seal is verified, asked for after a station has signed, and never holds a seal up."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from asn1crypto import cms

from tests import ca, papers_seals
from tests.cases import again, frozen_of, unguarded
from tests.papers_pdf import frozen_pdf
from tests.time_stamps import TimeStampAuthority
from webapp import clock, profiles
from webapp.acts import ca_profiles, seal_stamps, sealing
from webapp.papers import seal, signature_stamp
from webapp.papers.seal_report import SealRefused
from webapp.register import Paper, SealValidation, TrustAnchor

pytestmark = pytest.mark.slow
FROZEN = frozen_pdf()


@pytest.fixture(scope="module")
def authority():
    return ca.Authority("Practice S/MIME CA")


@pytest.fixture(scope="module")
def stamp_authority():
    return ca.Authority("Practice TSA CA")


@pytest.fixture
def tsa(tmp_path, stamp_authority):
    with TimeStampAuthority(tmp_path, stamp_authority) as made:
        yield made


@pytest.fixture(scope="module")
def signed(authority):
    return papers_seals.sign(FROZEN, papers_seals.Head(authority), pades=True, room=32768)


@pytest.fixture
def check(authority, stamp_authority):
    def examine(pdf, at=None, stamps=None):
        trusted = ([ca.der(stamp_authority.root)], [ca.der(stamp_authority.issuing)]) if stamps is None else stamps
        roots = [ca.der(authority.root)], [ca.der(authority.issuing)]
        return seal.check(pdf, FROZEN, *roots, at or datetime.now(UTC), trusted)

    return examine


def stamped(pdf, tsa):
    asked = signature_stamp.question(pdf)
    return signature_stamp.stamped(pdf, asked, tsa.answer(asked), [ca.der(tsa.authority.root)])


def refusal(check, pdf, **how):
    with pytest.raises(SealRefused) as refused:
        check(pdf, **how)
    return refused.value.code, refused.value.sub


def test_a_stamp_by_openssl_makes_a_seal_b_t_and_the_signature_stays_as_it_was(check, signed, tsa):
    found = check(stamped(signed, tsa))
    assert found.stamp.is_trusted and found.stamp.authority == "Practice TSA"
    assert abs(found.stamp.at - datetime.now(UTC)) < timedelta(minutes=1)
    assert any("B-T" in point.sentence for point in found.points)


def test_without_a_stamp_a_seal_is_b_b_and_says_whose_clock_it_was(check, signed):
    found = check(signed)
    assert found.stamp is None
    assert any("B-B" in point.sentence and "パソコンの時計" in point.detail for point in found.points)


def test_a_stamp_of_an_authority_that_nobody_trusts_counts_for_nothing(check, signed, tsa, stamp_authority):
    (tsa.folder / "chain.pem").write_bytes(ca.pem(stamp_authority.issuing) + ca.pem(stamp_authority.root))
    found = check(stamped(signed, tsa), stamps=((), ()))
    assert not found.stamp.is_trusted
    assert any("B-B" in point.sentence and point.result == "未確認" for point in found.points)


def test_a_stamp_over_another_signature_is_refused(check, authority, signed, tsa):
    other = stamped(
        papers_seals.sign(frozen_pdf("CS-2026-0099"), papers_seals.Head(authority), pades=True, room=32768), tsa
    )
    _, _, theirs = signature_stamp._gap(other)
    _, _, ours = signature_stamp._gap(signed)
    mine, token = signature_stamp._cms(ours), signature_stamp._cms(theirs)
    signer = mine["content"]["signer_infos"][0]
    signer["unsigned_attrs"] = token["content"]["signer_infos"][0]["unsigned_attrs"]
    mine["content"]["signer_infos"] = cms.SignerInfos([signer])
    mine = cms.ContentInfo({"content_type": "signed_data", "content": mine["content"]})
    start, end, _ = signature_stamp._gap(signed)
    made = mine.dump().hex().encode().ljust(end - start - 2, b"0")
    assert refusal(check, signed[: start + 1] + made + signed[end - 1 :])[0] == "bad_stamp"


def test_a_stamp_from_the_future_is_refused(check, signed, tsa):
    early = datetime.now(UTC) - timedelta(minutes=11)
    code, sub = refusal(check, stamped(signed, tsa), at=early + timedelta(minutes=0))
    assert code == "not_yet_valid" or (code, sub) == ("bad_stamp", "SIG_CONSTRAINTS_FAILURE")


def test_a_stamp_by_a_certificate_that_is_not_for_it_is_not_taken(tmp_path, signed, stamp_authority):
    folder = tmp_path / "wrong"
    folder.mkdir()
    tsa = TimeStampAuthority(folder, stamp_authority, days=1, not_before=datetime.now(UTC) - timedelta(days=3))
    with pytest.raises(signature_stamp.NoStamp, match="有効期間の外"):
        stamped(signed, tsa)


@pytest.mark.parametrize("answer", [b"", b"no", b"\x30\x05\x30\x03\x02\x01\x02"])
def test_an_answer_that_is_none_is_not_taken(signed, answer):
    with pytest.raises(signature_stamp.NoStamp):
        signature_stamp.stamped(signed, signature_stamp.question(signed), answer)


def test_an_old_answer_is_not_taken_again(signed, tsa):
    asked = signature_stamp.question(signed)
    with pytest.raises(signature_stamp.NoStamp, match="一致しません"):
        signature_stamp.stamped(signed, signature_stamp.question(signed), tsa.answer(asked))


# --- at the house


@pytest.fixture
def stamping(monkeypatch, house):
    def use(url):
        monkeypatch.setattr(ca_profiles, "here", lambda: replace(profiles.load("practice"), stamp_address=url))

    return use


def sealed_by_station(case, application):
    key = ca.new_key()
    certificate = case.authorities.seal.smime(key.public_key(), papers_seals.MAIL)
    head = papers_seals.Head(case.authorities.seal, key, certificate, case.authorities.seal.chain)
    with unguarded():
        pdf, note = seal_stamps.stamped(papers_seals.sign(frozen_of(application), head, pades=True, room=32768))
        sealing.seal(application, case.who("田中"), "station.pdf", pdf, note)
    return SealValidation.of(Paper.sealed(again(application))).report


def test_where_an_authority_is_named_a_stations_seal_becomes_b_t(case, stamping, tsa, stamp_authority):
    for der, is_root in ((ca.der(stamp_authority.root), True), (ca.der(stamp_authority.issuing), False)):
        TrustAnchor.create(use="timestamp", name="TSA", der=der, is_root=is_root, since_on=clock.today())
    application = case.examined()
    stamping(tsa.url)
    report = sealed_by_station(case, application)
    assert report["level"] == "B-T" and report["times"]["stamped"] and tsa.asked == 1


def test_a_stamp_that_counts_for_nothing_is_told_apart_in_the_report(case, stamping, tsa, stamp_authority):
    (tsa.folder / "chain.pem").write_bytes(ca.pem(stamp_authority.issuing) + ca.pem(stamp_authority.root))
    application = case.examined()
    stamping(tsa.url)
    report = sealed_by_station(case, application)
    assert report["level"] == "B-B" and "Practice TSA" in report["level_means"] and not report["times"]["stamped"]
    assert [check[1] for check in report["checks"] if "タイムスタンプ" in check[0]] == ["未確認"]


def test_where_the_authority_does_not_answer_the_seal_goes_on_as_b_b_and_says_so(case, stamping):
    application = case.examined()
    stamping("http://127.0.0.1:9/tsa")
    report = sealed_by_station(case, application)
    assert report["level"] == "B-B" and "タイムスタンプ局から時刻の証明を受け取れなかった" in report["level_means"]


def test_where_the_authority_is_not_registered_and_sends_half_its_chain_the_seal_goes_on_as_b_b(case, stamping, tsa):
    """The stamp would make the seal one that is refused."""
    application = case.examined()
    stamping(tsa.url)
    report = sealed_by_station(case, application)
    assert report["level"] == "B-B" and "発行者を確かめられない証明書" in report["level_means"]
    assert [check[1] for check in report["checks"] if "タイムスタンプ" in check[0]] == ["対象外"]


def test_where_the_authority_answers_nonsense_the_seal_goes_on_as_b_b(case, stamping, tsa):
    application = case.examined()
    stamping(tsa.url)
    tsa.spoil = lambda answer: answer[:-20]
    assert sealed_by_station(case, application)["level"] == "B-B"
