"""How refusals and failures look: one handler for each kind, a page for a browser, a banner for htmx."""

import errno
import secrets

from flask import current_app, g, make_response, render_template, request
from werkzeug.exceptions import HTTPException

from webapp.errors import Refused
from webapp.register import OUTAGES

HEADINGS = {
    403: "この操作はできません",
    404: "ページが見つかりません",
    409: "この操作は、いまの段階では行えません",
    413: "ファイルが大きすぎます",
    422: "このままでは進められません",
    503: "ただいま利用できません",
    507: "保存する場所がありません",
}
SENTENCES = {
    400: ("送られた内容を読み取れませんでした。", "前の画面に戻って操作し直してください。"),
    404: ("お探しのページはありません。", "アドレスを確かめるか、ホームから探してください。"),
    405: ("このアドレスは、画面のボタンから使うものです。", "前の画面に戻って操作し直してください。"),
    413: ("20MBを超えるファイルは受け取れません。", "ファイルを小さくするか、分けてください。"),
}
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
OWN_WORDS = ("title", "purpose", "reason", "question", "answer", "fault", "note")  # fields that hold a person's prose


def show(app):
    app.register_error_handler(Refused, _refused)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(OSError, _system)
    for outage in OUTAGES:
        app.register_error_handler(outage, _outage)
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


def _system(error):
    return _full() if error.errno in FULL else _unexpected(error)


def _outage(error):
    """The register cannot be written or reached: its transaction is undone, and the person may try again."""
    told = "; ".join(_told(error)).lower()
    current_app.logger.error("%s %s: %s", request.method, request.endpoint, told)
    if "full" in told or "no space" in told:
        return _full()
    return _answer(
        503,
        "台帳に接続できないか、書き込めません。入力した内容は保存されていません。",
        "少し待ってから、もう一度お試しください。続けて起きるときは、システム管理者にお知らせください。",
    )


def _told(error):
    """What an error and those behind it say: SQLite undoes the transaction of a full disk itself, and undoing it again
    is the error that arrives."""
    while error is not None:
        yield str(error)
        error = error.__context__


def _full():
    return _answer(
        507,
        "サーバーのディスクに空きがないため、保存できませんでした。途中まで保存されたものはありません。",
        "システム管理者に知らせ、空きができてから、もう一度操作してください。",
    )


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
                own_words=_own_words(status),
                back_url=request.path.rsplit("/", 1)[0] if status in (409, 422) else "/",
                back_label="前の画面に戻る" if status in (409, 422) else "ホームへ",
            ),
            status,
        )
    response.vary.add("HX-Request")
    return response


def _own_words(status):
    """What the person has written and would lose, to be copied; never what looks like a private key."""
    if status not in (409, 503, 507):
        return []
    written = [request.form.get(name, "").strip() for name in OWN_WORDS]
    return [words for words in written if words and "PRIVATE KEY" not in words]
