"""Applications that wait too long, emergencies that nobody has reviewed, revocations against the clock."""

from datetime import date, timedelta

import pytest

from tests.test_watching import MONDAY, stand_at
from webapp import clock
from webapp.acts import delays
from webapp.register import Application, Certificate, Revocation


@pytest.fixture
def standing(case):
    """standing(stage, …): an application of 佐藤's that has stood at a stage since MONDAY at ten in Japan."""

    def make(stage, kind="issue", **values):
        application = case.opened()
        people = {"examiner": case("鈴木"), "sealer": case("田中"), "head": case("田中")}
        since = clock.beginning_of(MONDAY) + timedelta(hours=10)
        target = {"target": _certificate(case), "occasion": "revoke"} if kind == "revoke" else {}
        stands = {"stage": stage, "stage_since_at": since, "created_at": since, "kind": kind}
        Application.update(people | target | stands | values).where(Application.id == application.id).execute()
        return Application.get_by_id(application.id)

    return make


def _certificate(case):
    instant = clock.now()
    return Certificate.create(
        chain=[], issuer_sha256="00", serial=f"{Certificate.select().count():x}", subject="CN=x", issuer="CN=y",
        not_before=instant, not_after=instant + timedelta(days=300), received_at=instant, findings=[],
        origin="imported", title="計測ソフト配布用", purpose="",
    )  # fmt: skip


def told(day, time="08:00"):
    """[(people, key without the number, sentence)] on a day."""
    stand_at(day, time)
    return [
        (",".join(person.name[:2] for person in due.people), due.key.split("-", 2)[2], due.sentence)
        for due in delays.dues(day)
    ]


@pytest.mark.parametrize(
    ("stage", "people", "days", "words"),
    [
        ("submitted", "鈴木,山本", 5, "審査を待っています(5営業日経過)。内容を確認し、審査してください。"),
        ("examined", "田中,鈴木,山本", 5, "捺印・署名を待っています(5営業日経過)。"),
        ("sealed", "鈴木,山本", 5, "送付を待っています(5営業日経過)。サービス窓口へ送付してください。"),
        ("sent", "鈴木,山本", 15, "サービス窓口からの連絡を待っています(送付から15営業日経過)。"),
        ("delivered", "佐藤", 5, "証明書の格納を待っています(5営業日経過)。"),
        ("installed", "佐藤", 5, "証明書の内容の確認を待っています(5営業日経過)。"),
    ],
)
def test_those_whose_turn_it_is_are_told_when_it_takes_too_long(standing, stage, people, days, words):
    application = standing(stage)
    day = clock.after_business_days(MONDAY, days)
    assert told(day - timedelta(days=1)) == []
    ((who, key, said),) = told(day)
    assert (who, key) == (people, f"{stage}-20270607-{days}")
    assert said.startswith(f"申請 {application.number}「計測ソフト配布用」が、") and words in said


def test_they_are_told_again_when_it_takes_longer_still_and_the_key_stays_between(standing):
    standing("submitted")
    keys = [told(clock.after_business_days(MONDAY, n))[0][1] for n in (5, 9, 10, 19, 20, 200)]
    assert [key.rpartition("-")[2] for key in keys] == ["5", "5", "10", "10", "20", "20"]


def test_weekends_and_holidays_do_not_count(standing):
    standing("submitted")
    Application.update(stage_since_at=clock.beginning_of(date(2027, 4, 28))).execute()
    assert told(date(2027, 5, 7)) == []  # 昭和の日, 3 to 5 May and a weekend between
    assert len(told(date(2027, 5, 11))) == 1


def test_an_officer_is_not_asked_to_examine_what_is_their_own(standing, suzuki):
    standing("submitted", applicant=suzuki, subscriber=None, examiner=None)
    assert [who for who, *_ in told(MONDAY + timedelta(days=7))] == ["山本"]


def test_an_emergency_without_review_is_told_to_those_who_may_review_it(standing, suzuki):
    standing("sent", "revoke", is_emergency=True, examiner=suzuki, sealer=suzuki)
    assert told(MONDAY) == []
    ((who, key, said),) = told(MONDAY + timedelta(days=1))
    assert (who, key) == ("山本,田中", "unreviewed") and "事後確認がまだです" in said
    Application.update(reviewer=Application.head).execute()
    assert told(MONDAY + timedelta(days=2)) == []


def test_a_compromise_is_sent_within_24_hours_or_told(standing):
    application = standing("submitted", "revoke")
    noticed = clock.beginning_of(MONDAY) + timedelta(hours=10)
    revocation = Revocation.create(
        application=application, reason=1, comment="", compromised_at=noticed, noticed_at=noticed
    )
    ((who, key, said),) = told(MONDAY, "12:00")
    assert (who, key) == ("鈴木,山本,佐藤", "compromised")
    assert "気付いてから24時間の期限は2027年6月8日(火) 10:00です。" in said
    ((_, key, said),) = told(MONDAY + timedelta(days=1), "10:01")
    assert key == "compromised-over" and "過ぎています。すぐに送付してください。" in said
    Application.update(stage="sent").execute()
    assert told(MONDAY + timedelta(days=1)) == []
    Application.update(stage="submitted").execute()
    Revocation.update(reason=4).where(Revocation.id == revocation.id).execute()
    assert told(MONDAY + timedelta(days=1)) == []


def test_a_revocation_that_crl_and_ocsp_do_not_show_after_three_days_is_told(standing):
    standing("completed", "revoke")
    assert told(MONDAY + timedelta(days=2)) == []
    ((who, key, said),) = told(MONDAY + timedelta(days=3))
    assert (who, key) == ("鈴木,山本,佐藤", "unconfirmed") and "3日たちましたが" in said


def test_the_calendar_knows_when_the_answer_of_the_desk_may_be_expected(standing):
    application = standing("sent")
    stand_at(MONDAY)
    (due,) = delays.dates(MONDAY, MONDAY + timedelta(days=30))
    assert due.on == clock.after_business_days(MONDAY, 10) == date(2027, 6, 21)
    assert due.sentence == f"申請 {application.number}「計測ソフト配布用」: 認証局からの連絡の目安(10営業日)"
    Application.update(review_started_on=date(2027, 6, 9)).execute()
    assert [due.on for due in delays.dates(MONDAY, MONDAY + timedelta(days=30))] == [date(2027, 6, 23)]
