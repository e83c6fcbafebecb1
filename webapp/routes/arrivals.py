"""届いた申請を登録する: drop what came, look at it beside the register and the CSR, press once."""

from flask import Blueprint, request, url_for

from webapp import clock
from webapp.acts import arrival_comparison
from webapp.acts import arrivals as acts
from webapp.errors import Unseen
from webapp.gate import let_in
from webapp.pages import attachment, page, see_other
from webapp.procedure import Role
from webapp.register import Arrival, ArrivalFile, Person
from webapp.routes.finding import attempt, tried, typed, who

bp = Blueprint("arrivals", __name__, url_prefix="/arrivals")
SHOWN = 50
AT_HOME = 10
LATE = 3  # business days after which one that waits stands out
KINDS = {"issue": "発行申請書", "revoke": "失効申請書", "unknown": "内容を読み取れない申請"}
STATES = {"read": "未処理", "registered": "申請を作成済み", "dismissed": "登録しない"}


@bp.before_request
def _officers_only():
    let_in(Role.OFFICER)


@bp.get("")
def index():
    return _index_page()


def _index_page(refusal=None):
    is_waiting = Arrival.state == "read"
    waiting, settled = (
        Arrival.select().where(which).order_by(-Arrival.id).limit(SHOWN) for which in (is_waiting, ~is_waiting)
    )
    return page(
        "arrivals/index.html",
        refusal=refusal,
        waiting=[_row(row) for row in waiting],
        settled=[_row(row) for row in settled],
    )


def _row(arrival):
    return {
        "arrival": arrival,
        "url": url_for("arrivals.show", number=arrival.id),
        "kind": KINDS[arrival.kind],
        "whose": _whose(arrival),
        "state": STATES[arrival.state],
    }


def _whose(arrival):
    """Who sent it, as far as one can tell."""
    return arrival.entries.get("subscriber_name") or arrival.sender_name or arrival.sender or "差出人不明"


def queue():
    """What the officers' home says of applications that came by mail and wait; nothing when there are none."""
    query = Arrival.select().where(Arrival.state == "read")
    rows = [_at_home(row) for row in query.order_by(Arrival.id).limit(AT_HOME)]
    listed = {"heading": "メールで届いた申請", "count": query.count(), "rows": rows, "empty": "", "id": "arrivals"}
    return [listed | {"more_url": url_for("arrivals.index")}] if rows else []


def _at_home(arrival):
    waited = clock.business_days_between(clock.day_of(arrival.came_at), clock.today())
    return {
        "number": "",
        "name": f"{KINDS[arrival.kind]}({_whose(arrival)})",
        "url": url_for("arrivals.show", number=arrival.id),
        "whose": "読み取れない点があります。送り主に返信してください。"
        if arrival.faults
        else "内容を確かめてください。",
        "since": f"{arrival.came_at.astimezone(clock.JST):%-m月%-d日 %H:%M}登録",
        "due": f"{waited}営業日経過" if waited >= LATE else "",
        "late": waited >= LATE,
    }


@bp.post("")
def receive_arrival():
    files = [(file.filename or "", file.read()) for file in request.files.getlist("file") if file]
    return tried(lambda: acts.receive_arrival(who(), files), _index_page, received)


def received(taken):
    """On to an arrival that was received, as receive_arrival returns it."""
    arrival, is_new = taken
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
    people = Person.holding(Role.SUBSCRIBER)
    chosen = request.values.get("subscriber") or _named(arrival)
    person = next((each for each in people if str(each.id) == chosen), None)
    certificates = arrival_comparison.certificates_of(person) if person else []
    proposed = {"subscriber": chosen, "is_another": "", "agreed": "", "reason": ""} | _proposed(person, certificates)
    return page(
        "arrivals/show.html",
        refusal=refusal,
        arrival=arrival,
        heading="届いた申請(内容を読み取れません)" if arrival.kind == "unknown" else f"届いた{KINDS[arrival.kind]}",
        state=STATES[arrival.state],
        subscriber=person,
        compared=arrival_comparison.Comparison(arrival, person),
        people=[(str(each.id), f"{each.name}({each.mail})") for each in people],
        certificates=[(str(row.id), _certificate(row)) for row in certificates],
        is_renewal=arrival_comparison.is_renewal(arrival),
        has_password=bool(arrival.zip_password),
        files=[(row, url_for("arrivals.file", number=arrival.id, which=row.id)) for row in arrival.files],
        typed=typed(**proposed),
    )


def _named(arrival):
    """Whose application it is: the only one whom the form or the mail names, or nobody yet."""
    if arrival.application:
        return str(arrival.application.subscriber_id or "")
    offered = arrival_comparison.candidates(arrival)
    return str(offered[0].id) if len(offered) == 1 else ""


def _proposed(person, certificates):
    department = person.department.name if person and person.department else ""
    return {
        "title": f"{department} コード署名"[:100].strip(),
        "purpose": "届いた申請書による(ソフトウェアの配布)",
        "replaces": str(certificates[0].id) if len(certificates) == 1 else "",
    }


def _certificate(row):
    return f"{row.title or row.subject}({row.ends_on:%Y年%-m月%-d日}まで、シリアル番号 {row.serial[:8]}…)"


@bp.post("/<int:number>/application")
def register_arrival(number):
    arrival = _find(number)
    return tried(
        lambda: acts.register_arrival(arrival, who(), request.form),
        lambda refusal: _page(_find(number), refusal),
        lambda application: see_other("applications.show", "register_arrival", number=application.id),
    )


@bp.post("/<int:number>/dismissal")
def dismiss_arrival(number):
    arrival = _find(number)
    return attempt(
        lambda: acts.dismiss_arrival(arrival, who(), request.form.get("reason", "")),
        lambda refusal: _page(arrival, refusal),
        "arrivals.index",
        "dismiss_arrival",
    )


@bp.get("/<int:number>/files/<int:which>")
def file(number, which):
    """A file exactly as it came, to be saved, never shown."""
    row = ArrivalFile.get_or_none((ArrivalFile.id == which) & (ArrivalFile.arrival == number))
    if row is None:
        raise Unseen("ファイルが見つかりません。", "届いた申請の画面から選んでください。")
    return attachment(row.content.bytes(), row.name, "application/octet-stream")
