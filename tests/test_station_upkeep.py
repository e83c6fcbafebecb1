"""署名ステーション of people who leave, and what is put away of those that nobody waits for any more."""

from datetime import timedelta

import pytest
from peewee import IntegrityError

from tests.stations import Station, asked, code_on, error, newest
from webapp import clock
from webapp.acts import accounts, people, station_upkeep, stations
from webapp.errors import Refused
from webapp.procedure import Role
from webapp.register import Event, Pairing, PairingMiss, StationJob, StationNonce, database
from webapp.register import Station as Row
from webapp.routes import station_api


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(station_api, "HELD", 0)
    monkeypatch.setattr("tokens.station.codes.hashed", lambda code, salt: f"{salt}:{code}"[::-1])


@pytest.fixture
def station(house, browser, tanaka):
    return Station.paired(house, browser, tanaka)


def is_revoked(station):
    answer = station.ask("POST", "/station/jobs", b"{}")
    return answer.status_code == 403 and error(answer)[1] == "revoked"


@pytest.mark.both_databases
def test_a_closed_account_ends_the_stations_and_what_they_have_in_hand(browser, case, station, tanaka, kobayashi, by):
    station.opened(code_on(asked(browser, case.examined(), "seal_pdf")))
    accounts.close_account(by(kobayashi), tanaka)
    assert is_revoked(station) and newest().state == "cancelled"
    assert Event.newest(Row.get(), "revoke_station").person == kobayashi and Row.get().revoked_by == kobayashi


def test_who_has_no_role_left_has_no_station_either(station, tanaka, kobayashi, by):
    term = {"since_on": clock.today().isoformat(), "until_on": ""}
    people.add_role(by(kobayashi), tanaka, {"role": "auditor", "title": "", **term})
    yesterday = (clock.today() - timedelta(days=1)).isoformat()
    people.end_role(by(kobayashi), tanaka.role_row(Role.HEAD), yesterday)
    assert not is_revoked(station)  # still an auditor
    people.end_role(by(kobayashi), tanaka.role_row(Role.AUDITOR), yesterday)
    assert is_revoked(station)


@pytest.mark.both_databases
def test_the_stations_of_whose_last_day_is_over_end_with_the_daily_round(station, tanaka, kobayashi, by):
    people.end_role(by(kobayashi), tanaka.role_row(Role.HEAD), clock.today().isoformat())
    station_upkeep.make_round()
    assert not is_revoked(station)
    clock.move(timedelta(days=1))
    station_upkeep.make_round()
    assert is_revoked(station)
    told = Event.newest(Row.get(), "revoke_station")
    assert told.person is None and told.address == "worker"


def test_an_administrator_ends_anybodys_station_from_the_persons_page(browser, station, tanaka, suzuki, kobayashi):
    browser.sign_in_as(suzuki)
    assert browser.press(f"/stations/{station.number}/revocation").status == 404
    browser.sign_in_as(kobayashi)
    page = browser.see(f"/administration/people/{tanaka.id}")
    assert "pc-12のペアリングを解除する" in page.buttons()
    page = browser.press(f"/stations/{station.number}/revocation")
    assert page.heading == "田中 一郎" and "ペアリングを解除しました" in page.text and "pc-12の" not in page.text
    assert is_revoked(station) and Row.get().revoked_by == kobayashi


@pytest.mark.both_databases
def test_what_came_to_nothing_is_forgotten_a_day_later_and_what_was_decided_stays(
    house, browser, case, station, tanaka, by
):
    asked(browser, case.examined(), "seal_pdf")
    Station(house).begin()
    with pytest.raises(Refused):
        stations.find_pairing(by(tanaka), "BBBB-BBBB")
    assert station.jobs() and StationNonce.select().exists()
    clock.move(timedelta(hours=23))
    station_upkeep.make_round()
    assert newest().state == "expired" and Pairing.select().count() == 2 and PairingMiss.select().exists()
    assert not StationNonce.select().exists()
    clock.move(timedelta(hours=25))
    assert station_upkeep.make_round() == 3
    assert not StationJob.select().exists() and not PairingMiss.select().exists()
    assert Pairing.get().state == "paired" and not is_revoked(station)


@pytest.mark.both_databases
def test_a_job_that_was_done_stays_and_none_changes_what_it_asked(browser, case, station):
    asked(browser, case.examined(), "seal_pdf")
    job = newest()
    job.move(("prepared",), "done", station=int(station.number), nonce="0a")
    for act in (lambda: StationJob.delete().execute(), lambda: StationJob.update(payload="{}").execute()):
        with pytest.raises(IntegrityError), database.atomic():
            act()
    assert newest().payload == job.payload


def test_one_round_forgets_a_bounded_number_and_the_next_one_goes_on(tanaka, monkeypatch):
    monkeypatch.setattr(station_upkeep, "PORTION", 2)
    monkeypatch.setattr(station_upkeep, "MOST", 4)
    for _ in range(5):
        PairingMiss.create(person=tanaka, at=clock.now())
    clock.move(timedelta(days=2))
    assert [station_upkeep.make_round() for _ in range(3)] == [4, 1, 0]
