"""PWD-01: the password of the ZIP (domain.md §9)."""

import pytest

from webapp.papers.password import LOOK_ALIKES, new_password
from webapp.rules import password as rules

GOOD = "Kx7#mPq9_Rt4wZs6.HbQ"


def test_every_password_made_here_is_without_findings():
    made = [new_password() for _ in range(500)]
    assert len(set(made)) == 500
    for password in made:
        assert rules.judge(password) == []
        assert len(password) == 20 and password[0].isalpha() and password[-1].isalpha()
        assert not set(password) & set(LOOK_ALIKES + "\"'`\\$!&<>| ")


@pytest.mark.parametrize(
    ("password", "word"),
    [
        ("Kx7#mPq9_Rt4wZs", "15文字"),
        ("", "0文字"),
        ("kx7#mpq9_rt4wzs6.hb", "4種類"),
        ("KX7#MPQ9_RT4WZS6.HB", "4種類"),
        ("Kxa#mPqb_RtcwZsd.Hb", "4種類"),
        ("Kx7amPq9bRt4wZs6cHb", "4種類"),
        (GOOD + "0", "見分けにくい"),
        (GOOD + "l", "見分けにくい"),
        ("=" + GOOD, "Excel"),
        ("+" + GOOD, "Excel"),
        ("-" + GOOD, "Excel"),
        ("@" + GOOD, "Excel"),
        (GOOD + " ", "空白"),
        (GOOD + "あ", "半角"),
        (GOOD + "\n", "半角"),
    ],
)
def test_a_poor_password_is_told_why_and_never_shown(password, word):
    findings = rules.judge(password)
    assert any(word in finding.sentence for finding in findings)
    assert not any(password and password in finding.sentence + finding.advice for finding in findings)


def test_a_password_of_another_application_is_refused():
    assert "ほかの申請" in rules.judge(GOOD, reused=True)[0].sentence
    assert rules.judge(GOOD) == []
