"""People change every April: what hangs on a person goes over in one act, and who has left is not forgotten."""

import hashlib
import json
import time
from datetime import timedelta

import pytest
from peewee import IntegrityError

from tests.administering import BOTH, newcomer
from tests.cases import again, letters_to
from webapp import clock
from webapp.acts import absences, delivery, people, responsibilities, successions
from webapp.acts import accounts as account_acts
from webapp.procedure import Role
from webapp.register import (
    Absence,
    Certificate,
    Challenge,
    Event,
    Notification,
    PersonMail,
    PersonRole,
    Succession,
    SuccessionItem,
    database,
    verify_chain,
)
from webapp.register.responsibilities import live_certificates

pytestmark = pytest.mark.slow


@pytest.fixture
def watanabe(house, admin):
    """A colleague of 佐藤's who can take over."""
    return people.add_person(admin, newcomer())


@pytest.fixture
def desk(browser, suzuki):
    """The officer's browser."""
    return browser.sign_in_as(suzuki)


def at(person):
    return f"/people/{person.id}/succession"


def everything_to(successor, **further):
    return {"to_subscriber": str(successor.id), "scope": "all", "note": ""} | further


def ended(person, role, days_ago=1):
    """Let a role have ended, as at the end of a term."""
    row = person.role_row(role)
    PersonRole.update(until_on=clock.today() - timedelta(days=days_ago)).where(PersonRole.id == row.id).execute()


def imported(person, count, days=200):
    """Certificates from before the register, all of one person."""
    now = clock.now()
    serials = [f"{n:016x}" for n in range(1, count + 1)]
    rows = [
        {
            "chain": [],
            "findings": [],
            "issuer_sha256": "00" * 32,
            "serial": serial,
            "subject": "CN=Shinsei University",
            "issuer": "CN=CA",
            "not_before": now - timedelta(days=30),
            "not_after": now + timedelta(days=days),
            "received_at": now,
            "origin": "imported",
            "title": f"計測ソフト{serial[-3:]}",
            "purpose": "",
            "subscriber": person,
        }
        for serial in serials
    ]
    with database.atomic():
        Certificate.insert_many(rows).execute()


# Handing over


@BOTH
def test_everything_that_hangs_on_a_person_goes_over_in_one_act(desk, case, sato, suzuki, watanabe):
    imported(sato, 2)
    application = case.submitted()
    page = desk.see(at(sato))
    assert "証明書 2枚" in page.text and "進行中の申請 1件" in page.text and "同じ所属" in page.text
    page = desk.press(at(sato), everything_to(watanabe, note="トークンは鍵付きの棚にあります。"))
    assert "担当を引き継ぎました" in page.text and "引き継ぐものはありません" in page.text
    assert {row.subscriber_id for row in Certificate.select()} == {watanabe.id}
    now = again(application)
    assert (now.applicant_id, now.subscriber_id) == (watanabe.id, watanabe.id)
    event = Event.select().where(Event.act == "hand_over").get()
    row = Succession.get()
    assert event.object_id == sato.id and event.facts["to"] == watanabe.id and event.facts["sha256"] == row.sha256
    assert len(event.facts["certificates"]) == 2 and event.facts["applications"] == {
        application.number: ["applicant", "subscriber"]
    }
    assert "棚" not in json.dumps(event.facts, ensure_ascii=False) and "棚" in event.particulars["note"]
    assert hashlib.sha256(row.content.bytes()).hexdigest() == event.facts["sha256"]
    for mail in ("sato", "watanabe", "suzuki"):
        assert "担当の引き継ぎ" in letters_to(f"{mail}@shinsei.example")[-1].subject
    told = Notification.get(Notification.kind == "subscriber_info")
    assert told.state == "open" and "証明書2枚" in told.why and told.due_on > clock.today()
    assert verify_chain()


def test_the_paper_says_what_where_until_when_and_whom_to_ask(desk, case, sato, watanabe, authorities):
    case.in_use()
    certificate = Certificate.get()
    desk.press(at(sato), everything_to(watanabe, note="署名はCIから行います。"))
    page = desk.see(f"/successions/{Succession.get().id}")
    for words in (
        "佐藤 次郎",
        "渡辺 実",
        certificate.serial,
        "署名はCIから行います。",
        "鈴木 花子",
        "certs@desk",
        "有効期限",
    ):
        assert words in page.text, words
    assert Succession.get().sha256[:16] in page.text


