"""更新, 失効 and 緊急失効 in a real Chromium, with scripts and without them, the emergency on a phone. The certificate
that they begin with is made beforehand by the same pages without a browser. Prints how much each role had to do."""

import re
import subprocess
import time
from datetime import datetime, timedelta
from io import BytesIO

import pytest
from PIL import Image

from tests.browser import Visitor, chromium
from tests.browser_story import (
    Story,
    button,
    dispatch,
    examine,
    make_and_submit,
    seal,
    take_into_use,
    text,
)
from tests.story import office, on_the_token, teller
from tests.story.status import JST
from tests.world import World
from webapp.procedure import Kind

pytestmark = pytest.mark.slow

PHONE = 390


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with World(tmp_path_factory.mktemp("years") / "world") as world:
        yield world


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture
def story(world, browser, tmp_path, request, capsys):
    """With 鈴木 at a phone as `story.phone`."""
    how = getattr(request, "param", {})
    story = Story(world, browser, tmp_path, **how)
    name = world.people["suzuki"].name
    story.phone = Visitor(browser, world.url, name, how.get("scripts", True), PHONE)
    story.aloud = capsys.disabled
    return story


def issued(world, folder, title):
    """A certificate in use, by HTTP alone. Returns its number."""
    told = teller.Story(world, folder)
    number = office.choose_new(told, title, "研究室で公開する計測ソフトウェアへの署名")
    on_the_token.make_key(told)
    office.agree_and_submit(told)
    office.examine(told, title)
    office.seal(told)
    office.dispatch(told, title, files=3)
    office.wait_for_the_desk(told, number)
    office.take_call(told, title)
    office.take_delivery(told, number)
    told.sato.sign_in()
    told.sato.open(told.suzuki.page.url)
    told.sato.press(button("install"))
    office.accept(told)
    return number


def renew(story, title):
    """佐藤 begins at the certificate; everybody does their part; the new one is in use."""
    sato, suzuki = story.sato, story.suzuki
    sato.sign_in()
    sato.follow(title)
    sato.follow("更新を申請する")
    sato.press("更新の下書きを作る")
    assert "置き換える証明書" in text(sato)
    sato.follow("鍵ペアとCSRを用意する")
    make_and_submit(story)
    examine(story, title)
    seal(story)
    dispatch(story, title)
    suzuki.follow("届いた証明書を受け取る")
    take_into_use(story, letter(story, "コード署名用証明書の送付", r"\.zip"))


def letter(story, words, file):
    """鈴木 waits for a mail in the practice mailbox and saves a file of it. Returns the path; the page is as before."""
    suzuki = story.suzuki
    page, number = suzuki.page.url, re.search(r"CS-\d{4}-\d{4}", text(suzuki))[0]
    suzuki.follow("練習用の窓口のメール")
    link = suzuki.page.get_by_role("link", name=re.compile(f"{words}.*{number}"))
    end = time.monotonic() + 30
    while not link.count():
        assert time.monotonic() < end, f"no mail {words} about {number}"
        suzuki.page.wait_for_timeout(300)
        suzuki.open(suzuki.page.url)
    suzuki.follow(link.first.inner_text().strip())
    found = suzuki.page.get_by_role("link", name=re.compile(file)).first.inner_text().strip()
    path = suzuki.save(found, story.folder)
    suzuki.open(page)
    return path


def revoke(story, title):
    """佐藤 asks for the revocation of the one that was replaced; the world confirms it."""
    sato, suzuki = story.sato, story.suzuki
    sato.open(story.world.url)
    sato.page.goto(story.world.url + "/applications")
    sato.follow(story.renewal)
    sato.follow("置き換えた証明書を見る")
    sato.follow("失効を申請する")
    sato.tick("新しい証明書への置き換え")
    sato.fill("失効理由コメント", "更新したため")
    sato.press("失効の下書きを作る")
    sato.follow("内容を確認して提出する")
    sato.press(button("submit", Kind.REVOKE))
    sato.wait_while_working()
    examine(story, title)
    seal(story)
    dispatch_two(story, title)
    suzuki.follow("届いた通知を記録する")
    bring_notice(story, suzuki)


def dispatch_two(story, title):
    suzuki = story.suzuki
    suzuki.open(story.world.url)
    suzuki.follow(title)
    send_two(suzuki)


def send_two(suzuki):
    suzuki.follow("送付物を確認する")
    assert "添付ファイル(2点)" in text(suzuki)
    suzuki.page.get_by_role("checkbox").check()
    suzuki.tally.choices += 1
    suzuki.press(button("dispatch"))
    suzuki.wait_while_working()
    assert "認証局の失効処理を待っています。" in text(suzuki)


