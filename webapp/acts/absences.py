"""不在: days on which a registered officer stands in for somebody."""

from datetime import timedelta

from webapp import clock
from webapp.acts import entries, house
from webapp.errors import NotYourAct, Overtaken
from webapp.procedure import Role
from webapp.register import Absence, Person, database

LONGEST = timedelta(days=366)


def note_absence(who, person, given):
    """Note that `person` is away (stand_in a person's number, since_on, until_on as typed); returns the Absence. One's
    own absence anybody may note, others' officers and administrators. Raises NotYourAct, Incomplete."""
    _require(who, person)
    rules = {
        "stand_in": entries.pattern(r"\d{1,12}", "代理の登録担当者を一覧から選んでください。"),
        "since_on": entries.day("不在の初日"),
        "until_on": entries.day("不在の最終日"),
    }
    values = entries.checked(rules, given)
    stand_in = Person.get_or_none(Person.id == int(values.pop("stand_in")))
    _check_days(**values)
    with database.atomic():
        absence = Absence(person=person, stand_in=_fit(stand_in, person, values), **values)
        _check_is_free(person, values)
        absence.save()
        told = {"row": absence.id, "stand_in": stand_in.id} | {name: day.isoformat() for name, day in values.items()}
        house.note("note_absence", person, who, told)
    return absence


def end_absence(who, absence, until_on):
    """Let an absence end earlier: `until_on` (text) is its last day; one that has not begun is called off with an empty
    text. Raises NotYourAct, Incomplete, Overtaken."""
    _require(who, absence.person)
    if not until_on.strip():
        return _call_off(who, absence)
    day = entries.checked({"until_on": entries.day("不在の最終日")}, {"until_on": until_on})["until_on"]
    if not absence.since_on <= day < absence.until_on:
        entries.refuse(
            {"until_on": f"{absence.since_on}から、いまの最終日({absence.until_on})の前日までの日付にしてください。"}
        )
    _write(who, absence, (Absence.until_on > day), {"until_on": day.isoformat()}, until_on=day)
    return None


def of(person):
    """The absences of somebody that are not over, the earliest first."""
    return list(_not_over().where(Absence.person == person))


def current():
    """Everybody's absences that are not over, the earliest first."""
    return list(_not_over())


def _not_over():
    stand_in = Person.alias()
    return (
        Absence.select(Absence, Person, stand_in)
        .join(Person, on=(Absence.person == Person.id))
        .switch(Absence)
        .join(stand_in, on=(Absence.stand_in == stand_in.id))
        .where(Absence.cancelled_at.is_null() & (Absence.until_on >= clock.today()))
        .order_by(Absence.since_on, Absence.id)
        .limit(200)
    )


def _call_off(who, absence):
    if absence.since_on <= clock.today():
        entries.refuse({"until_on": "すでに始まっている不在です。最終日を入力してください。"})
    _write(who, absence, Absence.since_on > clock.today(), {"cancelled": True}, cancelled_at=clock.now())


def _write(who, absence, still, told, **columns):
    with database.atomic():
        mine = (Absence.id == absence.id) & Absence.cancelled_at.is_null() & still
        if not Absence.update(**columns).where(mine).execute():
            raise Overtaken("この不在は、すでに変更されています。", "画面を開き直して、いまの状態を確認してください。")
        house.note("end_absence", absence.person, who, {"row": absence.id} | told)


def _require(who, person):
    if who.person is None or (who.person.id != person.id and not house.is_office(who.person)):
        raise NotYourAct("ほかの人の不在は、登録担当者または管理者が登録します。", "登録担当者に連絡してください。")


def _check_days(since_on, until_on):
    if until_on < since_on:
        entries.refuse({"until_on": "不在の最終日は、初日以降の日付にしてください。"})
    if until_on < clock.today():
        entries.refuse({"until_on": "不在の最終日は、今日以降の日付にしてください。"})
    if until_on - since_on > LONGEST:
        entries.refuse({"until_on": "不在は1年以内で登録してください。それより長いときは、担当を引き継いでください。"})


def _fit(stand_in, person, values):
    """The stand-in, if he or she is a registered officer on all those days and not away too. Raises Incomplete."""
    if stand_in is None:
        entries.refuse({"stand_in": "代理の登録担当者を一覧から選んでください。"})
    if stand_in.id == person.id:
        entries.refuse({"stand_in": "代理には、本人でない登録担当者を選んでください。"})
    days = (max(values["since_on"], clock.today()), values["until_on"])
    if not all(Role.OFFICER in stand_in.roles(day) for day in days):
        entries.refuse(
            {
                "stand_in": f"{stand_in.name}さんは、この期間の登録担当者ではありません。代理には、登録担当者を選んでください。"
            }
        )
    if _overlapping(stand_in, values).exists():
        entries.refuse(
            {"stand_in": f"{stand_in.name}さんも、この期間に不在の予定があります。ほかの登録担当者を選んでください。"}
        )
    return stand_in


def _check_is_free(person, values):
    if _overlapping(person, values).exists():
        entries.refuse({"since_on": "この期間と重なる不在が、すでに登録されています。"})


def _overlapping(person, values):
    shared = (Absence.since_on <= values["until_on"]) & (Absence.until_on >= values["since_on"])
    return Absence.select().where((Absence.person == person) & Absence.cancelled_at.is_null() & shared)
