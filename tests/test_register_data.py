"""The invented registers to measure with are what the acts themselves would have written."""

import sqlite3

import pytest

from bench import _register_rows, register_data
from tests.test_statistics import counted_by_hand, tallied
from webapp import register
from webapp.papers import certificate as paper
from webapp.register import Application, Certificate, Person, database, verify_chain
from webapp.settings import Settings


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(register_data, "KEPT", tmp_path_factory.mktemp("kept"))
        yield register_data.made(120)


@pytest.fixture
def made(folder):
    register.bind(Settings(data=folder).database)
    with database.connection_context():
        yield


def test_its_chain_holds_and_its_references_lead_somewhere(made, folder):
    assert verify_chain() > 120 * 10
    with sqlite3.connect(folder / "register.db") as connection:
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


def test_its_certificates_say_what_their_rows_say(made):
    for row in Certificate.select().where(Certificate.id % 20 == 0):
        read = paper.read(row.content.bytes())
        assert (read.serial_hex, read.sha256, read.spki_sha256) == (row.serial, row.sha256, row.spki_sha256)
        assert (str(read.subject), str(read.issuer), read.issuer_sha256) == (row.subject, row.issuer, row.issuer_sha256)
        assert (read.not_before, read.not_after) == (row.not_before, row.not_after)


def test_its_tallies_are_right_also_after_a_hand_over(made):
    assert tallied() == counted_by_hand()
    sato = Person.get(Person.name == "佐藤 次郎")
    Certificate.update(subscriber=sato, department=sato.department).where(Certificate.id < 9).execute()
    assert tallied() == counted_by_hand()


def test_a_tenth_is_imported_and_some_are_renewed_and_revoked(made):
    assert 3 <= Certificate.select().where(Certificate.origin == "imported").count() <= 25
    assert Application.select().where(Application.occasion == "continue").count() > 0
    revoked = Certificate.select().where(Certificate.revoked_at.is_null(False)).count()
    assert revoked == Application.select().where(Application.kind == "revoke").count() > 0


def test_the_same_number_gives_the_same_names(made):
    rows = _register_rows.Rows(120, register_data.clock.today().replace(day=1), 0)
    titles = [certificate[14] for _, certificate in rows.certificates()]
    assert titles == [row.title for row in Certificate.select().order_by(Certificate.id)]
