"""REV-01 … REV-03: what an application for revocation asks (domain.md §6, §7, §18; seed 1-3-1); REV-04 stands in comment.py.

A finding's `field` is "serial", "reason", "comment", "compromised_at", "noticed_at" or "is_emergency".
"""

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from webapp.papers import serial as serials
from webapp.papers.revocation_reasons import KEY_COMPROMISE, REASONS, UNSPECIFIED
from webapp.rules import ERROR, WARNING, Finding, rule
from webapp.rules.subject import quoted
from webapp.rules.verbs import ON_REVOCATION

JST = timezone(timedelta(hours=9))
AT_ONCE = timedelta(hours=24)  # CSBR §4.9.1.1: from becoming aware of the compromise


@dataclass(frozen=True)
class Asked:
    """What the applicant asks: `serial` as typed, in any notation (papers.serial); `reason` a code or None;
    `compromised_at` and `noticed_at` aware instants or None."""

    serial: str
    reason: int | None
    comment: str = ""
    compromised_at: datetime | None = None
    noticed_at: datetime | None = None
    is_emergency: bool = False


@dataclass(frozen=True)
class Target:
    """The register's certificate: `serial` hex, `issuer` the CN of its CA, its period (aware instants), `revoked_at` or
    None, `open_number` of another revocation of it that is under way, or ""."""

    serial: str
    issuer: str
    not_before: datetime
    not_after: datetime
    revoked_at: datetime | None = None
    open_number: str = ""


@rule(
    "REV-01",
    (ERROR,),
    "シリアル番号が台帳の証明書のもので、その証明書は期限内であり、失効していない。",
    "証明書の一覧から、失効する証明書を選ぶ。",
    "手順 1-3-1(domain.md §7)",
    revoke=ON_REVOCATION,
)
def rev_01(serial, target, profile, *, at):
    """The serial is that of a certificate of the register, by the profile's CA, neither expired nor revoked, and no
    other revocation of it is under way."""
    if wrong := serials.fault(serial):
        return [_wrong_serial(wrong, "証明書の一覧から選ぶと、シリアル番号は自動で記入されます。")]
    if target is None or int(target.serial, 16) not in serials.readings(serial):
        advice = "証明書の一覧から、失効する証明書を選んでください。"
        return [_wrong_serial(f"シリアル番号{quoted(serial)}の証明書が、台帳にありません。", advice)]
    complaints = [
        (
            target.issuer not in profile.issuers,
            f"この証明書の発行者は{quoted(target.issuer)}で、{profile.title}ではありません。",
            "発行した認証局の手続きで失効してください。",
        ),
        (
            target.revoked_at,
            f"この証明書は、{_moment(target.revoked_at)}に失効しています。",
            "失効の申請は不要です。",
        ),
        (
            target.not_after < at,
            f"この証明書の有効期間は、{_moment(target.not_after)}に終わっています。",
            "期限切れの証明書は失効できません。今後は使用しないでください。",
        ),
        (
            target.open_number,
            f"この証明書の失効は、{target.open_number}で申請中です。",
            f"{target.open_number}の手続きを進めてください。",
        ),
    ]
    return [_wrong_serial(sentence, advice) for holds, sentence, advice in complaints if holds]


@rule(
    "REV-02",
    (ERROR,),
    "失効理由は 0・1・3・4・5 のどれかで、0(その他)にはコメントを書く。",
    "失効理由を選び直し、コメントを書く。",
    "TLS BR §7.2.2、NII(domain.md §6.3)",
    revoke=ON_REVOCATION,
)
def rev_02(reason, comment):
    """The reason is one that applicants may give; その他 says what it is."""
    if reason not in REASONS:
        offered = "、".join(f"「{each.words}」" for each in REASONS.values())
        return [Finding("REV-02", ERROR, "reason", "失効理由が選ばれていません。", f"{offered}から選んでください。")]
    if reason == UNSPECIFIED and not comment.strip():
        sentence = f"失効理由が「{REASONS[UNSPECIFIED].words}」のときは、失効理由コメントが必要です。"
        return [Finding("REV-02", ERROR, "comment", sentence, "失効する理由を具体的に記入してください。")]
    return []


