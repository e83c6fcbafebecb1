"""1-1-3 on screen: the application beside the register, identity and existence, inquiries, completing, sending back."""

from flask import Blueprint, g, request

from webapp import clock
from webapp.acts import examination as acts
from webapp.acts import facts, form_values, require_now
from webapp.acts.judgement import Case
from webapp.errors import Overtaken
from webapp.pages import page
from webapp.procedure import Role
from webapp.register import IdentityCheck, IdentityMethod, Inquiry, Institution, Paper
from webapp.routes import case, judged, warnings
from webapp.routes.finding import attempt, find, typed, who

bp = Blueprint("examination", __name__, url_prefix="/applications/<int:number>")
COMPARED = ("address", "institution_name")  # findings about them stand beside the register's values


@bp.get("/examination")
def show(number):
    application = find(number)
    require_now("examine", application, who())
    return _page(application)


def _page(application, refusal=None, about=""):
    form_row = case.form_of(application)
    form = form_values.frozen(form_row) if form_row else None
    gathered = Case(application)
    values = judged.page_values(gathered, application.roles_of(g.person))
    return page(
        "applications/examination.html",
        application=application,
        form=form,
        making=case.making(application),
        rows=_compared(form, [each.mark if each.is_waiting else each for each in values["found"].get("", [])]),
        held=facts.csr_in_force(application, gathered),
        pictures=Paper.pictures(application, is_masked=False),
        aspects=[_aspect(application, key, label) for key, label in acts.ASPECTS.items()],
        facts=facts.for_examination(application, gathered),
        sealer=case.sealer(form) if form else "",
        revocation=case.revocation(application),
        findings=[each for each in values["judged"] if not (each.is_waiting or each.field in COMPARED)],
        found=values["found"],
        asks_identity=facts.asks_identity(application),
        inquiry=Inquiry.unanswered(application),
        today=clock.today().isoformat(),
        **warnings.form_values(gathered),
        typed=request.form.to_dict(),
        refusal=refusal,
        about=about,
    )


def _compared(form, found):
    """What was entered beside the institution's master, with what was `found` about it (ORG-01 and ORG-02)."""
    if form is None:
        return []
    here = Institution.here()
    pairs = [
        ("住所", form.address, here.head_office, "address"),
        ("利用機関名", form.institution_name, here.formal_name, "institution_name"),
        ("代表電話番号", form.switchboard, here.switchboard, ""),
        *_compared_subject(form, here),
    ]
    return [_row(label, left, right, [f for f in found if f.field == field]) for label, left, right, field in pairs]


def _compared_subject(form, here):
    if isinstance(form.subject, str):  # a revocation names the certificate's DN as it is
        return []
    return [(f"主体者DN {short}", dict(form.subject).get(short, ""), value, "") for short, value in here.subject]


def _row(label, left, right, findings):
    note = "台帳の表記と異なります" if left != right else ""
    return {"label": label, "left": left, "right": right, "differs": left != right, "note": note, "findings": findings}


def _aspect(application, key, label):
    methods = [(row.name, row.name) for row in IdentityMethod.offered(key)]
    return {
        "key": key,
        "label": label,
        "methods": methods,
        "choices": acts.CHOICES[key],
        "check": IdentityCheck.latest(application, key),
    }


@bp.post("/identity")
def check_identity(number):
    application = find(number)
    given = request.form
    aspect = given.get("aspect", "")

    def entry(name):
        return given.get(f"{aspect}-{name}", "")

    return attempt(
        lambda: acts.check_identity(
            application, who(), aspect, entry("result"), entry("method"), entry("checked_on"), entry("note")
        ),
        lambda refusal: _page(application, refusal, aspect),
        "examination.show",
        "check_identity",
        number=number,
    )


@bp.post("/examination")
def examine(number):
    application = find(number)
    return attempt(
        lambda: acts.examine(application, who()),
        lambda refusal: _page(application, refusal),
        "applications.show",
        "examine",
        number=number,
    )


@bp.get("/inquiry")
def inquiry(number):
    """For the officer: ask something. For the applicant: answer what was asked."""
    application = find(number)
    return _inquiry_page(application)


def _inquiry_page(application, refusal=None):
    asked = Inquiry.unanswered(application)
    is_answer = asked is not None and Role.APPLICANT in application.roles_of(g.person)
    require_now("answer" if is_answer else "inquire", application, who())
    if asked and not is_answer and refusal is None:
        raise Overtaken("回答を待っている照会がすでにあります。", "回答が届いてから、次の照会をしてください。")
    return page(
        "applications/inquiry.html",
        application=application,
        asked=asked,
        typed=typed(question="", answer=""),
        refusal=refusal,
    )


@bp.post("/inquiry")
def inquire(number):
    application = find(number)
    return attempt(
        lambda: acts.inquire(application, who(), request.form.get("question", "")),
        lambda refusal: _inquiry_page(application, refusal),
        "applications.show",
        "inquire",
        number=number,
    )


@bp.post("/answer")
def answer(number):
    application = find(number)
    return attempt(
        lambda: acts.answer(application, who(), request.form.get("answer", "")),
        lambda refusal: _inquiry_page(application, refusal),
        "applications.show",
        "answer",
        number=number,
    )


@bp.get("/return")
def send_back_page(number):
    application = find(number)
    require_now("send_back", application, who())
    return _return_page(application)


def _return_page(application, refusal=None):
    return page(
        "applications/return.html",
        application=application,
        reasons=acts.REASONS,
        typed=typed(reason=request.args.get("reason", "")),
        refusal=refusal,
    )


@bp.post("/return")
def send_back(number):
    application = find(number)
    ready = request.form.getlist("ready")
    reason = "\n".join([*(r for r in ready if r in acts.REASONS), request.form.get("reason", "")]).strip()
    return attempt(
        lambda: acts.send_back(application, who(), reason),
        lambda refusal: _return_page(application, refusal),
        "applications.show",
        "send_back",
        number=number,
    )
