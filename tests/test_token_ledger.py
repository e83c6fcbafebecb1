"""The token ledger: who holds which token, which keys lie on it, and what follows when it is lost or disposed of."""

import csv
import io
from datetime import timedelta

import pytest
from peewee import IntegrityError

from tests.cases import unguarded
from tests.test_stocktaking import held
from tests.test_successions import Given, everything_to
from webapp import clock
from webapp.acts import case as case_acts
from webapp.acts import delivery, revocations, successions, token_ledger
from webapp.errors import NotYourAct, Overtaken
from webapp.register import (
    Account,
    Certificate,
    Challenge,
    Event,
    KeyPair,
    Token,
    TokenHandover,
    database,
    verify_chain,
)
from webapp.register.tokens import months_before

__all__ = ["held"]
pytestmark = pytest.mark.both_databases
SERIAL = "00A1B2C3"


def typed(**given):
    return {
        "label": "署名用USBトークン 1号",
        "kind": "usb",
        "manufacturer": "Yubico",
        "model": "YubiKey 5 FIPS",
        "serial": SERIAL,
        "firmware": "5.4.3",
        "scheme": "FIPS140-2",
        "level": "レベル2",
        "number": "#3914",
        "status_on": clock.today().isoformat(),
        "holder": "",
        "place": "情報基盤センター 金庫",
    } | given


def see(browser, url, status):
    page = browser.see(url)
    assert page.status == status, page.text
    return page


def press(browser, url, data, status):
    page = browser.press(url, data)
    assert page.status == status, page.text
    return page


@pytest.fixture
def token(case):
    """A token that 佐藤 holds."""
    return token_ledger.enter_token(case.who("鈴木"), typed(holder=str(case("佐藤").id)))


def proven_on(certificate, serial=SERIAL):
    now = clock.now()
    Challenge.create(
        certificate=certificate,
        nonce=f"{certificate.id:064x}",
        set_at=now,
        met_at=now,
        mechanism="ECDSA",
        token_serial=serial,
    )
    return certificate


def again(row):
    return type(row).get_by_id(row.id)


def test_an_officer_enters_a_token_and_finds_it(browser, suzuki, sato):
    browser.sign_in_as(suzuki)
    assert "トークンはまだ登録されていません" in browser.see("/tokens").text
    page = browser.press("/tokens", typed(holder=str(sato.id)))
    assert "トークンを登録しました" in page.text and "FIPS 140-2 レベル2 #3914" in page.text
    for address in ("?q=YubiKey", "?q=Yubi%00", "?kind=usb&state=at_hand", "?q=佐藤"):
        assert "署名用USBトークン 1号" in browser.see(f"/tokens{address}").text, address
    for address in ("?q=ない", "?q=%25", "?kind=hsm", "?state=lost"):
        assert "条件に合うトークンはありません" in browser.see(f"/tokens{address}").text, address
    assert "署名用USBトークン 1号" in browser.see("/tokens?kind=nothing&state=x&after=zz").text
    told = Event.select().where(Event.act == "enter_token").get()
    assert sato.name not in str(told.facts) and told.particulars == {"holder": sato.name}


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"label": " "}, "呼び名を入力してください"),
        ({"kind": "paper"}, "種類を選んでください"),
        ({"level": ""}, "レベルを入力してください"),
        ({"status_on": "2099-01-01"}, "今日までの日付"),
        ({"kind": "soft"}, "認証を受けたハードウェアではありません"),
        ({"holder": "999999"}, "所持者を一覧から選んでください"),
        ({"serial": "x" * 101}, "100文字以内"),
        ({"label": "a\u200bb"}, "1行で入力してください"),
    ],
)
def test_what_cannot_be_entered_is_said_beside_its_field(given, sentence, browser, suzuki):
    browser.sign_in_as(suzuki)
    page = press(browser, "/tokens", typed(**given), 422)
    assert sentence in page.text and not Token.select().exists()


def test_a_serial_belongs_to_one_token_at_hand(token, browser, suzuki, case):
    browser.sign_in_as(suzuki)
    page = press(browser, "/tokens", typed(label="2号"), 422)
    assert "署名用USBトークン 1号" in page.text
    token_ledger.dispose_token(case.who("鈴木"), token, disposal())
    assert "登録しました" in browser.press("/tokens", typed(label="2号")).text


def disposal(**given):
    return {"disposed_on": clock.today().isoformat(), "disposal": "裁断", "witness": "山本 次郎"} | given


