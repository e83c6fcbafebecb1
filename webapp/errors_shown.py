"""How refusals and failures look: one handler for each kind, a page for a browser, a banner for htmx."""

import secrets

from flask import current_app, g, make_response, render_template, request
from werkzeug.exceptions import HTTPException

from webapp.errors import Refused

HEADINGS = {
    403: "この操作はできません",
    404: "ページが見つかりません",
    409: "ほかの人が先に操作しています",
    413: "ファイルが大きすぎます",
    422: "このままでは進められません",
    503: "ただいま利用できません",
}
SENTENCES = {
    404: ("お探しのページはありません。", "アドレスを確かめるか、ホームから探してください。"),
    405: ("このアドレスは、画面のボタンから使うものです。", "前の画面に戻って操作し直してください。"),
    413: ("20MBを超えるファイルは受け取れません。", "ファイルを小さくするか、分けてください。"),
}


def show(app):
    app.register_error_handler(Refused, _refused)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)


def _refused(error):
    return _answer(error.status, error.message, error.advice)


def _http(error):
    if error.code and error.code < 400:
        return error
    message, advice = SENTENCES.get(
        error.code, (error.description or "受け付けられない操作です。", "前の画面に戻って操作し直してください。")
    )
    return _answer(error.code or 400, message, advice)


def _unexpected(error):
    reference = secrets.token_hex(4)
    current_app.logger.error("%s %s %s", reference, request.method, request.endpoint, exc_info=error)
    if current_app.testing:
        raise error
    return _answer(500, "しるしの内部で問題が起きました。入力した内容は保存されていません。", "", reference)


def _answer(status, message, advice, reference=""):
    if getattr(request, "htmx", None) and status != 404:
        ui = current_app.jinja_env.globals["ui"]
        response = make_response(
            ui.banner("error", message, f"{advice}{' 受付番号: ' + reference if reference else ''}"), status
        )
        response.headers["HX-Retarget"], response.headers["HX-Reswap"] = "#banner", "innerHTML"
    else:
        g.setdefault("person", None)
        g.setdefault("roles", set())
        response = make_response(
            render_template(
                "error.html",
                heading=HEADINGS.get(status, "問題が起きました"),
                message=message,
                advice=advice,
                reference=reference,
                back_url=request.path.rsplit("/", 1)[0] if status in (409, 422) else "/",
                back_label="前の画面に戻る" if status in (409, 422) else "ホームへ",
            ),
            status,
        )
    response.vary.add("HX-Request")
    return response
