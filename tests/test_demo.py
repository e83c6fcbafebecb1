"""The demo's data: made once, completed when something is missing (bin/run)."""

import pytest

from webapp import demo


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    demo.make_token(folder)
    return folder


def test_what_is_there_is_left_alone(data):
    before = (data / "tokens" / "pin").read_text()
    demo.make_token(data)
    assert (data / "tokens" / "pin").read_text() == before


def test_a_token_that_was_interrupted_is_made_anew(data):
    (data / "tokend.toml").unlink()
    demo.make_token(data)
    assert (data / "tokend.toml").exists()
    assert len(list((data / "tokens" / "tokens").iterdir())) == 1


def test_the_pin_is_a_file_that_only_we_can_read(data):
    assert (data / "tokens" / "pin").stat().st_mode & 0o077 == 0
    assert (data / "tokens" / "pin").read_text() not in (data / "tokend.toml").read_text()
