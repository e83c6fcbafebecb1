"""1-1-4 on screen: the PDF as pictures, and the ways by which it is sealed."""

from flask import Blueprint, current_app, g, request

from tokens import softhsm
from webapp.acts import require_now, seal_uses, sealing
from webapp.errors import NotYourAct
from webapp.pages import page
from webapp.papers import certificate as certificate_paper
from webapp.procedure import Role
from webapp.register import Institution, Paper, Scan, SealValidation
from webapp.routes import case
from webapp.routes.finding import attempt, find, typed, upload, who

OPENSC = "/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so"  # through it the practice card reader is reached
bp = Blueprint("sealing", __name__, url_prefix="/applications/<int:number>")


@bp.get("/seal")
def show(number):
    application = find(number)
    require_now("seal", application, who())
    return seal_page(application)


def seal_page(application, refusal=None, way=""):
    """The ways to a seal; `way`: the one that has just been refused, signed or stamped."""
    pdf = Paper.newest(application, "form_pdf")
    form = case.form_of(application)
    return page(
        "applications/seal.html",
        application=application,
        pdf=pdf,
        mark=form.mark if form else "",
        title=application.head.title(Role.HEAD),
        pictures=Paper.pictures(application, is_masked=False),
        typed=typed(approval=""),
        longest=seal_uses.LONGEST,
        may_stamp=_may_stamp(application),
        waiting=Scan.waiting(application),
        card=_practice_card(application),
        refusal=refusal,
        way=way,
    )


def _may_stamp(application):
    try:
        require_now("stamp", application, who())
    except NotYourAct:
        return False
    return True


def _practice_card(application):
    """In the demo, the command that signs with the practice card, for the person to whom it was issued."""
    settings, name = current_app.config["SHIRUSHI"], f"{application.number}-{application.version}"
    if settings.card_reader:
        folder, module = settings.data / "smartcard", settings.card_pad or OPENSC
        env = f"PCSCLITE_CSOCK_NAME={settings.card_reader}"
    else:
        folder, module = settings.data / "card", softhsm.MODULE
        env = f"SOFTHSM2_CONF={folder / 'softhsm2.conf'}"
    if not Institution.here().is_practice or not _is_issued_to(application.head, folder / "certificate.cer"):
        return None
    reader = settings.practice_url + "/reader" if settings.card_reader else ""
    return {"folder": str(folder), "env": env, "name": name, "module": module, "reader": reader}


def _is_issued_to(person, path):
    """Whether the certificate in a file names the mail address of this person."""
    return path.exists() and person.mail in certificate_paper.read(path.read_bytes()).extensions.mails


@bp.post("/seal")
def seal(number):
    application = find(number)
    name, data = upload()
    return attempt(
        lambda: sealing.seal(application, who(), name, data, approval=request.form.get("approval", "")),
        lambda refusal: seal_page(application, refusal, "signed"),
        "sealing.report",
        "seal",
        number=number,
    )


@bp.get("/seal-report")
def report(number):
    """What was checked of the sealed PDF, and what it means."""
    application = find(number)
    paper = Paper.sealed(application)
    points = [{"sentence": s, "result": r, "detail": d} for s, r, d in (paper.report or [])] if paper else []
    return page(
        "applications/seal_report.html",
        application=application,
        paper=paper,
        points=points,
        may_open=application.may_see_password(g.person),
        is_signed=bool(paper and paper.kind == "sealed_pdf"),
        validation=SealValidation.of(paper),
        refused=SealValidation.refused(application).count(),
        title=application.sealer.title(Role.HEAD) if application.sealer else "",
        use=seal_uses.shown(g.person, paper),
    )
