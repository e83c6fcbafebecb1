"""ORG-03: the institution's gates. While one is closed nothing new is issued; a revocation never waits for them."""

import datetime
from dataclasses import dataclass

from webapp.rules import ERROR, Finding, rule
from webapp.rules.verbs import ON_DISPATCH

CONTINUATION, EMPLOYMENT, RIGHT_TO_ISSUE = "continuation", "employment", "right_to_issue"


@dataclass(frozen=True)
class Gate:
    """One record: `kind` one of the three, `due_on` its deadline (of a right: its last day), `done_on` when it was
    answered or None; `fiscal_year` the 年度 that a continuation is for."""

    kind: str
    due_on: datetime.date
    done_on: datetime.date | None = None
    fiscal_year: int | None = None


@rule(
    "ORG-03",
    (ERROR,),
    "機関の要件(継続意思確認、在籍確認審査、証明書発行有効期限)が満たされている。失効はこれを待たない。",
    "「機関」の画面で、済んだことを記録する。",
    "NII FAQ、証明書申請・管理ガイド(domain.md §1)",
    issue=("submit", *ON_DISPATCH, "repost"),
)
def judge(gates, today, fiscal_year):
    """Findings about the records in force on a day in the 年度 `fiscal_year`. Where nothing is recorded nothing is
    known, and the gate is open."""
    return [*_continuation(gates, today, fiscal_year), *_employment(gates, today), *_right(gates, today)]


def covered(gates):
    """The last 年度 whose 継続意思確認 was answered, or None."""
    return max((gate.fiscal_year for gate in gates if gate.kind == CONTINUATION and gate.done_on), default=None)


def unanswered(gates, kind):
    """The records of a kind that wait for an answer and were not overtaken by a later, answered one."""
    own = [gate for gate in gates if gate.kind == kind]
    answered = max((gate.due_on for gate in own if gate.done_on), default=datetime.date.min)
    return [gate for gate in own if not gate.done_on and gate.due_on > answered]


def right(gates):
    """The right to issue that lasts longest, or None."""
    rights = [gate for gate in gates if gate.kind == RIGHT_TO_ISSUE]
    return max(rights, key=lambda gate: gate.due_on, default=None)


def _continuation(gates, today, fiscal_year):
    """Missed: a deadline has passed, or the present 年度 began without an answer, though there are records."""
    last, waiting = covered(gates), unanswered(gates, CONTINUATION)
    missed = [gate.fiscal_year for gate in waiting if gate.due_on < today]
    in_time = any(gate.due_on >= today and gate.fiscal_year == fiscal_year for gate in waiting)
    if not missed and last is not None and last < fiscal_year and not in_time:
        missed = [fiscal_year]
    if not missed:
        return []
    sentence = f"{max(missed)}年度の継続意思確認が、期限までに済んだ記録がありません。"
    advice = "確認が済むまで新しい申請は進められません。済んでいれば記録し、済んでいなければすぐにサービス窓口へ連絡してください。"
    return [Finding("ORG-03", ERROR, CONTINUATION, sentence, advice)]


def _employment(gates, today):
    late = [gate.due_on for gate in unanswered(gates, EMPLOYMENT) if gate.due_on < today]
    if not late:
        return []
    sentence = f"機関責任者の在籍確認審査の利用確認書を、期限({_day(min(late))})までに返送した記録がありません。"
    advice = "返送していれば記録し、まだであれば、すぐに返送してサービス窓口へ連絡してください。"
    return [Finding("ORG-03", ERROR, EMPLOYMENT, sentence, advice)]


def _right(gates, today):
    held = right(gates)
    if held is None or held.due_on >= today:
        return []
    sentence = f"機関の証明書発行有効期限({_day(held.due_on)})が切れています。"
    advice = "サービス窓口へ連絡し、延長された期限を記録してください。"
    return [Finding("ORG-03", ERROR, RIGHT_TO_ISSUE, sentence, advice)]


def _day(day):
    return f"{day:%Y年%-m月%-d日}"
