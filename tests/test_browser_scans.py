"""印影確認 at a real Chromium: side by side on a desk, under each other on a phone, with scripts and without them."""

import io

import pytest

from tests import scans
from tests.browser_story import button
from tests.cases import again, unguarded
from webapp.register import Paper, SealUse

pytestmark = pytest.mark.slow
READ = "スキャンを読み取り、印影を確認する"
FIELD = "捺印済みのスキャン(PDF・TIFF・JPEG・PNG)"


@pytest.fixture
def examined(case, monkeypatch):
    def printed(form):
        pdf = scans.printed_form(form)
        return pdf, [png(sheet) for sheet in scans.sheets(pdf)]

    monkeypatch.setattr(case, "printed", printed)
    with unguarded():
        yield case.examined()


def png(sheet):
    out = io.BytesIO()
    sheet.save(out, "PNG")
    return out.getvalue()


def bring(suzuki, application, folder, spoil):
    pdf = Paper.newest(application, "form_pdf").content.bytes()
    [sheet] = scans.sheets(pdf)
    path = folder / "scan.jpg"
    path.write_bytes(scans.saved("JPEG", spoil(scans.stamped(sheet))))
    suzuki.follow("計測ソフト配布用")
    suzuki.follow("捺印・署名に進む")
    suzuki.hand_in(FIELD, path)
    suzuki.press(READ)


def places(suzuki):
    """Where the pictures lie: [(left, top), …] on the page."""
    images = suzuki.page.locator(".beside img")
    for image in images.all():
        image.scroll_into_view_if_needed()
        assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") > 100
    suzuki.page.evaluate("scrollTo(0, 0)")
    return [(box["x"], box["y"]) for box in (image.bounding_box() for image in images.all())]


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no_scripts"])
def test_a_scan_upside_down_is_compared_and_registered(visitor, examined, tmp_path, scripts, width):
    suzuki = visitor(scripts=scripts, width=width)
    bring(suzuki, examined, tmp_path, scans.turned(181))
    spot, spot_on_scan, page, page_on_scan = places(suzuki)
    for left, right in ((spot, spot_on_scan), (page, page_on_scan)):
        assert (left[0] < right[0], left[1] < right[1]) == ((True, False) if width == 1280 else (False, True))
    for box in suzuki.page.get_by_role("checkbox").all():
        box.check()
    suzuki.fill("決裁番号", "総務第1号")
    suzuki.fill("公印の管守者", "総務課長")
    suzuki.press(button("stamp"))
    assert "審査した第1版と同じ印刷物です。" in suzuki.page.locator("main").inner_text()
    assert again(examined).stage == "sealed" and suzuki.faults == []
    assert (SealUse.get().approval, SealUse.get().stamp_keeper) == ("総務第1号", "総務課長")


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no_scripts"])
def test_what_is_left_open_is_said_beside_its_field_and_the_rest_stays(visitor, examined, tmp_path, scripts):
    suzuki = visitor(scripts=scripts, width=390)
    bring(suzuki, examined, tmp_path, scans.without_code)
    suzuki.fill("見比べた内容", "照合番号と氏名を見比べました。")
    suzuki.page.get_by_role("button", name=button("stamp")).click()
    suzuki.page.get_by_text("確認していない項目があります。").wait_for()
    assert suzuki.page.get_by_label("見比べた内容").input_value().strip() == "照合番号と氏名を見比べました。"
    assert suzuki.page.get_by_role("checkbox").count() == 3 and again(examined).stage == "examined"
    assert [fault for fault in suzuki.faults if "422" not in fault] == []


def test_a_scan_without_a_code_is_turned_by_a_link(visitor, examined, tmp_path):
    suzuki = visitor(scripts=False)
    bring(suzuki, examined, tmp_path, scans.without_code)
    suzuki.follow("スキャンを右に90度回転する")
    picture = suzuki.page.locator(".beside img").last
    picture.scroll_into_view_if_needed()
    width, height = picture.evaluate("image => image.decode().then(() => [image.naturalWidth, image.naturalHeight])")
    assert width > height and suzuki.faults == []
