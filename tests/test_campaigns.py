"""Forced replacement: so many certificates by a day, chosen with a trial, followed from the register itself."""

from datetime import timedelta

import pytest
from peewee import IntegrityError

from tests.cases import letters_to
from tests.test_stocktaking import held, work
from webapp import clock
from webapp.acts import campaigns
from webapp.acts import case as case_acts
from webapp.register import Application, Campaign, CampaignItem, Certificate, Event, database, verify_chain

__all__ = ["held"]
pytestmark = pytest.mark.both_databases


def typed(days=40, **given):
    due_on = (clock.today() + timedelta(days)).isoformat()
    return {"title": "中間認証局の失効", "reason": "認証局の通知(11月20日付)による。", "due_on": due_on} | given


@pytest.fixture
def opened(case):
    def make(days=40, **given):
        given = {"issuer": "Code CA G1"} if not given else given
        count = len(campaigns.campaign_choice.choose(given).numbers)
        return campaigns.open_campaign(case.who("鈴木"), typed(days, count=str(count), **given))

    return make


def renewal_of(certificate, stage="submitted", applicant=None):
    """An application that is to replace a certificate and stands at a stage."""
    person = applicant or certificate.subscriber
    return Application.create(
        number=f"CS-2026-9{certificate.id:03}",
        kind="issue",
        stage=stage,
        stage_since_at=clock.now(),
        came_by="submit",
        version=1,
        occasion="continue",
        title=certificate.title,
        purpose=certificate.purpose,
        created_at=clock.now(),
        department=certificate.department,
        applicant=person,
        subscriber=person,
        replaces=certificate,
    )


def test_an_officer_sees_in_a_trial_what_fits_and_then_opens(held, browser, suzuki, sato, settings):
    fits = [held("一つ目"), held("二つ目")]
    held("別の認証局", issuer="CN=Other CA")
    held("失効済み", revoked_at=clock.now())
    browser.sign_in_as(suzuki)
    page = browser.press("/campaigns/trial", typed(issuer="Code CA G1"))
    assert "2枚の有効な証明書が対象になります" in page.text and "別の認証局" not in page.text
    assert not Campaign.select().count() and "この2枚の置き換えを始める" in page.buttons()
    page = browser.press("/campaigns", typed(issuer="Code CA G1", count="2"))
    assert "一斉置き換えを始めました" in page.text and "2枚を置き換えます" in page.text and "あと40日" in page.text
    assert [item.certificate_id for item in CampaignItem.select().order_by(CampaignItem.id)] == [row.id for row in fits]
    work(settings)
    (letter,) = letters_to("sato@shinsei.example")
    assert "証明書2枚を置き換えてください(中間認証局の失効)" in letter.subject
    event = Event.select().where(Event.act == "open_campaign").get()
    assert event.facts["criteria"] == {"issuer": "Code CA G1"} and verify_chain()


def test_serials_are_pasted_in_any_notation_and_each_line_is_accounted_for(held, browser, suzuki):
    held("一つ目", serial="0a1b2c"), held("二つ目", serial="ff0199"), held("三つ目", serial="1122")
    held("失効済み", serial="0b", revoked_at=clock.now())
    held("同じ番号", serial="0c", issuer_sha256="b" * 64), held("同じ番号の別の発行者", serial="0c")
    lines = f"0A:1B:2C\n{0xFF0199}, 0x1122\n11 22\n0b\n0c\ndeadbeef01\nこれは番号ではない\n"
    browser.sign_in_as(suzuki)
    text = browser.press("/campaigns/trial", typed(serials=lines)).text
    assert "3枚の有効な証明書が対象になります" in text
    assert all(words in text for words in ("一つ目", "三つ目", "台帳にないシリアル番号: 1件", "deadbeef01"))
    assert "複数の証明書に当てはまるため" in text and "すでに失効・期限切れの証明書: 1件" in text
    assert "読み取れない行: 1件" in text and "使えない文字" in text


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "条件を、1つ以上入力してください"),
        ({"issuer": "Code", "title": ""}, "件名を入力してください"),
        ({"issuer": "Code", "reason": " "}, "理由"),
        ({"issuer": "Code", "reason": "あ" * 2001}, "2000文字以内"),
        ({"issuer": "Code", "due_on": "来週"}, "期限を日付で入力してください"),
        ({"issuer": "Code", "due_on": "2020-01-01"}, "今日以降"),
        ({"issued_since": "2026-13-01"}, "発行日(この日から)を日付で"),
        ({"ends_until": "9999-12-31"}, "年を確かめてください"),
        ({"issuer": "Code", "due_on": "0001-01-01"}, "今日以降"),
        ({"department": "; DROP TABLE"}, "所属を一覧から"),
        ({"department": "9" * 18}, "有効な証明書がありません"),
        ({"key": "zz"}, "16進64桁"),
        ({"issuer": "ない発行者"}, "有効な証明書がありません"),
        ({"issuer": "Code", "count": "7"}, "いま1枚です"),
        ({"serials": "0" * 3_000_001}, "一度に貼り付けられる量"),
    ],
)
def test_what_is_typed_wrong_is_told_and_kept(held, browser, suzuki, given, words):
    held()
    browser.sign_in_as(suzuki)
    page = browser.press("/campaigns", typed(**given))
    assert page.status == 422 and words in page.text and not Campaign.select().count()
    assert "中間認証局の失効" in page.html or "title" in given


