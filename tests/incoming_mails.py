"""Mails as the desk writes them, for tests: with the practice desk's own letters."""

from types import SimpleNamespace

from webapp import clock
from webapp.practice import letters
from webapp.register import Letter

DESK = "certs@desk.practice.example"
FORM = {"institution": "学校法人申請学園 申請大学", "officer_name": "鈴木 花子"}
TO = ["suzuki@shinsei.example"]


def _case(application, **values):
    kind = "revoke" if application.is_revocation else "issue"
    return SimpleNamespace(number=application.number, id=7, kind=kind, faults=[], **values)


def answered(application):
    return Letter.packet(application).message_id


def delivery(case, application, answers=None, data=None, is_named=True):
    """The desk's mail with the ZIP for an application (an EmailMessage)."""
    data = data or case.zip_for(application)
    certificate = case.authorities.code.issuing  # only its serial and term are told in the text
    answers = answered(application) if answers is None else answers
    named = _case(application)
    named.number = application.number if is_named else ""
    return letters.delivery(named, FORM, TO, certificate, ("証明書.zip", data), DESK, clock.now(), answers)


def faults(application, *sentences):
    named = _case(application)
    named.faults = sentences
    return letters.faults(named, FORM, TO, DESK, clock.now(), answered(application))


def revoked(application, is_named=True, answers=None):
    named = _case(application)
    named.number = application.number if is_named else ""
    answers = answered(application) if answers is None else answers
    return letters.revoked(named, FORM, TO, application.target.serial, DESK, clock.now(), answers)


def other(subject, text, sender=DESK, answers=""):
    """Any mail."""
    message = letters.EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, TO[0], subject
    message["Message-ID"] = letters.make_msgid(domain="elsewhere.example")
    if answers:
        message["In-Reply-To"] = answers
    message.set_content(text)
    return message
