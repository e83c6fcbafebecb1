"""棚卸し: once a year everybody says what they hold; what differs becomes a task; the report is signed off by another."""

import csv
import hashlib
import io
import json
from datetime import timedelta

import pytest
from peewee import IntegrityError

from tests.cases import letters_to
from webapp import clock, worker
from webapp.acts import stocktaking_items, stocktakings
from webapp.errors import NotYourAct, Overtaken, Refused
from webapp.register import Certificate, Event, Job, Letter, Stocktaking, StocktakingItem, database, verify_chain

pytestmark = pytest.mark.both_databases


@pytest.fixture
def held(case, sato):
    """Certificates for which somebody is responsible; 佐藤 if nobody else is named."""

    def make(title="計測ソフト配布用", person=sato, serial=None, **values):
        now = clock.now()
        return Certificate.create(
            **{
                "chain": [],
                "issuer_sha256": "a" * 64,
                "serial": serial or f"0a{Certificate.select().count():06x}",
                "subject": "CN=Shinsei University",
                "issuer": "CN=Code CA G1",
                "not_before": now - timedelta(30),
                "not_after": now + timedelta(300),
                "received_at": now,
                "findings": [],
                "origin": "imported",
                "title": title,
                "purpose": "計測ソフトウェアの配布",
                "department": person.department if person else None,
                "subscriber": person,
                "accepted_at": now,
            }
            | values
        )

    return make


def opened(case, days=30, name="2026年度"):
    due_on = (clock.today() + timedelta(days)).isoformat()
    return stocktakings.open_stocktaking(case.who("鈴木"), {"name": name, "due_on": due_on})


def item_of(certificate):
    return StocktakingItem.listed().where(StocktakingItem.certificate == certificate).get()


def work(settings):
    """Let the worker write the letters that were asked for (posting needs a mail server and is not ours here)."""
    Job.update(state="done").where(Job.kind == "post").execute()
    while worker.turn(settings):
        Job.update(state="done").where(Job.kind == "post").execute()


def count_of(events):
    return Event.select().where(Event.act == events).count()


def test_an_officer_opens_one_over_every_certificate_that_is_valid_now(held, browser, suzuki, sato):
    valid = held()
    held("失効済み", revoked_at=clock.now())
    held("期限切れ", not_after=clock.now() - timedelta(1))
    browser.sign_in_as(suzuki)
    assert "棚卸しを始める" in browser.see("/stocktakings").text
    due_on = (clock.today() + timedelta(30)).isoformat()
    page = browser.press("/stocktakings", {"name": "2026年度", "due_on": due_on})
    assert "棚卸しを始めました" in page.text and "1件のうち0件に回答" in page.text
    assert [item.certificate_id for item in StocktakingItem.select()] == [valid.id]
    assert item_of(valid).subscriber == sato
    assert Event.select().where(Event.act == "open_stocktaking").get().facts["count"] == 1


@pytest.mark.parametrize(
    ("name", "due_on", "words"),
    [
        ("", "2099-01-01", "年度を入力してください"),
        ("2026年度", "あした", "期限を日付で入力してください"),
        ("2026年度", "2020-01-01", "明日以降の日付"),
        ("2026年度", "99999999-01-01", "期限を日付で入力してください"),
    ],
)
def test_what_is_typed_wrong_is_told_and_kept(held, browser, suzuki, name, due_on, words):
    held()
    browser.sign_in_as(suzuki)
    page = browser.press("/stocktakings", {"name": name, "due_on": due_on})
    assert page.status == 422 and words in page.text and not Stocktaking.select().count()
    assert page.form("/stocktakings")["name"] == name


def test_only_one_is_open_at_a_time(held, case, suzuki):
    held()
    row = opened(case)
    with pytest.raises(Overtaken):
        opened(case, name="2027年度")
    with pytest.raises(IntegrityError), database.atomic():
        Stocktaking.create(name="2028年度", due_on=row.due_on, opened_at=clock.now(), opened_by=suzuki)


def test_the_subscriber_confirms_with_one_press(held, case, browser, sato):
    first, second = held(), held("気象観測用")
    row = opened(case)
    browser.sign_in_as(sato)
    assert "棚卸し: 2件の確認をお願いします" in browser.see("/").text
    page = browser.see(f"/stocktakings/{row.id}/own")
    assert "記載のとおりで、トークンは手元にある" in page.buttons()
    assert "准教授" in page.text and "計測ソフトウェアの配布" in page.text and "利用管理者が管理する場所" in page.text
    page = browser.press(f"/stocktaking-items/{item_of(first).id}/confirmation")
    assert "確認を記録しました" in page.text and "あと1件" in page.text
    item = item_of(first)
    assert (item.state, item.is_token_at_hand, item.answered_by, item.is_on_behalf) == ("confirmed", True, sato, False)
    assert item_of(second).state == "waiting"
    assert browser.press(f"/stocktaking-items/{item.id}/confirmation").status == 409
    assert Event.select().where(Event.act == "confirm_item").get().object_id == first.id


