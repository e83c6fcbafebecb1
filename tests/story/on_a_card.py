"""The second case: the key on the subscriber's own card, a stamp on paper, the letter sent with the officer's own mailer."""

import base64
import json
import re
import smtplib
import ssl
import subprocess
from email import message_from_bytes, policy
from io import BytesIO

from PIL import Image, ImageDraw

from tests.person import File
from tests.story import office, oracles
from tests.story.teller import button, demand, python

TITLE = "講義用教材の配布"
CARD = "利用管理者のカード"
MODULE = "/usr/lib/softhsm/libsofthsm2.so"
DOTS = 150  # an inch, as an office scanner is set


def tell(story):
    """Returns the Issued."""
    sato, suzuki = story.sato, story.suzuki
    with story.section("1") as shown:
        number = office.choose_new(story, TITLE, "講義で配布する教材プログラムへの署名")
        shown.append(f"{number}の下書き")
    with story.section("1-1-1") as shown:
        csr, read = _bring_csr(story)
        shown += ["openssl reqで作ったCSR(P-256)を読み上げて登録", f"カードで作ったCSR({read.key})に差し替え"]
        shown.append("openssl req -verify OK")
    with story.section("1-1-2") as shown:
        office.agree_and_submit(story)
        shown += ["3つの文書を承認", "提出"]
    with story.section("1-1-3") as shown:
        office.examine(story, TITLE)
        shown.append("審査を完了")
    with story.section("1-1-4") as shown:
        suzuki.follow("捺印・署名に進む")
        stamp(story)
        shown += ["印刷して捺印し、スキャン(PNG)を登録", f"{suzuki.someone.name}が3点を確認"]
    with story.section("1-1-5") as shown:
        shown += [f"Message-ID {_send_by_hand(story)}", "同じ手紙(.eml)を自分のメールソフトで送付"]
    with story.section("1-1-6") as shown:
        points, page = office.wait_for_the_desk(story, number)
        shown.append(f"窓口の検査 適合{points}件、電話、発行({page.fact('シリアル番号')[:16]}…)")
        office.take_call(story, TITLE)
        office.take_delivery(story, number)
        proof = _put_on_card(story)
        chain = office.accept(story)
        shown += ["ZIPを受け取り、引き渡し", *_judged(story, chain, csr, proof), f"{sato.someone.name}が利用を開始"]
    return office.Issued(number, csr, chain)


def _bring_csr(story):
    """First one from openssl, read aloud before it is saved; then the one from the card, which takes its place."""
    sato = story.sato
    shown = sato.page.fact("主体者DN(台帳の登録値)").split(", ")
    names = [part.split("=", 1) for part in reversed(shown)]  # from C to CN
    made = _openssl_request(story, names)
    sato.press("登録せずに内容を読む", {"CSRのファイル": made})
    demand("P-256" in sato.page.text and "まだ登録していません。" in sato.page.text, sato.page.text)
    sato.follow("鍵ペアとCSRに戻る")
    sato.press(button("attach_csr"), {"CSRのファイル": made})
    carded = _card_request(story, names)
    sato.open(sato.page.url.partition("?")[0] + "/csr")
    sato.press(button("attach_csr"), {"CSRのファイル": carded})
    demand("保存: CSR(差し替え前) 第1版" in sato.page.links(), "差し替え前のCSRが残っていません。")
    csr = sato.save("保存: CSR 第1版").data
    read = oracles.request(csr)
    demand(read.key == "P-256" and read == oracles.request(carded.data), "登録したCSRが、渡したものと異なります。")
    return csr, read


def _openssl_request(story, names):
    home = story.desk_of(story.sato)
    subject = "".join(f"/{short}={value}" for short, value in names)
    words = ["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-utf8"]
    words += ["-keyout", home / "software.key", "-subj", subject, "-out", home / "software.csr"]
    subprocess.run(words, check=True, capture_output=True, timeout=30)
    return File("software.csr", (home / "software.csr").read_bytes())


def _card_request(story, names):
    """佐藤 makes a card (SoftHSM stands in for it) and a key on it."""
    sato, pin = story.sato, story.pins[CARD]
    home = story.desk_of(sato)
    story.run(sato, python(f"python -m tokens init-softhsm {home / 'card'} --token 佐藤のカード"), pin=pin)
    sato.tally.pins -= 1  # a real card comes with its PIN
    subject = " ".join(f"--subject '{short}={value}'" for short, value in names)
    command = f"python -m tokens csr --module {MODULE} --algorithm P-256 {subject} -o card.csr"
    story.run(sato, python(command), pin=pin, env=_card(story))
    return File("card.csr", (home / "card.csr").read_bytes())


def _card(story):
    return {"SOFTHSM2_CONF": str(story.desk_of(story.sato) / "card" / "softhsm2.conf")}


