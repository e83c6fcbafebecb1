"""Several forms sealed with one press at the station: what is shown, how often the PIN is asked, and what stays when something
fails in between."""

import subprocess
from dataclasses import replace
from hashlib import sha256

import pytest
from ca import Authority
from played_intranet import payload
from softhsm import PIN, logins
from stationed import MAIL, MARK, Person, card_with, done, form, reader, station, taken

from tokens.errors import named
from tokens.station import console, payloads, protocol
from tokens.station.journal import Journal
from tokens.station.refusals import Refusal

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("own_folders")]  # many, and each walks far

NUMBERS = ("CS-2026-0012", "CS-2026-0013", "CS-2026-0014")
SUBJECT = "O=Shinsei University, C=JP"


@pytest.fixture(scope="module")
def card(tmp_path_factory):
    return card_with(tmp_path_factory.mktemp("lists"), authority=Authority())[0]


@pytest.fixture(scope="module")
def cards(card):
    with reader(card) as found:
        yield found


class Asked(Person):
    """A person who keeps what was asked."""

    def pin(self, question):
        self.titles = [*getattr(self, "titles", []), question.title]
        answer = super().pin(question)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def person():
    return Asked()


@pytest.fixture
def agent(intranet, cards, person):
    return station(intranet, cards, person)


FORMS = [form().replace(b"CS-2026-0012", number.encode()) for number in NUMBERS]


def described(number, document, **changes):
    told = {"number": number, "form_name": "発行申請書", "mark": MARK, "field": "Seal", "size": len(document)}
    names = {
        "signer_mails": [MAIL],
        "name_lines": ["髙橋 﨑子"],
        "title": f"装置{number[-1]}",
        "applicant": "佐藤 太郎",
    }
    rest = {"sha256": sha256(document).hexdigest(), "subject": SUBJECT}
    return {**told, **names, **rest, **changes}


def listed(one_pin=False, documents=None, **changes):
    documents = documents or [described(*each) for each in zip(NUMBERS, FORMS, strict=True)]
    return payload("seal_list", documents=documents, one_pin=one_pin, **changes)


def offered(intranet, one_pin=False, documents=FORMS, **more):
    return intranet.offer(listed(one_pin), list(documents), **more)


def looked(agent, job, answers=(True, True, True)):
    """The list is opened, and a person has answered for each document."""
    taken(agent, job)
    for at, answer in enumerate(answers):
        agent.answer(job, at, answer)
    return agent


def left(intranet, job):
    return {each.place: each.reason for each in intranet.result(job)[1].left}


def events():
    return [entry["event"] for entry in Journal().entries()]


def reasons():
    return [entry["reason"] for entry in Journal().entries() if entry["event"] == "refused"]


# What a person sees and does


def test_each_document_is_looked_at_then_one_press_and_a_pin_for_each(agent, intranet, person, tmp_path):
    job = offered(intranet)
    taken(agent, job)
    assert agent.state.name == "reading" and agent.unread.unread == 0
    rows = [dict(part.shown.rows) for part in agent.ready[0].parts]
    assert [row["申請番号"] for row in rows] == list(NUMBERS)
    assert all(part.shown.pages[0].startswith(b"\x89PNG") for part in agent.ready[0].parts)
    for at, document in enumerate(FORMS):
        assert rows[at]["SHA-256"].replace(" ", "") == sha256(document).hexdigest()
        assert done(agent, job) is agent and person.asked == 0  # a press before all is read does nothing
        agent.answer(job, at, True)
    assert agent.state.name == "confirming"
    done(agent, job)
    assert [title.split("の")[0] for title in person.titles] == ["1件目(全3件)", "2件目(全3件)", "3件目(全3件)"]
    assert all("PIN: トークン「署名カード」" in title for title in person.titles)
    for at, document in enumerate(FORMS):
        sealed = intranet.jobs[job].parts[at].pdf
        (tmp_path / "sealed.pdf").write_bytes(sealed)
        told = subprocess.run(["pdfsig", "-nocert", tmp_path / "sealed.pdf"], capture_output=True, text=True).stdout
        assert sealed.startswith(document) and "Signature is Valid" in told and "Total document signed" in told
    assert intranet.result(job)[0] == "done" and left(intranet, job) == {} and agent.ready == []
    assert agent.told[0].good and "3件のうち3件" in agent.told[0].message


