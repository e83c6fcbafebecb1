"""A scan is tied to the version that was examined, by the code on the print; without one it is compared by eye."""

from dataclasses import dataclass

import pytest

from tests.papers_pdf import SPOT, frozen_pdf, plain_pdf
from webapp.acts import scan_ties
from webapp.errors import Refused
from webapp.papers import scan_view
from webapp.papers.page_code import coded


@dataclass
class Form:
    version: int = 2
    mark: str = "0123456789abcdef"


@dataclass
class Application:
    number: str = "CS-2026-0012"
    version: int = 2


@pytest.fixture(autouse=True)
def the_form_in_force(monkeypatch):
    monkeypatch.setattr(scan_ties.ApplicationForm, "current", lambda application: Form())


def scanned(text):
    return scan_view.look(coded(plain_pdf(), text, (0, SPOT)), frozen_pdf()).pages


def test_the_print_of_the_examined_version_is_known():
    assert scan_ties.tie(Application(), scanned("SHIRUSHI1 CS-2026-0012 2 0123456789ABCDEF")) == 1


def test_without_a_code_the_scan_is_tied_by_nobody():
    assert scan_ties.tie(Application(), scan_view.look(plain_pdf(), frozen_pdf()).pages) is None


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("SHIRUSHI1 CS-2026-0012 1 0123456789ABCDEF", "第1版です"),
        ("SHIRUSHI1 CS-2026-0013 2 0123456789ABCDEF", "別の申請"),
        ("SHIRUSHI1 CS-2026-0012 2 FEDCBA9876543210", "照合番号が審査した"),
    ],
    ids=["older", "another", "other values"],
)
def test_the_print_of_something_else_is_refused(text, sentence):
    with pytest.raises(Refused, match=sentence) as refusal:
        scan_ties.tie(Application(), scanned(text))
    assert refusal.value.advice.endswith("第2版を印刷して捺印してください。")
