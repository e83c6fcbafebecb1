"""The CA's own forms through the pages: uploaded, bound, tried in print, put into force, used for what is frozen after."""

import io

import pytest

from tests import cases as walking
from tests import form_blanks
from webapp import worker
from webapp.acts import dispatch, examination, forms, sealing
from webapp.papers import form_template
from webapp.register import ApplicationForm, Event, FormTemplate, FormTrial, Job, Paper

pytestmark = pytest.mark.slow  # many, and each walks far

KINDS = {"labels_left": "issue", "labels_above": "issue", "two_sheets": "revoke"}


@pytest.fixture
def officer(browser, suzuki):
    with walking.unguarded():
        yield browser.sign_in_as(suzuki)


def uploaded(officer, blank, content=None, **changes):
    data = {
        "kind": KINDS[blank],
        "name": f"様式 {blank}",
        "source": "https://ca.example/form",
        "handed_out_on": "2026-04-01",
    }
    content = getattr(form_blanks, blank)() if content is None else content
    file = (io.BytesIO(content), f"{blank}.xlsx")
    return officer.press("/form_templates", data | {"file": file} | changes, content_type="multipart/form-data")


def newest():
    return FormTemplate.select().order_by(-FormTemplate.id).get()


def printed(missing=(), seal=(0, 400, 300, 440, 340)):
    """The worker's part without LibreOffice."""
    trial = FormTrial.newest(newest())
    shown = {key: [0, 50, 60, 90, 70] for key in newest().places if key not in missing}
    trial.shown, trial.missing, trial.seal, trial.made_at = shown, list(missing), seal and list(seal), trial.asked_at
    trial.save()


def bound(page):
    """What the form for the places would send."""
    return {key: value for key, value in page.form("/places").items()}


def test_a_cell_is_offered_by_its_heading_and_by_its_sheet_only_where_there_are_several(officer):
    page = uploaded(officer, "labels_left")
    assert "C5 整理番号" in page.text and "の横・下" not in page.text and "発行申請書!C5 整理番号" not in page.text
    uploaded(officer, "two_sheets")
    shown = officer.see(f"/form_templates/{newest().id}").text
    place, heading = newest().reading["choices"][0]
    assert f"{place} {heading}" in shown


@pytest.mark.both_databases
@pytest.mark.parametrize("name", KINDS)
def test_an_officer_binds_a_blank_without_code(officer, name):
    page = uploaded(officer, name)
    assert page.status == 200 and "対応付けを確認してください" in page.text and newest().state == "draft"
    assert (
        "試し刷りを作成しています" in page.text and Job.newest("trial_form", FormTrial.newest(newest())).state == "due"
    )
    chosen = bound(page)
    key, cell = {"labels_left": ("address", "発行申請書!C8"), "labels_above": ("officer_mail", "様式第1号!A15")}.get(
        name, ("serial", "証明書情報!B2")
    )
    assert chosen[f"cell-{key}"] == cell
    seal = {"seal-page": "1", "seal-left": "150", "seal-top": "108", "seal-width": "25", "seal-height": "22"}
    page = officer.press(f"/form_templates/{newest().id}/places", chosen | (seal if name == "two_sheets" else {}))
    assert page.status == 200 and "対応付けを保存しました" in page.text
    assert (newest().seal is not None) == (name == "two_sheets")
    printed()
    page = officer.see(f"/form_templates/{newest().id}")
    assert "この様式の使用を始める" in page.buttons()
    page = officer.press(f"/form_templates/{newest().id}/use")
    assert page.status == 200 and "この様式を使用しています" in page.text
    assert FormTemplate.in_force(KINDS[name]) == newest()
    acts = [row.act for row in Event.select().where(Event.object == "form_template").order_by(Event.seq)]
    assert acts == ["upload_form_template", "bind_form_template", "use_form_template"]


def test_a_wrong_cell_is_told_beside_its_field_and_what_was_typed_stays(officer):
    chosen = bound(uploaded(officer, "labels_left"))
    wrong = {"other-address": "発行申請書!B8", "cell-number": "発行申請書!C30", "seal-left": "wide", "seal-page": "1"}
    page = officer.press(f"/form_templates/{newest().id}/places", chosen | wrong)
    assert page.status == 422 and "見出し「住所 (本部所在地)」" in page.text and "数式のセル" in page.text
    assert page.form("/places")["other-address"] == "発行申請書!B8"
    assert newest().places["address"]["cell"] == "C8"
    page = officer.press(f"/form_templates/{newest().id}/places", chosen | {"seal-left": "wide", "seal-page": "1"})
    assert page.status == 422 and "左から(mm)は0〜1200の数で" in page.text


def test_no_version_is_used_before_its_trial_shows_the_seal_and_the_values(officer):
    uploaded(officer, "labels_left")
    path = f"/form_templates/{newest().id}"
    assert "試し刷りができるまで" in officer.press(f"{path}/use").text
    printed(seal=None)
    assert "「印」の位置が見つかりません" in officer.see(path).text
    assert officer.press(f"{path}/use").status == 422
    printed(missing=["address"])
    page = officer.press(f"{path}/use")
    assert page.status == 422 and "確認したうえで使う場合" in page.text and newest().state == "draft"
    assert officer.press(f"{path}/use", {"accepts_missing": "yes"}).status == 200 and newest().state == "in_force"


