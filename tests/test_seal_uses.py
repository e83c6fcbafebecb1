"""公印・電子署名使用簿: every use of the seal, on screen, on paper and as a file; none ever disappears."""

from importlib.util import module_from_spec, spec_from_file_location

import pytest
from peewee import IntegrityError

from tests.administering import BOTH
from tests.test_exports import as_csv, as_xlsx
from webapp import clock
from webapp.acts import examination
from webapp.register import Event, Paper, SealUse, database
from webapp.register.database import MIGRATIONS


@BOTH
def test_an_electronic_seal_is_entered_with_its_certificate_and_hash(browser, case, suzuki):
    application = case.sealed()
    paper = Paper.sealed(application)
    page = browser.sign_in_as(suzuki).see("/seal-uses")
    for said in (
        f"{application.number} 発行申請書 第1版",
        "電子署名",
        "新規発行の申請",
        paper.sha256,
        "田中",
        "tanaka@",
    ):
        assert said in page.text, said
    assert SealUse.of(paper).keeper == case("田中")


@BOTH
def test_what_was_sent_back_stays_and_says_so(browser, case, suzuki):
    application = case.sealed()
    examination.send_back(application, case.who("鈴木"), "氏名の誤り")
    page = browser.sign_in_as(suzuki).see("/seal-uses")
    assert "差し戻し" in page.text and application.number in page.text
    assert SealUse.get().sealer == case("田中")


@BOTH
def test_no_row_can_be_removed_or_rewritten(case):
    case.sealed()
    use = SealUse.get()
    with pytest.raises(IntegrityError), database.atomic():
        SealUse.delete().execute()
    with pytest.raises(IntegrityError), database.atomic():
        SealUse.update(sealer=case("佐藤")).where(SealUse.id == use.id).execute()


@BOTH
def test_the_approval_is_optional_and_may_come_later(browser, case, suzuki):
    case.sealed()
    use = SealUse.get()
    desk = browser.sign_in_as(suzuki)
    page = desk.press(f"/seal-uses/{use.id}/approval", {"approval": "総務第123号", "before": ""})
    assert page.status == 200 and "総務第123号" in page.text
    assert desk.press(f"/seal-uses/{use.id}/approval", {"approval": "別の番号", "before": ""}).status == 409
    assert Event.newest(use, "note_approval").facts == {"approval": ["", "総務第123号"]}
    long = desk.press(f"/seal-uses/{use.id}/approval", {"approval": "番" * 101, "before": "総務第123号"})
    assert long.status == 422 and "番" * 101 in long.html


def test_heads_see_their_own_and_the_office_sees_all(browser, case, request):
    application = case.sealed()
    use = SealUse.get()
    seen = {"suzuki": 200, "tanaka": 200, "ito": 200, "kobayashi": 200, "sato": 403, "takahashi": 403}
    for name, status in seen.items():
        page = browser.sign_in_as(request.getfixturevalue(name)).see("/seal-uses")
        assert (page.status, application.number in page.text) == (status, status == 200), name
        assert browser.see(f"/seal-uses/{use.id}").status == status, name
    assert (
        browser.sign_in_as(request.getfixturevalue("ito"))
        .press(f"/seal-uses/{use.id}/approval", {"approval": "1", "before": ""})
        .status
        == 403
    )


def test_the_view_is_narrowed_by_year_kind_and_person_and_garbled_words_are_left_out(
    browser, case, suzuki, tanaka, sato
):
    number = case.sealed().number
    year = clock.fiscal_year(clock.today())
    desk = browser.sign_in_as(suzuki)
    for asked, is_there in (
        (f"year={year}", True), (f"year={year - 1}", False), ("kind=sealed_pdf", True), ("kind=scan", False),
        (f"person={tanaka.id}", True), (f"person={sato.id}", False), ("year=x&kind=%00&person=9e9&after=-1", True),
    ):  # fmt: skip
        for page in ("", "/paper"):
            assert (number in desk.see(f"/seal-uses{page}?{asked}").text) is is_there, (page, asked)


def test_the_file_holds_what_is_shown_and_no_formula(browser, case, suzuki):
    case.sealed(title="=1+1")
    SealUse.update(approval="=HYPERLINK(1)").execute()
    desk = browser.sign_in_as(suzuki)
    heads, row = as_csv(desk.get("/seal-uses/export?format=csv").data)
    assert heads[-2:] == ["決裁番号", "その後"] and "'=HYPERLINK(1)" in row
    assert as_xlsx(desk.get("/seal-uses/export?format=xlsx").data)[1][8] == "=HYPERLINK(1)"
    assert Event.select().where(Event.act == "export").count() == 2


def migration(name):
    spec = spec_from_file_location("migration", MIGRATIONS / f"{name}.py")
    spec.loader.exec_module(module := module_from_spec(spec))
    return module


def a_stamped_paper(like, person):
    """A stamped paper of the application of another paper, which the database enters into the register: its use."""
    columns = {name: value for name, value in like.__data__.items() if name != "id"}
    paper = Paper.create(**columns | {"kind": "scan", "person": person})
    return SealUse.select(SealUse.id).where(SealUse.paper == paper).get()


@BOTH
def test_what_was_printed_as_the_keeper_stays_when_it_is_asked_for(browser, case, suzuki, tanaka):
    """An upgrade with a stamp and a signature in the register: nobody's name is taken away, nobody's is added."""
    before, now = migration("0026_seal_uses"), migration("0029_stamp_keeper")
    signed = Paper.sealed(case.sealed())
    database.execute_sql("ALTER TABLE seal_use DROP COLUMN stamp_keeper")
    for statement in now.GONE[now.is_postgresql(database.obj)]:
        database.execute_sql(statement)
    entered = ("seal_use_entered", "paper", "INSERT", before.ENTER, "NEW.kind IN ('sealed_pdf', 'scan')")
    for statement in before.follows(database.obj, *entered):
        database.execute_sql(statement)
    old = a_stamped_paper(signed, suzuki)
    now.up(None, database.obj)
    new = a_stamped_paper(signed, suzuki)
    desk = browser.sign_in_as(suzuki)
    kept = [(row.kind, row.keeper, row.stamp_keeper) for row in SealUse.select().order_by(SealUse.id)]
    assert kept == [("sealed_pdf", tanaka, ""), ("scan", suzuki, ""), ("scan", None, "")]
    assert "管守者鈴木 花子" in desk.see(f"/seal-uses/{old.id}").text
    assert "管守者記入なし" in desk.see(f"/seal-uses/{new.id}").text


@BOTH
def test_the_keeper_of_a_key_is_nobody_else_than_its_person(browser, case, suzuki):
    case.sealed()
    url = f"/seal-uses/{SealUse.get().id}"
    assert "公印の管守者" not in browser.sign_in_as(suzuki).see(url).text
    page = browser.press(f"{url}/keeper", {"keeper": "総務課長", "before": ""})
    assert "電子署名の鍵の管守者は、署名した本人です。" in page.text and SealUse.get().stamp_keeper == ""
    with pytest.raises(IntegrityError), database.atomic():
        SealUse.update(stamp_keeper="総務課長").execute()