def bring_notice(story, suzuki):
    story.suzuki, before = suzuki, story.suzuki
    mail = letter(story, "失効完了のお知らせ", "メール全体を保存する")
    story.suzuki = before
    suzuki.hand_in("失効完了通知メール", mail)
    suzuki.press(button("note_completion", Kind.REVOKE))
    wait_for_the_world(suzuki)


def wait_for_the_world(visitor):
    """Until CRL and OCSP have said so; the page may have been left and opened again."""
    end = time.monotonic() + 60
    while "認証局の署名のある回答で確認しました。" not in text(visitor):
        assert time.monotonic() < end, text(visitor)
        visitor.page.wait_for_timeout(500)
        visitor.page.goto(visitor.page.url)
    visitor.open(visitor.page.url)


def hurry(story, title):
    """鈴木, on the phone, revokes the new certificate alone; 山本 reviews it."""
    phone, yamamoto = story.phone, story.yamamoto
    phone.sign_in()
    phone.follow("新しい申請を始める")
    phone.tick("秘密鍵が漏れた、またはトークンをなくした(危殆化)")
    phone.press("この手続きへ進む")
    phone.follow(re.compile(f"^失効を申請する.*{title}"))
    phone.follow("緊急失効に進む")
    at = datetime.now(JST) - timedelta(hours=2)
    phone.fill("推定日", at.date().isoformat())
    phone.fill("推定時刻", f"{at:%H:%M}")
    phone.fill("何が起きたか(失効理由コメント)", "トークンを紛失")
    phone.press("緊急失効を始める")
    assert "24時間の期限まで、あと" in text(phone)
    phone.wait_while_working()
    address = phone.page.url.partition("?")[0]
    phone.follow("審査する")
    phone.press(button("examine", Kind.REVOKE))
    phone.follow("内容を確認し、署名に進む")
    stamp(story, phone)
    phone.open(address)
    send_two(phone)
    phone.follow("届いた通知を記録する")
    bring_notice(story, phone)
    yamamoto.sign_in()
    yamamoto.open(address)
    yamamoto.follow("事後確認を記録する")
    yamamoto.fill("確認した内容", "届出と送付物を確認しました。")
    yamamoto.press(button("review_emergency", Kind.REVOKE))
    assert "事後確認がまだ済んでいません" not in text(yamamoto)


def stamp(story, phone):
    """The stamped paper comes back as a photograph; here as a blank page, which has no code to read."""
    path = story.folder / "scan.png"
    path.write_bytes(blank_page())
    phone.hand_in("捺印済みのスキャン(PDF・TIFF・JPEG・PNG)", path)
    phone.press("スキャンを読み取り、印影を確認する")
    phone.fill("見比べた内容", "照合番号と記載内容を見比べました。")
    for box in phone.page.get_by_role("checkbox").all():
        box.check()
        phone.tally.choices += 1
    phone.press(button("stamp"))


def blank_page():
    output = BytesIO()
    Image.new("RGB", (1240, 1754), "white").save(output, "PNG")
    return output.getvalue()


def tell(story, tmp_path, title):
    story.renewal = issued(story.world, tmp_path / "desks", title)
    began = time.monotonic()
    renew(story, title)
    story.renewal = re.search(r"CS-\d{4}-\d{4}", text(story.sato))[0]
    story.end(began, "更新 ")
    revoke(story, title)
    story.end(began, "失効 ")
    hurry(story, title)
    story.suzuki = story.phone
    story.end(began, "緊急失効 ")


def test_renewal_revocation_and_emergency_in_a_browser(story, tmp_path):
    tell(story, tmp_path, "更新と失効の一件目")


@pytest.mark.parametrize("story", [{"scripts": False}], indirect=True, ids=["without_javascript"])
def test_renewal_revocation_and_emergency_in_a_browser_without_javascript(story, tmp_path):
    tell(story, tmp_path, "更新と失効の二件目")


def test_the_contact_sheet_is_one_page_of_a4_and_works_on_a_phone(story, tmp_path):
    phone = story.phone
    phone.sign_in()
    for address in ("/emergency-contacts", "/emergency-contacts/sheet"):
        phone.open(story.world.url + address)
    pdf = tmp_path / "sheet.pdf"
    phone.page.pdf(path=pdf, prefer_css_page_size=True)
    told = subprocess.run(["pdfinfo", pdf], capture_output=True, text=True, check=True, timeout=30).stdout
    assert re.search(r"Pages: +1\n", told) and re.search(r"Page size: .*\(A4\)", told)
    printed = subprocess.run(["pdftotext", pdf, "-"], capture_output=True, text=True, check=True, timeout=30).stdout
    assert all(number in printed for number in ("03-5500-1101", "03-5500-1119", "03-5500-1002"))
    assert phone.faults == []
