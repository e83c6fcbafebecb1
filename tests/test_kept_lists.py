"""The lists of revoked persons' certificates: asked for where the profile says, kept while they are good, and told of when not."""

import shutil
from dataclasses import replace
from datetime import timedelta
from threading import Thread

import pytest
from peewee import IntegrityError, SqliteDatabase
from playhouse.migrations import Runner

from tests import ca
from tests.crl_world import URL
from tests.revocation import crl
from tests.test_asking import OK
from tests.test_revocation_state import STRANGE
from webapp import clock, profiles, worker
from webapp.acts import kept_lists
from webapp.register import Content, Event, Job, KeptList, TrustAnchor, database
from webapp.register.database import MIGRATIONS
from webapp.rules.status_addresses import kept_addresses

pytestmark = pytest.mark.both_databases

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
CARDS_CA = "Practice (練習) S/MIME CA"


# The worker's round


def test_the_worker_takes_the_list_and_asks_again_before_long(world, authorities):
    data = world.publish()
    row = world.round()
    assert (row.outcome, row.sentence, row.content.bytes()) == ("taken", "", data)
    begins = authorities.seal.at
    assert (row.this_update, row.next_update, row.asked_at) == (begins, begins + 7 * DAY, row.taken_at)
    assert world.told[0].startswith(b"GET /ca/smime.crl HTTP/1.1\r\n")
    minutes = timedelta(minutes=profiles.load("practice").seal_crl_minutes)
    assert worker.turn(world.settings) is None
    clock.move(minutes + timedelta(seconds=1))
    assert world.round().asked_at > row.asked_at
    assert kept_lists.plan() and Job.select().where(Job.kind == kept_lists.JOB).count() == 1


def test_a_worker_that_starts_has_the_job_of_asking_and_a_second_does_not_double_it(house, settings, monkeypatch):
    def over(seconds):
        raise InterruptedError

    monkeypatch.setattr(worker.time, "sleep", over)

    def begin():
        with pytest.raises(InterruptedError):
            worker.run(settings)

    for thread in (Thread(target=begin), Thread(target=begin)):  # each with a connection of its own
        thread.start()
        thread.join()
    job = Job.get(Job.kind == kept_lists.JOB)
    assert job.state == "due" and job.next_at > clock.now() and job.outcome == "asked"
    assert kept_lists.shown() == []  # nobody knows where the practice desk is


def test_a_list_is_asked_for_before_it_ends_but_not_without_pause(world, authorities, monkeypatch):
    hours = replace(profiles.load("practice"), seal_crl_minutes=600)
    monkeypatch.setattr(profiles, "load", lambda name: hours)
    ends = clock.now() + timedelta(hours=3) - authorities.seal.at
    world.publish(ends=ends)
    world.round()
    wait = Job.get(Job.kind == kept_lists.JOB).next_at - clock.now()
    assert timedelta(hours=1, minutes=58) < wait <= timedelta(hours=2)
    clock.move(timedelta(hours=2, minutes=55))
    world.round()
    assert 14 * MINUTE < Job.get(Job.kind == kept_lists.JOB).next_at - clock.now() <= 15 * MINUTE


def test_a_newer_list_takes_the_place_of_the_one_before_and_an_older_does_not(world, authorities):
    old = world.publish()
    first = world.round()
    clock.move(20 * MINUTE)
    new = world.publish(begins=authorities.seal.at + MINUTE)
    assert world.round().content.bytes() == new
    assert Content.get_or_none(Content.sha256 == first.sha256) is None
    world.answer(old)
    clock.move(40 * MINUTE)
    row = world.round()
    assert (row.outcome, row.content.bytes()) == ("refused", new) and "より古い失効リスト" in row.sentence


BAD = {
    "a stranger's": lambda ours: crl(ours, key=ca.new_key()),
    "another issuer's": lambda ours: crl(ca.Authority("Another CA")),
    "expired": lambda ours: crl(ours, begins=ours.at - 9 * DAY),
    "too large": lambda ours: bytes(10 * 1024 * 1024 + 1),
    "no list": lambda ours: b"<html>maintenance</html>",
    "empty": lambda ours: b"",
    **{name: lambda ours, each=each: crl(ours, extensions=[each]) for name, each in STRANGE.items()},
}


