"""The chain of events against those who have the whole database before them, its triggers dropped.

The attacks A to E are those that pass unnoticed in a comparable open system: rows cut off the end, a column changed
that no hash covers, facts changed, facts changed and the hash made anew, rows cut off the beginning.
"""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from peewee import DatabaseError, IntegrityError, fn

from tests.cases import again
from webapp import clock
from webapp.acts import case as case_acts
from webapp.acts import examination
from webapp.register import (
    ChainBroken,
    ChainHead,
    Event,
    EventParticulars,
    Institution,
    Person,
    database,
    dialect,
    verify_chain,
)

pytestmark = [pytest.mark.slow, pytest.mark.both_databases]


@pytest.fixture
def chain(case):
    """A chain with something in it, particulars too, and nothing left that protects it."""
    application = case.submitted()
    examination.inquire(application, case.who("鈴木"), "配布先はどこですか。")
    examination.answer(application, case.who("佐藤"), "学内です。")
    case.identified(title="もう一つ")
    assert verify_chain() == ChainHead.get_by_id(1).seq >= 15
    drop_triggers()
    return application


def drop_triggers():
    if dialect.is_postgresql(database.obj):
        database.execute_sql("DROP TRIGGER event_stays ON event")
    else:
        database.execute_sql("DROP TRIGGER event_no_update")
        database.execute_sql("DROP TRIGGER event_no_delete")


def delete(condition):
    """Cut events out, with what lies beside them."""
    numbers = [event.seq for event in Event.select().where(condition)]
    EventParticulars.delete().where(EventParticulars.seq.in_(numbers)).execute()
    assert Event.delete().where(Event.seq.in_(numbers)).execute() > 0


def change(seq, **columns):
    assert Event.update(**columns).where(Event.seq == seq).execute() == 1


def rehash(since, previous=None):
    """Make every hash from `since` on anew, as somebody could who knows how; returns (seq, hash) of the last."""
    for event in Event.select().where(Event.seq >= since).order_by(Event.seq):
        event.previous_hash = event.previous_hash if previous is None else previous
        previous = event.expected_hash()
        change(event.seq, previous_hash=event.previous_hash, hash=previous)
    return event.seq, previous


def a_middle():
    return Event.select(fn.COUNT(Event.seq)).scalar() // 2


def broken(words=""):
    with pytest.raises(ChainBroken, match=words):
        verify_chain()


def test_a_rows_cut_off_the_end_are_missed(chain):
    last = ChainHead.get_by_id(1).seq
    delete(Event.seq > last - 5)
    broken(f"控え{last}番と合いません")


@pytest.mark.parametrize(
    "columns",
    [
        {"address": "198.51.100.7"},
        {"act": "examine"},
        {"object": "certificate"},
        {"object_id": 4711},
        {"person": None},
        {"at": datetime(2020, 1, 1, tzinfo=UTC)},
        {"particulars_sha256": "0" * 64},
    ],
    ids=lambda columns: next(iter(columns)),
)
def test_b_a_change_of_any_column_is_noticed(chain, columns):
    change(a_middle(), **columns)
    broken(f"記録{a_middle()}番が")


def test_b_a_changed_number_is_noticed(chain):
    EventParticulars.delete().execute()
    Event.update(seq=9999).where(Event.seq == ChainHead.get_by_id(1).seq).execute()
    broken("記録9999番が")


def test_c_changed_facts_are_noticed(chain):
    change(a_middle(), facts={"title": "別の名前"})
    broken(f"記録{a_middle()}番が")


def test_d_changed_facts_with_their_hash_made_anew_are_noticed(chain):
    middle = a_middle()
    event = Event.get_by_id(middle)
    event.facts = {"title": "別の名前"}
    change(middle, facts=event.facts, hash=event.expected_hash())
    broken(f"記録{middle + 1}番が")


def test_d_facts_changed_with_every_later_hash_made_anew_are_noticed_by_the_head(chain):
    change(a_middle(), facts={"title": "別の名前"})
    rehash(a_middle())
    broken("控え.*と合いません")


def test_e_rows_cut_off_the_beginning_are_missed(chain):
    delete(Event.seq <= 10)
    broken("記録11番が")


def test_rows_cut_off_the_beginning_with_the_rest_numbered_anew_are_missed(chain):
    delete(Event.seq <= 10)
    EventParticulars.delete().execute()
    for event in Event.select().order_by(Event.seq):
        Event.update(seq=event.seq - 10).where(Event.seq == event.seq).execute()
    broken("記録1番が")


def test_a_row_cut_out_of_the_middle_is_missed(chain):
    delete(Event.seq == 7)
    broken("記録8番が")


def test_a_chain_begun_again_with_an_empty_previous_hash_is_noticed(chain):
    middle = a_middle()
    seq, last = rehash(middle, previous="")
    ChainHead.update(seq=seq, hash=last).execute()
    broken(f"記録{middle}番が")


def test_a_branch_grown_beside_the_chain_is_noticed(chain):
    head = ChainHead.get_by_id(1)
    fork = Event.get_by_id(head.seq)
    fork.seq, fork.previous_hash = head.seq + 1, Event.get_by_id(head.seq).previous_hash
    fork.hash = fork.expected_hash()
    fork.save(force_insert=True)
    ChainHead.update(seq=fork.seq, hash=fork.hash).execute()
    broken(f"記録{fork.seq}番が")


def test_two_events_cannot_bear_one_number_or_one_hash(chain):
    twin = Event.get_by_id(3)
    with pytest.raises(IntegrityError), database.atomic():
        twin.save(force_insert=True)
    twin.seq = 9999
    with pytest.raises(IntegrityError), database.atomic():
        twin.save(force_insert=True)


