"""The lists and homes for everybody, and what stays unseen (each page of a case: tests/test_permissions.py)."""

PAGES = (
    "", "/csr", "/description", "/consent", "/submission", "/examination", "/inquiry", "/return", "/seal",
    "/seal-report", "/dispatch", "/desk", "/call-card", "/delivery", "/certificate", "/handover", "/acceptance",
    "/withdrawal",
)  # fmt: skip
PEOPLE = ("sato", "suzuki", "tanaka", "takahashi", "ito", "kobayashi")


def test_the_lists_open_for_everybody(case, browser, request):
    case.in_use()
    case.draft(title="もう一つ")
    for name in PEOPLE:
        browser.sign_in_as(request.getfixturevalue(name))
        for path in (
            "/",
            "/applications",
            "/certificates",
            "/applications?q=計測",
            "/applications?stage=draft",
            "/help",
        ):
            assert browser.see(path).status == 200, (path, name)


def test_a_person_of_another_department_sees_nothing(case, browser, takahashi):
    application = case.in_use()
    browser.sign_in_as(takahashi)
    assert "計測ソフト" not in browser.see("/applications").text
    assert "計測ソフト" not in browser.see("/certificates").text
    assert "計測ソフト" not in browser.see("/applications?q=計測").text.replace("q=計測", "")
    for path in PAGES:
        assert browser.see(f"/applications/{application.id}{path}").status == 404, path
