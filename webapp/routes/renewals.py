"""1-2 on screen: 更新 begins with one press at the certificate; only the reason is chosen."""

from flask import Blueprint

from webapp.acts import renewals as acts
from webapp.pages import page, see_other
from webapp.routes.finding import find_certificate, tried, typed, who

bp = Blueprint("renewals", __name__)


@bp.get("/certificates/<int:number>/renewal")
def new(number):
    certificate = find_certificate(number)
    acts.require_renewable(certificate, who())
    return _page(certificate)


def _page(certificate, refusal=None):
    fitting = acts.occasion_for(certificate)
    offered = [key for key in acts.OCCASIONS if (key == "reissue") == (fitting == "reissue")]
    return page(
        "certificates/renewal.html",
        certificate=certificate,
        occasions=[(key, acts.OCCASIONS[key]) for key in offered],
        typed=typed(occasion=fitting),
        refusal=refusal,
    )


@bp.post("/certificates/<int:number>/renewal")
def create(number):
    certificate = find_certificate(number)
    return tried(
        lambda: acts.renew(certificate, who(), typed(occasion="")["occasion"]),
        lambda refusal: _page(certificate, refusal),
        lambda application: see_other("applications.show", "renew", number=application.id),
    )