def test_what_such_a_form_asks_for_and_nothing_is_written_for_is_named_before_the_form_is_used(officer):
    page = uploaded(officer, "labels_left")
    path = f"/form_templates/{newest().id}"
    officer.press(f"{path}/places", bound(page) | {"cell-zip_password": "", "cell-head_name": ""})
    printed()
    assert (
        "値が書き込まれない項目: 代表者または機関責任者の資格・氏名・氏名、証明書の受け取り・パスワード"
        in officer.see(path).text
    )
    page = officer.press(f"{path}/use")
    assert page.status == 422 and "値を書き込むセルがない項目があります" in page.text and newest().state == "draft"
    assert officer.press(f"{path}/use", {"accepts_unbound": "yes"}).status == 200 and newest().state == "in_force"


@pytest.mark.both_databases
def test_a_newer_version_ends_the_one_before_and_a_used_one_is_not_changed(officer):
    for _ in range(2):
        uploaded(officer, "labels_left")
        printed()
        assert officer.press(f"/form_templates/{newest().id}/use").status == 200
    first, second = FormTemplate.select().order_by(FormTemplate.id)
    assert (first.state, second.state, second.version) == ("retired", "in_force", 2)
    assert officer.press(f"/form_templates/{second.id}/places", {}).status == 409
    assert officer.press(f"/form_templates/{second.id}/retirement").status == 200
    assert FormTemplate.in_force("issue") is None


def test_a_mapping_is_carried_from_one_version_to_the_next(officer):
    chosen = bound(uploaded(officer, "labels_left"))
    path = f"/form_templates/{newest().id}"
    officer.press(f"{path}/places", chosen | {"cell-number": "", "cell-officer_hours": ""})
    file = officer.get(f"{path}/mapping.json").data
    uploaded(officer, "labels_left")
    assert "number" in newest().places
    sent = {"mapping": (io.BytesIO(file), "m.json")}
    page = officer.press(f"/form_templates/{newest().id}/mapping", sent, content_type="multipart/form-data")
    assert page.status == 200 and "number" not in newest().places and "address" in newest().places
    sent = {"mapping": (io.BytesIO(b"[" * 50_000), "m.json")}
    page = officer.press(f"/form_templates/{newest().id}/mapping", sent, content_type="multipart/form-data")
    assert page.status == 422 and "対応表ではありません" in page.text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"content": b"PK\x03\x04"}, "壊れている"),
        ({"content": b""}, "5MB以内"),
        ({"kind": "other"}, "発行申請書か失効申請書か"),
        ({"source": "javascript:1"}, "https://から始まる"),
        ({"handed_out_on": "2099-01-01"}, "今日までの日付"),
        ({"name": ""}, "様式の名前を入力"),
    ],
    ids=["broken", "empty", "kind", "address", "day", "name"],
)
def test_a_blank_that_cannot_be_taken_is_refused_with_the_typed_values_kept(officer, changes, words):
    page = uploaded(officer, "labels_left", **changes)
    assert page.status == 422 and words in page.text and FormTemplate.select().count() == 0
    if "name" not in changes:
        assert page.form("/form_templates")["name"] == "様式 labels_left"


@pytest.mark.parametrize("name", ["佐藤", "田中", "伊藤", "小林"])
def test_only_officers_come_in(browser, case, name):
    browser.sign_in_as(case(name))
    assert browser.see("/form_templates").status == 403
    assert browser.press("/form_templates", {}).status == 403


@pytest.mark.both_databases
def test_what_is_frozen_after_is_written_on_the_form_and_what_was_before_stays(officer, case, monkeypatch):
    before = case.submitted()
    uploaded(officer, "labels_left")
    printed()
    officer.press(f"/form_templates/{newest().id}/use")
    used = []

    def freeze(form, template=None, *, wants_seal=True, printed=None, work=None):
        from webapp.papers.freeze import Frozen

        used.append((template and sorted(template.mapping), printed))
        return Frozen(
            b"xlsx" + bytes(len(used)), b"%PDF-1.7 " + bytes(len(used)), [walking.PIXEL], [walking.PIXEL], "m" * 16
        )

    monkeypatch.setattr("webapp.papers.freeze.freeze", freeze)
    after = case.submitted(is_made=False)
    forms.make(ApplicationForm.current(after).id, None)
    assert used == [(["kind", "places", "seal"], None)]
    assert ApplicationForm.current(after).template == newest() and ApplicationForm.current(before).template is None
    told = Event.newest(after, "freeze").facts
    assert told["template"] == "様式 labels_left 1"


