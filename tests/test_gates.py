"""ORG-03: what the institution must keep up, and what stops when it does not."""

from datetime import date, timedelta
from io import BytesIO

import pytest
from peewee import IntegrityError

from tests.administering import BOTH, move_to, refused_fields
from tests.cases import again
from webapp import clock
from webapp.acts import case as case_acts
from webapp.acts import dispatch, gates
from webapp.errors import Incomplete
from webapp.register import Event, Evidence, GateRecord, database
from webapp.rules.gates import Gate, judge

PDF = b"%PDF-1.7\n%%EOF\n"


@pytest.fixture
def desk(browser, suzuki):
    """The officer's browser."""
    return browser.sign_in_as(suzuki)


def typed(kind, **changes):
    given = {"kind": kind, "asked_on": clock.today().isoformat(), "note": ""}
    if kind == "right_to_issue":
        given["due_on"] = (clock.today() + timedelta(days=400)).isoformat()
    if kind == "continuation":
        year = clock.fiscal_year(clock.today()) + 1
        given |= {"fiscal_year": str(year), "due_on": f"{year}-03-31"}
    return given | changes


def days(count):
    return (clock.today() + timedelta(days=count)).isoformat()


ANSWER = {"signature": "signature_and_seal", "is_western": "yes", "is_same_name": "yes"}


# The rule


@pytest.mark.parametrize(
    ("gates", "today", "closed"),
    [
        ([], date(2028, 2, 29), []),
        ([Gate("right_to_issue", date(2028, 2, 29))], date(2028, 2, 29), []),
        ([Gate("right_to_issue", date(2028, 2, 29))], date(2028, 3, 1), ["right_to_issue"]),
        ([Gate("right_to_issue", date(2028, 2, 29)), Gate("right_to_issue", date(2030, 1, 1))], date(2028, 3, 1), []),
        ([Gate("employment", date(2028, 3, 30))], date(2028, 3, 30), []),
        ([Gate("employment", date(2028, 3, 30))], date(2028, 3, 31), ["employment"]),
        ([Gate("employment", date(2028, 3, 30), date(2028, 4, 5))], date(2028, 4, 6), []),
        ([Gate("employment", date(2027, 3, 1)), Gate("employment", date(2028, 3, 1), date(2028, 2, 1))], date(2028, 4, 1), []),
        # 継続意思確認: answered for 2027年度, good until 31 March 2028
        ([Gate("continuation", date(2027, 3, 31), date(2027, 2, 20), 2027)], date(2028, 3, 31), []),
        ([Gate("continuation", date(2027, 3, 31), date(2027, 2, 20), 2027)], date(2028, 4, 1), ["continuation"]),
        ([Gate("continuation", date(2028, 3, 15), None, 2028)], date(2028, 3, 15), []),
        ([Gate("continuation", date(2028, 3, 15), None, 2028)], date(2028, 3, 16), ["continuation"]),
        ([Gate("continuation", date(2027, 3, 31), date(2027, 3, 1), 2027), Gate("continuation", date(2028, 4, 14), None, 2028)], date(2028, 4, 10), []),
        ([Gate("continuation", date(2027, 3, 31), date(2027, 3, 1), 2027), Gate("continuation", date(2028, 4, 14), None, 2028)], date(2028, 4, 15), ["continuation"]),
        ([Gate("continuation", date(2027, 3, 31), date(2027, 5, 1), 2027)], date(2027, 5, 2), []),
    ],
)  # fmt: skip
def test_a_gate_closes_on_the_day_after_its_deadline(gates, today, closed):
    found = judge(gates, today, clock.fiscal_year(today))
    assert [each.field for each in found] == closed
    assert all(each.id == "ORG-03" and each.severity == "error" and each.advice for each in found)


# Records


@BOTH
def test_a_letter_of_the_ca_is_answered_within_thirty_days_of_its_posting(desk, suzuki):
    page = desk.press("/gates", typed("employment", asked_on=days(-3), file=(BytesIO(PDF), "利用確認書.pdf")))
    assert page.status == 200 and "回答待ち" in page.text and "利用確認書.pdf" in page.text
    row = GateRecord.get()
    assert row.due_on == clock.today() + timedelta(days=27) and row.entered_by == suzuki
    at = f"/gates/{row.id}/answer"
    page = desk.press(at, {"done_on": days(0)})
    assert page.status == 422 and "方法を選んで" in page.text and "日付を西暦で記入した" in page.text
    assert desk.press(at, ANSWER | {"done_on": days(-4)}).status == 422
    assert desk.press(at, ANSWER | {"done_on": days(1)}).status == 422
    page = desk.press(at, ANSWER | {"done_on": days(0), "file": (BytesIO(PDF), "返送.pdf")})
    assert page.status == 200 and "回答済" in page.text and "署名と捺印" in page.text
    assert desk.press(at, ANSWER | {"done_on": days(0)}).status == 409
    assert Evidence.select().count() == 2
    assert [event.act for event in Event.about(row)] == ["answer_gate", "record_gate"]