def test_what_stands_on_no_page_is_called_the_servers_word(agent, intranet):
    documents = [described(number, data) for number, data in zip(NUMBERS, FORMS, strict=True)]
    documents[0]["title"], documents[1]["applicant"] = MARK, "CS-2026-0013"
    documents[2]["subject"] = f"CN=CS-2026-0014, O={MARK}"
    job = intranet.offer(listed(documents=documents), FORMS)
    taken(agent, job)
    first, second, third = (dict(part.shown.rows) for part in agent.ready[0].parts)
    assert "しるしの説明(申請した人)" in first and first["しるしの説明(主体者DN)"] == SUBJECT
    assert second["申請した人"] == "CS-2026-0013" and "しるしの説明(管理名称)" in third
    assert third["主体者DN"] == f"CN=CS-2026-0014, O={MARK}" and first["管理名称"] == MARK


def test_a_document_may_be_left_out_and_looked_at_again(agent, intranet, person):
    job = offered(intranet)
    looked(agent, job, (True, False, True))
    agent.answer(job, 2, None)
    assert agent.unread.unread == 2
    agent.answer(job, 2, True)
    done(agent, job)
    assert sorted(intranet.jobs[job].parts) == [0, 2] and person.asked == 2
    assert list(left(intranet, job)) == [1] and "外しました" in left(intranet, job)[1]


def test_who_leaves_out_all_has_refused_the_list(agent, intranet, person):
    job = offered(intranet)
    done(looked(agent, job, (False, False, False)), job)
    assert intranet.result(job)[0] == "rejected" and person.asked == 0 and agent.ready == []


def test_the_own_record_has_a_line_for_each_signature(agent, intranet):
    job = offered(intranet)
    done(looked(agent, job), job)
    claimed, *signed = Journal().entries()
    assert claimed["numbers"] == list(NUMBERS) and [each["event"] for each in signed] == ["signed"] * 3
    assert [(each["number"], each["sha256"]) for each in signed] == [
        (number, sha256(data).hexdigest()) for number, data in zip(NUMBERS, FORMS, strict=True)
    ]
    assert Journal().broken_at() is None


# One PIN for the list


def both_allow(agent):
    agent.pairings[0] = replace(agent.pairings[0], one_pin=True)
    return agent


def test_where_the_procedure_allows_it_one_login_signs_all(intranet, card, tmp_path, person):
    log = tmp_path / "spy.log"
    with reader(card.spied(log)) as cards:
        agent = both_allow(station(intranet, cards, person))
        job = offered(intranet, one_pin=True)
        looked(agent, job)
        assert agent.ready[0].pins == 1
        done(agent, job)
    assert logins(log) == 1 and person.titles[0].startswith("全3件のPIN: ")
    assert [intranet.jobs[job].parts[at].pdf.startswith(data) for at, data in enumerate(FORMS)] == [True] * 3
    assert events() == ["claimed", "signed", "signed", "signed"] and left(intranet, job) == {}


def test_a_pin_for_each_is_three_logins(intranet, card, tmp_path, person):
    log = tmp_path / "spy.log"
    with reader(card.spied(log)) as cards:
        agent = station(intranet, cards, person)
        job = offered(intranet)
        done(looked(agent, job), job)
    assert logins(log) == 3 and person.asked == 3


def test_a_job_alone_cannot_make_one_pin_enough(agent, intranet, person):
    job = offered(intranet, one_pin=True)
    done(looked(agent, job), job)
    assert person.asked == 3 and intranet.result(job)[0] == "done"


def test_a_pairing_alone_cannot_make_one_pin_enough(agent, intranet, person):
    job = offered(intranet, one_pin=False)
    done(looked(both_allow(agent), job), job)
    assert person.asked == 3


