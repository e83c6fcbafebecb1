"""Certificates that end: the reminders before the end, the last safe day for a renewal, one last word, and the old
certificate that stays valid beside its successor (domain.md §6.4 and §11, TIM-01)."""

import heapq
from datetime import timedelta
from functools import lru_cache
from itertools import groupby

from webapp import clock
from webapp.acts import ca_profiles, letters
from webapp.acts.dues import Due
from webapp.procedure import Stage
from webapp.register import expiries

LEAD, MARGIN = 15, 10  # business days: for examination, seal and returns here, and for what nobody foresees
SOON = 5  # business days before the last safe day
LAST_WORD = timedelta(days=30)  # after the end; what ended longer ago was never ours to tell
TWO_WEEKS = timedelta(days=14)
END, SAFE_DAY = "{}の有効期限", "{}の更新の目安日(この日までに申請)"  # as a calendar has them
PORTION = 150  # rows of a span of dates that are fetched at once
BEFORE_THE_DESK = (Stage.DRAFT, Stage.SUBMITTED, Stage.EXAMINED, Stage.SEALED)


@lru_cache(maxsize=4096)
def last_safe_day(end, business_days):
    """The day by which a renewal should be applied for so that the new certificate is here in time: before the day of
    the end the CA's business days, our own LEAD and a MARGIN."""
    return clock.before_business_days(end, business_days + LEAD + MARGIN)


def step_on(today, end, profile, is_with_the_desk=False):
    """The step of the reminders that a certificate with this last day has reached on a day: "90" … "0" (days before),
    "soon" and "late" (the last safe day), "ended", or "" when it is too early or too long ago to say anything."""
    if today > end + LAST_WORD:
        return ""
    steps = _steps(end, profile.business_days, profile.reminder_days, is_with_the_desk)
    return next((step for day, step in steps if day <= today), "")


@lru_cache(maxsize=4096)
def _steps(end, business_days, reminder_days, is_with_the_desk):
    """[(from which day, step)], the last one first."""
    safe = last_safe_day(end, business_days)
    days = [(end - timedelta(days=count), str(count)) for count in reminder_days] + [(_next(end), "ended")]
    if not is_with_the_desk:
        days += [(clock.before_business_days(safe, SOON), "soon"), (_next(safe), "late")]
    return sorted(days, reverse=True)


def dues(today):
    """What is due about certificates today; only those that their people were not told of yet."""
    profile = ca_profiles.here()
    officers = letters.officers()
    furthest = max([*profile.reminder_days, 2 * (profile.business_days + LEAD + MARGIN + SOON)])
    days = [today - LAST_WORD + timedelta(days=n) for n in range(furthest + LAST_WORD.days + 1)]
    for step, alike in groupby(days, key=lambda end: step_on(today, end, profile)):
        ends = list(alike)
        if step:
            yield from _ending(today, ends[0], ends[-1], step, profile, officers)
    yield from _replaced(today)


def _ending(today, first, last, step, profile, officers):
    for row, renewal in _with_renewals(expiries.ending_untold(first, last, step)):
        is_with_the_desk = renewal is not None and renewal.stage not in BEFORE_THE_DESK
        own = step_on(today, row.ends_on, profile, is_with_the_desk)
        if not own:
            continue
        safe = last_safe_day(row.ends_on, profile.business_days)
        is_for_all = own in ("late", "ended") and row.subscriber_id
        name = called(row) + (f"(利用管理者 {row.subscriber.name}さん)" if is_for_all else "")
        said = sentence(name, row.ends_on, renewal, today, safe)
        path = f"/applications/{renewal.id}" if renewal else f"/certificates/{row.id}"
        people = (row.subscriber,) if row.subscriber_id else ()
        people += tuple(officers) if is_for_all else ()
        on, brief = (safe, SAFE_DAY) if own in ("soon", "late") else (row.ends_on, END)
        yield Due(expiries.key(row, own), on, said, path, people, brief.format(called(row)))


