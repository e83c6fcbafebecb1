"""The institution's gates (ORG-03): 継続意思確認 each 年度, 在籍確認審査 of the 機関責任者, the last day of the right to issue."""

from dataclasses import dataclass
from datetime import date, timedelta

from webapp import clock
from webapp.acts import entries, evidence, house, letters
from webapp.acts.dues import Due
from webapp.errors import Overtaken
from webapp.register import GateRecord, database
from webapp.rules import gates as rules
from webapp.rules.gates import CONTINUATION, EMPLOYMENT, RIGHT_TO_ISSUE, Gate

KINDS = {
    CONTINUATION: "継続意思確認",
    EMPLOYMENT: "在籍確認審査(利用確認書)",
    RIGHT_TO_ISSUE: "機関の証明書発行有効期限",
}
DAYS_TO_REPLY = timedelta(days=30)  # after the CA's posting of the 利用確認書
AHEAD = (90, 30, 14, 7)  # days before a deadline on which officers are told
NOTICE = timedelta(days=30)  # from here on every page of the officers says so
SIGNATURES = {
    "signature": "署名のみ",
    "signature_and_seal": "署名と捺印",
    "name_and_seal": "記名(印字)と捺印",
}
ATTESTED = {
    "is_western": "日付を西暦で記入した",
    "is_same_name": "氏名が、利用確認書の左上に印字された氏名と同じである",
}


@dataclass(frozen=True)
class Waiting:
    """A gate that closes on a day unless something is done: `record` where there is one already, else None."""

    key: str
    kind: str
    due_on: date
    sentence: str
    path: str
    record: GateRecord | None = None


def record_gate(who, given, name="", data=b""):
    """Write down what the institution was asked, or until when it may issue (kind, asked_on, due_on, fiscal_year, note
    as typed, and a file). Returns the GateRecord. Raises NotYourAct, Incomplete."""
    house.require_office(who)
    values = _checked(given)
    evidence.check(data)
    with database.atomic():
        if values["kind"] == CONTINUATION and _of_year(values["fiscal_year"]).exists():
            entries.refuse({"fiscal_year": "この年度の継続意思確認は、すでに記録されています。"})
        record = GateRecord.create(**values, entered_at=clock.now(), entered_by=who.person)
        told = {field: _plain(values[field]) for field in ("kind", "asked_on", "due_on", "fiscal_year")}
        _note("record_gate", record, who, told, values["note"], name, data)
    return record


def answer_gate(who, record, given, name="", data=b""):
    """Record that it was answered (done_on; for a 利用確認書 how it was signed, and what the officer attests of it).
    Raises NotYourAct, Incomplete, Overtaken."""
    house.require_office(who)
    if record.kind == RIGHT_TO_ISSUE:
        raise Overtaken("有効期限の記録には、回答はありません。", "延長されたときは、新しい期限を記録してください。")
    values = entries.checked({"done_on": entries.day("回答した日", is_past=True), "note": _remark}, given)
    if values["done_on"] < record.asked_on:
        entries.refuse({"done_on": f"{record.asked_on}以降の日付にしてください。"})
    answer = _attested(given) if record.kind == EMPLOYMENT else None
    evidence.check(data)
    with database.atomic():
        _change(record, GateRecord.done_on.is_null(), done_on=values["done_on"], done_by=who.person, answer=answer)
        told = {"kind": record.kind, "done_on": values["done_on"].isoformat()} | ({"answer": answer} if answer else {})
        _note("answer_gate", record, who, told, values["note"], name, data)


def void_gate(who, record, reason):
    """Take back a record that was wrong, with a reason: it stays, and counts no more. Raises NotYourAct, Incomplete,
    Overtaken."""
    house.require_office(who)
    reason = entries.checked({"reason": entries.line("取り消す理由")}, {"reason": reason})["reason"]
    with database.atomic():
        _change(record, GateRecord.voided_at.is_null(), voided_at=clock.now())
        house.note("void_gate", record, who, {"kind": record.kind}, {"reason": reason})


def in_force():
    """The records in force as the rule looks at them."""
    return _gates(list(GateRecord.in_force()))


def findings(today):
    """The findings ORG-03 on a day: which gates are closed, and what to do."""
    return rules.judge(in_force(), today, clock.fiscal_year(today))


def waiting(today):
    """Everything that closes a gate unless something is done, the earliest first. One query."""
    rows = list(GateRecord.in_force())
    return sorted([*_asked(rows), *_to_continue(rows, today), *_right(rows)], key=lambda each: each.due_on)


def is_recorded():
    return GateRecord.in_force().exists()


def notices(today):
    """What every page of the officers must say now: what is due within 30 days, or overdue."""
    return [each for each in waiting(today) if each.due_on - today <= NOTICE]


def dues(today):
    """What is due, each once for every step of AHEAD, and once more when it is overdue."""
    people = tuple(letters.officers())
    for each in waiting(today):
        left = (each.due_on - today).days
        if left <= AHEAD[0]:
            step = "late" if left < 0 else min(days for days in AHEAD if left <= days)
            yield Due(f"{each.key}-{step}", each.due_on, told(each, today), each.path, people)


def dates(first, last):
    """The deadlines in a span, for the calendar."""
    people = tuple(letters.officers())
    for each in waiting(clock.today()):
        if first <= each.due_on <= last:
            yield Due(each.key, each.due_on, each.sentence, each.path, people)


