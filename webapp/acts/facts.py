"""The checklists: what an act needs, computed from what is there, never stored. The page prints the same sentences
that the act refuses with."""

from dataclasses import dataclass

from webapp import clock, profiles, rules
from webapp.errors import Incomplete
from webapp.papers import csr as csr_paper
from webapp.papers.subject import Subject
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
)
from webapp.rules import csr as csr_rules
from webapp.rules import subject as subject_rules


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
    profile = profiles.load(institution.profile)
    registered = Subject(institution.subject)
    return [
        *subject_rules.judge(csr.subject, registered, profile),
        *csr_rules.judge(csr, registered, profile, known=uses_of_key(csr.spki_sha256, application)),
    ]


def uses_of_key(spki_sha256, application):
    """Sentences naming where a public key is used already (CSR-06). This application and its certificate do not count,
    nor do its own applicant's withdrawn or refused ones that never had a certificate."""
    elsewhere = (Certificate.spki_sha256 == spki_sha256) & (Certificate.application != application.id)
    certificates = Certificate.select().where(elsewhere)
    found = [f"証明書 シリアル番号 {row.serial}({row.application.number})" for row in certificates]
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
        Fact(
            "officer",
            "登録担当者",
            holds(application.officer, Role.OFFICER),
            "発行申請書に記載する登録担当者を選んでください。",
        ),
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
    ]


def holds(person, role):
    return person is not None and role in person.roles()


def for_examination(application, held=None):
    """What a submitted application needs to be examined; `held` as for submission."""
    held = held or csr_in_force(application)
    faults = errors_in(held[2]) if held else []
    return [
        made(application),
        *(_identity(application, aspect, label) for aspect, label in (("identity", "本人性"), ("existence", "実在性"))),
        Fact(
            "inquiry",
            "照会への回答",
            Inquiry.unanswered(application) is None,
            "照会への回答を待っています。回答を受け取ってから審査を完了してください。",
            "回答待ちはありません",
        ),
        Fact(
            "findings",
            "CSRの内容",
            held is not None and not faults,
            faults[0].sentence if faults else "CSRがありません。",
        ),
    ]


def made(application):
    form = ApplicationForm.current(application)
    return Fact(
        "form",
        "発行申請書(Excel・PDF)",
        form is not None and form.made_at is not None,
        "発行申請書を作成しています。数秒後に画面を開き直してください。",
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


def for_dispatch(application):
    institution = Institution.here()
    return [
        *_key_protection(application, profiles.load(institution.profile)),
        Fact("csr", "CSR", Csr.in_force(application) is not None, "CSRがありません。"),
        made(application),
        Fact(
            "sealed",
            "捺印・署名済みPDF",
            Paper.sealed(application) is not None,
            "捺印・署名済みのPDFがありません。",
        ),
        Fact(
            "switchboard",
            "代表電話番号",
            bool(institution.switchboard),
            "代表電話番号が登録されていません。管理者に登録を依頼してください。",
        ),
    ]


def _key_protection(application, profile):
    """KEY-01: a software token keeps no key for a public CA (CSBR 6.2.7.4)."""
    held = Csr.in_force(application)
    if not profile.public or held is None or held.key_pair is None:
        return []
    is_soft = "softhsm" in (held.key_pair.token_model or "").lower()
    return [
        Fact(
            "key_protection",
            "鍵の保管(ハードウェア)",
            not is_soft,
            "鍵がソフトウェアのトークンにあります。公開の認証局には、ハードウェアのトークンで作った鍵で申請してください。",
        )
    ]


def switchboard_is_fresh(institution):
    """TEL-01: the representative telephone number was looked up within the last twelve months."""
    checked = institution.switchboard_checked_on
    return checked is not None and (clock.today() - checked).days <= 365