def test_the_page_tells_from_the_register_how_far_each_has_come(held, opened, browser, suzuki, sato):
    waiting, under_way, in_use, replaced, revoked = (held(f"証明書{n}") for n in range(5))
    nobody = held("担当者のないもの", person=None)
    row = opened()
    renewal_of(under_way)
    for old in (in_use, replaced):
        application = renewal_of(old, stage="submitted")
        held(f"{old.title}の後継", application=application)
    Certificate.update(revoked_at=clock.now()).where(Certificate.id.in_([replaced.id, revoked.id])).execute()
    refused = renewal_of(waiting, stage="withdrawn")
    assert refused.replaces_id == waiting.id
    assert campaigns.counts(row) == {
        "not_begun": 1,
        "nobody": 1,
        "under_way": 1,
        "in_use": 1,
        "replaced": 1,
        "ended": 1,
    }
    assert campaigns.stages(row) == {"submitted": 1}
    browser.sign_in_as(suzuki)
    page = browser.see(f"/campaigns/{row.id}")
    assert "6枚を置き換えます" in page.text and "3枚が済んでいます" in page.text and "提出済 1枚" in page.text
    links = page.links()
    assert links[f"更新する: {waiting.title}"] == f"/certificates/{waiting.id}/renewal"
    assert links[f"手続きを開く: {under_way.title}"].startswith("/applications/")
    assert links[f"古い証明書の失効を申請する: {in_use.title}"] == f"/certificates/{in_use.id}/revocation?reason=4"
    assert f"利用管理者を登録する: {nobody.title}" in links
    only = browser.see(f"/campaigns/{row.id}?standing=nobody").text
    assert "担当者のないもの" in only and "証明書0" not in only
    assert browser.see(f"/campaigns/{row.id}?standing=wrong&after=x&after_person=y").status == 200


def test_the_list_is_read_page_by_page_and_never_twice(held, opened, browser, suzuki, case):
    for number in range(30):
        held(f"配布用-{number:02}-", person=(case("佐藤"), case("高橋"), None)[number % 3])
    row = opened()
    browser.sign_in_as(suzuki)
    first = browser.see(f"/campaigns/{row.id}")
    second = browser.see(first.links()["次のページ"])
    titles = [[f"配布用-{n:02}-" for n in range(30) if f"配布用-{n:02}-" in page.text] for page in (first, second)]
    assert len(titles[0]) == 25 and len(titles[1]) == 5 and not set(titles[0]) & set(titles[1])


def test_a_subscriber_sees_their_own_and_others_nothing(held, opened, browser, sato, takahashi, ito, tanaka, kobayashi):
    held("佐藤のもの"), held("別のもの", person=takahashi)
    row = opened()
    browser.sign_in_as(sato)
    assert "1枚の証明書を新しい証明書に置き換えてください" in browser.see("/").text
    page = browser.see(f"/campaigns/{row.id}")
    assert (
        "あなたが管理している1枚" in page.text
        and "別のもの" not in page.text
        and "更新する: 佐藤のもの" in page.links()
    )
    for url in ("/campaigns", "/campaigns/new"):
        assert browser.see(url).status == 403
    posts = {"/campaigns/trial": {403}, "/campaigns": {403}}
    posts |= {f"/campaigns/{row.id}/{end}": {403, 404} for end in ("reminders", "closing")}
    for person in (sato, kobayashi, ito, tanaka):
        browser.sign_in_as(person)
        for url, expected in posts.items():
            assert browser.press(url, typed(issuer="Code CA G1", count="2")).status in expected, (person.name, url)
    browser.sign_in_as(ito)
    page = browser.see(f"/campaigns/{row.id}")
    assert "2枚を置き換えます" in page.text and "更新する: 佐藤のもの" not in page.links()
    browser.sign_in_as(kobayashi)
    assert browser.see(f"/campaigns/{row.id}").status == 404 and Campaign.select().count() == 1


