"""The daily round: who is told of what, once, in one digest a day, whatever happens to workers, clocks and mail."""

import logging
import threading
from dataclasses import replace
from datetime import date, datetime, timedelta
from email import message_from_bytes
from email.policy import default

import pytest

from tests.cases import letters_to
from webapp import clock, worker
from webapp.acts import watching
from webapp.acts.dues import Due
from webapp.mails.frame import SIGNATURE
from webapp.register import (
    Absence,
    Digest,
    Event,
    Job,
    Letter,
    PersonMail,
    PersonRole,
    Told,
    Watch,
    database,
    verify_chain,
)
from webapp.register.watching import LEASE
from webapp.settings import Settings

pytestmark = pytest.mark.both_databases

MONDAY = date(2027, 6, 7)
SATO, SUZUKI, YAMAMOTO = "sato@shinsei.example", "suzuki@shinsei.example", "yamamoto@shinsei.example"

DIGEST = """佐藤 次郎さん

2027年6月7日(月)のお知らせは、次の3件です。

■ 期限を過ぎたもの(1件)

・過ぎたこと。
  期限: 2027年6月5日(土)
  http://localhost/certificates/1

■ 今日が期限のもの(1件)

・今日のこと。
  期限: 2027年6月7日(月)
  http://localhost/certificates/1

■ これから期限が来るもの(1件)

・三日後のこと。
  期限: 2027年6月10日(木)
  http://localhost/certificates/1

添付のファイル(shirushi.ics)を開くと、これからの期限をカレンダーに登録できます。

同じお知らせは、もう一度送りません。予定の一覧:
http://localhost/calendar"""


def stand_at(day, time="08:00"):
    """Set the clock to a Japanese day and time."""
    wanted = datetime.fromisoformat(f"{day} {time}").replace(tzinfo=clock.JST)
    clock.move(wanted - datetime.now(clock.JST))


def make_round():
    watch = watching.make_round()
    assert watch is None or watch.failed == ""
    return watch


def body(letter):
    return message_from_bytes(letter.content.bytes(), policy=default).get_body(("plain",)).get_content()


@pytest.fixture
def source(monkeypatch):
    """A noun that says what the test puts into `source.due`."""

    class Source:
        __name__ = "webapp.acts.source"
        due = []

        def dues(self, today):
            return list(self.due)

    made = Source()
    monkeypatch.setattr(watching, "SOURCES", (made,))
    return made


def due(key, *people, on=MONDAY, sentence="確認してください。"):
    return Due(key, on, sentence, "/certificates/1", people)


def test_each_person_gets_one_digest_with_what_is_late_on_top(house, source, sato, suzuki):
    stand_at(MONDAY)
    source.due = [
        due("a", sato, on=MONDAY + timedelta(days=3), sentence="三日後のこと。"),
        due("b", sato, suzuki, on=MONDAY - timedelta(days=2), sentence="過ぎたこと。"),
        due("c", sato, sentence="今日のこと。"),
    ]
    make_round()
    (letter,) = letters_to(SATO)
    assert letter.subject == "[しるし] 6月7日のお知らせ 3件(期限を過ぎたもの 1件)"
    assert body(letter) == DIGEST + SIGNATURE
    assert len(letters_to(SUZUKI)) == 1 and "過ぎたこと" in body(letters_to(SUZUKI)[0])
    assert Job.select().where(Job.kind == "post").count() == 2


def test_nobody_is_told_twice_and_nobody_gets_two_digests_on_a_day(house, source, sato):
    stand_at(MONDAY)
    source.due = [due("a", sato)]
    assert make_round().letters == 1 and make_round() is None
    stand_at(MONDAY + timedelta(days=1))
    assert make_round().letters == 0
    source.due += [due("b", sato)]
    stand_at(MONDAY, "23:00")  # set back: this day had its round
    assert make_round() is None
    stand_at(MONDAY + timedelta(days=2))
    assert make_round().reminders == 1
    assert len(letters_to(SATO)) == 2 and "1件" in letters_to(SATO)[1].subject