def test_the_subscriber_sees_the_own_tokens_and_no_others(token, case, browser, sato, takahashi, kobayashi, ito):
    other = token_ledger.enter_token(case.who("鈴木"), typed(label="2号", serial="B"))
    browser.sign_in_as(sato)
    page = browser.see("/tokens")
    assert "1号" in page.text and "2号" not in page.text and "トークンを登録する" not in page.text
    browser.see(f"/tokens/{token.id}")
    see(browser, f"/tokens/{other.id}", 404)
    see(browser, "/tokens/new", 403)
    browser.sign_in_as(takahashi)
    see(browser, f"/tokens/{token.id}", 404)
    press(browser, f"/tokens/{token.id}/loss", {"lost_on": "2026-01-01", "note": "x"}, 404)
    browser.sign_in_as(kobayashi)
    see(browser, "/tokens", 403)
    browser.sign_in_as(ito)
    page = browser.see(f"/tokens/{token.id}")
    assert "紛失した" not in page.text and "記載を直す" not in page.text
    for noun in ("handover", "loss", "disposal", "withdrawal", "receipt", "correction"):
        response = browser.post(f"/tokens/{token.id}/{noun}", headers={"Origin": "http://localhost"})
        assert response.status_code in (403, 409), noun
    assert again(token).is_at_hand


def test_a_token_shows_what_lies_on_it_without_anybody_typing_it(token, held, case, browser, suzuki):
    proven = proven_on(held("動作確認した証明書"))
    application = case.in_use(title="鍵を生成した証明書")
    made = Certificate.of(application)
    KeyPair.create(
        application=application, cka_id="0a", algorithm="P-256", label="x", planned_at=clock.now(), made_at=clock.now(),
        spki_sha256=made.spki_sha256, token_label="T", token_serial=SERIAL,
    )  # fmt: skip
    held("ほかの証明書")
    browser.sign_in_as(suzuki)
    page = browser.see(f"/tokens/{token.id}")
    assert "動作確認した証明書" in page.text and "鍵を生成した証明書" in page.text and "ほかの証明書" not in page.text
    assert {row.id for row in token.certificates()} == {proven.id, made.id}
    assert "署名用USBトークン 1号" in browser.see(f"/certificates/{proven.id}").text


def test_the_receiver_confirms_with_one_press_and_then_holds_it(token, browser, sato, takahashi, suzuki):
    browser.sign_in_as(sato)
    given = {"receiver": str(takahashi.id), "on_day": clock.today().isoformat(), "note": "異動のため"}
    assert "引き渡しを記録しました" in browser.press(f"/tokens/{token.id}/handover", given).text
    assert again(token).holder == sato
    assert "前の引き渡し" in press(browser, f"/tokens/{token.id}/handover", given, 422).text
    press(browser, f"/tokens/{token.id}/receipt", {}, 403)
    browser.sign_in_as(takahashi)
    assert "受け取ったら、受領を確認してください" in browser.see("/").text
    assert "受領を確認する" in browser.see(f"/tokens/{token.id}").text
    page = browser.press(f"/tokens/{token.id}/receipt", {})
    assert "受領を確認しました" in page.text and "異動のため" in page.text
    assert again(token).holder == takahashi
    press(browser, f"/tokens/{token.id}/receipt", {}, 409)
    browser.sign_in_as(sato)
    see(browser, f"/tokens/{token.id}", 404)
    told = Event.select().where(Event.act == "hand_token").get()
    assert sato.name not in str(told.facts) and sato.name in told.particulars["note"]


def test_the_paper_of_a_succession_names_the_token_of_the_ledger(token, held, by, suzuki, sato, takahashi):
    proven_on(held())
    held("鍵の場所が分からない証明書")
    (row,) = successions.hand_over(by(suzuki), sato, Given(everything_to(takahashi)))
    keys = [each["key"] for each in row.values()["certificates"]]
    assert keys == [f"署名用USBトークン 1号 / {SERIAL}", ""]


def test_a_hand_over_that_did_not_take_place_is_withdrawn(token, case, takahashi):
    given = {"receiver": str(takahashi.id), "on_day": clock.today().isoformat()}
    token_ledger.hand_token(case.who("鈴木"), token, given)
    with pytest.raises(NotYourAct):
        token_ledger.withdraw_token(case.who("高橋"), token)
    token_ledger.withdraw_token(case.who("佐藤"), token)
    assert again(token).holder == case("佐藤") and TokenHandover.get().withdrawn_at
    with pytest.raises(Overtaken):
        token_ledger.receive_token(case.who("高橋"), token)


def test_a_loss_blocks_the_keys_at_once_and_leads_to_the_revocations(token, held, browser, sato, suzuki):
    one, over, other = proven_on(held("一つ目")), held("失効済み", revoked_at=clock.now()), held("ほかの鍵")
    proven_on(over)
    browser.sign_in_as(sato)
    assert "状況を入力" in press(browser, f"/tokens/{token.id}/loss", {"lost_on": "", "note": ""}, 422).text
    given = {"lost_on": clock.today().isoformat(), "note": "出張先で見当たらない"}
    page = browser.press(f"/tokens/{token.id}/loss", given)
    assert page.status == 200, page.text
    assert "紛失を記録" in page.text and f"/certificates/{one.id}/revocation?reason=1" in page.html
    assert f"/certificates/{one.id}/emergency" not in page.html
    assert again(one).blocked_at and not again(other).blocked_at and not again(over).blocked_at
    browser.sign_in_as(suzuki)
    assert f"/certificates/{one.id}/emergency" in browser.see(f"/tokens/{token.id}").html
    press(browser, f"/tokens/{token.id}/loss", given, 409)
    assert Event.select().where(Event.act == "block_key").count() == 1
    verify_chain()


