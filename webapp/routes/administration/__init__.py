"""設定: what an administrator sets up and changes. The first page says what is there and what is missing."""

from flask import Blueprint, current_app

from webapp.gate import let_in
from webapp.pages import page
from webapp.procedure import Role

bp = Blueprint("administration", __name__, url_prefix="/administration")

from webapp.routes.administration import (  # noqa: E402  (they hang their pages on the blueprint above)
    anchors,
    checklist,
    documents,
    institution,
    people,
    person,
    terms,
    trials,
)

__all__ = ["anchors", "bp", "documents", "institution", "people", "person", "terms", "trials"]


@bp.before_request
def administrators_only():
    let_in(Role.ADMINISTRATOR)


@bp.get("")
def index():
    items = checklist.items(current_app.config["SHIRUSHI"])
    return page("administration/index.html", items=items, missing=[item for item in items if not item["done"]])
