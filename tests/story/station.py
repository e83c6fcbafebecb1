"""署名ステーション: 田中's and 佐藤's PCs, with the real program at a terminal, a card each, and the pages in the browser."""

import json
import re
import sqlite3
import sys

from tests.story import oracles
from tests.story.teller import demand
from tests.story.terminal import Terminal
from tests.world import HOME
from webapp.demo import CARD_LABEL

MODULE = "/usr/lib/softhsm/libsofthsm2.so"
TAKEN = "署名ステーションの結果を確認し、登録しました。"


class Station:
    """The PC of a person, with the card in the SoftHSM store `store` and its PIN."""

    def __init__(self, story, person, store, pin):
        self.story, self.person, self.store, self.pin = story, person, store, pin
        self._pairing = self._running = None

    def begin(self):
        """Start pairing, and let the person confirm it in the browser; the program learns of it within seconds."""
        person = self.person
        self._pairing = self._terminal("pair", self.story.world.url)
        self._pairing.expect("この端末の鍵の指紋: ")
        fingerprint = self._pairing.expect("\r\n").strip()
        self._pairing.expect("コード    : ")
        code = self._pairing.expect("\r\n").strip()
        self._pairing.expect("6桁の番号 : ")
        number = self._pairing.expect("\r\n").strip()
        person.open("/stations/pair")
        person.press("次へ進む", {"署名ステーションに表示されたコード": code})
        demand(person.page.fact("端末の鍵の指紋") == fingerprint, "指紋が、端末の表示と異なります。")
        person.press("ペアリングする", {"署名ステーションに表示されている6桁の番号": number})

    def start(self):
        """Pairing has come to its end; from now on the station waits for jobs."""
        self._pairing.expect(f"持ち主: {self.person.someone.name}")
        self._end(self._pairing)
        self._running = self._terminal("run", "--terminal", "--module", MODULE)

    def do(self, wanted, pins=1):
        """The person's page shows a code: type it at the station, read, say yes, type the PIN. The result has been taken
        when this returns; the page stands where it says so. `wanted`: words that the station must show of the job."""
        code = re.search(r"確認番号 (\d{3}) (\d{3}) ", self.person.page.text)
        demand(code, f"確認番号がありません: {self.person.page.text}")
        at = self._running
        at.expect("確認番号(6桁): ")
        at.type("".join(code.groups()))
        shown = at.expect("入力してください(ほかの入力ではやめます): ")
        demand(all(word in shown for word in wanted), f"署名ステーションの表示に {wanted} がありません: {shown}")
        at.type("はい")
        for _ in range(pins):
            at.expect("のPIN: ")
            at.type(self.pin)
        at.expect("済み: ")
        self.person.tally.pins += pins

    def close(self):
        """End the program; all that it said is looked through for secrets."""
        self._end(self._running)

    def _end(self, terminal):
        self.story.printed.append((terminal.name, terminal.close()))

    def _terminal(self, *words):
        home = self.story.desk_of(self.person)
        foreign = ("XDG_", "DISPLAY", "WAYLAND_DISPLAY")
        env = {name: value for name, value in self.story.world.environment().items() if not name.startswith(foreign)}
        env |= {"HOME": str(home), "PYTHONPATH": str(HOME), "SOFTHSM2_CONF": str(self.store / "softhsm2.conf")}
        return Terminal([sys.executable, "-m", "tokens", "station", *words], env, home)


def sign_in(story, station):
    """The person signs in with the card. Returns the serial of the certificate that did it, as openssl reads it."""
    person = station.person
    person.cookies.clear()
    person.open("/")
    person.follow("カードでサインインする")
    person.press("確認番号を表示する", {"ログイン名": person.someone.key})
    station.do(("カードでのサインイン", story.world.url))
    person.wait(lambda page: "カードの署名を確認しました。" in page.text, "カードでのサインイン")
    person.press("サインインする")
    demand(person.someone.name in person.page.text, person.page.text)
    [serial] = oracles.sign_in_serials(station.store, CARD_LABEL, station.pin, story.desk_of(person))
    with sqlite3.connect(story.world.data / "register.db") as register:
        newest = "SELECT facts FROM event WHERE act = 'sign_in_with_card' ORDER BY seq DESC"
        told = json.loads(register.execute(newest).fetchone()[0])
    demand(told["serial"] == serial, f"記録の証明書 {told['serial']} が、カードの {serial} と異なります。")
    return serial


def finish(station, words="結果を見る"):
    """The page that followed the job says that its result was taken; the person goes on to it."""
    station.person.wait(lambda page: TAKEN in page.text, "署名ステーションの結果")
    station.person.follow(words)
