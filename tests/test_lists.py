"""The lists of certificates and applications: found as one types, narrowed, sorted and paged over the whole register,
by those who may see what they show."""

from datetime import UTC, date, datetime, timedelta

import pytest

from tests.listed import certificate, department, person
from webapp import clock
from webapp.register import Application, Certificate, Department, Person, PersonDepartment, database
from webapp.register.words import conditions

pytestmark = pytest.mark.both_databases


def shown(page):
    """The 管理名称 (or numbers) in the first column, as they stand."""
    return ["".join(cell.itertext()) for cell in page.tree.iter("th") if cell.get("scope") == "row"]


def found(officer, path="/certificates", **query):
    page = officer.see(path, query_string=query)
    assert page.status == 200
    return shown(page)


# Words


def test_a_certificate_is_found_by_everything_it_says(officer):
    row = certificate(title="気象観測ソフト", purpose="観測値の配布", serial="0a1b2c3d4e5f60718293")
    certificate(title="顕微鏡の制御", serial="7f000000000000000001")
    for words in (
        "気象観測ソフト", "気象", "観測ソ", "測", "気象 ソフト", "値の配", "佐藤 次郎", "佐藤次郎", "次郎", "計測工学",
        "0a1b2c3d4e5f60718293", "0A:1B:2C:3D:4E:5F:60:71:82:93", "0x0a1b2c3d4e5f60718293", "a1b2c3d4e5f60718293",
        "0a 1b 2c 3d 4e 5f 60 71 82 93", str(int(row.serial, 16)), "2c3d4e5f", "3d:4e:5f", "３Ｄ：４Ｅ", "cn=shinsei university",
    ):  # fmt: skip
        assert "気象観測ソフト" in found(officer, q=words), words
    assert found(officer, q="顕微") == ["顕微鏡の制御"]
    for words in ("ない言葉", "気象 顕微", "象気", "2026-13-45", '"', "%", "_", "' OR 1=1", "気\x00象" * 50):
        assert found(officer, q=words) == [], words


def test_words_are_found_full_width_and_half_width(officer):
    certificate(title="ＡＢＣ解析１２", serial="11aa")
    certificate(title="ABC解析34", serial="22bb")
    assert set(found(officer, q="abc解析")) == {"ＡＢＣ解析１２", "ABC解析34"}
    assert set(found(officer, q="ABC")) == {"ＡＢＣ解析１２", "ABC解析34"}
    assert found(officer, q="ＡＢＣ解析３４") == ["ABC解析34"]


def test_a_certificate_is_found_by_a_day_a_month_and_a_year(officer):
    certificate(title="初夏", not_after=datetime(2027, 5, 31, 14, 59, 59, tzinfo=UTC), serial="01")
    certificate(title="盛夏", not_after=datetime(2027, 5, 31, 15, 0, tzinfo=UTC), serial="02")
    for words in ("2027-05", "2027年5月", "2027/5", "2027年5月31日", "2027-05-31", "２０２７年５月"):
        assert found(officer, q=words) == ["初夏"], words
    assert found(officer, q="2027-06-01") == ["盛夏"]
    assert found(officer, q="2027-05 夏") == ["初夏"]
    assert found(officer, q="2027-05 盛") == []


def test_whoever_is_renamed_is_still_found_and_so_is_what_changes_by_hand(officer, sato):
    row = certificate(title="計測", serial="0101")
    Person.update(name="斎藤 次郎").where(Person.id == sato.id).execute()
    Department.update(name="情報学環").where(Department.id == row.department_id).execute()
    assert found(officer, q="斎藤") == ["計測"] == found(officer, q="情報学環")
    assert found(officer, q="佐藤") == [] == found(officer, q="計測工学")
    database.execute_sql("UPDATE certificate SET title = '放射線量の記録'")
    assert found(officer, q="放射線") == ["放射線量の記録"] and found(officer, q="計測") == []
    database.execute_sql("DELETE FROM certificate")
    assert found(officer, q="放射線") == []