def test_what_was_lost_stays_blocked_whatever_becomes_of_its_revocation(token, case):
    certificate = proven_on(Certificate.of(case.in_use()))
    token_ledger.lose_token(case.who("佐藤"), token, {"lost_on": clock.today().isoformat(), "note": "紛失"})
    application = revocations.open_revocation(again(certificate), case.who("佐藤"), 5, "配布をやめるため", None, None)
    assert again(certificate).blocked_at
    case_acts.withdraw(application, case.who("佐藤"), "取りやめます。")
    assert again(certificate).blocked_at and again(certificate).revoking_id is None


def test_a_certificate_that_arrives_for_a_lost_token_is_blocked_at_once(token, case):
    application = case.sent()
    pair = {"cka_id": "0a", "algorithm": "P-256", "label": "x", "planned_at": clock.now(), "made_at": clock.now()}
    spki = application.csrs[0].spki_sha256
    KeyPair.create(application=application, spki_sha256=spki, token_serial=SERIAL, **pair)
    token_ledger.lose_token(case.who("佐藤"), token, {"lost_on": clock.today().isoformat(), "note": "紛失"})
    with unguarded():
        delivery.take_delivery(application, case.who("鈴木"), "certificate.zip", case.zip_for(application))
    assert Certificate.of(application).blocked_at


def test_a_token_with_valid_keys_is_disposed_of_only_with_a_reason(token, held, browser, suzuki):
    proven_on(held())
    browser.sign_in_as(suzuki)
    page = press(browser, f"/tokens/{token.id}/disposal", disposal(), 422)
    assert "有効な証明書1枚の鍵がこのトークンにあります" in page.text and "裁断" in page.text
    page = browser.press(f"/tokens/{token.id}/disposal", disposal(reason="故障して読み出せない"))
    assert "廃棄を記録しました" in page.text and "故障して読み出せない" in page.text
    press(browser, f"/tokens/{token.id}/disposal", disposal(reason="もう一度"), 409)


def test_what_is_due_is_an_old_certification_a_holder_who_has_left_and_a_receipt(token, case, takahashi):
    def keys():
        return [due.key for due in token_ledger.dues(clock.today())]

    assert keys() == []
    old = months_before(clock.today(), 13) - timedelta(days=1)
    token_ledger.correct_token(case.who("鈴木"), token, typed(status_on=old.isoformat()))
    assert keys() == [f"token-status-{token.id}-{old}"]
    Account.update(closed_at=clock.now()).where(Account.person == case("佐藤")).execute()
    assert f"token-holder-{token.id}-{case('佐藤').id}" in keys()
    long_ago = (clock.today() - timedelta(days=4)).isoformat()
    token_ledger.hand_token(case.who("鈴木"), token, {"receiver": str(takahashi.id), "on_day": long_ago})
    row = TokenHandover.get()
    assert [key for key in keys() if "handover" in key] == [f"token-handover-{row.id}", f"token-handover-{row.id}-late"]
    assert next(due for due in token_ledger.dues(clock.today()) if "handover" in due.key).people == (takahashi,)


def test_the_ledger_is_saved_as_a_file_without_formulas(token, case, browser, ito, sato):
    token_ledger.enter_token(case.who("鈴木"), typed(label="=1+1", serial="B", scheme="none"))
    browser.sign_in_as(ito)
    data = browser.get("/tokens/export?format=csv").data.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(data)))
    assert [row["呼び名"] for row in rows] == ["'=1+1", "署名用USBトークン 1号"]
    assert rows[1]["所持者"] == sato.name and rows[0]["認証"] == "認証なし・不明"
    assert Event.select().where(Event.act == "export").get().facts["count"] == 2
    assert browser.get("/tokens/export?format=xlsx&state=lost").data[:2] == b"PK"


@pytest.mark.parametrize(
    "change",
    [
        {"label": ""},
        {"kind": "paper"},
        {"level": ""},
        {"kind": "soft"},
        {"lost_on": clock.today()},
        {"disposed_on": clock.today()},
        {"disposal": "裁断"},
    ],
)
def test_the_database_refuses_a_token_that_cannot_be(change, token):
    with pytest.raises(IntegrityError), database.atomic():
        Token.update(**change).where(Token.id == token.id).execute()


def test_the_database_keeps_one_open_hand_over_and_its_receiver(token, sato, suzuki, takahashi):
    columns = {"token": token, "on_day": clock.today(), "note": "", "entered_at": clock.now(), "entered_by": suzuki}
    TokenHandover.create(**columns, giver=sato, receiver=takahashi)
    for giver, receiver in ((sato, suzuki), (sato, sato)):
        with pytest.raises(IntegrityError), database.atomic():
            TokenHandover.create(**columns, giver=giver, receiver=receiver)
    with pytest.raises(IntegrityError), database.atomic():
        TokenHandover.update(receiver=suzuki).execute()
