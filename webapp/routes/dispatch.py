"""1-1-5 on screen: the letter exactly as it will leave, its attachments, and how it is sent."""

import hashlib

from flask import Blueprint, request

from webapp import clock
from webapp.acts import ca_profiles, office_mail, portal, require, require_now
from webapp.acts import dispatch as acts
from webapp.acts.judgement import Case
from webapp.errors import Refused, Unseen
from webapp.pages import attachment, page, see_other
from webapp.procedure import Stage
from webapp.register import Letter, OfficeCertificate
from webapp.routes import case, judged, warnings
from webapp.routes.finding import attempt, find, tokend, typed, who

bp = Blueprint("dispatch", __name__, url_prefix="/applications/<int:number>")


@bp.get("/dispatch")
def show(number):
    application = find(number)
    require("dispatch", application, who())
    if application.stage == Stage.SENT:  # it left while this page was waiting
        return see_other("applications.show", "post", number=number)
    require_now("dispatch", application, who())
    return _page(application)


def _page(application, refusal=None):
    return _portal_page(application, refusal) if portal.is_portal(application) else _mail_page(application, refusal)


def _portal_page(application, refusal):
    """What is typed in and uploaded, or what is still missing (`trouble`)."""
    trouble, values, files = None, [], []
    try:
        values, files = portal.typed_in(application), portal.uploads(application)
    except Refused as missing:
        trouble = missing
    return page(
        "applications/portal.html",
        application=application,
        profile=ca_profiles.of(application),
        trouble=trouble,
        values=values,
        files=[{"name": file.name, "size": len(file.data), "index": index} for index, file in enumerate(files)],
        confirmed=acts.CONFIRMED,
        today=clock.today(),
        **warnings.form_values(Case(application)),
        typed=typed(receipt="", entered_on=clock.today().isoformat()),
        refusal=refusal,
    )


def _mail_page(application, refusal):
    letter = Letter.packet(application)
    current = letter if letter and letter.version == application.version else None
    gathered = Case(application)
    return page(
        "applications/dispatch.html",
        application=application,
        state=case.LETTER_STATES[current.state] if current else "",
        letter=current,
        preview=_preview(application),
        confirmed=acts.CONFIRMED,
        findings=judged.shown(gathered),
        **warnings.form_values(gathered),
        typed=typed(note=""),
        today=clock.today(),
        office=OfficeCertificate.here(),
        refusal=refusal,
    )


def _preview(application):
    """The letter and what was checked of its packet; `trouble` when it may not leave."""
    try:
        packet, points = acts.packet_of(application)
        message = acts.letter_of(application, packet)
    except Refused as refusal:
        return {"trouble": refusal, "headers": [], "body": "", "files": [], "points": []}
    files = [
        {"name": file.name, "size": len(file.data), "sha256": hashlib.sha256(file.data).hexdigest(), "index": index}
        for index, file in enumerate(packet.files)
    ]
    headers = [(label, str(message[name])) for name, label in (("From", "差出人"), ("To", "宛先"), ("Subject", "件名"))]
    body = message.get_body(("plain",)).get_content()
    return {"trouble": None, "headers": headers, "body": body, "files": files, "points": points}


@bp.get("/packet/<int:index>")
def packet_file(number, index):
    application = find(number)
    require_now("dispatch", application, who())
    files = portal.uploads(application) if portal.is_portal(application) else acts.packet_of(application)[0].files
    if not files:
        raise Unseen("添付するファイルはありません。")
    file = files[min(index, len(files) - 1)]
    return attachment(file.data, file.name, file.media_type, is_shown=file.media_type == "application/pdf")


@bp.post("/dispatch")
def dispatch(number):
    application, is_confirmed = find(number), "confirmed" in request.form
    by_token = request.form.get("by") == "token"  # from the office's address, signed by the institution's token

    def act():
        if by_token:
            office_mail.dispatch_with_token(application, who(), is_confirmed, tokend())
        else:
            acts.dispatch(application, who(), is_confirmed)

    return attempt(
        act,
        lambda refusal: _page(application, refusal),
        "applications.show",
        "dispatch",
        number=number,
    )


@bp.post("/letter")
def letter(number):
    """The same letter as .eml for the officer's own mailer; a POST because the letter is written now."""
    application = find(number)
    data = acts.prepare_by_hand(application, who())
    return attachment(data, f"{application.number}.eml", "message/rfc822")


@bp.post("/hand_dispatch")
def dispatch_by_hand(number):
    application, confirmed = find(number), "confirmed" in request.form
    return attempt(
        lambda: (
            portal.enter(application, who(), confirmed, request.form)
            if portal.is_portal(application)
            else acts.dispatch_by_hand(application, who(), confirmed)
        ),
        lambda refusal: _page(application, refusal),
        "applications.show",
        "dispatch_by_hand",
        number=number,
    )


@bp.post("/posting_confirmation")
def confirm_posting(number):
    application = find(number)
    return attempt(
        lambda: acts.confirm_posting(application, who(), request.form.get("note", "")),
        lambda refusal: _page(application, refusal),
        "applications.show",
        "confirm_posting",
        number=number,
    )


@bp.post("/reposting")
def repost(number):
    application = find(number)
    return attempt(
        lambda: acts.repost(application, who()),
        lambda refusal: _page(application, refusal),
        "applications.show",
        "repost",
        number=number,
    )
