"""The same people and the same house in every test."""

import shutil
import threading
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from werkzeug.serving import make_server

from tests import ca as test_ca
from tests import cases
from tests.house import make_app
from webapp import clock, demo, register
from webapp.acts import Who
from webapp.register import Person, TrustAnchor, content, database
from webapp.settings import Settings

# The modules whose tests run on SQLite and once more on PostgreSQL say: pytestmark = both_databases
DATABASES = [pytest.param("sqlite", id="sqlite"), pytest.param("postgresql", id="postgresql", marks=pytest.mark.slow)]


def pytest_generate_tests(metafunc):
    if "engine" in metafunc.fixturenames:
        both = metafunc.definition.get_closest_marker("both_databases")
        metafunc.parametrize("engine", DATABASES if both else DATABASES[:1], indirect=True)


@pytest.fixture
def engine(request):
    return request.param


@pytest.fixture(scope="session")
def authorities():
    """The CAs the test house trusts: one for seals, one for code signing, made in memory."""
    return cases.Authorities(test_ca)


@pytest.fixture(scope="session")
def furnished(tmp_path_factory, authorities):
    """A folder with the demo's register, ready to be copied for each test."""
    folder = tmp_path_factory.mktemp("furnished")
    _furnish(Settings(data=folder), authorities)
    return folder


def _furnish(settings, authorities):
    content.unlock(settings.content_key_file)
    register.bind(settings.database)
    register.migrate()
    with database.connection_context():
        demo.furnish()
        for use, roots, others in authorities.anchors():
            for der, is_root in [*((der, True) for der in roots), *((der, False) for der in others)]:
                TrustAnchor.create(use=use, name="試験用", der=der, is_root=is_root, since_on=demo.SINCE)


@pytest.fixture
def settings(engine, tmp_path, furnished, request):
    """The options of one installation. Its worker writes no reminders, so that the day of the test does not matter."""
    given = {"public_url": "http://localhost", "sender_mail": "shirushi@shinsei.example", "reminder_hour": 24}
    if engine == "sqlite":
        shutil.copytree(furnished, tmp_path, dirs_exist_ok=True)
        return Settings(data=tmp_path, **given)
    url = request.getfixturevalue("fresh_postgresql")
    shutil.copytree(furnished / "keys", tmp_path / "keys")
    return Settings(data=tmp_path, database_url=url, **given)


@pytest.fixture
def fresh_postgresql(postgresql_server, furnished_postgresql):
    return postgresql_server.new_database(furnished_postgresql)


@pytest.fixture(scope="session")
def furnished_postgresql(postgresql_server, furnished, authorities):
    """The same register in PostgreSQL, with the same content key, to be copied for each test."""
    url = postgresql_server.new_database()
    _furnish(Settings(data=furnished, database_url=url), authorities)
    return url


@pytest.fixture(scope="session")
def postgresql_server():
    from tests.postgres import Server

    with Server() as server:
        yield server


@pytest.fixture
def house(settings):
    """The application of a furnished demo house, its register open."""
    app = make_app(settings)
    with database.connection_context():
        yield app
    clock.move(timedelta(0))


@pytest.fixture
def browser(house):
    """A browser that reads every page."""
    return house.test_client()


def _person(name):
    @pytest.fixture(name=name)
    def person(house):
        row = demo.PEOPLE[[key for key, *_ in demo.PEOPLE].index(name)]
        return Person.get(Person.name == row[1])

    return person


sato, suzuki, yamamoto, tanaka = _person("sato"), _person("suzuki"), _person("yamamoto"), _person("tanaka")
takahashi, ito, kobayashi = _person("takahashi"), _person("ito"), _person("kobayashi")


@pytest.fixture
def by():
    """Who acts: by(sato)."""
    return lambda person: Who(person, "192.0.2.1")


@pytest.fixture
def admin(house, kobayashi, by):
    """小林 as who acts."""
    return by(kobayashi)


@pytest.fixture
def officer(browser, suzuki):
    """鈴木's browser."""
    return browser.sign_in_as(suzuki)


@pytest.fixture
def case(house, authorities, tmp_path):
    """Applications at any stage: case.draft(), case.submitted(), … (tests/cases.py)."""
    return cases.Cases(authorities, tmp_path)


@pytest.fixture(scope="session")
def card_factory(tmp_path_factory):
    """Virtual smartcards (tests/cards.py); its readers run until the end."""
    from tests.cards import Factory

    factory = Factory(tmp_path_factory.mktemp("cards"))
    yield factory
    factory.close()


@pytest.fixture
def virtual_card(card_factory):
    """A new card of a kind, inserted: virtual_card("opensc-piv")."""
    yield lambda kind, slot=0: card_factory.card(kind, slot).insert()
    card_factory.empty()


@pytest.fixture
def paired(house, browser, monkeypatch):
    """A signing station of a person, who is signed in then: paired(tanaka). No question is held open, codes are hashed with
    little work, files are read without a child."""
    from tests.stations import Station
    from webapp.routes import station_api

    monkeypatch.setattr(station_api, "HELD", 0)
    monkeypatch.setattr("tokens.station.codes.hashed", lambda code, salt: f"{salt}:{code}"[::-1])
    with cases.unguarded():
        yield lambda person: Station.paired(house, browser, person)


@pytest.fixture
def world(house, settings, authorities, monkeypatch):
    """The server of the CA for persons' certificates (tests/crl_world.py); the house knows where it is, and its worker has the
    job of asking it."""
    from tests.crl_world import World
    from webapp import asking
    from webapp.acts import kept_lists

    made = World(replace(settings, practice_url="http://ca.example"), authorities.seal)
    monkeypatch.setattr(asking, "fetch", made.fetch)
    monkeypatch.setitem(house.config, "SHIRUSHI", made.settings)
    kept_lists.plan()
    return made


@pytest.fixture
def card(authorities):
    """(key, S/MIME certificate in DER) of an address: card("tanaka@shinsei.example")."""

    def made(mail, kind="smime", authority=None, **changes):
        key = test_ca.new_key()
        return key, test_ca.der(getattr(authority or authorities.seal, kind)(key.public_key(), mail, **changes))

    return made


@pytest.fixture(scope="session")
def repository():
    return Path(__file__).parent.parent


@pytest.fixture
def own_folders(tmp_path, monkeypatch):
    """A station's or a token's own folders, for this test alone."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def intranet():
    """The intranet as a station sees it, played by the test."""
    from tests.played_intranet import PlayedIntranet  # only stations need it, and it takes a while to load

    with PlayedIntranet() as played:
        yield played


@pytest.fixture
def address(house):
    """The house behind a server of its own, for a real browser."""
    server = make_server("127.0.0.1", 0, house, threaded=True)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def visitor(address):
    """visitor(…): 鈴木 at a real browser, signed in. The browser starts with the first one, after the case was made."""
    from tests.browser import Visitor, chromium

    with ExitStack() as stack:

        def come(**how):
            visitor = Visitor(stack.enter_context(chromium()), address, "鈴木 花子", **how)
            visitor.sign_in()
            return visitor

        yield come