def told(each, today):
    left = (each.due_on - today).days
    span = f"期限を{-left}日過ぎています。" if left < 0 else "期限は今日です。" if left == 0 else f"あと{left}日です。"
    return each.sentence + span


def years(today):
    """The 年度 that a 継続意思確認 may be for now."""
    year = clock.fiscal_year(today)
    return [year + 1, year]


def _asked(rows):
    for kind in (CONTINUATION, EMPLOYMENT):
        open_ones = {(gate.due_on, gate.fiscal_year) for gate in rules.unanswered(_gates(rows), kind)}
        for row in rows:
            if row.kind == kind and not row.done_on and (row.due_on, row.fiscal_year) in open_ones:
                what = f"{row.fiscal_year}年度の継続意思確認への回答" if kind == CONTINUATION else "利用確認書の返送"
                sentence = f"{what}の期限は{_day(row.due_on)}です。"
                yield Waiting(f"gate-{row.id}", kind, row.due_on, sentence, f"/gates/{row.id}", row)


def _to_continue(rows, today):
    """The 継続意思確認 that is to be expected though nobody has recorded its letter: for the coming 年度, and for the
    present one where an earlier one was answered."""
    last, year = rules.covered(_gates(rows)), clock.fiscal_year(today)
    recorded = {row.fiscal_year for row in rows if row.kind == CONTINUATION}
    for wanted in (year, year + 1) if last is not None else (year + 1,):
        if wanted not in recorded and (last is None or last < wanted):
            due_on = end_before(wanted)
            sentence = f"{wanted}年度の継続意思確認(2〜3月)の記録がありません。期限は遅くとも{_day(due_on)}です。"
            yield Waiting(f"gate-continuation-{wanted}", CONTINUATION, due_on, sentence, "/gates")


def end_before(fiscal_year):
    """The last day before a 年度."""
    return date(fiscal_year, 3, 31)


def _right(rows):
    held = rules.right(_gates(rows))
    row = (
        next((row for row in rows if row.kind == RIGHT_TO_ISSUE and row.due_on == held.due_on), None) if held else None
    )
    if row:
        sentence = f"機関の証明書発行有効期限は{_day(row.due_on)}です。"
        yield Waiting(f"gate-{row.id}", RIGHT_TO_ISSUE, row.due_on, sentence, f"/gates/{row.id}", row)


def _gates(rows):
    return [Gate(row.kind, row.due_on, row.done_on, row.fiscal_year) for row in rows]


def _of_year(year):
    return GateRecord.in_force().where((GateRecord.kind == CONTINUATION) & (GateRecord.fiscal_year == year))


def _checked(given):
    kind = entries.checked({"kind": entries.one_of(KINDS, "記録の種類を選んでください。")}, given)["kind"]
    wanted = {"asked_on": entries.day(ASKED_LABELS[kind], is_past=True), "note": _remark}
    if kind != EMPLOYMENT:
        wanted["due_on"] = entries.day("期限")
    if kind == CONTINUATION:
        offered = [str(year) for year in years(clock.today())]
        wanted["fiscal_year"] = entries.one_of(offered, "年度を一覧から選んでください。")
    values = entries.checked(wanted, given)
    due_on = values.get("due_on") or values["asked_on"] + DAYS_TO_REPLY
    if kind != RIGHT_TO_ISSUE and due_on < values["asked_on"]:
        entries.refuse({"due_on": "期限は、案内のあった日以降の日付にしてください。"})
    year = int(values["fiscal_year"]) if kind == CONTINUATION else None
    return {"kind": kind, "asked_on": values["asked_on"], "due_on": due_on, "fiscal_year": year, "note": values["note"]}


ASKED_LABELS = {
    CONTINUATION: "案内のあった日",
    EMPLOYMENT: "認証局が発送した日",
    RIGHT_TO_ISSUE: "確認した日",
}


def _attested(given):
    """How a 利用確認書 was signed; raises Incomplete until the officer attests what the CA looks at."""
    signature = given.get("signature")
    faults = {} if signature in SIGNATURES else {"signature": "署名・捺印の方法を選んでください。"}
    wanting = [label for field, label in ATTESTED.items() if not given.get(field)]
    faults |= {field: f"確認し、印を付けてください: {label}" for field, label in ATTESTED.items() if label in wanting}
    if faults:
        entries.refuse(faults)
    return {"signature": signature} | dict.fromkeys(ATTESTED, True)


def _remark(text):
    if len(text) > 500 or "\0" in text:
        raise entries.Unfit("備考は500文字以内で入力してください。")
    return text


def _change(record, still, **columns):
    mine = (GateRecord.id == record.id) & GateRecord.voided_at.is_null() & still
    if not GateRecord.update(**columns).where(mine).execute():
        raise Overtaken("この記録は、すでに変更されています。", "画面を開き直して、いまの状態を確認してください。")


def _note(act, record, who, told, note, name, data):
    kept_file = evidence.keep(who, name, data, gate_record=record)
    kept = {"sha256": kept_file.sha256} if kept_file else {}
    house.note(act, record, who, told | kept, {"note": note} if note else None)


def _plain(value):
    return value.isoformat() if isinstance(value, date) else value


def _day(day):
    return f"{day:%Y年%-m月%-d日}"