def test_an_application_is_found_by_its_people_and_its_certificates(officer, case):
    wanted = case.in_use(title="気象観測ソフト")
    serial = wanted.certificates.get().serial
    other = case.draft(title="顕微鏡の制御")
    for words in (wanted.number, wanted.number[3:], "佐藤", serial, serial[3:12], str(int(serial, 16)), "計測工学"):
        assert wanted.number in found(officer, "/applications", q=words), words
    assert found(officer, "/applications", q=wanted.number) == [wanted.number]
    assert found(officer, "/applications", q=f"顕微 {date.today().year}年") == [other.number]
    assert found(officer, q=wanted.number) == ["気象観測ソフト"]


# What one may see


def test_a_list_shows_only_what_its_reader_may_see(browser, sato, takahashi, ito, kobayashi, tanaka):
    certificate(title="工学の1", serial="01")
    certificate(title="理学の1", serial="02", subscriber=takahashi, department=department(takahashi))
    certificate(title="誰のものでもない", serial="03", subscriber=None, department=None)
    everything = {"工学の1", "理学の1", "誰のものでもない"}
    for reader, sees in (
        (sato, {"工学の1"}),
        (takahashi, {"理学の1"}),
        (tanaka, everything),
        (ito, everything),
        (kobayashi, set()),
    ):
        browser.sign_in_as(reader)
        for query in (
            {},
            {"q": "の"},
            {"sort": "end"},
            {"sort": "title"},
            {"state": "in_use"},
            {"q": "01"},
            {"title": "理"},
        ):
            assert set(found(browser, **query)) <= sees, (reader.name, query)
        assert set(found(browser)) == sees
        saved = browser.get("/certificates/export?format=csv").get_data(as_text=True)
        assert {title for title in everything if title in saved} == sees


def test_a_colleague_of_two_departments_sees_each_certificate_once(browser, sato, takahashi):
    PersonDepartment.create(person=sato, department=department(takahashi), since_on=date(2026, 4, 1))
    for number in range(40):
        theirs = department(takahashi) if number % 2 else department(sato)
        certificate(title=f"配布用 {number:02}", serial=f"{number + 1:04x}", subscriber=sato, department=theirs)
    browser.sign_in_as(sato)
    for sort in ("", "end", "-title", "number"):
        assert sorted(walked(browser, sort=sort)) == [f"配布用 {number:02}" for number in range(40)], sort


# Orders and pages


def walked(browser, forwards="次のページ", start=None, **query):
    page = start or browser.see("/certificates", query_string=query)
    titles = shown(page)
    while forwards in page.links():
        page = browser.see(page.links()[forwards])
        titles += shown(page)
    return titles


@pytest.mark.slow
def test_every_order_runs_over_the_whole_register_both_ways(officer):
    titles = [f"{letter}の配布" for letter in "かきくけこさしすせそたちつてとなにぬねのはひふへほまみむめも"]
    for place, title in enumerate(titles):
        ends = clock.now().replace(microsecond=0) + timedelta(days=place * 7 % 30, hours=1)
        certificate(title=title, serial=f"{place + 1:04x}", not_after=ends)
    rows = list(Certificate.select())
    by_end = [row.title for row in sorted(rows, key=lambda row: (row.not_after, row.id))]
    for sort, wanted in (("", titles[::-1]), ("received", titles), ("title", sorted(titles)), ("-title", sorted(titles)[::-1]), ("end", by_end), ("-end", by_end[::-1])):  # fmt: skip
        assert walked(officer, sort=sort) == wanted, sort
        assert walked(officer, sort=sort, q="の配布") == wanted, sort
        page = officer.see("/certificates", query_string={"sort": sort})
        last = officer.see(page.links()["次のページ"])
        assert len(shown(page)) == 25 and shown(officer.see(last.links()["前のページ"])) == shown(page)