def test_without_checkpoints_elsewhere_a_full_rewrite_with_the_head_goes_unnoticed(chain):
    """Said honestly: whoever may write the whole database and its head can still lie. Signed checkpoints and a head
    that leaves the house every day are what will hold against that."""
    change(a_middle(), facts={"title": "別の名前"})
    seq, last = rehash(a_middle())
    ChainHead.update(seq=seq, hash=last).execute()
    assert verify_chain() == seq


def test_without_checkpoints_elsewhere_the_end_and_the_head_cut_off_together_go_unnoticed(chain):
    last = ChainHead.get_by_id(1).seq
    delete(Event.seq > last - 5)
    ChainHead.update(seq=last - 5, hash=Event.get_by_id(last - 5).hash).execute()
    assert verify_chain() == last - 5


def test_particulars_may_be_disposed_of_and_the_chain_holds(chain):
    count = verify_chain()
    assert EventParticulars.delete().execute() > 1
    assert verify_chain() == count
    assert all(event.particulars == {} for event in Event.select())


def test_changed_particulars_are_noticed(chain):
    kept = EventParticulars.select().order_by(-EventParticulars.seq).first()
    EventParticulars.update(body='{"answer": "学外です。"}').where(EventParticulars.seq == kept.seq).execute()
    broken(f"記録{kept.seq}番に添えた")


def test_particulars_put_beside_an_event_that_had_none_are_noticed(chain):
    bare = Event.select().where(Event.particulars_sha256.is_null()).first()
    EventParticulars.create(seq=bare.seq, salt="00", body='{"reason": "後から"}')
    broken(f"記録{bare.seq}番に添えた")


def test_the_salt_keeps_short_particulars_from_being_guessed(chain):
    """Two equal words beside two events do not share a digest."""
    kept = EventParticulars.select().first()
    assert len(kept.salt) == 32
    salts = [row.salt for row in EventParticulars.select()]
    assert len(salts) == len(set(salts))


@pytest.mark.parametrize("microsecond", [0, 1, 123456, 999999])
def test_every_microsecond_comes_back_as_it_was_written(house, microsecond):
    moment = datetime(2026, 11, 22, 23, 59, 59, microsecond, tzinfo=UTC)
    clock.move(moment - datetime.now(UTC))
    event = Event.write("try", Institution.here())
    kept = Event.get_by_id(event.seq)
    assert kept.at == event.at and kept.expected_hash() == kept.hash
    change_at = moment.replace(year=2500)
    assert Event._meta.fields["at"].python_value(Event._meta.fields["at"].db_value(change_at)) == change_at
    verify_chain()


def test_facts_of_every_plain_kind_come_back_as_they_were_hashed(house):
    facts = {
        "ー": ["京都", "\u3000", "é\u0301", "\U00020bb7"],
        "n": [0, -1, 2**63, 1.5, True, None],
        "": {"b": 1, "a": {}},
    }
    event = Event.write("try", Institution.here(), facts=facts)
    assert Event.get_by_id(event.seq).facts == facts
    verify_chain()


def test_writers_at_once_make_one_chain_without_gaps(house):
    before, writers, each = ChainHead.get_by_id(1).seq, 6, 15
    failures = []

    def write():
        with database.connection_context():
            try:
                for number in range(each):
                    with database.atomic():
                        Event.write("try", Institution.here(), facts={"number": number})
            except DatabaseError as failure:
                failures.append(failure)

    threads = [threading.Thread(target=write) for _ in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert verify_chain() == before + writers * each
    assert [event.seq for event in Event.select().order_by(Event.seq)] == list(range(1, before + writers * each + 1))


def test_an_act_whose_event_cannot_be_written_does_not_happen(case):
    application = case.submitted()
    held, letters = ChainHead.get_by_id(1), application.letters.count()
    ChainHead.delete().execute()
    with pytest.raises(ChainHead.DoesNotExist):
        case_acts.withdraw(application, case.who("佐藤"), "不要になりました。")
    assert again(application).stage == "submitted" and application.letters.count() == letters
    held.save(force_insert=True)
    verify_chain()


def test_an_act_that_fails_leaves_no_event_and_no_gap(case):
    application = case.submitted()
    before = ChainHead.get_by_id(1)
    with pytest.raises(RuntimeError), database.atomic():
        case_acts.withdraw(application, case.who("佐藤"), "不要になりました。")
        raise RuntimeError
    assert (ChainHead.get_by_id(1).seq, ChainHead.get_by_id(1).hash) == (before.seq, before.hash)
    case_acts.withdraw(again(application), case.who("佐藤"), "不要になりました。")
    assert verify_chain() == before.seq + 1


def test_every_event_names_its_person_and_address(chain):
    for event in Event.about(chain):
        if event.act == "freeze":
            assert event.person is None and event.address == "worker"
        else:
            assert isinstance(event.person, Person) and event.address == "192.0.2.1"
        assert timedelta(0) <= clock.now() - event.at < timedelta(minutes=5)


def test_the_auditor_checks_the_chain_by_a_button_and_is_told_where_it_breaks(chain, browser, ito):
    browser.sign_in_as(ito)
    count = verify_chain()
    page = browser.press("/records/check")
    assert page.status == 200 and f"{count}件を確認しました" in page.text
    change(3, address="198.51.100.7")
    page = browser.press("/records/check")
    assert page.status == 200 and "記録3番が" in page.text
