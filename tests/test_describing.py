"""What the applicant chooses for the form (seed 1-1-2)."""

import pytest

from tests.cases import again
from webapp.acts import case as acts
from webapp.errors import Incomplete


@pytest.fixture
def draft(case):
    return case.draft()


def described(application, case, **chosen):
    entries = {
        "title": "観測ソフト配布用",
        "purpose": "観測ソフトウェアの配布",
        "subscriber_id": case("佐藤").id,
        "officer_id": case("山本").id,
        "head_id": case("田中").id,
    }
    acts.describe(application, case.who("佐藤"), **entries | chosen)
    return again(application)


def test_the_choices_stand_on_the_application(draft, case):
    application = described(draft, case)
    assert (application.title, application.officer.name) == ("観測ソフト配布用", case("山本").name)


def test_the_form_may_name_no_subscriber(draft, case):
    assert described(draft, case, subscriber_id="").subscriber is None


@pytest.mark.parametrize("field", ["officer", "head"])
@pytest.mark.parametrize("choice", ["", "999", "x", None])
def test_officer_and_head_must_be_chosen_from_the_list(field, choice, draft, case):
    with pytest.raises(Incomplete) as refusal:
        described(draft, case, **{f"{field}_id": choice})
    assert field in refusal.value.fields
    assert again(draft).title == "計測ソフト配布用"


def test_a_subscriber_of_another_department_is_not_named_by_an_applicant(draft, case):
    with pytest.raises(Incomplete) as refusal:
        described(draft, case, subscriber_id=case("高橋").id)
    assert "subscriber" in refusal.value.fields


def test_an_officer_files_for_a_subscriber_of_any_department(case):
    application = case.opened("鈴木")
    acts.describe(application, case.who("鈴木"), "代行", "配布", case("高橋").id, case("鈴木").id, case("田中").id)
    assert again(application).subscriber == case("高橋")


def test_the_page_keeps_what_was_typed_when_a_field_is_wrong(draft, browser, sato):
    browser.sign_in_as(sato)
    page = browser.press(f"/applications/{draft.id}/description", {"title": "", "purpose": "残る用途", "officer": ""})
    assert page.status == 422
    assert "残る用途" in page.html and "管理名称を入力してください" in page.text
