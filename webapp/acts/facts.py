"""The checklists: what an act needs, computed from what is there, never stored. The page prints the same sentences
that the act refuses with."""

from dataclasses import dataclass

from webapp import clock, rules
from webapp.acts import ca_profiles, gates, key_protection
from webapp.errors import Incomplete
from webapp.papers import csr as csr_paper
from webapp.papers.revocation_reasons import REASONS
from webapp.papers.subject import Subject, common_name_of
from webapp.procedure import Role, Stage
from webapp.register import (
    Application,
    ApplicationForm,
    Certificate,
    Consent,
    Csr,
    Document,
    IdentityCheck,
    Inquiry,
    Institution,
    Paper,
    Revocation,
)
from webapp.rules import csr as csr_rules
from webapp.rules import revocation as revocation_rules
from webapp.rules import subject as subject_rules
from webapp.rules.revocation import Asked, Target

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


def judge_csr(csr, application):
    """Findings about a CSR (as papers.csr.read gives it) for this application: DN-01…07 and CSR-01…08."""
    institution = Institution.here()
    profile = ca_profiles.of(application)
    registered = Subject(institution.subject)
    return [
        *subject_rules.judge(csr.subject, registered, profile),
        *csr_rules.judge(csr, registered, profile, known=uses_of_key(csr.spki_sha256, application)),
    ]


def uses_of_key(spki_sha256, application):
    """Sentences naming where a public key is used already (CSR-06). This application and its certificate do not count,
    nor do its own applicant's withdrawn or refused ones that never had a certificate."""
    elsewhere = Certificate.application.is_null() | (Certificate.application != application.id)
    certificates = Certificate.select().where((Certificate.spki_sha256 == spki_sha256) & elsewhere)
    found = [f"証明書 シリアル番号 {row.serial}({row.number or '取り込んだもの'})" for row in certificates]
    ended = Application.stage.in_([Stage.WITHDRAWN.value, Stage.REFUSED.value])
    predecessor = ended & (Application.applicant == application.applicant_id)
    others = (
        Csr.select(Csr, Application)
        .join(Application)
        .where((Csr.spki_sha256 == spki_sha256) & (Application.id != application.id) & ~predecessor)
    )
    return found + [f"申請 {row.application.number}" for row in others]


def errors_in(findings):
    return [finding for finding in findings if finding.severity == rules.ERROR]


def csr_in_force(application):
    """(row, csr, findings) of the CSR in force, or None."""
    row = Csr.in_force(application)
    if row is None:
        return None
    csr = csr_paper.read(row.content.bytes())
    return row, csr, judge_csr(csr, application)


def for_submission(application, held=None):
    """What a draft needs to be submitted. `held` as csr_in_force gives it, when the caller has it already."""
    return _to_revoke(application) if application.is_revocation else _to_issue(application, held)


def _to_revoke(application):
    """REV-01…04, and who stands on the form."""
    revocation = Revocation.of(application)
    faults = errors_in(judge_revocation(application, revocation))
    sealers = [role for role in seal_roles(application) if holds(application.head, role)]
    return [
        Fact(
            "reason",
            "失効の理由とコメント",
            not faults,
            " ".join(fault.sentence for fault in faults),
            REASONS[revocation.reason].words,
        ),
        _officer(application),
        *([Fact("head", "捺印・署名する人", bool(sealers), SEALERS)] if application.wants_seal else []),
    ]


def judge_revocation(application, revocation=None):
    """Findings REV-01…04 about a revocation as the register has it, or as somebody has just typed it."""
    revocation = revocation or Revocation.of(application)
    asked = Asked(
        serial=application.target.serial,
        reason=revocation.reason,
        comment=revocation.comment,
        compromised_at=revocation.compromised_at,
        noticed_at=revocation.noticed_at,
        is_emergency=application.is_emergency,
    )
    profile = ca_profiles.of(application)
    return revocation_rules.judge(asked, target_of(application.target), profile, at=clock.now())


def target_of(certificate):
    """A register's certificate as the rules of revocation look at it."""
    return Target(
        serial=certificate.serial,
        issuer=common_name_of(certificate.issuer),
        not_before=certificate.not_before,
        not_after=certificate.not_after,
        revoked_at=certificate.revoked_at,
    )


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


