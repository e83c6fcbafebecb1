"""印影確認: the scan of a stamped paper is read and shown beside the examined version; only then is it registered."""

import io

import pytest
from peewee import IntegrityError
from PIL import Image

from tests import scans
from tests.administering import BOTH
from tests.bad import attached
from tests.cases import PIXEL, again, unguarded
from tests.scans import saved, sheets, stamped, turned, without_code
from tests.test_exports import as_csv
from webapp.acts import case as case_acts
from webapp.acts import examination, sealing
from webapp.register import Event, Intake, Paper, Scan, ScanPicture, SealUse, database

pytestmark = pytest.mark.slow

TICKED = {"attested": list(sealing.ATTESTED)}


@pytest.fixture
def printed(case, monkeypatch):
    """The prints of this test carry their code; it says how many pages they have."""

    class Print:
        pages = 1

        def __call__(self, form):
            return scans.printed_form(form, self.pages), [PIXEL] * self.pages

    monkeypatch.setattr(case, "printed", given := Print())
    with unguarded():
        yield given


@pytest.fixture
def examined(case, printed, browser, suzuki):
    application = case.examined()
    browser.sign_in_as(suzuki)
    return application


def print_of(application):
    return sheets(Paper.newest(application, "form_pdf").content.bytes())


def bring(browser, application, data, name):
    return browser.press(f"/applications/{application.id}/scans", attached(data, name))


def scan_of(browser, application, kind="PNG", spoil=lambda sheet: sheet):
    """鈴木 uploads a stamped print and is shown it: the page."""
    first, *others = print_of(application)
    pages = [spoil(each) for each in (stamped(first), *others)]
    return bring(browser, application, saved(kind, *pages), f"scan.{kind.lower()}")


def confirm(browser, application, **given):
    scan = Scan.select().order_by(-Scan.id).get()
    return browser.press(f"/applications/{application.id}/stamp", {"scan": scan.id} | TICKED | given)


def images(page):
    return [
        image.get("src") for image in page.tree.iter("img") if image.get("src").startswith(("/applications", "/papers"))
    ]


def test_the_upload_shows_the_scan_beside_the_examined_version_and_seals_nothing(browser, examined):
    page = scan_of(browser, examined)
    assert page.status == 200 and page.heading == "印影確認"
    assert "審査した第1版と同じ印刷物です。" in page.text and "情報基盤センター長 田中 一郎" in page.text
    assert [form.get("action") for form in page.tree.iter("form") if form.get("action").endswith("/stamp")]
    assert len(images(page)) == 4  # 印 twice, one page each
    for url in images(page):
        assert Image.open(io.BytesIO(browser.get(url).data)).format in ("PNG", "JPEG")
    assert again(examined).stage == "examined" and Paper.newest(examined, "scan") is None
    assert not Event.select().where(Event.act == "stamp").exists() and not SealUse.select().exists()


@BOTH
def test_the_tied_scan_is_registered_with_what_the_officer_attests(browser, examined, suzuki):
    page = scan_of(browser, examined)
    assert "見比べた内容" not in page.text
    page = confirm(browser, examined)
    assert "捺印済みの書面を、登録担当者が確認して登録しました。" in page.text
    paper, scan = Paper.sealed(examined), Scan.get()
    assert again(examined).stage == "sealed" and (paper.kind, paper.sha256) == ("scan", scan.content.sha256)
    assert paper.report[0] == ["審査した第1版と同じ印刷物です。", "適合", "1ページ目の二次元コードで確認しました。"]
    facts = Event.newest(examined, "stamp").facts
    assert facts["attested"] == sorted(sealing.ATTESTED) and facts["sha256"] == scan.intake.sha256
    assert (facts["pages"], facts["mark_on_page"], "approval" in facts) == (1, 1, False)
    assert scan.intake.state == "taken" and again(examined).attester == suzuki


