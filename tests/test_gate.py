"""The door: signing in, visits and their end, requests of other sites, the headers of every answer."""

import statistics
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from argon2 import PasswordHasher

from webapp import clock, gate
from webapp.acts import visits
from webapp.app import create_app
from webapp.register import Account, ChainHead, Event, Person, PersonRole, SignInAttempt, Visit, database

PASSWORD = "正しい馬とバッテリー ホチキス"
CSP = "default-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'"
SAME_SENTENCE = "ログイン名またはパスワードが違います。"


@pytest.fixture(autouse=True)
def cheap(monkeypatch):
    """argon2id with little work: a hundred hashes are made here. What it costs in earnest has tests of its own."""
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(visits, "_hasher", hasher)
    monkeypatch.setattr(visits, "_nobody", hasher.hash("nobody"))


@pytest.fixture
def known(house, suzuki):
    """鈴木, whose password is known to this test."""
    visits.set_password(suzuki, PASSWORD, None, "test")
    return suzuki


def sign_in(browser, login="suzuki", password=PASSWORD, **more):
    return browser.press("/session", {"login": login, "password": password, **more})


def test_login_and_password_let_in_and_an_event_says_so(browser, known):
    page = sign_in(browser)
    assert page.status == 200 and "鈴木 花子" in page.text
    event = Event.select().order_by(-Event.seq).get()
    assert (event.act, event.person, event.address) == ("sign_in", known, "127.0.0.1")


def test_the_login_name_forgives_case_and_blanks(browser, known):
    assert "鈴木 花子" in sign_in(browser, " Suzuki ").text


@pytest.mark.parametrize(("login", "password"), [("suzuki", "wrong"), ("nobody", PASSWORD), ("", ""), ("suzuki", "")])
def test_a_wrong_name_and_a_wrong_password_are_told_in_one_sentence(browser, known, login, password):
    page = sign_in(browser, login, password)
    assert page.status == 422 and SAME_SENTENCE in page.text
    assert page.form("/session")["login"] == login and page.form("/session")["password"] == ""
    assert "Set-Cookie" not in page.headers and (not password or password not in page.html)
    assert browser.get("/").status_code == 303


def test_a_closed_account_does_not_open(browser, known):
    Account.update(closed_at=clock.now()).where(Account.person == known).execute()
    assert SAME_SENTENCE in sign_in(browser).text


def test_an_unknown_name_takes_as_long_as_a_wrong_password(house, suzuki, monkeypatch):
    monkeypatch.undo()
    visits.set_password(suzuki, PASSWORD, None, "test")

    def seconds(login):
        start = time.perf_counter()
        with pytest.raises(visits.Incomplete):
            visits.sign_in(login, "wrong", "test")
        return time.perf_counter() - start

    names = [seconds(f"nobody{n}") for n in range(3)], [seconds("suzuki") for _ in range(3)]
    unknown, known_one = (statistics.median(each) for each in names)
    assert 0.3 < unknown / known_one < 3  # both verify one argon2id hash


def test_ten_failures_close_the_door_for_a_while_even_to_the_right_password(browser, known):
    for _ in range(visits.TRIES):
        SignInAttempt.create(login="suzuki", address="198.51.100.7", at=clock.now())
    page = sign_in(browser)
    assert page.status == 422 and "しばらく受け付けません" in page.text and "15分" in page.text
    clock.move(visits.WITHIN + timedelta(seconds=1))
    assert "鈴木 花子" in sign_in(browser).text


def test_each_failure_is_counted_and_the_names_of_others_stay_open(browser, known, sato):
    visits.set_password(sato, PASSWORD, None, "test")
    for _ in range(visits.TRIES):
        assert SAME_SENTENCE in sign_in(browser, password="wrong").text
    assert "しばらく受け付けません" in sign_in(browser).text
    assert "佐藤 次郎" in sign_in(browser, "sato").text


