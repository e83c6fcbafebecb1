"""1-2: the certificate of the first case is renewed. It begins with one press; key, consent, identity and seal are new."""

from tests.person import File
from tests.story import office, on_the_token, oracles
from tests.story.teller import button, demand


def tell(story, old):
    """Returns the Issued that replaces `old`."""
    sato, suzuki = story.sato, story.suzuki
    with story.section("1-2") as shown:
        number = _begin(story, old)
        shown.append(f"証明書 {old.serial[:16]}…から更新を始め、{number}の下書き")
        csr = _make_new_key(story, old)
        shown += ["前の鍵のCSRは登録できない(CSR-06)", "トークンに新しい鍵"]
        office.agree_and_submit(story)
        office.examine(story, on_the_token.TITLE)
        signer = office.seal(story)
        office.dispatch(story, on_the_token.TITLE, files=3)
        shown += ["3つの文書を承認し直し", "本人を確認し直し", f"電子署名({signer})", "送付"]
        office.wait_for_the_desk(story, number)
        office.take_call(story, on_the_token.TITLE)
        office.take_delivery(story, number)
        suzuki.press(button("install"))
        chain = office.accept(story)
        new = office.Issued(number, csr, chain)
        shown += [f"新しい証明書 {new.serial[:16]}…", *office.judged(story, chain, csr)]
        days = oracles.certificate(old.chain, old.csr, office.root_of(story), story.desk_of(sato))
        shown.append(f"前の証明書もまだ有効(openssl verify OK・{days}日)")
    return new


def _begin(story, old):
    """佐藤 is led to 更新 and presses once. Returns the number of the draft."""
    sato = story.sato.sign_in()
    sato.follow("新しい申請を始める")
    sato.press("この手続きへ進む", {"いまの証明書を続けて使いたい(有効期限が近い)": True})
    sato.follow(f"更新を申請する: {on_the_token.TITLE} {old.serial[:16]}")
    sato.press("更新の下書きを作る")
    demand(sato.page.fact("置き換える証明書") == f"シリアル番号 {old.serial}", sato.page.text)
    demand(sato.page.fact("管理名称") == on_the_token.TITLE, sato.page.text)
    return office.number_on(sato.page)


def _make_new_key(story, old):
    sato = story.sato
    sato.follow("鍵ペアとCSRを用意する")
    sato.press(button("attach_csr"), {"CSRのファイル": File("old.csr", old.csr)}, status=422)
    told = f"証明書 シリアル番号 {old.serial}({old.number})"
    demand("CSR-06" in sato.page.text and told in sato.page.text, f"前の鍵のCSRが断られません: {sato.page.text}")
    csr, read = on_the_token.make_key(story)
    demand(read.public_key != oracles.request(old.csr).public_key, "鍵が前と同じです。")
    return csr
