"""統計: what the page says equals what counting by hand in SQL says, whoever wrote, on both databases."""

import csv
import io
import zipfile
from datetime import UTC, datetime, timedelta
from importlib.util import module_from_spec, spec_from_file_location

import openpyxl
import pytest

from webapp import clock
from webapp.acts import case as case_acts
from webapp.acts import examination
from webapp.register import Application, Certificate, Department, Person, PersonDepartment, database
from webapp.register.database import MIGRATIONS
from webapp.register.statistics import (
    StageWait,
    Tally,
    later_month,
    median,
    month_number,
    months_between,
    valid_after,
    valid_now,
)

pytestmark = pytest.mark.slow

both_databases = pytest.mark.both_databases


def imported(serial, begins, days=459, **columns):
    """A certificate written as an import would, without an application."""
    begins = begins if isinstance(begins, datetime) else datetime(*begins, tzinfo=UTC)
    return Certificate.create(
        chain=[],
        issuer_sha256="ab" * 32,
        serial=serial,
        subject="CN=Shinsei University",
        issuer="CN=CA",
        not_before=begins,
        not_after=begins + timedelta(days=days),
        received_at=clock.now(),
        findings=[],
        origin="imported",
        title=f"移行 {serial}",
        purpose="",
        **columns,
    )


def sql(text):
    return [tuple(row) for row in database.execute_sql(text).fetchall()]


def month_of(microseconds):
    """The Japanese month of an instant, by nobody's code but Python's calendar."""
    if microseconds >= 253402268400_000_000:  # 10000年 in Japan
        return 999912
    local = datetime.fromtimestamp(microseconds / 1_000_000, UTC) + timedelta(hours=9)
    return local.year * 100 + local.month


def counted_by_hand():
    """{(scope, department, person, month, measure, reason): count} from the certificates themselves."""
    rows = sql(
        "SELECT c.not_before, c.not_after, c.revoked_at, c.revocation_reason, c.department_id, c.subscriber_id, a.occasion "
        "FROM certificate c LEFT JOIN application a ON a.id = c.application_id"
    )
    found = {}
    for begins, ends, revoked, reason, department, person, occasion in rows:
        counts = [("issued", begins, 0)]
        if occasion in ("continue", "other_content", "reissue"):
            counts.append(("renewed", begins, 0))
        if revoked is not None:
            counts.append(("revoked", revoked, reason or 0))
        if revoked is None or revoked >= ends:
            counts.append(("expires", ends, 0))
        counts.append(("ended", ends if revoked is None else min(ends, revoked), 0))
        for measure, at, why in counts:
            for scope, place, who in (
                ("house", 0, 0),
                ("department", department or 0, 0),
                ("person", department or 0, person or 0),
            ):
                key = (scope, place, who, month_of(at), measure, why)
                found[key] = found.get(key, 0) + 1
    return found


def tallied():
    rows = sql("SELECT scope, department_id, person_id, month, measure, reason, count FROM tally WHERE count <> 0")
    return {row[:6]: row[6] for row in rows}


@both_databases
def test_the_tallies_equal_a_count_by_hand_whatever_happens_to_certificates(case, sato, takahashi):
    """Deliveries, renewals, imports, revocations with and without a reason, hand-overs, corrections, take-backs."""
    first = Certificate.of(case.in_use())
    case.withdrawn()
    case.refused()
    plain = imported("01", (2024, 3, 31, 14, 59))  # the last minute of March in Japan
    edge = imported("02", (2024, 3, 31, 15, 0))  # the first minute of April
    late = imported("03", (2023, 1, 1), department=sato.department, subscriber=sato)
    gone = imported("04", (2025, 1, 1), department=sato.department)
    endless = imported("05", datetime(9998, 12, 31, 23, 59, 59, tzinfo=UTC), 365)
    assert tallied() == counted_by_hand()

    change = Certificate.update(revoked_at=clock.now(), revocation_reason=1)
    change.where(Certificate.id == first.id).execute()
    Certificate.update(revoked_at=plain.not_after + timedelta(days=9)).where(Certificate.id == plain.id).execute()
    Certificate.update(revoked_at=clock.now()).where(Certificate.id == edge.id).execute()
    assert tallied() == counted_by_hand()

    handed = {"department": takahashi.department, "subscriber": takahashi}
    Certificate.update(**handed).where(Certificate.id.in_([first.id, late.id, edge.id])).execute()
    Certificate.update(revoked_at=None, revocation_reason=None).where(Certificate.id == edge.id).execute()
    gone.delete_instance()
    endless.delete_instance()
    assert tallied() == counted_by_hand()


