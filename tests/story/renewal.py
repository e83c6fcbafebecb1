"""1-2: the certificate of the first case is renewed. It begins with one press; key, consent, identity and seal are new. 佐藤's key
and certificate come onto a card of 佐藤's, and 田中 signs in and seals, each at a signing station of their own."""

from tests.person import File
from tests.story import office, on_the_token, oracles, station
from tests.story.teller import button, demand, python

CARD, PIN = "佐藤の新しいカード", "利用管理者の新しいカード"


def pair(story):
    """佐藤 and 田中 pair their PCs, each with a card. Returns both Stations; their programs learn of it within seconds."""
    sato, tanaka = story.sato.sign_in(), story.tanaka.sign_in()
    store = story.desk_of(sato) / "station-card"
    story.run(sato, python(f"python -m tokens init-softhsm {store} --token {CARD}"), pin=story.pins[PIN])
    sato.tally.pins -= 1  # a real card comes with its PIN
    head_pin = story.pins["機関責任者のカード"]
    both = (
        station.Station(story, sato, store, story.pins[PIN]),
        station.Station(story, tanaka, story.world.data / "card", head_pin),
    )
    for each in both:
        each.begin()
    return both


def tell(story, old, stations):
    """Returns the Issued that replaces `old`."""
    sato, tanaka = story.sato, story.tanaka
    own, heads = stations
    for each in stations:
        each.start()
    with story.section("1-2") as shown:
        number = _begin(story, old)
        shown.append(f"証明書 {old.serial[:16]}…から更新を始め、{number}の下書き")
        csr, read = _make_new_key(story, old, own)
        shown += [
            "前の鍵のCSRは登録できない(CSR-06)",
            f"{sato.someone.name}の署名ステーションで、カードに新しい鍵({read.key})",
            "openssl req -verify OK",
        ]
        office.agree_and_submit(story)
        office.examine(story, on_the_token.TITLE)
        shown += ["3つの文書を承認し直し", "本人を確認し直し"]
    with story.section("カードでサインイン") as shown:
        serial = station.sign_in(story, heads)
        shown += [
            f"{tanaka.someone.name}が確認番号とPINだけで入室",
            f"pkcs11-toolとopenssl: 認証専用の証明書 {serial[:16]}…",
        ]
    with story.section("署名ステーションで電子署名") as shown:
        shown.append(f"pdfsig: 有効・文書全体・署名者 {_seal(story, heads, number)}")
    with story.section("更新した証明書の利用開始") as shown:
        office.dispatch(story, on_the_token.TITLE, files=3)
        office.wait_for_the_desk(story, number)
        office.take_call(story, on_the_token.TITLE)
        office.take_delivery(story, number)
        _install(story, own, number)
        chain = office.accept(story)
        new = office.Issued(number, csr, chain)
        place = story.desk_of(sato) / "station-card", CARD, story.pins[PIN]
        shown += [f"新しい証明書 {new.serial[:16]}…を署名ステーションで格納", *office.judged(story, chain, csr, *place)]
        days = oracles.certificate(old.chain, old.csr, office.root_of(story), story.desk_of(sato))
        shown.append(f"前の証明書もまだ有効(openssl verify OK・{days}日)")
    for each in stations:
        each.close()
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


def _make_new_key(story, old, own):
    """Returns (CSR, what openssl reads in it)."""
    sato = story.sato
    sato.follow("鍵ペアとCSRを用意する")
    sato.press(button("attach_csr"), {"CSRのファイル": File("old.csr", old.csr)}, status=422)
    told = f"証明書 シリアル番号 {old.serial}({old.number})"
    demand("CSR-06" in sato.page.text and told in sato.page.text, f"前の鍵のCSRが断られません: {sato.page.text}")
    sato.press("署名ステーションで生成する", {"手元のトークンに作る鍵の種類": "ECDSA P-256"})
    own.do(("鍵の作成とCSRへの署名", "主体者 CN", CARD))
    station.finish(own)
    csr = sato.save("保存: CSR 第1版").data
    read = oracles.request(csr)
    demand(read.key == "P-256" and read.public_key != oracles.request(old.csr).public_key, f"鍵が {read.key} です。")
    keys = oracles.key_on_token(story.desk_of(sato) / "station-card", CARD, story.pins[PIN])
    demand(["never extractable" in access for access in keys.values()] == [True], f"pkcs11-tool: {keys}")
    return csr, read


def _seal(story, heads, number):
    """田中 has come in by the card. Returns whom pdfsig names."""
    tanaka = story.tanaka
    tanaka.follow("内容を確認し、署名に進む")
    tanaka.press("署名ステーションで署名する")
    heads.do(("申請書への電子署名", number, tanaka.someone.mail))
    station.finish(heads)
    demand("電子署名は有効です。" in tanaka.page.text, tanaka.page.text)
    return oracles.seal(tanaka.save(tanaka.page.fact("書類")).data, story.desk_of(tanaka))


def _install(story, own, number):
    sato = story.sato.sign_in()
    sato.follow("証明書を引き渡す")
    sato.press("署名ステーションで格納する")
    own.do(("証明書の格納", number))
    station.finish(own)
