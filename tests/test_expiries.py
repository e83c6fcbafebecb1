"""Certificates that end: at which step of the reminders each stands, who is told, and at what cost."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from tests.test_watching import MONDAY, SUZUKI, YAMAMOTO, body, letters_to, stand_at
from webapp import clock, profiles
from webapp.acts import expiries, watching
from webapp.register import Application, Certificate, Told, database
from webapp.register import expiries as asked

pytestmark = pytest.mark.both_databases
PRACTICE = profiles.load("practice")


def certificate(ends, title="計測ソフト配布用", **values):
    """One that was issued before Shirushi came: a row of the register alone."""
    number = Certificate.select().count()
    return Certificate.create(
        **{
            "chain": [],
            "issuer_sha256": "00",
            "serial": f"{number:x}",
            "subject": "CN=Shinsei University",
            "issuer": "CN=CA",
            "not_before": clock.beginning_of(ends - timedelta(days=460)),
            "not_after": clock.beginning_of(ends) + timedelta(hours=12),
            "received_at": clock.now(),
            "findings": [],
            "origin": "imported",
            "title": title,
            "purpose": "",
        }
        | values
    )


def steps(today=MONDAY):
    return {due.key.rpartition("-")[2]: due for due in expiries.dues(today)}


@pytest.mark.parametrize(
    ("left", "step"),
    [(91, ""), (90, "90"), (75, "90"), (60, "60"), (45, "45"), (30, "30"), (8, "14"), (7, "7"), (1, "7"), (0, "0"),
     (-1, "ended"), (-30, "ended"), (-31, "")],
)  # fmt: skip
def test_the_nearest_step_that_was_reached_is_told_and_no_other(left, step):
    assert expiries.step_on(MONDAY, MONDAY + timedelta(days=left), PRACTICE, is_with_the_desk=True) == step


def test_an_institution_may_set_other_days():
    other = replace(PRACTICE, reminder_days=(100, 1))
    assert expiries.step_on(MONDAY, MONDAY + timedelta(days=100), other) == "100"
    assert expiries.step_on(MONDAY, MONDAY + timedelta(days=30), other) == "late"
    assert expiries.step_on(MONDAY, MONDAY + timedelta(days=1), other) == "1"


@pytest.mark.parametrize(
    ("end", "safe"),
    [
        (date(2028, 3, 1), date(2028, 1, 7)),  # counted by hand: 成人の日, 建国記念の日, 天皇誕生日
        (date(2027, 6, 7), date(2027, 4, 13)),  # 昭和の日, 憲法記念日, みどりの日, こどもの日
        (date(2027, 6, 6), date(2027, 4, 12)),  # a Sunday: its Friday is the last that counts
        (date(2027, 1, 4), date(2026, 11, 9)),  # 勤労感謝の日, 29 December to 3 January
    ],
)
def test_the_last_safe_day_leaves_35_business_days(end, safe):
    assert expiries.last_safe_day(end, 10) == safe


def test_a_certificate_that_nobody_is_responsible_for_is_told_to_the_officers_once(house):
    stand_at(MONDAY)
    certificate(MONDAY + timedelta(days=30))
    for days in range(3):
        stand_at(MONDAY + timedelta(days=days))
        assert watching.make_round().failed == ""
    for mail in (SUZUKI, YAMAMOTO):
        (letter,) = [letter for letter in letters_to(mail) if "計測ソフト" in body(letter)]
        assert "担当者が登録されていません。登録担当者にお知らせします。" in body(letter)


def test_one_of_a_revoked_one_under_revocation_or_long_ended_nothing_is_said(house, case):
    stand_at(MONDAY)
    near = MONDAY + timedelta(days=30)
    certificate(near, revoked_at=clock.now())
    certificate(near, revoking=case.opened())
    certificate(MONDAY - timedelta(days=400))
    certificate(MONDAY + timedelta(days=200))
    assert list(expiries.dues(MONDAY)) == []


def test_one_without_a_name_is_called_by_its_serial_number(house):
    stand_at(MONDAY)
    certificate(MONDAY + timedelta(days=30), title="", serial="0a1b")
    (due,) = expiries.dues(MONDAY)
    assert due.sentence.startswith("証明書(シリアル番号 0a1b)の有効期限は、2027年7月7日(水)です(あと30日)。")


def test_whoever_becomes_responsible_is_told_what_the_one_before_was_told(house, sato, takahashi):
    stand_at(MONDAY)
    row = certificate(MONDAY + timedelta(days=30), subscriber=sato)
    watching.make_round()
    assert list(expiries.dues(MONDAY)) == []
    Certificate.update(subscriber=takahashi).where(Certificate.id == row.id).execute()
    (due,) = expiries.dues(MONDAY + timedelta(days=1))
    assert due.people == (takahashi,)


def test_a_renewal_that_was_refused_is_none(house, sato, case):
    stand_at(MONDAY)
    row = certificate(MONDAY + timedelta(days=30), subscriber=sato)
    application = case.opened()
    Application.update(replaces=row.id, occasion="continue").where(Application.id == application.id).execute()
    (due,) = expiries.dues(MONDAY)
    assert f"更新の申請中({application.number}、下書き)です。" in due.sentence
    assert due.path == f"/applications/{application.id}"
    Application.update(stage="withdrawn").where(Application.id == application.id).execute()
    (due,) = expiries.dues(MONDAY)
    assert "申請中" not in due.sentence and due.path == f"/certificates/{row.id}"


def test_portions_lose_nothing_where_many_end_at_the_same_instant(house):
    stand_at(MONDAY)
    rows = [certificate(MONDAY + timedelta(days=n % 3)) for n in range(23)]
    query = asked.ending(MONDAY, MONDAY + timedelta(days=2))
    found = [row.id for portion in asked.in_portions(query, 5) for row in portion]
    assert sorted(found) == [row.id for row in rows] and len(found) == len(set(found))


def test_what_is_due_is_found_by_index(house, engine):
    if engine == "sqlite":
        for query in (
            asked.ending_untold(MONDAY, MONDAY + timedelta(days=7), "30"),
            asked.replaced_untold(MONDAY, MONDAY + timedelta(days=7), "replaced"),
        ):
            plan = [row[-1] for row in database.execute_sql(*_explained(query)).fetchall()]
            assert not [step for step in plan if step.startswith("SCAN")], plan


def _explained(query):
    text, values = query.sql()
    return f"EXPLAIN QUERY PLAN {text}", values


def test_the_calendar_holds_ends_and_last_safe_days_in_their_order(house, sato, suzuki):
    stand_at(MONDAY)
    own = certificate(MONDAY + timedelta(days=60), subscriber=sato)
    certificate(MONDAY + timedelta(days=20), subscriber=suzuki, title="ほか")
    safe = expiries.last_safe_day(own.ends_on, 10)
    found = list(expiries.dates(MONDAY, MONDAY + timedelta(days=90)))
    assert [(due.on, due.sentence) for due in found] == [
        (safe, "証明書「計測ソフト配布用」の更新の目安日(この日までに申請)"),
        (MONDAY + timedelta(days=20), "証明書「ほか」の有効期限"),
        (MONDAY + timedelta(days=60), "証明書「計測ソフト配布用」の有効期限"),
    ]
    assert [due.sentence for due in expiries.dates(MONDAY, MONDAY + timedelta(days=30), {suzuki.id})] == [
        "証明書「ほか」の有効期限"
    ]
    assert Told.select().count() == 0