def test_without_a_code_it_must_be_said_what_was_compared(browser, examined):
    page = scan_of(browser, examined, spoil=without_code)
    assert "照合用の二次元コードは読み取れませんでした。" in page.text and len(images(page)) == 2
    page = confirm(browser, examined, words="  ")
    assert page.status == 422 and "何を見比べたか" in page.text and again(examined).stage == "examined"
    ticked = [box.get("value") for box in page.tree.iter("input") if box.get("checked") is not None]
    assert ticked == list(sealing.ATTESTED)
    confirm(browser, examined, words="照合番号とDNを\n1文字ずつ見比べた")
    report, event = Paper.sealed(examined).report, Event.newest(examined, "stamp")
    assert report[0][:2] == ["照合用の二次元コードは読み取れませんでした。", "目視"]
    assert "鈴木" in report[0][2] and "「照合番号とDNを 1文字ずつ見比べた」" in report[0][2]
    assert event.facts["mark_on_page"] is None and "1文字ずつ" in event.particulars["compared"]
    told = browser.see(f"/applications/{examined.id}").text
    assert "目で見比べました。" in told and "照合番号とDNを 1文字ずつ見比べた" in told


def test_a_scan_without_a_code_is_turned_by_a_quarter_on_the_page_and_stays_so(browser, examined):
    page = scan_of(browser, examined, spoil=without_code)
    before, after = images(page)[1], []
    for turn in (90, 180, 270):
        page = browser.see(page.links()["スキャンを右に90度回転する"].partition("#")[0])
        after.append(images(page)[1])
        assert after[-1].endswith(f"?turned={turn}")
        assert Image.open(io.BytesIO(browser.get(after[-1]).data)).getexif()[0x0112] == {90: 6, 180: 3, 270: 8}[turn]
    assert page.links()["スキャンを右に90度回転する"].partition("#")[0] in before
    assert page.form("/stamp")["turned"] == "270"
    refused = confirm(browser, examined, words="", turned="270")
    assert refused.status == 422 and images(refused)[1] == after[-1]
    for wrong in ("45", "-90", "x", "９０"):
        assert images(browser.see(f"{before.partition('/pictures')[0]}?turned={wrong}"))[1] == before
    confirm(browser, examined, words="氏名を見比べた")
    assert Paper.sealed(examined).report[0][1] == "目視"


def test_a_scan_that_its_code_sets_upright_needs_no_turning(browser, examined):
    assert "回転" not in scan_of(browser, examined, spoil=turned(180)).text


def test_every_box_is_asked_for_and_what_was_typed_stays(browser, examined):
    scan_of(browser, examined, spoil=without_code)
    page = confirm(browser, examined, attested=["whole"], words="氏名を見比べた", approval="総務第9号")
    assert page.status == 422 and page.heading == "印影確認" and page.text.count("を確認してください。") >= 2
    kept = page.form("/stamp")
    assert (kept["words"].strip(), kept["approval"], kept["attested"]) == ("氏名を見比べた", "総務第9号", "whole")
    assert Intake.get().state == "received"


def test_a_print_of_another_version_or_application_is_refused(browser, examined, case):
    other = case.examined(title="別のもの")
    [sheet] = print_of(other)
    page = bring(browser, examined, saved("PNG", stamped(sheet)), "scan.png")
    assert page.status == 422 and f"別の申請({other.number})の申請書です。" in page.text
    assert page.heading == "捺印・署名" and not Scan.select().exists()
    assert Intake.get().state == "refused" and Intake.get().content.is_encrypted


def sent_back_and_examined_again(case, application):
    examination.send_back(application, case.who("鈴木"), "氏名の誤り")
    application = again(application)
    case_acts.submit(application, case.who("佐藤"))
    case.make(application)
    case.identify(application)
    examination.examine(application, case.who("鈴木"))
    return again(application)


