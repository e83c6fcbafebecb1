"""公印・電子署名使用簿 on screen, on paper and as a file: each use of the institution's seal."""

from dataclasses import dataclass
from datetime import date

from flask import Blueprint, g, request, url_for

from webapp import clock
from webapp.acts import seal_uses as acts
from webapp.pages import page
from webapp.procedure import Role
from webapp.register import Institution, Person, PersonRole, SealUse
from webapp.routes import exported
from webapp.routes.finding import attempt, numbered, typed, who

bp = Blueprint("seal_uses", __name__, url_prefix="/seal-uses")
PER_PAGE = 50
MOST_ON_PAPER = 1000
KINDS = {"sealed_pdf": "電子署名", "scan": "公印(捺印)"}


def _named(person, row):
    """Title and name as they stood on the day of the seal."""
    if person is None:
        return ""
    return " ".join(filter(None, (person.title(Role.HEAD, clock.day_of(row.at)), person.name)))


def _keeper(row):
    """Of a stamp as it was entered, of a key its person; of a stamp before it was asked for, what was printed then."""
    return row.stamp_keeper or _named(row.keeper, row)


def _means(row):
    """The certificate, or that it was the stamp."""
    found = row.certificate
    if found is None:
        return "公印"
    said = (f"発行者 {found['issuer']}", f"シリアル番号 {found['serial']}", found["mail"])
    return "、".join(each for each in said if each.strip() and not each.endswith(" "))


# key, heading, the text of a row: the same on the screen, on paper and in the file.
COLUMNS = (
    ("at", "日時", lambda row: row.at.astimezone(clock.JST).strftime("%Y-%m-%d %H:%M:%S")),
    ("kind", "種別", lambda row: KINDS[row.kind]),
    ("document", "文書", lambda row: f"{row.application.number} {row.application.form_name} 第{row.paper.version}版"),
    ("purpose", "用件", lambda row: f"{row.application.procedure_label}の申請({row.application.title})"),
    ("sha256", "SHA-256", lambda row: row.paper.sha256),
    ("sealer", "捺印・署名した人", lambda row: _named(row.sealer, row)),
    ("means", "証明書または公印", _means),
    ("keeper", "管守者", _keeper),
    ("approval", "決裁番号", lambda row: row.approval),
    ("came_to", "その後", lambda row: row.came_to),
)


@dataclass(frozen=True)
class _Listing:
    tests: tuple

    def ids(self, most):
        return SealUse.ids(self.tests, most)

    def rows(self, ids):
        return SealUse.in_order(ids)


@dataclass(frozen=True)
class _View:
    """The uses that an address asks for; `asked` as parameters, `words` as read aloud."""

    listing: _Listing
    asked: dict
    words: dict


def _view():
    """The View behind the present address; what is garbled in it is left out. Raises NotYourAct."""
    tests, asked, words = acts.own_to(g.person), {}, {}
    year = request.args.get("year", "")
    if year.isascii() and year.isdigit() and len(year) == 4 and 2000 <= int(year) <= 2999:
        first, following = (clock.beginning_of(date(int(year) + n, 4, 1)) for n in (0, 1))
        tests = [*tests, SealUse.at >= first, SealUse.at < following]
        asked["year"], words["year"] = year, f"{year}年度"
    kind = request.args.get("kind", "")
    if kind in KINDS:
        tests = [*tests, SealUse.kind == kind]
        asked["kind"], words["kind"] = kind, KINDS[kind]
    person = Person.get_or_none(Person.id == (numbered("person") or 0))
    if person is not None:
        tests = [*tests, SealUse.sealer == person]
        asked["person"], words["person"] = str(person.id), person.name
    return _View(_Listing(tuple(tests)), asked, words)


@bp.get("")
def index():
    view = _view()
    after = SealUse.get_or_none(SealUse.id == (numbered("after") or 0))
    ids = SealUse.ids(view.listing.tests, PER_PAGE + 1, after)
    rows, is_more = list(SealUse.in_order(ids[:PER_PAGE])), len(ids) > PER_PAGE
    return page(
        "seal_uses/index.html",
        rows=rows,
        texts=_texts,
        asked=view.asked,
        years=_years(),
        kinds=list(KINDS.items()),
        people=_people(),
        columns=exported.columns(COLUMNS),
        older=url_for("seal_uses.index", **view.asked, after=rows[-1].id) if is_more else "",
        newest=url_for("seal_uses.index", **view.asked) if after else "",
    )


def _texts(row):
    return {key: text(row) for key, _, text in COLUMNS}


def _years():
    """(2026, 2026年度), … from the first seal to this year."""
    first = SealUse.select().order_by(SealUse.at).first()
    now = clock.fiscal_year(clock.today())
    since = clock.fiscal_year(clock.day_of(first.at)) if first else now
    return [(str(year), f"{year}年度") for year in range(now, since - 1, -1)]


def _people():
    """Those who have ever been able to seal; a head chooses among none."""
    if not g.roles & set(acts.READERS):
        return []
    able = PersonRole.select(PersonRole.person).where(PersonRole.role.in_([Role.HEAD, Role.OFFICER]))
    return [
        (str(row.id), row.name) for row in Person.select().where(Person.id.in_(able)).order_by(Person.name, Person.id)
    ]


@bp.get("/paper")
def paper():
    """The register as a paper, the oldest first; of too many rows the newest, and it says so."""
    view = _view()
    ids = view.listing.ids(MOST_ON_PAPER + 1)
    return page(
        "seal_uses/paper.html",
        institution=Institution.here(),
        rows=[_texts(row) for row in view.listing.rows(ids[:MOST_ON_PAPER][::-1])],
        is_cut=len(ids) > MOST_ON_PAPER,
        most=MOST_ON_PAPER,
        asked=view.asked,
        period=view.words.get("year", "全期間"),
        narrowed=[text for name, text in view.words.items() if name != "year"],
        today=clock.today(),
    )


@bp.get("/export")
def export():
    view = _view()
    return exported.answer(_View(view.listing, view.words, {}), COLUMNS, "公印・電子署名使用簿")


@bp.get("/<int:number>")
def show(number):
    return _page(acts.find(g.person, number))


def _page(use, refusal=None):
    (row,) = SealUse.in_order([use.id])
    return page(
        "seal_uses/show.html",
        row=row,
        texts=_texts(row),
        columns=exported.columns(COLUMNS),
        may_note=acts.may_note(g.person),
        may_see=row.application.is_seen_by(g.person),
        typed=typed(approval=row.approval, keeper=row.stamp_keeper),
        longest=acts.LONGEST,
        refusal=refusal,
    )


@bp.post("/<int:number>/approval")
def note_approval(number):
    return _noted(number, acts.note_approval, "approval")


@bp.post("/<int:number>/keeper")
def note_keeper(number):
    return _noted(number, acts.note_keeper, "keeper")


def _noted(number, act, field):
    use, given = acts.find(g.person, number), request.form
    return attempt(
        lambda: act(use, who(), given.get(field, ""), given.get("before", "")),
        lambda refusal: _page(use, refusal),
        "seal_uses.show",
        act.__name__,
        number=number,
    )
