"""田中 at two browsers: the intranet, and the window of the signing station on the PC with the card; the real program, a real
Chromium, SoftHSM. The PIN is typed at the program's own terminal, and no page of either has a field for it."""

import re
import sys

import pytest

from tests.browser import AXE, Visitor, chromium
from tests.story import office, on_the_token, oracles
from tests.story.station import MODULE, TAKEN
from tests.story.teller import Story
from tests.story.terminal import Terminal
from tests.world import HOME, World

pytestmark = pytest.mark.slow

TITLE = "計測ソフト配布用"
FIELDS = "all => all.map(one => [one.type, one.name, [...(one.labels || [])].map(each => each.innerText).join()])"


class Watching(Visitor):
    """Notes the fields of every page: (type, name, label)."""

    def __init__(self, browser, url, name):
        self.fields = set()
        super().__init__(browser, url, name)

    def _look(self):
        super()._look()
        self.note_fields()

    def note_fields(self):
        self.fields |= {tuple(each) for each in self.page.locator("input, select, textarea").evaluate_all(FIELDS)}


class WindowVisitor(Watching):
    """At the station's window. It has no script, so while it waits the page loads itself again: that alone axe lets pass."""

    def __init__(self, browser, address):
        super().__init__(browser, address, "署名ステーション")
        self.page.goto(address, wait_until="commit")  # from there it goes on by itself

    def see(self, words):
        """Wait until the page shows these words, then look at it as at any other."""
        self.page.get_by_text(words).first.wait_for()
        found = AXE.run(self.page, options={"rules": {"meta-refresh": {"enabled": False}}}).response["violations"]
        self.faults += [f"「{words}」: {each['id']} {[node['target'] for node in each['nodes']][:3]}" for each in found]
        if self._is_wide():
            self.faults.append(f"「{words}」 scrolls sideways")
        self.note_fields()


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with World(tmp_path_factory.mktemp("browser") / "world") as world:
        yield world


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture
def program(world, tmp_path):
    """program(words…): `python -m tokens station …` at a terminal of the PC with 田中's card."""
    env = {
        name: value for name, value in world.environment().items() if not name.startswith(("XDG_", "DISPLAY", "WAYL"))
    }
    env |= {"HOME": str(tmp_path), "PYTHONPATH": str(HOME), "BROWSER": "/bin/true"}
    env |= {"SOFTHSM2_CONF": str(world.data / "card" / "softhsm2.conf")}
    open_ = []

    def start(*words):
        open_.append(Terminal([sys.executable, "-m", "tokens", "station", *words], env, tmp_path))
        return open_[-1]

    yield start
    for terminal in open_:
        terminal.close()


def line_after(terminal, words):
    terminal.expect(words)
    return terminal.expect("\r\n").strip()


def pair(tanaka, program):
    """田中 follows the pages from the list of stations, and types what the terminal shows."""
    at = program("pair", tanaka.url)
    fingerprint = line_after(at, "指紋: ")
    code, number = line_after(at, "コード    : "), line_after(at, "6桁の番号 : ")
    tanaka.open(tanaka.url + "/stations")
    tanaka.follow("端末をペアリングする")
    tanaka.fill("署名ステーションに表示されたコード", code)
    tanaka.press("次へ進む")
    assert fingerprint in tanaka.page.locator("main").inner_text()
    tanaka.fill("署名ステーションに表示されている6桁の番号", number)
    tanaka.press("ペアリングする")
    at.expect("持ち主: 田中 一郎")


def examined(world, folder):
    """An application that waits for 田中's seal."""
    told = Story(world, folder / "desks")
    number = office.choose_new(told, TITLE, "研究室で公開する計測ソフトウェアへの署名")
    on_the_token.make_key(told)
    office.agree_and_submit(told)
    office.examine(told, TITLE)
    return told, number


def test_a_form_is_sealed_through_the_window_and_no_page_asks_for_the_pin(world, browser, program, tmp_path):
    _, number = examined(world, tmp_path)
    tanaka = Watching(browser, world.url, "田中 一郎")
    tanaka.sign_in()
    pair(tanaka, program)
    terminal = program("run", "--module", MODULE)
    window = WindowVisitor(browser, line_after(terminal, "一度だけ使えます)。\r\n"))
    window.see("ペアリング先: ")
    tanaka.open(tanaka.url)
    tanaka.follow("内容を確認し、署名に進む")
    tanaka.press("署名ステーションで署名する")
    code = re.search(r"確認番号\s*(\d{3}) (\d{3})", tanaka.page.locator("main").inner_text())
    window.see("依頼した人")
    window.page.get_by_label("しるしの画面に表示された確認番号(6桁)").fill("".join(code.groups()))
    window.page.get_by_role("button", name="内容を確かめる").click()
    window.see(number)
    window.see("tanaka@shinsei.example")
    assert window.page.get_by_alt_text("1ページ目の画像").is_visible()
    window.page.get_by_role("button", name="署名する", exact=True).click()
    terminal.expect("のPIN: ")
    window.page.get_by_text("PINの入力を待っています。").wait_for()
    window.note_fields()
    terminal.type((world.data / "card" / "pin").read_text())
    window.see("申請書に署名し、しるしに送りました。")
    tanaka.page.get_by_text(TAKEN).wait_for()  # by itself
    tanaka.follow("結果を見る")
    assert "電子署名は有効です。" in tanaka.page.locator("main").inner_text()
    paper = tanaka.page.locator("a[href*='/papers/']").first.get_attribute("href")
    sealed = tanaka.context.request.get(world.url + paper).body()
    assert oracles.seal(sealed, tmp_path) == "tanaka@shinsei.example"
    assert tanaka.faults == [] and window.faults == []
    assert {(kind, name) for kind, name, _ in window.fields} == {("hidden", "job"), ("text", "code")}
    assert not [each for each in tanaka.fields if re.search("pin", f"{each[1]} {each[2]}", re.IGNORECASE)]
    assert {each[1] for each in tanaka.fields if each[0] == "password"} <= {"password"}  # of the sign-in
    assert (world.data / "card" / "pin").read_bytes() not in terminal.said