def test_passwords_are_kept_as_argon2id_and_short_ones_refused(house, suzuki, monkeypatch):
    monkeypatch.undo()
    visits.set_password(suzuki, PASSWORD, None, "test")
    account = Account.get(Account.person == suzuki)
    assert account.password_hash.startswith("$argon2id$v=19$m=65536,t=3,") and PASSWORD not in account.password_hash
    with pytest.raises(visits.Incomplete, match="使えません"):
        visits.hashed("short")


def test_a_new_password_ends_the_visits_of_the_old_one(browser, known):
    sign_in(browser)
    assert browser.get("/").status_code == 200
    visits.set_password(known, PASSWORD + "2", None, "test")
    assert browser.get("/").status_code == 303


def test_the_cookie_is_out_of_reach_for_scripts_and_other_sites(house, known):
    for url, flags in (("http://localhost", set()), ("https://localhost", {"Secure"})):
        response = house.test_client().post(
            "/session", data={"login": "suzuki", "password": PASSWORD}, base_url=url, headers={"Origin": url}
        )
        cookie = response.headers["Set-Cookie"]
        assert response.status_code == 303
        assert {"HttpOnly", "SameSite=Lax", "Path=/"} | flags <= set(cookie.split("; "))
        assert ("Secure" in cookie) == bool(flags)
        assert "Expires" not in cookie and "Max-Age" not in cookie and "Domain" not in cookie


def test_only_a_digest_of_the_cookies_secret_is_kept(browser, known):
    sign_in(browser)
    secret = browser.get_cookie("shirushi").value
    visit = Visit.get()
    assert visit.secret_sha256 == visits.digest(secret) and len(secret) >= 43
    for table in database.get_tables():
        assert secret not in repr(database.execute_sql(f"SELECT * FROM {table}").fetchall()), table


def test_every_visit_has_a_secret_of_its_own(browser, known):
    secrets = set()
    for _ in range(3):
        sign_in(browser)
        secrets.add(browser.get_cookie("shirushi").value)
    assert len(secrets) == 3


@pytest.mark.parametrize("secret", ["", "x", "../../etc", "0" * 64, "ん"])
def test_an_invented_cookie_opens_nothing(browser, secret):
    browser.set_cookie("shirushi", secret)
    assert browser.get("/").status_code == 303


def test_a_visit_ends_when_nobody_uses_it_and_at_the_latest_after_half_a_day(browser, known):
    sign_in(browser)
    clock.move(visits.IDLE - timedelta(minutes=1))
    assert browser.get("/").status_code == 200
    clock.move(2 * visits.IDLE - timedelta(minutes=2))
    assert browser.get("/").status_code == 200  # being used keeps it
    clock.move(3 * visits.IDLE)
    assert browser.get("/").status_code == 303
    clock.move(timedelta(0))
    sign_in(browser)
    for hours in range(1, 12):
        clock.move(timedelta(hours=hours))
        assert browser.get("/").status_code == 200
    clock.move(visits.LONGEST + timedelta(minutes=1))
    assert browser.get("/").status_code == 303


def test_signing_out_ends_the_visit_itself_not_only_the_cookie(browser, known):
    sign_in(browser)
    secret = browser.get_cookie("shirushi").value
    page = browser.press("/session/end")
    assert "サインイン" in page.heading and browser.get_cookie("shirushi") is None
    browser.set_cookie("shirushi", secret)
    assert browser.get("/").status_code == 303
    assert Event.select().order_by(-Event.seq).get().act == "sign_out"


def test_a_role_that_ends_today_is_gone_tomorrow(browser, known, case):
    application = case.submitted()
    sign_in(browser)
    assert browser.get(f"/applications/{application.id}/examination").status_code == 200
    PersonRole.update(until_on=clock.today()).where(PersonRole.person == known).execute()
    assert browser.get(f"/applications/{application.id}/examination").status_code == 200
    PersonRole.update(until_on=clock.today() - timedelta(days=1)).where(PersonRole.person == known).execute()
    assert browser.get(f"/applications/{application.id}/examination").status_code == 404