@both_databases
def test_many_written_by_one_statement_count_as_if_they_came_one_by_one(case, sato, takahashi):
    before = case.draft(title="更新")
    Application.update(occasion="continue").where(Application.id == before.id).execute()
    columns = imported("00", (2025, 12, 1), application=before).__data__
    change = {"id", "serial", "not_before", "subscriber", "department", "revoked_at", "revocation_reason"}
    kept = {name: value for name, value in columns.items() if name not in change}
    begun = columns["not_before"]
    rows = [
        {
            **kept,
            "serial": f"{n:04x}",
            "not_before": begun + timedelta(days=n % 70),
            "subscriber": (sato, None)[n % 2],
            "department": (sato.department, takahashi.department, None)[n % 3],
            "revoked_at": begun + timedelta(days=n * 9) if n % 5 == 0 else None,
            "revocation_reason": 4 if n % 10 == 0 else None,
        }
        for n in range(1, 121)
    ]
    Certificate.insert_many(rows).execute()
    assert tallied() == counted_by_hand() and len(tallied()) > 50
    assert sum(count for key, count in tallied().items() if key[4] == "renewed" and key[0] == "house") == 121

    Certificate.update(subscriber=takahashi, purpose="配布").where(Certificate.id > 40).execute()
    Certificate.update(purpose="配布", title="何も数え直さない").execute()
    Certificate.update(revoked_at=clock.now()).where(Certificate.id.between(20, 60)).execute()
    assert tallied() == counted_by_hand()
    Certificate.delete().where(Certificate.id.between(30, 90)).execute()
    Certificate.update(department=None).where(Certificate.id < 0).execute()
    assert tallied() == counted_by_hand()


@both_databases
def test_a_renewal_counts_as_one(case):
    before = case.draft(title="更新")
    Application.update(occasion="continue").where(Application.id == before.id).execute()
    certificate = imported("0a", (2026, 5, 1), application=before)
    assert tallied() == counted_by_hand()
    assert Tally.since(202605)[(202605, "renewed", 0)] == 1
    certificate.delete_instance()
    assert tallied() == {}


