"""What the people of the house do at their browsers, in the order of the procedure, and how much it was."""

import re
import time

from tests import softhsm
from tests.browser import Visitor
from tests.person import Tally
from tests.softhsm import TestToken
from webapp import demo
from webapp.procedure import ROLE_LABELS, Kind, find_act


class Story:
    """The people of one story at their browsers, and the practice desk at its own."""

    def __init__(self, world, browser, folder, scripts=True, width=1280):
        self.world, self.folder = world, folder

        def visitor(url, name):
            return Visitor(browser, url, name, scripts, width)

        self.sato, self.suzuki, self.yamamoto, self.tanaka = (
            visitor(world.url, world.people[key].name) for key in ("sato", "suzuki", "yamamoto", "tanaka")
        )
        self.desk = visitor(world.practice_url, "練習用の窓口")
        card = world.data / "card"
        env = {"SOFTHSM2_CONF": str(card / "softhsm2.conf")}
        self.card = TestToken(card, demo.CARD_LABEL, (card / "pin").read_text(), env=env)

    @property
    def everybody(self):
        return [self.sato, self.suzuki, self.yamamoto, self.tanaka, self.desk]

    def end(self, began, what=""):
        """Print how much each role had to do since the last time, and demand that no page did what it should not."""
        with self.aloud():
            self._tell_tally(began, what)
        assert [fault for visitor in self.everybody for fault in visitor.faults] == []

    def _tell_tally(self, began, what):
        roles = {person.name: ROLE_LABELS[person.role] for person in self.world.people.values()}
        pages = sum(len(visitor.headings) for visitor in self.everybody)
        for visitor in [visitor for visitor in self.everybody if visitor.headings]:
            did = visitor.tally
            print(
                f"\n{what}{roles.get(visitor.name, '')} {visitor.name}: 入力{did.fields}、選択{did.choices}、"
                f"ボタン{did.buttons}、リンク{did.links}、PIN{did.pins}",
                end="",
            )
            visitor.tally = Tally()
            visitor.headings.clear()
        print(f"\n{pages}ページ、{time.monotonic() - began:.0f}秒")


def button(verb, kind=Kind.ISSUE):
    """The words on the button of an act."""
    return find_act(kind, verb).label


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
    make_and_submit(story)


def make_and_submit(story):
    """佐藤 is at the page of key pair and CSR: has a key made, agrees and submits."""
    sato = story.sato
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
    for aspect, result in (("本人性", "確認できた"), ("実在性", "確認できた(常勤の教職員)")):
        suzuki.tick(result, aspect)
        suzuki.press(f"{aspect}の確認結果を記録する")
    suzuki.press(button("examine"))


def seal(story):
    """田中 reads the form, signs it with the card at a terminal and brings it back."""
    tanaka = story.tanaka
    tanaka.sign_in()
    tanaka.follow("内容を確認し、署名に進む")
    form = tanaka.save("保存", story.folder)
    signed = form.with_name(f"{form.stem}-signed.pdf")
    done = softhsm.run(
        "seal", form, "-o", signed, "--certificate", story.card.directory / "certificate.cer",
        "--name", "情報基盤センター長 田中 一郎", token=story.card, pin=story.card.pin,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    tanaka.tally.pins += 1
    tanaka.hand_in("署名済みPDF", signed)
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
    sato.open(suzuki.page.url)
    sato.press(button("install"))
    sato.follow("証明書の内容を確認する")
    assert "署名で確認済み" in text(sato)
    sato.tick("証明書の記載内容を確認しました。")
    sato.press(button("accept"))
    assert "この証明書は利用中です。" in text(sato)
    sato.follow("証明書と署名の方法を見る")
    assert "signtool" in text(sato)


def text(visitor):
    return visitor.page.locator("main").inner_text()