def test_equal_keys_are_never_shown_twice_nor_left_out(officer):
    ends = clock.now().replace(microsecond=0) + timedelta(days=100)
    for number in range(60):
        certificate(title="同じ名称", serial=f"{number + 1:04x}", not_after=ends, purpose=f"{number}番")
    for sort in ("title", "-end", "number"):
        page, seen = officer.see("/certificates", query_string={"sort": sort}), []
        while True:
            seen += [link for link in page.links().values() if link and link.startswith("/certificates/") and link[14:].isdigit()]  # fmt: skip
            if "次のページ" not in page.links():
                break
            page = officer.see(page.links()["次のページ"])
        links = [e.get("href") for e in page.tree.iter("a") if (e.get("href") or "")[14:].isdigit()]
        assert len(links) == 10, sort


@pytest.mark.slow
def test_a_garbled_address_is_taken_politely(officer):
    certificate(title="計測", serial="0101")
    for query in (
        "state=nonsense", "department=x", "department=99999999999999999999", "sort=;drop", "after=x", "after=-1",
        "before=99999999999999999999", "from=2026-99-99", "until=x", "origin=mars", "blocked=2", "q=%FF%FE", "q=%00",
        "state=ends99999", "nothing=1&state=", "from=0001-01-01", "until=9999-12-31", "columns=x",
    ):  # fmt: skip
        for path in ("/certificates", "/certificates/export", "/applications", "/applications/export"):
            assert officer.see(f"{path}?{query}").status == 200, (path, query)
    assert found(officer, after="7777") == ["計測"]


def test_a_view_has_one_address_and_its_links_keep_it(officer):
    for number in range(30):
        certificate(title=f"計測 {number}", serial=f"{number + 1:04x}")
    page = officer.see("/certificates?q=計測&sort=title&state=in_use&junk=1")
    following = page.links()["次のページ"]
    assert "junk" not in following and {"q=", "sort=title", "state=in_use"} <= {p if p[0] != "q" else "q=" for p in following.partition("?")[2].split("&")}  # fmt: skip
    assert page.form("/certificates")["sort"] == "title" and page.form("/certificates/export")["state"] == "in_use"


# Filters


def test_the_states_are_those_that_the_certificates_say_of_themselves(officer, case, sato):
    now = clock.now()
    certificate(title="利用中", serial="01")
    certificate(title="失効", serial="02", revoked_at=now - timedelta(days=1))
    certificate(title="期限切れ", serial="03", not_after=now - timedelta(days=1))
    certificate(title="利用開始前", serial="04", accepted_at=None)
    certificate(title="失効手続き中", serial="05", revoking=case.opened())
    certificate(title="もうすぐ", serial="06", not_after=now + timedelta(days=10))
    for state, label in (("in_use", "利用中"), ("revoked", "失効"), ("expired", "期限切れ"), ("not_yet", "利用開始前"), ("revoking", "失効手続き中")):  # fmt: skip
        titles = set(found(officer, state=state))
        assert titles - {"もうすぐ"} == {label}
        assert titles == {row.title for row in Certificate.select() if row.state == label}
    assert found(officer, state="ends30") == ["もうすぐ"] and found(officer, state="ends9") == []
    assert found(officer, state="ends10") == ["もうすぐ"]


def test_a_list_is_narrowed_by_person_department_term_origin_and_block(officer, sato, takahashi):
    now = clock.now()
    ends = datetime(2027, 3, 31, 14, 59, 59, tzinfo=UTC)
    certificate(title="甲", serial="01", not_after=ends, blocked_at=now)
    certificate(title="乙", serial="02", subscriber=takahashi, department=department(takahashi), origin="imported")
    assert found(officer, person="佐藤") == ["甲"] == found(officer, department=department(sato).id)
    assert found(officer, person="高橋美咲") == ["乙"] == found(officer, person="美咲")
    assert found(officer, **{"from": "2027-03-31", "until": "2027-03-31"}) == ["甲"]
    assert found(officer, **{"until": "2027-03-30"}) == []
    assert (
        found(officer, blocked="yes") == ["甲"]
        and found(officer, title="甲") == ["甲"]
        and found(officer, title="乙 ") == ["乙"]
    )
    assert found(officer, person="佐藤", title="乙") == []


