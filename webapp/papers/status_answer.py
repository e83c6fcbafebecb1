"""What a certification authority says about one certificate, as a value, and why its word may not count.

Shared by the two ways in which it speaks: its list (crl.py) and its answer to a question (ocsp.py).
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from webapp.errors import Refused, Unreadable
from webapp.papers import key
from webapp.papers.subject import Subject

REVOKED, GOOD, UNKNOWN = "revoked", "good", "unknown"
HASHES = ("SHA-256", "SHA-384", "SHA-512")
SKEW = timedelta(minutes=5)  # how far another clock may be ahead of ours
HOLD, REMOVE_FROM_CRL = 6, 8
MALFORMED = (*key.MALFORMED, UnsupportedAlgorithm, NotImplementedError, KeyError)
_JST = timezone(timedelta(hours=9))
_LAST = datetime(9999, 12, 31, 14, 59, tzinfo=UTC)  # beyond it no calendar in Japan can say
_REASONS = {  # RFC 5280 §5.3.1: flag -> (number, in words)
    "unspecified": (0, "理由の指定なし"),
    "key_compromise": (1, "秘密鍵の危殆化(keyCompromise)"),
    "ca_compromise": (2, "認証局の鍵の危殆化(cACompromise)"),
    "affiliation_changed": (3, "記載情報の変更(affiliationChanged)"),
    "superseded": (4, "新しい証明書への置き換え(superseded)"),
    "cessation_of_operation": (5, "利用の中止(cessationOfOperation)"),
    "certificate_hold": (HOLD, "一時停止(certificateHold)"),
    "remove_from_crl": (REMOVE_FROM_CRL, "一時停止の解除(removeFromCRL)"),
    "privilege_withdrawn": (9, "権限の取り消し(privilegeWithdrawn)"),
    "aa_compromise": (10, "属性認証局の鍵の危殆化(aACompromise)"),
}
_WORDS = dict(_REASONS.values())
_LATER = "しばらく待って、もう一度確認してください。続く場合は、サービス窓口に問い合わせてください。"
ASK_CA = "この回答は証拠にできません。取得先のアドレスを確かめ、サービス窓口に問い合わせてください。"


class TooLarge(Unreadable):
    """More bytes than such an answer may have."""


class WrongSignature(Refused):
    """The signature is not the authority's, or of a kind that proves nothing."""


class OtherIssuer(Refused):
    """The answer is about certificates of another authority."""


class OtherCertificate(Refused):
    """The answer says nothing about the certificate that was asked for."""


class Stale(Refused):
    """The answer is no longer valid, not valid yet, or does not say how long."""


class NotAuthorised(Refused):
    """Who signed may not speak for the authority (RFC 6960 §4.2.2.2; RFC 5280 §6.3.3 f)."""


class NotUnderstood(Refused):
    """A critical extension that changes what the answer means, and that is not processed here."""


class WrongNonce(Refused):
    """The answer belongs to another question."""


class NoStatus(Refused):
    """The responder answered with an error; `code` is its name in RFC 6960 §4.2.1, such as "tryLater"."""

    code = ""


@dataclass(frozen=True)
class Found:
    """What was said about one certificate, after everything was checked.

    `outcome` is "revoked", "good" or "unknown"; `revoked_at` None unless revoked, `reason` the number of RFC 5280
    §5.3.1 or None when not said; instants are aware UTC (`next_update` None: OCSP that may change at any time).
    `signer` is the DN of who signed; `sentence` says the outcome, `points` what was checked or is remarkable (Japanese).
    A certificate on hold is "revoked" with reason 6: its revocation may still be lifted.
    """

    outcome: str
    revoked_at: datetime | None
    reason: int | None
    this_update: datetime
    next_update: datetime | None
    signer: str
    sentence: str
    points: tuple[str, ...]


def issuer_of(der):
    """The authority's certificate (DER) as an x509.Certificate; Unreadable otherwise."""
    try:
        return x509.load_der_x509_certificate(der)
    except MALFORMED:
        raise Unreadable(
            "認証局の証明書を読み取れません。", "「設定」で、信頼する認証局の証明書を登録し直してください。"
        ) from None


def dn(name):
    """An x509.Name for people."""
    return str(Subject.from_name(name))


def moment(instant):
    """An instant for people: "2026-11-23 15:04" in Japan; the last hours of 9999 (RFC 5280 §4.1.2.5) as their first."""
    return min(instant, _LAST).astimezone(_JST).strftime("%Y-%m-%d %H:%M")


def reason_of(flag):
    """The number behind an x509.ReasonFlags; None for None."""
    return None if flag is None else _REASONS[flag.name][0]


def revoked_sentence(reason):
    """What a person reads about a revoked certificate."""
    if reason == HOLD:
        return "この証明書は、一時停止されています(certificateHold)。失効は確定していません。"
    return f"この証明書は、失効しています。理由: {_WORDS.get(reason, _WORDS[0])}。"


def check_size(data, limit, what):
    """At most `limit` bytes, and not nothing. Raises TooLarge, Unreadable."""
    if not data:
        raise Unreadable(f"{what}の中身が空です。", _LATER)
    if len(data) > limit:
        raise TooLarge(f"{what}が大きすぎます({len(data) // 1024} KB)。上限は{limit // 1024} KBです。", ASK_CA)


def unreadable(what):
    """The refusal of bytes that are something else, or damaged."""
    return Unreadable(f"{what}として読み取れません。壊れているか、別のファイルです。", ASK_CA)


def check_hash(signed, what):
    """Signed with SHA-2; an older hash could be forged, another kind of signature is not known here."""
    found = key.hash_name(signed)
    if found not in HASHES:
        raise WrongSignature(f"{what}の署名の方式({found or '不明'})は、証拠に使えません。", ASK_CA)


def wrong_signature(what, signer):
    """The refusal of a signature by another key."""
    return WrongSignature(f"{what}の署名が、「{dn(signer.subject)}」の鍵によるものではありません。", ASK_CA)


def is_issued_by(certificate, issuer):
    """Whether names and signature say so (RFC 5280 §6.1.3 a.1, a.4)."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except (*MALFORMED, InvalidSignature):
        return False
    return True


def check_begun(this_update, at, what):
    """The answer does not come from the future, but for a small difference of clocks. Raises Stale."""
    if this_update > at + SKEW:
        sentence = f"{what}の日時({moment(this_update)})が、まだ来ていません。"
        raise Stale(sentence, "このサーバーの時計が合っているか確認してください。")


def check_lasts(next_update, at, what):
    """The answer is still valid. Raises Stale."""
    if next_update < at:
        sentence = f"{what}の有効期限(次回の更新 {moment(next_update)})が過ぎています。"
        raise Stale(sentence, f"新しい{what}がまだ公開されていません。{_LATER}")
