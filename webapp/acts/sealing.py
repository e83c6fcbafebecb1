"""1-1-4, 1-3-2: the institution's seal, as an electronic signature on the frozen PDF or as a stamp on paper."""

from webapp.acts import (
    facts,
    forms,
    intakes,
    kept_lists,
    performing,
    require_now,
    scan_ties,
    scans,
    seal_reports,
    seal_uses,
)
from webapp.acts.judgement import Case
from webapp.errors import Incomplete, Refused
from webapp.papers import seal_report
from webapp.procedure import Role
from webapp.register import Application, Person
from webapp.rules.seal import Sealed

MOST_WORDS = 400  # characters
# What the officer attests who registers a stamped paper.
ATTESTED = {
    "stamp_is_there": "「印」の欄に、申請書に記載された人の印がはっきり押されている",
    "same_mark": "用紙の下にある照合番号が、画面の照合番号と同じである",
    "whole": "すべてのページが、読める状態で写っている",
}


def seal(application, who, name, data, stamp_note="", approval=""):
    """Take the PDF that the head has signed. It must begin with the frozen bytes and carry one signature more, by the
    registered mail of the head whom the form names, whose role and term allow it (SIG-01…03, ACT-03). A revoked certificate
    is refused; that nothing is known of its revocation is kept in the report (SIG-04). `stamp_note` says why
    there is no time stamp, where there should be one; `approval`: the 決裁番号, if there is one."""
    require_now("seal", application, who)
    frozen, approved = forms.frozen_pdf(application), seal_uses.approved(approval)
    intake = intakes.receive(application, who, "sealed_pdf", name, data, is_secret=True)
    with intakes.reading(intake):
        with seal_reports.keeping(application, intake, who) as kept:
            kept.stamp_note = stamp_note
            found = kept.judged(data, frozen)
            head = signer_of(found, application)
            kept.state = state = kept_lists.state_of(found.certificate_der, "seal")
            points = (*found.points, seal_report.revocation_point(state))
            _ask_the_rules(application, found, state)
        told = {"signer_certificate_serial": found.serial_hex, "issuer": found.issuer_text, "sha256": intake.sha256}
        told |= {"revocation": state.label, "level": seal_reports.level(found)} | approved
        with performing("seal", application, who, told, {"signer": head.name}, sealer=head):
            report = [[point.sentence, point.result, point.detail] for point in points]
            report.append(_who_signed(found, head))
            report.extend(_same_person(application, head))
            paper = _keep(application, who, "sealed_pdf", f"{application.number}-signed.pdf", data, report)
            seal_uses.enter(paper, **approved)
            kept.write(paper)


def _ask_the_rules(application, found, state):
    """SIG-01…04 and ACT-03. What papers.seal.check lets through is intact, whole, unchanged and trusted, and by no
    certificate for client authentication: it raises otherwise."""
    sealed = Sealed(True, True, True, True, False, tuple(found.signer_mails), state.state)
    facts.refuse_errors(Case(application, sealed=sealed).findings("seal"), "この電子署名は受け付けられません。")


def signer_of(found, application):
    """The head whose registered mail stands in the certificate; raises Refused when nobody, or nobody fit, is found."""
    mails = "、".join(found.signer_mails)
    person = next((p for mail in found.signer_mails if (p := Person.with_mail(mail))), None)
    if person is None:
        raise Refused(
            f"署名した人を台帳で確認できません。証明書のメールアドレスは {mails} です。",
            "機関責任者の登録メールアドレスと、署名に使った証明書を確認してください。",
        )
    able = facts.seal_roles(application)
    if not person.roles() & set(able):
        ended = any(row.role in able for row in person.role_rows)
        office = "機関の長・機関責任者" if able == [Role.HEAD] else "機関の長・機関責任者・登録担当者"
        why = f"{office}としての任期が終わっています" if ended else f"{office}として登録されていません"
        raise Refused(
            f"署名した{person.name}さんは、{why}。",
            f"{application.form_name}に記載された{application.head.name}さんに署名を依頼してください。",
        )
    if person.id != application.head_id:
        raise Refused(
            f"{application.form_name}に記載された{application.head.name}さんではなく、{person.name}さんが署名しています。",
            "記載された方に署名を依頼するか、差し戻して記載する方を選び直してください。",
        )
    return person


def _who_signed(found, head):
    mail = "、".join(found.signer_mails)
    title = head.title(Role.HEAD) or "登録担当者"
    office = "機関の長・機関責任者" if Role.HEAD in head.roles() else "登録担当者"
    return [
        f"証明書のメールアドレスは、台帳に登録された{office}のものです。",
        "適合",
        f"{mail}({title} {head.name})",
    ]


def _same_person(application, head):
    """ACT-04: the examiner and the sealer should be two people."""
    if application.examiner_id != head.id or application.is_revocation:  # seed 1-3-2 lets the examining officer seal
        return []
    return [["審査した人と署名した人が同じです。", "注意", "機関の規程で認められているか確認してください。"]]


def stamp(application, who, scan, attested, words="", approval="", keeper=""):
    """Register a scan that waits (acts/scans) as the stamped paper; the officer attests what no machine can see, with the
    scan beside the examined version on screen (印影確認). `attested` names the boxes ticked, `words` says what was compared
    where no code was read, `approval` is the 決裁番号 and `keeper` the 公印の管守者, if they are given. Raises Incomplete when
    one is open, Overtaken for the scan of another version or one that another has replaced."""
    require_now("stamp", application, who)
    scans.require_waiting(application, scan)
    words = " ".join(words.split())[:MOST_WORDS]
    approved, kept = seal_uses.approved(approval), seal_uses.kept_by(keeper)
    _demand_a_look(scan, attested, words)
    if Case(application).errors("stamp"):  # ACT-03
        raise Refused(
            f"{application.head.name}さんは、今日の時点で、捺印できる役割に登録されていません。",
            "差し戻して、捺印する方を選び直してください。",
        )
    told = {"attested": sorted(ATTESTED), "sha256": scan.intake.sha256, "pages": scan.pages}
    told |= {"mark_on_page": scan.mark_on_page} | approved
    beside = {"sealer": application.head.name} | ({} if scan.mark_on_page else {"compared": words}) | kept
    sealer = {"sealer": application.head, "attester": who.person}
    with performing("stamp", application, who, told, beside, **sealer):
        scans.require_waiting(Application.get_by_id(application.id), scan)  # as it is now that nobody else moves it
        report = [scan_ties.point(scan, who, words)]
        report.extend([sentence, "適合", who.person.name] for sentence in ATTESTED.values())
        paper = _keep(application, who, "scan", f"{application.number}-scan.pdf", scan.content.bytes(), report)
        seal_uses.enter(paper, **approved, **kept)
        intakes.settle(scan.intake, "taken")


def _demand_a_look(scan, attested, words):
    left = {
        field: f"「{sentence}」を確認してください。" for field, sentence in ATTESTED.items() if field not in attested
    }
    if not scan.mark_on_page and not words:
        left["words"] = "審査した版と何を見比べたかを入力してください。"
    if left:
        raise Incomplete("確認していない項目があります。", "スキャンを見て確認し、記入してください。", left)


def _keep(application, who, kind, name, data, report):
    given = {"person": who.person, "report": report}
    return forms.keep(application, kind, name, "application/pdf", data, application.version, **given)