def test_the_paper_names_the_token_on_which_the_key_has_shown_itself(house, by, suzuki, sato, watanabe):
    imported(sato, 2)
    first = Certificate.select().order_by(Certificate.id).get()
    for nonce, label in (("00", "古いトークン"), ("01", "研究室のトークン")):
        Challenge.create(
            certificate=first,
            nonce=nonce,
            set_at=clock.now(),
            met_at=clock.now(),
            token_label=label,
            token_serial="A12",
        )
    (row,) = successions.hand_over(by(suzuki), sato, Given(everything_to(watanabe)))
    assert [each["key"] for each in row.values()["certificates"]] == ["研究室のトークン / A12", ""]


def test_what_is_not_ticked_stays_and_can_go_to_somebody_else(desk, sato, watanabe, takahashi):
    imported(sato, 3)
    first, second, third = Certificate.select().order_by(Certificate.id)
    given = {"to_subscriber": watanabe.id, "scope": "chosen", "certificate": [first.id, third.id]}
    assert desk.press(at(sato), given).status == 200
    assert [row.subscriber_id for row in Certificate.select().order_by(Certificate.id)] == [
        watanabe.id, sato.id, watanabe.id,
    ]  # fmt: skip
    desk.press(at(sato), everything_to(takahashi))
    assert Certificate.get_by_id(second.id).subscriber_id == takahashi.id
    assert Notification.select().where(Notification.kind == "subscriber_info").count() == 1
    assert Notification.get(Notification.kind == "subscriber_info").why.count("利用管理者") == 2


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"to_subscriber": ""}, "to_subscriber", "後任者を選んでください"),
        ({"to_subscriber": "9" * 30}, "to_subscriber", "一覧から"),
        ({"to_subscriber": "x"}, "to_subscriber", "一覧から"),
        ({"to_subscriber": "999999"}, "to_subscriber", "一覧から"),
        ({"to_subscriber": "佐藤"}, "to_subscriber", "本人には"),
        ({"to_subscriber": "鈴木"}, "to_subscriber", "鈴木 花子さんは、今日の時点で利用管理者ではありません"),
        ({"scope": "some"}, "scope", "範囲を選んで"),
        ({"scope": "chosen"}, "scope", "引き継ぐものがありません"),
        ({"scope": "chosen", "certificate": ["-1", "x", "9" * 40]}, "scope", "引き継ぐものがありません"),
        ({"note": "長" * 2001}, "note", "2000文字以内"),
    ],
)
def test_it_says_what_is_wrong_and_keeps_what_was_typed(desk, case, sato, watanabe, changes, field, sentence):
    imported(sato, 1)
    given = everything_to(watanabe, note="棚の鍵は係にあります。") | changes
    if given["to_subscriber"] in ("佐藤", "鈴木"):
        given["to_subscriber"] = str(case(given["to_subscriber"]).id)
    page = desk.press(at(sato), given)
    assert page.status == 422 and sentence in page.text
    assert not Succession.select().exists() and Certificate.get().subscriber_id == sato.id
    if "note" not in changes:
        assert "棚の鍵は係にあります。" in page.html


def test_somebody_whose_role_has_ended_cannot_take_over(desk, sato, watanabe):
    imported(sato, 1)
    ended(watanabe, Role.SUBSCRIBER)
    page = desk.see(at(sato))
    assert "渡辺" not in page.text
    assert desk.press(at(sato), everything_to(watanabe)).status == 422


def test_whoever_examined_an_application_cannot_become_its_applicant(desk, admin, case, sato, suzuki, yamamoto):
    """A CHECK of the database stands behind it; the page says so in a sentence."""
    case.examined(officer="山本")
    PersonRole.create(person=yamamoto, role="subscriber", title="", since_on=clock.today())
    page = desk.press(at(sato), everything_to(yamamoto))
    assert page.status == 422 and "山本 健さんが審査または確認をした申請です" in page.text


@pytest.mark.parametrize(
    ("stage", "says"),
    [
        ("draft", "提出すると、申請書には後任者の氏名を記載します"),
        ("submitted", "差し戻して、後任者の氏名で出し直してください"),
        ("sealed", "サービス窓口に確認してください"),
        ("sent", "利用管理者情報の変更を届け出てください"),
    ],
)
def test_it_says_what_the_form_still_says(desk, case, sato, watanabe, stage, says):
    application = case.at(stage)
    assert says in desk.see(at(sato)).text
    form = [row.entries for row in application.forms]
    desk.press(at(sato), everything_to(watanabe))
    assert again(application).subscriber_id == watanabe.id and again(application).stage == stage
    assert [row.entries for row in application.forms] == form
    assert Notification.select().where(Notification.kind == "subscriber_info").exists() == (stage == "sent")


