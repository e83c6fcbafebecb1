"""DN-01 … DN-07 (domain.md §4, §18)."""

import ca
import pytest
from asked import asked

from webapp import profiles
from webapp.papers.subject import Subject
from webapp.rules import ERROR, WARNING
from webapp.rules import subject as rules

UPKI = profiles.load("upki-v2.4")
REGISTERED = Subject(ca.SUBJECT)


def _with(**changes):
    """The registered subject with other values; None leaves an attribute out, an unknown one is put before CN."""
    values = dict(ca.SUBJECT) | changes
    ordered = sorted(values, key=["C", "ST", "L", "O", "OU", "DC", "1.2.3", "emailAddress", "CN"].index)
    return Subject(tuple((short, values[short]) for short in ordered if values[short] is not None))


def _found(subject, registered=REGISTERED):
    findings = asked("DN", subject=subject, registered=registered, profile=UPKI)
    return [(each.id, each.severity, each.field) for each in findings]


def test_the_registered_subject_is_without_findings():
    assert _found(REGISTERED) == []


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        (_with(C="US"), ("DN-01", ERROR, "C")),
        (_with(C="jp"), ("DN-01", ERROR, "C")),
        (_with(C=None), ("DN-01", ERROR, "C")),
        (_with(ST="tokyo"), ("DN-02", ERROR, "ST")),
        (_with(L="Bunkyo-ku"), ("DN-02", ERROR, "L")),
        (_with(O="Practice  University"), ("DN-02", ERROR, "O")),
        (_with(ST=None), ("DN-02", ERROR, "ST")),
        (_with(L=None), ("DN-02", ERROR, "L")),
        (_with(CN=None), ("DN-02", ERROR, "CN")),
        (_with(O="練習大学"), ("DN-03", ERROR, "O")),
        (_with(O="Practice & University"), ("DN-03", ERROR, "O")),
        (_with(O="P" * 65), ("DN-03", ERROR, "O")),
        (_with(O="P" * 64, L="L" * 64, ST="S" * 64, CN="C" * 64), ("DN-03", ERROR, "subject")),
        (_with(CN="Practice\nUniversity"), ("DN-03", ERROR, "CN")),
        (_with(L="Default City"), ("DN-04", ERROR, "L")),
        (_with(L="Academe2"), ("DN-04", ERROR, "L")),
        (_with(L="City"), ("DN-04", ERROR, "L")),
        (_with(OU="Computer Center"), ("DN-05", ERROR, "OU")),
        (_with(DC="practice"), ("DN-05", ERROR, "DC")),
        (_with(emailAddress="sato@practice.example"), ("DN-05", ERROR, "emailAddress")),
        (_with(**{"1.2.3": "x"}), ("DN-05", ERROR, "1.2.3")),
        (Subject((*ca.SUBJECT, ("CN", "Second"))), ("DN-05", ERROR, "CN")),
        (_with(CN="Sato Lab"), ("DN-06", WARNING, "CN")),
        (_with(CN=" - "), ("DN-07", ERROR, "CN")),
        (_with(L="."), ("DN-07", ERROR, "L")),
        (_with(O="N/A"), ("DN-07", ERROR, "O")),
    ],
)
def test_each_rule_speaks(subject, expected):
    assert expected in _found(subject)


def test_a_city_that_only_contains_the_word_is_fine():
    takamatsu = _with(L="Takamatsu City")
    assert _found(takamatsu, takamatsu) == []


def test_commas_slashes_and_equals_signs_are_ordinary_characters():
    odd = _with(O="A, B=C/D (E: F)", CN="A, B=C/D (E: F)")
    assert _found(odd, odd) == []


def test_without_a_registered_cn_the_profile_says_what_it_is():
    registered = Subject(ca.SUBJECT[:4])
    assert _found(REGISTERED, registered) == []
    assert ("DN-06", WARNING, "CN") in _found(_with(CN="Sato Lab"), registered)


def test_the_sentence_quotes_what_was_found_and_what_is_registered():
    [finding] = rules.dn_02(_with(L="chiyoda-ku"), REGISTERED, UPKI)
    assert finding.sentence == (
        "市区町村(L)が「chiyoda-ku」です。台帳の登録値は「Chiyoda-ku」です。大文字と小文字だけが違います。"
    )
    assert "CSRを作り直してください" in finding.advice


def test_a_strange_character_is_named():
    [finding] = rules.dn_03(_with(O="Practice & University"))
    assert "使えない文字「&」" in finding.sentence


def test_a_quotation_neither_runs_on_nor_breaks_the_line():
    assert rules.quoted("a\n\x00b" + "x" * 100) == "「a��b" + "x" * 76 + "…」"
