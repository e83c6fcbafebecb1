"""What happens in every case, whichever way the key, the seal and the letter take."""

import re
import sqlite3
from dataclasses import dataclass
from email import message_from_bytes, policy

from tests.person import File
from tests.story import oracles
from tests.story.teller import button, demand, python


@dataclass(frozen=True)
class Issued:
    """A certificate in use: the number of its application, the CSR and the certificate with its chain (PEM bytes)."""

    number: str
    csr: bytes
    chain: bytes

    @property
    def serial(self):
        return oracles.serial(self.chain)


def choose_new(story, title, purpose):
    """佐藤 is led to 新規発行 and opens a draft. Returns its number."""
    sato = story.sato.sign_in()
    sato.follow("新しい申請を始める")
    sato.press("この手続きへ進む", {"新しくコード署名用証明書が必要になった": True})
    sato.press("下書きを作る", {"管理名称": title, "用途": purpose})
    return number_on(sato.page)


def number_on(page):
    """The application number in the heading of a case's page."""
    return re.search(r"CS-\d{4}-\d{4}", page.text)[0]


def agree_and_submit(story):
    """佐藤 reads the three documents, agrees, submits and waits for the papers. Returns (xlsx, PDF, password)."""
    sato = story.sato
    sato.follow("文書を確認する")
    for label in [label for label in sato.page.links() if label.endswith(" を開く")]:
        sato.save(label)
    sato.press(button("consent"), dict.fromkeys(sato.page.boxes(button("consent")), True))
    sato.follow("内容を確認して提出する")
    sato.press(button("submit"))
    sato.wait(lambda page: "保存: 発行申請書(PDF) 第1版" in page.links(), "発行申請書の作成")
    xlsx, pdf = (sato.save(f"保存: 発行申請書({kind}) 第1版").data for kind in ("Excel", "PDF"))
    mark = sato.page.fact("照合番号")
    sato.press(button("show_password"))
    password = sato.page.code("パスワード")
    story.zip_passwords.append(password)
    sato.follow("申請の画面に戻る")
    cells = oracles.cells_of(xlsx)
    demand(password in cells, "python-calamine: 発行申請書にパスワードがありません。")
    demand("学校法人申請学園 申請大学" in cells, "python-calamine: 利用機関名がありません。")
    demand(mark in oracles.text_of(pdf, story.desk_of(sato)), "pdftotext: PDFに照合番号がありません。")
    return xlsx, pdf, password


def examine(story, title):
    """鈴木 checks the person and the form."""
    suzuki = story.suzuki.sign_in()
    suzuki.follow(title)
    suzuki.follow("審査する")
    demand("異なります" not in suzuki.page.text, "申請の値が台帳と異なります。")
    suzuki.press("本人性の確認結果を記録する", {"確認できた": True, "方法": "対面・職員証"})
    suzuki.press("実在性の確認結果を記録する", {"確認できた(常勤の教職員)": True, "方法": "人事在籍照合"})
    suzuki.press(button("examine"))
    demand("機関責任者の捺印・署名待ち" in suzuki.page.text, suzuki.page.text)


def seal(story):
    """田中 signs the form with the card at a terminal and brings it back. Returns whom pdfsig names."""
    tanaka = story.tanaka.sign_in()
    tanaka.follow("内容を確認し、署名に進む")
    desk = story.desk_of(tanaka)
    form = tanaka.save("保存")
    (desk / "Downloads" / form.name).write_bytes(form.data)
    command = tanaka.page.code("練習用カードで署名するコマンド")
    story.run(tanaka, python(command), pin=story.pins["機関責任者のカード"])
    sealed = (desk / re.search(r"-o ~/(\S+)", command)[1]).read_bytes()
    return bring_sealed(tanaka, sealed, desk)


def bring_sealed(person, sealed, desk):
    """Somebody hands in the PDF that they have signed. Returns whom pdfsig names."""
    signer = oracles.seal(sealed, desk)
    person.press(button("seal"), {"署名済みPDF": File("署名済み.pdf", sealed)})
    demand("電子署名は有効です。" in person.page.text, person.page.text)
    return signer


def dispatch(story, title, files):
    """鈴木 looks at the letter and has it posted; it lies in the desk's mailbox with so many files. Returns its
    Message-ID."""
    suzuki = story.suzuki
    suzuki.open("/")
    suzuki.follow(title)
    suzuki.follow("送付物を確認する")
    demand(suzuki.page.text.count("SHA-256:") == files, f"手紙に添付ファイル{files}点のSHA-256がありません。")
    [box] = suzuki.page.boxes(button("dispatch"))
    suzuki.press(button("dispatch"), {box: True})
    suzuki.wait(lambda page: page.fact("送付メール").startswith("送信済"), "送付メールの送信")
    message_id = suzuki.page.fact("Message-ID")
    arrived = [mail for mail in mails(story) if mail["Message-ID"] == message_id]
    attached = [part.get_filename() for mail in arrived for part in mail.iter_attachments()]
    demand(len(arrived) == 1 and len(attached) == files, f"届いたメール{len(arrived)}通、添付 {attached}")
    return message_id


