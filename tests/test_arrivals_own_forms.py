"""届いた申請 on the institution's own forms: each of three blanks, bound without code, filled and sent by mail."""

import subprocess

import pytest

from tests import form_blanks
from tests.arriving import PASSWORD, drop, encoded, form, mail, request, values
from tests.cases import unguarded
from webapp import clock
from webapp.acts import case as case_acts
from webapp.acts.form_values import of
from webapp.papers import form_filling, form_template
from webapp.register import Arrival, Certificate, Content, FormTemplate, Paper, Revocation

SEAL = {"page": 1, "left": 150, "top": 108, "width": 25, "height": 22}


@pytest.fixture(autouse=True)
def at_once():
    with unguarded():
        yield


@pytest.fixture
def put_into_force(suzuki):
    """put_into_force(name, kind): the row of a blank of tests/form_blanks.py, bound as it is proposed; what was in force ends."""

    def put(name, kind, state="in_force"):
        blank, now = getattr(form_blanks, name)(), clock.now()
        typed = {key: each.place for key, each in form_template.read(blank, kind).proposals.items()}
        before = FormTemplate.in_force(kind)
        if before:
            before.state, before.retired_at = "retired", now
            before.save()
        return FormTemplate.create(
            kind=kind,
            version=before.version + 1 if before else 1,
            name=f"様式 {name}",
            source="",
            content=Content.keep(blank),
            size=len(blank),
            file_name=f"{name}.xlsx",
            reading={},
            places=form_template.bind(blank, kind, typed),
            seal=SEAL if name == "two_sheets" else None,
            state=state,
            added_by=suzuki,
            added_at=now,
            changed_at=now,
            in_force_by=suzuki,
            in_force_at=now,
        )

    return put


def filled(row, form):
    return form_filling.fill(row.content.bytes(), row.mapping, form)


def registered(browser, page, **typed):
    done = browser.press(f"/arrivals/{Arrival.get().id}/application", page.form("/application") | typed)
    assert done.status == 200, done.text
    return Arrival.get().application


@pytest.mark.parametrize("name", ["labels_left", "labels_above"])
def test_a_filled_copy_of_a_bound_blank_becomes_an_application(browser, case, suzuki, sato, put_into_force, name):
    xlsx = filled(put_into_force(name, "issue"), values(case))
    browser.sign_in_as(suzuki)
    page = drop(browser, ("a.eml", mail(("申込書.xlsx", xlsx), ("a.csr", encoded(request())))))
    assert page.status == 200 and "この内容で申請を作る" in page.buttons() and PASSWORD not in page.html
    assert "違い" not in page.text and "記入なし" not in page.text
    made = registered(browser, page, title="独自の様式から", agreed="yes")
    assert (made.stage, made.applicant, made.occasion, made.password()) == ("submitted", sato, "first", PASSWORD)
    assert Paper.newest(made, "received_form").content.bytes() == xlsx


def test_where_a_form_lists_no_documents_the_officer_says_that_they_are_agreed_to(
    browser, case, suzuki, put_into_force
):
    xlsx = filled(put_into_force("labels_above", "issue"), values(case))
    browser.sign_in_as(suzuki)
    page = drop(browser, ("申込書.xlsx", xlsx), ("a.csr", encoded(request())))
    sent = {key: value for key, value in page.form("/application").items() if key != "agreed"}
    refused = browser.press(f"/arrivals/{Arrival.get().id}/application", sent | {"title": "消えない名前"})
    assert refused.status == 422 and "3つの文書を承認していることを" in refused.text
    assert refused.form("/application")["title"] == "消えない名前" and Arrival.get().state == "read"


def test_a_filled_copy_of_a_bound_blank_revokes_a_certificate(browser, case, suzuki, sato, put_into_force):
    row, draft = put_into_force("two_sheets", "revoke"), case.to_revoke()
    xlsx = filled(row, of(draft, 1))
    case_acts.withdraw(draft, case.who("佐藤"), "様式を作るため")
    browser.sign_in_as(suzuki)
    page = drop(browser, ("失効.eml", mail(("失効申請書.xlsx", xlsx))))
    assert "違い" not in page.text and "利用管理者の電話番号" not in page.text  # this sheet has no place for it
    made = registered(browser, page)
    assert (made.kind, made.stage, made.applicant) == ("revoke", "submitted", sato)
    assert made.target == Certificate.get() and Revocation.of(made).reason == 5


def saved_anew(xlsx, folder):
    """The workbook as LibreOffice saves it."""
    (folder / "form.xlsx").write_bytes(xlsx)
    words = ["soffice", "--headless", f"-env:UserInstallation=file://{folder}/profile", "--convert-to"]
    words += ["xlsx:Calc MS Excel 2007 XML", "--outdir", folder / "saved", folder / "form.xlsx"]
    subprocess.run(words, check=True, capture_output=True, timeout=120)
    return (folder / "saved" / "form.xlsx").read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["specimen", "labels_left", "labels_above"])
def test_a_form_that_another_program_has_saved_is_read_alike(browser, case, suzuki, put_into_force, tmp_path, name):
    xlsx = form(case) if name == "specimen" else filled(put_into_force(name, "issue"), values(case))
    browser.sign_in_as(suzuki)
    page = drop(browser, ("申請書.xlsx", saved_anew(xlsx, tmp_path)), ("a.csr", encoded(request())))
    assert "申請書の値は、台帳と一致しています" in page.text
    assert registered(browser, page, agreed="yes").password() == PASSWORD


def test_a_form_of_an_older_version_is_read_and_named_so(browser, case, suzuki, put_into_force):
    old = put_into_force("labels_left", "issue")
    xlsx = filled(old, values(case))
    put_into_force("labels_above", "issue")
    browser.sign_in_as(suzuki)
    page = drop(browser, ("a.eml", mail(("申請書.xlsx", xlsx), ("a.csr", encoded(request())))))
    assert "使用を終えた様式「様式 labels_left」(第1版)" in page.text
    assert registered(browser, page).stage == "submitted"


def test_a_form_that_is_not_yet_in_force_is_not_read(browser, case, suzuki, put_into_force):
    xlsx = filled(put_into_force("labels_left", "issue", state="draft"), values(case))
    browser.sign_in_as(suzuki)
    page = drop(browser, ("申請書.xlsx", xlsx), ("a.csr", encoded(request())))
    assert "申請書の様式と一致しません" in page.text and "この内容で申請を作る" not in page.buttons()
