"""The register: what can be found, in which order, and by whom."""

import pytest
from peewee import IntegrityError

from tests.cases import again
from webapp.acts import case as case_acts
from webapp.acts import desk
from webapp.register import Application, Csr
from webapp.register.words import serials

pytestmark = pytest.mark.both_databases


def shown(page):
    return {row.number for row in Application.select() if row.number in page.text}


def test_an_application_is_found_by_number_name_person_subject_and_serial(case, browser, suzuki):
    wanted, other = case.in_use(title="気象観測ソフト"), case.draft(title="顕微鏡の制御")
    serial = wanted.certificates.get().serial
    browser.sign_in_as(suzuki)
    for words in (wanted.number, "気象", "佐藤", "Shinsei", serial, str(int(serial, 16)), "0x" + serial.upper()):
        assert wanted.number in shown(browser.see("/applications", query_string={"q": words})), words
    assert shown(browser.see("/applications", query_string={"q": "顕微鏡"})) == {other.number}
    assert shown(browser.see("/applications", query_string={"q": "ない言葉"})) == set()


def test_a_serial_is_understood_in_every_notation():
    assert "0a1b" in serials("0A:1B") and "0a1b" in serials("0xa1b") and "0a1b" in serials(" 0a 1b ")
    assert "0a1b" in serials(str(0x0A1B))
    assert serials("気象") == []


def test_the_list_is_read_page_by_page_and_never_twice(case, browser, suzuki):
    for number in range(30):
        case.opened(title=f"配布用 {number}")
    browser.sign_in_as(suzuki)
    first = browser.see("/applications")
    second = browser.see(first.links()["次のページ"])
    assert len(shown(first)) == 25 and len(shown(second)) == 5
    assert not shown(first) & shown(second)
    assert shown(browser.see(second.links()["前のページ"])) == shown(first)


def test_numbers_run_without_gaps_within_a_year(case):
    numbers = [case.opened(title=f"配布用 {n}").number for n in range(3)]
    assert [int(number[-4:]) for number in numbers] == [1, 2, 3]


def test_one_csr_at_most_is_in_force(case):
    application = case.with_csr()
    with pytest.raises(IntegrityError):
        first = Csr.in_force(application)
        Csr.create(**{**first.__data__, "id": None})


def test_a_correction_keeps_the_number_and_raises_the_version(case):
    application = case.sent()
    desk.reopen(application, case.who("鈴木"), "住所の表記が違います。")
    case_acts.submit(application, case.who("佐藤"))
    case.make(application)
    assert (again(application).version, again(application).number) == (2, application.number)
