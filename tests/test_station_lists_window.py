"""A list of forms in the station's window: one document after the other, then one press for exactly what was decided."""

import pytest
from played_intranet import CODE
from stationed import card_with, reader, station
from test_station_lists import FORMS, NUMBERS, Asked, both_allow, left, offered
from test_station_window import Browser

from tokens.station.window import Window

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("own_folders")]


@pytest.fixture(scope="module")
def cards(tmp_path_factory):
    with reader(card_with(tmp_path_factory.mktemp("window"))[0]) as found:
        yield found


@pytest.fixture
def person():
    return Asked()


@pytest.fixture
def agent(intranet, cards, person):
    return station(intranet, cards, person)


@pytest.fixture
def browser(agent):
    window = Window(agent)
    window.serve(seconds=0.02)
    made = Browser(window)
    made.enter()
    yield made
    window.close()


def opened(browser, agent, intranet, **more):
    job = offered(intranet, **more)
    agent.look(agent.pairings[0])
    browser.press("claim", job=job, code=CODE)
    return job


def look(browser, job, *answers):
    for place, answer in enumerate(answers):
        browser.press("look", job=job, place=place, answer=answer)


def test_the_documents_are_seen_one_by_one_and_confirmed_at_the_end(browser, agent, intranet, person):
    job = opened(browser, agent, intranet)
    for place, number in enumerate(NUMBERS):
        page = browser.home()
        assert f"{place + 1}件目(全3件)" in page and number in page and page.count("<img") == 1
        assert "件に署名する" not in page and "書類を1件ずつ" in page
        picture = browser.ask("GET", f"{browser.window.base}/page/{job}/{place}/0")
        assert picture[0] == 200 and picture[2].startswith(b"\x89PNG")
        pdf = browser.ask("GET", f"{browser.window.base}/document/{job}/{place}")
        assert (pdf[1]["Content-Type"], pdf[2]) == ("application/pdf", FORMS[place])
        assert ("署名の確認へ" in page) is (place == 2) and ("前の書類に戻る" in page) is (place > 0)
        browser.press("look", job=job, place=place, answer="leave" if place == 1 else "sign")
    page = browser.home()
    assert "2件に署名する" in page and "PINの入力は全部で2回です" in page and "署名しない" in page
    browser.press("sign", job=f"{job}:0,2")
    assert person.asked == 0  # not what the button says
    browser.press("sign", job=f"{job}:0:2")
    assert sorted(intranet.jobs[job].parts) == [0, 2] and list(left(intranet, job)) == [1]
    assert "2件のうち2件に署名しました。" in browser.home()
    assert browser.ask("GET", f"{browser.window.base}/page/{job}/0/0")[0] == 404


def test_before_all_are_seen_no_press_signs(browser, agent, intranet, person):
    job = opened(browser, agent, intranet)
    look(browser, job, "sign", "sign")
    for said in (job, f"{job}:0:1", f"{job}:0:1:2"):
        browser.press("sign", job=said)
    assert person.asked == 0 and len(agent.ready) == 1


def test_a_press_on_a_page_that_is_no_longer_true_does_nothing(browser, agent, intranet, person):
    job = opened(browser, agent, intranet)
    look(browser, job, "sign", "sign", "sign")
    browser.press("look", job=job, place=1, answer="again")
    assert "2件目(全3件)" in browser.home()
    browser.press("look", job=job, place=1, answer="leave")
    browser.press("sign", job=f"{job}:0:1:2")  # as another tab still shows it
    assert person.asked == 0 and len(agent.ready) == 1


def test_one_pin_for_the_list_is_said_before_the_press(browser, agent, intranet, person):
    both_allow(agent)
    job = opened(browser, agent, intranet, one_pin=True)
    look(browser, job, "sign", "sign", "sign")
    assert "まとめて1回のPINで署名します" in browser.home()
    browser.press("sign", job=f"{job}:0:1:2")
    assert person.asked == 1 and len(intranet.jobs[job].parts) == 3


def test_nothing_left_to_sign_leaves_only_the_way_out(browser, agent, intranet, person):
    job = opened(browser, agent, intranet)
    look(browser, job, "leave", "leave", "leave")
    page = browser.home()
    assert "件に署名する" not in page and "やめる" in page
    browser.press("stop", job=job)
    assert intranet.result(job)[0] == "rejected" and person.asked == 0


def test_an_answer_that_is_none_changes_nothing(browser, agent, intranet):
    job = opened(browser, agent, intranet)
    for fields in (
        {"place": "0", "answer": "yes"},
        {"place": "x", "answer": "sign"},
        {"place": "99", "answer": "sign"},
    ):
        browser.press("look", job=job, **fields)
    browser.press("look", job="j-99", place=0, answer="sign")
    assert agent.ready[0].answers == (None, None, None)
    for path in (f"page/{job}/3/0", f"page/{job}/0/9", f"page/{job}/0", f"page/{job}/x/0", f"document/{job}/7"):
        assert browser.ask("GET", f"{browser.window.base}/{path}")[0] == 404, path


def test_a_page_of_another_site_answers_for_no_document(browser, agent, intranet):
    job = opened(browser, agent, intranet)
    said = {"job": job, "place": 0, "answer": "sign"}
    answer = browser.ask("POST", f"{browser.window.base}/look", said, Origin="https://evil.example")
    assert answer[0] == 403 and agent.ready[0].answers == (None, None, None)