@pytest.mark.parametrize("kind", BAD)
def test_what_is_no_good_list_is_not_kept_and_the_one_before_stays(world, authorities, kind):
    good = world.publish()
    world.round()
    world.answer(BAD[kind](authorities.seal))
    clock.move(20 * MINUTE)
    row = world.round()
    assert row.outcome == ("unreachable" if kind == "too large" else "refused") and row.sentence.endswith("。")
    assert row.content.bytes() == good and row.asked_at > row.taken_at
    assert Job.get(Job.kind == kept_lists.JOB).next_at - clock.now() <= 15 * MINUTE


SILENT = {
    "redirects": ((b"HTTP/1.1 302 Found\r\nLocation: http://elsewhere.example/\r\n\r\n",), 0.0, "転送先には"),
    "100 MB": ((OK + b"Content-Length: 104857600\r\n\r\n",), 0.0, "大きすぎます"),
    "100 MB without saying so": ((OK + b"\r\n", *[bytes(1024 * 1024)] * 100), 0.0, "大きすぎます"),
    "slow drip": ((OK + b"\r\n", *[b"0"] * 50), 0.05, "秒以内に回答がありません"),
    "an error": ((b"HTTP/1.1 500 No\r\n\r\n",), 0.0, "断りました"),
}


@pytest.mark.parametrize("kind", SILENT)
def test_who_answers_badly_is_left_and_the_officers_read_that_nothing_is_known(
    world, browser, suzuki, kind, monkeypatch
):
    monkeypatch.setattr(kept_lists, "SECONDS", 0.4 if kind == "slow drip" else 20)
    world.parts, world.every, words = SILENT[kind]
    row = world.round()
    assert (row.outcome, row.content, row.taken_at) == ("unreachable", None, None) and words in row.sentence
    browser.sign_in_as(suzuki)
    assert "失効リストをまだ取得できていません" in browser.see("/").text


def test_only_the_profiles_own_places_are_asked():
    """Neither a host that nobody listed nor one that a certificate names; the practice desk only where it is."""
    practice, real = profiles.load("practice"), profiles.load("upki-v2.4")
    assert kept_addresses(practice, "http://127.0.0.1:9081").crls == ("http://127.0.0.1:9081/ca/smime.crl",)
    assert kept_addresses(practice).crls == () and kept_addresses(real).crls == ()
    named = ("http://repository.secomtrust.net/a.crl", "http://elsewhere.example/b.crl", "http://127.0.0.1/c.crl")
    assert kept_addresses(replace(real, seal_crl_addresses=named)).crls == named[:1]


def test_a_place_that_the_profile_no_longer_names_counts_no_more(world, monkeypatch):
    world.publish()
    content = world.round().sha256
    moved = replace(profiles.load("practice"), seal_crl_addresses=())
    monkeypatch.setattr(profiles, "load", lambda name: moved)
    clock.move(20 * MINUTE)
    assert world.round() is None and Content.get_or_none(Content.sha256 == content) is None


# What people see


def test_the_administrator_reads_when_each_list_came_and_lets_the_worker_ask_now(
    world, browser, kobayashi, suzuki, monkeypatch
):
    browser.sign_in_as(kobayashi)
    assert "まだ問い合わせていません" in browser.see("/administration/anchors").text
    world.publish()
    world.round()
    page = browser.see("/administration/anchors")
    assert "取得済み" in page.text and URL in page.text and CARDS_CA.split()[0] in page.text
    assert worker.turn(world.settings) is None
    world.parts = SILENT["an error"][0]
    page = browser.press("/administration/anchors/lists")
    assert "失効リストの取得を頼みました" in page.text and Event.select().where(Event.act == "ask_lists").count() == 1
    world.round()
    page = browser.see("/administration/anchors")
    assert "取得できず" in page.text and "断りました" in page.text and "期限切れ" not in page.text
    assert "失効リスト" not in browser.see("/").text
    clock.move(8 * DAY)
    for person in (kobayashi, suzuki):
        browser.sign_in_as(person)
        assert "期限切れになりました" in browser.see("/").text
    browser.sign_in_as(kobayashi)
    assert "期限切れ" in browser.see("/administration/anchors").text
    browser.sign_in_as(suzuki)
    assert browser.press("/administration/anchors/lists").status == 403


