"""1-3: the old certificate, which was replaced, is revoked. 鈴木, who examined, seals with a card of her own."""

import re
import shlex

from tests.person import File
from tests.story import office, on_the_token, oracles, status
from tests.story.teller import button, demand, python
from webapp.practice.desk import Desk
from webapp.procedure import Kind

TITLE = on_the_token.TITLE
CARD = "登録担当者のカード"
MODULE = "/usr/lib/softhsm/libsofthsm2.so"
REASON = "新しい証明書への置き換え"
COMMENT = "更新した証明書に置き換えたため"


def tell(story, old, new):
    sato, suzuki = story.sato, story.suzuki
    with story.section("1-3-1") as shown:
        number = _begin(story, old, new)
        pdf_mark = _submit(story, old)
        shown += [f"{number}の下書き", "シリアル番号は台帳から", f"照合番号 {pdf_mark}がPDFにある(pdftotext)", "提出"]
    with story.section("1-3-2") as shown:
        office.examine(story, TITLE)
        signer = _seal(story)
        shown += [f"{suzuki.someone.name}が審査し、自分のカードで電子署名(PIN 1回)", f"pdfsig: {signer}"]
    with story.section("1-3-3") as shown:
        shown += [f"Message-ID {office.dispatch(story, TITLE, files=2)}", "添付2点"]
    with story.section("1-3-4") as shown:
        points, _ = office.wait_for_the_desk(story, number, "失効済")
        told = take_notice(story, number, (sato, suzuki))
        shown += [f"窓口の検査 適合{points}件", f"失効完了通知({told})"]
        shown += confirmed(story, old, "superseded")
        status.still_good(story, new)
        shown.append("新しい証明書は有効のまま(OCSP: good)")


def _begin(story, old, new):
    """佐藤 comes from the new certificate to the old one, and asks for its revocation. Returns the number."""
    sato = story.sato.sign_in()
    sato.open("/applications")
    sato.follow(new.number)
    sato.follow("置き換えた証明書を見る")
    sato.follow("失効を申請する")
    sato.press("失効の下書きを作る", {REASON: True, "失効理由コメント": COMMENT})
    number = office.number_on(sato.page)
    demand(old.serial in sato.page.fact("失効する証明書"), sato.page.text)
    sato.follow("失効の理由を直す")
    sato.press(button("give_reason", Kind.REVOKE), {"捺印・署名する人": "鈴木 花子(登録担当者)"})
    return number


def _submit(story, old):
    """佐藤 submits; the papers say what the register says. Returns their mark."""
    sato = story.sato
    sato.follow("内容を確認して提出する")
    sato.press(button("submit", Kind.REVOKE))
    return papers_say(story, sato, old, REASON, COMMENT)


def papers_say(story, person, old, *words):
    """The papers are made and hold the serial and these words. Returns their mark."""
    person.wait(lambda page: "保存: 失効申請書(PDF) 第1版" in page.links(), "失効申請書の作成")
    xlsx, pdf = (person.save(f"保存: 失効申請書({kind}) 第1版").data for kind in ("Excel", "PDF"))
    cells = [re.sub(r"[\s:]", "", cell).lower() for cell in oracles.cells_of(xlsx)]
    demand(old.serial in cells, f"python-calamine: シリアル番号 {old.serial} がありません。")
    demand(all(any(word in cell for cell in oracles.cells_of(xlsx)) for word in words), f"python-calamine: {words}")
    mark = person.page.fact("照合番号")
    demand(mark in oracles.text_of(pdf, story.desk_of(person)), "pdftotext: PDFに照合番号がありません。")
    return mark


def _seal(story):
    """鈴木 signs with a card that the practice authority has issued to her. Returns whom pdfsig names."""
    suzuki, pin = story.suzuki, story.pins[CARD]
    home = story.desk_of(suzuki)
    desk = Desk(story.world.data / "practice", story.world.practice_url)
    desk.issue_head_card(home / "card", suzuki.someone.mail, "練習用カード 鈴木", pin)
    desk.close()
    suzuki.follow("内容を確認し、署名に進む")
    form = suzuki.save("保存")
    (home / "失効申請書.pdf").write_bytes(form.data)
    command = suzuki.page.code("署名するコマンド").replace("カードのPKCS#11モジュール", shlex.quote(MODULE))
    story.run(suzuki, python(command), pin=pin, env={"SOFTHSM2_CONF": str(home / "card" / "softhsm2.conf")})
    return office.bring_sealed(suzuki, (home / "署名済み.pdf").read_bytes(), home)


def take_notice(story, number, people):
    """鈴木 finds the 失効完了通知 in her mailbox and hands it in as it came. Returns its subject."""
    suzuki = story.suzuki
    suzuki.open("/applications")
    suzuki.follow(number)
    suzuki.follow("届いた通知を記録する")
    own = suzuki.page.url
    suzuki.follow("練習用の窓口のメール")
    wanted = f"失効完了のお知らせ(申請番号 {number}"
    suzuki.wait(lambda page: wanted in page.text, "失効完了通知")
    suzuki.follow(next(label for label in suzuki.page.links() if wanted in label))
    mail = suzuki.save("メール全体を保存する(.eml)")
    [arrived] = [mail for mail in office.mails(story) if wanted in mail["Subject"]]
    to = {address.addr_spec for address in arrived["To"].addresses}
    demand(to == {person.someone.mail for person in people}, f"失効完了通知の宛先: {to}")
    suzuki.open(own)
    suzuki.press(button("note_completion", Kind.REVOKE), {"失効完了通知メール": File("notice.eml", mail.data)})
    return f"{arrived['Subject']}、宛先{len(to)}人"


def confirmed(story, old, reason):
    """The worker has asked CRL and OCSP; what it kept convinces openssl of the same. Returns sentences."""
    suzuki = story.suzuki
    suzuki.wait(lambda page: "認証局の署名のある回答で確認しました。" in page.text, "CRLとOCSPでの確認")
    kept = {kind: suzuki.save(f"保存: {kind}").data for kind in ("CRL", "OCSP")}
    moments = status.revoked(story, old, kept["CRL"], kept["OCSP"], reason)
    for moment in moments:
        demand(moment in suzuki.page.text, f"画面に、失効した日時 {moment} がありません。{suzuki.page.text}")
    return [
        f"CRLとOCSPで確認({moments[0]}に失効)",
        f"openssl crl・openssl ocsp: 失効({reason})、時刻も画面と一致",
        "openssl verify -crl_check: certificate revoked",
    ]
