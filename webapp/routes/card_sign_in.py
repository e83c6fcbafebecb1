"""カードでサインイン on screen: naming oneself, the code, and coming in. The browser session before the sign-in has a cookie of its
own for these five minutes; the visit that follows has another."""

import secrets

from flask import Blueprint, g, redirect, request, url_for

from webapp import gate
from webapp.acts import card_sign_in as acts
from webapp.acts import job_rows
from webapp.errors import Refused
from webapp.pages import page, see_other

bp = Blueprint("card_sign_in", __name__, url_prefix="/session/card")

COOKIE = "shirushi_card"
ENDS = {
    "rejected": "署名ステーションで取りやめられました。",
    "failed": "サインインできませんでした。",
    "expired": "期限(5分)を過ぎました。",
    "cancelled": "サインインを取り消しました。",
}


@bp.get("")
def show():
    if g.person is not None:
        return redirect(url_for("home.home"), 303)
    return _page()


def _page(refusal=None):
    secret = request.cookies.get(COOKIE, "")
    job = None if refusal or "again" in request.args else acts.find(secret)
    job = None if job is not None and job.spent_at else job
    return page(
        "session/card.html",
        part="state" if request.htmx else "case",
        job=job,
        code=job_rows.code_for(job, secret) if job else "",
        ended=ENDS.get(job.state, "") if job else "",
        login=request.form.get("login", ""),
        refusal=refusal,
    )


@bp.post("")
def ask():
    secret = secrets.token_urlsafe(32)
    try:
        acts.ask(request.form.get("login", ""), secret, request.remote_addr or "")
    except Refused as refusal:
        return _page(refusal)
    response = see_other("card_sign_in.show")
    response.set_cookie(
        COOKIE, secret, max_age=300, httponly=True, samesite="Strict", secure=request.is_secure, path="/session/card"
    )
    return response


@bp.post("/visit")
def come_in():
    before = request.cookies.get(COOKIE, "")
    try:
        secret = acts.come_in(before, request.remote_addr or "")
    except Refused as refusal:
        return _page(refusal)
    done = "" if acts.find(before).told["is_known"] else "sign_in_unknown"
    response = gate.set_cookie(see_other("home.home", done), secret)
    response.delete_cookie(COOKIE, path="/session/card")
    return response
