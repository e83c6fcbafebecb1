"""様式: the CA's own blank forms: upload, bind field by field beside a trial print, put into force, retire."""

from flask import Blueprint, request, url_for

from webapp import clock
from webapp.acts import form_templates as acts
from webapp.errors import Unseen
from webapp.gate import let_in
from webapp.pages import attachment, page, see_other
from webapp.papers import form_template
from webapp.procedure import KIND_LABELS, Kind, Role
from webapp.register import FormTemplate, FormTrial, FormTrialPage
from webapp.routes.exported import XLSX
from webapp.routes.finding import attempt, tried, typed, upload, who

bp = Blueprint("form_templates", __name__, url_prefix="/form_templates")
MM = 25.4 / 72


@bp.before_request
def _officers_only():
    let_in(Role.OFFICER)


@bp.get("")
def index():
    return _index()


def _index(refusal=None):
    return page(
        "form_templates/index.html",
        refusal=refusal,
        kinds=[(kind.value, f"{KIND_LABELS[kind]}申請書", FormTemplate.newest(kind)) for kind in Kind],
        typed=typed(kind="", name="", source="", handed_out_on=""),
    )


@bp.post("")
def upload_form_template():
    return tried(
        lambda: acts.upload(who(), request.form, *upload()),
        _index,
        lambda row: see_other("form_templates.show", "upload_form_template", number=row.id),
    )


@bp.get("/<int:number>")
def show(number):
    return _page(_find(number))


def _find(number):
    row = FormTemplate.get_or_none(FormTemplate.id == number)
    if row is None:
        raise Unseen("様式が見つかりません。", "様式の一覧から選んでください。")
    return row


def _page(row, refusal=None):
    trial = FormTrial.newest(row)
    fields = _fields(row, trial)
    return page(
        "form_templates/show.html",
        refusal=refusal,
        row=row,
        kind_label=f"{KIND_LABELS[Kind(row.kind)]}申請書",
        trial=trial,
        pictures=[{"url": url_for("form_templates.picture", number=each.id)} for each in _pages(trial)],
        wanting=acts.wanting(row) if trial and trial.made_at else [],
        fields=fields,
        unbound=sum(not each["is_chosen"] for each in fields),
        lacking=acts.unbound(row),
        accepted=_accepted(),
        choices=_choices(row.reading["choices"]),
        sides=[(side, label, _side(row, side)) for side, label in acts.SIDES.items()],
        seal=_seal(trial),
    )


def _choices(places):
    """(place, words) of the cells to choose from: the cell and its heading, and the sheet where there are several."""
    is_one = len({place.rpartition("!")[0] for place, _ in places}) < 2
    return [(place, f"{place.rpartition('!')[2] if is_one else place} {heading}") for place, heading in places]


def _pages(trial):
    return trial.pages.order_by(FormTrialPage.page) if trial else []


def _fields(row, trial):
    """The rows of the table, numbered as on the trial print."""
    missing, shown = (trial.missing or [], trial.shown or {}) if trial else ([], {})
    rows = []
    for number, (key, field) in enumerate(form_template.fields(row.kind).items(), 1):
        proposal, bound = row.reading["proposals"].get(key), row.places.get(key)
        kept = f"{bound['sheet']}!{bound['cell']}" if bound else ""
        chosen, other = request.form.get(f"cell-{key}", kept), request.form.get(f"other-{key}", "")
        rows.append(
            {
                "number": number,
                "key": key,
                "label": field.label,
                "chosen": chosen,
                "other": other,
                "is_chosen": bool(chosen or other or kept),
                "proposal": _reason(proposal, chosen),
                "result": "missing"
                if key in missing
                else f"試し刷りの{shown[key][0] + 1}ページ"
                if key in shown
                else "",
            }
        )
    return rows


def _reason(proposal, chosen):
    """Why a cell was proposed, where the person had better look at it."""
    if proposal is None or (proposal["confidence"] == "高" and proposal["place"] == chosen):
        return ""
    return f"読み取り: {proposal['place']}、{proposal['reason']}(確かさ: {proposal['confidence']})"


def _side(row, side):
    return request.form.get(f"seal-{side}", "" if row.seal is None else row.seal[side])


def _seal(trial):
    """Where the trial put the seal, in words."""
    if trial is None or not trial.seal:
        return ""
    page_number, left, top, right, bottom = trial.seal
    return (
        f"{page_number + 1}ページ目、左から{left * MM:.0f}mm・上から{top * MM:.0f}mm"
        f"({(right - left) * MM:.0f}mm×{(bottom - top) * MM:.0f}mm)"
    )


@bp.post("/<int:number>/places")
def bind(number):
    row = _find(number)
    given = {
        key: request.form.get(f"other-{key}", "").strip() or request.form.get(f"cell-{key}", "")
        for key in form_template.fields(row.kind)
    }
    rectangle = {side: request.form.get(f"seal-{side}", "") for side in acts.SIDES}
    return _attempt(row, lambda: acts.bind(row, who(), given, rectangle), "bind_form_template")


@bp.post("/<int:number>/mapping")
def import_mapping(number):
    row = _find(number)
    _, data = upload("mapping")
    return _attempt(row, lambda: acts.import_mapping(row, who(), data), "import_form_mapping")


@bp.post("/<int:number>/trial")
def ask_trial(number):
    row = _find(number)
    return _attempt(row, lambda: acts.ask_trial(row, who()), "try_form_template")


@bp.post("/<int:number>/use")
def put_in_force(number):
    row = _find(number)
    return _attempt(row, lambda: acts.put_in_force(row, who(), **_accepted()), "use_form_template")


def _accepted():
    return {name: request.form.get(name) == "yes" for name in ("accepts_missing", "accepts_unbound")}


@bp.post("/<int:number>/retirement")
def retire(number):
    row = _find(number)
    return _attempt(row, lambda: acts.retire(row, who()), "retire_form_template")


def _attempt(row, act, done):
    again = lambda refusal: _page(_find(row.id), refusal)  # noqa: E731
    return attempt(act, again, "form_templates.show", done, number=row.id)


@bp.get("/<int:number>/mapping.json")
def mapping(number):
    row = _find(number)
    return attachment(acts.exported_mapping(row), f"{row.name}-{row.version}-対応表.json", "application/json")


@bp.get("/<int:number>/blank.xlsx")
def blank(number):
    row = _find(number)
    return attachment(row.content.bytes(), row.file_name, XLSX)


@bp.get("/<int:number>/trial.<ending>")
def trial(number, ending):
    made = FormTrial.newest(_find(number))
    content = {"xlsx": made.xlsx, "pdf": made.pdf}.get(ending) if made else None
    if content is None:
        raise Unseen("試し刷りはまだありません。", "様式の画面で、試し刷りができるのを待ってください。")
    media_type = XLSX if ending == "xlsx" else "application/pdf"
    name = f"試し刷り-{clock.day_of(made.made_at).isoformat()}.{ending}"
    return attachment(content.bytes(), name, media_type, is_shown=ending == "pdf")


@bp.get("/pages/<int:number>")
def picture(number):
    row = FormTrialPage.get_or_none(FormTrialPage.id == number)
    if row is None:
        raise Unseen("画像が見つかりません。", "様式の画面から開き直してください。")
    return attachment(row.content.bytes(), f"{number}.png", "image/png", is_shown=True)