def test_the_successor_accepts_what_was_applied_for_before(house, case, suzuki, sato, watanabe, by):
    application = case.installed()
    successions.hand_over(by(suzuki), sato, Given(everything_to(watanabe)))
    delivery.accept(again(application), by(watanabe), True)
    assert again(application).stage == "in_use"


class Given(dict):
    """A form as acts read it, without a browser."""

    def getlist(self, name):
        found = self.get(name, [])
        return found if isinstance(found, list) else [found]


def test_an_officers_steps_and_absences_go_to_another_officer(desk, case, by, sato, suzuki, yamamoto):
    application = case.sealed()
    assert application.officer_id == suzuki.id
    days = {"since_on": clock.today().isoformat(), "until_on": (clock.today() + timedelta(days=9)).isoformat()}
    absences.note_absence(by(sato), sato, {"stand_in": str(suzuki.id)} | days)
    page = desk.see(at(suzuki))
    assert "後任の登録担当者" in page.text and "佐藤 次郎さんの不在" in page.text
    page = desk.press(at(suzuki), {"to_officer": yamamoto.id, "scope": "all"})
    assert page.status == 200
    assert again(application).officer_id == yamamoto.id and again(application).examiner_id == suzuki.id
    assert sato.stand_in() == yamamoto and Absence.select().count() == 1


def test_a_form_that_names_a_head_is_not_given_another(desk, admin, case, tanaka):
    draft, examined = case.draft(), case.examined()
    other = people.add_person(admin, newcomer(role="head", title="学長"))
    desk.press(at(tanaka), {"to_head": other.id, "scope": "all"})
    assert again(draft).head_id == other.id and again(examined).head_id == tanaka.id
    assert "差し戻して" in desk.see(at(tanaka)).text


def test_three_hundred_certificates_go_over_quickly(desk, sato, watanabe):
    imported(sato, 300)
    began = time.perf_counter()
    assert "担当を引き継ぎました" in desk.press(at(sato), everything_to(watanabe)).text
    assert time.perf_counter() - began < 2
    assert Certificate.select().where(Certificate.subscriber == watanabe).count() == 300
    assert SuccessionItem.select().count() == 300 and Event.select().where(Event.act == "hand_over").count() == 1


def test_expired_and_revoked_certificates_stay_with_whom_they_were(desk, sato, watanabe):
    imported(sato, 3)
    gone, revoked, live = Certificate.select().order_by(Certificate.id)
    Certificate.update(not_after=clock.now() - timedelta(days=1)).where(Certificate.id == gone.id).execute()
    Certificate.update(revoked_at=clock.now()).where(Certificate.id == revoked.id).execute()
    desk.press(at(sato), everything_to(watanabe))
    assert [row.subscriber_id for row in Certificate.select().order_by(Certificate.id)] == [
        sato.id, sato.id, watanabe.id,
    ]  # fmt: skip


# Who may


def test_who_may_hand_over_and_who_may_read_the_paper(
    browser, case, sato, takahashi, watanabe, kobayashi, suzuki, ito, tanaka
):
    imported(sato, 1)
    for person in (sato, takahashi, ito, tanaka):
        browser.sign_in_as(person)
        assert browser.press(at(sato), everything_to(watanabe)).status == 403
        assert browser.see("/people").status == 403
    assert browser.sign_in_as(takahashi).see(at(sato)).status == 403
    page = browser.sign_in_as(sato).see(at(sato))
    assert (
        page.status == 200
        and "登録担当者または管理者が行います" in page.text
        and "まとめて引き継ぐ" not in page.buttons()
    )
    assert browser.sign_in_as(kobayashi).press(at(sato), everything_to(watanabe)).status == 200
    paper = f"/successions/{Succession.get().id}"
    for person, status in ((sato, 200), (suzuki, 200), (kobayashi, 200), (ito, 200), (takahashi, 404)):
        assert browser.sign_in_as(person).see(paper).status == status
    assert (
        browser.see("/successions/999").status == 404
        and browser.sign_in_as(suzuki).see("/people/999/succession").status == 404
    )


# The alarm


