"""The applicant's part: key pair and CSR, description, consent, submission, withdrawal."""

from flask import Blueprint, request

from webapp import clock
from webapp.acts import ca_profiles, facts, form_values, keys, require_now
from webapp.acts import case as case_acts
from webapp.errors import Refused
from webapp.pages import page
from webapp.papers import csr as csr_paper
from webapp.papers import issue_form
from webapp.procedure import Role
from webapp.register import Application, Consent, Document, Institution, Person
from webapp.routes import case
from webapp.routes.finding import attempt, find, tokend, typed, upload, who

bp = Blueprint("drafts", __name__, url_prefix="/applications/<int:number>")

KEY_LABELS = {
    "RSA-3072": "RSA 3072ビット(標準)",
    "RSA-4096": "RSA 4096ビット",
    "P-256": "ECDSA P-256",
    "P-384": "ECDSA P-384",
}


@bp.get("/csr")
def csr(number):
    application = find(number)
    require_now("attach_csr", application, who())
    return _csr_page(application)


def _csr_page(application, refusal=None, reading=None):
    institution = Institution.here()
    offered = ca_profiles.of(application).offered_keys
    return page(
        "applications/csr.html",
        application=application,
        held=facts.csr_in_force(application),
        subject=institution.subject,
        token_label=institution.token_label,
        algorithms=[(name, KEY_LABELS.get(name, name)) for name in offered],
        typed=typed(algorithm=offered[0], csr=""),
        refusal=refusal,
        reading=reading,
    )


@bp.post("/key")
def make_key(number):
    application = find(number)
    algorithm = request.form.get("algorithm", "")
    return attempt(
        lambda: keys.make_key(application, who(), algorithm, tokend()),
        lambda refusal: _csr_page(application, refusal),
        "applications.show",
        "make_key",
        number=number,
    )


def _given_csr():
    """The CSR as it was sent: the chosen file, else the pasted text."""
    _, data = upload("file")
    return data or request.form.get("csr", "").encode()


@bp.post("/csr-reading")
def read_csr(number):
    """Read a CSR aloud before anything is saved; what was pasted is echoed only when it is a CSR."""
    application = find(number)
    require_now("attach_csr", application, who())
    try:
        read = csr_paper.read(_given_csr())
    except Refused as refusal:
        return page(
            "applications/csr_reading.html", status=200, application=application, refusal=refusal, csr=None, findings=[]
        )
    findings = facts.judge_csr(read, application)
    return page("applications/csr_reading.html", application=application, refusal=None, csr=read, findings=findings)


@bp.post("/csr")
def attach_csr(number):
    application = find(number)
    data = _given_csr()
    return attempt(
        lambda: keys.attach_csr(application, who(), data),
        lambda refusal: _csr_again(application, data, refusal),
        "applications.show",
        "attach_csr",
        number=number,
    )


def _csr_again(application, data, refusal):
    """The page once more; the text is given back only when it really is a CSR, never when it may hold a private key."""
    try:
        read = csr_paper.read(data)
    except Refused:
        return _csr_page(application, refusal, {"csr": None, "findings": [], "pem": ""})
    return _csr_page(
        application, refusal, {"csr": read, "findings": facts.judge_csr(read, application), "pem": read.pem}
    )


@bp.get("/description")
def description(number):
    application = find(number)
    require_now("describe", application, who())
    return _description_page(application)


def _description_page(application, refusal=None):
    def people(role):
        return [
            (person.id, f"{person.name}({person.title(role) or person.department.name})")
            for person in Person.holding(role)
        ]

    subscribers = case_acts.subscribers_for(application)
    return page(
        "applications/description.html",
        application=application,
        subscribers=[(person.id, f"{person.name}({person.department.name})") for person in subscribers],
        officers=people(Role.OFFICER),
        heads=people(Role.HEAD),
        typed=typed(
            title=application.title,
            purpose=application.purpose,
            subscriber=application.subscriber_id or "",
            officer=application.officer_id or "",
            head=application.head_id or "",
        ),
        refusal=refusal,
    )


@bp.post("/description")
def describe(number):
    application = find(number)
    given = typed(title="", purpose="", subscriber="", officer="", head="")
    return attempt(
        lambda: case_acts.describe(
            application, who(), given["title"], given["purpose"], given["subscriber"], given["officer"], given["head"]
        ),
        lambda refusal: _description_page(Application.get_by_id(number), refusal),
        "applications.show",
        "describe",
        number=number,
    )


@bp.get("/consent")
def consent(number):
    application = find(number)
    require_now("consent", application, who())
    return _consent_page(application)


def _consent_page(application, refusal=None):
    agreed = {row.document_id for row in Consent.select().where(Consent.application == application)}
    ticked = set(request.form.getlist("document")) if refusal else {str(one) for one in agreed}
    return page(
        "applications/consent.html",
        application=application,
        documents=Document.to_agree(),
        ticked=ticked,
        refusal=refusal,
    )


@bp.post("/consent")
def agree(number):
    application = find(number)
    ticked = request.form.getlist("document")
    return attempt(
        lambda: case_acts.consent(application, who(), ticked),
        lambda refusal: _consent_page(application, refusal),
        "applications.show",
        "consent",
        number=number,
    )


@bp.get("/submission")
def submission(number):
    application = find(number)
    require_now("submit", application, who())
    return _submission_page(application)


def _submission_page(application, refusal=None):
    wanting = [fact for fact in facts.for_submission(application) if not fact.is_so]
    form = None if wanting else form_values.of(application, application.version + 1)
    return page(
        "applications/submission.html",
        application=application,
        wanting=wanting,
        form=form,
        mark=issue_form.mark_of(form) if form else "",
        held=facts.csr_in_force(application),
        sealer=case.sealer(form) if form else "",
        revocation=case.revocation(application),
        today=clock.today(),
        refusal=refusal,
    )


@bp.post("/submission")
def submit(number):
    application = find(number)
    return attempt(
        lambda: case_acts.submit(application, who()),
        lambda refusal: _submission_page(application, refusal),
        "applications.show",
        "submit",
        number=number,
    )


@bp.get("/withdrawal")
def withdrawal(number):
    application = find(number)
    require_now("withdraw", application, who())
    return _withdrawal_page(application)


def _withdrawal_page(application, refusal=None):
    return page(
        "applications/withdrawal.html",
        application=application,
        typed=typed(reason=""),
        refusal=refusal,
        is_sent=application.stage == "sent",
    )


@bp.post("/withdrawal")
def withdraw(number):
    application = find(number)
    return attempt(
        lambda: case_acts.withdraw(application, who(), request.form.get("reason", "")),
        lambda refusal: _withdrawal_page(application, refusal),
        "applications.show",
        "withdraw",
        number=number,
    )
