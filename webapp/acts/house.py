"""The administrator's acts: one transaction, one event each. What holds for a while gets an end; nothing is removed."""

from contextlib import contextmanager
from datetime import timedelta

from webapp import clock
from webapp.acts import entries
from webapp.errors import NotYourAct, Overtaken, Refused
from webapp.procedure import Role
from webapp.register import Account, Event, PersonRole, database, in_force


def require_administrator(who):
    """Raise NotYourAct unless this person is an administrator today."""
    if who.person is None or Role.ADMINISTRATOR not in who.person.roles():
        raise NotYourAct("設定の変更は管理者が行う操作です。", "必要な場合は、管理者に連絡してください。")


def require_office(who):
    """Raise NotYourAct unless this person is a registration officer or an administrator today."""
    if not is_office(who.person):
        raise NotYourAct("これは登録担当者または管理者が行う操作です。", "登録担当者に連絡してください。")


def is_office(person):
    return person is not None and bool(person.roles() & {Role.OFFICER, Role.ADMINISTRATOR})


@contextmanager
def administering(who):
    """One act of an administrator, in one transaction. Raises NotYourAct."""
    require_administrator(who)
    with database.atomic():
        yield


def note(act, row, who, facts=None, particulars=None):
    """The event of an act about a row; words about people go into `particulars`."""
    return Event.write(act, row, who.person, who.address, facts, particulars)


def end(who, row, until_on, about=None, particulars=None):
    """Let a row with a term end: `until_on` (text) is its last day. The event is about `about` or the row itself.
    Raises Incomplete for a day that ends nothing, Overtaken when somebody has ended it already."""
    day = _last_day(row, until_on)
    table = type(row)
    with administering(who):
        lasts_longer = table.until_on.is_null() | (table.until_on > day)
        if not table.update(until_on=day).where((table.id == row.id) & lasts_longer).execute():
            raise Overtaken("すでに終了日が記録されています。", "画面を開き直して、いまの状態を確認してください。")
        act = f"end_{row._meta.table_name.removeprefix('person_')}"
        note(act, about or row, who, {"row": row.id, "until_on": day.isoformat()}, particulars)
    row.until_on = day


def _last_day(row, text):
    """The typed last day: it shortens the term, and lies at the earliest on the eve of its beginning (never held)."""
    found = entries.checked({"until_on": entries.day("終了日")}, {"until_on": text})["until_on"]
    eve = row.since_on - timedelta(days=1)
    if found < eve:
        entries.refuse(
            {"until_on": f"終了日は{eve.isoformat()}以降の日付にしてください({row.since_on}に始まっています)。"}
        )
    if row.until_on and found >= row.until_on:
        entries.refuse({"until_on": f"終了日は、いまの終了日({row.until_on})より前の日付にしてください。"})
    return found


def terms():
    """The rules for the first and the last day of something that holds for a while."""
    return {"since_on": entries.day("開始日"), "until_on": entries.day("終了日", is_needed=False)}


def check_term(since_on, until_on):
    if until_on and until_on < since_on:
        entries.refuse({"until_on": "終了日は、開始日以降の日付にしてください。"})


def keep_an_administrator(last_day):
    """Raise Refused unless somebody with an open account is administrator after `last_day`. To be called after the
    event was written: the head of the chain lets one act at a time pass, so two administrators cannot both go."""
    day = max(last_day + timedelta(days=1), clock.today())
    left = (
        PersonRole.select()
        .join(Account, on=(Account.person == PersonRole.person))
        .where((PersonRole.role == Role.ADMINISTRATOR) & in_force(PersonRole, day) & Account.closed_at.is_null())
    )
    if not left.exists():
        raise Refused(
            "管理者がいなくなるため、この操作はできません。",
            "先に、ほかの人に管理者の役割とアカウントを登録してください。",
        )
