"""The CAs that the institution trusts: read aloud first, trusted afterwards."""

from flask import current_app, request

from webapp import clock
from webapp.acts import anchors as acts
from webapp.acts import kept_lists
from webapp.errors import Refused
from webapp.pages import page, see_other
from webapp.papers import certificate as papers
from webapp.register import TrustAnchor
from webapp.routes.administration import bp
from webapp.routes.finding import attempt, typed, upload, who

EXPLAINED = {
    "seal": "捺印に代わる電子署名の証明書(S/MIME)を発行する認証局",
    "sign_in": "サインインに使うカードの証明書(クライアント認証)を発行する認証局",
    "certificate": "コード署名用証明書を発行する認証局",
    "attestation": "鍵がトークンの中で作られたことを証明する、トークンのメーカーの認証局",
    "timestamp": "タイムスタンプを発行する時刻認証局(TSA)の認証局",
}
OUTCOMES = {"taken": "取得済み", "refused": "使えない内容", "unreachable": "取得できず"}


@bp.get("/anchors")
def anchors():
    rows = TrustAnchor.select().order_by(TrustAnchor.use.desc(), TrustAnchor.is_root.desc(), TrustAnchor.id)
    listed = [(row, papers.read(bytes(row.der))) for row in rows]
    lists = kept_lists.shown(current_app.config["SHIRUSHI"].practice_url)
    words = {"uses": acts.USES, "today": clock.today(), "now": clock.now(), "outcomes": OUTCOMES}
    return page("administration/anchors.html", anchors=listed, lists=lists, **words)


@bp.post("/anchors/lists")
def ask_lists():
    """Let the worker ask for the lists of revoked persons' certificates now."""
    kept_lists.ask(who())
    return see_other("administration.anchors", "ask_lists")


@bp.get("/anchors/new")
def new_anchor():
    return _new_page()


def _new_page(refusal=None):
    uses = [(use, label, EXPLAINED[use]) for use, label in acts.USES.items()]
    return page("administration/anchor_new.html", uses=uses, typed=typed(use="", pem=""), refusal=refusal)


def _given():
    """The certificate as it was sent: the chosen file, else the pasted text."""
    _, data = upload("file")
    return data or request.form.get("pem", "").encode()


@bp.post("/anchors/reading")
def read_anchor():
    """Show what is in a CA certificate; nothing is saved."""
    try:
        found = acts.read(_given(), request.form.get("use", ""))
    except Refused as refusal:
        return _new_page(refusal)
    return _reading_page(found)


def _reading_page(found, refusal=None):
    return page(
        "administration/anchor_reading.html",
        found=found,
        use=acts.USES[found.use],
        ticked=request.form.get("is_compared") == "yes",
        refusal=refusal,
    )


@bp.post("/anchors")
def add_anchor():
    data, use = _given(), request.form.get("use", "")
    return attempt(
        lambda: acts.trust(who(), data, use, request.form.get("is_compared") == "yes"),
        lambda refusal: _again(data, use, refusal),
        "administration.anchors",
        "added",
    )


def _again(data, use, refusal):
    """The page that asks to compare, if there is a certificate to compare; else the first page."""
    try:
        return _reading_page(acts.read(data, use), refusal)
    except Refused:
        return _new_page(refusal)
