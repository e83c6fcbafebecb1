"""The checklists: what an act needs, computed from what is there, never stored. What the rules say is selected from the
catalogue by the act's verb. The page prints the same sentences that the act refuses with."""

from dataclasses import dataclass

from webapp.acts import ca_profiles, gates
from webapp.acts.judgement import Case, asks_identity
from webapp.errors import Incomplete
from webapp.papers.revocation_reasons import REASONS
from webapp.procedure import Role, Stage
from webapp.register import ApplicationForm, Csr, IdentityCheck, Inquiry, Paper, Revocation
from webapp.rules import ABSENT, ERROR

__all__ = ["Fact", "asks_identity"]

# What a finding is called in a checklist that has no line of its own for it, by the beginning of its id.
LABELS = {
    "ORG": "機関の情報",
    "ACT": "関わる人",
    "DN": "CSRの内容",
    "CSR": "CSRの内容",
    "KEY": "鍵の保護(ハードウェア)",
    "PWD": "パスワード(証明書取得時用)",
    "CHR": "文字",
    "REV": "失効申請書の内容",
}

SEALERS = "捺印・署名する人を選び直してください。"


@dataclass(frozen=True)
class Fact:
    """One thing that must be so. `name` ties it to a form field, `wanting` says what is missing while it is not."""

    name: str
    label: str
    is_so: bool
    wanting: str
    detail: str = ""


def demand(facts, message):
    """Raise Incomplete with the sentences of the facts that are not so; return nothing when all are."""
    wanting = [fact for fact in facts if not fact.is_so]
    if wanting:
        raise Incomplete(
            message, " ".join(fact.wanting for fact in wanting), {fact.name: fact.wanting for fact in wanting}
        )


def refuse_errors(findings, message):
    """Raise Incomplete with the sentences of the findings that are errors, each beside its field."""
    demand([_of_finding(each) for each in errors_in(findings)], message)


def _of_finding(finding):
    """A finding as a fact that is not so."""
    prefix = finding.id.split("-")[0]
    if finding.id == "ORG-03":
        return Fact(f"gate_{finding.field}", gates.KINDS[finding.field], False, finding.sentence + finding.advice)
    return Fact(finding.field, LABELS.get(prefix, finding.id), False, finding.sentence + finding.advice)


def _rest(faults, *told):
    """The findings of a verb that no line of the checklist tells (`told`: beginnings of ids), as facts."""
    return [_of_finding(each) for each in faults if not each.id.startswith(told)]


def _those(faults, *ids):
    return [each for each in faults if each.id.startswith(ids)]


def judge_csr(csr, application, verb="attach_csr"):
    """Findings about a CSR (as papers.csr.read gives it) for this application: DN-01…07 and CSR-01…08."""
    return Case(application, csr=csr).findings(verb)


def errors_in(findings):
    return [finding for finding in findings if finding.severity == ERROR]


def csr_in_force(application, case=None):
    """(row, csr, findings) of the CSR in force, or None."""
    case = case or Case(application)
    row = case["csr_row"]
    return None if row is ABSENT else (row, case["csr"], case.findings("attach_csr"))


def for_submission(application, case=None):
    """What a draft needs to be submitted. `case` when the caller has gathered it already."""
    case = case or Case(application)
    return _to_revoke(application, case) if application.is_revocation else _to_issue(application, case)


def _to_revoke(application, case):
    """REV-01…04, and who stands on the form."""
    found = case.errors("submit")
    faults, sealers = _those(found, "REV"), _those(found, "ACT-03")
    return [
        Fact(
            "reason",
            "失効の理由とコメント",
            not faults,
            " ".join(fault.sentence for fault in faults),
            REASONS[case["reason"]].words,
        ),
        _officer(application),
        *([Fact("head", "捺印・署名する人", not sealers, SEALERS)] if application.wants_seal else []),
        *_rest(found, "REV", "ACT-03"),
    ]


def judge_revocation(application, revocation=None):
    """Findings REV-01…04 about a revocation as the register has it, or as somebody has just typed it."""
    return Case(application, revocation=revocation or Revocation.of(application)).findings("give_reason")


def seal_roles(application):
    """The roles that may seal an application of this kind, as the CA profile says (seed 1-1-4, 1-3-2)."""
    return [Role(role) for role in ca_profiles.of(application).seal_roles.get(application.kind, ())]


def _officer(application):
    return Fact(
        "officer",
        "登録担当者",
        holds(application.officer, Role.OFFICER),
        "申請書に記載する登録担当者を選んでください。",
    )


def _to_issue(application, case):
    found = case.errors("submit")
    faults, sealers, consents = _those(found, "DN", "CSR"), _those(found, "ACT-03"), _those(found, "AGR")
    is_there = case["csr_row"] is not ABSENT
    return [
        Fact("csr", "CSR", is_there, "CSRがまだありません。トークンで鍵ペアを生成するか、CSRを登録してください。"),
        Fact(
            "csr_rules",
            "CSRの内容",
            is_there and not faults,
            faults[0].sentence if faults else "CSRを登録すると内容を確認します。",
        ),
        _typed(application.title, "title", "管理名称", found),
        _typed(application.purpose, "purpose", "用途", found),
        _officer(application),
        Fact(
            "head",
            "代表者または機関責任者",
            holds(application.head, Role.HEAD) and not sealers,
            "捺印・署名する機関の長または機関責任者を選んでください。",
        ),
        Fact("consent", "3つの文書の承認", not consents, " ".join(each.sentence for each in consents)),
        *(each for each in _rest(found, "DN", "CSR", "ACT-03", "AGR") if each.name not in ("title", "purpose")),
    ]


