"""The line of time: one bar for each certificate, the next to end first, a renewal below what it replaced."""

from datetime import timedelta

import pytest

from tests.test_statistics import imported
from webapp import charts, clock
from webapp.register import Application, Certificate, Department
from webapp.register.timeline import MOST, families

both_databases = pytest.mark.both_databases


def begun(serial, days_ago, **columns):
    return imported(serial, clock.now() - timedelta(days=days_ago), **columns)


def since():
    return clock.now() - timedelta(days=90)


def shown(**asked):
    found, following = families(since(), **asked)
    return [[(depth, row.serial) for depth, row in family] for family in found], following


def renewed(case, old, serial, days_ago, **columns):
    """A certificate that replaced `old`."""
    application = case.opened(title=f"更新 {serial}")
    Application.update(replaces=old.id, occasion="continue").where(Application.id == application.id).execute()
    return begun(serial, days_ago, application=application, **columns)


@both_databases
def test_the_next_to_end_comes_first_and_a_renewal_stands_below_what_it_replaced(case):
    old = begun("01", 440)
    begun("02", 430)
    new = renewed(case, old, "03", 10)
    renewed(case, new, "04", 5)
    assert shown()[0] == [[(0, "01"), (1, "03"), (2, "04")], [(0, "02")]]


@both_databases
def test_what_ended_long_ago_is_left_out_and_its_renewal_stands_alone(case, sato):
    old = begun("01", 700)
    renewed(case, old, "02", 250)
    revoked = begun("03", 300)
    long_ago = clock.now() - timedelta(days=200)
    Certificate.update(revoked_at=long_ago, revocation_reason=4).where(Certificate.id == revoked.id).execute()
    renewed(case, revoked, "04", 190)
    assert shown()[0] == [[(0, "02")], [(0, "04")]]


@both_databases
def test_a_renewal_that_went_to_another_department_is_shown_there(case, sato, takahashi):
    old = begun("01", 440, department=sato.department, subscriber=sato)
    renewed(case, old, "02", 10, department=takahashi.department, subscriber=takahashi)
    assert shown(department=sato.department.id)[0] == [[(0, "01")]]
    assert shown(department=takahashi.department.id)[0] == [[(0, "02")]]
    assert shown(subscriber=takahashi.id)[0] == [[(0, "02")]]
    assert shown()[0] == [[(0, "01"), (1, "02")]]


@both_databases
def test_a_page_has_fifty_rows_and_the_next_one_begins_where_it_ended(case):
    ended = clock.now() - timedelta(days=440)
    rows = [imported(f"{n:04x}", ended + timedelta(days=n // 3)) for n in range(70)]
    renewed(case, rows[10], "ff", 5)
    seen, after = [], None
    for _ in range(9):
        found, after = families(since(), after=after)
        page = [row.serial for family in found for _, row in family]
        assert len(page) <= MOST
        seen += page
        if after is None:
            break
    assert seen == [row.serial for row in rows[:11]] + ["ff"] + [row.serial for row in rows[11:]]


@both_databases
def test_the_page_tells_each_bar_in_words(browser, suzuki, sato, case):
    old = begun("01", 440, department=sato.department, subscriber=sato)
    renewed(case, old, "02", 10, department=sato.department, subscriber=sato)
    Certificate.update(revoked_at=clock.now(), revocation_reason=4).where(Certificate.serial == "01").execute()
    browser.sign_in_as(suzuki)
    page = browser.see(f"/timeline?department={sato.department.id}&person={sato.id}")
    assert "移行 01" in page.text and "更新: 移行 02" in page.text
    today = clock.today()
    assert f"失効({today.year}年{today.month}月{today.day}日)" in page.text
    drawings = [each for each in page.tree.iter() if str(each.tag).endswith("svg")]
    assert len(drawings) == 3 and all(each.get("aria-hidden") == "true" for each in drawings)


def test_a_subscriber_sees_the_own_department_only(browser, sato, takahashi):
    begun("01", 40, department=sato.department, subscriber=sato)
    begun("02", 40, department=takahashi.department, subscriber=takahashi)
    begun("03", 40)
    browser.sign_in_as(sato)
    page = browser.see("/timeline")
    assert "移行 01" in page.text and "移行 02" not in page.text and "移行 03" not in page.text
    assert browser.get(f"/timeline?department={takahashi.department.id}").status_code == 404
    assert browser.get(f"/timeline?person={takahashi.id}").status_code == 404
    other = Department.create(name="図書館")
    Certificate.update(department=other).where(Certificate.serial == "01").execute()
    assert "移行 01" in browser.see(f"/timeline?person={sato.id}").text


@pytest.mark.parametrize("after", ["x", "1-", "９-９", "99999999999999999-1", "1-99999999999999999999"])
def test_a_place_that_cannot_be_understood_is_the_beginning_or_the_end(browser, suzuki, after):
    browser.sign_in_as(suzuki)
    assert browser.see("/timeline", query_string={"after": after, "department": "x", "person": "-1"}).status == 200


def test_a_number_larger_than_any_row_has_chooses_nobody(browser, suzuki):
    browser.sign_in_as(suzuki)
    for path in ("/timeline?person=", "/timeline?department=", "/statistics?department="):
        assert browser.see(path + "9" * 20).status == 200


def test_a_span_is_cut_where_the_line_ends():
    first = clock.today()
    last = first + timedelta(days=100)
    day = timedelta(days=1)
    assert charts.span(first + 10 * day, first + 30 * day, first, last, 500) == (50.0, 100.0)
    assert charts.span(first - 10 * day, first + 30 * day, first, last, 500) == (0.0, 150.0)
    assert charts.span(first + 90 * day, first + 900 * day, first, last, 500) == (450.0, 50.0)


def test_a_chart_ends_at_a_round_number_above_the_highest():
    assert [charts.ceiling(value) for value in (0, 1, 3, 10, 11, 99, 101, 12383)] == [2, 2, 4, 10, 12, 100, 120, 14000]


def test_a_bar_is_as_high_as_its_number():
    chart = charts.columns("c", "", "", ["a", "b"], [("x", [0, 10]), ("y", [5, 2])])
    assert [bar.height for bar in chart.bars] == [0.0, 95.0, 190.0, 38.0]
    assert {bar.y + bar.height for bar in chart.bars} == {charts.HEIGHT - charts.BOTTOM}
