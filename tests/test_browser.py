"""新規発行 from nothing to 利用中 in a real Chromium, over real HTTP, SMTP, LibreOffice and SoftHSM: with scripts,
without them, and the applicant's part on a phone. Prints how much each role had to do."""

import re
import time

import pytest

from tests import softhsm
from tests.browser import Visitor, chromium
from tests.softhsm import TestToken
from tests.world import World
from webapp import demo
from webapp.procedure import ROLE_LABELS, Kind, find_act

pytestmark = pytest.mark.slow

FIRST_VISIT_BYTES = 150_000


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with World(tmp_path_factory.mktemp("browser") / "world", automatic=False) as world:
        yield world


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture
def story(world, browser, tmp_path, request, capsys):
    story = Story(world, browser, tmp_path, **getattr(request, "param", {}))
    story.aloud = capsys.disabled
    return story


class Story:
    """The people of one story at their browsers, and the practice desk at its own."""

    def __init__(self, world, browser, folder, scripts=True, width=1280):
        self.world, self.folder = world, folder

        def visitor(url, name):
            return Visitor(browser, url, name, scripts, width)

        self.sato, self.suzuki, self.tanaka = (
            visitor(world.url, world.people[key].name) for key in ("sato", "suzuki", "tanaka")
        )
        self.desk = visitor(world.practice_url, "練習用の窓口")
        card = world.data / "card"
        env = {"SOFTHSM2_CONF": str(card / "softhsm2.conf")}
        self.card = TestToken(card, demo.CARD_LABEL, (card / "pin").read_text(), env=env)

    @property
    def everybody(self):
        return [self.sato, self.suzuki, self.tanaka, self.desk]

    def end(self, began):
        """Print how much each role had to do, and demand that no page did what it should not."""
        with self.aloud():
            self._tell_tally(began)
        assert [fault for visitor in self.everybody for fault in visitor.faults] == []

    def _tell_tally(self, began):
        roles = {person.name: ROLE_LABELS[person.role] for person in self.world.people.values()}
        for visitor in self.everybody:
            did = visitor.tally
            print(
                f"\n{roles.get(visitor.name, '')} {visitor.name}: 入力{did.fields}、選択{did.choices}、"
                f"ボタン{did.buttons}、リンク{did.links}、PIN{did.pins}",
                end="",
            )
        print(f"\n{sum(len(visitor.headings) for visitor in self.everybody)}ページ、{time.monotonic() - began:.0f}秒")


def button(verb):
    """The words on the button of an act."""
    return find_act(Kind.ISSUE, verb).label


def apply(story, title):
    """佐藤 is led to 新規発行, makes a key on the token, agrees and submits."""
    sato = story.sato
    sato.sign_in()
    sato.follow("新しい申請を始める")
    sato.tick("新しくコード署名用証明書が必要になった")
    sato.press("この手続きへ進む")
    sato.fill("管理名称", title)
    sato.fill("用途", "研究室で公開する計測ソフトウェアの配布")
    sato.press("下書きを作る")
    sato.press(button("make_key"))
    sato.follow("文書を確認する")
    for box in sato.page.get_by_role("checkbox").all():
        box.check()
        sato.tally.choices += 1
    sato.press(button("consent"))
    sato.follow("内容を確認して提出する")
    sato.press(button("submit"))
    sato.wait_while_working()
    assert "登録担当者が審査しています。" in text(sato)


def examine(story, title):
    suzuki = story.suzuki
    suzuki.sign_in()
    suzuki.follow(title)
    suzuki.follow("審査する")
    for aspect in ("本人性", "実在性"):
        suzuki.tick("確認できた", aspect)
        suzuki.press(f"{aspect}の確認結果を記録する")
    suzuki.press(button("examine"))


