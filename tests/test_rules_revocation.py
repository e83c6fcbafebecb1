"""REV-01 … REV-04: which revocations may be asked for, and what the officer is told beside them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from asked import asked

from webapp import profiles
from webapp.papers.revocation_reasons import REASONS
from webapp.rules import ERROR, WARNING
from webapp.rules.comment import instead, rewritten
from webapp.rules.revocation import Asked, Target

PRACTICE = profiles.load("practice")
NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)  # noon in Japan
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TARGET = Target("0a1b2c3d", PRACTICE.issuers[0], NOW - 200 * DAY, NOW + 200 * DAY)
ASKED = Asked("0a1b2c3d", 5)
STOLEN = Asked("0a1b2c3d", 1, "", NOW - 5 * HOUR, NOW - 4 * HOUR, True)


def found(revocation=ASKED, target=TARGET):
    said = {"serial": revocation.serial, "reason": revocation.reason, "comment": revocation.comment}
    findings = asked("REV", asked=revocation, target=target, profile=PRACTICE, at=NOW, **said)
    for each in findings:
        assert each.sentence.endswith("。") and each.advice.endswith("。")
    return findings


def said(revocation=ASKED, target=TARGET, severity=ERROR):
    return " ".join(each.sentence for each in found(revocation, target) if each.severity == severity)


def test_a_certificate_that_is_not_needed_any_more_may_be_revoked():
    assert found() == []


@pytest.mark.parametrize("written", ["0A:1B:2C:3D", "0x0a1b2c3d", "０Ａ１Ｂ２Ｃ３Ｄ", "169552957"])
def test_the_serial_may_be_written_in_any_notation(written):
    assert found(replace(ASKED, serial=written)) == []


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"serial": "0a1b2c3e"}, "台帳にありません"),
        ({"issuer": "Another CA"}, "発行者は「Another CA」"),
        ({"not_after": NOW - DAY}, "2026年11月21日 12:00に終わっています"),
        ({"revoked_at": NOW - DAY}, "2026年11月21日 12:00に失効しています"),
        ({"open_number": "CS-2026-0013"}, "CS-2026-0013で申請中です"),
    ],
)
def test_rev_01_only_a_certificate_that_stands_and_is_not_being_revoked(changes, sentence):
    [finding] = found(target=replace(TARGET, **changes))
    assert (finding.id, finding.severity, finding.field) == ("REV-01", ERROR, "serial")
    assert sentence in finding.sentence


def test_rev_01_an_unknown_or_broken_serial_is_named():
    assert "「0a1b2c3d」の証明書が、台帳にありません" in said(target=None)
    assert "使えない文字「z」" in said(replace(ASKED, serial="zz"), None)
    assert "入力されていません" in said(replace(ASKED, serial=""), None)


def test_rev_01_tells_everything_at_once():
    assert len(found(target=replace(TARGET, issuer="X", not_after=NOW - DAY, revoked_at=NOW))) == 3


@pytest.mark.parametrize("reason", [None, 2, 6, 9, 10, -1])
def test_rev_02_a_reason_that_applicants_may_not_give_is_refused(reason):
    [finding] = found(replace(ASKED, reason=reason))
    assert (finding.id, finding.field) == ("REV-02", "reason")
    assert all(each.words in finding.advice for each in REASONS.values())


def test_rev_02_another_reason_needs_a_comment():
    [finding] = found(replace(ASKED, reason=0, comment=" 　"))
    assert (finding.id, finding.field) == ("REV-02", "comment")
    assert found(replace(ASKED, reason=0, comment="誤って発行を受けたため")) == []


def test_the_reasons_are_those_of_rfc_5280_that_applicants_may_give():
    from cryptography.x509 import ReasonFlags

    assert set(REASONS) == {0, 1, 3, 4, 5}
    numbers = {
        "unspecified": 0,
        "keyCompromise": 1,
        "affiliationChanged": 3,
        "superseded": 4,
        "cessationOfOperation": 5,
    }
    assert {reason.name: code for code, reason in REASONS.items()} == numbers
    assert numbers.keys() <= {flag.value for flag in ReasonFlags}
    assert all(each.meaning.endswith("。") and each.help.endswith("。") for each in REASONS.values())


def test_rev_03_a_compromise_has_its_instant_and_its_clock():
    [clock] = found(STOLEN)
    assert (clock.id, clock.severity) == ("REV-03", WARNING)
    assert "2026年11月23日 08:00" in clock.sentence and "あと20時間0分" in clock.sentence


@pytest.mark.parametrize(
    ("noticed", "sentence"),
    [
        (NOW - 24 * HOUR, "まで、あと0分です"),
        (NOW - 23.5 * HOUR, "あと30分です"),
        (NOW - 27 * HOUR - timedelta(minutes=5), "を、3時間5分過ぎています"),
        (None, "気づいた日時が記入されていない"),
    ],
)
def test_rev_03_the_hours_left_or_over_are_a_warning(noticed, sentence):
    revocation = replace(STOLEN, noticed_at=noticed, compromised_at=NOW - 3 * DAY)
    assert sentence in said(revocation, severity=WARNING)
    assert said(revocation) == ""


@pytest.mark.parametrize(
    ("changes", "field", "severity", "sentence"),
    [
        ({"compromised_at": None}, "compromised_at", ERROR, "記入されていません"),
        ({"compromised_at": NOW + HOUR}, "compromised_at", ERROR, "現在より後です"),
        ({"noticed_at": NOW + HOUR}, "noticed_at", ERROR, "現在より後です"),
        ({"compromised_at": NOW - 300 * DAY}, "compromised_at", WARNING, "有効期間の始まり"),
        ({"is_emergency": False}, "is_emergency", WARNING, "緊急の扱いになっていません"),
        ({"reason": 4}, "compromised_at", ERROR, "「秘密鍵の危殆化」のときだけ"),
    ],
)
def test_rev_03_what_is_wrong_about_a_compromise(changes, field, severity, sentence):
    finding = next(each for each in found(replace(STOLEN, **changes)) if each.field == field)
    assert (finding.id, finding.severity) == ("REV-03", severity)
    assert sentence in finding.sentence


def test_rev_03_a_compromise_of_an_unknown_certificate_is_judged_as_far_as_it_goes():
    assert [each.id for each in found(STOLEN, None)] == ["REV-01", "REV-03"]


@pytest.mark.parametrize(
    "comment",
    ["", "トークンを紛失したため。", "Replaced (2026-11-22) by CS-2026-0014", "〜～−－‖∥ ￥", "ﾄｰｸﾝ", "あ" * 128],
)
def test_rev_04_what_the_authority_takes(comment):
    assert found(replace(ASKED, comment=comment)) == []


@pytest.mark.parametrize(
    ("comment", "named", "proposal"),
    [
        ("髙橋が異動", "「髙」", "「髙」→「高」"),
        ("宮﨑", "「﨑」", "「﨑」→「崎」"),
        ("𠮷野", "「𠮷」", "「𠮷」→「吉」"),
        ("①から", "「①」", "「①」→「1」"),
        ("㈱計測", "「㈱」", "「㈱」→「株式会社」"),
        ("Ⅲ期", "「Ⅲ」", "「Ⅲ」→「III」"),
        ("café", "「é」", "「é」→「e」"),
        ("終了—終了", "「—」", "「—」→「―」"),
        ("琦", "「琦」", "「琦」→かな"),
        ("😀", "「😀」", "「😀」→取り除く"),
        ("a\u200bb", "見えない文字(U+200B)", "見えない文字(U+200B)→取り除く"),
        ("葛\U000e0100", "見えない文字(U+E0100)", "→取り除く"),
        ("一行目\n二行目", "改行", "改行→空白"),
        ("a\x07b", "見えない文字(U+0007)", "→取り除く"),
        ("a\u202eb", "見えない文字(U+202E)", "→取り除く"),
    ],
)
def test_rev_04_every_character_that_will_not_do_is_named_with_what_to_write(comment, named, proposal):
    [finding] = found(replace(ASKED, comment=comment))
    assert (finding.id, finding.severity, finding.field) == ("REV-04", ERROR, "comment")
    assert named in finding.sentence and proposal in finding.advice


def test_rev_04_the_comment_is_at_most_128_characters():
    [finding] = found(replace(ASKED, comment="あ" * 130))
    assert "128文字以内" in finding.sentence and "130文字" in finding.sentence


def test_rev_04_following_every_proposal_makes_a_comment_that_is_taken():
    proposed = rewritten("髙橋①\n𠮷野㈱の宮﨑へ😀葛\U000e0100\u200b")
    assert proposed == "高橋1 吉野株式会社の宮崎へ葛"
    assert found(replace(ASKED, comment=proposed)) == []
    assert rewritten("琦") == "琦" and instead("琦") is None


def test_rev_04_every_proposal_for_any_character_is_taken_itself():
    for point in range(0x20, 0x20000):
        character = chr(point)
        proposal = instead(character) if not 0xD800 <= point < 0xE000 else ""
        assert not proposal or rewritten(proposal) == proposal, hex(point)


def test_rev_03_nobody_notices_a_compromise_before_it_happens():
    late = replace(STOLEN, compromised_at=NOW - HOUR, noticed_at=NOW - 2 * HOUR)
    assert "気づいた日時より後" in said(late) and said(STOLEN) == ""
