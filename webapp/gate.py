"""Who may come in: the visit behind the cookie, the same-origin check, the headers of every answer."""

from urllib.parse import urlsplit

from flask import abort, current_app, g, redirect, request, url_for

from webapp.acts import Who, visits
from webapp.errors import NotYourAct
from webapp.register import Institution, database

COOKIE = "shirushi"
OPEN = {
    "static",
    "session.new",
    "session.create",
    "session.practice",
    "help.index",
    "help.topic",
    "health.health",
    "calendar.subscribed",
    "card_sign_in.show",
    "card_sign_in.ask",
    "card_sign_in.come_in",
}
DEVICES = "station_api"  # the blueprint for programs: its callers sign each request with a key of their own, and have no cookie
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "object-src 'none'",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def guard(app):
    app.before_request(_open_register)
    app.before_request(_same_origin)
    app.before_request(_recognise)
    app.after_request(_headers)
    app.teardown_appcontext(_close_register)


def who():
    """The person who acts in this request, with the address the request came from."""
    return Who(g.person, request.remote_addr or "")


def let_in(*roles):
    """Refuse everybody who holds none of these roles today."""
    if not g.roles & set(roles):
        raise NotYourAct(
            "このページは、あなたの役割では開けません。", "必要な場合は、管理者に役割の登録を依頼してください。"
        )


def set_cookie(response, secret):
    response.set_cookie(COOKIE, secret, httponly=True, samesite="Lax", secure=request.is_secure, path="/")
    return response


def _open_register():
    if request.endpoint != "static":
        g.opened_register = database.connect(reuse_if_open=True)


def _close_register(_error):
    if g.pop("opened_register", False):
        database.close()


def _same_origin():
    """Refuse what another site's page sends (OWASP: Sec-Fetch-Site, else Origin); plain GETs may come from anywhere."""
    if request.method in ("GET", "HEAD", "OPTIONS") or request.blueprint == DEVICES:
        return
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        own = site in ("same-origin", "none")
    else:
        origin = request.headers.get("Origin", "")
        own = origin in (request.host_url.rstrip("/"), current_app.config["SHIRUSHI"].public_url)
        own = own and urlsplit(origin).scheme in ("http", "https")
    if not own:
        abort(403, description="ほかのサイトから送られた操作は受け付けません。しるしの画面から操作してください。")


def _recognise():
    if request.endpoint == "static":
        return None
    if request.blueprint == DEVICES:
        g.visit, g.person, g.roles = None, None, set()
        return None
    visit = visits.visit_of(request.cookies.get(COOKIE, ""))
    g.visit, g.person = visit, visit.account.person if visit else None
    g.roles = g.person.roles() if visit else set()
    if g.person is None and request.endpoint not in OPEN and request.endpoint is not None:
        return redirect(
            url_for("session.new", next=request.full_path.rstrip("?") if request.method == "GET" else None), 303
        )
    if not Institution.is_set_up() and request.endpoint not in OPEN:
        abort(503, description="このしるしは、まだ初期設定が終わっていません。")
    return None


def _headers(response):
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.endpoint == "static":
        response.headers["Cache-Control"] = (
            "public, max-age=31536000, immutable" if request.args.get("v") else "no-cache"
        )
    else:
        response.headers.setdefault("Cache-Control", "private, no-store")
    return response
