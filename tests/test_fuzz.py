"""Hostile input: every reader of files from outside gives its value or its own refusal, whatever it is given (tests/fuzz)."""

import contextlib
import logging
import time
import warnings
from datetime import UTC, date, datetime

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.fuzz import formats
from tests.fuzz.__main__ import SEEDS
from tests.fuzz.inputs import inputs, specimens
from tests.fuzz.property import Failed, tried
from tests.fuzz.readers import READERS, Reader
from tests.fuzz.worlds import signer
from webapp import clock
from webapp.errors import Refused, Unreadable
from webapp.papers import certificate, received_mail, status_answer
from webapp.papers.subject import Subject

CHEAP, HEAVY = 150, 30
VERSION_3 = b"\xa0\x03\x02\x01\x02"
KEPT = sorted(SEEDS.glob("*/*.bin"))


@pytest.fixture(autouse=True)
def quiet():
    """Libraries complain about broken files, and may."""
    logging.disable()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("path", KEPT, ids=[f"{path.parent.name}-{path.stem}" for path in KEPT])
def test_what_a_reader_once_failed_on_is_read_or_refused(path):
    specimens(path.parent.name)  # what else the reader is given is made before it is watched
    tried(path.parent.name, READERS[path.parent.name], path.read_bytes())


@pytest.mark.slow
@pytest.mark.parametrize("name", READERS)
def test_a_reader_of_spoilt_files_reads_or_refuses(name):
    most = HEAVY if READERS[name].is_heavy else CHEAP

    @settings(
        max_examples=most, derandomize=True, database=None, deadline=None,
        suppress_health_check=list(HealthCheck), phases=[Phase.generate, Phase.shrink],
    )  # fmt: skip
    @given(inputs(name))
    def read(data):
        tried(name, READERS[name], data)

    read()


@pytest.mark.slow
@pytest.mark.parametrize("name", READERS)
def test_the_specimens_are_taken_so_that_spoiling_them_means_something(name):
    reader = READERS[name]
    taken = [tried(name, reader, reader.finish(each)) for each in specimens(name)]
    assert "accepted" in taken


def loudly(data):
    raise KeyError("a")


def curtly(data):
    raise Refused("no")


def slowly(data):
    ends = time.process_time() + 5
    while time.process_time() < ends:
        pass


def greedily(data):
    with contextlib.suppress(Exception):
        slowly(data)


def by_network(data):
    import socket

    with contextlib.suppress(OSError):
        socket.create_connection(("127.0.0.1", 9), timeout=0.1)


@pytest.mark.parametrize(
    "call, words",
    [
        (loudly, "KeyError"), (curtly, "without a fit sentence"), (slowly, "longer than"), (greedily, "longer than"),
        (by_network, "socket.connect"),
    ],
)  # fmt: skip
def test_the_property_notices_what_a_reader_may_not_do(call, words):
    with pytest.raises(Failed, match=words):
        tried("x", Reader(call, list, None, seconds=0.1), b"")


def test_a_reader_that_writes_a_file_is_noticed(tmp_path):
    def write(data):
        (tmp_path / "a").write_bytes(data)

    with pytest.raises(Failed, match="writes"):
        tried("x", Reader(write, list, None), b"")


def test_a_value_with_a_text_that_no_database_takes_is_noticed():
    from webapp.papers import scan

    for text in ("a\0b", "\ud800"):
        with pytest.raises(Failed, match="cannot be kept"):
            tried("x", Reader(lambda data, text=text: {"a": [text]}, list, None, travels=scan), b"")


def test_a_bundle_with_a_certificate_of_no_known_version_is_refused():
    with pytest.raises(Unreadable, match="規格に合っていません"):
        certificate.read_all(signer().p7b.replace(VERSION_3, VERSION_3[:-1] + b"\x21"))


def test_a_certificate_without_an_end_is_said_in_japan():
    never = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)  # RFC 5280 §4.1.2.5
    assert clock.day_of(never) == date(9999, 12, 31) and status_answer.moment(never).startswith("9999-12-31")
    assert clock.day_of(datetime(2026, 11, 22, 15, tzinfo=UTC)) == date(2026, 11, 23)


def test_a_name_with_control_characters_can_be_said_and_kept():
    assert str(Subject((("O", "a\nb"), ("CN", "a\0b")))) == "CN=a�b, O=a�b"


def test_the_type_of_an_attachment_holds_no_character_that_a_database_refuses():
    raw = b"From: a@b.example\r\nContent-Type: text/x\0y\r\nContent-Disposition: attachment; filename=a\r\n\r\nx"
    assert [each.type for each in received_mail.read(raw).attachments] == ["text/xy"]


LAUGHS = b'<!DOCTYPE a [<!ENTITY l "lol">' + b"".join(
    b'<!ENTITY l%d "%s">' % (at, b"&l%s;" % (str(at - 1).encode() if at > 1 else b"") * 10) for at in range(1, 10)
)
ENTITIES = {
    "a file of the server": (b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>', b"&x;"),
    "an address": (b'<!DOCTYPE a [<!ENTITY x SYSTEM "http://127.0.0.1:9/">]>', b"&x;"),
    "a billion laughs": (LAUGHS + b"]>", b"&l9;"),
    "one long entity many times": (b'<!DOCTYPE a [<!ENTITY x "' + b"x" * 50_000 + b'">]>', b"&x;" * 50_000),
}


@pytest.mark.parametrize("trick", ENTITIES)
@pytest.mark.parametrize("name", ["xlsx-issue", "xlsx-revoke", "xlsx-blank", "xlsx-filled", "xlsx-list"])
def test_entities_in_a_book_neither_fetch_nor_grow(name, trick):
    doctype, use = ENTITIES[trick]
    head = b'<?xml version="1.0"?>' + doctype
    sheet = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>'
    parts = dict(formats.members(specimens(name)[0]))
    parts["xl/worksheets/sheet1.xml"] = head + sheet + use + b"</t></is></c></row></sheetData></worksheet>"
    assert tried(name, READERS[name], formats.stored(parts.items())) == "refused"
