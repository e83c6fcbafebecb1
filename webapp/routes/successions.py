"""People change: who leaves, what hangs on them, handing it over in one act, and the 引継書."""

from datetime import date

from flask import Blueprint, g, request

from webapp import clock
from webapp.acts import absences as absence_acts
from webapp.acts import house, responsibilities
from webapp.acts import successions as acts
from webapp.errors import NotYourAct, Unseen
from webapp.gate import let_in
from webapp.pages import page
from webapp.procedure import ROLE_LABELS, Role
from webapp.register import Person, Succession
from webapp.register.responsibilities import live_certificates, live_certificates_counted, stood_in_by
from webapp.routes.finding import attempt, who

bp = Blueprint("successions", __name__)
SHOWN = 300  # certificates listed one by one; all of them can be handed over all the same
FOUND = 50  # people of a search


@bp.get("/people")
def index():
    let_in(Role.OFFICER, Role.ADMINISTRATOR)
    words = request.args.get("q", "").strip()
    today = clock.today()
    return page(
        "successions/index.html",
        leaving=responsibilities.leaving(today),
        vacancies=[responsibilities.vacancy(*each) for each in responsibilities.vacant(today)],
        today=today,
        words=words,
        found=list(Person.select().where(Person.name.contains(words)).order_by(Person.name, Person.id).limit(FOUND))
        if words
        else None,
        absences=absence_acts.current(),
    )


@bp.get("/people/<int:number>/succession")
def show(number):
    person = _find(number)
    if person.id != g.person.id and not house.is_office(g.person):
        raise NotYourAct("ほかの人の担当は、登録担当者または管理者が確認します。", "登録担当者に連絡してください。")
    return _page(person)


def _find(number):
    person = Person.get_or_none(Person.id == number)
    if person is None:
        raise Unseen("この人は登録されていません。", "「人の交代」の画面から選び直してください。")
    return person


def _page(person, refusal=None):
    count = live_certificates_counted([person.id]).get(person.id, 0)
    tasks = responsibilities.tasks_of(person)
    absences = stood_in_by(person)
    roles = _roles(person, count, tasks, absences)
    return page(
        "successions/show.html",
        someone=person,
        is_own=person.id == g.person.id,
        may=house.is_office(g.person),
        count=count,
        certificates=list(live_certificates(person).limit(SHOWN)),
        tasks=tasks,
        absences=absences,
        roles=roles,
        is_possible=any(options for _, _, options in roles),
        successions=list(Succession.with_person(person)),
        typed=_typed(),
        refusal=refusal,
    )


def _roles(person, count, tasks, absences):
    """[(role, label, options)] for the roles in which somebody has to take over."""
    wanted = {role for task in tasks for role in task.movable.values()}
    wanted |= {Role.SUBSCRIBER} if count else set()
    wanted |= {Role.OFFICER} if absences else set()
    return [(role, ROLE_LABELS[role], _options(role, person)) for role in acts.ROLES if role in wanted]


def _options(role, person):
    return [
        (each.id, f"{each.name}({'同じ所属' if is_colleague else office})")
        for each, office, is_colleague in acts.candidates(role, person)
    ]


def _typed():
    """What was chosen, to be shown again; at first everything goes over, and nobody is chosen."""
    given = request.form
    kept = {f"to_{role}": given.get(f"to_{role}", "") for role in acts.ROLES}
    ticked = {name: given.getlist(name) if given else None for name in ("certificate", "application")}
    return kept | ticked | {"scope": given.get("scope", "all"), "note": given.get("note", "")}


@bp.post("/people/<int:number>/succession")
def hand_over(number):
    person = _find(number)
    return attempt(
        lambda: acts.hand_over(who(), person, request.form),
        lambda refusal: _page(_find(number), refusal),
        "successions.show",
        "hand_over",
        number=number,
    )


@bp.get("/successions/<int:number>")
def paper(number):
    """The 引継書, on A4."""
    row = Succession.get_or_none(Succession.id == number)
    if row is None or not row.is_seen_by(g.person):
        raise Unseen("引継書が見つかりません。", "お知らせのメールから開き直すか、登録担当者に連絡してください。")
    values = row.values()
    return page("successions/paper.html", succession=row, paper=values, dates=_dates(values), day=date.fromisoformat)


def _dates(values):
    """The next days on which something ends, [(day, sentence)], the earliest first."""
    ends = [
        (each["not_after"], f"証明書「{each['title'] or each['serial']}」の有効期限") for each in values["certificates"]
    ]
    return [(date.fromisoformat(on), what) for on, what in sorted(ends)][:10]
