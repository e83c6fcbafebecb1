"""引き継ぎ: everything that hangs on a person goes over in one act, with a 引継書 for each successor."""

import json
from dataclasses import dataclass, field

from webapp import clock
from webapp.acts import house, letters, notifications, responsibilities, succession_paper
from webapp.acts.entries import refuse
from webapp.errors import Overtaken
from webapp.mails import people as mails
from webapp.procedure import ROLE_LABELS, Role, Stage
from webapp.register import (
    Absence,
    Application,
    Certificate,
    Content,
    Person,
    PersonDepartment,
    Succession,
    SuccessionItem,
    database,
    row_number,
)
from webapp.register.responsibilities import live_certificates, stood_in_by

ROLES = (Role.SUBSCRIBER, Role.OFFICER, Role.HEAD)  # those in which somebody can take over
LONGEST = 2000  # characters of 申し送り
AT_ONCE = 500  # rows of one statement
_TOLD = (Stage.SENT, Stage.DELIVERED, Stage.INSTALLED, Stage.COMPLETED)  # stages in which NII has the names already


@dataclass
class Share:
    """What one successor takes over."""

    successor: Person
    certificates: list = field(default_factory=list)
    tasks: list = field(default_factory=list)  # (Task, the columns that go over)
    absences: list = field(default_factory=list)

    @property
    def what(self):
        counted = (
            (len(self.certificates), "証明書{}枚"),
            (len(self.tasks), "進行中の申請{}件"),
            (len(self.absences), "不在の代理{}件"),
        )
        return "、".join(words.format(count) for count, words in counted if count)


def hand_over(who, person, given):
    """Hand over what hangs on `person`: all of it to the successor of each role, or only the items ticked. `given`: a
    MultiDict with to_subscriber, to_officer, to_head (a person's number or empty), scope (all, chosen), certificate and
    application (numbers, repeated), note (申し送り). Returns the Successions. Raises NotYourAct, Incomplete, Overtaken."""
    house.require_office(who)
    note = _note(given.get("note", ""))
    successors = _successors(person, given)
    chosen = _chosen(given)
    with database.atomic():
        shares = _shares(person, successors, chosen)
        if not shares:
            refuse({"scope": "引き継ぐものがありません。後任者と、引き継ぐものを選んでください。"})
        return [_hand(who, person, share, note) for share in shares]


def candidates(role, person):
    """[(Person, name of the department, is_colleague)] of those who hold a role today and may take over, people of the
    same department first."""
    mine = {department.id for department in person.departments()} or _last_departments(person)
    people = [each for each in Person.holding(role) if each.id != person.id]
    offices = PersonDepartment.of(people)
    found = []
    for each in people:
        own = offices.get(each.id, [])
        found.append((each, own[0].name if own else "所属なし", bool(mine & {office.id for office in own})))
    return sorted(found, key=lambda row: not row[2])


def _last_departments(person):
    """The departments of somebody who belongs to none any more: the ones that ended last."""
    rows = list(person.department_rows)
    last = max((row.until_on for row in rows if row.until_on), default=None)
    return {row.department_id for row in rows if row.until_on == last}


def _note(text):
    text = text.strip()
    if len(text) > LONGEST or "\0" in text:
        refuse({"note": f"申し送りは{LONGEST}文字以内で入力してください。"})
    return text


def _successors(person, given):
    """{role: Person}: those named; each must hold the role today. Raises Incomplete with a sentence for each field."""
    found, faults = {}, {}
    for role in ROLES:
        number = (given.get(f"to_{role}") or "").strip()
        if not number:
            continue
        successor = Person.get_or_none(Person.id == row_number(number))
        if successor is None:
            faults[f"to_{role}"] = "後任者を一覧から選んでください。"
        elif successor.id == person.id:
            faults[f"to_{role}"] = "本人には引き継げません。別の人を選んでください。"
        elif role not in successor.roles():
            faults[f"to_{role}"] = f"{successor.name}さんは、今日の時点で{ROLE_LABELS[role]}ではありません。"
        else:
            found[role] = successor
    if not faults and not found:
        faults[f"to_{ROLES[0]}"] = "後任者を選んでください。"
    if faults:
        refuse(faults)
    return found


def _chosen(given):
    """None for everything, else ({certificates' numbers}, {applications' numbers}). Raises Incomplete."""
    if given.get("scope") == "all":
        return None
    if given.get("scope") != "chosen":
        refuse({"scope": "引き継ぐ範囲を選んでください。"})
    return tuple({row_number(text) for text in given.getlist(name)} - {None} for name in ("certificate", "application"))