# Requests that other sites send


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "null"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://localhost.evil.example"},
        {"Origin": "http://localhost:8081"},
        {"Origin": "https://localhost"},
        {"Origin": ""},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://localhost"},
        {"Sec-Fetch-Site": "", "Origin": "http://localhost"},
    ],
    ids=str,
)
def test_a_post_from_elsewhere_is_refused_and_does_nothing(browser, case, headers):
    application = case.draft()
    browser.sign_in_as(case("佐藤"))
    before = ChainHead.get_by_id(1).seq
    for url in (f"/applications/{application.id}/submission", "/session/end", "/session", "/session/practice"):
        response = browser.post(url, data={"person": "1"}, headers=headers)
        assert response.status_code == 403 and "ほかのサイト" in response.get_data(as_text=True), url
    assert ChainHead.get_by_id(1).seq == before


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "http://localhost"}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}],
    ids=str,
)
def test_a_post_of_our_own_page_is_taken(browser, case, headers):
    application = case.draft()
    browser.sign_in_as(case("佐藤"))
    assert browser.post(f"/applications/{application.id}/submission", headers=headers).status_code == 303


def test_other_methods_change_nothing_either(browser, case):
    application = case.draft()
    browser.sign_in_as(case("佐藤"))
    for method in ("PUT", "PATCH", "DELETE", "GET", "HEAD"):
        response = browser.open(f"/applications/{application.id}/csr-reading", method=method)
        assert response.status_code in (403, 405), method


def test_a_secret_is_shown_by_a_post_alone(browser, case):
    application = case.draft()
    browser.sign_in_as(case("佐藤"))
    assert browser.get(f"/applications/{application.id}/password").status_code == 405
    before = ChainHead.get_by_id(1).seq
    page = browser.press(f"/applications/{application.id}/password")
    assert application.password() in page.text and ChainHead.get_by_id(1).seq == before + 1
    assert Event.about(application)[0].act == "show_password" and "no-store" in page.headers["Cache-Control"]


# Where one goes afterwards


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "\\/evil.example",
        "http:evil.example",
        "javascript:alert(1)",
        "/\t/evil.example",
        "/\n/evil.example",
        " //evil.example",
        "///evil.example",
        "/%2f/evil.example",
        "evil.example",
    ],
)
def test_nobody_is_sent_to_another_site_after_signing_in(browser, known, wanted):
    form = {"login": "suzuki", "password": PASSWORD, "next": wanted}
    for response in (
        browser.post("/session", data=form, headers={"Origin": "http://localhost"}),
        browser.post(
            "/session/practice", data={"person": known.id, "next": wanted}, headers={"Origin": "http://localhost"}
        ),
    ):
        there = response.headers["Location"]
        assert (
            response.status_code == 303 and there.startswith("/") and not there.startswith(("//", "/\\", "/\t", "/\n"))
        )
        browser.delete_cookie("shirushi")
    page = browser.get("/session", query_string={"next": wanted})
    assert page.status_code == 200


def test_one_comes_back_to_the_page_one_wanted(browser, known, case):
    application = case.submitted()
    response = browser.get(f"/applications/{application.id}?q=1")
    page = browser.see(response.headers["Location"])
    assert page.form("/session")["next"] == f"/applications/{application.id}?q=1"
    page = sign_in(browser, next=page.form("/session")["next"])
    assert application.number in page.text


# The headers of every answer


def test_every_page_says_what_may_be_loaded_and_is_never_cached(browser, case, known):
    application = case.in_use()
    anonymous = ["/session", "/help", "/health", "/nowhere", "/applications"]
    browser.delete_cookie("shirushi")
    answers = [browser.get(url) for url in anonymous]
    answers.append(browser.post("/session", data={}))
    browser.sign_in_as(known)
    inside = ["/", "/applications", f"/applications/{application.id}", f"/applications/{application.id}/seal"]
    paper = application.papers.get()
    answers += [browser.get(url) for url in (*inside, f"/papers/{paper.id}", f"/papers/{paper.id}/file", "/records")]
    for response in answers:
        assert response.headers["Content-Security-Policy"] == CSP, response.request.path
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["X-Frame-Options"] == "DENY"
        assert response.headers["Referrer-Policy"] == "same-origin"
        assert response.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert response.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "no-store" in response.headers["Cache-Control"], response.request.path
        assert "Access-Control-Allow-Origin" not in response.headers
    assert "HX-Request" in browser.get("/applications").headers["Vary"]


