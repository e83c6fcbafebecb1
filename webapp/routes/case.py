"""How a case reads on its page: whose turn, the one next thing, what is there, what has happened."""

from dataclasses import dataclass

from flask import url_for

from webapp import clock, procedure, sentences
from webapp.acts import facts
from webapp.procedure import Kind, Role, Stage
from webapp.register import ApplicationForm, Certificate, Content, Csr, Event, Inquiry, Job, Letter, Paper

LETTER_STATES = {
    "waiting": "送信待ち",
    "posting": "送信中",
    "posted": "送信済",
    "unknown": "送信結果不明",
    "refused": "送信できませんでした",
    "by_hand": "自分のメールソフトで送付",
    "cancelled": "送信取りやめ",
}


@dataclass(frozen=True)
class NextStep:
    """The one thing to do now: a sentence, and a button (`is_post`: it does the act at once) or whose turn it is."""

    sentence: str
    label: str = ""
    url: str = ""
    is_post: bool = False
    whose: str = ""
    due: str = ""
    links: tuple = ()  # (label, url): other ways, other things that may have happened


def since_words(instant):
    """How long something has been so: 今日から, 3日前から."""
    days = (clock.today() - clock.day_of(instant)).days
    return "今日から" if days <= 0 else f"{days}日前から"


def step_state(application):
    """(the step that is being done now, counted from 1, state word for ui.steps)."""
    steps = application.steps
    stage = Stage(application.stage)
    if stage not in steps:
        return _step_at(steps, _furthest(application)), "stopped"
    if stage == Stage.IN_USE:
        return len(steps), "completed"
    return _step_at(steps, stage), "attention" if application.status in ("差し戻し", "不備対応") else "current"


def _step_at(steps, stage):
    """A draft is being written; from every other stage somebody works at the next step."""
    return 1 if stage == Stage.DRAFT else steps.index(stage) + 2


def _furthest(application):
    """The stage from which a withdrawn or refused application ended, as far as it can be told."""
    if application.stage == Stage.REFUSED:
        return Stage.SENT
    if application.sealer_id:
        return Stage.SEALED
    if application.examiner_id:
        return Stage.EXAMINED
    return Stage.SUBMITTED if application.version else Stage.DRAFT


def facts_now(application, held=None):
    """What the next act needs, and what the earlier ones needed: the facts behind checklist and next step."""
    if application.stage == Stage.DRAFT:
        return facts.for_submission(application, held)
    return [*facts.for_examination(application, held), *facts.for_dispatch(application)]


def next_step(application, person, found=None):
    """The NextStep of this person for this application; `found` are its facts, when the caller has them already."""
    roles = application.roles_of(person)
    if application.stage == Stage.DRAFT:
        return _draft(application, roles, _addresses(application), found or facts_now(application))
    return _STEPS[Stage(application.stage)](application, roles, _addresses(application))


def _addresses(application):
    return lambda page: url_for(page, number=application.id)


def came_back(application):
    """Why a case came back, in the words of whoever sent it back, or an empty string."""
    if application.came_by not in ("send_back", "reopen", "redo_dispatch"):
        return ""
    event = Event.newest(application, application.came_by)
    return event.particulars.get("reason") or event.particulars.get("fault") or ""


def _draft(application, roles, at, found):
    if Role.APPLICANT not in roles:
        return NextStep("申請した人が入力しています。", whose=application.applicant.name)
    wanting = [fact.name for fact in found if not fact.is_so]
    back = {"差し戻し": "差し戻しの理由を読み、", "不備対応": "不備の指摘を読み、"}.get(application.status, "")
    if {"csr", "csr_rules"} & set(wanting):
        return NextStep(f"{back}鍵ペアとCSRを用意してください。", "鍵ペアとCSRを用意する", at("drafts.csr"))
    if {"title", "purpose", "officer", "head"} & set(wanting):
        return NextStep(f"{back}申請の内容を入力してください。", "申請の内容を入力する", at("drafts.description"))
    if "consent" in wanting:
        return NextStep("発行申請の前に、3つの文書を読んで承認してください。", "文書を確認する", at("drafts.consent"))
    ways = (("申請の内容を直す", at("drafts.description")), ("CSRを登録し直す", at("drafts.csr"))) if back else ()
    sentence = f"{back}申請の内容を確認し、提出してください。"
    return NextStep(sentence, "内容を確認して提出する", at("drafts.submission"), links=ways)


def _submitted(application, roles, at):
    if Role.APPLICANT in roles:
        if Inquiry.unanswered(application):
            return NextStep(
                "登録担当者から照会があります。回答してください。", "照会に回答する", at("examination.inquiry")
            )
        return NextStep("登録担当者が審査しています。", whose="登録担当者", due=since_words(application.stage_since_at))
    if Role.OFFICER in roles:
        asked = Inquiry.unanswered(application)
        if asked:
            page = (("審査の画面を開く", at("examination.show")),)
            return NextStep(
                "照会への回答を待っています。",
                whose=application.applicant.name,
                due=since_words(asked.asked_at),
                links=page,
            )
        return NextStep("発行申請書の内容と利用管理者を確認し、審査してください。", "審査する", at("examination.show"))
    return NextStep("登録担当者が審査しています。", whose="登録担当者", due=since_words(application.stage_since_at))