@pytest.mark.parametrize(
    ("kind", "changes", "field"),
    [
        ("employment", {"asked_on": "きのう"}, "asked_on"),
        ("employment", {"asked_on": "2999-01-01"}, "asked_on"),
        ("continuation", {"fiscal_year": "1999"}, "fiscal_year"),
        ("continuation", {"fiscal_year": ""}, "fiscal_year"),
        ("continuation", {"due_on": "2001-01-01"}, "due_on"),
        ("right_to_issue", {"due_on": ""}, "due_on"),
        ("right_to_issue", {"note": "長" * 501}, "note"),
        ("right_to_issue", {"file": b"MZ"}, "file"),
    ],
)
def test_it_says_what_is_wrong_with_a_record(desk, kind, changes, field):
    given = typed(kind, note="備考の一行") | changes
    if "file" in given:
        given["file"] = (BytesIO(given["file"]), "x.pdf")
    page = desk.press("/gates", given)
    assert page.status == 422 and f'id="f-{field}-error"' in page.html and not GateRecord.select().exists()
    assert field == "note" or "備考の一行" in page.html


def test_an_unknown_kind_is_refused_without_a_form(desk):
    assert desk.press("/gates", {"kind": "war"}).status == 422
    assert desk.see("/gates/new/war").status == 404 and desk.see("/gates/999").status == 404


def test_a_year_is_confirmed_once(desk):
    assert desk.press("/gates", typed("continuation")).status == 200
    page = desk.press("/gates", typed("continuation"))
    assert page.status == 422 and "すでに記録されています" in page.text


@BOTH
def test_a_wrong_record_is_voided_with_a_reason_and_stays(desk):
    desk.press("/gates", typed("right_to_issue", due_on=days(-1)))
    row = GateRecord.get()
    assert "有効期限" in desk.see("/gates").text and gates.findings(clock.today())
    assert desk.press(f"/gates/{row.id}/voiding", {"reason": ""}).status == 422
    assert desk.press(f"/gates/{row.id}/voiding", {"reason": "年を誤った。"}).status == 200
    assert gates.findings(clock.today()) == [] and "取り消した記録" in desk.see("/gates").text
    assert desk.press(f"/gates/{row.id}/voiding", {"reason": "もう一度"}).status == 409


# What stops, and what does not


def test_a_fresh_installation_is_open_with_a_gentle_task(desk, case):
    assert gates.findings(clock.today()) == []
    page = desk.see("/")
    assert "まだ記録がありません。申請は止まりません。" in page.text
    case_acts.submit(draft := case.draft(), case.who("佐藤"))
    assert again(draft).stage == "submitted"


@BOTH
@pytest.mark.parametrize("kind", ["right_to_issue", "employment", "continuation"])
def test_a_closed_gate_stops_submission_and_dispatch_and_opens_again(house, case, suzuki, by, kind):
    draft, sealed = case.draft(), case.sealed(title="別のもの")
    late = {"employment": {"asked_on": days(-40)}, "right_to_issue": {"due_on": days(-1)}}
    changes = late.get(kind, {"asked_on": days(-9), "due_on": days(-1)})
    row = gates.record_gate(by(suzuki), typed(kind, **changes))
    assert f"gate_{kind}" in refused_fields(case_acts.submit, draft, case.who("佐藤"))
    assert f"gate_{kind}" in refused_fields(dispatch.dispatch_by_hand, sealed, case.who("鈴木"), True)
    assert (again(draft).stage, again(sealed).stage) == ("draft", "sealed")
    if kind == "right_to_issue":
        gates.record_gate(by(suzuki), typed(kind))
    else:
        gates.answer_gate(by(suzuki), row, ANSWER | {"done_on": days(0)})
    case_acts.submit(draft, case.who("佐藤"))
    dispatch.dispatch_by_hand(sealed, case.who("鈴木"), True)


def test_nothing_holds_up_a_revocation(house, case, suzuki, by):
    draft, revocation = case.draft(), case.revocation("draft", title="別のもの")
    gates.record_gate(by(suzuki), typed("right_to_issue", due_on=days(-1)))
    assert "gate_right_to_issue" in refused_fields(case_acts.submit, draft, case.who("佐藤"))
    case_acts.submit(revocation, case.who("佐藤"))
    assert again(revocation).stage == "submitted"