def test_with_one_pin_the_left_out_document_is_not_signed(agent, intranet, person):
    job = offered(intranet, one_pin=True)
    done(looked(both_allow(agent), job, (False, True, True)), job)
    assert sorted(intranet.jobs[job].parts) == [1, 2] and person.asked == 1 and list(left(intranet, job)) == [0]


def test_a_wrong_pin_for_the_whole_list_is_one_login_and_may_be_tried_again_by_a_press(agent, intranet, person):
    person.pins = ["999991"]
    job = offered(intranet, one_pin=True)
    done(looked(both_allow(agent), job), job)
    assert person.asked == 1 and intranet.jobs[job].parts == {} and len(agent.ready) == 1
    done(agent, job)
    assert person.asked == 2 and len(intranet.jobs[job].parts) == 3


# Something fails in between


def test_a_wrong_pin_at_the_second_is_not_tried_again_and_the_first_stays_sealed(intranet, card, tmp_path, person):
    log, person.pins = tmp_path / "spy.log", [PIN, "999991"]
    with reader(card.spied(log)) as cards:
        agent = station(intranet, cards, person)
        job = offered(intranet)
        done(looked(agent, job), job)
    assert logins(log) == 2 and person.asked == 2 and sorted(intranet.jobs[job].parts) == [0]
    assert left(intranet, job) == {1: "PINが正しくありません。", 2: "PINが正しくありません。"} and agent.ready == []
    assert not agent.told[0].good and "3件のうち1件" in agent.told[0].message
    assert events() == ["claimed", "signed", "refused"] and reasons() == ["pin_incorrect"]


def test_a_wrong_pin_at_the_first_leaves_the_list_to_be_pressed_again(agent, intranet, person):
    person.pins = ["999991"]
    job = offered(intranet)
    done(looked(agent, job), job)
    assert intranet.result(job) is None and len(agent.ready) == 1 and person.asked == 1
    done(agent, job)
    assert sorted(intranet.jobs[job].parts) == [0, 1, 2]


def test_who_closes_the_pin_window_at_the_second_ends_the_list_there(agent, intranet, person):
    person.pins = [PIN, named("pin_not_given", "window closed")]
    job = offered(intranet)
    done(looked(agent, job), job)
    assert sorted(intranet.jobs[job].parts) == [0] and list(left(intranet, job)) == [1, 2] and person.asked == 2


def test_what_the_card_signed_before_it_failed_is_sent(agent, intranet, monkeypatch):
    real = agent._asked

    def fails(ready, part, op, **arguments):
        answer = real(ready, part, op, **arguments)
        return answer | {
            "signatures": answer["signatures"][:2],
            "failed": {"code": "token_removed", "detail": "CKR_DEVICE_REMOVED"},
        }

    monkeypatch.setattr(agent, "_asked", fails)
    job = offered(intranet, one_pin=True)
    done(looked(both_allow(agent), job), job)
    assert sorted(intranet.jobs[job].parts) == [0, 1] and list(left(intranet, job)) == [2]
    assert reasons() == ["token_removed"] and events().count("signed") == 2


def test_one_that_the_server_does_not_take_does_not_spoil_the_others(agent, intranet, person):
    job = offered(intranet, refuses=(1,))
    done(looked(agent, job), job)
    assert [bool(intranet.jobs[job].parts[at]) for at in range(3)] == [True, False, True] and person.asked == 3
    assert intranet.result(job)[0] == "done"


def test_a_result_whose_answer_was_lost_is_sent_again_and_not_taken_twice(intranet, cards, person):
    agent = station(intranet, cards, person, sleep=lambda seconds: None)
    intranet.lose_results, intranet.lose_answers = 1, 1
    job = offered(intranet)
    done(looked(agent, job), job)
    assert sorted(intranet.jobs[job].parts) == [0, 1, 2] and person.asked == 3
    sent = [path for method, path, _, _ in intranet.asked if path.endswith("documents/0/result")]
    assert len(sent) == 3 and intranet.result(job)[0] == "done"