def _shares(person, successors, chosen):
    shares = {}

    def share_of(role):
        successor = successors[role]
        return shares.setdefault(successor.id, Share(successor))

    if Role.SUBSCRIBER in successors:
        rows = [row for row in live_certificates(person) if chosen is None or row.id in chosen[0]]
        if rows:
            share_of(Role.SUBSCRIBER).certificates = rows
    for task in responsibilities.tasks_of(person):
        if chosen is None or task.application.id in chosen[1]:
            _share_task(task, successors, share_of)
    if Role.OFFICER in successors and chosen is None:
        taken = [row for row in stood_in_by(person) if _may_stand_in(successors[Role.OFFICER], row)]
        if taken:
            share_of(Role.OFFICER).absences = taken
    return list(shares.values())


def _share_task(task, successors, share_of):
    parts = {}
    for column, role in task.movable.items():
        if role in successors:
            parts.setdefault(role, []).append(column)
    for role, columns in parts.items():
        _check_four_eyes(task.application, columns, successors[role])
        share_of(role).tasks.append((task, columns))


def _check_four_eyes(application, columns, successor):
    """Whoever examined or attested an application cannot become its applicant. Raises Incomplete."""
    if not {"applicant", "subscriber"} & set(columns):
        return
    eyes = [application.reviewer_id]
    if not application.is_emergency:
        eyes += [application.examiner_id, application.attester_id]
    if successor.id in eyes:
        sentence = (
            f"{application.number}は{successor.name}さんが審査または確認をした申請です。ほかの人に引き継いでください。"
        )
        refuse({"scope": sentence})


def _may_stand_in(successor, absence):
    return absence.person_id != successor.id and Role.OFFICER in successor.roles(absence.until_on)


def _hand(who, person, share, note):
    """Move one share, write its 引継書, its event, its letters, and what NII must be told."""
    _move_certificates(person, share)
    for task, columns in share.tasks:
        _move_application(person, share.successor, task.application, columns)
    for absence in share.absences:
        Absence.update(stand_in=share.successor).where(Absence.id == absence.id).execute()
    values = succession_paper.values(who, person, share, note)
    content = Content.keep(json.dumps(values, ensure_ascii=False, sort_keys=True).encode())
    succession = Succession.create(
        person=person, successor=share.successor, by=who.person, at=clock.now(), content=content
    )
    _keep_items(succession, share)
    told = {
        "succession": succession.id,
        "to": share.successor.id,
        "certificates": [row.id for row in share.certificates],
        "applications": {task.application.number: columns for task, columns in share.tasks},
        "absences": [row.id for row in share.absences],
        "sha256": content.sha256,
    }
    house.note("hand_over", person, who, told, {"note": note} if note else None)
    _tell_nii(who, person, share)
    everybody = [person, share.successor, *letters.officers()]
    path = f"/successions/{succession.id}"
    letters.tell(mails.handed_over, everybody, path, person.name, share.successor.name, share.what)
    return succession


def _move_certificates(person, share):
    numbers = [row.id for row in share.certificates]
    moved = 0
    for start in range(0, len(numbers), AT_ONCE):
        mine = Certificate.id.in_(numbers[start : start + AT_ONCE]) & (Certificate.subscriber == person)
        moved += Certificate.update(subscriber=share.successor).where(mine).execute()
    if moved != len(numbers):
        raise _overtaken()


def _move_application(person, successor, application, columns):
    """What the form says stays in its frozen values; who is responsible goes over."""
    still = (Application.id == application.id) & (Application.stage == application.stage)
    for column in columns:
        still &= getattr(Application, column) == person
    if not Application.update(**dict.fromkeys(columns, successor)).where(still).execute():
        raise _overtaken()


def _overtaken():
    return Overtaken(
        "引き継ぐものが、ほかの人の操作で変わりました。何も引き継いでいません。",
        "画面を開き直して、いまの状態を確認してから、もう一度引き継いでください。",
    )


def _keep_items(succession, share):
    rows = [{"succession": succession, "certificate": row, "application": None} for row in share.certificates]
    rows += [{"succession": succession, "certificate": None, "application": t.application} for t, _ in share.tasks]
    for start in range(0, len(rows), AT_ONCE):
        SuccessionItem.insert_many(rows[start : start + AT_ONCE]).execute()


def _tell_nii(who, person, share):
    """NII knows the 利用管理者 of a certificate, and of an application that was sent: it must learn of the new one."""
    known = [task for task, columns in share.tasks if "subscriber" in columns and task.application.stage in _TOLD]
    if share.certificates or known:
        count = f"証明書{len(share.certificates)}枚、送付済みの申請{len(known)}件"
        why = f"利用管理者 {person.name}から{share.successor.name}へ({clock.today():%Y年%-m月%-d日}、{count})。"
        notifications.propose(who, "subscriber_info", why, notifications.promptly(clock.today()))
