"""Applications that wait too long for somebody, revocations against the clock, emergencies that nobody has reviewed."""

from datetime import timedelta
from functools import cache

from webapp import clock
from webapp.acts import ca_profiles, letters
from webapp.acts.dues import Due
from webapp.procedure import Role, Stage
from webapp.register import Application, Person, Revocation

# Business days of waiting after which those whose turn it is are told, and told again.
HERE, WITH_THE_DESK = (5, 10, 20), (15, 25)
STEPS = {
    Stage.SUBMITTED: HERE,
    Stage.EXAMINED: HERE,
    Stage.SEALED: HERE,
    Stage.SENT: WITH_THE_DESK,
    Stage.DELIVERED: HERE,
    Stage.INSTALLED: HERE,
}
ASKED = {
    Stage.SUBMITTED: "審査を待っています({n}営業日経過)。内容を確認し、審査してください。",
    Stage.EXAMINED: "捺印・署名を待っています({n}営業日経過)。",
    Stage.SEALED: "送付を待っています({n}営業日経過)。サービス窓口へ送付してください。",
    Stage.SENT: "サービス窓口からの連絡を待っています(送付から{n}営業日経過)。届いていない場合は、窓口に問い合わせてください。",
    Stage.DELIVERED: "証明書の格納を待っています({n}営業日経過)。",
    Stage.INSTALLED: "証明書の内容の確認を待っています({n}営業日経過)。確認し、利用を始めてください。",
}
BEFORE_THE_DESK = (Stage.DRAFT, Stage.SUBMITTED, Stage.EXAMINED, Stage.SEALED)
A_DAY = timedelta(hours=24)  # from awareness of a compromise until the revocation is sent
UNCONFIRMED = timedelta(days=3)  # from the CA's 完了通知 until CRL or OCSP say so


def dues(today):
    officers = letters.officers()
    waited = cache(lambda since: clock.business_days_between(since, today))
    for row in _at(STEPS, clock.beginning_of(today - timedelta(days=HERE[0]))):
        stage, since = row.stands_at, clock.day_of(row.stage_since_at)
        steps = STEPS[stage]
        step = max((step for step in steps if waited(since) >= step), default=0)
        if step:
            said = f"{called(row)}が、{ASKED[stage].format(n=waited(since))}"
            on = clock.after_business_days(since, steps[0])
            yield _due(row, f"{row.stage}-{since:%Y%m%d}-{step}", on, said, _whose_turn(row, officers))
    yield from _unconfirmed(today, officers)
    yield from _against_the_clock(officers)
    yield from _unreviewed(today, officers)


def _at(stages, before):
    """What has stood at one of these stages since before an instant."""
    return Application.with_people(Application.stage.in_(list(stages)) & (Application.stage_since_at < before))


def called(row):
    return f"{'失効の申請' if row.is_revocation else '申請'} {row.number}「{row.title}」"


def _due(row, what, on, said, people):
    people = tuple({person.id: person for person in people if person}.values())
    return Due(f"application-{row.id}-{what}", on, said, f"/applications/{row.id}", people)


def _whose_turn(row, officers):
    if row.stage == Stage.SUBMITTED:
        return [person for person in officers if person.id not in (row.applicant_id, row.subscriber_id)]
    if row.stands_at == Stage.EXAMINED:
        return [row.head, *officers]
    return officers if row.stands_at in (Stage.SEALED, Stage.SENT) else letters.people_of(row)


def _unconfirmed(today, officers):
    for row in _at([Stage.COMPLETED], clock.beginning_of(today) - UNCONFIRMED + A_DAY):
        since = clock.day_of(row.stage_since_at)
        said = (
            f"{called(row)}は、失効完了通知を受け取ってから{(today - since).days}日たちましたが、"
            "CRL・OCSPで失効を確認できていません。"
        )
        yield _due(row, "unconfirmed", since + UNCONFIRMED, said, [*officers, *letters.people_of(row)])


def _compromised():
    """Revocations for a compromised key that have not been sent yet, each with what it says."""
    return (
        Revocation.select(Revocation, Application)
        .join(Application)
        .where(Application.stage.in_(BEFORE_THE_DESK) & (Revocation.reason == 1) & Revocation.noticed_at.is_null(False))
    )


def _against_the_clock(officers):
    for revocation in _compromised():
        row, end = revocation.application, revocation.noticed_at + A_DAY
        is_over = end < clock.now()
        said = f"鍵の危殆化による{called(row)}を、まだサービス窓口へ送付していません。" + (
            f"気付いてから24時間の期限({_at_time(end)})を過ぎています。すぐに送付してください。"
            if is_over
            else f"気付いてから24時間の期限は{_at_time(end)}です。"
        )
        what = "compromised-over" if is_over else "compromised"
        yield _due(row, what, clock.day_of(end), said, [*officers, *letters.people_of(row)])


def _at_time(instant):
    return f"{clock.spoken(clock.day_of(instant))} {instant.astimezone(clock.JST):%H:%M}"


def _unreviewed(today, officers):
    over = Application.stage.not_in((Stage.DRAFT, Stage.WITHDRAWN, Stage.REFUSED))
    for row in Application.select().where(Application.is_emergency & Application.reviewer.is_null() & over):
        day = clock.after_business_days(clock.day_of(row.created_at), 1)
        if day <= today:
            did = (row.applicant_id, row.examiner_id, row.sealer_id, row.attester_id)
            able = [person for person in (*officers, *Person.holding(Role.HEAD)) if person.id not in did]
            said = f"緊急の{called(row)}は、事後確認がまだです。手続きをした人とは別の人が確認してください。"
            yield _due(row, "unreviewed", day, said, able)


def dates(first, last):
    """When the CA's answer may be expected, and the ends of the 24 hours after a compromise."""
    officers = letters.officers()
    days_of = cache(lambda version: ca_profiles.of_version(version).business_days)
    expected = cache(clock.after_business_days)
    for row in Application.with_people(Application.stage == Stage.SENT):
        days = days_of(row.profile_version_id)
        on = expected(row.review_started_on or clock.day_of(row.stage_since_at), days)
        if first <= on <= last:
            said = f"{called(row)}: 認証局からの連絡の目安({days}営業日)"
            yield _due(row, "answer", on, said, [*officers, *letters.people_of(row)])
    for revocation in _compromised():
        row, end = revocation.application, revocation.noticed_at + A_DAY
        if first <= clock.day_of(end) <= last:
            said = f"{called(row)}: 鍵の危殆化から24時間の期限({end.astimezone(clock.JST):%H:%M})"
            yield _due(row, "compromised", clock.day_of(end), said, [*officers, *letters.people_of(row)])
