"""ACC-01, USE-01, TIM-01, TEL-01, DUP-01, AUD-01: applying anew, being reached, taking into use, using, recording."""

import datetime
from dataclasses import dataclass

from webapp.procedure import Kind
from webapp.rules import ERROR, WARNING, Finding, rule
from webapp.rules.verbs import EVERY, ON_DISPATCH

FRESH = datetime.timedelta(days=365)
ENOUGH = 2  # officers who can take the CA's call: one and a deputy

WRONG_USE = {
    "revoked": "証明書が失効したあとに署名されています。",
    "blocked": "鍵の使用を止めたあとに署名されています。",
    "expired": "証明書の有効期間の外で署名されています。",
    "not_accepted": "利用開始の確認が済む前に署名されています。",
}


@dataclass(frozen=True)
class Usable:
    """What decides whether a certificate may sign: aware instants, None where it has not happened; `awaits_acceptance`:
    nobody has to have accepted one that came from elsewhere."""

    not_before: datetime.datetime
    not_after: datetime.datetime
    revoked_at: datetime.datetime | None = None
    blocked_at: datetime.datetime | None = None
    accepted_at: datetime.datetime | None = None
    awaits_acceptance: bool = True


@rule(
    "USE-01",
    (ERROR,),
    "期限外・失効・利用開始前の証明書、使用を止めた鍵(危殆化・トークン紛失)では署名しない。",
    "署名しない。引き続き必要なら、新しい鍵ペアで更新を申請する。",
    "CSBR §9.6.3 (8)・(10)",
    issue=("install", "prove"),
)
def use_01(usable, at):
    """A finding's `field` is a key of WRONG_USE."""
    checks = {
        "revoked": usable.revoked_at and at >= usable.revoked_at,
        "blocked": usable.blocked_at and at >= usable.blocked_at,
        "expired": not usable.not_before <= at <= usable.not_after,
        "not_accepted": usable.awaits_acceptance and (usable.accepted_at is None or at < usable.accepted_at),
    }
    advice = "この鍵で署名しないでください。"
    return [Finding("USE-01", ERROR, why, WRONG_USE[why], advice) for why, is_so in checks.items() if is_so]


@rule(
    "ACC-01",
    (ERROR,),
    "利用を始める前に、利用管理者が証明書の記載内容を確認する(記入がなければ登録担当者が代わる)。",
    "証明書の内容を確認し、印を付ける。",
    "CSBR §9.6.3 (7)",
    issue=("accept", "accept_for"),
)
def acc_01(accepted_by, subscriber, is_reviewed):
    """`accepted_by` whoever accepts, `subscriber` the 利用管理者 or None (any values that can be compared)."""
    findings = []
    if subscriber is not None and accepted_by != subscriber:
        sentence = "証明書の内容は、利用管理者が確認します。"
        findings.append(Finding("ACC-01", ERROR, "subscriber", sentence, "ご本人に確認を依頼してください。"))
    if not is_reviewed:
        sentence = "証明書の記載内容を確認し、印を付けてください。"
        findings.append(Finding("ACC-01", ERROR, "reviewed", sentence))
    return findings


@rule(
    "TIM-01",
    (WARNING,),
    "更新は、いまの証明書が切れる前に間に合う日(更新の目安日)までに申請する。",
    "すぐに提出し、有効期限の前後の署名の予定を調整する。",
    "手順 1-1-6(約10営業日、domain.md §11)",
    issue=("submit",),
)
def tim_01(last_safe_on, today):
    """`last_safe_on`: the day by which a renewal must be under way."""
    if today <= last_safe_on:
        return []
    sentence = (
        f"更新の目安日({last_safe_on:%Y年%-m月%-d日})を過ぎています。いまの証明書の期限に間に合わないおそれがあります。"
    )
    return [Finding("TIM-01", WARNING, "replaces", sentence, "すぐに提出し、署名の予定を確認してください。")]


@rule(
    "TEL-01",
    (WARNING,),
    "代表電話番号が登録され、掲載の確認から12か月以内で、電話を受ける登録担当者が2人以上いる。",
    "代表電話番号の掲載を確認した日を記録し、代わりの登録担当者を登録する。",
    "手順 1-1-6(domain.md §2.1-6)",
    issue=ON_DISPATCH,
)
def tel_01(switchboard, checked_on, officers, today):
    """`checked_on` a date or None, `officers`: how many there are."""
    complaints = [
        (not switchboard, "代表電話番号が登録されていません。"),
        (checked_on is None or today - checked_on > FRESH, "代表電話番号の掲載を、12か月以内に確認していません。"),
        (officers < ENOUGH, "認証局からの電話を代わりに受ける登録担当者がいません。"),
    ]
    advice = "認証局は、東京商工リサーチなどに掲載された番号に電話します。"
    return [Finding("TEL-01", WARNING, "switchboard", sentence, advice) for holds, sentence in complaints if holds]


@rule(
    "DUP-01",
    (WARNING,),
    "同じ主体者DN・管理名称の証明書がすでにあれば、新規ではなく更新で申請する。",
    "更新で申請するか、別の証明書であることを確認する。",
    "NII エラー212(domain.md §8、§17)",
    issue=("submit",),
)
def dup_01(is_new, namesake):
    """`namesake`: the serial of a certificate with this DN and name, or ""."""
    if not (is_new and namesake):
        return []
    sentence = f"同じ主体者DNで、管理名称も同じ証明書があります(シリアル番号 {namesake})。"
    return [Finding("DUP-01", WARNING, "title", sentence, "引き続き使うための申請は「更新」です。")]


@rule(
    "AUD-01",
    (ERROR,),
    "どの操作も、日時・人・内容・前の記録とつながるハッシュとともに記録し、あとから変えられない。",
    "記録できない操作は行われない。記録に異常があれば、監査担当者に知らせる。",
    "domain.md §18(追記だけの操作記録)",
    issue=EVERY[Kind.ISSUE],
    revoke=EVERY[Kind.REVOKE],
)
def aud_01(event):
    """`event`: a mapping of at, act, object, object_id, person (None: the worker, which `address` says), hash and
    previous_hash."""
    is_told = event["person"] is not None or event["address"] == "worker"
    complaints = [
        (event["at"] is None, "日時"),
        (not is_told, "操作した人"),
        (not event["act"] or not event["object"], "内容"),
        (not event["hash"] or event["hash"] == event["previous_hash"], "ハッシュ"),
    ]
    missing = "、".join(what for holds, what in complaints if holds)
    sentence = f"操作記録に、{missing}がありません。"
    return [Finding("AUD-01", ERROR, "event", sentence, "監査担当者に知らせてください。")] if missing else []
