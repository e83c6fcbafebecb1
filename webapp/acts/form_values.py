"""The values of an application as its form says them: from the register, and back from what was frozen."""

import json
from dataclasses import fields
from datetime import date, datetime

from webapp import clock
from webapp.acts import ca_profiles
from webapp.papers import form_mark
from webapp.papers.issue_form import IssueForm
from webapp.papers.revocation_form import RevocationForm
from webapp.papers.subject import Subject, common_name_of
from webapp.procedure import OCCASION_LABELS, Role
from webapp.register import Consent, Institution, Revocation


def of(application, version):
    """The values as the register has them now: an IssueForm or a RevocationForm, by the application's kind."""
    values = _everywhere(application, version)
    if application.is_revocation:
        return RevocationForm(**values, **_sealer(application), **_revocation(application))
    return IssueForm(**values, **_issue(application))


def _everywhere(application, version):
    institution, officer, subscriber = Institution.here(), application.officer, application.subscriber
    named = {}
    if subscriber is not None:
        named = {
            "subscriber_name": subscriber.name,
            "subscriber_department": subscriber.department.name if subscriber.department else "",
            "subscriber_phone": subscriber.phone,
            "subscriber_mail": subscriber.mail,
        }
    return {
        "number": application.number,
        "version": version,
        "applied_on": clock.today(),
        "kind_label": OCCASION_LABELS[application.occasion],
        "postal_code": institution.postal_code,
        "address": institution.head_office,
        "institution_name": institution.formal_name,
        "officer_name": officer.name,
        "officer_department": officer.department.name if officer.department else "",
        "officer_phone": officer.phone,
        "officer_mail": officer.mail,
        "officer_hours": institution.officer_hours,
        "switchboard": institution.switchboard,
        **named,
    }


def _issue(application):
    agreed = Consent.select().where(Consent.application == application).order_by(Consent.document)
    return {
        "head_title": application.head.title(Role.HEAD),
        "head_name": application.head.name,
        "subject": list(Institution.here().subject),
        "zip_password": application.password(),
        "agreements": [f"{row.document.name} {row.document.version}" for row in agreed],
    }


def _sealer(application):
    """For 失効 a 登録担当者 may seal as well (seed 1-3-2)."""
    sealer = application.head
    is_head = Role.HEAD in sealer.roles()
    title = sealer.title(Role.HEAD) if is_head else sealer.title(Role.OFFICER) or "登録担当者"
    return {"sealer_title": title, "sealer_name": sealer.name}


def _revocation(application):
    revocation, certificate = Revocation.of(application), application.target
    return {
        "serial": certificate.serial,
        "serial_format": ca_profiles.of(application).serial_format,
        "subject": certificate.subject,
        "issuer": common_name_of(certificate.issuer),
        "begins_on": clock.day_of(certificate.not_before),
        "ends_on": clock.day_of(certificate.not_after),
        "reason": revocation.reason,
        "comment": revocation.comment,
        "compromised_at": revocation.compromised_at,
        "is_emergency": application.is_emergency,
    }


def registered_subject():
    """The institution's registered subject DN as certificates of it say it."""
    return str(Subject(Institution.here().subject))


def entries_of(form):
    """What the register keeps of a form: its values without the password, as plain JSON values."""
    return json.loads(form_mark.canonical(form))


def frozen(row):
    """The form as it was submitted, from a register row (ApplicationForm) and the application's password."""
    application = row.application
    if application.is_revocation:
        return RevocationForm(**_typed(RevocationForm, row.entries), mark=row.mark)
    entries = dict(row.entries)
    entries["subject"] = [tuple(pair) for pair in entries["subject"]]
    return IssueForm(**_typed(IssueForm, entries), zip_password=application.password(), mark=row.mark)


_READ = {date: date.fromisoformat, datetime | None: lambda text: text and datetime.fromisoformat(text)}


def _typed(kind, entries):
    """Days and instants as the dataclass wants them; JSON keeps them as text."""
    readers = {field.name: _READ[field.type] for field in fields(kind) if field.type in _READ}
    return {name: readers[name](value) if name in readers else value for name, value in entries.items()}