def _to_issue(application, held):
    held = held or csr_in_force(application)
    faults = errors_in(held[2]) if held else []
    agreed = {row.document_id for row in Consent.select().where(Consent.application == application)}
    open_documents = [document.name for document in Document.to_agree() if document.id not in agreed]
    return [
        Fact(
            "csr", "CSR", held is not None, "CSRがまだありません。トークンで鍵ペアを生成するか、CSRを登録してください。"
        ),
        Fact(
            "csr_rules",
            "CSRの内容",
            held is not None and not faults,
            faults[0].sentence if faults else "CSRを登録すると内容を確認します。",
        ),
        Fact("title", "管理名称", bool(application.title.strip()), "管理名称を入力してください。"),
        Fact("purpose", "用途", bool(application.purpose.strip()), "用途を入力してください。"),
        _officer(application),
        Fact(
            "head",
            "代表者または機関責任者",
            holds(application.head, Role.HEAD),
            "捺印・署名する機関の長または機関責任者を選んでください。",
        ),
        Fact(
            "consent",
            "3つの文書の承認",
            not open_documents,
            "次の文書を承認してください: " + "、".join(open_documents) if open_documents else "",
        ),
        *gates.facts_of_gates(application.kind),
    ]


def holds(person, role):
    return person is not None and role in person.roles()


def for_examination(application, held=None):
    """What a submitted application needs to be examined; `held` as for submission."""
    return [
        made(application),
        *_identities(application),
        Fact(
            "inquiry",
            "照会への回答",
            Inquiry.unanswered(application) is None,
            "照会への回答を待っています。回答を受け取ってから審査を完了してください。",
            "回答待ちはありません",
        ),
        _contents(application, held),
    ]


def _contents(application, held):
    if application.is_revocation:
        faults = errors_in(judge_revocation(application, Revocation.of(application)))
        return Fact("findings", "失効申請書の内容", not faults, " ".join(fault.sentence for fault in faults))
    held = held or csr_in_force(application)
    faults = errors_in(held[2]) if held else []
    wanting = faults[0].sentence if faults else "CSRがありません。"
    return Fact("findings", "CSRの内容", held is not None and not faults, wanting)


def asks_identity(application):
    """Whether somebody is to be identified: not where a 登録担当者 asks for 失効 in the place of a 利用管理者."""
    return not application.is_revocation or application.applicant_id == application.subscriber_id


def _identities(application):
    """ID-01."""
    if not asks_identity(application):
        return []
    return [
        _identity(application, aspect, label) for aspect, label in (("identity", "本人性"), ("existence", "実在性"))
    ]


def made(application):
    form = ApplicationForm.current(application)
    name = application.form_name
    return Fact(
        "form",
        f"{name}(Excel・PDF)",
        form is not None and form.made_at is not None,
        f"{name}を作成しています。数秒後に画面を開き直してください。",
    )


def _identity(application, aspect, label):
    check = IdentityCheck.latest(application, aspect)
    done = check is not None and check.result == "confirmed"
    wanting = (
        f"{label}の確認結果がまだ記録されていません。"
        if check is None
        else f"{label}が「確認できない」と記録されています。"
    )
    detail = f"{check.method}・{check.checked_on:%Y年%-m月%-d日}・{check.officer.name}" if check else ""
    return Fact(aspect, label, done, wanting, detail)


_UNSENT = (Stage.SUBMITTED, Stage.EXAMINED, Stage.SEALED)


def for_dispatch(application):
    institution = Institution.here()
    for_issue = [
        *(_key_protection(application) if ca_profiles.of(application).public else []),
        Fact("csr", "CSR", Csr.in_force(application) is not None, "CSRがありません。"),
        *(gates.facts_of_gates(application.kind) if application.stage in _UNSENT else []),
    ]
    return [
        *([] if application.is_revocation else for_issue),
        made(application),
        *([_sealed(application)] if application.wants_seal else []),
        Fact(
            "switchboard",
            "代表電話番号",
            bool(institution.switchboard),
            "代表電話番号が登録されていません。管理者に登録を依頼してください。",
        ),
    ]


def _key_protection(application):
    """KEY-01 and KEY-02: nothing goes to a public CA without evidence of how the key is kept (CSBR 6.2.7.4)."""
    faults = errors_in(key_protection.judge(application))
    wanting = " ".join(f"{fault.sentence}{fault.advice}" for fault in faults)
    return [Fact("key_protection", "鍵の保護(ハードウェア)", not faults, wanting)]


def _sealed(application):
    is_there = Paper.sealed(application) is not None
    return Fact("sealed", "捺印・署名済みPDF", is_there, "捺印・署名済みのPDFがありません。")


def switchboard_is_fresh(institution):
    """TEL-01: the representative telephone number was looked up within the last twelve months."""
    checked = institution.switchboard_checked_on
    return checked is not None and (clock.today() - checked).days <= 365
