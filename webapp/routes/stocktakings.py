"""棚卸し on screen: opening, who has answered, reminding, closing, and the report that is signed off."""

from flask import Blueprint, g, request, url_for

from webapp import clock
from webapp.acts import stocktaking_report as report
from webapp.acts import stocktakings as acts
from webapp.acts.reminders import people
from webapp.errors import Unseen
from webapp.gate import let_in
from webapp.pages import attachment, page, see_other
from webapp.papers import spreadsheet
from webapp.procedure import Role
from webapp.register import Certificate, Department, Event, Reminder, Stocktaking, StocktakingItem
from webapp.register.stocktakings import standing_of
from webapp.routes.finding import attempt, numbered, tried, typed, who
from webapp.sentences import told_all

bp = Blueprint("stocktakings", __name__, url_prefix="/stocktakings")
PER_PAGE = 25
PEOPLE_PER_PAGE = 50
COLUMNS = ["所属", *((label, "number") for label in report.SHORT.values()), ("合計", "number")]
OFFICE = (Role.OFFICER, Role.HEAD, Role.AUDITOR)


@bp.get("")
def index():
    let_in(*OFFICE)
    rows = list(Stocktaking.select().order_by(-Stocktaking.id).limit(50))
    may_open = Role.OFFICER in g.roles and not any(row.closed_at is None for row in rows)
    return page("stocktakings/index.html", stocktakings=rows, may_open=may_open)


@bp.get("/new")
def new():
    let_in(Role.OFFICER)
    return _new_page()


def _new_page(refusal=None):
    today = clock.today()
    return page(
        "stocktakings/new.html",
        typed=typed(name=f"{today.year - (today.month < 4)}年度", due_on=""),
        already=Stocktaking.open_now(),
        refusal=refusal,
    )


@bp.post("")
def create():
    return tried(
        lambda: acts.open_stocktaking(who(), request.form),
        _new_page,
        lambda row: see_other("stocktakings.show", "open_stocktaking", number=row.id),
    )


@bp.get("/<int:number>")
def show(number):
    let_in(*OFFICE)
    return _show(_find(number))


def _show(row, refusal=None):
    departments = report.by_department(row)
    counts = {name: sum(each["counts"][name] for each in departments) for name in report.STANDINGS}
    return page(
        "stocktakings/show.html",
        stocktaking=row,
        counts=counts,
        total=sum(counts.values()),
        standings=report.STANDINGS,
        short=report.SHORT,
        columns=COLUMNS,
        departments=departments,
        people=_missing(row),
        tasks=list(StocktakingItem.unsettled().where(StocktakingItem.stocktaking == row).limit(PER_PAGE)),
        points=report.points,
        events=told_all(Event.about(row)),
        reminded_at=Reminder.newest(row),
        is_officer=Role.OFFICER in g.roles,
        may_sign_off=_may_sign_off(row),
        typed=typed(reason=""),
        refusal=refusal,
    )


def _missing(row):
    """A page of those who have not answered, by person: {rows, older}."""
    after = numbered("people_after")
    query = StocktakingItem.missing(row)
    query = query.where(Certificate.subscriber > after) if after else query.where(Certificate.subscriber.is_null(False))
    found = list(query.limit(PEOPLE_PER_PAGE + 1))
    known = people(number for number, _ in found)
    older = {"people_after": found[PEOPLE_PER_PAGE - 1][0]} if len(found) > PEOPLE_PER_PAGE else None
    nobody = dict(StocktakingItem.missing(row).where(Certificate.subscriber.is_null())).get(None, 0)
    return {
        "rows": [(known[number], count) for number, count in found[:PEOPLE_PER_PAGE]],
        "older": older,
        "nobody": nobody,
    }


def _may_sign_off(row):
    waits = row.closed_at is not None and row.signed_off_at is None
    return waits and bool(g.roles & {Role.HEAD, Role.OFFICER}) and row.closed_by_id != g.person.id


def _find(number):
    row = Stocktaking.get_or_none(Stocktaking.id == number)
    if row is None:
        raise Unseen("棚卸しが見つかりません。", "棚卸しの一覧から探してください。")
    return row


@bp.post("/<int:number>/reminders")
def remind(number):
    row = _find(number)
    return attempt(
        lambda: acts.remind_stocktaking(row, who()),
        lambda refusal: _show(row, refusal),
        "stocktakings.show",
        done="remind_stocktaking",
        number=row.id,
    )


