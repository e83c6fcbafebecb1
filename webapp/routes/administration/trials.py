"""Trying out the mail server and the token."""

from cryptography.hazmat.primitives import hashes
from flask import current_app, g, request

from tokens.errors import TokenError
from webapp.acts import mailboxes, office_mail
from webapp.acts import trials as acts
from webapp.errors import Refused
from webapp.pages import page
from webapp.register import Institution, Letter, OfficeCertificate
from webapp.routes.administration import bp, checklist
from webapp.routes.finding import attempt, tokend, typed, who

# What is said of a test letter that is settled: kind of banner, what happened ("": the answer itself), what to do.
OUTCOMES = {
    "posted": (
        "success",
        "試験メールを、メールサーバーが受け付けました。",
        "宛先の受信箱で、届いているかを確認してください。",
    ),
    "unknown": ("warning", "", "届いているかを、宛先の受信箱で確認してください。"),
    "refused": ("error", "", "差出人と宛先が、このメールサーバーで使えるかを確認してください。"),
    "cancelled": ("error", "", ""),  # its answer says both
}


@bp.get("/mail")
def mail():
    return _mail_page()


def _mail_page(refusal=None):
    settings = current_app.config["SHIRUSHI"]
    try:
        server, wanting = acts.check_server_file(settings), None
    except Refused as missing:
        server, wanting = None, missing
    trial = Letter.newest_trial()
    return page(
        "administration/mail.html",
        server=server,
        wanting=wanting,
        sender=settings.sender,
        data=settings.data.name,
        mailbox=mailboxes.newest(),
        trial=trial,
        outcome=OUTCOMES.get(trial.state) if trial else None,
        typed=typed(recipient=trial.recipients[0] if trial else g.person.mail),
        refusal=refusal,
    )


@bp.post("/mail/trial")
def try_mail():
    settings, recipient = current_app.config["SHIRUSHI"], request.form.get("recipient", "")
    return attempt(lambda: acts.try_mail(who(), recipient, settings), _mail_page, "administration.mail")


@bp.get("/token")
def token():
    return _token_page()


def _token_page(refusal=None):
    health, tokens, trouble = _looked_at()
    office = OfficeCertificate.here()
    return page(
        "administration/token.html",
        label=Institution.here().token_label,
        health=health,
        tokens=tokens,
        trouble=trouble,
        office=office,
        offices=_others(office, tokens),
        typed=typed(certificate=""),
        tried=checklist.last_signature(),
        refusal=refusal,
    )


def _others(office, tokens):
    """[(SHA-256, words), …] of the certificates on the token that mails could be signed with, but for the one that is."""
    found = [(each.fingerprint(hashes.SHA256()).hex(), each, mail) for each, mail in office_mail.fitting(tokens)]
    known = office.sha256 if office else ""
    return [
        (sha256, f"{mail}({each.not_valid_after_utc:%Y-%m-%d}まで)") for sha256, each, mail in found if sha256 != known
    ]


def _looked_at():
    """(health, tokens, None), or what is known and the TokenError that came."""
    health = None
    try:
        health = tokend().health()
        return health, tokend().tokens(), None
    except TokenError as error:
        return health, [], error


@bp.post("/token/trial")
def try_token():
    return attempt(lambda: acts.try_token(who(), tokend()), _token_page, "administration.token", "try_token")


@bp.post("/token/office")
def register_office_certificate():
    """From now on mails to the desk may be signed by this certificate of the token."""
    sha256 = request.form.get("certificate", "")
    done = "register_office_certificate"
    return attempt(lambda: office_mail.register(who(), sha256, tokend()), _token_page, "administration.token", done)


@bp.post("/token/office/end")
def end_office_certificate():
    done = "end_office_certificate"
    return attempt(lambda: office_mail.stop(who()), _token_page, "administration.token", done)
