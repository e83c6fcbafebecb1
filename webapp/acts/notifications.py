"""届出: what NII must be told. Opened by hand, or when roles change or somebody takes over; filed, answered, or found
not to be needed. It never holds anything up: it only must not be forgotten."""

from datetime import timedelta

from webapp import clock
from webapp.acts import entries, evidence, house, letters
from webapp.acts.dues import Due
from webapp.errors import Overtaken
from webapp.procedure import ROLE_LABELS, Role
from webapp.register import Notification, Person, PersonRole, database

KINDS = {
    "subscriber_info": "利用管理者情報の変更",
    "officers_changed": "登録担当者の追加・削除(変更届)",
    "head_changed": "機関責任者の交代(変更申請書)",
    "institution_changed": "機関名・経理担当者などの変更(変更申請書)",
    "other": "その他の届出",
}
STATES = {"open": "未提出", "filed": "提出済", "answered": "完了", "not_needed": "不要"}
DAYS_TO_FILE = 10  # business days; NII names no number, only promptness
ENDING = {Role.OFFICER: "officers_changed", Role.HEAD: "head_changed"}
SOON = 60  # days around the end of a fixed term in which its 届出 is proposed
AHEAD = (30, 14, 7, 3)  # days before the day on which officers are reminded once more
LONGEST = 1000  # characters of a reason


def open_notification(who, given):
    """Open one by hand (kind, why, due_on as typed); a change of a kind that is open already is added to it. Returns
    the Notification. Raises NotYourAct, Incomplete."""
    house.require_office(who)
    rules = {
        "kind": entries.one_of(KINDS, "届出の種類を一覧から選んでください。"),
        "why": entries.line("届け出る内容"),
        "due_on": entries.day("提出の期日"),
    }
    values = entries.checked(rules, given)
    return propose(who, **values)


def propose(who, kind, why, due_on):
    """Open a notification, or add a line to the open one of its kind (the earlier day counts); returns it. In the
    caller's transaction, or one of its own."""
    with database.atomic():
        found = _opened(kind, why, due_on)
        house.note("open_notification", found, who, {"kind": kind, "due_on": found.due_on.isoformat()}, {"note": why})
    return found


def _opened(kind, why, due_on):
    fresh = {"kind": kind, "why": why, "due_on": due_on, "state": "open", "opened_at": clock.now(), "reason": ""}
    if kind == "other":
        return Notification.create(**fresh)
    Notification.insert(**fresh).on_conflict_ignore().execute()
    row = Notification.pending().where(Notification.kind == kind).get()
    lines = row.why.split("\n")
    row.why = "\n".join(lines if why in lines else [*lines, why])
    row.due_on = min(row.due_on, due_on)
    row.save(only=[Notification.why, Notification.due_on])
    return row


def pending():
    """The open ones, the earliest due first."""
    return list(Notification.pending())


def role_begins(who, person, role, since_on):
    """What NII is to be told because somebody takes a role from a day on. The first to hold it changes nothing."""
    if role not in ENDING or not PersonRole.held_by_another(person, role):
        return
    why = _change(person, role, since_on, "から")
    if role == Role.OFFICER:
        propose(who, ENDING[role], why, promptly(since_on))
    else:
        why += "変更申請書には、前任の機関責任者の署名・捺印が必要です。"
        propose(who, ENDING[role], why, before_leaving(since_on))


def role_ends(who, row):
    """What NII is to be told because a role (a PersonRole with its last day) ends."""
    if row.role in ENDING and row.until_on >= row.since_on:
        propose(who, *_ending(row))


def _ending(row):
    """(kind, why, due_on) of the notification that the end of a role asks for."""
    why = _change(row.person, row.role, row.until_on, "まで")
    if row.role == Role.OFFICER:
        return ENDING[row.role], why, promptly(row.until_on)
    why += f"変更申請書には、退任する{row.person.name}さんの署名・捺印が、退任の前に必要です。"
    if row.until_on < clock.today():
        why += "任期が終わっているため、署名・捺印の扱いをサービス窓口に確認してください。"
    return ENDING[row.role], why, before_leaving(row.until_on)


def proposals(today):
    """(row, kind, why, due_on) for fixed terms of officers and heads that end soon, or have just ended, without a 届出
    that says so and without a further term of the same person."""
    near = PersonRole.until_on.between(today - timedelta(days=SOON), today + timedelta(days=SOON))
    rows = PersonRole.select(PersonRole, Person).join(Person).where(near & PersonRole.role.in_(list(ENDING)))
    return [
        (row, *_ending(row))
        for row in rows.order_by(PersonRole.until_on, PersonRole.id)
        if row.role not in row.person.roles(row.until_on + timedelta(days=1)) and not _is_told(row)
    ]