@pytest.mark.both_databases
def test_a_pdf_from_excel_is_taken_only_with_every_value_and_then_frozen_anew(officer, case, monkeypatch):
    application = case.submitted()
    row = ApplicationForm.current(application)
    answers = [["利用機関・住所(本部所在地)"], [], []]
    monkeypatch.setattr("webapp.papers.form_compared.missing", lambda *_: answers.pop(0))
    assert "Excelで保存したPDFに差し替える" in officer.see(f"/applications/{application.id}/examination").text
    path = f"/applications/{application.id}/form_pdf"
    assert officer.see(path).status == 200

    def sent():
        return officer.press(path, {"file": (io.BytesIO(b"%PDF-1.7 x"), "a.pdf")}, content_type="multipart/form-data")

    page = sent()
    assert page.status == 422 and "住所(本部所在地)" in page.text and ApplicationForm.get_by_id(row.id).made_at
    page = sent()
    assert page.status == 200 and "作り直しています" in page.text
    row = ApplicationForm.current(application)
    assert row.made_at is None and row.printed.bytes() == b"%PDF-1.7 x" and row.printed.is_encrypted
    assert sent().status == 409
    old = Paper.newest(application, "form_pdf")

    def freeze(form, template=None, *, wants_seal=True, printed=None, work=None):
        from webapp.papers.freeze import Frozen

        assert printed == b"%PDF-1.7 x"
        return Frozen(b"xlsx", printed + b" sealed", [walking.PIXEL], [walking.PIXEL], row.mark)

    monkeypatch.setattr("webapp.papers.freeze.freeze", freeze)
    forms.make(row.id, None)
    new = Paper.newest(application, "form_pdf")
    assert new.id > old.id and new.content.bytes() == b"%PDF-1.7 x sealed"
    assert [each.id > new.id for each in Paper.pictures(application, is_masked=False)] == [True]
    assert [row.act for row in Event.select().where(Event.act.in_(("replace_form_pdf", "freeze")))].count("freeze") == 2


def test_a_pdf_from_excel_that_cannot_be_frozen_leaves_the_form_as_it_was(officer, case, monkeypatch):
    from webapp.errors import Unreadable

    application = case.submitted()
    monkeypatch.setattr("webapp.papers.form_compared.missing", lambda *_: [])
    sent = {"file": (io.BytesIO(b"%PDF-1.7 x"), "a.pdf")}
    officer.press(f"/applications/{application.id}/form_pdf", sent, content_type="multipart/form-data")

    def refuse(*_, **__):
        raise Unreadable("印がありません。", "")

    monkeypatch.setattr("webapp.papers.freeze.freeze", refuse)
    row = ApplicationForm.current(application)
    forms.make(row.id, None)
    row = ApplicationForm.current(application)
    assert row.made_at is not None and row.printed is None
    assert Event.newest(application, "keep_form_pdf").facts["reason"] == "印がありません。"
    assert Paper.newest(application, "form_pdf").content.bytes().startswith(b"%PDF")


def tried(house, officer, name):
    """Uploaded, its trial printed by LibreOffice."""
    uploaded(officer, name)
    if name == "two_sheets":
        seal = {"seal-page": "1", "seal-left": "150", "seal-top": "108", "seal-width": "25", "seal-height": "22"}
        officer.press(
            f"/form_templates/{newest().id}/places", bound(officer.see(f"/form_templates/{newest().id}")) | seal
        )
    while worker.turn(house.config["SHIRUSHI"]):
        pass
    return FormTrial.newest(newest())


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
def test_a_trial_shows_every_value_at_its_numbered_place(house, browser, suzuki, name):
    trial = tried(house, browser.sign_in_as(suzuki), name)
    assert (trial.trouble, trial.missing) == ("", []) and trial.seal
    places = newest().places
    assert set(places) - set(trial.shown) == {key for key in places if "=" in key and not ticked(key)}
    labels = form_template.read(newest().content.bytes(), KINDS[name])
    assert labels.notes == newest().reading["notes"]
    page = browser.see(f"/form_templates/{newest().id}")
    assert (
        len([each for each in page.tree.iter("img") if "/form_templates/pages/" in each.get("src")])
        == trial.pages.count()
    )
    assert browser.get(f"/form_templates/{newest().id}/trial.pdf").data.startswith(b"%PDF")


def ticked(key):
    return key in ("kind_label=新規", "agreements=1", "reason=1", "is_emergency=1")


@pytest.mark.slow
def test_an_application_on_the_form_goes_all_the_way_to_the_packet(house, browser, case, suzuki):
    """Frozen by the real worker on the CA's form, examined, sealed, and checked as a packet by its mapping."""
    officer = browser.sign_in_as(suzuki)
    tried(house, officer, "labels_above")
    officer.press(f"/form_templates/{newest().id}/use")
    application = case.submitted(is_made=False)
    while worker.turn(house.config["SHIRUSHI"]):
        pass
    row = ApplicationForm.current(application)
    assert row.made_at is not None and row.template == newest()
    values = form_template.read_filled(Paper.newest(application, "form_xlsx").content.bytes(), newest().mapping)
    assert values["zip_password"] == application.password() and values["kind_label"] == "新規"
    case.identify(application)
    examination.examine(application, case.who("鈴木"))
    with walking.unguarded():
        sealing.seal(application, case.who("鈴木"), "signed.pdf", case.signed(application))
        packet, points = dispatch.packet_of(application)
    assert len(packet.files) == 3 and any("一致します" in str(point) for point in points)
