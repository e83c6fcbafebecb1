"""How a case reads on its page: whose turn, the one next thing, what is there, what has happened."""

from datetime import timedelta

from flask import url_for

from webapp import clock, sentences
from webapp.papers.revocation_reasons import REASONS
from webapp.procedure import Stage
from webapp.register import ApplicationForm, Content, Csr, Event, Job, Paper, Revocation
from webapp.routes import signatures
from webapp.routes.next_step import LETTER_STATES, facts_now, next_step, sent_on, since_words

__all__ = ["LETTER_STATES", "facts_now", "next_step", "sent_on", "since_words"]  # what a case's pages ask for together


def step_state(application):
    """(the step that is being done now, counted from 1, state word for ui.steps)."""
    steps = application.steps
    stage = application.stands_at
    if stage not in steps:
        return _step_at(steps, _furthest(application)), "stopped"
    if stage == steps[-1]:
        return len(steps), "completed"
    return _step_at(steps, stage), "attention" if application.status in ("差し戻し", "不備対応") else "current"


def _step_at(steps, stage):
    """A draft is being written; from every other stage somebody works at the next step."""
    return 1 if stage == Stage.DRAFT else steps.index(stage) + 2


def _furthest(application):
    """The stage from which a withdrawn or refused application ended, as far as it can be told."""
    if application.stage == Stage.REFUSED:
        return Stage.SENT
    if application.sealer_id or (application.examiner_id and not application.wants_seal):
        return Stage.SEALED
    if application.examiner_id:
        return Stage.EXAMINED
    return Stage.SUBMITTED if application.version else Stage.DRAFT


def came_back(application):
    """Why a case came back, in the words of whoever sent it back, or an empty string."""
    if application.came_by not in ("send_back", "reopen", "redo_dispatch"):
        return ""
    event = Event.newest(application, application.came_by)
    return event.particulars.get("reason") or event.particulars.get("fault") or ""


def checklist(found):
    """Facts as items for ui.checklist, each label once."""
    unique = {fact.label: fact for fact in found}
    return [
        {"label": fact.label, "done": fact.is_so, "detail": fact.detail if fact.is_so else ""}
        for fact in unique.values()
    ]


SHOWN = ("form_xlsx", "form_pdf", "sealed_pdf", "scan", "delivery", "completion", "received_form", "received_file")
PAPER_NAMES = {
    "form_xlsx": "{form}(Excel)",
    "form_pdf": "{form}(PDF)",
    "sealed_pdf": "電子署名済みPDF",
    "scan": "捺印済みPDF",
    "delivery": "認証局からのZIP",
    "completion": "失効完了通知メール",
    "received_form": "受け取った申請書",
    "received_file": "申請書と一緒に受け取ったファイル",
}


def papers(application, person):
    """The papers of a case as rows for ui.papers, newest first; what carries the password only for those who may."""
    query = Paper.select().where((Paper.application == application) & Paper.kind.in_(SHOWN)).order_by(-Paper.id)
    allowed = application.may_see_password(person)
    rows = [_paper_row(paper, allowed) for paper in query]
    return rows + [_csr_row(row) for row in application.csrs.order_by(-Csr.id)]


def _paper_row(paper, allowed):
    readable = allowed or not paper.carries_password
    return {
        "name": _paper_name(paper),
        "version": paper.version,
        "size": paper.size,
        "sha256": paper.sha256,
        "person": paper.person.name if paper.person else "自動作成",
        "at": paper.at,
        "open_url": url_for("papers.show", number=paper.id)
        if readable and paper.media_type == "application/pdf"
        else "",
        "save_url": url_for("papers.save", number=paper.id) if readable else "",
        "note": "" if readable else "パスワードが記載されているため、申請の担当者だけが開けます。",
    }


def _paper_name(paper):
    if paper.kind == "delivery" and paper.media_type != "application/zip":
        return "認証局から取得したファイル"
    name = PAPER_NAMES[paper.kind].format(form=paper.application.form_name)
    return f"{name}({paper.name})" if paper.kind.startswith("received_") else name


def _csr_row(row):
    return {
        "name": "CSR" if row.dropped_at is None else "CSR(差し替え前)",
        "version": max(row.application.version, 1),
        "size": Content.get_by_id(row.sha256).size,
        "sha256": row.sha256,
        "person": row.attached_by.name,
        "at": row.attached_at,
        "open_url": "",
        "save_url": url_for("papers.csr", number=row.id),
    }


def history(application):
    return sentences.told_all(Event.about(application))


def other_acts(application, person):
    """Links to pages for what may be done besides the next step: (label, url)."""
    open_verbs = {act.verb for act in application.acts_open_to(person)}
    pages = [
        ("describe", "drafts.description", "申請の内容を直す"),
        ("give_reason", "revocations.reason", "失効の理由を直す"),
        ("attach_csr", "drafts.csr", "鍵ペアとCSRを登録し直す"),
        ("note_key_protection", "key_protection.show", "鍵の保護を記録する"),
        ("send_back", "examination.send_back_page", "差し戻す"),
        ("withdraw", "drafts.withdrawal", "申請を取り下げる"),
    ]
    stage_ok = Stage(application.stage) in (Stage.EXAMINED, Stage.SEALED)
    return [
        (label, url_for(page, number=application.id))
        for verb, page, label in pages
        if verb in open_verbs and (verb != "send_back" or stage_ok)
    ]


def making(application):
    """How the making of the form's papers stands: None once they are made (or nothing was submitted), else
    {is_given_up, outcome}."""
    form = form_of(application)
    if application.stage != Stage.SUBMITTED or form is None or form.made_at is not None:
        return None
    job = Job.newest("freeze", form)
    return {"is_given_up": job is not None and job.state == "failed", "outcome": job.outcome if job else ""}


def form_of(application):
    """The frozen values of the present version, or None while nothing was submitted."""
    return ApplicationForm.current(application) if application.version else None


def sealer(form):
    """Who is to seal a form (IssueForm or RevocationForm), in words."""
    title, name = (
        (form.sealer_title, form.sealer_name) if hasattr(form, "sealer_name") else (form.head_title, form.head_name)
    )
    return f"{title} {name}".strip()


def revocation(application):
    """The revocation's own part for the page, or None for an application of another kind."""
    if not application.is_revocation:
        return None
    row = Revocation.of(application)
    survival = signatures.survival(application.target, row.compromised_at)
    return {"row": row, "words": str(REASONS[row.reason]), "survival": survival}


def hours_left(application):
    """The 24 hours of a compromised key (CSBR 4.9.1.1) as words; None where there is no clock, or it has stopped."""
    noticed_at = Revocation.of(application).noticed_at
    if noticed_at is None or application.stage not in (Stage.DRAFT, Stage.SUBMITTED, Stage.EXAMINED, Stage.SEALED):
        return None
    left = noticed_at + timedelta(hours=24) - clock.now()
    hours, minutes = divmod(abs(int(left.total_seconds())) // 60, 60)
    length = f"{hours}時間{minutes}分" if hours else f"{minutes}分"
    is_over = left < timedelta(0)
    return {"is_over": is_over, "words": f"{length}過ぎています" if is_over else f"あと{length}"}
