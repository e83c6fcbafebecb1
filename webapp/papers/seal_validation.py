"""The validation report of a sealed PDF, in the words of ETSI EN 319 102-1 (v1.3.1 §5.1.3, tables 5 and 6) and in plain Japanese.

Accepted is TOTAL-PASSED, or INDETERMINATE with TRY_LATER: nothing is known of the certificate's revocation (SIG-04). All else is
a refusal. What proves that a signature existed at a time is the receipt, or a time stamp that is trusted. A certificate that had
expired or been revoked by then is …_NO_POE, not EXPIRED or REVOKED: the norm keeps these for a signature proven to be made too
late. One that was not valid yet proves that the signature was made too early: NOT_YET_VALID (5.5.4, step 4).
A method that the house never took, at no time, is CRYPTO_CONSTRAINTS_FAILURE, without …_NO_POE: no proof would help."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from webapp.papers.seal_report import CLOCK_OF_SIGNER, Seal

PASSED, INDETERMINATE, FAILED = "TOTAL-PASSED", "INDETERMINATE", "TOTAL-FAILED"
FINE, WRONG, UNKNOWN, NOT_LOOKED_AT = "適合", "不適合", "未確認", "未実施"
WORDS = {
    PASSED: "電子署名は有効です。",
    INDETERMINATE: "電子署名を有効と確認できませんでした。",
    FAILED: "電子署名は無効です。",
}
# In the order in which they are looked at: what, and its name in the norm.
STEPS = {
    "format": ("PDFを読み取れ、審査した申請書のあとに、全体を対象とする署名が1つある", "Format Checking (5.2.2)"),
    "document": (
        "署名のほかに変更がなく、署名は「印」の欄にある",
        "Signature Acceptance Validation (5.2.8): signed data object",
    ),
    "crypto": ("署名の値が、PDFの内容と証明書に合う", "Cryptographic Verification (5.2.7)"),
    "certificate": (
        "証明書はS/MIME用で、受領の時点で有効期間内であり、登録された認証局につながる",
        "X.509 Certificate Validation (5.2.6)",
    ),
    "envelope": ("署名の入れ物(CMS)に余分なものがない", "Signature Acceptance Validation (5.2.8): CMS"),
    "stamp": ("タイムスタンプがあれば、この署名に対する正しいものである", "Time-stamp Validation (5.4)"),
    "revocation": ("証明書は失効していない", "Revocation Freshness (5.2.5)"),
    "signer": (
        "署名した人は、申請書に記載された人で、その役割に登録されている",
        "Signature Acceptance Validation (5.2.8): signer",
    ),
}
# The words that mean TOTAL-FAILED; all others mean INDETERMINATE.
FAILURES = {"FORMAT_FAILURE", "HASH_FAILURE", "SIG_CRYPTO_FAILURE", "NOT_YET_VALID"}
SUBS = {
    "another_document": "SIG_CONSTRAINTS_FAILURE",
    "changed_before": "SIG_CONSTRAINTS_FAILURE",
    "changed_after": "SIG_CONSTRAINTS_FAILURE",
    "two_signatures": "SIG_CONSTRAINTS_FAILURE",
    "not_on_seal_spot": "SIG_CONSTRAINTS_FAILURE",
    "covers_text": "SIG_CONSTRAINTS_FAILURE",
    "unusual": "SIG_CONSTRAINTS_FAILURE",
    "bad_stamp": "SIG_CONSTRAINTS_FAILURE",
    "signer": "SIG_CONSTRAINTS_FAILURE",
    "untrusted": "NO_CERTIFICATE_CHAIN_FOUND",
    "client_certificate": "CHAIN_CONSTRAINTS_FAILURE",
    "expired": "OUT_OF_BOUNDS_NO_POE",
    "not_yet_valid": "NOT_YET_VALID",
    "revoked": "REVOKED_NO_POE",
    "weak": "CRYPTO_CONSTRAINTS_FAILURE",
    "no_signature": "FORMAT_FAILURE",
    "unreadable": "FORMAT_FAILURE",
    "broken": "FORMAT_FAILURE",
}
UNKNOWN_REVOCATION = "TRY_LATER"
# What a word says of this very signature.
MEANINGS = {
    "": "すべての条件に合っています。",
    "SIG_CONSTRAINTS_FAILURE": "署名した人、署名された内容、署名の付け方のどれかが、この手続きの条件に合いません。",
    "CHAIN_CONSTRAINTS_FAILURE": "署名に使われた証明書が、この手続きの条件に合いません。",
    "NO_CERTIFICATE_CHAIN_FOUND": "署名に使われた証明書が、登録された認証局につながりません。",
    "CRYPTO_CONSTRAINTS_FAILURE": "署名の方式や鍵が古く、安全とみなせません。",
    "OUT_OF_BOUNDS_NO_POE": "受領したとき証明書の有効期限が切れていて、その前に署名された証拠がありません。",
    "REVOKED_NO_POE": "証明書が失効していて、その前に署名された証拠がありません。",
    "NOT_YET_VALID": "証明書の有効期間が始まる前の署名です。",
    "FORMAT_FAILURE": "電子署名として読み取れません。",
    "HASH_FAILURE": "PDFの内容が、署名されたときと異なります。",
    "SIG_CRYPTO_FAILURE": "署名の値が、証明書の鍵と合いません。",
    UNKNOWN_REVOCATION: "証明書が失効していないことを確かめる情報が、まだありません。ほかの条件には合っています。",
}
LEVELS = {
    "B-B": "時刻の証明がない電子署名です。だれが署名したかと、そのあとに変更がないことは確かめられます。"
    f"いつ署名したかは、第三者が証明していません。{CLOCK_OF_SIGNER}証明書は、受領した時刻で確かめています。",
    "B-T": "時刻の証明がある電子署名です。だれが署名したかと、そのあとに変更がないことに加え、"
    "遅くともタイムスタンプの時刻に署名があったことを、登録されたタイムスタンプ局が証明しています。",
}
IGNORED = "付いているタイムスタンプは、局({authority})が登録されていないため、ないものとして扱っています。"


@dataclass(frozen=True)
class Validation:
    """What the examination of one PDF came to: `seal`, or the refusal's code, step, ETSI word (where its code alone does not
    tell) and sentences. The hashes are SHA-256 in hex."""

    seal: Seal | None
    frozen_sha256: str
    signed_sha256: str
    received_at: datetime
    code: str = ""
    step: str = ""
    sub: str = ""
    message: str = ""
    advice: str = ""


def indication(code: str, sub: str = "", revocation: str = "good") -> tuple[str, str]:
    """(main indication, sub-indication) of a refusal's code, or without one by the RevocationState's state."""
    if not code and revocation == "good":
        return PASSED, ""
    word = (sub or SUBS[code]) if code else UNKNOWN_REVOCATION
    return (FAILED if word in FAILURES else INDETERMINATE), word


def report(found: Validation, state=None, refusal=None, stamp_note="") -> dict:
    """The report as JSON: `state` the RevocationState (None: not looked at), `refusal` a Refused that came after the seal was
    found right (revoked, or not the right person), `stamp_note` why no time stamp could be had."""
    code = found.code or (getattr(refusal, "code", "") or "signer" if refusal else "")
    main, sub = indication(code, found.sub, state.state if state else "good")
    failing = found.step or (("revocation" if code == "revoked" else "signer") if refusal else "")
    seal = found.seal
    return {
        "version": 1,
        "indication": main,
        "sub_indication": sub,
        "code": code,
        "message": found.message or (refusal.message if refusal else ""),
        "advice": found.advice or (refusal.advice if refusal else ""),
        "checks": _checks(failing, found, state),
        "points": [[point.sentence, point.result, point.detail] for point in seal.points] if seal else [],
        "level": level(seal) if seal else "",
        "level_means": _level(seal) + stamp_note,
        "signer": _signer(seal),
        "times": {
            "claimed": _iso(seal and seal.claimed_at),
            "stamped": _iso(seal and seal.stamp and seal.stamp.is_trusted and seal.stamp.at),
            "received": _iso(found.received_at),
        },
        "sha256": {"frozen": found.frozen_sha256, "signed": found.signed_sha256},
    }


def _checks(failing, found, state):
    checks, is_over = [], False
    for step, (sentence, word) in STEPS.items():
        result, detail = NOT_LOOKED_AT if is_over else FINE, ""
        if step == failing:
            result, is_over = WRONG, True
        elif step == "revocation" and not is_over:
            result, detail = _revocation(state)
        elif step == "stamp" and not is_over and found.seal:
            result, detail = _stamp(found.seal.stamp)
        checks.append([sentence, result, detail, word])
    return checks


def _revocation(state):
    if state is None:
        return NOT_LOOKED_AT, ""
    return (UNKNOWN, f"SIG-04: {state.sentence}") if state.state == "unknown" else (FINE, state.label)


def _stamp(stamp):
    if stamp is None:
        return "対象外", "タイムスタンプはありません。"
    return (FINE, "") if stamp.is_trusted else (UNKNOWN, IGNORED.format(authority=stamp.authority))


def level(seal: Seal) -> str:
    """The PAdES level: B-T with a time stamp of an authority that is trusted, else B-B."""
    return "B-T" if seal.stamp and seal.stamp.is_trusted else "B-B"


def _level(seal):
    if seal is None:
        return ""
    is_ignored = seal.stamp is not None and not seal.stamp.is_trusted
    return LEVELS[level(seal)] + (IGNORED.format(authority=seal.stamp.authority) if is_ignored else "")


def _signer(seal):
    if seal is None:
        return {}
    return {
        "mails": list(seal.signer_mails),
        "subject": seal.subject_text,
        "issuer": seal.issuer_text,
        "serial": seal.serial_hex,
        "not_before": _iso(seal.not_before),
        "not_after": _iso(seal.not_after),
        "sha256": hashlib.sha256(seal.certificate_der).hexdigest(),
        "chain": list(seal.chain),
        "authority": seal.stamp.authority if seal.stamp else "",
    }


def _iso(instant):
    return instant.isoformat() if instant else ""
