"""The first case: the key on the server's token, the head's electronic seal, the letter sent by the worker."""

from tests.story import office, oracles
from tests.story.teller import button, demand

TITLE = "計測ソフト配布用"


def tell(story):
    """Returns the Issued."""
    sato, suzuki, tanaka = story.sato, story.suzuki, story.tanaka
    with story.section("1") as shown:
        number = office.choose_new(story, TITLE, "研究室で公開する計測ソフトウェアへの署名")
        shown += ["質問から新規発行へ", f"{number}の下書き"]
    with story.section("1-1-1") as shown:
        csr, read = make_key(story)
        shown += [f"トークンの中に{read.key}の鍵", "取り出せない属性を読み戻し", "openssl req -verify OK", read.subject]
    with story.section("1-1-2") as shown:
        _, pdf, _ = office.agree_and_submit(story)
        shown += ["3つの文書を承認", "LibreOfficeでExcelとPDFを作成", "照合番号がPDFにある(pdftotext)", "提出"]
    with story.section("1-1-3") as shown:
        office.examine(story, TITLE)
        shown += [f"{suzuki.someone.name}が本人性と実在性を確認", "申請の値と台帳が一致", "審査を完了"]
    with story.section("1-1-4") as shown:
        signer = office.seal(story)
        shown += [
            f"{tanaka.someone.name}がカードで電子署名(PIN 1回)",
            f"pdfsig: 有効・文書全体・署名者 {signer}",
            "登録",
        ]
    with story.section("1-1-5") as shown:
        shown += [f"Message-ID {office.dispatch(story, TITLE, files=3)}", "SMTP(STARTTLS・ログイン)で送信済", "添付3点"]
    with story.section("1-1-6") as shown:
        points, page = office.wait_for_the_desk(story, number)
        shown.append(f"窓口の検査 適合{points}件、電話、発行({page.fact('シリアル番号')[:16]}…)")
        office.take_call(story, TITLE)
        office.take_delivery(story, number)
        sato.sign_in()
        sato.open(suzuki.page.url)
        sato.press(button("install"))
        chain = office.accept(story)
        shown += [
            "ZIPを受け取り、CRT-01〜11に適合",
            *office.judged(story, chain, csr),
            f"{sato.someone.name}が利用を開始",
        ]
    return office.Issued(number, csr, chain)


def make_key(story):
    """佐藤 has the token make a key pair and a CSR. Returns (CSR, what openssl reads in it)."""
    sato = story.sato
    sato.press(button("make_key"))
    for name, value in {"LOCAL": "はい", "NEVER_EXTRACTABLE": "はい", "EXTRACTABLE": "いいえ"}.items():
        demand(sato.page.fact(name) == value, f"鍵の属性 {name} が「{sato.page.fact(name)}」です。")
    csr = sato.save("保存: CSR 第1版").data
    read = oracles.request(csr)
    demand(read.key == "RSA 3072", f"鍵が {read.key} です。")
    keys = oracles.key_on_token(story.world.data / "tokens", "shirushi-practice", story.pins["サーバーのトークン"])
    demand(keys and all("never extractable" in access for access in keys.values()), f"pkcs11-tool: {keys}")
    return csr, read