def test_a_ca_that_is_trusted_now_has_its_list_asked_for_at_once(world, browser, kobayashi):
    stranger = ca.Authority("Cards CA")
    world.answer(crl(stranger))
    assert world.round().outcome == "refused" and worker.turn(world.settings) is None
    browser.sign_in_as(kobayashi)
    given = {"pem": ca.pem(stranger.issuing).decode(), "use": "sign_in", "is_compared": "yes"}
    assert "Cards CA" in browser.press("/administration/anchors", given).text
    assert world.round().outcome == "taken"


# The table


def test_a_row_has_a_whole_list_or_none(house):
    content = Content.keep(b"list")
    now = clock.now()
    row = {"url": URL, "asked_at": now, "sentence": ""}
    whole = {"content": content, "issuer": "CN=x", "this_update": now, "next_update": now + DAY, "taken_at": now}
    for bad in (
        row | {"outcome": "taken"},
        row | {"outcome": "nonsense"},
        row | whole | {"outcome": "taken", "next_update": now - DAY},
        *(row | whole | {"outcome": "refused", name: None} for name in ("content", "this_update", "taken_at")),
        row | whole | {"outcome": "taken", "issuer": ""},
    ):
        with pytest.raises(IntegrityError), database.atomic():
            KeptList.create(**bad)
    KeptList.create(**row | whole | {"outcome": "taken"})
    with pytest.raises(IntegrityError), database.atomic():
        KeptList.create(**row | {"outcome": "refused"})
    with pytest.raises(IntegrityError), database.atomic():
        content.delete_instance()


def test_every_use_of_an_anchor_has_its_place(house):
    anchor = {"name": "x", "der": b"x", "is_root": True, "since_on": clock.today()}
    for use in ("seal", "sign_in", "certificate", "attestation", "timestamp"):
        TrustAnchor.create(use=use, **anchor)
    with pytest.raises(IntegrityError), database.atomic():
        TrustAnchor.create(use="anything", **anchor)


BEFORE = (
    "INSERT INTO person (id, name, phone) VALUES (1, 'x', '')",
    "INSERT INTO trust_anchor (id, use, name, der, is_root, since_on) VALUES (7, 'seal', 'x', x'00', 1, '2026-01-01')",
    "INSERT INTO trust_anchor (id, use, name, der, is_root, since_on) VALUES (8, 'certificate', 'y', x'00', 1, '2026-01-01')",
    "INSERT INTO station (person_id, owner, device_key, host, os_user, version, paired_at, seen_at, address) "
    "VALUES (1, 'x', 'x', 'x', 'x', 'x', 1, 1, 'x')",
)


def test_who_was_trusted_for_seals_stays_trusted_for_signing_in_where_stations_are(tmp_path):
    """The anchors are made anew on SQLite: their rows and numbers are the same, and nobody is locked out."""
    earlier = tmp_path / "earlier"
    earlier.mkdir()
    for file in MIGRATIONS.glob("*.py"):
        if file.name < "0021":
            shutil.copy(file, earlier)
    db = SqliteDatabase(str(tmp_path / "before.db"), pragmas={"foreign_keys": 1})
    with db.connection_context():
        Runner(db, str(earlier)).up()
        for statement in BEFORE:
            db.execute_sql(statement)
        Runner(db, str(MIGRATIONS)).up()
        kept = db.execute_sql("SELECT use, name FROM trust_anchor ORDER BY id").fetchall()
    db.close()
    assert kept == [("seal", "x"), ("certificate", "y"), ("sign_in", "x")]
