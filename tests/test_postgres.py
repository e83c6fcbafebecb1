"""The tests' own PostgreSQL."""

import psycopg
import pytest
from playhouse.db_url import parse

from tests.postgres import Server


@pytest.mark.slow
def test_a_server_gives_empty_databases_and_leaves_nothing_behind():
    with Server() as server:
        first, second = server.new_database(), server.new_database()
        with psycopg.connect(first) as connection:
            connection.execute("CREATE TABLE seals (id integer)")
        with psycopg.connect(second) as connection:
            assert connection.execute("SELECT to_regclass('seals')").fetchone() == (None,)
        assert parse(second)["database"] == "test_2"
    assert not server.folder.exists()
