"""署名ステーション: pairing a device to a person, the pages about it, and what its signed requests must be."""

import io
import os
import subprocess
import sys
import zipfile
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.stations import ORIGIN, Station
from tokens.station import protocol
from webapp import clock
from webapp.acts import job_key, letters, stations
from webapp.register import Event, Pairing, PairingMiss, StationNonce
from webapp.register import Station as Row
from webapp.routes import station_api


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    """Questions are not held open, and codes are hashed with little work; what that costs is tested with the protocol."""
    monkeypatch.setattr(station_api, "HELD", 0)
    monkeypatch.setattr("tokens.station.codes.hashed", lambda code, salt: f"{salt}:{code}"[::-1])


@pytest.fixture
def waiting(house):
    """A device that waits to be paired."""
    station = Station(house)
    assert station.begin().status_code == 201
    return station


@pytest.fixture
def station(house, browser, tanaka):
    return Station.paired(house, browser, tanaka)


def type_code(browser, station):
    return browser.press("/stations/pair", {"code": station.begun["user_code"]})


# Pairing


def test_a_device_is_paired_by_its_code_and_by_the_number_that_it_shows(browser, waiting, tanaka):
    assert waiting.begun["origin"] == ORIGIN and waiting.begun["interval"] == 5 and waiting.begun["expires_in"] == 600
    assert waiting.poll() == {"state": "pending"}
    browser.sign_in_as(tanaka)
    page = type_code(browser, waiting)
    for word in ("pc-12", "tanaka", "127.0.0.1", protocol.fingerprint(protocol.raw(waiting.key))):
        assert word in page.text
    page = browser.press(f"/stations/pairings/{waiting.begun['pairing']}", {"number": waiting.begun["match_number"]})
    assert page.heading == "署名ステーション" and "ペアリングしました" in page.text and "pc-12" in page.text
    paired = {"state": "paired", "station": str(Row.get().id), "owner": "田中 一郎", "one_pin": False}
    assert waiting.poll() == paired
    event = Event.newest(Row.get(), "pair_station")
    assert event.person == tanaka and event.particulars == {"host": "pc-12", "os_user": "tanaka"}
    assert "pc-12" not in repr(event.facts)


def test_the_codes_are_kept_as_hashes_alone(house, waiting, monkeypatch):
    monkeypatch.undo()
    fresh = Station(house)
    fresh.begin()
    row = repr(list(Pairing.select().where(Pairing.id == int(fresh.begun["pairing"])).dicts()))
    assert fresh.begun["user_code"] not in row and fresh.begun["match_number"] not in row


def test_a_wrong_number_pairs_nothing(browser, waiting, tanaka):
    browser.sign_in_as(tanaka)
    type_code(browser, waiting)
    wrong = "000000" if waiting.begun["match_number"] != "000000" else "000001"
    page = browser.press(f"/stations/pairings/{waiting.begun['pairing']}", {"number": wrong})
    assert page.status == 422 and "一致しません" in page.text and not Row.select().exists()
    assert waiting.poll() == {"state": "pending"}


def test_five_wrong_codes_close_the_door_for_ten_minutes_also_to_the_right_one(browser, waiting, tanaka, sato):
    browser.sign_in_as(tanaka)
    for code in ("BBBB-BBBB", "", "ん", "BCDF", "x" * 500):
        page = browser.press("/stations/pair", {"code": code})
        assert page.status == 422 and "コードを確認してください" in page.text
    assert "しばらく受け付けません" in type_code(browser, waiting).text and PairingMiss.select().count() == 5
    browser.sign_in_as(sato)
    assert type_code(browser, waiting).heading == "端末の確認"  # another person's own tries


def test_whose_code_was_typed_by_one_is_not_there_for_another(browser, waiting, tanaka, sato):
    browser.sign_in_as(tanaka)
    type_code(browser, waiting)
    browser.sign_in_as(sato)
    assert type_code(browser, waiting).status == 422
    url = f"/stations/pairings/{waiting.begun['pairing']}"
    assert browser.see(url).status == 404
    assert browser.press(url, {"number": waiting.begun["match_number"]}).status == 404
    assert browser.press(f"{url}/denial").status == 404 and waiting.poll() == {"state": "pending"}


def test_a_device_that_nobody_knows_is_denied(browser, waiting, tanaka):
    browser.sign_in_as(tanaka)
    type_code(browser, waiting)
    page = browser.press(f"/stations/pairings/{waiting.begun['pairing']}/denial")
    assert "拒否しました" in page.text and waiting.poll() == {"state": "denied"}
    assert Event.newest(Pairing.get(), "deny_station").person == tanaka


def test_after_ten_minutes_a_code_is_nothing_and_the_device_is_told(browser, waiting, tanaka):
    browser.sign_in_as(tanaka)
    clock.move(timedelta(minutes=10))
    assert type_code(browser, waiting).status == 422 and waiting.poll() == {"state": "expired"}


def test_who_asks_too_often_is_told_to_slow_down(waiting):
    assert waiting.poll() == {"state": "pending"} and waiting.poll() == {"state": "slow_down"}
    clock.move(timedelta(seconds=6))
    assert waiting.poll() == {"state": "pending"}


