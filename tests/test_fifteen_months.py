"""Fifteen months of one certificate under a moved clock: a turn of the worker every morning, a real mail server, and
every letter that arrives is asserted, with its day, to whom, and what it says."""

import re
from dataclasses import replace
from datetime import date, datetime, timedelta
from email import message_from_bytes
from email.policy import default

import icalendar
import pytest

from tests.mail_server import MailServer
from webapp import clock, worker
from webapp.acts import delays, renewals, watching
from webapp.acts.expiries import last_safe_day
from webapp.procedure import Stage
from webapp.register import Application, Certificate, Content, Event, Job, Person, Told, Watch

BEGINS = date(2026, 11, 27)
ENDS = date(2028, 3, 1)  # 460 days later; the year has a 29 February
SAFE = date(2028, 1, 7)  # 35 business days before, across 成人の日, 建国記念の日 and 天皇誕生日
ALL = ("sato", "suzuki", "yamamoto")
NAME = "証明書「計測ソフト配布用」"
UNTIL = f"{NAME}の有効期限は、2028年3月1日(水)です"
IN_TIME = "更新する場合は、目安日の2028年1月7日(金)までに申請してください。"
TOO_LATE = "更新の目安日(2028年1月7日(金))を過ぎています。更新する場合は、すぐに申請してください。"
FOR_ALL = f"{NAME}(利用管理者 佐藤 次郎さん)の有効期限は、2028年3月1日(水)です"
ENDED = (
    f"{NAME}(利用管理者 佐藤 次郎さん)は、2028年3月1日(水)に有効期限が切れました。この証明書では署名しないでください。"
    "引き続き必要な場合は、更新を申請してください。"
)


@pytest.fixture
def certificate(case):
    """佐藤's certificate, in use since BEGINS and valid until ENDS at noon in Japan."""
    application = case.in_use()
    Job.update(state="done").execute()
    _dated(application, BEGINS, ENDS)
    return Certificate.get(Certificate.application == application)


def _dated(application, begins, ends):
    begun = clock.beginning_of(begins) + timedelta(hours=10)
    Application.update(created_at=begun, stage_since_at=begun).where(Application.id == application.id).execute()
    Certificate.update(
        accepted_at=begun, received_at=begun, not_before=begun, not_after=clock.beginning_of(ends) + timedelta(hours=12)
    ).where(Certificate.application == application).execute()


@pytest.fixture
def server(settings):
    with MailServer(settings.data / "practice") as server:
        yield server


class Life:
    """Days that pass, and the letters of each: [(day, to whom, [what it says, item by item]), …]."""

    def __init__(self, settings, server):
        self.settings, self.server, self.letters, self.dates = settings, server, [], []

    def stand_at(self, day, hour=7):
        clock.move(clock.beginning_of(day) + timedelta(hours=hour, minutes=1) - datetime.now(clock.JST))

    def pass_by(self, since, last, only=None):
        """Every morning from since to last, or `only` those of some days."""
        for n in range((last - since).days + 1):
            if only is None or since + timedelta(days=n) in only:
                self.morning(since + timedelta(days=n))
        return self.letters

    def morning(self, day):
        self.stand_at(day)
        known = len(self.server.letters)
        while worker.turn(self.settings):
            pass
        assert clock.today() == day and Watch.newest().day == day and Watch.newest().failed == ""
        for data in self.server.letters[known:]:
            message = message_from_bytes(data, policy=default)
            text = message.get_body(("plain",)).get_content()
            said = re.findall(r"^・(.*)$", text, re.MULTILINE)
            self.letters.append((day, message["To"].addresses[0].username, said))
            for part in message.iter_attachments():
                events = icalendar.Calendar.from_ical(part.get_content()).walk("VEVENT")
                self.dates += [(day, event["DTSTART"].dt, str(event["SUMMARY"])) for event in events]


@pytest.fixture
def life(settings, server, monkeypatch):
    """What the institution owes NII all the while has tests of its own."""
    monkeypatch.setattr(watching, "SOURCES", (delays,))
    return Life(replace(settings, reminder_hour=7), server)


NEAR = {
    each + timedelta(days=n)
    for each in (BEGINS, *(ENDS - timedelta(days=days) for days in (90, 65, 60, 53, 45, 30, 14, 7, 0)))
    for n in (-1, 0, 1)
}