def seal(story):
    """田中 reads the form, signs it with the card at a terminal and brings it back."""
    tanaka = story.tanaka
    tanaka.sign_in()
    tanaka.follow("内容を確認し、署名に進む")
    form = tanaka.save("保存", story.folder)
    done = softhsm.run(
        "seal", form, "-o", story.folder / "signed.pdf", "--certificate", story.card.directory / "certificate.cer",
        "--name", "情報基盤センター長 田中 一郎", token=story.card, pin=story.card.pin,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    tanaka.tally.pins += 1
    tanaka.hand_in("署名済みPDF", story.folder / "signed.pdf")
    tanaka.press(button("seal"))
    assert "電子署名は有効です。" in text(tanaka)


def dispatch(story, title):
    suzuki = story.suzuki
    suzuki.open(story.world.url)
    suzuki.follow(title)
    suzuki.follow("送付物を確認する")
    suzuki.page.get_by_role("checkbox").check()
    suzuki.tally.choices += 1
    suzuki.press(button("dispatch"))
    suzuki.wait_while_working()
    assert "認証局で審査しています。" in text(suzuki)


def issue(story):
    """The practice desk examines, calls and issues; the ZIP lies in the officer's mailbox. Returns its path."""
    desk, suzuki = story.desk, story.suzuki
    desk.open(story.world.practice_url)
    desk.follow("案件を開く")
    for label in ("検査する", "電話をかけた", "発行して送付"):
        desk.press(label)
    suzuki.follow("届いた証明書を受け取る")
    page = suzuki.page.url
    suzuki.follow("練習用の窓口のメール")
    suzuki.follow(newest(suzuki, "コード署名用証明書の送付"))
    parcel = suzuki.save(newest(suzuki, ".zip"), story.folder)
    suzuki.open(page)
    return parcel


def newest(visitor, words):
    """The words of the first link that contains these."""
    return visitor.page.get_by_role("link", name=re.compile(re.escape(words))).first.inner_text().strip()


def take_into_use(story, parcel):
    suzuki, sato = story.suzuki, story.sato
    suzuki.hand_in("認証局から届いたZIP", parcel)
    suzuki.press(button("take_delivery"))
    assert "不適合" not in text(suzuki)
    suzuki.press(button("install"))
    sato.open(story.world.url)
    sato.follow("証明書の内容を確認する")
    assert "署名で確認済み" in text(sato)
    sato.tick("証明書の記載内容を確認しました。")
    sato.press(button("accept"))
    assert "この証明書は利用中です。" in text(sato)
    sato.follow("証明書と署名の方法を見る")
    assert "signtool" in text(sato)


def text(visitor):
    return visitor.page.locator("main").inner_text()


def tell(story, title):
    began = time.monotonic()
    apply(story, title)
    examine(story, title)
    seal(story)
    dispatch(story, title)
    take_into_use(story, issue(story))
    story.end(began)


def test_the_first_visit_weighs_less_than_150_kilobytes(world, browser, capsys):
    visitor = Visitor(browser, world.url, "佐藤 次郎", scripts=True)
    visitor.page.goto(world.url)
    visitor.page.wait_for_load_state("networkidle")
    with capsys.disabled():
        print(f"\n最初の1ページ: {visitor.bytes:,}バイト")
    assert 20_000 < visitor.bytes < FIRST_VISIT_BYTES


def test_the_whole_procedure_in_a_browser(story):
    tell(story, "計測ソフト配布用")


@pytest.mark.parametrize("story", [{"scripts": False}], indirect=True, ids=["without_javascript"])
def test_the_whole_procedure_in_a_browser_without_javascript(story):
    tell(story, "講義用教材の配布")


@pytest.mark.parametrize("story", [{"width": 390}], indirect=True, ids=["390px"])
def test_an_application_is_made_and_examined_on_a_phone(story):
    began = time.monotonic()
    apply(story, "出先での申請")
    examine(story, "出先での申請")
    for address in ("/", "/applications", "/certificates", "/help", "/help/procedure"):
        story.suzuki.open(story.world.url + address)
    story.desk.open(story.world.practice_url + "/mail")
    story.end(began)
