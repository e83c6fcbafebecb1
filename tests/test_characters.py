"""CHR-01: what may stand in which field, and what to write instead."""

import re

import pytest

from webapp.acts import case as case_acts
from webapp.acts import entries, institution, people
from webapp.errors import Incomplete
from webapp.rules import ERROR, WARNING, characters


@pytest.mark.parametrize(
    ("field", "text", "severities", "proposed"),
    [
        ("title", "計測ソフト配布用", [], None),
        ("title", "㈱計測①Ⅲ", [WARNING], "株式会社計測1III"),
        ("title", "計測\u200bソフト", [ERROR], "計測ソフト"),
        ("purpose", "1行目\n2行目", [], None),
        ("purpose", "\u202e用途", [ERROR], "用途"),
        ("name", "佐藤 次郎", [], None),
        ("name", "髙橋 﨑子", [WARNING], None),
        ("name", "𠮷野", [WARNING], None),
        ("name", "佐藤①", [ERROR], "佐藤1"),
        ("department", "ｶﾞｸﾌﾞ情報", [WARNING], "ガクブ情報"),
        ("department", "5㎝研究室😀", [ERROR], "5cm研究室"),
        ("phone", "０３－１２３４ー５６７８", [ERROR], "03-1234-5678"),
        ("O", "Ｐｒａｃｔｉｃｅ University", [ERROR], "Practice University"),
        ("CN", " Practice", [ERROR], "Practice"),
        ("zip_password", "あいう", [ERROR], None),
        ("comment", "㈱①", [ERROR], "株式会社1"),
    ],
)
def test_what_may_stand_where_and_what_to_write_instead(field, text, severities, proposed):
    findings = characters.judge(text, field)
    assert [each.severity for each in findings] == severities
    assert characters.proposed(text, field) == proposed
    assert proposed is None or not [each for each in characters.judge(proposed, field) if each.severity == ERROR]


def test_a_secret_is_never_repeated():
    assert all("漢" not in each.sentence + each.advice for each in characters.judge("漢", "zip_password"))


def test_an_unseen_character_is_refused_with_its_name_when_it_is_saved(case):
    with pytest.raises(Incomplete) as refusal:
        case_acts.open_application(case.who("佐藤"), "計測\u202eソフト", "配布", is_another=True)
    assert "U+202E" in refusal.value.fields["title"]


def test_a_field_is_judged_at_the_keyboard(browser, sato):
    browser.sign_in_as(sato)
    said = browser.press("/characters/title", {"title": "㈱計測①"}, htmx=True)
    assert said.status == 200 and "株式会社計測1" in said.text
    assert "使えない文字はありません" in browser.press("/characters/title", {"title": "計測"}).text
    assert browser.press("/characters/zip_password", {"zip_password": "x"}).status == 404


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("/administration/people/new", ["name", "department", "post"]),
        ("/administration/institution", ["formal_name", "head_office", "officer_hours", "ST", "L", "O", "CN"]),
    ],
)
def test_what_the_form_will_print_is_judged_where_it_is_first_typed(browser, kobayashi, path, asked):
    browser.sign_in_as(kobayashi)
    shown = browser.see(path).html
    assert re.findall('hx-post="/characters/([^"]+)"', shown) == asked


def test_a_field_may_be_called_otherwise_by_its_form(browser, sato):
    browser.sign_in_as(sato)
    assert "組織" not in browser.press("/characters/O", {"organization": "Shinsei University"}).text
    assert "Shinsei" in browser.press("/characters/O", {"organization": "Ｓｈｉｎｓｅｉ"}).text


@pytest.mark.parametrize(
    ("rule", "text", "advice"),
    [
        (people._PERSON["name"], "佐藤①", "「①」→「1」"),
        (people._DEPARTMENT["department"], "㈱計測", "株式会社"),
    ],
)
def test_what_the_desk_cannot_read_is_not_registered(rule, text, advice):
    with pytest.raises(entries.Unfit, match="機種依存文字") as refusal:
        rule(text)
    assert advice in str(refusal.value)


def test_a_name_is_registered_in_its_own_letters():
    assert people._PERSON["name"]("𠮷野 﨑子") == "𠮷野 﨑子"
    assert institution._rules(["x"])["officer_hours"]("平日 9:00〜17:00") == "平日 9:00〜17:00"