@pytest.mark.parametrize(
    "only", [pytest.param(NEAR, id="days that matter"), pytest.param(None, id="every day", marks=pytest.mark.slow)]
)
def test_a_certificate_that_nobody_renews(certificate, life, only):
    assert last_safe_day(ENDS, 10) == SAFE and clock.business_days_between(SAFE, ENDS) == 35
    letters = life.pass_by(BEGINS, ENDS + timedelta(days=40), only)
    assert letters == [
        (date(2027, 12, 2), "sato", [f"{UNTIL}(あと90日)。{IN_TIME}"]),
        (date(2027, 12, 27), "sato", [f"{UNTIL}(あと65日)。{IN_TIME}"]),
        (date(2028, 1, 1), "sato", [f"{UNTIL}(あと60日)。{IN_TIME}"]),
        *((date(2028, 1, 8), name, [f"{FOR_ALL}(あと53日)。{TOO_LATE}"]) for name in ALL),
        (date(2028, 1, 16), "sato", [f"{UNTIL}(あと45日)。{TOO_LATE}"]),
        (date(2028, 1, 31), "sato", [f"{UNTIL}(あと30日)。{TOO_LATE}"]),
        (date(2028, 2, 16), "sato", [f"{UNTIL}(あと14日)。{TOO_LATE}"]),
        (date(2028, 2, 23), "sato", [f"{UNTIL}(あと7日)。{TOO_LATE}"]),
        (date(2028, 3, 1), "sato", [f"{NAME}の有効期限は、今日(2028年3月1日(水))です。{TOO_LATE}"]),
        *((date(2028, 3, 2), name, [ENDED]) for name in ALL),
    ]
    assert [on for _, on, _ in life.dates] == [ENDS, SAFE, ENDS, *[ENDS] * 5]
    assert {said for _, _, said in life.dates} == {f"{NAME}の有効期限", f"{NAME}の更新の目安日(この日までに申請)"}
    assert Event.select().where(Event.act == "remind").count() == Watch.select().count()
    life.pass_by(ENDS - timedelta(days=1), ENDS + timedelta(days=2))  # the clock is set back: nothing again
    assert len(life.letters) == 14 and Told.select().where(Told.digest.is_null()).count() == 0


@pytest.mark.slow
def test_a_certificate_that_is_renewed_in_good_time(certificate, life, case):
    life.pass_by(ENDS - timedelta(days=95), date(2027, 12, 10))
    renewal = renewals.renew(certificate, case.who("佐藤"))
    life.pass_by(date(2027, 12, 11), date(2028, 1, 10))
    _stand(renewal, Stage.SENT)
    life.pass_by(date(2028, 1, 11), date(2028, 1, 20))
    _stand(renewal, Stage.IN_USE)
    _succeed(certificate, renewal)
    letters = life.pass_by(date(2028, 1, 21), ENDS + timedelta(days=35))
    under_way = f"更新の申請中({renewal.number}、下書き)です。"
    assert letters == [
        (date(2027, 12, 2), "sato", [f"{UNTIL}(あと90日)。{IN_TIME}"]),
        (date(2027, 12, 27), "sato", [f"{UNTIL}(あと65日)。{under_way}更新の目安日は2028年1月7日(金)です。"]),
        (date(2028, 1, 1), "sato", [f"{UNTIL}(あと60日)。{under_way}更新の目安日は2028年1月7日(金)です。"]),
        *((date(2028, 1, 8), name, [f"{FOR_ALL}(あと53日)。{under_way}手続きを急いでください。"]) for name in ALL),
        (date(2028, 1, 16), "sato", [f"{UNTIL}(あと45日)。更新の申請中({renewal.number}、送付済)です。"]),
        (
            date(2028, 2, 3),
            "sato",
            [
                f"{NAME}は、新しい証明書を2028年1月20日(木)から利用していますが、前の証明書もまだ有効です"
                "(2028年3月1日(水)まで)。更新は不要です。前の証明書を失効させるかどうかを確認してください。"
                "失効させると、タイムスタンプのない署名は検証できなくなることがあります。"
            ],
        ),
    ]


def _stand(application, stage):
    """Let an application stand at a stage since this morning, as its people would have brought it there."""
    people = {
        "examiner": Person.get(Person.name.startswith("鈴木")),
        "sealer": Person.get(Person.name.startswith("田中")),
    }
    Application.update(stage=stage.value, stage_since_at=clock.now(), **people).where(
        Application.id == application.id
    ).execute()


def _succeed(certificate, renewal):
    """The new certificate of a renewal, in use since this morning for another 460 days."""
    values = certificate.__data__ | {
        "application": renewal.id,
        "content": Content.keep(b"the new certificate").sha256,
        "serial": "0f",
        "not_before": clock.now(),
        "not_after": clock.now() + timedelta(days=460),
        "accepted_at": clock.now(),
    }
    values.pop("id")
    Certificate.create(**values)
