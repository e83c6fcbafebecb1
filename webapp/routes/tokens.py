"""トークン台帳 on screen: the list, one token with what lies on it, and what happens to it."""

from flask import Blueprint, g, request

from webapp import clock
from webapp.acts import token_ledger as acts
from webapp.errors import Unseen
from webapp.gate import let_in
from webapp.pages import page, see_other
from webapp.procedure import Role
from webapp.register import Token, TokenHandover, TokenListing
from webapp.register.tokens import in_state, months_before, with_words
from webapp.routes import exported, lists
from webapp.routes.finding import attempt, numbered, tried, typed, who
from webapp.sentences import told_all

bp = Blueprint("tokens", __name__, url_prefix="/tokens")
PER_PAGE = 25
SHOWN = 50  # certificates and keys on the page of one token
STATES = {
    "at_hand": "使用中",
    "lost": "紛失",
    "disposed": "廃棄",
    "unchecked": "認証の確認から13か月以上",
    "unconfirmed": "受領の確認待ち",
}
FIELDS = ("label", "kind", "manufacturer", "model", "serial", "firmware", "scheme", "level", "number", "status_on", "place")  # fmt: skip


def _certification(row):
    return " ".join(filter(None, (acts.SCHEMES[row.scheme], row.level, row.number)))


COLUMNS = (
    ("label", "呼び名", lambda row: row.label),
    ("kind", "種類", lambda row: acts.KINDS[row.kind]),
    ("manufacturer", "製造元", lambda row: row.manufacturer),
    ("model", "型式", lambda row: row.model),
    ("serial", "シリアル番号", lambda row: row.serial),
    ("firmware", "ファームウェア", lambda row: row.firmware),
    ("certification", "認証", _certification),
    ("status_on", "認証の状態の確認日", lambda row: row.status_on.isoformat() if row.status_on else ""),
    ("holder", "所持者", lambda row: row.holder.name if row.holder else ""),
    ("place", "保管場所", lambda row: row.place),
    ("state", "状態", lambda row: row.state),
    ("lost_on", "紛失日", lambda row: row.lost_on.isoformat() if row.lost_on else ""),
    ("disposed_on", "廃棄日", lambda row: row.disposed_on.isoformat() if row.disposed_on else ""),
    ("disposal", "廃棄の方法", lambda row: row.disposal),
    ("witness", "立会人", lambda row: row.witness),
)


def _let_in():
    let_in(Role.OFFICER, Role.HEAD, Role.AUDITOR, Role.SUBSCRIBER)


def _view():
    """The View behind the present address; what it asks for that nobody knows is left out."""
    given = {name: lists.line(name) for name in ("q", "kind", "state")}
    rules = {"q": (bool, with_words), "kind": (acts.KINDS.__contains__, Token.kind.__eq__), "state": (STATES.__contains__, in_state)}  # fmt: skip
    asked = {name: given[name] for name, (is_fit, _) in rules.items() if given[name] and is_fit(given[name])}
    conditions = tuple(rules[name][1](text) for name, text in asked.items())
    return lists.View(TokenListing(g.person, conditions), asked, "tokens.index")


@bp.get("")
def index():
    _let_in()
    view = _view()
    rows, is_more = view.listing.page(PER_PAGE, numbered("after"))
    return page(
        "tokens/index.html",
        rows=[(row, _certification(row)) for row in rows],
        kinds=acts.KINDS,
        states=STATES,
        asked=view.asked,
        typed={name: view.asked.get(name, "") for name in ("q", "kind", "state")},
        older=view.url(after=rows[-1].id) if is_more else "",
        columns=exported.columns(COLUMNS),
        old=months_before(clock.today(), acts.MONTHS),
        may_enter=Role.OFFICER in g.roles,
    )


@bp.get("/export")
def export():
    _let_in()
    return exported.answer(_view(), COLUMNS, "トークン台帳")


@bp.get("/new")
def new():
    let_in(Role.OFFICER)
    return _form_page()