def stamp(story):
    """鈴木 prints the form, has it stamped, scans it, sees the scan beside the form and attests."""
    suzuki = story.suzuki
    pdf = suzuki.save("保存").data
    scan = _stamped(pdf, story.desk_of(suzuki))
    field = "捺印済みのスキャン(PDF・TIFF・JPEG・PNG)"
    suzuki.press("スキャンを読み取り、印影を確認する", {field: File("scan.png", scan)})
    demand("審査した第1版と同じ印刷物です。" in suzuki.page.text, suzuki.page.text)
    boxes = dict.fromkeys(suzuki.page.boxes(button("stamp")), True)
    demand(len(boxes) == 3, f"確認の欄が{len(boxes)}個です。")
    suzuki.press(button("stamp"), boxes)
    demand("捺印済みの書面を、登録担当者が確認して登録しました。" in suzuki.page.text, suzuki.page.text)


def _stamped(pdf, folder):
    """A scan (PNG) of the printed form with a red seal on 印."""
    printed = folder / "printed.pdf"
    printed.write_bytes(pdf)
    subprocess.run(
        ["pdftoppm", "-r", str(DOTS), "-singlefile", "-png", printed, folder / "scan"], check=True, timeout=60
    )
    boxes = subprocess.run(["pdftotext", "-bbox", printed, "-"], check=True, capture_output=True, text=True, timeout=60)
    left, top, right, bottom = map(
        float, re.search(r'xMin="(\S+)" yMin="(\S+)" xMax="(\S+)" yMax="(\S+)">印<', boxes.stdout).groups()
    )
    middle = ((left + right) / 2 * DOTS / 72, (top + bottom) / 2 * DOTS / 72)
    radius = DOTS * 0.35  # an official seal is 18 mm across
    image = Image.open(folder / "scan.png").convert("RGB")
    round_it = [middle[0] - radius, middle[1] - radius, middle[0] + radius, middle[1] + radius]
    ImageDraw.Draw(image).ellipse(round_it, outline=(200, 30, 30), width=6)
    output = BytesIO()
    image.save(output, "PNG")
    return output.getvalue()


def _send_by_hand(story):
    """鈴木 saves the letter, sends it with a mailer of her own, and says so."""
    suzuki = story.suzuki
    suzuki.open("/")
    suzuki.follow(TITLE)
    suzuki.follow("送付物を確認する")
    letter = suzuki.press("メールを.emlで保存する")
    message = message_from_bytes(letter.data, policy=policy.SMTP)
    demand(len(list(message.iter_attachments())) == 3, "手紙の添付ファイルが3点ではありません。")
    _mail(story, message)
    [box] = suzuki.page.boxes(button("dispatch_by_hand"))
    suzuki.press(button("dispatch_by_hand"), {box: True})
    demand(suzuki.page.fact("Message-ID") == message["Message-ID"], "Message-IDが、送った手紙と異なります。")
    return message["Message-ID"]


def _mail(story, message):
    at = json.loads((story.world.data / "practice" / "smtp.json").read_text())
    with smtplib.SMTP(at["host"], at["port"], timeout=30) as smtp:
        smtp.starttls(context=ssl.create_default_context(cafile=at["ca"]))
        smtp.login(at["user"], at["password"])
        smtp.send_message(message)


def _put_on_card(story):
    """佐藤 saves the chain, puts the certificate on the card, proves, and hands the proof in. Returns its text."""
    sato, pin = story.sato.sign_in(), story.pins[CARD]
    home = story.desk_of(sato)
    sato.follow("証明書を引き渡す")
    chain = sato.save("証明書とチェーンを保存する")
    (home / chain.name).write_bytes(chain.data)
    story.run(
        sato,
        python(f"python -m tokens install --module {MODULE} --certificate {chain.name}"),
        pin=pin,
        env=_card(story),
    )
    command = re.sub(r"--module \S+", f"--module {MODULE}", sato.page.code("動作確認のコマンド"))
    story.run(sato, python(command), pin=pin, env=_card(story))
    proof = (home / "proof.txt").read_bytes()
    sato.press(button("hand_out"), {"動作確認の結果(proof.txt)": File("proof.txt", proof)})
    return proof.decode()


def _judged(story, chain, csr, proof):
    home = story.desk_of(story.sato)
    days = oracles.certificate(chain, csr, office.root_of(story), home)
    identity = oracles.token_certificate(home / "card", "佐藤のカード", story.pins[CARD], chain, home)
    told = json.loads(base64.b64decode("".join(proof.split("-----")[2].split())))
    oracles.proof(chain, told["challenge"], bytes.fromhex(told["signature"]), home)
    return [
        f"openssl verify OK(CRLを含む・{days}日)",
        f"pkcs11-tool: カードの鍵の隣に証明書(ID {identity[:8]}…)",
        "openssl dgst -verify: 動作確認の署名OK",
    ]