def test_the_submission_page_says_which_gate_is_closed(browser, case, sato, suzuki, by):
    gates.record_gate(by(suzuki), typed("right_to_issue", due_on=days(-1)))
    page = browser.sign_in_as(sato).see(f"/applications/{case.draft().id}/submission")
    assert "機関の証明書発行有効期限" in page.text and "が切れています" in page.text


# Warnings


def test_officers_are_warned_by_steps(house, suzuki, by):
    due_on = clock.today() + timedelta(days=400)
    row = gates.record_gate(by(suzuki), typed("right_to_issue", due_on=due_on.isoformat()))

    def keys(left):
        return [due.key for due in gates.dues(due_on - timedelta(days=left)) if str(row.id) == due.key.split("-")[1]]

    assert keys(91) == [] and keys(90) == keys(31) == [f"gate-{row.id}-90"]
    assert keys(30) == [f"gate-{row.id}-30"] and keys(14) == [f"gate-{row.id}-14"]
    assert keys(7) == keys(0) == [f"gate-{row.id}-7"] and keys(-1) == [f"gate-{row.id}-late"]
    assert [each.on for each in gates.dates(due_on, due_on)] == [due_on]


def test_the_turn_of_the_year_is_expected_without_any_letter(house, suzuki, by):
    move_to(date(2027, 2, 20))
    row = gates.record_gate(by(suzuki), typed("continuation"))
    gates.answer_gate(by(suzuki), row, {"done_on": "2027-02-20"})
    assert (row.fiscal_year, row.due_on) == (2027, date(2027, 3, 31))
    move_to(date(2028, 2, 29))
    (each,) = gates.waiting(clock.today())
    assert each.due_on == date(2028, 3, 31) and "2028年度の継続意思確認" in each.sentence
    assert [due.key for due in gates.dues(clock.today())] == ["gate-continuation-2028-90"]
    assert gates.findings(date(2028, 3, 31)) == [] and gates.findings(date(2028, 4, 1))
    move_to(date(2028, 4, 1))
    (each, later) = gates.waiting(clock.today())
    assert "期限を1日過ぎています" in gates.told(each, clock.today()) and "2029年度" in later.sentence
    gates.record_gate(by(suzuki), typed("continuation", fiscal_year="2028", due_on="2028-04-14"))
    assert gates.findings(clock.today()) == []


def test_every_page_of_the_officers_says_it_thirty_days_ahead(browser, suzuki, sato, by):
    row = gates.record_gate(by(suzuki), typed("right_to_issue", due_on=days(31)))
    desk = browser.sign_in_as(suzuki)

    def said(url="/applications"):
        return (
            f"機関の証明書発行有効期限は{GateRecord.get_by_id(row.id).due_on:%Y年%-m月%-d日}です。"
            in desk.see(url).text
        )

    assert not said()
    GateRecord.update(due_on=clock.today() + timedelta(days=30)).execute()
    assert said() and said("/") and "あと30日です。" in desk.see("/applications").text
    GateRecord.update(due_on=clock.today() - timedelta(days=2)).execute()
    assert said() and "失効の手続きはできます" in desk.see("/applications").text
    browser.sign_in_as(sato)
    assert not said()


def test_officers_and_administrators_alone_record_gates(browser, sato, tanaka, ito, kobayashi):
    for person in (sato, tanaka, ito):
        desk = browser.sign_in_as(person)
        assert desk.see("/gates").status == 403 and desk.press("/gates", typed("right_to_issue")).status == 403
    assert browser.sign_in_as(kobayashi).press("/gates", typed("right_to_issue")).status == 200


@BOTH
@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "war"},
        {"fiscal_year": 2027},
        {"kind": "continuation"},
        {"due_on": date(2026, 9, 1)},
        {"done_on": date(2026, 10, 2)},
    ],
)
def test_the_database_holds_what_a_record_means(house, suzuki, changes):
    values = {"kind": "employment", "asked_on": date(2026, 10, 1), "due_on": date(2026, 10, 31), "note": ""}
    values |= {"entered_at": clock.now(), "entered_by": suzuki}
    with pytest.raises(IntegrityError), database.atomic():
        GateRecord.create(**values | changes)


def test_a_refusal_names_no_field_twice(house, by, suzuki):
    with pytest.raises(Incomplete):
        gates.record_gate(by(suzuki), {})
