"""What an officer writes about a certificate, whoever it was issued for."""

from webapp.acts import entries
from webapp.acts.officers import require_officer
from webapp.register import Certificate, Event, database


def describe_certificate(certificate, who, title, purpose):
    """Give a certificate another 管理名称 and 用途; the application keeps what was applied for. Raises NotYourAct,
    or Incomplete for a 管理名称 that is missing or too long."""
    require_officer(who, "管理名称と用途を直す")
    rules = {"title": entries.line("管理名称"), "purpose": entries.line("用途", is_needed=False, longest=1000)}
    values = entries.checked(rules, {"title": title, "purpose": " ".join(purpose.split())})
    before = {"title": certificate.title, "purpose": certificate.purpose}
    with database.atomic():
        Certificate.update(**values).where(Certificate.id == certificate.id).execute()
        changed = {name: [before[name], values[name]] for name in values if before[name] != values[name]}
        Event.write("describe_certificate", certificate, who.person, who.address, {"changed": changed})
    certificate.title, certificate.purpose = values["title"], values["purpose"]


def history(certificate):
    """The events about the certificate itself, newest first."""
    return Event.about(certificate)
