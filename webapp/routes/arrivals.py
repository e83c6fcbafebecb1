"""届いた申請を登録する: drop what came, look at it beside the register and the CSR, press once."""

from flask import Blueprint, request, url_for

from webapp.acts import arrival_comparison
from webapp.acts import arrivals as acts
from webapp.errors import Refused, Unseen
from webapp.gate import let_in
from webapp.pages import attachment, page, see_other
from webapp.procedure import Role
from webapp.register import Arrival, ArrivalFile, Person
from webapp.routes.finding import typed, who

bp = Blueprint("arrivals", __name__, url_prefix="/arrivals")
SHOWN = 50
KINDS = {"issue": "発行申請書", "revoke": "失効申請書", "unknown": "読み取れない申請"}
STATES = {"read": "未処理", "registered": "申請を作成済み", "dismissed": "登録しない"}


@bp.before_request
def _officers_only():
    let_in(Role.OFFICER)


@bp.get("")
def index():
    return _index_page()


def _index_page(refusal=None):
    rows = Arrival.select().order_by(-Arrival.id).limit(SHOWN)
    status = refusal.status if refusal else 200
    return page("arrivals/index.html", status=status, refusal=refusal, rows=rows, kinds=KINDS, states=STATES)


@bp.post("")
def receive_arrival():
    files = [(file.filename or "", file.read()) for file in request.files.getlist("file") if file]
    try:
        arrival, is_new = acts.receive_arrival(who(), files)
    except Refused as refusal:
        if refusal.status != 422:
            raise
        return _index_page(refusal)
    return see_other("arrivals.show", "receive_arrival" if is_new else "receive_arrival_again", number=arrival.id)


@bp.get("/<int:number>")
def show(number):
    return _page(_find(number))


def _find(number):
    arrival = Arrival.get_or_none(Arrival.id == number)
    if arrival is None:
        raise Unseen("届いた申請が見つかりません。", "届いた申請の一覧から選んでください。")
    return arrival


def _page(arrival, refusal=None):
    offered = arrival_comparison.candidates(arrival)
    chosen = str(offered[0].id) if len(offered) == 1 else ""
    values = typed(subscriber=chosen, title="", purpose="", replaces="", is_another="", agreed="", reason="")
    everybody = Person.holding(Role.SUBSCRIBER)
    person = next((each for each in everybody if str(each.id) == values["subscriber"]), None)
    compared = arrival_comparison.Comparison(arrival, person)
    certificates = arrival_comparison.certificates_of(person) if person else []
    if request.method == "GET" and person:
        department = person.department.name if person.department else ""
        values |= {
            "title": f"{department} コード署名"[:100].strip(),
            "purpose": "届いた申請書による(ソフトウェアの配布)",
        }
    return page(
        "arrivals/show.html",
        status=refusal.status if refusal else 200,
        refusal=refusal,
        arrival=arrival,
        kind=KINDS[arrival.kind],
        state=STATES[arrival.state],
        compared=compared,
        people=[(str(each.id), f"{each.name}({each.mail})") for each in everybody],
        certificates=[(str(each.id), f"{each.title} {each.serial}") for each in certificates],
        is_renewal=arrival.entries.get("kind_label") == "更新",
        has_password=bool(arrival.zip_password),
        files=[(row, url_for("arrivals.file", number=arrival.id, which=row.id)) for row in arrival.files],
        typed=values,
    )


@bp.post("/<int:number>/application")
def register_arrival(number):
    arrival = _find(number)
    try:
        application = acts.register_arrival(arrival, who(), request.form)
    except Refused as refusal:
        if refusal.status != 422:
            raise
        return _page(_find(number), refusal)
    return see_other("applications.show", "register_arrival", number=application.id)


@bp.post("/<int:number>/dismissal")
def dismiss_arrival(number):
    arrival = _find(number)
    try:
        acts.dismiss_arrival(arrival, who(), request.form.get("reason", ""))
    except Refused as refusal:
        if refusal.status != 422:
            raise
        return _page(arrival, refusal)
    return see_other("arrivals.index", "dismiss_arrival")


@bp.get("/<int:number>/files/<int:which>")
def file(number, which):
    """A file exactly as it came, to be saved, never shown."""
    row = ArrivalFile.get_or_none((ArrivalFile.id == which) & (ArrivalFile.arrival == number))
    if row is None:
        raise Unseen("ファイルが見つかりません。", "届いた申請の画面から選んでください。")
    return attachment(row.content.bytes(), row.name, "application/octet-stream")