def test_applications_are_narrowed_by_stage_kind_and_what_is_open(officer, case):
    draft, gone = case.draft(title="下書きの件"), case.withdrawn(title="やめた件")
    assert found(officer, "/applications", stage="withdrawn") == [gone.number]
    assert found(officer, "/applications", open="yes") == [draft.number]
    assert found(officer, "/applications", kind="revoke") == []
    assert found(officer, "/applications", person="佐藤", title="下書き") == [draft.number]
    assert found(officer, "/applications", sort="number") == [draft.number, gone.number]


def test_while_one_types_only_what_was_found_is_sent(officer):
    certificate(title="計測", serial="0101")
    part = officer.get("/certificates?q=計測", headers={"HX-Request": "true", "HX-Target": "found"}).get_data(
        as_text=True
    )
    assert "計測" in part and "<h1" not in part and 'name="q" type="search"' not in part and 'id="found"' in part


@pytest.mark.slow
def test_how_many_there_are_is_said_up_to_a_thousand(officer):
    row = certificate(title="計測 0", serial="00ff")
    assert "1件(25件ずつ表示)" in officer.see("/certificates?q=計測").text
    model = {name: value for name, value in row.__data__.items() if name != "id"}
    rows = [model | {"serial": f"{n:06x}", "title": f"計測 {n}"} for n in range(1, 1201)]
    Certificate.insert_many(rows).execute()
    assert "1,000件以上" in officer.see("/certificates").text
    assert "1,000件以上" in officer.see("/certificates?state=in_use").text
    assert "1,000件以上" in officer.see("/certificates?q=計測").text
    assert found(officer, q="計測 1200") == ["計測 1200"]


def test_many_that_fit_are_walked_and_still_all_found(officer, monkeypatch):
    """The same lists when every condition fits more rows than are collected."""
    monkeypatch.setattr("webapp.register.words.MOST", 3)
    monkeypatch.setattr("webapp.register.listing.MOST", 3)
    for number in range(30):
        certificate(
            title=f"気象 {number:02}", serial=f"{number + 1:04x}", not_after=clock.now() + timedelta(days=number + 1)
        )
        certificate(title=f"観測 {number:02}", serial=f"{number + 101:04x}", revoked_at=clock.now())
    wanted = [f"気象 {number:02}" for number in range(30)]
    assert walked(officer, q="気象", sort="title") == wanted == walked(officer, q="気象", sort="end")
    assert walked(officer, q="気象 配布") == wanted[::-1] == walked(officer, state="in_use")
    assert walked(officer, q="象", state="in_use", sort="title") == wanted
    assert walked(officer, q=f"{clock.today().year}年 気象", sort="title") == wanted
    valid = {"state": "in_use", "sort": "received"}
    assert walked(officer, **valid) == wanted
    second = officer.see(officer.see("/certificates", query_string=valid).links()["次のページ"])
    assert shown(officer.see(second.links()["前のページ"])) == wanted[:25]
    begun = clock.day_of(clock.now() - timedelta(days=10))
    assert walked(officer, q=begun.isoformat(), sort="received", state="in_use") == wanted
    assert len(walked(officer, q=begun.isoformat())) == len(set(walked(officer, q=f"{begun:%Y-%m}"))) == 60


def test_a_day_that_says_the_same_of_a_row_twice_is_counted_once(officer, monkeypatch):
    monkeypatch.setattr("webapp.register.words.MOST", 5)
    now = clock.now()
    for number in range(5):
        certificate(title=f"計測 {number}", serial=f"{number + 1:04x}", not_before=now, not_after=now)
    today = clock.day_of(now).isoformat()
    assert "5件(25件ずつ表示)" in officer.see("/certificates", query_string={"q": today}).text
    assert len(conditions(Certificate, today)[0].ids) == 5
    certificate(title="計測 5", serial="0099", not_before=now, not_after=now)
    assert conditions(Certificate, today)[0].ids is None and len(found(officer, q=today)) == 6


def test_the_register_reads_words_alike_whoever_asks(house):
    assert conditions(Application, "") == [] and conditions(Certificate, " 　") == []
    assert [condition.ids for condition in conditions(Certificate, "ない")] == [frozenset()]
    assert person("佐藤") is not None