def _examined(application, roles, at):
    if roles & {Role.HEAD, Role.OFFICER}:
        return NextStep(
            "発行申請書の内容を確認し、電子署名または捺印をしてください。"
            if Role.HEAD in roles
            else "機関責任者の電子署名または捺印を受け、登録してください。",
            "内容を確認し、署名に進む" if Role.HEAD in roles else "捺印・署名に進む",
            at("sealing.show"),
            whose=application.head.name,
            due=since_words(application.stage_since_at),
        )
    return NextStep(
        "機関責任者の捺印・署名を待っています。",
        whose=application.head.name,
        due=since_words(application.stage_since_at),
    )


def _sealed(application, roles, at):
    letter = Letter.packet(application)
    state = letter.state if letter and letter.version == application.version else ""
    if Role.OFFICER not in roles:
        return NextStep("登録担当者がサービス窓口へ送付します。", whose="登録担当者")
    if state in ("unknown", "refused"):
        return NextStep(
            f"送付メールは「{LETTER_STATES[state]}」です。確認してください。", "送信結果を確認する", at("dispatch.show")
        )
    if state in ("waiting", "posting"):
        page = (("送信の状態を見る", at("dispatch.show")),)
        return NextStep("送付メールの送信を待っています。", whose="自動", links=page)
    return NextStep("送付物を確認し、サービス窓口へ送付してください。", "送付物を確認する", at("dispatch.show"))


def _sent(application, roles, at):
    waited = clock.business_days_between(sent_on(application), clock.today())
    due = f"送付から{waited}営業日(審査の開始から発行まで約10営業日)"
    if not roles & {Role.OFFICER, Role.APPLICANT}:
        return NextStep("認証局で審査しています。", whose="認証局", due=due)
    links = (("認証局からの電話・不備・却下を記録する", at("desk.show")),) if Role.OFFICER in roles else ()
    return NextStep(
        "認証局で審査しています。証明書のZIPがメールで届いたら、受け取りの操作をしてください。",
        "届いた証明書を受け取る",
        at("delivery.show"),
        whose="認証局",
        due=due,
        links=links,
    )


def _delivered(application, roles, at):
    if not roles & {Role.OFFICER, Role.APPLICANT}:
        return NextStep("証明書をトークンに格納します。", whose="利用管理者・登録担当者")
    if Certificate.of(application).key_pair_id:
        return NextStep(
            "証明書を鍵のあるトークンに格納し、署名して動作を確認します。",
            "トークンに格納し、動作を確認する",
            at("delivery.install"),
            is_post=True,
        )
    return NextStep("証明書を鍵のある場所に格納してください。", "証明書を引き渡す", at("delivery.handover"))


def _installed(application, roles, at):
    subscriber = application.subscriber
    mine = Role.APPLICANT in roles and subscriber is not None or Role.OFFICER in roles and subscriber is None
    if mine:
        return NextStep(
            "証明書の記載内容を確認し、利用を始めてください。", "証明書の内容を確認する", at("delivery.acceptance")
        )
    return NextStep("証明書の内容の確認を待っています。", whose=subscriber.name if subscriber else "登録担当者")


def _in_use(application, roles, at):
    certificate = Certificate.of(application)
    links = [("証明書と署名の方法を見る", url_for("certificates.show", number=certificate.id))]
    sentence = f"この証明書は利用中です。有効期限は{clock.day_of(certificate.not_after):%Y年%-m月%-d日}です。"
    if application.replaces_id:
        sentence += "置き換えた証明書は、配布物の署名への影響を確かめたうえで、失効を検討してください。"
        links.append(("置き換えた証明書を見る", url_for("certificates.show", number=application.replaces_id)))
    return NextStep(sentence, links=tuple(links))


def _ended(application, roles, at):
    return NextStep(f"この申請は「{application.status}」で終わりました。理由は「経過」にあります。")


_STEPS = {
    Stage.SUBMITTED: _submitted,
    Stage.EXAMINED: _examined,
    Stage.SEALED: _sealed,
    Stage.SENT: _sent,
    Stage.DELIVERED: _delivered,
    Stage.INSTALLED: _installed,
    Stage.IN_USE: _in_use,
    Stage.WITHDRAWN: _ended,
    Stage.REFUSED: _ended,
}


def sent_on(application):
    """The Japanese day on which the packet left."""
    return clock.day_of(application.stage_since_at)


def checklist(found):
    """Facts as items for ui.checklist, each label once."""
    unique = {fact.label: fact for fact in found}
    return [
        {"label": fact.label, "done": fact.is_so, "detail": fact.detail if fact.is_so else ""}
        for fact in unique.values()
    ]


SHOWN = ("form_xlsx", "form_pdf", "sealed_pdf", "scan", "delivery")
PAPER_NAMES = {
    "form_xlsx": "発行申請書(Excel)",
    "form_pdf": "発行申請書(PDF)",
    "sealed_pdf": "電子署名済みPDF",
    "scan": "捺印済みPDF",
    "delivery": "認証局からのZIP",
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
        "name": PAPER_NAMES[paper.kind],
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
        ("attach_csr", "drafts.csr", "鍵ペアとCSRを登録し直す"),
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


def labels(application):
    return procedure.STEP_LABELS if Kind(application.kind) == Kind.ISSUE else ()
