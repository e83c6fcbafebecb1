"""緊急失効: the card of the second case is lost. 鈴木 alone goes from the telephone call to the dispatch, with a stamp;
the key is blocked at once, CSIRT and CISO are told, and 山本 reviews it afterwards."""

from datetime import UTC, datetime, timedelta

from tests.story import office, on_a_card, revocation
from tests.story.status import JST
from tests.story.teller import button, demand
from webapp.procedure import Kind

TITLE = on_a_card.TITLE
COMMENT = "出張先でトークンを紛失"
CONTACTS = {"csirt@shinsei.example", "ciso@shinsei.example"}


def tell(story, lost):
    sato, suzuki = story.sato, story.suzuki
    with story.section("緊急失効") as shown:
        number = _begin(story, lost)
        shown += [f"{suzuki.someone.name}が一人で開始({number})", "鍵の使用を停止", _told(story)]
        revocation.papers_say(story, suzuki, lost, "秘密鍵の危殆化", COMMENT, "緊急")
        suzuki.follow("審査する")
        suzuki.press(button("examine", Kind.REVOKE))
        suzuki.follow("内容を確認し、署名に進む")
        on_a_card.stamp(story)
        office.dispatch(story, TITLE, files=2)
        shown += ["審査、捺印、送付(添付2点)"]
        office.wait_for_the_desk(story, number, "失効済")
        revocation.take_notice(story, number, (sato, suzuki))
        shown += revocation.confirmed(story, lost, "keyCompromise")
    with story.section("事後確認") as shown:
        _review(story, number)
        shown += [f"{suzuki.someone.name}には記録できない", f"{story.yamamoto.someone.name}が確認を記録"]


def _begin(story, lost):
    """佐藤 has telephoned; 鈴木 finds the certificate and begins. Returns the number."""
    suzuki = story.suzuki.sign_in()
    suzuki.follow("新しい申請を始める")
    suzuki.press("この手続きへ進む", {"秘密鍵が漏れた、またはトークンをなくした(危殆化)": True})
    suzuki.follow(f"失効を申請する: {TITLE} {lost.serial[:16]}")
    suzuki.follow("緊急失効に進む")
    demand(all(mail in suzuki.page.text for mail in CONTACTS), suzuki.page.text)
    at = datetime.now(UTC).astimezone(JST) - timedelta(hours=2)
    since = {"推定日": at.date().isoformat(), "推定時刻": f"{at:%H:%M}"}
    suzuki.press("緊急失効を始める", since | {"何が起きたか(失効理由コメント)": COMMENT})
    demand("24時間の期限まで、あと" in suzuki.page.text and "事後確認がまだ" in suzuki.page.text, suzuki.page.text)
    number = office.number_on(suzuki.page)
    story.sato.sign_in().open("/certificates")
    story.sato.follow(TITLE)
    demand("使用を止めています" in story.sato.page.text, story.sato.page.text)
    demand("signtool" not in story.sato.page.text, "止めた鍵で署名するコマンドが表示されています。")
    return number


def _told(story):
    """CSIRT and CISO have a mail about it, with what was typed in no subject."""
    story.suzuki.wait(lambda _: _urgent(story), "CSIRTとCISOへのメール")
    return "CSIRT・CISOにメール"


def _urgent(story):
    reached = {address.addr_spec for mail in office.mails(story) for address in mail["To"].addresses}
    return reached >= CONTACTS


def _review(story, number):
    suzuki, yamamoto = story.suzuki, story.yamamoto
    suzuki.open("/applications")
    suzuki.follow(number)
    demand("事後確認を記録する" not in suzuki.page.links(), "本人が事後確認を記録できます。")
    yamamoto.sign_in()
    yamamoto.open("/applications")
    yamamoto.follow(number)
    yamamoto.follow("事後確認を記録する")
    yamamoto.press(button("review_emergency", Kind.REVOKE), {"確認した内容": "届出と送付物を確認しました。"})
    demand(yamamoto.page.fact("事後確認") == yamamoto.someone.name, yamamoto.page.text)
