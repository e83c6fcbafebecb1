"""How HTML leaves the house."""

import hashlib
from functools import cache
from pathlib import Path
from urllib.parse import quote

from flask import current_app, g, make_response, redirect, render_template, request, url_for

from webapp.procedure import PROCEDURES, ROLE_LABELS, Role
from webapp.register import OUTAGES, Institution
from webapp.sentences import DONE

HOME = Path(__file__).resolve().parent.parent
EDITION = "V2.4"


def page(template, part="case", status=None, refusal=None, **context):
    """A page, or for htmx its one named block; the server names the part. One that shows a refusal has its status."""
    context["refusal"] = refusal
    if request.htmx and not request.htmx.history_restore_request:
        body = _block(template, part, context)
    else:
        body = render_template(template, **context)
    response = make_response(body, status or (refusal.status if refusal else 200))
    response.vary.add("HX-Request")
    return response


def _block(template, part, context):
    current_app.update_template_context(context)
    made = current_app.jinja_env.get_template(template)
    return "".join(made.blocks[part](made.new_context(context)))


def see_other(endpoint, done="", **values):
    """Go on to another page after a POST (303); `done` names the act whose sentence is shown there. htmx is told to
    load the page whole, because heading and steps change with the act."""
    url = url_for(endpoint, **(values | {"done": done} if done else values))
    if request.htmx:
        response = make_response("", 204)
        response.headers["HX-Redirect"] = url
        return response
    return redirect(url, 303)


def attachment(data, name, media_type, is_shown=False):
    """Bytes of a paper: `is_shown` in the browser, otherwise to be saved. Never cached, never sniffed."""
    response = make_response(data)
    response.headers["Content-Type"] = media_type
    response.headers.set("Content-Disposition", "inline" if is_shown else "attachment", **_named(name))
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _named(name):
    """The file's name as parameters of Content-Disposition; one that is not ASCII also as RFC 6266 §4.3 wants it."""
    name = "".join(letter for letter in name if letter.isprintable())
    if name.isascii():
        return {"filename": name}
    plain = "".join(letter for letter in name if letter.isascii()).strip(" ._-()") or "file"
    return {"filename": plain, "filename*": f"UTF-8''{quote(name, safe='')}"}


def furnish(app, jst):
    """Give the templates what they ask for."""

    @cache
    def version(path):
        return hashlib.sha256((HOME / "static" / path).read_bytes()).hexdigest()[:10]

    @app.url_defaults
    def versioned(endpoint, values):
        if endpoint == "static" and "filename" in values:
            values["v"] = version(values["filename"])

    app.jinja_env.globals["static"] = lambda path: url_for("static", filename=path)
    app.jinja_env.globals |= {"jst": jst, "edition": EDITION, "label": _label}
    app.jinja_env.globals["ui"] = _Macros(app)
    app.context_processor(_frame)


def _label(verb):
    """The words on the button of an act."""
    return next(act.label for acts in PROCEDURES.values() for act in acts if act.verb == verb)


class _Macros:
    """The macros of _ui.html, made when first asked for (they need an application context)."""

    def __init__(self, app):
        self.app = app
        self.module = None

    def __getattr__(self, name):
        if self.module is None:
            self.module = self.app.jinja_env.get_template("_ui.html").module
        return getattr(self.module, name)


def _frame():
    institution = _institution()
    person = g.get("person")
    return {
        "institution_name": institution.formal_name if institution else "",
        "practice": bool(institution and institution.is_practice),
        "person": {"name": person.name, "roles": _labels(person)} if person else None,
        "nav": _nav(person) if person else [],
        "banner": _banner(),
    }


def _institution():
    """The institution, or None before the set-up and while the register cannot be reached (the page says so then)."""
    try:
        return Institution.get_or_none()
    except OUTAGES:
        return None


def _labels(person):
    roles = g.roles
    return [ROLE_LABELS[role] for role in Role if role in roles]


def _nav(person):
    roles = g.roles
    items = [("ホーム", url_for("home.home"))]
    if roles - {Role.ADMINISTRATOR}:
        items += [("申請", url_for("applications.index")), ("証明書", url_for("certificates.index"))]
        items.append(("トークン", url_for("tokens.index")))
        items.append(("予定", url_for("calendar.index")))
        items.append(("統計", url_for("statistics.index")))
    if Role.OFFICER in roles:
        items.append(("受信メール", url_for("incoming.index")))
    if roles & {Role.OFFICER, Role.HEAD, Role.AUDITOR, Role.ADMINISTRATOR}:
        items.append(("使用簿", url_for("seal_uses.index")))
    if Role.AUDITOR in roles:
        items.append(("操作記録", url_for("records.index")))
    if roles & {Role.OFFICER, Role.ADMINISTRATOR}:
        items.append(("機関", url_for("gates.index")))
    if Role.ADMINISTRATOR in roles:
        items.append(("設定", url_for("administration.index")))
    return [{"label": label, "url": url, "current": _is_here(url)} for label, url in items]


def _is_here(url):
    return request.path == url if url == "/" else request.path.startswith(url)


def _banner():
    sentence = DONE.get(request.args.get("done", ""))
    return {"kind": "success", "sentence": sentence} if sentence and request.method == "GET" else None