@BOTH
def test_the_scan_of_an_older_version_cannot_be_confirmed(browser, examined, case):
    old_print = saved("PNG", stamped(*print_of(examined)))
    scan_of(browser, examined, spoil=without_code)
    scan = Scan.get()
    application = sent_back_and_examined_again(case, examined)
    page = browser.see(f"/applications/{application.id}/scans/{scan.id}")
    assert page.status == 409 and "第1版のスキャンです。審査したのは第2版です。" in page.text
    page = confirm(browser, application, words="氏名を見比べた")
    assert page.status == 409 and again(application).stage == "examined"
    page = bring(browser, application, old_print, "scan.png")
    assert page.status == 422 and "第1版です。審査したのは第2版です。" in page.text
    assert "印影確認を待っています" not in page.text


@pytest.mark.parametrize("degrees", [180, 93])
def test_a_scan_that_lies_upside_down_or_sideways_is_shown_upright(browser, examined, degrees):
    page = scan_of(browser, examined, "JPEG", turned(degrees))
    assert "審査した第1版と同じ印刷物です。" in page.text
    [shown] = Scan.get().pictures("page")
    found = scans.red_box(shown.content.bytes())
    assert found[0] > 0.6 and 0.3 < found[1] < found[3] < 0.6


def test_several_pages_stand_page_beside_page(browser, case, printed, suzuki):
    printed.pages = 2
    application = case.examined()
    page = scan_of(browser.sign_in_as(suzuki), application, "TIFF")
    captions = ["".join(each.itertext()) for each in page.tree.iter("figcaption")]
    pages = [f"{name} {number} / 2 ページ" for number in (1, 2) for name in ("審査した第1版", "スキャン")]
    assert captions == ["審査した第1版", "スキャン", *pages] and "ページ数が違います" not in page.text
    confirm(browser, application)
    assert Event.newest(application, "stamp").facts["pages"] == 2


def test_a_scan_that_lacks_a_page_is_refused_with_both_numbers(browser, case, printed, suzuki):
    printed.pages = 2
    application = case.examined()
    first, _ = print_of(application)
    page = bring(browser.sign_in_as(suzuki), application, saved("PNG", stamped(first)), "scan.png")
    assert page.status == 422 and "審査した第1版は2ページ、スキャンは1ページ" in page.text
    assert Scan.select().count() == 0 and "すべてのページを、1つのファイルに" in page.text


def test_a_tiff_with_a_cover_says_that_the_pages_differ(browser, examined):
    [sheet] = print_of(examined)
    data = saved("TIFF", Image.new("RGB", sheet.size, "white"), turned(180)(stamped(sheet)))
    page = bring(browser, examined, data, "fax.TIF")
    assert "ページ数が違います(審査した第1版は1ページ、スキャンは2ページ)。" in page.text
    assert "2ページ目の二次元コードで確認しました。" in page.text and len(images(page)) == 5


def test_the_scan_may_be_replaced_before_it_is_registered(browser, examined):
    scan_of(browser, examined, spoil=without_code)
    first = Scan.get()
    waiting = browser.see(f"/applications/{examined.id}/seal").links()["印影を確認する"]
    assert waiting.endswith(f"/scans/{first.id}")
    assert "印影を確認する" in browser.see(f"/applications/{examined.id}").links()
    assert "審査した第1版と同じ印刷物です。" in scan_of(browser, examined).text
    assert browser.see(waiting).status == 409
    assert Intake.get_by_id(first.intake_id).sentence.endswith("替えました。")
    page = browser.press(f"/applications/{examined.id}/stamp", {"scan": first.id, "words": "見た"} | TICKED)
    assert page.status == 409 and again(examined).stage == "examined"
    assert confirm(browser, examined).status == 200 and again(examined).stage == "sealed"


def test_a_file_that_cannot_be_read_leaves_the_waiting_scan(browser, examined):
    scan_of(browser, examined)
    page = bring(browser, examined, b"GIF89a", "scan.gif")
    assert page.status == 422 and "印影を確認する" in page.links()
    assert confirm(browser, examined).status == 200


def test_another_officer_may_confirm_what_a_colleague_has_read(browser, examined, yamamoto):
    scan_of(browser, examined)
    confirm(browser.sign_in_as(yamamoto), examined)
    assert again(examined).attester == yamamoto and Scan.get().intake.person.name.startswith("鈴木")