def test_what_differs_becomes_a_task_with_its_next_step(held, case, browser, sato, suzuki):
    certificate = held()
    row = opened(case)
    item = item_of(certificate)
    browser.sign_in_as(sato)
    address = f"/stocktaking-items/{item.id}/discrepancy"
    assert browser.press(address, {"note": "なくしました。"}).status == 422
    assert browser.press(address, {"points": "is_token_at_hand", "note": " "}).status == 422
    assert browser.press(address, {"points": "is_token_at_hand", "note": "あ" * 1001}).status == 422
    assert browser.press(address, {"points": "no such point", "note": "?"}).status == 422
    page = browser.press(address, {"points": ["is_in_use", "is_token_at_hand"], "note": "引っ越しでなくしました。"})
    links = page.links()
    assert links["トークンをなくしたときは、緊急失効を始める"] == f"/certificates/{certificate.id}/emergency"
    assert (
        links["使わない証明書の失効を申請する(理由: 利用の終了)"]
        == f"/certificates/{certificate.id}/revocation?reason=5"
    )
    assert [letter.subject for letter in letters_to("suzuki@shinsei.example")][-1].endswith("(計測ソフト配布用)")

    browser.sign_in_as(suzuki)
    assert "棚卸しで報告された相違 1件" in browser.see("/").text
    assert "引っ越しでなくしました。" in browser.see(f"/stocktaking-items/{item.id}").text
    assert browser.press(f"/stocktaking-items/{item.id}/settlement", {"settlement": ""}).status == 422
    page = browser.press(f"/stocktaking-items/{item.id}/settlement", {"settlement": "失効を申請した。"})
    assert "対応済みにしました" in page.text and "相違あり(対応済み)" in page.text
    assert "報告された相違" not in browser.see("/").text
    assert browser.press(f"/stocktaking-items/{item.id}/settlement", {"settlement": "二度目"}).status == 409
    assert browser.see(f"/stocktakings/{row.id}").status == 200


def test_an_officer_confirms_for_somebody_else_with_a_reason_and_never_for_themselves(held, case, browser, suzuki):
    other, own = held(), held("鈴木の証明書", person=suzuki)
    opened(case)
    browser.sign_in_as(suzuki)
    address = f"/stocktaking-items/{item_of(other).id}/proxy-confirmation"
    assert browser.press(address, {"reason": ""}).status == 422
    assert "代わりに確認したことを記録しました" in browser.press(address, {"reason": "電話で確かめた。"}).text
    assert item_of(other).is_on_behalf and item_of(other).note == "電話で確かめた。"
    assert browser.press(f"/stocktaking-items/{item_of(own).id}/proxy-confirmation", {"reason": "本人"}).status == 403
    assert "代わりに確認する" not in browser.see(f"/stocktaking-items/{item_of(own).id}").text
    assert browser.press(f"/stocktaking-items/{item_of(own).id}/confirmation").status == 200


def test_the_database_refuses_who_confirms_for_themselves_and_a_report_signed_by_its_closer(held, case, sato, suzuki):
    held()
    row = opened(case)
    right = dict.fromkeys(
        ("is_person_right", "is_post_right", "is_purpose_right", "is_in_use", "is_token_at_hand"), True
    )
    answered = right | {"state": "confirmed", "answered_at": clock.now(), "note": "電話"}
    for wrong in (
        answered | {"answered_by": suzuki, "answered_for": suzuki, "is_on_behalf": True},
        answered | {"answered_by": suzuki, "answered_for": sato, "is_on_behalf": False},
        answered | {"answered_by": suzuki, "answered_for": sato, "is_on_behalf": True, "note": ""},
        answered | {"answered_by": sato, "answered_for": sato, "is_in_use": False},
        answered | {"answered_by": sato, "answered_for": sato, "state": "discrepancy"},
        {"state": "confirmed"},
        {"settled_at": clock.now(), "settled_by": suzuki, "settlement": "済"},
    ):
        with pytest.raises(IntegrityError), database.atomic():
            StocktakingItem.update(**wrong).execute()
    stocktakings.close_stocktaking(row, case.who("鈴木"), "異動のため。")
    with pytest.raises(IntegrityError), database.atomic():
        Stocktaking.update(signed_off_at=clock.now(), signed_off_by=suzuki).execute()
    with pytest.raises(IntegrityError), database.atomic():
        Stocktaking.update(signed_off_at=clock.now(), signed_off_by=sato).execute()


