"""認証局からの電話 (1-1-6) that has not been noted as taken: whom it is for, and when he or she is reminded."""

from functools import cache

from webapp import clock
from webapp.acts import letters
from webapp.acts.delays import called
from webapp.acts.dues import Due
from webapp.procedure import Kind, Role, Stage
from webapp.register import Application, TelephoneCall

# Business days after which one is reminded (domain.md §11: every second one); then delays.WITH_THE_DESK takes over.
WAITING, OURS = (2, 4, 6, 8, 10), (1, 3, 5, 7, 9)
SAID = {
    "": "認証局からの電話の記録がありません(送付から{n}営業日経過)。電話があったら、結果を記録してください。",
    "missed": "認証局からの電話に出られませんでした({n}営業日経過)。次の電話に出られるよう、受付の方に知らせてください。",
    "call_back": "認証局への折り返しの電話が済んでいません({n}営業日経過)。指定された番号へ電話し、結果を記録してください。",
}


def dues(today):
    """Reminders of calls that are outstanding, to the officer whom the form names; who is away is replaced by the
    registered stand-in when the digest is written."""
    officers, waited = letters.officers(), cache(lambda since: clock.business_days_between(since, today))
    sent = Application.with_people((Application.kind == Kind.ISSUE) & (Application.stage == Stage.SENT))
    rows = list(sent)
    latest = _latest([row.id for row in rows])
    for row in rows:
        call = latest.get(row.id)
        call = call if call and call.at >= row.stage_since_at else None
        outcome = call.outcome if call else ""
        if outcome == "answered":
            continue
        since = clock.day_of(call.at if call else row.stage_since_at)
        steps = OURS if outcome == "call_back" else WAITING
        step = max((each for each in steps if waited(since) >= each), default=0)
        if step and waited(since) <= steps[-1] + 1:
            said = f"{called(row)}: {SAID[outcome].format(n=waited(since))}"
            key = f"application-{row.id}-call-{call.id if call else f'{since:%Y%m%d}'}-{step}"
            yield Due(
                key, clock.after_business_days(since, step), said, f"/applications/{row.id}/desk", _whom(row, officers)
            )


def _whom(row, officers):
    named = row.officer
    return (named,) if named is not None and Role.OFFICER in named.roles() else tuple(officers)


def _latest(ids):
    """{application id: its newest call}."""
    found = {}
    for start in range(0, len(ids), 500):
        some = TelephoneCall.application.in_(ids[start : start + 500])
        for call in TelephoneCall.select().where(some).order_by(TelephoneCall.id):
            found[call.application_id] = call
    return found