@bp.post("/<int:number>/closing")
def close(number):
    row = _find(number)
    return attempt(
        lambda: acts.close_stocktaking(row, who(), request.form.get("reason", "")),
        lambda refusal: _show(_find(number), refusal),
        "stocktakings.show_report",
        done="close_stocktaking",
        number=row.id,
    )


@bp.get("/<int:number>/report")
def show_report(number):
    let_in(*OFFICE)
    row = _find(number)
    return page(
        "stocktakings/report.html",
        stocktaking=row,
        report=report.kept(row) if row.closed_at else report.of(row),
        standings=report.STANDINGS,
        short=report.SHORT,
        columns=COLUMNS,
        may_sign_off=_may_sign_off(row),
        today=clock.today(),
    )


@bp.get("/<int:number>/report.json")
def save_report(number):
    """The bytes whose SHA-256 was signed off."""
    let_in(*OFFICE)
    row = _find(number)
    if row.closed_at is None:
        raise Unseen("報告はまだありません。", "棚卸しを閉じると、報告が確定します。")
    return attachment(row.report.bytes(), f"棚卸し{row.name}.json", "application/json")


@bp.post("/<int:number>/sign-off")
def sign_off(number):
    row = _find(number)
    return attempt(
        lambda: acts.sign_off_stocktaking(row, who(), request.form.get("sha256", "")),
        lambda refusal: _show(row, refusal),
        "stocktakings.show_report",
        done="sign_off_stocktaking",
        number=row.id,
    )


# The items


@bp.get("/<int:number>/items")
def items(number):
    let_in(*OFFICE)
    row = _find(number)
    standing, department = request.args.get("standing", ""), numbered("department")
    after = numbered("after")
    query = StocktakingItem.listed(row).order_by(StocktakingItem.id)
    query = query.where(standing_of() == standing) if standing in report.STANDINGS else query
    query = query.where(Certificate.department == department) if department else query
    query = query.where(StocktakingItem.id > after) if after else query
    found = list(query.limit(PER_PAGE + 1))
    filters = {"standing": standing, "department": department}
    more = {"after": found[PER_PAGE - 1].id} if len(found) > PER_PAGE else None
    return page(
        "stocktakings/items.html",
        stocktaking=row,
        items=found[:PER_PAGE],
        standings=report.STANDINGS,
        standing=standing,
        department=Department.get_or_none(Department.id == department) if department else None,
        older=url_for("stocktakings.items", number=row.id, **filters, **more) if more else "",
        points=report.points,
    )


@bp.get("/<int:number>/own")
def own(number):
    """What this person has to answer, and has answered; whoever is responsible for nothing is told so."""
    row = _find(number)
    after = numbered("after")
    waiting = StocktakingItem.waiting_for(g.person, row).order_by(StocktakingItem.id)
    found = list((waiting.where(StocktakingItem.id > after) if after else waiting).limit(PER_PAGE + 1))
    answered = (Certificate.subscriber == g.person) & (StocktakingItem.state != "waiting")
    done = list(StocktakingItem.listed(row).where(answered).order_by(-StocktakingItem.answered_at).limit(PER_PAGE))
    return page(
        "stocktakings/own.html",
        stocktaking=row,
        items=found[:PER_PAGE],
        left=waiting.count(),
        answered=done,
        standings=report.STANDINGS,
        post=g.person.title(Role.SUBSCRIBER),
        older=url_for("stocktakings.own", number=row.id, after=found[PER_PAGE - 1].id) if len(found) > PER_PAGE else "",
    )


@bp.get("/<int:number>/items.csv")
def save_items(number):
    let_in(*OFFICE)
    row = _find(number)
    texts = (list(map(str, _told(values))) for values in StocktakingItem.exported(row))
    data = b"".join(spreadsheet.csv_file(_HEADINGS, texts))
    return attachment(data, f"棚卸し{row.name}.csv", "text/csv; charset=utf-8")


_HEADINGS = (
    *("管理名称", "シリアル番号", "所属", "利用管理者", "結果"),
    *("担当者", "職名・所属", "用途", "利用", "トークン", "説明", "回答日時", "回答した人", "代理確認", "対応"),
)


def _told(values):
    """A row of the export as people read it."""
    title, serial, department, person, standing, *answers = values
    *answers, note, at, by, is_on_behalf, settlement = answers
    said = ["" if answer is None else "記載のとおり" if answer else "違う" for answer in answers]
    when = f"{at.astimezone(clock.JST):%Y-%m-%d %H:%M}" if at else ""
    standing = report.STANDINGS[standing]
    behalf = "代理" if is_on_behalf else ""
    return (title, serial, department or "", person or "", standing, *said, note, when, by or "", behalf, settlement)