def mails(story):
    """Everything that the practice post office has filed, oldest first, read by the standard library."""
    paths = sorted((story.world.data / "practice" / "mail").glob("*.eml"))
    return [message_from_bytes(path.read_bytes(), policy=policy.default) for path in paths]


def wait_for_the_desk(story, number, ended="発行済"):
    """The practice desk has examined, called and issued (or revoked). Returns the findings' results."""
    desk = story.people["kobayashi"]  # somebody who looks at the desk's own page
    desk.open(f"{story.world.practice_url}/cases")
    desk.wait(lambda page: number in page.text, "窓口の受付")
    label = _link_of_row(desk.page, number)
    desk.follow(label)
    words = (ended, "不備")
    desk.wait(lambda page: any(word in page.text for word in words) and "次の操作" not in page.text, "窓口の処理")
    demand(ended in desk.page.text and "不適合" not in desk.page.text, f"窓口の検査: {desk.page.text}")
    return desk.page.text.count("適合"), desk.page


def _link_of_row(page, number):
    for row in page.tree.iter("tr"):
        if number in "".join(row.itertext()):
            return "".join(next(row.iter("a")).itertext()).strip()
    return ""


def take_call(story, title):
    """鈴木 looks at the card for the switchboard and notes the CA's call."""
    suzuki = story.suzuki
    suzuki.open("/")
    suzuki.follow(title)
    suzuki.follow("認証局からの電話・不備・却下を記録する")
    suzuki.follow("電話の案内カードを開く(印刷用)")
    demand("03-5500-1000" in suzuki.page.text, "電話の案内カードに代表電話番号がありません。")
    suzuki.follow("認証局とのやりとりに戻る")
    suzuki.press("受けた・問題なし")


def take_delivery(story, number):
    """鈴木 fetches the ZIP from the mailbox and hands it to Shirushi, on the page of the application."""
    suzuki = story.suzuki
    suzuki.follow("届いた証明書を受け取る")
    own = suzuki.page.url
    suzuki.follow("練習用の窓口のメール")
    wanted = f"コード署名用証明書の送付(申請番号 {number}"
    suzuki.wait(lambda page: wanted in page.text, "証明書のメール")
    suzuki.follow(next(label for label in suzuki.page.links() if wanted in label))
    parcel = suzuki.save(next(label for label in suzuki.page.links() if label.endswith(".zip")))
    suzuki.open(own)
    suzuki.press(button("take_delivery"), {"認証局から届いたZIP": parcel})
    demand("不適合" not in suzuki.page.text, f"証明書の確認: {suzuki.page.text}")
    demand(suzuki.page.heading == "届いた証明書", suzuki.page.text)


def accept(story):
    """佐藤 reviews the certificate and takes it into use. Returns the chain (PEM) as saved from its page."""
    sato = story.sato.sign_in()
    sato.follow("証明書の内容を確認する")
    demand("署名で確認済み" in sato.page.text, "動作確認が済んでいません。")
    sato.press(button("accept"), {"証明書の記載内容を確認しました。": True})
    demand("この証明書は利用中です。" in sato.page.text, sato.page.text)
    sato.follow("証明書と署名の方法を見る")
    demand("signtool" in sato.page.text, "署名のコマンドがありません。")
    return sato.save("チェーンと一緒に保存する(PEM)").data


def judged(story, chain, csr, *place):
    """Sentences: what openssl and pkcs11-tool say of a certificate, its place on the server's token and its proof. `place`:
    the store, label and PIN of another token."""
    folder = story.desk_of(story.sato)
    days = oracles.certificate(chain, csr, root_of(story), folder)
    place = place or (story.world.data / "tokens", "shirushi-practice", story.pins["サーバーのトークン"])
    identity = oracles.token_certificate(*place, chain, folder)
    with sqlite3.connect(story.world.data / "register.db") as register:
        newest = "SELECT nonce, signature FROM challenge WHERE met_at IS NOT NULL ORDER BY id DESC"
        nonce, signature = register.execute(newest).fetchone()
    oracles.proof(chain, nonce, signature, folder)
    return [
        f"openssl verify OK(CRLを含む・{days}日)",
        f"pkcs11-tool: 鍵の隣に証明書(ID {identity[:8]}…)",
        "openssl dgst -verify: 動作確認の署名OK",
    ]


def root_of(story):
    """The practice CA's root (DER), from the CA's own page."""
    return oracles.fetched(f"{story.world.practice_url}/ca/root.cer")
