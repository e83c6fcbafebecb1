"""統計 (発行証明書統計照会): how many certificates are issued, renewed, revoked, valid and ending, and where applications
wait. Officers, heads and auditors read the whole house; a 利用管理者 reads the own departments."""

from flask import Blueprint

from webapp import clock
from webapp.errors import Unseen
from webapp.gate import let_in
from webapp.pages import page
from webapp.procedure import Role
from webapp.routes.statistics import files, pictures, tables
from webapp.routes.statistics.asked import READERS, asked, periods, reads_all

bp = Blueprint("statistics", __name__, url_prefix="/statistics")


@bp.get("")
def index():
    let_in(*READERS, Role.SUBSCRIBER)
    question = asked()
    if question.department is None and not reads_all():
        return page("statistics/none.html")
    counted = tables.Counted(question)
    course, reasons, ahead = tables.course(counted), tables.reasons(counted), tables.ahead(counted)
    waits = tables.waits(question)
    return page(
        "statistics/index.html",
        asked=question,
        periods=periods(),
        departments=[(row.id, row.name) for row in question.choices],
        reads_all=reads_all(),
        now=clock.now(),
        valid=counted.valid_now,
        issued=course.rows[-1][1],
        ending=ahead.rows[0][1],
        waiting=[] if question.department else tables.waiting_now(),
        parts=[
            (course, pictures.course(course, question)),
            (ahead, [pictures.ahead(ahead)]),
            (reasons, [pictures.reasons(reasons, question)] if reasons.rows else []),
            (tables.division(counted, tables.SHOWN), []),
            (waits, [pictures.waits(waits, question)] if waits.rows else []),
        ],
    )


@bp.get("/<name>.<any(csv, xlsx):kind>")
def save(name, kind):
    """One table of the same question as a file."""
    let_in(*READERS, Role.SUBSCRIBER)
    question = asked()
    if name not in tables.ALL or (question.department is None and not reads_all()):
        raise Unseen("表が見つかりません。", "統計の画面から選び直してください。")
    return files.sent(tables.ALL[name](tables.Counted(question)), question, kind)
