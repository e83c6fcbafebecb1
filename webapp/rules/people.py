"""ACT-01 … ACT-04 and ID-01: who applies, who examines, who seals (domain.md §1)."""

from webapp.rules import ERROR, WARNING, Finding, rule
from webapp.rules.verbs import ON_DISPATCH, ON_SEAL

FULL_TIME, CONTRACTOR, NEITHER = "full_time", "contractor", "neither"
STANDINGS = {FULL_TIME: "常勤の教職員", CONTRACTOR: "鍵の管理を委託した先の役員・社員", NEITHER: "どちらでもない"}
ASPECTS = {"identity": "本人性", "existence": "実在性"}


@rule(
    "ACT-01",
    (ERROR,),
    "利用管理者は、機関の常勤の教職員か、鍵の管理を委託した先の役員・社員である。学生は利用管理者になれない。",
    "差し戻し、常勤の教職員を利用管理者に選び直す。",
    "利用規程 第8条(domain.md §1)",
    issue=("examine",),
)
def act_01(standing):
    """`standing`: a key of STANDINGS as the officer found it, "" where that was not asked yet."""
    if standing != NEITHER:
        return []
    sentence = "利用管理者が、常勤の教職員でも、鍵の管理を委託した先の役員・社員でもありません。"
    advice = "差し戻し、利用管理者になれる人を選び直してください。"
    return [Finding("ACT-01", ERROR, "subscriber", sentence, advice)]


@rule(
    "ACT-02",
    (ERROR,),
    "審査する人は、申請した人でも利用管理者でもない(緊急失効では、事後に別の人が確認する)。",
    "ほかの登録担当者が審査する。",
    "手順 1-1-3(domain.md §1)",
    issue=("examine",),
    revoke=("examine",),
)
def act_02(actor, own, is_alone):
    """`actor` examines, `own` are applicant and 利用管理者 (any values that can be compared); `is_alone`: an emergency."""
    if actor not in own or is_alone:
        return []
    sentence = "ご自身が申請した、または利用管理者である申請は審査できません。"
    return [Finding("ACT-02", ERROR, "examiner", sentence, "ほかの登録担当者に依頼してください。")]


@rule(
    "ACT-03",
    (ERROR,),
    "捺印・署名する人は、任期内の機関の長または機関責任者である(失効は登録担当者も可)。",
    "捺印・署名する人を選び直す。",
    "手順 1-1-4・1-3-2",
    issue=("submit", *ON_SEAL),
    revoke=("submit", *ON_SEAL),
)
def act_03(sealer_roles, seal_roles):
    """`sealer_roles`: the roles that whoever seals holds on the day, `seal_roles` those that may."""
    if set(sealer_roles) & set(seal_roles):
        return []
    office = "機関の長・機関責任者・登録担当者" if "officer" in seal_roles else "機関の長・機関責任者"
    sentence = f"捺印・署名する人が、今日の時点で{office}として登録されていません。"
    advice = "捺印・署名する機関の長または機関責任者を選んでください。"
    return [Finding("ACT-03", ERROR, "head", sentence, advice)]


@rule(
    "ACT-04",
    (WARNING,),
    "発行では、捺印・署名する人と審査した人が別である。",
    "機関の規程で兼務が認められているか確認し、理由を付けて了承する。",
    "UPKI申請システム操作手順(兼務、domain.md §1)",
    issue=ON_DISPATCH,
)
def act_04(sealer, examiner):
    if sealer != examiner:
        return []
    advice = "機関の規程で認められているか確認してください。"
    return [Finding("ACT-04", WARNING, "sealer", "審査した人と捺印・署名した人が同じです。", advice)]


@rule(
    "ID-01",
    (ERROR,),
    "審査の完了までに、利用管理者の本人性と実在性を、方法・日付・確認した人とともに記録する。",
    "確認結果を記録する。確認できなければ差し戻す。",
    "手順 1-1-3・1-3-2",
    issue=("examine",),
    revoke=("examine",),
)
def id_01(checks):
    """`checks`: {aspect: whether it was confirmed, or None where nothing is recorded}."""
    findings = []
    for aspect, is_confirmed in checks.items():
        if is_confirmed is None:
            sentence = f"{ASPECTS[aspect]}の確認結果がまだ記録されていません。"
            findings.append(Finding("ID-01", ERROR, aspect, sentence))
        elif not is_confirmed:
            sentence = f"{ASPECTS[aspect]}が「確認できない」と記録されています。"
            findings.append(Finding("ID-01", ERROR, aspect, sentence))
    return findings