def _is_told(row):
    """Whether a 届出 names the end of this term, or it was never held."""
    said = Notification.why.contains(_change(row.person, row.role, row.until_on, "まで"))
    named = (Notification.kind == ENDING[row.role]) & said
    return row.until_on < row.since_on or Notification.select().where(named).exists()


def promptly(day):
    """Ten business days after a change, or after today where the change lies behind."""
    return clock.after_business_days(max(day, clock.today()), DAYS_TO_FILE)


def before_leaving(last_day):
    """Ten business days before a head leaves, whose signature is needed; today where that has passed."""
    return max(clock.today(), clock.before_business_days(last_day, DAYS_TO_FILE))


def file_notification(who, notification, given, name="", data=b""):
    """Record that it was sent to NII (filed_on, note as typed; the papers as a file, if any). Raises NotYourAct,
    Incomplete, Overtaken."""
    house.require_office(who)
    values = entries.checked({"filed_on": entries.day("提出した日", is_past=True), "note": _note("備考")}, given)
    evidence.check(data)
    with database.atomic():
        columns = {"state": "filed", "filed_on": values["filed_on"], "person": who.person}
        _move(notification, ("open",), **columns)
        told = {"filed_on": values["filed_on"].isoformat()} | _kept(who, notification, name, data)
        house.note("file_notification", notification, who, told, {"note": values["note"]} if values["note"] else None)


def close_notification(who, notification, given, name="", data=b""):
    """End it: outcome "answered" (answered_on; NII has confirmed) for one that was filed, or "not_needed" with a reason
    for an open one. Raises NotYourAct, Incomplete, Overtaken."""
    house.require_office(who)
    evidence.check(data)
    if given.get("outcome") == "answered":
        return _answered(who, notification, given, name, data)
    return _not_needed(who, notification, given)


def _answered(who, notification, given, name, data):
    day = entries.checked({"answered_on": entries.day("回答のあった日", is_past=True)}, given)["answered_on"]
    if notification.filed_on and day < notification.filed_on:
        entries.refuse({"answered_on": f"提出した日({notification.filed_on})以降の日付にしてください。"})
    with database.atomic():
        _move(notification, ("filed",), state="answered", answered_on=day)
        told = {"outcome": "answered", "answered_on": day.isoformat()} | _kept(who, notification, name, data)
        house.note("close_notification", notification, who, told)


def _not_needed(who, notification, given):
    reason = entries.checked({"reason": _note("理由", is_needed=True)}, given)["reason"]
    with database.atomic():
        _move(notification, ("open",), state="not_needed", reason=reason, person=who.person)
        house.note("close_notification", notification, who, {"outcome": "not_needed"}, {"reason": reason})


def _move(notification, since, **columns):
    mine = (Notification.id == notification.id) & Notification.state.in_(since)
    if not Notification.update(**columns).where(mine).execute():
        raise Overtaken("この届出は、すでに先へ進んでいます。", "画面を開き直して、いまの状態を確認してください。")


def _kept(who, notification, name, data):
    kept_file = evidence.keep(who, name, data, notification=notification)
    return {"sha256": kept_file.sha256} if kept_file else {}


def _note(label, is_needed=False):
    """Lines of text."""

    def rule(text):
        if is_needed and not text:
            raise entries.Unfit(f"{label}を入力してください。")
        if len(text) > LONGEST or "\0" in text:
            raise entries.Unfit(f"{label}は{LONGEST}文字以内で入力してください。")
        return text

    return rule


def _change(person, role, day, until):
    return f"{ROLE_LABELS[role]} {person.name} {day:%Y年%-m月%-d日}{until}。"


def dues(today):
    """The open ones whose day is near or past, each once for every step of AHEAD."""
    near = Notification.pending().where(Notification.due_on <= today + timedelta(days=AHEAD[0]))
    people = tuple(letters.officers())
    for row in near:
        left = (row.due_on - today).days
        step = "late" if left < 0 else min((days for days in AHEAD if left <= days), default=AHEAD[0])
        yield Due(f"notification-{row.id}-{step}", row.due_on, sentence(row, today), f"/notifications/{row.id}", people)

    for row, kind, why, due_on in proposals(today):
        told = f"NIIへの届出「{KINDS[kind]}」が必要です。{why}"
        yield Due(f"notification-role-{row.id}", due_on, told, "/notifications", people)


def dates(first, last):
    """The days of open ones in a span, for the calendar."""
    people = tuple(letters.officers())
    for row in Notification.pending().where(Notification.due_on.between(first, last)):
        yield Due(f"notification-{row.id}", row.due_on, sentence(row, row.due_on), f"/notifications/{row.id}", people)


def sentence(row, today):
    day = f"{row.due_on:%Y年%-m月%-d日}"
    when = f"期日({day})を過ぎています" if row.due_on < today else f"期日は{day}です"
    return f"NIIへの届出「{KINDS[row.kind]}」がまだです。{when}。"
