"""KEY-01 and KEY-02: how the key of an application is kept, and by what that is shown (CSBR 6.2.7.4)."""

import datetime
from dataclasses import dataclass

from webapp.rules import ERROR, WARNING, Finding, rule
from webapp.rules.verbs import ON_DISPATCH

# CSBR 6.2.7.4.2, in its order.
METHODS = {
    1: "① 認証局が鍵入りのトークンを渡す",
    2: "② 鍵アテステーション(メーカーの証明書で確認)",
    3: "③ 認証局の指定するソフトウェアとトークンで生成",
    4: "④ 内部または外部のIT監査の報告",
    5: "⑤ クラウド鍵管理の契約・設定の報告",
    6: "⑥ 監査人の立ち会いのもとで生成",
    7: "⑦ 署名サービスとの契約",
}
BY_DOCUMENT = {2: "アテステーションのファイル", 4: "IT監査の報告", 5: "契約・設定の報告", 6: "立会いの報告", 7: "署名サービスとの契約書"}  # fmt: skip
SOFT = "soft"  # the kind of a token that is a program
RE_USED = (4, 5, 7)  # may be shown again for 13 months (CSBR 4.2.1)
MONTHS = 13


@dataclass(frozen=True)
class Shown:
    """What is recorded. `token_kind` of the ledger ("" where words alone say it), `is_certified`, `is_at_hand` of that
    token; `attestation`: "" (none), "verified", "unverified", "other_key"."""

    method: int
    token_kind: str
    is_certified: bool
    is_at_hand: bool
    has_document: bool
    witness: str
    shown_on: datetime.date
    attestation: str = ""


def judge(shown, is_soft_key, is_public, oldest):
    """Findings about what is `shown` (a Shown, or None). `is_soft_key`: the key pair was made in a software token;
    `oldest`: the day 13 months ago. For a CA that is not public nothing is more than a warning."""
    return [*key_01(shown, is_soft_key, is_public), *key_02(shown, is_public, oldest)]


@rule(
    "KEY-01",
    (ERROR, WARNING),
    "鍵の保護の方法を記録する。公開の認証局には、ハードウェアのトークンの鍵だけで申請する。",
    "鍵の保護を記録する。ソフトウェアの鍵なら、トークンで作り直す。",
    "CSBR §6.2.7.4.1",
    issue=ON_DISPATCH,
)
def key_01(shown, is_soft_key, is_public):
    """A method is recorded, and the key lies in hardware."""
    return _weighed(_kept(shown, is_soft_key), is_public)


@rule(
    "KEY-02",
    (ERROR, WARNING),
    "鍵の保護の方法が求める証拠があり、アテステーションはCSRの鍵のものと検証でき、報告・契約は13か月以内である。",
    "証拠を添付して、鍵の保護を記録し直す。",
    "CSBR §6.2.7.4.2・§4.2.1",
    issue=ON_DISPATCH,
)
def key_02(shown, is_public, oldest):
    """What the method demands is there, verified, and not too old."""
    return _weighed(_proven(shown, oldest) if shown else (), is_public)


def _weighed(found, is_public):
    return [each if is_public else _mild(each) for each in found]


def _kept(shown, is_soft_key):
    if is_soft_key or (shown and shown.token_kind == SOFT):
        yield _fault(
            "KEY-01",
            "token",
            "鍵がソフトウェアのトークンにあります。",
            "公開の認証局には、ハードウェアのトークンで作った鍵で申請してください。",
        )
    if shown is None:
        yield _fault("KEY-01", "method", "鍵の保護の方法が記録されていません。", "鍵の保護を記録してください。")
        return
    if not shown.is_at_hand:
        yield _fault(
            "KEY-01", "token", "鍵のあるトークンが、紛失または廃棄されています。", "新しい鍵で申請してください。"
        )
    if shown.token_kind not in ("", SOFT) and not shown.is_certified:
        sentence = "トークンの認証(FIPS 140・CC)が台帳に記録されていません。"
        yield Finding("KEY-01", WARNING, "token", sentence, "トークンの台帳に、認証制度と番号を記録してください。")


def _proven(shown, oldest):
    if shown.method in BY_DOCUMENT and not shown.has_document:
        document = BY_DOCUMENT[shown.method]
        yield _fault("KEY-02", "file", f"{document}が添付されていません。", "ファイルを添付して記録し直してください。")
    if shown.method == 6 and not shown.witness:
        yield _fault(
            "KEY-02", "witness", "立ち会った監査人の氏名がありません。", "氏名を入力して記録し直してください。"
        )
    if shown.attestation == "other_key":
        sentence = "アテステーションが証明する鍵は、CSRの鍵ではありません。"
        yield _fault("KEY-02", "file", sentence, "このCSRの鍵のアテステーションを取り直してください。")
    elif shown.method == 2 and shown.has_document and shown.attestation != "verified":
        sentence = "アテステーションは未検証です。"
        yield Finding("KEY-02", WARNING, "file", sentence, "認証局が受け付けるかを、サービス窓口に確認してください。")
    if shown.method in RE_USED and shown.shown_on < oldest:
        sentence = f"証拠の日付から{MONTHS}か月以上たっています。"
        yield _fault("KEY-02", "shown_on", sentence, "新しい報告または契約を添付して記録し直してください。")


def _fault(id, field, sentence, advice):
    return Finding(id, ERROR, field, sentence, advice)


def _mild(finding):
    return Finding(finding.id, WARNING, finding.field, finding.sentence, finding.advice)
