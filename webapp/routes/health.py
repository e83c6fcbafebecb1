"""For whatever watches the process: the register answers."""

from flask import Blueprint

from webapp.register import ChainHead

bp = Blueprint("health", __name__)


@bp.get("/health")
def health():
    return {"events": ChainHead.get_by_id(1).seq}
