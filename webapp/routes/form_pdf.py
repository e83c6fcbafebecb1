"""A PDF saved from Excel in place of the one that LibreOffice drew, before the examination."""

from flask import Blueprint

from webapp.acts import forms as acts
from webapp.acts import require_now
from webapp.pages import page
from webapp.routes.finding import attempt, find, upload, who

bp = Blueprint("form_pdf", __name__, url_prefix="/applications/<int:number>/form_pdf")


@bp.get("")
def show(number):
    application = find(number)
    require_now("replace_form_pdf", application, who())
    return _page(application)


def _page(application, refusal=None):
    return page(
        "applications/form_pdf.html",
        application=application,
        refusal=refusal,
    )


@bp.post("")
def replace_form_pdf(number):
    application = find(number)
    name, data = upload()
    return attempt(
        lambda: acts.replace_form_pdf(application, who(), name, data),
        lambda refusal: _page(application, refusal),
        "examination.show",
        "replace_form_pdf",
        number=number,
    )