def test_everybody_responsible_is_written_to_once_and_reminded_before_and_after_the_day(
    held, opened, case, browser, sato, takahashi, suzuki, settings
):
    mine = held("佐藤のもの")
    held("もう一つ"), held("高橋のもの", person=takahashi)
    row = opened(days=40)
    work(settings)
    assert [len(letters_to(f"{name}@shinsei.example")) for name in ("sato", "takahashi")] == [1, 1]
    browser.sign_in_as(suzuki)
    assert browser.press(f"/campaigns/{row.id}/reminders").status == 422
    clock.move(timedelta(4))
    browser.sign_in_as(suzuki)
    held("高橋のものの後継", application=renewal_of(Certificate.get(title="高橋のもの")), person=takahashi)
    assert "メールを送ります" in browser.press(f"/campaigns/{row.id}/reminders").text
    work(settings)
    assert [len(letters_to(f"{name}@shinsei.example")) for name in ("sato", "takahashi")] == [2, 1]

    def due(days):
        return list(campaigns.dues(row.due_on - timedelta(days)))

    assert due(31) == []
    assert [each.key for days in (30, 14, 7, 3, 1) for each in due(days)] == [
        f"campaign-{row.id}-{sato.id}-{days}" for days in (30, 14, 7, 3, 1)
    ]
    own, above = due(-1)
    assert "2枚を置き換えてください" in own.sentence and own.path == f"/campaigns/{row.id}"
    assert "佐藤 次郎(2件)" in above.sentence and suzuki in above.people
    assert [each.on for each in campaigns.dates(row.due_on, row.due_on)] == [row.due_on]
    Certificate.update(revoked_at=clock.now()).where(Certificate.id == mine.id).execute()
    assert "1枚" in due(1)[0].sentence


def test_it_is_closed_with_a_summary_that_stays(held, opened, browser, suzuki):
    certificate = held()
    row = opened()
    browser.sign_in_as(suzuki)
    assert browser.press(f"/campaigns/{row.id}/closing").status == 422
    assert browser.press(f"/campaigns/{row.id}/closing", {"note": "あ" * 2001}).status == 422
    page = browser.press(f"/campaigns/{row.id}/closing", {"note": "認証局が計画を取り消した。"})
    assert "閉じた時点: 未着手 1枚" in page.text and "認証局が計画を取り消した。" in page.text
    Certificate.update(revoked_at=clock.now()).where(Certificate.id == certificate.id).execute()
    assert "閉じた時点: 未着手 1枚" in browser.see(f"/campaigns/{row.id}").text
    assert browser.press(f"/campaigns/{row.id}/closing", {"note": "もう一度"}).status == 409
    assert browser.press(f"/campaigns/{row.id}/reminders").status == 409
    assert list(campaigns.dues(row.due_on + timedelta(1))) == []


def test_the_database_keeps_each_certificate_once_and_an_officer_as_opener(held, opened, sato):
    certificate = held()
    row = opened()
    with pytest.raises(IntegrityError), database.atomic():
        CampaignItem.create(campaign=row, certificate=certificate)
    with pytest.raises(IntegrityError), database.atomic():
        Campaign.update(opened_by=sato).execute()
    with pytest.raises(IntegrityError), database.atomic():
        Campaign.update(closed_at=clock.now()).execute()


def test_an_application_for_renewal_counts_from_its_draft_on(held, opened, case, sato):
    certificate = held()
    row = opened()
    application = case_acts.open_application(case.who("佐藤"), certificate.title, "配布", is_another=True)
    Application.update(replaces=certificate).where(Application.id == application.id).execute()
    assert campaigns.stages(row) == {"draft": 1}