@both_databases
def test_valid_is_what_is_neither_over_nor_revoked(house, sato):
    now, here = clock.now(), {"department": sato.department}
    for serial, begins, days in (
        ("01", -10, 459),
        ("02", -500, 459),
        ("03", -20, 21),
        ("04", -460, 461),
        ("05", 400, 9),
        ("08", 0.02, 459),
    ):
        imported(serial, now + timedelta(days=begins), days, **here)
    revoked = imported("06", now - timedelta(days=40), **here)
    imported("07", now - timedelta(days=1))
    Certificate.update(revoked_at=now, revocation_reason=4).where(Certificate.id == revoked.id).execute()
    microseconds = int(now.timestamp() * 1_000_000)
    by_hand = f"not_before <= {microseconds} AND not_after >= {microseconds} AND revoked_at IS NULL"
    month = month_number(clock.today())
    assert valid_now(Tally.since(month)) == sql(f"SELECT COUNT(*) FROM certificate WHERE {by_hand}")[0][0] == 4
    own = f"{by_hand} AND department_id = {sato.department.id}"
    department = sato.department.id
    assert (
        valid_now(Tally.since(month, department), department)
        == sql(f"SELECT COUNT(*) FROM certificate WHERE {own}")[0][0]
    )
    since = Tally.first_month()
    for at in months_between(since, later_month(month, 20)):
        end = clock.beginning_of(datetime(later_month(at) // 100, later_month(at) % 100, 1).date())
        limit = int(end.timestamp() * 1_000_000)
        hand = f"not_before < {limit} AND not_after >= {limit} AND (revoked_at IS NULL OR revoked_at >= {limit})"
        assert valid_after(Tally.since(since), at) == sql(f"SELECT COUNT(*) FROM certificate WHERE {hand}")[0][0]


def waited_by_hand():
    """{(kind, stage): [days, …]} from the events, each stage from its beginning to the next."""
    moves = {
        "open": "draft", "submit": "submitted", "examine": "examined", "send_back": "draft", "seal": "sealed",
        "dispatch_by_hand": "sent", "redo_dispatch": "sealed", "take_delivery": "delivered", "hand_out": "installed",
        "accept": "in_use", "refuse": "refused", "withdraw": "withdrawn",
    }  # fmt: skip
    found, standing = {}, {}
    for at, act, number, kind in sql(
        "SELECT e.at, e.act, e.object_id, a.kind FROM event e JOIN application a ON a.id = e.object_id "
        "WHERE e.object = 'application' ORDER BY e.seq"
    ):
        if act not in moves:
            continue
        day = (at // 1_000_000 + 32400) // 86400
        if number in standing:
            stage, since = standing[number]
            found.setdefault((kind, stage), []).append(day - since)
        standing[number] = (moves[act], day)
    return found


@both_databases
def test_the_days_at_each_stage_are_those_of_the_events(case):
    def pass_days(count):
        clock.move(timedelta(days=passed.append(count) or sum(passed)))

    passed = []
    application = case.submitted(title="差し戻されるもの")
    pass_days(3)
    examination.send_back(application, case.who("鈴木"), "住所を直してください。")
    pass_days(2)
    case_acts.submit(application, case.who("佐藤"))
    case.make(application)
    case.identify(application)
    pass_days(5)
    examination.examine(application, case.who("鈴木"))
    pass_days(1)
    case_acts.withdraw(application, case.who("佐藤"), "不要になりました。")
    case.in_use(title="すぐ終わるもの")
    case.refused(title="却下されるもの")
    here = StageWait.between(0, 999999)
    assert {key: sorted(days) for key, days in waited_by_hand().items()} == {
        key: [days for days, count in waits for _ in range(count)] for key, waits in here.items()
    }
    assert median(here[("issue", "submitted")]) == 1.5  # 0, 0, 3, 5
    assert StageWait.between(0, 999999, case("佐藤").department.id) == here


def test_a_median_is_the_middle_or_half_between_the_middles():
    assert median([(4, 1)]) == 4
    assert median([(1, 2), (3, 2)]) == 2
    assert median([(0, 5), (30, 1)]) == 0
    assert median([(1, 1), (2, 1), (9, 1)]) == 2


@both_databases
def test_what_was_there_before_is_counted_once(case):
    """The tallies that the migration fills in are those that the triggers kept."""
    case.in_use()
    case.refused()
    row = imported("01", (2024, 5, 1), department=case("佐藤").department)
    Certificate.update(revoked_at=clock.now(), revocation_reason=4).where(Certificate.id == row.id).execute()
    kept = tallied(), StageWait.between(0, 999999)
    spec = spec_from_file_location("migration", MIGRATIONS / "0005_statistics.py")
    spec.loader.exec_module(migration := module_from_spec(spec))
    for statement in (
        "DELETE FROM tally",
        "DELETE FROM stage_wait",
        *migration._tallied(database.obj),
        *migration._waited(database.obj),
    ):
        database.execute_sql(statement)
    assert (tallied(), StageWait.between(0, 999999)) == kept


@both_databases
def test_the_page_says_the_numbers_and_each_chart_has_its_table(case, browser, suzuki, sato):
    case.in_use()
    late = imported("01", clock.now() - timedelta(days=200), department=sato.department, subscriber=sato)
    Certificate.update(revoked_at=clock.now(), revocation_reason=5).where(Certificate.id == late.id).execute()
    browser.sign_in_as(suzuki)
    page = browser.see("/statistics")
    assert "いま有効な証明書1件" in page.text and "この期間の発行2件" in page.text
    assert "利用の中止" in page.text and "登録担当者の審査待ち" in page.text
    charts = [each for each in page.tree.iter() if each.get("role") == "img"]
    told = {each.get("id"): each.text for each in page.tree.iter() if str(each.tag).endswith(("title", "desc"))}
    assert len(charts) == 5 and len(list(page.tree.iter("table"))) == 5
    for chart in charts:
        assert all(told[id] for id in chart.get("aria-labelledby").split())


@both_databases
def test_a_period_and_a_department_stand_in_the_address(browser, suzuki, sato):
    imported("01", (2024, 5, 1), department=sato.department, subscriber=sato)
    imported("02", (2024, 5, 1))
    browser.sign_in_as(suzuki)
    assert "この期間の発行2件" in browser.see("/statistics?period=2024").text
    assert "この期間の発行0件" in browser.see("/statistics?period=2023").text
    assert (
        "この期間の発行1件" in browser.see(f"/statistics?period=2024-05..2024-05&department={sato.department.id}").text
    )
    assert "2024年度" in browser.see("/statistics?period=all&by=year").text
    assert "佐藤 次郎" in browser.see(f"/statistics?period=2024&department={sato.department.id}").text
    assert "(管理部局なし)" in browser.see("/statistics?period=2024").text


@pytest.mark.parametrize("period", ["9999", "2024-05..2023-01", "2024-13..2024-14", "x", "0000", "２０２４", "99999"])
def test_a_period_that_cannot_be_understood_is_the_last_twelve_months(browser, suzuki, period):
    browser.sign_in_as(suzuki)
    page = browser.see("/statistics", query_string={"period": period, "by": "day", "of": "x"})
    assert page.status == 200 and page.form("/statistics")["period"] == ""


def test_a_subscriber_reads_the_own_department_only(browser, sato, takahashi, suzuki):
    imported("01", clock.now(), department=sato.department, subscriber=sato)
    imported("02", clock.now(), department=takahashi.department, subscriber=takahashi)
    browser.sign_in_as(sato)
    page = browser.see("/statistics")
    assert "この期間の発行1件" in page.text and "工学部 計測工学研究室の、" in page.text
    assert "高橋" not in page.text and "理学部" not in page.text
    for address in ("/statistics", "/statistics/course.csv"):
        assert browser.get(f"{address}?department={takahashi.department.id}").status_code == 404
    assert "いま待っている申請" not in page.text


def test_who_has_no_department_is_told_so(browser, sato):
    PersonDepartment.delete().where(PersonDepartment.person == sato).execute()
    browser.sign_in_as(sato)
    assert "所属が登録されていない" in browser.see("/statistics").text
    assert browser.get("/statistics/course.csv").status_code == 404


def test_the_administrator_has_no_statistics(browser, kobayashi):
    browser.sign_in_as(kobayashi)
    assert browser.get("/statistics").status_code == 403
    assert browser.get("/statistics/course.csv").status_code == 403


def test_each_table_is_saved_as_csv_and_as_a_workbook_without_formulas(browser, suzuki):
    department = Department.create(name='=HYPERLINK("http://example.com")')
    imported("01", (2026, 5, 1), department=department)
    browser.sign_in_as(suzuki)
    for name in ("course", "reasons", "ahead", "division", "waits"):
        assert f"/statistics/{name}.csv" in browser.see("/statistics?period=all").html or name in ("reasons", "waits")
        table = browser.see(f"/statistics/{name}.csv?period=all")
        assert table.headers["Content-Type"].startswith("text/csv") and table.data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(browser.see("/statistics/division.csv?period=all").data.decode("utf-8-sig"))))
    assert rows[0][:3] == ["部局", "発行", "うち更新"] and rows[1] == [
        '\'=HYPERLINK("http://example.com")',
        "1",
        "0",
        "0",
        "0",
        "1",
    ]
    saved = browser.see("/statistics/division.xlsx?period=all").data
    assert b"<f>" not in zipfile.ZipFile(io.BytesIO(saved)).read("xl/worksheets/sheet1.xml")
    sheet = openpyxl.load_workbook(io.BytesIO(saved)).active
    assert (
        sheet["A2"].value == '=HYPERLINK("http://example.com")'
        and sheet["A2"].data_type == "s"
        and sheet["B2"].value == 1
    )
    assert browser.get("/statistics/secrets.csv").status_code == 404


@both_databases
def test_a_hand_over_moves_all_numbers_of_a_certificate(browser, suzuki, sato, takahashi):
    row = imported("01", (2024, 5, 1), department=sato.department, subscriber=sato)
    Certificate.update(department=takahashi.department, subscriber=takahashi).where(Certificate.id == row.id).execute()
    browser.sign_in_as(suzuki)
    page = browser.see("/statistics?period=2024&of=person")
    assert "高橋 美咲" in page.text and "佐藤 次郎" not in page.text
    assert "引き継いだ側に入ります" in page.text


@both_databases
def test_people_are_found_by_the_numbers_of_their_certificates(house, sato, takahashi):
    imported("01", (2026, 5, 1), department=sato.department, subscriber=sato)
    imported("02", (2026, 5, 1), department=takahashi.department, subscriber=takahashi)
    imported("03", (2026, 5, 1), department=takahashi.department)
    places = [row.id for row in Department.select()]
    found = Tally.by_person(places, 202605, 202605)
    assert {key: value["issued"] for key, value in found.items()} == {sato.id: 1, takahashi.id: 1, 0: 1}
    assert Person.get_by_id(sato.id).name == "佐藤 次郎"