def test_only_the_device_itself_learns_how_its_pairing_stands(waiting):
    assert waiting.poll(key=Ed25519PrivateKey.generate())["error"] == "signature"
    answer = waiting.post(
        "/station/pairings/999999/poll", {"signature": protocol.pairing_signature(waiting.key, "999999")}
    )
    assert answer.status_code == 401 and answer.json["error"] == "signature"


def test_the_same_device_is_paired_once_until_it_is_revoked(browser, station, tanaka, suzuki):
    station.begin()
    browser.sign_in_as(suzuki)
    type_code(browser, station)
    url = f"/stations/pairings/{station.begun['pairing']}"
    page = browser.press(url, {"number": station.begun["match_number"]})
    assert page.status == 422 and "すでにペアリングされています" in page.text
    browser.sign_in_as(tanaka).press(f"/stations/{station.number}/revocation")
    browser.sign_in_as(suzuki)
    assert browser.press(url, {"number": station.begun["match_number"]}).heading == "署名ステーション"
    assert [row.person.name for row in Row.select().order_by(Row.id)] == ["田中 一郎", "鈴木 花子"]


def test_one_address_cannot_begin_pairings_without_end(house):
    answers = [Station(house).begin() for _ in range(stations.MOST_HERE + 1)]
    assert [answer.status_code for answer in answers] == [201] * stations.MOST_HERE + [429]
    assert answers[-1].json["error"] == "too_many" and answers[-1].json["advice"]


def test_a_question_is_held_open_unless_it_is_to_be_answered_at_once(station, monkeypatch):
    waited = []
    monkeypatch.setattr(station_api, "_wait_for", lambda station: waited.append(station) or [])
    assert (
        station.ask("POST", "/station/jobs", protocol.canonical(protocol.AT_ONCE)).json == {"jobs": []} and waited == []
    )
    assert station.ask("POST", "/station/jobs", b"{}").json == {"jobs": []} and len(waited) == 1


def test_a_device_that_says_nonsense_is_refused_in_json(house):
    nonsense = (
        {"device_key": "x"},
        {"device_key": "AAAA"},
        {"host": ""},
        {"host": 5},
        {"user": "a\x00b"},
        {"more": "x"},
    )
    for changed in nonsense:
        answer = Station(house).begin(**changed)
        assert answer.status_code == 400 and answer.json["error"] == "malformed", changed
    assert not Pairing.select().exists()


# The pages


def test_one_sees_and_revokes_ones_own_stations_only(browser, station, tanaka, sato):
    browser.sign_in_as(sato)
    assert "pc-12" not in browser.see("/stations").text
    assert browser.press(f"/stations/{station.number}/revocation").status == 404
    assert station.jobs() == []
    browser.sign_in_as(tanaka)
    page = browser.press(f"/stations/{station.number}/revocation")
    assert "ペアリングを解除しました" in page.text and "pc-12" not in page.text
    answer = station.ask("POST", "/station/jobs", b"{}")
    assert answer.status_code == 403 and answer.json["error"] == "revoked"
    assert Event.newest(Row.get(), "revoke_station").person == tanaka
    assert browser.press(f"/stations/{station.number}/revocation").status == 409


def test_the_pages_need_a_visit(browser, waiting):
    for path in (
        "/stations",
        "/stations/pair",
        "/stations/setup",
        "/jobs/1",
        f"/stations/pairings/{waiting.begun['pairing']}",
    ):
        assert browser.get(path).status_code == 303
    for path in ("/stations/pair", "/jobs", "/stations/1/revocation"):
        assert browser.post(path, headers={"Origin": ORIGIN}).status_code == 303


def test_when_a_station_was_seen_and_from_where_is_shown(browser, station, tanaka):
    clock.move(timedelta(hours=1))
    station.jobs()
    browser.sign_in_as(tanaka)
    row = Row.get()
    assert row.seen_at > row.paired_at and "127.0.0.1" in browser.see("/stations").text


def test_an_address_without_tls_is_told_on_the_pages(house, browser, tanaka, monkeypatch):
    monkeypatch.setitem(letters._house, "url", "http://shirushi.example")
    browser.sign_in_as(tanaka)
    for path in ("/stations/pair", "/stations/setup"):
        assert "https://" in browser.see(path).text
    assert Station(house).begin().json["error"] == "insecure_address"


def test_the_package_is_a_wheel_that_runs_by_itself(browser, tanaka, tmp_path):
    browser.sign_in_as(tanaka)
    page = browser.see("/stations/setup")
    name = next(link for link in page.links() if link.endswith(".whl"))
    data = browser.get(page.links()[name]).data
    listed = browser.get(page.links()["requirements-station.txt"]).data
    assert b"--hash=sha256:" in listed and browser.get("/stations/setup/other.txt").status_code == 404
    with zipfile.ZipFile(io.BytesIO(data)) as wheel:
        assert wheel.testzip() is None and "tokens/station/protocol.py" in wheel.namelist()
        assert not [name for name in wheel.namelist() if name.startswith("webapp") or "__pycache__" in name]
        wheel.extractall(tmp_path)
    code = "import tokens.station.protocol as p; print(p.__file__)"
    environment = {"PYTHONPATH": str(tmp_path), "PATH": os.environ["PATH"]}
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, cwd=tmp_path)
    assert shown.stdout.strip() == str(tmp_path / "tokens/station/protocol.py"), shown.stderr


