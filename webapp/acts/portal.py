"""1-1-5, 1-3-3 where the CA has a portal: what is typed in there by hand, what is uploaded, and the note that it was done."""

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from webapp import clock
from webapp.acts import ca_profiles, entries, facts, form_values, letters, performing, require_now
from webapp.acts.dispatch import require_confirmed
from webapp.errors import Refused
from webapp.mails import portal as mails
from webapp.papers import packet as packets
from webapp.papers.revocation_form import printed as printed_revocation
from webapp.papers.subject import Subject
from webapp.register import ApplicationForm, Csr, Institution, Paper

INCOMPLETE = "申請に必要なものがそろっていません。"


def is_portal(application):
    """Whether this application is typed into the CA's portal instead of being mailed."""
    return ca_profiles.of(application).dispatch == "portal"


def typed_in(application):
    """[(label, text)] in the order of the portal, exactly what was frozen and examined. Raises Incomplete while
    something is missing."""
    facts.demand(facts.for_dispatch(application), INCOMPLETE)
    fields = ca_profiles.of(application).portal_fields
    values = _values(application)
    return [(each.label, values.get(each.value, "")) for each in fields if each.of == application.kind]


def _values(application):
    form = form_values.frozen(ApplicationForm.current(application))
    values = {name: value for name, value in vars(form).items() if isinstance(value, str)}
    values["subject"] = form.subject if isinstance(form.subject, str) else str(Subject(form.subject))
    if application.is_revocation:
        printed = printed_revocation(form)
        return values | {name: printed[name] for name in ("serial", "reason", "compromised_at")}
    return values | {"csr": _pem(application)}


def _pem(application):
    csr = x509.load_der_x509_csr(Csr.in_force(application).content.bytes())
    return csr.public_bytes(Encoding.PEM).decode().strip()


def uploads(application):
    """The files to upload (papers.packet.PacketFile), as the profile lists them."""
    stem = f"{Institution.here().org_code}_{application.number}"
    return [_MADE[part](application, stem) for part in ca_profiles.of(application).attachments[application.kind]]


def _csr_file(application, stem):
    return packets.PacketFile(f"{stem}.csr", packets.CSR_TYPE, _pem(application).encode() + b"\n")


def _xlsx_file(application, stem):
    data = Paper.newest(application, "form_xlsx").content.bytes()
    word = "revocation" if application.is_revocation else "application"
    return packets.PacketFile(f"{stem}_{word}.xlsx", packets.XLSX_TYPE, data)


def _pdf_file(application, stem):
    sealed = Paper.sealed(application)
    word = "scan" if sealed.kind == "scan" else "signed"
    return packets.PacketFile(f"{stem}_{word}.pdf", packets.PDF_TYPE, sealed.content.bytes())


_MADE = {"csr": _csr_file, "xlsx": _xlsx_file, "pdf": _pdf_file}


def enter(application, who, confirmed, given):
    """ポータルで申請した: the officer has typed everything in. `given` holds receipt (受付番号) and entered_on. Raises
    Incomplete, or Refused where the CA wants a mail."""
    require_now("dispatch_by_hand", application, who)
    if not is_portal(application):
        raise Refused("この認証局には、メールで送付します。", "送付の画面を開き直してください。")
    typed_in(application)
    require_confirmed(confirmed)
    rules = {"receipt": entries.line("受付番号", longest=80), "entered_on": entries.day("申請した日", is_past=True)}
    noted = entries.checked(rules, given)
    told = {"receipt": noted["receipt"], "entered_on": noted["entered_on"].isoformat()}
    told |= {"confirmed_on": clock.today().isoformat(), "mark": ApplicationForm.current(application).mark}
    with performing("dispatch_by_hand", application, who, told):
        days = ca_profiles.of(application).business_days
        letters.notify(mails.entered, application, letters.people_of(application), noted["receipt"], days)