def test_what_never_changes_may_be_kept_by_the_browser(browser):
    page = browser.see("/session")
    styles = [link.get("href") for link in page.tree.iter("link") if link.get("rel") == "stylesheet"]
    assert styles
    for url in styles:
        response = browser.get(url)
        assert response.status_code == 200 and "?v=" in url and "immutable" in response.headers["Cache-Control"]
        assert response.headers["Content-Security-Policy"] == CSP
        response.close()
        with browser.get(url.partition("?")[0]) as response:
            assert response.headers["Cache-Control"] == "no-cache"


def test_a_file_from_outside_is_never_shown_as_a_page(browser, known, case):
    application = case.in_use()
    browser.sign_in_as(known)
    for paper in application.papers:
        for url in (f"/papers/{paper.id}", f"/papers/{paper.id}/file"):
            response = browser.get(url)
            assert response.mimetype not in ("text/html", "image/svg+xml", "text/xml")
            assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Content-Disposition"].startswith("attachment")


# The demo's one click, and an installation that is not set up


def test_the_demo_lets_one_be_any_of_its_people(browser, sato):
    page = browser.see("/session")
    assert [person.name for person in Person.select() if person.name not in page.text] == []
    assert "佐藤 次郎" in browser.press("/session/practice", {"person": sato.id}).text
    assert Event.select().order_by(-Event.seq).get().act == "sign_in_as"


@pytest.mark.parametrize("person", ["", "0", "4711", "x", "-1", "9" * 20])
def test_the_one_click_wants_somebody_who_exists(browser, person):
    page = browser.press("/session/practice", {"person": person})
    assert page.status == 422 and "アカウントはありません" in page.text


def test_a_real_installation_has_no_one_click_whatever_is_asked(browser, sato):
    database.execute_sql("DROP TRIGGER institution_environment_no_update")
    database.execute_sql("UPDATE institution SET environment = 'real'")
    page = browser.see("/session")
    assert "佐藤 次郎" not in page.text and "/session/practice" not in page.html
    page = browser.press("/session/practice", {"person": sato.id})
    assert page.status == 422 and "練習環境だけ" in page.text
    assert not Visit.select().exists() and browser.get("/").status_code == 303


COUNTED = ("number", "index", "place", "row", "which", "scan", "picture")
VALUES = dict.fromkeys(COUNTED, 1) | {"kind": "csv"}  # what may stand in an address


def test_the_gate_is_closed_to_every_address_but_the_few_that_are_named(house, browser):
    adapter = house.url_map.bind("localhost")
    for rule in house.url_map.iter_rules():
        values = {name: VALUES.get(name, "x") for name in rule.arguments}
        if rule.endpoint in gate.OPEN:
            continue
        url = adapter.build(rule.endpoint, values)
        for method in rule.methods - {"OPTIONS", "HEAD"}:
            response = browser.open(url, method=method, headers={"Origin": "http://localhost"})
            if rule.endpoint.startswith(f"{gate.DEVICES}."):  # nothing without a device's signature
                assert response.status_code in (400, 401) and response.json["error"], (method, url)
                continue
            assert response.status_code == 303 and response.headers["Location"].startswith("/session"), (method, url)
            assert response.get_data(as_text=True).count("<a") <= 1


@pytest.mark.parametrize(("proxies", "address"), [(0, "127.0.0.1"), (1, "198.51.100.7")])
def test_the_address_of_an_event_is_the_visitors_only_where_a_proxy_of_ours_says_so(settings, proxies, address):
    app = create_app(replace(settings, proxies=proxies))
    told = {"Origin": "http://localhost", "X-Forwarded-For": "203.0.113.9, 198.51.100.7"}
    with database.connection_context():
        app.test_client().post("/session/practice", data={"person": Person.get().id}, headers=told)
        assert Event.select().order_by(-Event.seq).first().address == address
