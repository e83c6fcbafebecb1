"""The .ics, read by another hand: the icalendar package, and RFC 5545 by the letter where that forgives too much."""

from datetime import UTC, date, datetime, timedelta

import icalendar
import pytest

from webapp.papers import calendar
from webapp.papers.calendar import Entry

NOW = datetime(2027, 6, 7, 8, 30, 1, tzinfo=UTC)
URL = "https://shirushi.example/certificates/12"
HARD = "証明書「計測, 配布; 用\\試験」の有効期限\n二行目 " + "長い文です。" * 30 + "\U0001f4dc" * 40


def written(*entries):
    return calendar.write(entries, NOW, "しるし 佐藤; 次郎")


def events(data):
    return icalendar.Calendar.from_ical(data).walk("VEVENT")


def test_another_reader_finds_what_was_written():
    data = written(Entry(date(2028, 2, 29), HARD, HARD, URL), Entry(date(2027, 12, 31), "年末", "年末です。", URL))
    read = icalendar.Calendar.from_ical(data)
    assert (read["VERSION"], read["METHOD"]) == ("2.0", "PUBLISH")
    # Younger names than that reader knows: it leaves them as they stand.
    assert read["NAME"] == read["X-WR-CALNAME"] == "しるし 佐藤\\; 次郎"
    first, second = events(data)
    assert first["SUMMARY"] == HARD and first["DESCRIPTION"] == f"{HARD}\n{URL}" and first["URL"] == URL
    assert (first["DTSTART"].dt, first["DTEND"].dt) == (date(2028, 2, 29), date(2028, 3, 1))
    assert (second["DTSTART"].dt, second["DTEND"].dt) == (date(2027, 12, 31), date(2028, 1, 1))
    assert first["DTSTAMP"].dt == NOW and type(first["DTSTART"].dt) is date
    (alarm,) = first.walk("VALARM")
    assert alarm["ACTION"] == "DISPLAY" and alarm["TRIGGER"].dt == timedelta(hours=-15) and alarm["DESCRIPTION"] == HARD


def test_lines_end_with_crlf_and_hold_75_octets_and_no_half_letter():
    data = written(Entry(date(2027, 6, 8), HARD, HARD, URL + "/" + "a" * 200))
    assert (
        data.endswith(b"END:VCALENDAR\r\n")
        and b"\n" not in data.replace(b"\r\n", b"")
        and b"\r" not in data.replace(b"\r\n", b"")
    )
    lines = data.split(b"\r\n")
    assert max(map(len, lines)) <= 75
    assert [line.decode("utf-8") for line in lines]  # every piece is whole letters
    unfolded = data.replace(b"\r\n ", b"").decode()
    assert HARD.replace("\\", "\\\\").replace(",", "\\,").replace(";", "\\;").replace("\n", "\\n") in unfolded


@pytest.mark.parametrize("length", range(60, 90))
def test_a_line_of_any_length_is_folded_and_unfolded(length):
    (event,) = events(written(Entry(date(2027, 6, 8), "あ" + "b" * length, "c", URL)))
    assert event["SUMMARY"] == "あ" + "b" * length


def test_the_same_day_keeps_its_uid_and_another_has_another():
    def uid(*entry):
        return events(calendar.write([Entry(*entry)], NOW))[0]["UID"]

    same = uid(date(2027, 6, 8), "あと30日", "x", URL)
    assert same == uid(date(2027, 6, 8), "あと7日", "y", URL)
    assert len({same, uid(date(2027, 6, 9), "", "", URL), uid(date(2027, 6, 8), "", "", URL + "3")}) == 3


def test_what_is_said_twice_about_a_day_is_one_event():
    (event,) = events(written(Entry(date(2027, 6, 8), "a", "A.", URL), Entry(date(2027, 6, 8), "b", "A.", URL)))
    assert event["SUMMARY"] == "a / b" and event["DESCRIPTION"] == f"A.\n{URL}"


def test_a_line_end_or_a_control_character_cannot_break_out_of_its_line():
    evil = "x\r\nEND:VEVENT\r\nBEGIN:VEVENT\rATTACH:file\x00\x07"
    (event,) = events(written(Entry(date(2027, 6, 8), evil, evil, URL)))
    assert "ATTACH" not in event and event["SUMMARY"] == "x\nEND:VEVENT\nBEGIN:VEVENT\nATTACH:file"


def test_an_empty_calendar_is_a_calendar():
    assert events(written()) == []