@pytest.mark.slow
def test_pip_takes_the_package(tmp_path):
    from webapp import station_package

    made = station_package.package()
    (tmp_path / made.name).write_bytes(made.data)
    words = ["install", "--no-deps", "--no-index", "--target", str(tmp_path / "there"), str(tmp_path / made.name)]
    subprocess.run([sys.executable, "-m", "pip", *words], check=True, capture_output=True)
    assert (tmp_path / "there/tokens/station/protocol.py").exists()


# Signed requests


def test_a_signed_request_passes_once(station):
    assert station.ask("POST", "/station/jobs", b"{}").json == {"jobs": []}
    again = station.client.post("/station/jobs", data=b"{}", headers=station.last)
    assert again.status_code == 409 and again.json["error"] == "replayed"


OTHER = (
    ({"sent": b'{"x": 1}'}, "signature"),
    ({"origin": "http://localhost:8081"}, "signature"),
    ({"origin": "https://evil.example"}, "signature"),
    ({"key": Ed25519PrivateKey.generate()}, "signature"),
    ({"number": "999999"}, "signature"),
    ({"number": "x"}, "signature"),
    ({"number": "9" * 30}, "signature"),
    ({"now": 1}, "clock"),
)


def test_a_request_that_another_made_or_changed_is_refused(station):
    for changed, error in OTHER:
        answer = station.ask("POST", "/station/jobs", b"{}", **changed)
        assert answer.status_code == 401 and answer.json["error"] == error and answer.json["message"], changed
    assert not StationNonce.select().exists()


@pytest.mark.parametrize("seconds", [-121, 121])
def test_a_clock_two_minutes_off_is_told(station, seconds):
    now = clock.now().timestamp() + seconds
    assert station.ask("POST", "/station/jobs", b"{}", now=now).json["error"] == "clock"


def test_a_signature_holds_for_its_own_method_and_path(station):
    station.ask("POST", "/station/jobs", b"{}")
    headers = protocol.request_headers(
        station.key, station.number, "POST", "/station/jobs", b"", ORIGIN, clock.now().timestamp()
    )
    for path, method in (("/station/jobs?x=1", "POST"), ("/station/jobs/aa/document", "GET")):
        assert station.client.open(path, method=method, headers=headers).json["error"] == "signature"


def test_odd_headers_are_refused_in_json(station):
    station.ask("POST", "/station/jobs", b"{}")
    for name in protocol.HEADERS:
        for value in ("", "x", "ん", "-1", "0" * 400):
            headers = station.last | {name: value.encode("utf-8").decode("latin-1")}
            answer = station.client.post("/station/jobs", data=b"{}", headers=headers)
            assert answer.status_code in (400, 401, 409) and answer.json["error"], (name, value)


ODD = (b"", b"x", b"[]", b"1", b'{"code": 1}', b'{"code": ["1"]}', b"\xff", b"[" * 5000, b'{"a":1.5}')


def test_odd_bodies_are_refused_in_json(station):
    for body in ODD:
        for path in ("/station/pairings", "/station/pairings/1/poll"):
            answer = station.client.post(path, data=body)
            assert answer.status_code == 400 and answer.json["error"] == "malformed", body[:20]
        answer = station.ask("POST", "/station/jobs/aa/claim", body)
        assert answer.status_code in (400, 404) and answer.json["error"], body[:20]
        assert station.ask("POST", "/station/jobs/aa/result", body).json["error"] == "no_job"


def test_a_large_body_is_refused_before_it_is_read(station):
    answer = station.ask("POST", "/station/jobs", b"x" * 20_000)
    assert answer.status_code == 413 and answer.json["error"] == "http"
    assert station.client.post("/station/pairings", data=b"x" * 20_000).status_code == 413


def test_old_nonces_are_forgotten(station):
    station.jobs()
    clock.move(timedelta(minutes=7))
    station.jobs()
    assert StationNonce.select().count() == 1


def test_programs_get_no_page_and_browsers_no_way_round_the_same_origin_check(browser, station, tanaka):
    assert station.client.get("/station/jobs").status_code == 405
    browser.sign_in_as(tanaka)
    assert browser.post("/station/jobs", data=b"{}").status_code == 401  # a cookie is nothing here
    assert browser.post("/stations/pair", data={"code": "x"}).status_code == 403


# The job key


def test_the_job_key_is_a_file_of_its_owner_and_stays_the_same(house, settings):
    first = protocol.raw(job_key.key())
    assert settings.job_key_file.stat().st_mode & 0o777 == 0o600 and settings.job_key_file.stat().st_size == 32
    job_key.settle(settings.job_key_file)
    assert protocol.raw(job_key.key()) == first
    assert [path.name for path in settings.job_key_file.parent.iterdir() if "stations" in path.name] == ["stations.key"]
