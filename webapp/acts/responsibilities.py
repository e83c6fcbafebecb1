"""What hangs on a person: certificates, steps of open applications, absences of others. And the alarm: whatever hangs on
somebody who has left or is about to."""

from dataclasses import dataclass
from datetime import date, timedelta

from webapp import clock
from webapp.acts import letters
from webapp.acts.dues import Due
from webapp.procedure import ROLE_LABELS, Role, Stage
from webapp.register import Application, Person, PersonRole, responsibilities

SOON = timedelta(days=30)
_BEFORE_SENDING = (Stage.SUBMITTED, Stage.EXAMINED, Stage.SEALED)
# The columns of an application in which somebody stands, what each is called, and until when it matters.
COLUMNS = {"applicant": "申請した人", "subscriber": "利用管理者", "officer": "登録担当者", "head": "捺印・署名する人"}
_WHILE = {
    "applicant": responsibilities.OPEN,
    "subscriber": responsibilities.OPEN,
    "officer": (Stage.DRAFT, *_BEFORE_SENDING, Stage.SENT),
    "head": (Stage.DRAFT, Stage.SUBMITTED, Stage.EXAMINED),
}


@dataclass(frozen=True)
class Task:
    """An open application that waits, now or later, for a person: `columns` where he or she stands in it, {column: the
    role of the successor who can take it}; `says` what the form says and what follows from it."""

    application: Application
    columns: dict
    says: str

    @property
    def labels(self):
        return "・".join(COLUMNS[column] for column in self.columns)

    @property
    def movable(self):
        """The columns that can go over as the application stands now, {column: role of the successor}."""
        return {each: role for each, role in self.columns.items() if is_movable(self.application, each)}


@dataclass(frozen=True)
class Leaving:
    """Somebody who has left or leaves soon, and on whom something hangs."""

    person: Person
    on: date
    why: str
    certificates: int
    applications: int

    @property
    def what(self):
        counted = ((self.certificates, "有効な証明書{}枚"), (self.applications, "進行中の申請{}件"))
        return "、".join(words.format(count) for count, words in counted if count)


def tasks_of(person):
    """The open applications in which a person still matters, as Tasks."""
    was_officer = PersonRole.select().where((PersonRole.person == person) & (PersonRole.role == Role.OFFICER)).exists()
    found = []
    for application in responsibilities.open_applications([person.id]):
        columns = {
            column: _successor_role(application, column, person, was_officer)
            for column in standing_in(application, person.id)
        }
        if columns:
            found.append(Task(application, columns, form_says(application, columns, person)))
    return found


def standing_in(application, number):
    """The columns of an application in which the person of this number stands and still matters."""
    at = Stage(application.stage)
    return [column for column in COLUMNS if getattr(application, f"{column}_id") == number and at in _WHILE[column]]


def is_movable(application, column):
    """A head is named on paper: once that is made, only a new form can name another (SIG-03 would refuse the seal)."""
    return column != "head" or application.stage == Stage.DRAFT


def _successor_role(application, column, person, was_officer):
    if column != "applicant":
        return Role(column)
    is_own = application.subscriber_id == person.id
    return Role.SUBSCRIBER if is_own or not was_officer else Role.OFFICER


def form_says(application, columns, person):
    """What the paper still says after the responsibility has gone over, and what to do about it."""
    named = "・".join(COLUMNS[column] for column in columns if column != "applicant")
    if application.stage == Stage.DRAFT:
        return "下書きです。提出すると、申請書には後任者の氏名を記載します。"
    if not named:
        return "申請書の記載は変わりません。"
    sentence = f"申請書には、{named}として{person.name}さんの氏名が記載されています。"
    if application.stage in (Stage.SUBMITTED, Stage.EXAMINED):
        return sentence + "差し戻して、後任者の氏名で出し直してください。"
    if application.stage == Stage.SEALED:
        return sentence + "送付の前に、差し戻して出し直すか、このまま送るかをサービス窓口に確認してください。"
    if "officer" in columns:
        return (
            sentence
            + "認証局からの電話は前任者あてに来ます。サービス窓口に連絡し、電話の案内カードを代表電話の担当に渡し直してください。"
        )
    return sentence + "証明書の発行後に、NIIへ利用管理者情報の変更を届け出てください。"


def leaving(today):
    """Everybody who has left or leaves within 30 days and on whom something hangs, the earliest first: a role that the
    thing needs ends, the account is closed, no mail address is in force."""
    reasons = _reasons(today)
    certificates = responsibilities.live_certificates_counted(reasons)
    applications = responsibilities.open_applications(reasons)
    people = {person.id: person for person in Person.select().where(Person.id.in_(list(reasons)))} if reasons else {}
    found = []
    for number, ends in reasons.items():
        held = certificates.get(number, 0) if {role for role, _, _ in ends} & {None, Role.SUBSCRIBER} else 0
        count = sum(any(_hangs(each, number, role) for role, _, _ in ends) for each in applications)
        if held or count:
            on = min(on for _, on, _ in ends)
            found.append(Leaving(people[number], on, "。".join(why for _, _, why in ends), held, count))
    return sorted(found, key=lambda each: (each.on, each.person.id))


def _reasons(today):
    """{number of a person: [(role, or None for all that hangs on them; day; sentence), …]}."""
    found = {}
    for (number, role), on in responsibilities.ending_roles(today + SOON).items():
        label = ROLE_LABELS[Role(role)]
        end = "終わりました" if on < today else "終わります"
        found.setdefault(number, []).append((Role(role), on, f"{label}の役割が{_day(on)}に{end}"))
    for number, on in responsibilities.without_mail(today).items():
        found.setdefault(number, []).append((None, on, "有効なメールアドレスがありません"))
    for number, at in responsibilities.closed_accounts().items():
        found.setdefault(number, []).append((None, clock.day_of(at), "アカウントが閉じられています"))
    return found


def _hangs(application, number, role):
    """Whether a person of this number stands in an application in this role, or (None) at all."""
    columns = standing_in(application, number)
    filed = "applicant" in columns and (role == Role.SUBSCRIBER or application.subscriber_id is None)
    return bool(columns) if role is None else role in columns or (role != Role.HEAD and filed)


def vacant(today):
    """(role, last day) of the roles that nobody will hold within 30 days though somebody holds them today."""
    for role in (Role.OFFICER, Role.HEAD):
        days = responsibilities.last_days(role, today)
        if days and None not in days and max(days) <= today + SOON:
            yield role, max(days)


def dues(today):
    """What hangs on people who leave: to the officers, and beforehand to whoever leaves."""
    officers = tuple(letters.officers())
    for each in leaving(today):
        is_past = each.on < today
        sentence = f"{each.person.name}さんは{each.why}。{each.what}を後任者に引き継いでください。"
        key = f"succession-{each.person.id}-{each.on}" + ("-left" if is_past else "")
        people = officers if is_past else (*officers, each.person)
        yield Due(key, each.on, sentence, f"/people/{each.person.id}/succession", people)
    for role, on in vacant(today):
        yield Due(f"vacant-{role}-{on}", on, vacancy(role, on), "/people", officers)


def vacancy(role, on):
    return f"{_day(on)}を過ぎると、{ROLE_LABELS[role]}がいなくなります。後任者の役割を登録してください。"


def _day(day):
    return f"{day:%Y年%-m月%-d日}"
