"""Help pages, open to everybody."""

from flask import Blueprint, abort

from webapp.pages import HOME, page

bp = Blueprint("help", __name__, url_prefix="/help")


@bp.get("")
def index():
    return page("help/index.html")


@bp.get("/<topic>")
def topic(topic):
    if not topic.replace("-", "").isalnum() or not (HOME / "templates" / "help" / f"{topic}.html").is_file():
        abort(404)
    return page(f"help/{topic}.html")
