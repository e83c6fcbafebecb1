"""The page of the pad: a display and its keys. Each key is sent alone, so that no request ever holds a PIN."""

import math
from pathlib import Path

from flask import Blueprint, Flask, abort, current_app, redirect, render_template, request, url_for

from webapp.practice.clock import JST
from webapp.practice.pad.pad import CANCEL, CORRECT, ENTER
from webapp.practice.pages import HEADERS

HOUSE = Path(__file__).resolve().parents[3]
DIGITS = tuple("1234567890")
KEYS = {*DIGITS, CANCEL, CORRECT, ENTER}
IDLE_SECONDS, LONGEST_NUMBER = 2, 9
pages = Blueprint("pad", __name__)


def make_app(pad, reader_url="") -> Flask:
    """The application for one Pad; `reader_url` is the page where the card is put in and pulled. Answers on loopback names only."""
    app = Flask("practice-pad", template_folder=HOUSE / "templates", static_folder=HOUSE / "static")
    app.config.update(TRUSTED_HOSTS=["127.0.0.1", "localhost"], PAD=pad, READER_URL=reader_url)
    app.register_blueprint(pages)
    app.jinja_env.globals.update(jst=JST, static=lambda path: url_for("static", filename=path))
    app.jinja_env.globals["ui"] = app.jinja_env.get_template("_ui.html").module
    return app


@pages.before_app_request
def only_from_our_own_page():
    """A key is pressed on this page: Origin equals our own address, and is there."""
    if request.method == "POST" and request.headers.get("Origin") != request.host_url.rstrip("/"):
        abort(403)


@pages.after_app_request
def guarded(response):
    """The same headers as the house, and nothing is stored."""
    response.headers.update(HEADERS | {"Cache-Control": "no-store"})
    return response


@pages.get("/")
def home():
    """The pad. It loads itself again when a question may have come, or the time is over."""
    pad = current_app.config["PAD"]
    seconds = math.ceil(pad.left) + 1 if pad.is_asked else IDLE_SECONDS
    return render_template("practice/pad.html", pad=pad, seconds=seconds, digits=DIGITS)


@pages.post("/")
def press():
    """One key of the question that the page shows."""
    asked, key = request.form.get("asked", ""), request.form.get("key", "")
    if key not in KEYS or not asked.isdecimal() or len(asked) > LONGEST_NUMBER:
        abort(400)
    current_app.config["PAD"].press(int(asked), key)
    return redirect(url_for("pad.home"), 303)