def test_an_item_follows_the_certificate(held, case, browser, sato, takahashi, suzuki):
    handed, revoked = held("引き継ぐもの"), held("失効するもの")
    row = opened(case)
    Certificate.update(subscriber=takahashi).where(Certificate.id == handed.id).execute()
    Certificate.update(revoked_at=clock.now()).where(Certificate.id == revoked.id).execute()
    browser.sign_in_as(sato)
    assert "確認をお願いする証明書はありません" in browser.see(f"/stocktakings/{row.id}/own").text
    assert browser.press(f"/stocktaking-items/{item_of(handed).id}/confirmation").status == 404
    assert browser.press(f"/stocktaking-items/{item_of(revoked).id}/confirmation").status == 422
    browser.sign_in_as(takahashi)
    assert "あなたに引き継がれた証明書です" in browser.see(f"/stocktakings/{row.id}/own").text
    assert browser.press(f"/stocktaking-items/{item_of(handed).id}/confirmation").status == 200
    browser.sign_in_as(suzuki)
    page = browser.see(f"/stocktakings/{row.id}/items")
    assert "開始後に引き継ぎ" in page.text and "対象外(失効・期限切れ)" in page.text
    with pytest.raises(Refused):
        stocktaking_items.confirm_item(item_of(revoked), case.who("佐藤"))


def test_who_has_not_answered_is_reminded_by_one_letter_and_not_again_within_three_days(
    held, case, browser, suzuki, settings
):
    for number in range(3):
        held(f"配布用 {number}")
    held("理学部のもの", person=case("高橋"))
    row = opened(case)
    work(settings)
    assert [len(letters_to(f"{name}@shinsei.example")) for name in ("sato", "takahashi")] == [1, 1]
    assert "3件の確認をお願いします" in letters_to("sato@shinsei.example")[0].subject
    browser.sign_in_as(suzuki)
    page = browser.press(f"/stocktakings/{row.id}/reminders")
    assert page.status == 422 and "いま催促できる人はいません" in page.text
    clock.move(timedelta(days=4))
    browser.sign_in_as(suzuki)
    stocktaking_items.confirm_item_for(item_of(Certificate.get(title="理学部のもの")), case.who("鈴木"), "電話で。")
    assert "メールを送ります" in browser.press(f"/stocktakings/{row.id}/reminders").text
    work(settings)
    assert [len(letters_to(f"{name}@shinsei.example")) for name in ("sato", "takahashi")] == [2, 1]
    assert Letter.select().where(Letter.subject.contains("棚卸し")).count() == 3


def test_after_the_day_the_head_and_the_officers_read_who_has_not_answered(held, case, sato, tanaka, suzuki):
    held()
    row = opened(case, days=20)
    day = row.due_on
    assert [due.key for due in stocktakings.dues(day - timedelta(15))] == []
    assert [due.key for due in stocktakings.dues(day - timedelta(14))] == [f"stocktaking-{row.id}-{sato.id}-14"]
    assert [due.key for due in stocktakings.dues(day)] == [f"stocktaking-{row.id}-{sato.id}-1"]
    own, above = stocktakings.dues(day + timedelta(1))
    assert own.people == (sato,) and own.path == f"/stocktakings/{row.id}/own"
    assert "佐藤 次郎(1件)" in above.sentence and {tanaka, suzuki} <= set(above.people)
    assert [due.key for due in stocktakings.dues(day + timedelta(8))][1] == f"stocktaking-{row.id}-overdue-1"
    assert [due.on for due in stocktakings.dates(day, day)] == [day]
    stocktaking_items.confirm_item(item_of(Certificate.get()), case.who("佐藤"))
    assert list(stocktakings.dues(day + timedelta(1))) == []