def test_the_round_begins_at_its_hour_in_japan(house, source, sato, settings):
    source.due, early = [due("a", sato)], replace(settings, reminder_hour=7)
    stand_at(MONDAY, "06:59")
    assert worker.turn(early) is None and Watch.select().count() == 0
    stand_at(MONDAY, "07:00")
    assert worker.turn(early).kind == "post" and Watch.get().day == MONDAY


@pytest.mark.parametrize("hour", ["24", "-1", "x"])
def test_an_hour_that_is_none_is_refused_at_the_start(hour, tmp_path):
    with pytest.raises(ValueError, match="hour of the day|invalid literal"):
        Settings.from_environment({"SHIRUSHI_DATA": str(tmp_path), "SHIRUSHI_REMINDER_HOUR": hour})
    assert Settings.from_environment({"SHIRUSHI_DATA": str(tmp_path)}).reminder_hour == 7


def test_a_week_without_the_house_is_one_digest(house, source, sato):
    stand_at(MONDAY)
    make_round()
    source.due = [due("a", sato), due("b", sato)]
    stand_at(MONDAY + timedelta(days=7))
    make_round()
    assert len(letters_to(SATO)) == 1 and Digest.get().day == MONDAY + timedelta(days=7)


def test_a_round_that_was_broken_off_is_taken_up_again_when_its_lease_has_run_out(
    house, source, sato, suzuki, monkeypatch
):
    stand_at(MONDAY)
    source.due = [due("a", sato, suzuki)]
    send, sent = watching.letters.send, []

    def die_at_the_second(message):
        if sent:
            raise KeyboardInterrupt
        sent.append(send(message))
        return sent[0]

    monkeypatch.setattr(watching.letters, "send", die_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        watching.make_round()
    monkeypatch.undo()
    monkeypatch.setattr(watching, "SOURCES", (source,))
    assert len(letters_to(SATO)) == 1 and letters_to(SUZUKI) == [] and make_round() is None
    clock.move(clock._shift + LEASE + timedelta(seconds=1))
    assert make_round().letters == 2
    assert len(letters_to(SATO)) == len(letters_to(SUZUKI)) == 1 and Event.newest(Watch.get(), "remind")


def test_what_a_broken_round_left_behind_is_told_the_next_day_in_that_days_words(house, source, sato, monkeypatch):
    stand_at(MONDAY)
    source.due = [due("a", sato, sentence="あと2日。"), due("gone", sato)]
    with monkeypatch.context() as patch:
        patch.setattr(watching, "_tell", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            watching.make_round()
    source.due = [due("a", sato, sentence="あと1日。")]
    stand_at(MONDAY + timedelta(days=1))
    make_round()
    (letter,) = letters_to(SATO)
    assert "あと1日。" in body(letter) and "1件" in letter.subject


def test_a_round_that_two_workers_ended_is_noted_once(house, source, sato):
    stand_at(MONDAY)
    source.due = [due("a", sato)]
    watch = make_round()
    watching._end(watch, 5, 5, [])
    assert Event.select().where(Event.act == "remind").count() == 1 and Watch.get().reminders == 1


def test_workers_at_once_make_one_round(house, source, sato):
    stand_at(MONDAY)
    source.due, made = [due("a", sato)], []

    def alone():
        with database.connection_context():
            made.append(watching.make_round())

    threads = [threading.Thread(target=alone) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([watch for watch in made if watch]) == 1 and len(letters_to(SATO)) == 1
    verify_chain()


def test_the_stand_in_is_told_for_whom(house, source, sato, suzuki):
    stand_at(MONDAY)
    Absence.create(person=sato, stand_in=suzuki, since_on=MONDAY, until_on=MONDAY)
    source.due = [due("a", sato)]
    make_round()
    assert letters_to(SATO) == [] and "不在の佐藤 次郎さんの代理としてお知らせします。" in body(letters_to(SUZUKI)[0])
    stand_at(MONDAY + timedelta(days=1))
    make_round()
    assert letters_to(SATO) == []  # it was told to the one who stood in
    source.due += [due("b", sato)]
    stand_at(MONDAY + timedelta(days=2))
    make_round()
    assert len(letters_to(SATO)) == 1


def test_what_nobody_is_responsible_for_or_can_be_told_goes_to_the_officers(house, source, sato, suzuki):
    stand_at(MONDAY)
    source.due = [due("a", sato), due("b")]
    PersonMail.update(until_on=MONDAY - timedelta(days=1)).where(PersonMail.person == sato).execute()
    make_round()
    for officer in (SUZUKI, YAMAMOTO):
        text = body(letters_to(officer)[0])
        assert "担当の佐藤 次郎さんは、メールが届きません。登録担当者にお知らせします。" in text
        assert "担当者が登録されていません。登録担当者にお知らせします。" in text
    PersonRole.update(until_on=MONDAY).where(PersonRole.person == sato).execute()
    source.due = [due("c", sato)]
    stand_at(MONDAY + timedelta(days=1))
    make_round()
    assert "役割の登録がないか、終わっています。" in body(letters_to(SUZUKI)[1]) and letters_to(SATO) == []


def test_without_officers_the_administrators_are_told_and_without_anybody_it_waits(house, source, sato):
    stand_at(MONDAY)
    source.due = [due("a")]
    PersonMail.update(until_on=MONDAY - timedelta(days=1)).execute()
    assert make_round().untold == 1 and Told.select().count() == 0
    PersonMail.update(until_on=None).where(PersonMail.mail == "kobayashi@shinsei.example").execute()
    stand_at(MONDAY + timedelta(days=1))
    assert make_round().untold == 0 and len(letters_to("kobayashi@shinsei.example")) == 1


def test_a_digest_that_the_mail_server_refuses_is_told_to_the_officers_the_next_day(house, source, sato, settings):
    stand_at(MONDAY)
    source.due = [due("a", sato)]
    make_round()
    job = Job.claim("worker", clock.now())
    worker._settle(job, Letter.get_by_id(job.subject_id), "refused", "550 no such user")
    stand_at(MONDAY + timedelta(days=1))
    make_round()
    assert len(letters_to(SATO)) == 1
    assert "担当の佐藤 次郎さんは、メールが届きません。" in body(letters_to(SUZUKI)[0])
    assert "担当の佐藤 次郎さんは、メールが届きません。" in body(letters_to(YAMAMOTO)[0])


def test_when_every_digest_was_refused_nothing_is_lost(house, source, sato, suzuki):
    stand_at(MONDAY)
    source.due = [due("a", sato), due("b", suzuki), due("c")]
    make_round()
    for letter in Letter.select():
        watching.take_back(letter)
    PersonMail.delete().where(PersonMail.mail == "kobayashi@shinsei.example").execute()
    stand_at(MONDAY + timedelta(days=1))
    make_round()
    assert {row.key for row in Told.select().where(Told.digest.is_null(False))} == {"a", "b", "c"}


def test_one_nouns_mistake_is_logged_and_does_not_silence_the_others(house, source, sato, monkeypatch, caplog):
    class Broken:
        __name__ = "webapp.acts.broken"

        def dues(self, today):
            raise ValueError("a mistake")

    monkeypatch.setattr(watching, "SOURCES", (Broken(), source))
    source.due = [due("a", sato)]
    stand_at(MONDAY)
    with caplog.at_level(logging.ERROR):
        watch = watching.make_round()
    assert watch.failed == "broken" and len(letters_to(SATO)) == 1 and "a mistake" in caplog.text


def test_a_long_digest_is_cut_and_says_how_much_more_there_is(house, source, sato):
    stand_at(MONDAY)
    source.due = [due(f"a{n}", sato) for n in range(watching.SHOWN + 23)]
    make_round()
    text = body(letters_to(SATO)[0])
    assert "ほかに23件あります。" in text and text.count("確認してください。") == watching.SHOWN
    assert Told.select().where(Told.digest.is_null()).count() == 0


def test_the_event_of_a_round_counts_and_names_nobody(house, source, sato):
    stand_at(MONDAY)
    source.due = [due("a", sato)]
    event = Event.newest(make_round(), "remind")
    assert event.facts == {"day": "2027-06-07", "letters": 1, "reminders": 1, "untold": 0}
    assert event.particulars == {}
