"""田中 seals several forms with one press: the page on which he chooses, the station's window that shows one after the other, and a
PIN for each at the program's own terminal. The forms are LibreOffice's."""

import os
import re
from pathlib import Path

import pytest
from test_browser_station import Watching, WindowVisitor, browser, line_after, pair, program, world  # noqa: F401

from tests.story import office, on_the_token, oracles
from tests.story.station import MODULE
from tests.story.teller import Story

pytestmark = pytest.mark.slow
TITLES = ("計測ソフト配布用", "解析プログラム署名用", "制御ソフト署名用")
SHOTS = os.environ.get("SHOTS")  # a folder for pictures of what is seen, for whoever wants to look


def shot(visitor, name):
    if SHOTS:
        for width in (1280, 390):
            visitor.page.set_viewport_size({"width": width, "height": 900})
            visitor.page.screenshot(path=Path(SHOTS) / f"{name}-{width}.png", full_page=True)
        visitor.page.set_viewport_size({"width": 1280, "height": 900})


def examined(world, folder):  # noqa: F811
    """The numbers of three applications that wait for 田中's seal."""
    numbers = []
    for at, title in enumerate(TITLES):
        told = Story(world, folder / f"desks-{at}")
        numbers.append(office.choose_new(told, title, "研究室で公開するソフトウェアへの署名"))
        on_the_token.make_key(told)
        office.agree_and_submit(told)
        office.examine(told, title)
    return numbers


def test_three_forms_are_looked_at_and_two_sealed_with_one_press(world, browser, program, tmp_path):  # noqa: F811
    numbers = examined(world, tmp_path)
    pin = (world.data / "card" / "pin").read_text()
    tanaka = Watching(browser, world.url, "田中 一郎")
    tanaka.sign_in()
    pair(tanaka, program)
    terminal = program("run", "--module", MODULE)
    window = WindowVisitor(browser, line_after(terminal, "一度だけ使えます)。\r\n"))
    tanaka.open(tanaka.url)
    shot(tanaka, "home")
    tanaka.follow("まとめて署名する")
    shot(tanaka, "choose")
    tanaka.press("まとめて署名する")
    shot(tanaka, "job")
    code = re.search(r"確認番号\s*(\d{3}) (\d{3})", tanaka.page.locator("main").inner_text())
    window.see("3件の申請書への電子署名")
    window.page.get_by_label("しるしの画面に表示された確認番号(6桁)").fill("".join(code.groups()))
    window.page.get_by_role("button", name="内容を確かめる").click()
    for place, button in enumerate(("次の書類へ", "この書類には署名しない", "署名の確認へ")):
        window.see(f"{place + 1}件目(全3件)")
        shot(window, f"reading-{place}")
        text = window.page.locator("main").inner_text()
        assert numbers[place] in text and TITLES[place] in text and "SHA-256" in text
        assert "\n申請した人\n" in text and "\n主体者DN\n" in text  # found on the form's own pages
        assert window.page.get_by_alt_text("1ページ目の画像").is_visible()
        window.page.get_by_role("button", name=button).click()
    window.see("確かめた書類")
    shot(window, "confirm")
    window.page.get_by_role("button", name="2件に署名する").click()
    for part in ("1件目(全2件)", "2件目(全2件)"):
        terminal.expect(f"{part}のPIN: ")
        terminal.type(pin)
    window.see("2件のうち2件に署名しました。")
    shot(window, "done")
    tanaka.page.get_by_text("3件のうち2件の署名を登録しました。").wait_for()  # by itself
    shot(tanaka, "result")
    rows = tanaka.page.locator("main tbody tr").all_inner_texts()
    assert ["署名済み" in row for row in rows] == [True, False, True] and "一覧から外しました" in rows[1]
    links = [each.get_attribute("href") for each in tanaka.page.locator("main tbody a").all()]
    sealed = [links[0], links[2]]
    tanaka.follow("残りに署名する")
    assert tanaka.page.locator("main").inner_text().count("CS-") == 1
    for link in sealed:
        tanaka.open(world.url + link + "/seal-report")
        paper = tanaka.page.locator("a[href*='/papers/']").first.get_attribute("href")
        found = tanaka.context.request.get(world.url + paper).body()
        assert oracles.seal(found, tmp_path) == "tanaka@shinsei.example"
    assert tanaka.faults == [] and window.faults == []
    assert {name for _, name, _ in window.fields} == {"job", "place", "answer", "code"}
    assert not [each for each in tanaka.fields if re.search("pin", f"{each[1]} {each[2]}", re.IGNORECASE)]
    assert pin.encode() not in terminal.said
