"""Who is in the story, what was shown in each section and how long it took."""

import secrets
import subprocess
import sys
import time
from contextlib import contextmanager

from tests.person import NotAsTold, Person
from tests.world import HOME
from webapp.procedure import ROLE_LABELS, Kind, find_act

TITLES = {
    "1": "手続きの種別",
    "1-1-1": "利用管理者による鍵ペア・CSRの作成",
    "1-1-2": "利用管理者による発行申請書(Excel)作成",
    "1-1-3": "発行申請書(Excel)の受け取り及び審査",
    "1-1-4": "発行申請書への捺印",
    "1-1-5": "発行申請書等のメール送信",
    "1-1-6": "申請内容の確認及び証明書の受信",
    "1-2": "コード署名用証明書更新発行",
    "1-3-1": "利用管理者による失効申請書(Excel)の作成",
    "1-3-2": "失効申請書(Excel)の受け取り及び審査、失効申請書への捺印",
    "1-3-3": "失効申請書等のメール送信",
    "1-3-4": "失効完了メール受信",
}


class Story:
    """The world, the people at their browsers, a folder with a desk for each (`folder`), and the PINs they know."""

    def __init__(self, world, folder):
        self.world, self.folder = world, folder
        self.people = {key: Person(someone, world.url) for key, someone in world.people.items()}
        names = ("sato", "suzuki", "yamamoto", "tanaka")
        self.sato, self.suzuki, self.yamamoto, self.tanaka = (self.people[key] for key in names)
        self.zip_passwords = []
        self.pins = {
            "機関責任者のカード": (world.data / "card" / "pin").read_text(),
            "サーバーのトークン": (world.data / "tokens" / "pin").read_text(),
            "利用管理者のカード": f"{secrets.randbelow(9 * 10**7) + 10**7}",
            "利用管理者の新しいカード": f"{secrets.randbelow(9 * 10**7) + 10**7}",
            "登録担当者のカード": f"{secrets.randbelow(9 * 10**7) + 10**7}",
        }
        self.printed = []  # what the commands printed

    @contextmanager
    def section(self, number):
        """Prints one line at its end; append to the list that it gives what was shown."""
        shown, began = [], time.monotonic()
        try:
            yield shown
        except BaseException:
            print(f"{number} {TITLES.get(number, '')} ✗", flush=True)
            raise
        seconds = time.monotonic() - began
        title = f" {TITLES[number]}" if number in TITLES else ""
        print(f"{number}{title}({seconds:.1f}秒): {'、'.join(shown)}", flush=True)

    def desk_of(self, person):
        """The folder where this person keeps files: their home directory."""
        path = self.folder / person.someone.key
        (path / "Downloads").mkdir(parents=True, exist_ok=True)
        return path

    def run(self, person, command, pin=None, env=None):
        """A shell command at this person's own terminal; `pin` goes through a pipe as --pin-fd. Returns what it said."""
        home = self.desk_of(person)
        words = ["bash", "-c", command + (" --pin-fd 3 3<&0" if pin else "")]
        done = subprocess.run(
            words,
            cwd=home,
            env=self.world.environment() | {"HOME": str(home), "PYTHONPATH": str(HOME)} | (env or {}),
            input=f"{pin}\n" if pin else "",
            capture_output=True,
            text=True,
            timeout=120,
        )
        person.tally.pins += pin is not None
        self.printed.append((command.split(" -m ")[-1][:40], (done.stdout + done.stderr).encode()))
        if done.returncode:
            raise NotAsTold(f"コマンドが終わりませんでした: {command}\n{done.stdout}{done.stderr}")
        return done.stdout

    def print_tally(self):
        """How much each role had to do."""
        print("\n【手数】すべての合計", flush=True)
        for person in self.people.values():
            did = person.tally
            if did.buttons:
                role = ROLE_LABELS[person.someone.role]
                print(
                    f"{role} {person.someone.name}: 入力 {did.fields}欄、選択・印・ファイル {did.choices}個、"
                    f"ボタン {did.buttons}回、リンク {did.links}回、PIN {did.pins}回",
                    flush=True,
                )


def button(verb, kind=Kind.ISSUE):
    """The words on the button of an act, as the procedure's table has them."""
    return find_act(kind, verb).label


def python(command):
    """A command that a page shows, with the interpreter of this environment."""
    return command.replace(".venv/bin/python", "python").replace("python -m", f"'{sys.executable}' -m", 1)


def demand(is_so, sentence):
    """The story ends with this sentence unless it is so."""
    if not is_so:
        raise NotAsTold(sentence)