def _form_page(token=None, refusal=None):
    before = {name: getattr(token, name) or "" for name in FIELDS} if token else dict.fromkeys(FIELDS, "")
    return page(
        "tokens/form.html",
        token=token,
        kinds=list(acts.KINDS.items()),
        schemes=list(acts.SCHEMES.items()),
        holders=_people(),
        typed=typed(holder="", **before),
        refusal=refusal,
    )


def _people():
    return [(person.id, person.name) for person in acts.holders()]


@bp.post("")
def enter_token():
    let_in(Role.OFFICER)
    return tried(
        lambda: acts.enter_token(who(), request.form),
        lambda refusal: _form_page(None, refusal),
        lambda row: see_other("tokens.show", "enter_token", number=row.id),
    )


def _find(number):
    """The token with this row number, if this person may know of it; raises Unseen (404) otherwise."""
    _let_in()
    row = Token.get_or_none(Token.id == number)
    if row is None or not row.is_seen_by(g.person):
        raise Unseen("トークンが見つかりません。", "トークンの一覧から探してください。")
    return row


@bp.get("/<int:number>")
def show(number):
    return _page(_find(number))


def _page(token, refusal=None, way=""):
    is_officer, is_mine = Role.OFFICER in g.roles, token.holder_id == g.person.id
    waiting = TokenHandover.open_of(token)
    today = clock.today()
    return page(
        "tokens/show.html",
        token=token,
        kind=acts.KINDS[token.kind],
        certification=_certification(token),
        is_old=token.is_at_hand and token.status_on is not None and token.status_on < months_before(today, acts.MONTHS),
        certificates=list(token.certificates(g.person).limit(SHOWN + 1)),
        left=len(acts.valid_certificates(token)),
        key_pairs=[row for row in token.key_pairs().limit(SHOWN) if row.application.is_seen_by(g.person)],
        shown=SHOWN,
        waiting=waiting,
        is_receiver=waiting is not None and waiting.receiver_id == g.person.id,
        handovers=list(token.handovers.order_by(-TokenHandover.id).limit(SHOWN)),
        people=[(person.id, person.name) for person in acts.holders() if person.id != token.holder_id],
        is_officer=is_officer,
        may_act=is_officer or is_mine,
        today=today.isoformat(),
        typed=typed(
            receiver="",
            on_day=today.isoformat(),
            lost_on=today.isoformat(),
            disposed_on=today.isoformat(),
            note="",
            disposal="",
            witness="",
            reason="",
        ),  # fmt: skip
        history=told_all(acts.history(token)),
        refusal=refusal,
        way=way,
    )


@bp.get("/<int:number>/correction")
def correction(number):
    let_in(Role.OFFICER)
    return _form_page(_find(number))


@bp.post("/<int:number>/correction")
def correct_token(number):
    let_in(Role.OFFICER)
    token = _find(number)
    return attempt(
        lambda: acts.correct_token(who(), token, request.form),
        lambda refusal: _form_page(token, refusal),
        "tokens.show",
        "correct_token",
        number=number,
    )


def _posted(number, act, done, way=""):
    token = _find(number)
    return attempt(
        lambda: act(token), lambda refusal: _page(_find(number), refusal, way), "tokens.show", done, number=number
    )


@bp.post("/<int:number>/handover")
def hand_token(number):
    return _posted(number, lambda token: acts.hand_token(who(), token, request.form), "hand_token", "handover")


@bp.post("/<int:number>/receipt")
def receive_token(number):
    return _posted(number, lambda token: acts.receive_token(who(), token), "receive_token")


@bp.post("/<int:number>/withdrawal")
def withdraw_token(number):
    return _posted(number, lambda token: acts.withdraw_token(who(), token), "withdraw_token")


@bp.post("/<int:number>/loss")
def lose_token(number):
    return _posted(number, lambda token: acts.lose_token(who(), token, request.form), "lose_token", "loss")


@bp.post("/<int:number>/disposal")
def dispose_token(number):
    return _posted(number, lambda token: acts.dispose_token(who(), token, request.form), "dispose_token", "disposal")
