"""What the desk and the CA do after sending (1-1-6): review, telephone call, a fault they found, a refusal."""

from datetime import date

from webapp import clock, mails
from webapp.acts import letters, performing, require_now
from webapp.acts.case import release_target, required
from webapp.errors import Incomplete
from webapp.register import TelephoneCall

CALL_OUTCOMES = {"answered": "受けた・問題なし", "missed": "不在だった", "call_back": "折り返し"}


def note_review(application, who, started_on):
    """Record the day on which the CA began its review, from which its ten business days count."""
    require_now("note_review", application, who)
    try:
        day = date.fromisoformat((started_on or "").strip())
    except ValueError:
        day = None
    if day is None or day > clock.today():
        sentence = "審査が始まった日を、今日までの日付で入力してください。"
        raise Incomplete("入力内容を確認してください。", sentence, {"started_on": sentence})
    with performing("note_review", application, who, {"started_on": day.isoformat()}, review_started_on=day):
        pass


def note_call(application, who, outcome, number, note):
    """Note the CA's call: outcome (of CALL_OUTCOMES), the number to call back where there is one, a remark."""
    require_now("note_call", application, who)
    if outcome not in CALL_OUTCOMES:
        raise Incomplete(
            "電話の結果を選んでください。", "3つから選んでください。", {"outcome": "結果を選んでください。"}
        )
    number, note = (number or "").strip(), (note or "").strip()
    if outcome == "call_back" and not number:
        sentence = "認証局が指定した折り返し先の電話番号を入力してください。"
        raise Incomplete("入力内容を確認してください。", sentence, {"number": sentence})
    with performing("note_call", application, who, {"outcome": outcome}, {"number": number, "note": note}):
        TelephoneCall.create(
            application=application, at=clock.now(), outcome=outcome, number=number, note=note, person=who.person
        )


def reopen(application, who, fault):
    """The desk found a fault that needs other values: back to the applicant, examined and sealed again, sent again
    under the same number."""
    require_now("reopen", application, who)
    fault = required(fault, "fault", "サービス窓口から指摘された内容を入力してください。")
    cleared = {"examiner": None, "sealer": None, "attester": None, "review_started_on": None}
    with performing("reopen", application, who, {"version": application.version}, {"fault": fault}, **cleared):
        people = letters.people_of(application)
        letters.notify(mails.reopened, application, people, fault, who.person.name)


def redo_dispatch(application, who, fault):
    """The desk asks for the same papers again: back to sending, nothing is changed."""
    require_now("redo_dispatch", application, who)
    fault = required(fault, "fault", "サービス窓口から指摘された内容を入力してください。")
    with performing("redo_dispatch", application, who, {}, {"fault": fault}, review_started_on=None):
        pass


def refuse(application, who, reason):
    """Record that the CA has refused the application for good."""
    require_now("refuse", application, who)
    reason = required(reason, "reason", "認証局から伝えられた理由を入力してください。")
    with performing("refuse", application, who, {}, {"reason": reason}):
        release_target(application)
        letters.notify(mails.refused, application, letters.people_of(application), reason)