@rule(
    "REV-03",
    (ERROR, WARNING),
    "危殆化のときは推定日時を書き、署名を直ちにやめ、気づいてから24時間以内に送付する。",
    "推定日時を記入し、緊急の失効として申請する。",
    "CSBR §4.9.1.1",
    revoke=ON_REVOCATION,
)
def rev_03(asked, target, *, at):
    """A compromised key: since when, urgently, and within 24 hours from noticing it. `target` may be None."""
    if asked.reason != KEY_COMPROMISE:
        return _compromise_of_another_reason(asked)
    found = [*_since_when(asked.compromised_at, target, at), *_urgent(asked), *_hours(asked.noticed_at, at)]
    return [*found, *_in_order(asked)]


def _in_order(asked):
    """Nobody notices a compromise before it happens."""
    if asked.compromised_at is None or asked.noticed_at is None or asked.compromised_at <= asked.noticed_at:
        return []
    sentence = "危殆化の推定日時が、気づいた日時より後です。"
    return [Finding("REV-03", ERROR, "compromised_at", sentence, "どちらかの日時を直してください。")]


def _compromise_of_another_reason(asked):
    if asked.compromised_at is None:
        return []
    words = REASONS[KEY_COMPROMISE].words
    sentence = f"危殆化の推定日時は、失効理由が「{words}」のときだけ記入します。"
    advice = f"秘密鍵が危殆化したときは失効理由に「{words}」を選び、そうでなければ日時を消してください。"
    return [Finding("REV-03", ERROR, "compromised_at", sentence, advice)]


def _since_when(compromised_at, target, at):
    if compromised_at is None:
        sentence = "危殆化の推定日時が記入されていません。"
        advice = "はっきりしないときは、考えられる最も早い日時を記入してください。この日時より後の署名が疑われます。"
        return [Finding("REV-03", ERROR, "compromised_at", sentence, advice)]
    if compromised_at > at:
        sentence = f"危殆化の推定日時({_moment(compromised_at)})が、現在より後です。"
        return [Finding("REV-03", ERROR, "compromised_at", sentence, "現在以前の日時を記入してください。")]
    if target and compromised_at < target.not_before:
        sentence = f"危殆化の推定日時が、証明書の有効期間の始まり({_moment(target.not_before)})より前です。"
        advice = "間違いがなければ、このまま進めます。この証明書によるすべての署名が疑われます。"
        return [Finding("REV-03", WARNING, "compromised_at", sentence, advice)]
    return []


def _urgent(asked):
    if asked.is_emergency:
        return []
    sentence = "秘密鍵が危殆化していますが、緊急の扱いになっていません。"
    advice = "すぐにこの鍵での署名をやめ、緊急の失効として申請してください。"
    return [Finding("REV-03", WARNING, "is_emergency", sentence, advice)]


def _hours(noticed_at, at):
    if noticed_at is None:
        sentence = "危殆化に気づいた日時が記入されていないため、24時間の期限が分かりません。"
        return [Finding("REV-03", WARNING, "noticed_at", sentence, "気づいた日時を記入してください。")]
    if noticed_at > at:
        sentence = f"危殆化に気づいた日時({_moment(noticed_at)})が、現在より後です。"
        return [Finding("REV-03", ERROR, "noticed_at", sentence, "現在以前の日時を記入してください。")]
    left = noticed_at + AT_ONCE - at
    until = f"危殆化に気づいてから24時間の期限({_moment(noticed_at + AT_ONCE)})"
    if left >= timedelta(0):
        said = f"{until}まで、あと{_length(left)}です。"
        return [_clock(said, "期限までにサービス窓口へ送付してください。", until)]
    said = f"{until}を、{_length(-left)}過ぎています。"
    return [_clock(said, "ただちにサービス窓口へ送付してください。", f"{until} 超過")]


def _length(duration):
    hours, minutes = divmod(int(duration.total_seconds()) // 60, 60)
    return f"{hours}時間{minutes}分" if hours else f"{minutes}分"


def _clock(sentence, advice, point):
    return Finding("REV-03", WARNING, "noticed_at", sentence, advice, point)


def _wrong_serial(sentence, advice):
    return Finding("REV-01", ERROR, "serial", sentence, advice)


def _moment(instant):
    local = instant and instant.astimezone(JST)
    return local and f"{local.year}年{local.month}月{local.day}日 {local:%H:%M}"
