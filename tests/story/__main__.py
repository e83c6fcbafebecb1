"""`python -m tests.story`: 新規発行 told twice to the end, then 更新, 失効 and 緊急失効, over real HTTP, SMTP, LibreOffice,
SoftHSM and the signing station's own program at a terminal, on fresh data in a temporary folder. One line for each section of
the seed; exit status 0 only if all holds."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.person import NotAsTold
from tests.story import emergency, on_a_card, on_the_token, renewal, revocation
from tests.story.canaries import look_for_secrets
from tests.story.teller import Story
from tests.world import HOME, World, WorldFailed


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    folder = Path(tempfile.mkdtemp(prefix="shirushi-story-"))
    began = time.monotonic()
    try:
        with World(folder / "world") as world:
            _tell(Story(world, folder / "desks"), began)
    except (NotAsTold, WorldFailed, subprocess.SubprocessError, OSError) as error:
        print(f"\n終わりまで進めませんでした: {_told(error)}\n記録: {folder}/world/log", file=sys.stderr, flush=True)
        return 1
    except BaseException:
        print(f"\n記録: {folder}/world/log", file=sys.stderr, flush=True)
        raise
    shutil.rmtree(folder)
    return 0


def _tell(story, began):
    print(f"練習の世界を用意しました({time.monotonic() - began:.1f}秒)", flush=True)
    print("\n【1件目】鍵はサーバーのトークン、電子署名、しるしから送付", flush=True)
    first = on_the_token.tell(story)
    print("\n【署名ステーション】", flush=True)
    with story.section("署名ステーションのペアリング") as shown:
        stations = renewal.pair(story)
        shown += [f"{each.person.someone.name}が指紋を見比べ、コードと番号を入力" for each in stations]
    print("\n【2件目】鍵は利用管理者のカード、紙に捺印、自分のメールソフトで送付", flush=True)
    second = on_a_card.tell(story)
    print("\n【更新】1件目の証明書を更新、鍵は利用管理者のカード、操作は署名ステーション", flush=True)
    renewed = renewal.tell(story, first, stations)
    print("\n【失効】置き換えた証明書を失効", flush=True)
    revocation.tell(story, first, renewed)
    print("\n【緊急失効】2件目の証明書を、登録担当者一人で失効", flush=True)
    emergency.tell(story, second)
    print("\n【記録と秘密】", flush=True)
    with story.section("操作記録") as shown:
        shown.append(_chain(story))
    with story.section("秘密の値") as shown:
        shown += look_for_secrets(story)
    story.print_tally()
    print(f"すべて確認できました。全体で{time.monotonic() - began:.1f}秒です。", flush=True)


def _chain(story):
    done = subprocess.run(
        [sys.executable, "-m", "webapp.commands", "check-chain"],
        cwd=HOME, env=story.world.environment(), capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    if done.returncode:
        raise NotAsTold(done.stderr.strip() or done.stdout.strip())
    return done.stdout.strip()


def _told(error):
    if isinstance(error, subprocess.CalledProcessError):
        said = error.stderr or error.stdout or b""
        return f"{error}\n{said.decode(errors='replace') if isinstance(said, bytes) else said}"
    return str(error)


if __name__ == "__main__":
    os.umask(0o077)
    sys.exit(main())
