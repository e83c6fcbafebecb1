"""The first case: the key on the server's token, the head's electronic seal, the letter sent by the worker."""

import re
import sqlite3

from tests.person import File
from tests.story import office, oracles
from tests.story.teller import button, demand, python

TITLE = "計測ソフト配布用"


def tell(story):
    sato, suzuki, tanaka = story.sato, story.suzuki, story.tanaka
    with story.section("1") as shown:
        number = office.choose_new(story, TITLE, "研究室で公開する計測ソフトウェアへの署名")
        shown += ["質問から新規発行へ", f"{number}の下書き"]
    with story.section("1-1-1") as shown:
        csr, read = _make_key(story)
        shown += [f"トークンの中に{read.key}の鍵", "取り出せない属性を読み戻し", "openssl req -verify OK", read.subject]
    with story.section("1-1-2") as shown:
        _, pdf, _ = office.agree_and_submit(story)
        shown += ["3つの文書を承認", "LibreOfficeでExcelとPDFを作成", "照合番号がPDFにある(pdftotext)", "提出"]
    with story.section("1-1-3") as shown:
        office.examine(story, TITLE)
        shown += [f"{suzuki.someone.name}が本人性と実在性を確認", "申請の値と台帳が一致", "審査を完了"]
    with story.section("1-1-4") as shown:
        signer = _seal(story)
        shown += [
            f"{tanaka.someone.name}がカードで電子署名(PIN 1回)",
            f"pdfsig: 有効・文書全体・署名者 {signer}",
            "登録",
        ]
    with story.section("1-1-5") as shown:
        shown += [f"Message-ID {_dispatch(story)}", "SMTP(STARTTLS・ログイン)で送信済", "添付3点"]
    with story.section("1-1-6") as shown:
        points, page = office.wait_for_the_desk(story, number)
        shown.append(f"窓口の検査 適合{points}件、電話、発行({page.fact('シリアル番号')[:16]}…)")
        office.take_call(story, TITLE)
        office.take_delivery(story, number)
        suzuki.press(button("install"))
        chain = office.accept(story)
        shown += ["ZIPを受け取り、CRT-01〜11に適合", *_judged(story, chain, csr), f"{sato.someone.name}が利用を開始"]


def _make_key(story):
    sato = story.sato
    sato.press(button("make_key"))
    for name, value in {"LOCAL": "はい", "NEVER_EXTRACTABLE": "はい", "EXTRACTABLE": "いいえ"}.items():
        demand(sato.page.fact(name) == value, f"鍵の属性 {name} が「{sato.page.fact(name)}」です。")
    csr = sato.save("保存: CSR 第1版").data
    read = oracles.request(csr)
    demand(read.key == "RSA 3072", f"鍵が {read.key} です。")
    keys = oracles.key_on_token(story.world.data / "tokens", "shirushi-practice", story.pins["サーバーのトークン"])
    demand(["never extractable" in access for access in keys.values()] == [True], f"pkcs11-tool: {keys}")
    return csr, read


def _seal(story):
    tanaka = story.tanaka.sign_in()
    tanaka.follow("内容を確認し、署名に進む")
    desk = story.desk_of(tanaka)
    form = tanaka.save("保存")
    (desk / "Downloads" / form.name).write_bytes(form.data)
    command = tanaka.page.code("練習用カードで署名するコマンド")
    story.run(tanaka, python(command), pin=story.pins["機関責任者のカード"])
    sealed = (desk / re.search(r"-o ~/(\S+)", command)[1]).read_bytes()
    signer = oracles.seal(sealed, desk)
    tanaka.press(button("seal"), {"署名済みPDF": File("署名済み.pdf", sealed)})
    demand("電子署名は有効です。" in tanaka.page.text, tanaka.page.text)
    return signer


def _dispatch(story):
    suzuki = story.suzuki
    suzuki.open("/")
    suzuki.follow(TITLE)
    suzuki.follow("送付物を確認する")
    demand(suzuki.page.text.count("SHA-256:") == 3, "手紙に添付ファイル3点のSHA-256がありません。")
    [box] = suzuki.page.boxes(button("dispatch"))
    suzuki.press(button("dispatch"), {box: True})
    suzuki.wait(lambda page: page.fact("送付メール").startswith("送信済"), "送付メールの送信")
    return suzuki.page.fact("Message-ID")


def _judged(story, chain, csr):
    """What openssl and pkcs11-tool say of the certificate, its place and its proof."""
    folder, pin = story.desk_of(story.sato), story.pins["サーバーのトークン"]
    _, days = oracles.certificate(chain, csr, office.root_of(story), folder)
    identity = oracles.token_certificate(story.world.data / "tokens", "shirushi-practice", pin, chain, folder)
    with sqlite3.connect(story.world.data / "register.db") as register:
        row = register.execute("SELECT nonce, signature FROM challenge WHERE met_at IS NOT NULL").fetchone()
    oracles.proof(chain, row[0], row[1], folder)
    return [
        f"openssl verify OK(CRLを含む・{days}日)",
        f"pkcs11-tool: 鍵の隣に証明書(ID {identity[:8]}…)",
        "openssl dgst -verify: 動作確認の署名OK",
    ]