def test_it_is_the_officers_work_and_what_shows_the_password_is_theirs(browser, examined, request):
    scan_of(browser, examined)
    scan = Scan.get()
    own, shown = f"/applications/{examined.id}/scans/{scan.id}", Scan.get().pictures("page")[0]
    [sheet] = print_of(examined)
    expected = {
        "sato": (403, 200),
        "tanaka": (403, 200),
        "ito": (403, 404),
        "takahashi": (404, 404),
        "kobayashi": (404, 404),
    }
    for name, (page, picture) in expected.items():
        browser.sign_in_as(request.getfixturevalue(name))
        assert browser.get(own).status_code == page, name
        assert browser.get(f"{own}/pictures/{shown.id}").status_code == picture, name
        assert browser.get(f"{own}/file").status_code == picture, name
        assert bring(browser, examined, saved("PNG", sheet), "scan.png").status == page, name
        assert confirm(browser, examined).status == page, name
    assert again(examined).stage == "examined" and Scan.select().count() == 1


def test_an_officer_does_not_compare_the_stamp_on_what_they_applied_for(browser, case, printed, yamamoto):
    application = case.examined("山本", "鈴木")
    browser.sign_in_as(yamamoto)
    assert bring(browser, application, b"%PDF-", "scan.pdf").status == 403
    assert not Scan.select().exists() and not Intake.select().exists()


def test_everything_of_a_scan_is_encrypted_at_rest(browser, examined):
    scan_of(browser, examined)
    rows = [Scan.get(), Scan.get().intake, *ScanPicture.select()]
    assert len(rows) == 5 and all(row.content.is_encrypted for row in rows)


@BOTH
def test_what_was_read_of_a_scan_cannot_be_rewritten(browser, examined):
    scan_of(browser, examined, spoil=without_code)
    for change in (Scan.update(mark_on_page=1), Scan.update(version=2), Scan.delete()):
        with pytest.raises(IntegrityError), database.atomic():
            change.execute()


def test_an_address_of_another_case_leads_nowhere(browser, examined, case):
    scan_of(browser, examined)
    other, scan = case.examined(title="別のもの"), Scan.get()
    picture = scan.pictures("page")[0]
    for url in (f"scans/{scan.id}", f"scans/{scan.id}/file", f"scans/{scan.id}/pictures/{picture.id}", "scans/999"):
        assert browser.get(f"/applications/{other.id}/{url}").status_code == 404, url
    assert browser.get(f"/applications/{examined.id}/scans/{scan.id}/pictures/999999").status_code == 404
    assert confirm(browser, other).status == 404
    for wrong in ("", "x", "９", "9" * 30):
        page = browser.press(f"/applications/{examined.id}/stamp", {"scan": wrong} | TICKED)
        assert page.status == 422 and "スキャンがまだありません。" in page.text


def test_the_stamp_on_a_revocation_is_compared_alike(browser, case, printed, suzuki):
    application = case.revocation("examined")
    page = scan_of(browser.sign_in_as(suzuki), application)
    assert page.heading == "印影確認" and "審査した第1版と同じ印刷物です。" in page.text
    confirm(browser, application, approval="法務第7号")
    assert again(application).stage == "sealed" and SealUse.of(Paper.sealed(application)).approval == "法務第7号"


def test_the_approval_lands_in_the_register_of_uses(browser, examined):
    scan_of(browser, examined)
    page = confirm(browser, examined, approval="番" * 101)
    assert page.status == 422 and "100文字以内" in page.text and again(examined).stage == "examined"
    confirm(browser, examined, approval=" 総務第123号 ")
    assert SealUse.get().approval == Event.newest(examined, "stamp").facts["approval"] == "総務第123号"
    assert "総務第123号" in browser.see("/seal-uses").text


