"""What may stand in a field, said at the keyboard: one sentence and what to write instead. The acts say the same."""

from flask import Blueprint, request

from webapp.errors import Unseen
from webapp.pages import page
from webapp.rules import characters

bp = Blueprint("characters", __name__, url_prefix="/characters")
LONGEST = 2000
ASKED = {field for field, about in characters.FIELDS.items() if about.takes != characters.SECRET}


@bp.post("/<field>")
def judge(field):
    """Findings about the text of this field, whatever its form calls it, and the proposal; nothing is kept. Unseen (404)
    for another field."""
    if field not in ASKED:
        raise Unseen("この項目はありません。")
    text = next(request.form.values(), "")[:LONGEST]
    return page(
        "characters/said.html",
        part="case",
        findings=characters.judge(text, field),
        proposed=characters.proposed(text.strip(), field),
    )
