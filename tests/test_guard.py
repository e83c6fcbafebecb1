"""The guarded child: what it may do, and what its parent believes of it."""

import logging
import os
import pickle
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from webapp.errors import Refused, Unreadable
from webapp.papers import guard, plain

HERE = "tests.guarded_functions"


def _run(name, *args, **limits):
    return guard.run(f"{HERE}:{name}", *args, **limits)


def _functions():
    from tests import guarded_functions

    return guarded_functions


def test_values_go_there_and_come_back_as_they_were():
    values = [
        None,
        True,
        1,
        2**200,
        -1.5,
        "申請",
        b"\x00\xff",
        (1, [2]),
        {"a": (1,), 2: b""},
        _functions().Pair(1, "x"),
    ]
    assert _run("give_back", *values) == values


def test_records_bytes_and_instants_come_back():
    assert _run("make_pair") == _functions().make_pair()


def test_a_refusal_travels_back_as_itself():
    with pytest.raises(_functions().WrongWord) as caught:
        _run("refuse")
    refusal = caught.value
    assert (refusal.message, refusal.advice) == ("合言葉が違います。", "確認してください。")
    assert (refusal.fields, refusal.code, refusal.status) == ({"word": "違います。"}, "wrong", 422)


def test_a_real_refusal_of_the_papers_travels_back():
    with pytest.raises(Unreadable, match="ZIPファイルとして開けません"):
        guard.run("webapp.papers.delivery:open_zip", b"no zip", "password")


def test_the_child_reaches_no_network():
    with socket.create_server(("127.0.0.1", 0)) as server:
        errors = _run("connect", server.getsockname()[1])
    assert "connected" not in errors
    assert errors[:3] == ["PermissionError"] * 3


def test_the_child_may_still_use_a_pair_of_sockets_as_asyncio_does():
    assert _run("talk_to_itself") == b"hello"


def test_the_child_is_told_no_secret_and_knows_nothing_of_the_application(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://secret")
    seen = _run("surroundings", os.getpid())
    assert not any("surroundings" in word for word in seen["words"])
    assert "DATABASE_URL" not in seen["environment"]
    assert seen["application"] == []


def test_a_child_that_eats_memory_is_stopped():
    with pytest.raises(Unreadable, match="メモリ"):
        _run("eat_memory", megabytes=256)


def test_a_child_that_takes_too_long_is_killed_with_all_it_started():
    before = time.monotonic()
    with pytest.raises(Unreadable, match="時間がかかりすぎた"):
        _run("eat_time", seconds=0.7)
    assert time.monotonic() - before < 20
    left = [each for each in psutil.process_iter(["cmdline"]) if each.info["cmdline"] == ["sleep", "60.125"]]
    assert not [each for each in left if each.status() != psutil.STATUS_ZOMBIE]


def test_a_child_that_spins_is_killed():
    with pytest.raises(Unreadable, match="時間がかかりすぎた"):
        _run("eat_processor", seconds=0.5)


def test_a_child_cannot_write_without_end(tmp_path):
    with pytest.raises(Unreadable, match="読み取れませんでした"):
        _run("fill_disk", str(tmp_path / "big"))
    assert (tmp_path / "big").stat().st_size <= 128 * 1024 * 1024


def test_a_child_that_dies_or_breaks_is_told_in_a_sentence_and_logged_without_its_secret(caplog):
    with caplog.at_level(logging.ERROR):
        for name, args in (("die", ()), ("break_down", ("hunter2-secret",)), ("return_a_function", ())):
            with pytest.raises(Unreadable, match="読み取れませんでした"):
                _run(name, *args)
    assert "ValueError at guarded_functions.py" in caplog.text
    assert "hunter2" not in caplog.text


def test_what_the_child_prints_is_no_answer():
    assert _run("chatter") == "quiet"


class _Trap:
    """Pickled, this would make a file in whoever unpickles it."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (os.mkdir, (self.path,))


def test_nothing_that_a_hostile_child_answers_is_executed(tmp_path):
    path = tmp_path / "executed"
    with pytest.raises(Unreadable, match="読み取れませんでした"):
        _run("answer_raw", pickle.dumps(_Trap(str(path))))
    assert not path.exists()


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"[]",
        b"null",
        b'"value"',
        b'["value"]',
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b"1" * 100_000,
        b'["value", {"record": ["Popen", {"args": "id"}]}]',
        b'["value", {"record": ["Pair", {"left": 1}]}]',
        b'["value", {"record": ["Pair", {"left": 1, "right": 2, "__class__": 3}]}]',
        b'["value", {"record": [["Pair"], {}]}]',
        b'["value", {"record": "Pair"}]',
        b'["value", {"exec": "1"}]',
        b'["value", {"bytes": 5}]',
        b'["value", {"dict": [[{"dict": []}, 1]]}]',
        b'["value", {}]',
        b'["value", {"int": "x"}]',
        b'["refused", null]',
        b'["refused", {"dict": [["types", ["os"]]]}]',
        b'["refused", {"dict": [["types", [5]], ["message", 1], ["advice", 2], ["fields", 3]]}]',
        b'["broken", [1]]',
        b'[["value"], 1]',
    ],
)
def test_every_answer_that_is_not_plain_is_a_broken_file_and_nothing_else(monkeypatch, answer):
    monkeypatch.setattr(guard, "_ask", lambda question, seconds: (True, 0, answer))
    with pytest.raises(Unreadable, match="読み取れませんでした"):
        _run("give_back")


def test_a_hostile_refusal_becomes_text_of_a_known_type(monkeypatch):
    fields = b'["fields", {"dict": [[1, {"bytes": "AAA="}]]}], ["code", [1]], ["__class__", "x"]'
    answer = (
        b'["refused", {"dict": [["types", ["SystemExit", "object"]], ["message", 1], ["advice", null], %b]}]' % fields
    )
    monkeypatch.setattr(guard, "_ask", lambda question, seconds: (True, 0, answer))
    with pytest.raises(Refused) as caught:
        _run("give_back")
    assert type(caught.value) is Unreadable
    assert (caught.value.message, caught.value.fields) == ("1", {"1": "b'\\x00\\x00'"})


def test_only_plain_values_may_be_asked():
    with pytest.raises(plain.NotPlain):
        _run("give_back", object())


def test_only_records_of_our_own_may_be_made():
    from webapp.papers import seal

    assert {"Seal", "Point"} <= set(plain.records_of(seal))
    assert all(each.__module__.startswith("webapp.") for each in plain.records_of(seal).values())


def test_many_children_may_run_at_once():
    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(lambda number: _run("give_back", number), range(6))) == [[number] for number in range(6)]