def _typed(text, field, label, found):
    """A text that somebody types: it is there, and its characters may stand (CHR-01)."""
    faults = [each for each in found if each.field == field]
    wanting = " ".join(each.sentence + each.advice for each in faults) or f"{label}を入力してください。"
    return Fact(field, label, bool(text.strip()) and not faults, wanting)


def holds(person, role):
    return person is not None and role in person.roles()


def for_examination(application, case=None):
    """What a submitted application needs to be examined; `case` as for submission."""
    case = case or Case(application)
    found = case.errors("examine")
    is_waiting = application.stage == Stage.SUBMITTED
    return [
        made(application),
        *_identities(application, _those(found, "ID-01")),
        Fact(
            "inquiry",
            "照会への回答",
            Inquiry.unanswered(application) is None,
            "照会への回答を待っています。回答を受け取ってから審査を完了してください。",
            "回答待ちはありません",
        ),
        _contents(application, case, found),
        *(_rest(found, "ID-01", "DN", "CSR", "REV") if is_waiting else []),
        *(_warnings(case.waiting("examine")) if is_waiting else []),
    ]


def _contents(application, case, found):
    """What was judged of the CSR or the revocation: sound only when no warning of it waits either."""
    faults = _those(found, "DN", "CSR", "REV")
    waits = application.stage in _UNSENT and _those(case.waiting("examine"), "DN", "CSR", "REV")
    wanting = [each.sentence for each in faults] or (["確認が必要な点が残っています。"] if waits else [])
    if application.is_revocation:
        return Fact("findings", "失効申請書の内容", not wanting, " ".join(wanting))
    is_there = case["csr_row"] is not ABSENT
    return Fact("findings", "CSRの内容", is_there and not wanting, wanting[0] if wanting else "CSRがありません。")


def _warnings(waiting):
    """Warnings are looked at by somebody before the application goes on: corrected, or accepted with a reason."""
    if not waiting:
        return []
    ids = "、".join(dict.fromkeys(each.id for each in waiting))
    wanting = f"確認が必要な点があります({ids})。理由を付けて了承するか、差し戻して直してもらってください。"
    return [Fact("finding", "確認が必要な点", False, wanting)]


def _identities(application, faults):
    """ID-01, a line for each aspect that is asked about."""
    if not asks_identity(application):
        return []
    wanting = {each.field: each.sentence for each in faults}
    return [
        _identity(application, aspect, label, wanting.get(aspect, ""))
        for aspect, label in (("identity", "本人性"), ("existence", "実在性"))
    ]


def _identity(application, aspect, label, wanting):
    check = IdentityCheck.latest(application, aspect)
    detail = f"{check.method}・{check.checked_on:%Y年%-m月%-d日}・{check.officer.name}" if check else ""
    return Fact(aspect, label, not wanting, wanting, detail)


def made(application):
    form = ApplicationForm.current(application)
    name = application.form_name
    return Fact(
        "form",
        f"{name}(Excel・PDF)",
        form is not None and form.made_at is not None,
        f"{name}を作成しています。数秒後に画面を開き直してください。",
    )


_UNSENT = (Stage.SUBMITTED, Stage.EXAMINED, Stage.SEALED)


def for_dispatch(application, case=None, verb="dispatch"):
    """What a sealed application needs to be sent: what has left is not judged again."""
    case = case or Case(application)
    found = case.errors(verb) if application.stage in _UNSENT else []
    waiting = case.waiting(verb) if application.stands_at == Stage.SEALED else []
    return [
        *([] if application.is_revocation else _to_send_a_csr(application, case, found)),
        made(application),
        *([_sealed(application)] if application.wants_seal else []),
        Fact(
            "switchboard",
            "代表電話番号",
            bool(case["switchboard"]),
            "代表電話番号が登録されていません。管理者に登録を依頼してください。",
        ),
        *_rest(found, "KEY"),
        *_warnings(waiting),
    ]


def _to_send_a_csr(application, case, found):
    """KEY-01 and KEY-02: nothing goes to a public CA without evidence of how the key is kept (CSBR 6.2.7.4)."""
    faults = _those(found, "KEY")
    wanting = " ".join(f"{fault.sentence}{fault.advice}" for fault in faults)
    kept = Fact("key_protection", "鍵の保護(ハードウェア)", not faults, wanting)
    return [
        *([kept] if case["profile"].public else []),
        Fact("csr", "CSR", Csr.in_force(application) is not None, "CSRがありません。"),
    ]


def _sealed(application):
    is_there = Paper.sealed(application) is not None
    return Fact("sealed", "捺印・署名済みPDF", is_there, "捺印・署名済みのPDFがありません。")