@BOTH
def test_whoever_has_left_and_still_holds_something_is_named(desk, case, sato, takahashi, watanabe):
    today = clock.today()
    assert responsibilities.leaving(today) == []
    imported(sato, 2)
    ended(sato, Role.SUBSCRIBER)
    ended(takahashi, Role.SUBSCRIBER)  # holds nothing
    (found,) = responsibilities.leaving(today)
    assert (found.person, found.certificates) == (sato, 2) and found.on == today - timedelta(days=1)
    (due,) = [each for each in responsibilities.dues(today) if "succession" in each.key]
    assert due.path == at(sato) and "佐藤 次郎さん" in due.sentence and sato not in due.people
    assert "引き継ぎが必要な人" in desk.see("/").text and "佐藤 次郎" in desk.see("/people").text
    desk.press(at(sato), everything_to(watanabe))
    assert responsibilities.leaving(today) == []


def test_whoever_leaves_within_thirty_days_is_told_too(house, sato):
    imported(sato, 1)
    today = clock.today()
    row = sato.role_row(Role.SUBSCRIBER)
    for days, count in ((31, 0), (30, 1), (0, 1)):
        PersonRole.update(until_on=today + timedelta(days=days)).where(PersonRole.id == row.id).execute()
        dues = [each for each in responsibilities.dues(today) if each.key.startswith("succession")]
        assert len(dues) == count and all(sato in each.people for each in dues)


def test_a_further_term_is_no_leaving(house, sato):
    imported(sato, 1)
    ended(sato, Role.SUBSCRIBER)
    PersonRole.create(person=sato, role="subscriber", title="教授", since_on=clock.today())
    assert responsibilities.leaving(clock.today()) == []


@BOTH
def test_a_closed_account_and_a_lost_mail_address_raise_the_alarm(house, admin, sato, takahashi):
    imported(sato, 1)
    account_acts.close_account(admin, sato)
    (found,) = responsibilities.leaving(clock.today())
    assert "アカウントが閉じられています" in found.why
    Certificate.update(subscriber=takahashi).execute()
    yesterday = clock.today() - timedelta(days=1)
    PersonMail.update(until_on=yesterday).where(PersonMail.person == takahashi).execute()
    (found,) = responsibilities.leaving(clock.today())
    assert found.person == takahashi and "メールアドレスがありません" in found.why


def test_an_open_step_of_an_officer_who_left_is_named(house, case, suzuki, yamamoto):
    case.sealed()
    ended(suzuki, Role.OFFICER)
    (found,) = responsibilities.leaving(clock.today())
    assert found.person == suzuki and (found.certificates, found.applications) == (0, 1)


def test_it_warns_before_nobody_is_left(desk, tanaka, suzuki, yamamoto):
    today = clock.today()
    assert list(responsibilities.vacant(today)) == []
    end = today + timedelta(days=20)
    PersonRole.update(until_on=end).where(PersonRole.person.in_([tanaka, suzuki])).execute()
    assert list(responsibilities.vacant(today)) == [(Role.HEAD, end)]
    assert "機関責任者がいなくなります" in desk.see("/people").text
    PersonRole.update(until_on=end).where(PersonRole.person == yamamoto).execute()
    assert [role for role, _ in responsibilities.vacant(today)] == [Role.OFFICER, Role.HEAD]


def test_the_alarm_costs_what_leaves_and_not_the_whole_register(house, sato, takahashi):
    """The certificates of those who stay are not looked at: the plan names the index that begins with the person."""
    imported(takahashi, 40)
    sql, values = live_certificates(sato).sql()
    plan = str(database.execute_sql(f"EXPLAIN QUERY PLAN {sql}", values).fetchall())
    assert "certificate_held (subscriber_id=? AND not_after>?)" in plan


@BOTH
def test_the_database_keeps_what_was_handed_over(desk, sato, watanabe):
    imported(sato, 1)
    desk.press(at(sato), everything_to(watanabe))
    row = Succession.get()
    for statement in (
        "UPDATE succession SET successor_id = person_id",
        "DELETE FROM succession_item",
        f"INSERT INTO succession_item (succession_id) VALUES ({row.id})",
        f"INSERT INTO succession (person_id, successor_id, by_id, at, sha256) VALUES ({sato.id}, {sato.id}, {sato.id}, 0, '{row.sha256}')",
    ):
        with pytest.raises(IntegrityError), database.atomic():
            database.execute_sql(statement)
