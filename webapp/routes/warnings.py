"""了承: letting warnings stand, on a page of its own, in the examination and before sending."""

from flask import Blueprint, request

from webapp.acts import require_now
from webapp.acts import warnings as acts
from webapp.acts.judgement import Case
from webapp.pages import page
from webapp.procedure import Stage
from webapp.routes import judged
from webapp.routes.finding import attempt, find, typed, who

bp = Blueprint("warnings", __name__, url_prefix="/applications/<int:number>")
# Where the work goes on after that.
ONWARD = {Stage.SUBMITTED: "examination.show", Stage.SEALED: "dispatch.show"}


@bp.get("/warning_acceptance")
def show(number):
    application = find(number)
    require_now("accept_warning", application, who())
    return _page(application)


def _page(application, refusal=None):
    case = Case(application)
    return page(
        "applications/warnings.html",
        application=application,
        findings=[each for each in judged.shown(case) if not each.is_waiting],
        **form_values(case),
        refusal=refusal,
    )


def form_values(case):
    """What _warnings.html needs: {waiting, reasons, ticked, said}."""
    return {
        "waiting": judged.waits(case),
        "reasons": [(reason, reason) for reason in acts.REASONS],
        "ticked": request.form.getlist("finding"),
        "said": typed(ready="", reason=""),
    }


@bp.post("/warning_acceptance")
def accept(number):
    application = find(number)
    given = request.form
    ready = given.get("ready", "")
    reason = "\n".join(
        part for part in (ready if ready in acts.REASONS else "", given.get("reason", "").strip()) if part
    )
    return attempt(
        lambda: acts.accept_warning(application, who(), given.getlist("finding"), reason),
        lambda refusal: _page(application, refusal),
        ONWARD.get(application.stands_at, "applications.show"),
        "accept_warning",
        number=number,
    )