def test_near_its_end_a_list_is_not_begun(intranet, cards, person):
    import time

    now = [time.time()]
    agent = station(intranet, cards, person, clock=lambda: now[0])
    job = offered(intranet)
    looked(agent, job)
    now[0] += 590
    done(agent, job)
    assert person.asked == 0 and reasons() == ["expired"] and agent.ready == []


# What somebody might try


@pytest.mark.parametrize("place", range(3))
def test_a_list_with_one_changed_document_is_refused_whole_before_any_pin(agent, intranet, person, place):
    documents = list(FORMS)
    documents[place] = documents[place].replace(b"595", b"594")
    job = offered(intranet, documents=documents)
    done(looked(agent, job), job)
    assert agent.ready == [] and person.asked == 0 and reasons() == ["changed"]
    assert intranet.result(job)[0] == "failed" and intranet.jobs[job].parts == {}


def test_two_documents_of_a_list_that_changed_places_are_refused(agent, intranet, person):
    job = offered(intranet, documents=[FORMS[1], FORMS[0], FORMS[2]])
    done(looked(agent, job), job)
    assert agent.ready == [] and person.asked == 0 and reasons() == ["changed"]


def test_a_list_for_another_station_is_refused(agent, intranet, person):
    job = offered(intranet, changes={"station": "st-8"})
    done(looked(agent, job), job)
    assert agent.ready == [] and person.asked == 0 and reasons() == ["other_station"]


def test_a_list_that_was_taken_once_is_not_taken_again(agent, intranet, cards):
    job = offered(intranet)
    intranet.jobs[job].raw = protocol.signed(intranet.envelope(intranet.jobs[job]), intranet.job_key)
    taken(agent, job)
    intranet.jobs[job].state = "offered"
    again = taken(station(intranet, cards), job)
    assert again.ready == [] and reasons() == ["replayed"]


def test_documents_for_two_heads_are_no_list(agent, intranet, person):
    documents = [described(number, data) for number, data in zip(NUMBERS, FORMS, strict=True)]
    documents[2]["signer_mails"] = ["other@shinsei.example"]
    job = intranet.offer(listed(documents=documents), FORMS)
    taken(agent, job)
    assert agent.ready == [] and person.asked == 0 and reasons() == ["several_heads"]


@pytest.mark.parametrize("numbers", [(), (0,), (0, 0), (*range(3),) * 7], ids=["none", "one", "twice", "21"])
def test_what_is_no_list_is_not_read(numbers):
    documents = [described(NUMBERS[at], FORMS[at]) for at in numbers]
    with pytest.raises(Refusal) as caught:
        payload("seal_list", documents=documents, one_pin=False)
    assert caught.value.code == "malformed"


@pytest.mark.parametrize("value", ["true", 1, None])
def test_one_pin_is_true_or_false_and_nothing_else(value):
    values = payloads.written(listed())
    with pytest.raises(Refusal):
        payloads.read(payloads.SealList, values | {"one_pin": value})


# The terminal


def test_at_the_terminal_each_document_is_asked_for_and_then_the_list(agent, intranet, person):
    job, said = offered(intranet), []
    agent.look(agent.pairings[0])
    answers = iter(["042317", "はい", "いいえ", "はい", "はい"])
    console.turn(agent, None, said.append, lambda question: next(answers))
    assert sorted(intranet.jobs[job].parts) == [0, 2] and list(left(intranet, job)) == [1]
    spoken = "\n".join(said)
    assert "2件目(全3件)" in spoken and "2. CS-2026-0013 装置3(佐藤 太郎): 署名しない" in spoken
    assert "PINの入力は全部で2回" in spoken and next(answers, None) is None


def test_at_the_terminal_another_word_stops_the_whole_list(agent, intranet, person):
    job = offered(intranet)
    agent.look(agent.pairings[0])
    answers = iter(["042317", "はい", "q"])
    console.turn(agent, None, lambda sentence: None, lambda question: next(answers))
    assert intranet.result(job)[0] == "rejected" and person.asked == 0
