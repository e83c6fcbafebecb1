"""1-1-3: the officer's examination: identity and existence, inquiries, completing it, sending back."""

from datetime import date

from webapp import clock, mails
from webapp.acts import facts, letters, performing, require_now
from webapp.acts.case import required
from webapp.acts.judgement import Case
from webapp.errors import Incomplete, Overtaken
from webapp.register import IdentityCheck, IdentityMethod, Inquiry, Paper
from webapp.rules import people as people_rules

ASPECTS = {"identity": "本人性", "existence": "実在性"}
# What may be chosen as a result: what is kept of it, and of 実在性 what the person is to the institution (ACT-01).
RESULTS = {
    "confirmed": ("confirmed", people_rules.FULL_TIME),
    "contractor": ("confirmed", people_rules.CONTRACTOR),
    "neither": ("unconfirmed", people_rules.NEITHER),
    "unconfirmed": ("unconfirmed", ""),
}
CHOICES = {
    "identity": (("confirmed", "確認できた"), ("unconfirmed", "確認できない")),
    "existence": (
        ("confirmed", "確認できた(常勤の教職員)"),
        ("contractor", "確認できた(鍵の管理を委託した先の役員・社員)"),
        ("neither", "どちらでもない(利用管理者になれません)"),
        ("unconfirmed", "確認できない"),
    ),
}

# Ready sentences for sending back; each may be changed or replaced by the officer's own words.
REASONS = (
    "主体者DNが登録値と異なります。登録値でCSRを作り直してください。",
    "用途の説明が足りません。配布するソフトウェアと配布先を書いてください。",
    "利用管理者が変わっているようです。いまの利用管理者を選び直してください。",
    "捺印・署名する方の任期を確認し、選び直してください。",
    "鍵の保管場所(トークンの種類)を確認できません。確認できる資料を添えて、もう一度提出してください。",
)


def check_identity(application, who, aspect, result, method, checked_on, note):
    """ID-01, ACT-01: record 本人性 or 実在性 with result, method of the institution's own table, day and note."""
    require_now("check_identity", application, who)
    fields = {}
    offered = {row.name for row in IdentityMethod.offered(aspect)} if aspect in ASPECTS else set()
    if aspect not in ASPECTS:
        fields["aspect"] = "本人性または実在性を選んでください。"
    if result not in dict(CHOICES.get(aspect, ())):
        fields[f"{aspect}-result"] = "確認できたかどうかを選んでください。"
    if method not in offered:
        fields[f"{aspect}-method"] = "確認の方法を一覧から選んでください。"
    day = _day(checked_on)
    if day is None or day > clock.today():
        fields[f"{aspect}-checked_on"] = "確認した日を、今日までの日付で入力してください。"
    if fields:
        raise Incomplete("入力内容を確認してください。", "印の付いた項目を直すと記録できます。", fields)
    about = application.subscriber or application.applicant
    result, standing = RESULTS[result] if aspect == "existence" else (result, "")
    known = {"aspect": aspect, "result": result, "method": method, "checked_on": day.isoformat()}
    known |= {"standing": standing} if standing else {}
    with performing("check_identity", application, who, known, {"note": note, "about": about.name}):
        IdentityCheck.create(
            application=application,
            about=about,
            aspect=aspect,
            result=result,
            standing=standing,
            method=method,
            checked_on=day,
            note=note.strip(),
            officer=who.person,
            at=clock.now(),
        )


def _day(text):
    try:
        return date.fromisoformat((text or "").strip())
    except ValueError:
        return None


def inquire(application, who, question):
    """Ask the applicant something without sending the application back (照会・保留)."""
    require_now("inquire", application, who)
    question = required(question, "question", "照会の内容を入力してください。")
    with performing("inquire", application, who, {}, {"question": question}):
        if Inquiry.unanswered(application):
            raise Overtaken("回答を待っている照会がすでにあります。", "回答が届いてから、次の照会をしてください。")
        Inquiry.create(application=application, question=question, asked_by=who.person, asked_at=clock.now())
        letters.notify(mails.inquired, application, letters.people_of(application), question, who.person.name)


def answer(application, who, text):
    require_now("answer", application, who)
    _asked(application)
    text = required(text, "answer", "回答を入力してください。")
    with performing("answer", application, who, {}, {"answer": text}):
        inquiry = _asked(application)
        inquiry.answer, inquiry.answered_by, inquiry.answered_at = text, who.person, clock.now()
        inquiry.save()
        letters.notify(mails.answered, application, [inquiry.asked_by], text)


def _asked(application):
    """The inquiry that waits for an answer; raises Overtaken when there is none (any more)."""
    inquiry = Inquiry.unanswered(application)
    if inquiry is None:
        raise Overtaken("回答を待っている照会はありません。", "画面を開き直してください。")
    return inquiry


def examine(application, who):
    """Complete the examination of exactly the frozen papers; their hashes go into the event."""
    require_now("examine", application, who)
    case = Case(application, actor=who.person.id)
    facts.demand(facts.for_examination(application, case), "審査を完了するには、次の確認が必要です。")
    seen = {kind: Paper.newest(application, kind).sha256 for kind in ("form_xlsx", "form_pdf")}
    with performing("examine", application, who, seen, examiner=who.person):
        if application.wants_seal:
            letters.notify(mails.awaits_seal, application, [application.head])


def send_back(application, who, reason):
    """Give the application back with a reason, which reaches the applicant by mail and on the page."""
    require_now("send_back", application, who)
    reason = required(reason, "reason", "差し戻す理由を入力してください。申請した人にそのまま伝わります。")
    cleared = {"examiner": None, "sealer": None, "attester": None}
    with performing("send_back", application, who, {"version": application.version}, {"reason": reason}, **cleared):
        letters.call_off(application)
        people = letters.people_of(application)
        letters.notify(mails.returned, application, people, reason, who.person.name)