def sentence(name, end, renewal, today, safe):
    """What the reminder says on a day about a certificate that goes by a name and ends on `end`; `renewal` under way or
    None, `safe` its last safe day."""
    left = (end - today).days
    if left < 0:
        said = f"{name}は、{clock.spoken(end)}に有効期限が切れました。この証明書では署名しないでください。"
        return said + (_under_way(renewal) if renewal else "引き続き必要な場合は、更新を申請してください。")
    when = f"{clock.spoken(end)}です(あと{left}日)。" if left else f"今日({clock.spoken(end)})です。"
    said = f"{name}の有効期限は、{when}"
    if renewal is not None:
        said += _under_way(renewal)
        if renewal.stage not in BEFORE_THE_DESK:
            return said
        return said + ("手続きを急いでください。" if today > safe else f"更新の目安日は{clock.spoken(safe)}です。")
    if today > safe:
        return said + f"更新の目安日({clock.spoken(safe)})を過ぎています。更新する場合は、すぐに申請してください。"
    return said + f"更新する場合は、目安日の{clock.spoken(safe)}までに申請してください。"


def _under_way(renewal):
    return f"更新の申請中({renewal.number}、{renewal.status})です。"


def called(row):
    return f"証明書「{row.title}」" if row.title else f"証明書(シリアル番号 {row.serial})"


def _replaced(today):
    """Old certificates that are still valid two weeks after the new one was taken into use. Nothing is revoked by
    itself: signatures without a timestamp would no longer verify."""
    last = today - TWO_WEEKS
    for row in list(expiries.replaced_untold(last - LAST_WORD, last, "replaced")):
        since = clock.day_of(row.renewed_by.new.accepted_at)
        said = (
            f"{called(row)}は、新しい証明書を{clock.spoken(since)}から利用していますが、前の証明書もまだ有効です"
            f"({clock.spoken(row.ends_on)}まで)。更新は不要です。前の証明書を失効させるかどうかを確認してください。"
            "失効させると、タイムスタンプのない署名は検証できなくなることがあります。"
        )
        people = (row.subscriber,) if row.subscriber_id else ()
        yield Due(expiries.key(row, "replaced"), since + TWO_WEEKS, said, f"/certificates/{row.id}", people)


def dates(first, last, people=None):
    """The ends and the last safe days in a span, in the order of the days; `people` (numbers): of their own alone."""
    profile = ca_profiles.here()
    return heapq.merge(
        _ends(first, last, people), _safe_days(first, last, people, profile), key=lambda due: (due.on, due.key)
    )


def _ends(first, last, people):
    for row, _ in _with_renewals(expiries.ending(first, last, people), PORTION):
        yield _date(row, "ends", row.ends_on, END)


def _safe_days(first, last, people, profile):
    furthest = last + timedelta(days=2 * (profile.business_days + LEAD + MARGIN))
    ends = [first + timedelta(days=n) for n in range((furthest - first).days)]
    ends = [end for end in ends if first <= last_safe_day(end, profile.business_days) <= last]
    if not ends:
        return
    for row, renewal in _with_renewals(expiries.ending(ends[0], ends[-1], people), PORTION):
        if renewal is None or renewal.stage in BEFORE_THE_DESK:
            safe = last_safe_day(row.ends_on, profile.business_days)
            yield _date(row, "safe", safe, SAFE_DAY)


def _date(row, what, day, said):
    people = (row.subscriber,) if row.subscriber_id else ()
    return Due(expiries.key(row, what), day, said.format(called(row)), f"/certificates/{row.id}", people)


def _with_renewals(query, size=500):
    """(row, the renewal under way or None) for a query of any length, `size` rows at a time."""
    for rows in expiries.in_portions(query, size):
        renewals = expiries.renewals(rows)
        yield from ((row, renewals.get(row.id)) for row in rows)


def _next(day):
    return day + timedelta(days=1)