def test_the_approval_of_a_signed_pdf_lands_there_too(browser, examined, case):
    url, signed = f"/applications/{examined.id}/seal", case.signed(examined)
    page = browser.press(url, attached(signed, "signed.pdf") | {"approval": "長" * 101})
    assert page.status == 422 and "長" * 101 in page.html and again(examined).stage == "examined"
    page = browser.press(url, attached(signed, "signed.pdf") | {"approval": "総務第5号"})
    assert page.status == 200 and SealUse.get().approval == "総務第5号"
    assert Event.newest(examined, "seal").facts["approval"] == "総務第5号"


def keepers_shown(browser):
    """管守者 of the uses as the register of uses shows them, on screen and on paper."""
    pages = [browser.see(f"/seal-uses{where}").tree for where in ("", "/paper")]
    return [cell.text for page in pages for cell in page.iter("td") if cell.get("data-label") == "管守者"]


def test_the_keeper_of_the_stamp_is_who_the_officer_says_and_offered_the_next_time(browser, examined, case):
    page = scan_of(browser, examined)
    assert page.form("/stamp")["keeper"] == ""
    page = confirm(browser, examined, keeper="長" * 101)
    assert page.status == 422 and "公印の管守者は100文字以内で入力してください。" in page.text
    assert page.form("/stamp")["keeper"] == "長" * 101 and again(examined).stage == "examined"
    assert "公印の管守者(任意)総務課長" in confirm(browser, examined, keeper=" 総務課長 ").text
    use, event = SealUse.get(), Event.newest(examined, "stamp")
    assert (use.stamp_keeper, use.keeper) == ("総務課長", None)
    assert event.particulars["keeper"] == "総務課長" and "総務課長" not in str(event.facts)
    assert keepers_shown(browser) == ["総務課長", "総務課長"]
    assert "管守者総務課長" in browser.see(f"/seal-uses/{use.id}").text
    assert as_csv(browser.get("/seal-uses/export?format=csv").data)[1][7] == "総務課長"
    following = case.examined(title="次のもの")
    assert scan_of(browser, following).form("/stamp")["keeper"] == "総務課長"
    assert confirm(browser, following, attested=["whole"], keeper="").form("/stamp")["keeper"] == ""
    confirm(browser, following, keeper="")
    assert scan_of(browser, case.examined(title="その次")).form("/stamp")["keeper"] == "総務課長"


def test_where_no_keeper_was_entered_nobody_is_named(browser, examined):
    scan_of(browser, examined)
    assert "公印の管守者(任意)記入なし" in confirm(browser, examined).text
    use = SealUse.get()
    assert (use.stamp_keeper, use.keeper, "keeper" in Event.newest(examined, "stamp").particulars) == ("", None, False)
    assert "管守者記入なし" in browser.see(f"/seal-uses/{use.id}").text
    assert keepers_shown(browser) == ["—", "—"]
    assert as_csv(browser.get("/seal-uses/export?format=csv").data)[1][7] == ""


def test_the_keeper_of_a_stamp_may_come_later_and_what_stood_there_stays_in_the_event(browser, examined, ito):
    scan_of(browser, examined)
    confirm(browser, examined)
    use = SealUse.get()
    url = f"/seal-uses/{use.id}/keeper"
    page = browser.press(url, {"keeper": "文書管理者", "before": ""})
    assert page.status == 200 and "管守者文書管理者" in page.text
    assert browser.press(url, {"keeper": "総務課長", "before": ""}).status == 409
    long = browser.press(url, {"keeper": "長" * 101, "before": "文書管理者"})
    assert long.status == 422 and long.form("/keeper")["keeper"] == "長" * 101
    event = Event.newest(use, "note_keeper")
    assert (event.facts, event.particulars) == ({}, {"keeper": ["", "文書管理者"]})
    assert browser.sign_in_as(ito).press(url, {"keeper": "", "before": "文書管理者"}).status == 403
    assert SealUse.get().stamp_keeper == "文書管理者"


def test_a_scan_is_not_confirmed_twice(browser, examined):
    scan_of(browser, examined)
    assert confirm(browser, examined).status == 200
    assert confirm(browser, examined).status == 409
    assert SealUse.select().count() == 1 and Paper.select().where(Paper.kind == "scan").count() == 1