def test_it_is_closed_with_a_report_that_another_person_signs_off(held, case, browser, suzuki, yamamoto, tanaka, ito):
    confirmed, lost, waiting = held("確認するもの"), held("なくしたもの"), held("答えのないもの")
    row = opened(case)
    stocktaking_items.confirm_item(item_of(confirmed), case.who("佐藤"))
    stocktaking_items.report_discrepancy(item_of(lost), case.who("佐藤"), ["is_token_at_hand"], "なくした。")
    browser.sign_in_as(suzuki)
    assert "実施中" in browser.see(f"/stocktakings/{row.id}/report").text
    assert browser.press(f"/stocktakings/{row.id}/closing").status == 422
    page = browser.press(f"/stocktakings/{row.id}/closing", {"reason": "佐藤さんが休職中のため。"})
    assert "棚卸し報告 2026年度" in page.heading and "承認待ち" in page.text and "なくした。" in page.text
    assert "この報告を承認する" not in page.buttons() and "佐藤さんが休職中のため。" in page.text
    row = Stocktaking.get()
    assert browser.press(f"/stocktakings/{row.id}/sign-off", {"sha256": row.report_sha256}).status == 403
    assert browser.press(f"/stocktaking-items/{item_of(waiting).id}/proxy-confirmation", {"reason": "?"}).status == 409

    saved = browser.see(f"/stocktakings/{row.id}/report.json").data
    assert hashlib.sha256(saved).hexdigest() == row.report_sha256
    report = json.loads(saved)
    assert report["counts"] == {"confirmed": 1, "discrepancy": 1, "settled": 0, "waiting": 1, "fallen": 0}
    assert [item["title"] for item in report["items"]] == ["なくしたもの", "答えのないもの"]
    assert report["departments"][0]["name"] == "工学部 計測工学研究室"

    browser.sign_in_as(tanaka)
    assert "報告を確認し、承認してください" in browser.see("/").text
    assert "この報告を承認する" in browser.see(f"/stocktakings/{row.id}/report").buttons()
    assert browser.press(f"/stocktakings/{row.id}/sign-off", {"sha256": "0" * 64}).status == 409
    assert "報告を承認しました" in browser.press(f"/stocktakings/{row.id}/sign-off", {"sha256": row.report_sha256}).text
    assert browser.press(f"/stocktakings/{row.id}/sign-off", {"sha256": row.report_sha256}).status == 409
    event = Event.select().where(Event.act == "sign_off_stocktaking").get()
    assert event.facts["report_sha256"] == row.report_sha256 and event.person == tanaka
    Certificate.update(revoked_at=clock.now()).where(Certificate.id == waiting.id).execute()
    assert browser.see(f"/stocktakings/{row.id}/report.json").data == saved
    browser.sign_in_as(ito)
    assert "承認済" in browser.see(f"/stocktakings/{row.id}").text
    assert verify_chain()


def test_the_next_one_can_be_opened_when_the_last_is_closed(held, case):
    held()
    row = opened(case)
    stocktakings.close_stocktaking(row, case.who("鈴木"), "試しのため。")
    with pytest.raises(Overtaken):
        stocktakings.remind_stocktaking(row, case.who("鈴木"))
    assert opened(case, name="2027年度").status == "確認中"


def test_the_export_holds_every_item_and_no_formula(held, case, browser, ito):
    held("=HYPERLINK(1)"), held("気象観測用", person=None)
    row = opened(case)
    browser.sign_in_as(ito)
    table = list(csv.reader(io.StringIO(browser.see(f"/stocktakings/{row.id}/items.csv").data.decode("utf-8-sig"))))
    assert table[0][:5] == ["管理名称", "シリアル番号", "所属", "利用管理者", "結果"] and len(table) == 3
    assert table[1][0] == "'=HYPERLINK(1)" and table[1][3:5] == ["佐藤 次郎", "未回答"] and table[2][3] == ""


def test_everybody_sees_and_does_only_what_is_theirs(held, case, browser, sato, takahashi, tanaka, ito, kobayashi):
    certificate = held()
    row, item = opened(case), item_of(certificate)
    office = [
        f"/stocktakings{end}"
        for end in ("", f"/{row.id}", f"/{row.id}/items", f"/{row.id}/report", f"/{row.id}/items.csv")
    ]
    posts = [f"/stocktakings/{row.id}/{end}" for end in ("reminders", "closing")]
    posts += [
        "/stocktakings",
        f"/stocktaking-items/{item.id}/proxy-confirmation",
        f"/stocktaking-items/{item.id}/settlement",
    ]
    own = [f"/stocktaking-items/{item.id}/{end}" for end in ("confirmation", "discrepancy")]
    for person, sees, meets in (
        (sato, 403, {403}),
        (takahashi, 403, {403, 404}),
        (kobayashi, 403, {403, 404}),
        (tanaka, 200, {403}),
        (ito, 200, {403}),
    ):
        browser.sign_in_as(person)
        assert [browser.see(url).status for url in office] == [sees] * len(office), person.name
        assert {browser.press(url, {"name": "x", "due_on": "2099-01-01"}).status for url in posts} <= meets, person.name
        if person != sato:
            assert {browser.press(url).status for url in own} <= meets, person.name
    browser.sign_in_as(takahashi)
    assert browser.see(f"/stocktaking-items/{item.id}").status == 404
    assert item_of(certificate).state == "waiting" and count_of("open_stocktaking") == 1
    with pytest.raises(NotYourAct):
        stocktaking_items.confirm_item(item, case.who("高橋"))
