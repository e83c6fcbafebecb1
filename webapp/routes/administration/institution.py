"""The registered values of the institution, and its ways of checking people."""

from flask import request

from webapp import clock
from webapp.acts import ca_profiles
from webapp.acts import documents as acts
from webapp.acts import institution as house
from webapp.pages import page
from webapp.register import Event, IdentityMethod, Institution
from webapp.routes.administration import bp
from webapp.routes.finding import attempt, typed, who
from webapp.sentences import told_all

COLUMNS = (
    *("formal_name", "org_code", "postal_code", "head_office", "switchboard", "switchboard_checked_on"),
    *(*house.DN_FIELDS, "profile", "officer_hours", "token_label"),
)


@bp.get("/institution")
def institution():
    return _page()


def _page(refusal=None):
    here = Institution.here()
    offered = [(name, ca_profiles.named(name).title) for name in house.offered_profiles(here.environment)]
    kept = {name: "" if getattr(here, name) is None else str(getattr(here, name)) for name in COLUMNS}
    return page(
        "administration/institution.html",
        typed=typed(**kept),
        profiles=offered,
        profile_note=ca_profiles.here().note,
        history=told_all([event for event in Event.about(here) if not event.act.startswith(("try_", "tried_"))]),
        refusal=refusal,
    )


@bp.post("/institution")
def change_institution():
    return attempt(lambda: house.change(who(), request.form), _page, "administration.institution", "saved")


@bp.get("/methods")
def methods():
    return _methods_page()


def _methods_page(refusal=None):
    rows = IdentityMethod.select().order_by(IdentityMethod.aspect, IdentityMethod.id)
    return page(
        "administration/methods.html",
        methods=list(rows),
        aspects=acts.ASPECTS,
        proposals=[(f"{aspect}:{name}", f"{acts.ASPECTS[aspect]}: {name}") for aspect, name in acts.proposed_methods()],
        today=clock.today(),
        ticked=request.form.getlist("proposal"),
        typed=typed(aspect="", name=""),
        refusal=refusal,
    )


@bp.post("/methods")
def add_method():
    return attempt(lambda: acts.add_method(who(), request.form), _methods_page, "administration.methods", "added")


@bp.post("/methods/proposals")
def add_proposed_methods():
    chosen = request.form.getlist("proposal")
    return attempt(lambda: acts.add_proposed_methods(who(), chosen), _methods_page, "administration.methods", "added")
