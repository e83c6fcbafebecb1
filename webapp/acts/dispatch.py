"""1-1-5, 1-3-3: sending the packet to the desk, by our own mail or by the officer's, and what may come of it."""

import hashlib
from email.parser import BytesParser
from email.policy import SMTP
from email.utils import formataddr

from webapp import clock, mails
from webapp.acts import THE_WORKER, ca_profiles, facts, form_values, kept_lists, letters, performing, require_now
from webapp.acts.judgement import Case
from webapp.errors import Incomplete, Refused
from webapp.mails import packets as packet_mails
from webapp.papers import csr as csr_paper
from webapp.papers import guard
from webapp.papers import packet as packets
from webapp.procedure import Role
from webapp.register import (
    ApplicationForm,
    Csr,
    Institution,
    Job,
    Letter,
    OfficeCertificate,
    Paper,
    Person,
    TrustAnchor,
)

KINDS = {packets.XLSX_TYPE: "xlsx", packets.PDF_TYPE: "pdf", packets.CSR_TYPE: "csr"}
CONFIRMED = "最新の手順・様式を確認しました"


def packet_of(application, verb="dispatch"):
    """(packet, points): the files to send under their stable names, three for issue and two for revocation (without
    the PDF where no seal is wanted), and what was checked of them (ATT-01/02). Raises Refused with the first fault."""
    _require_mail(application)
    institution = Institution.here()
    facts.demand(facts.for_dispatch(application, verb=verb), "送付に必要なものがそろっていません。")
    form = form_values.frozen(ApplicationForm.current(application))
    frozen = Paper.newest(application, "form_pdf").content.bytes()
    xlsx = Paper.newest(application, "form_xlsx").content.bytes()
    sealed = Paper.sealed(application)
    pdf, is_scan = sealed and sealed.content.bytes(), bool(sealed) and sealed.kind == "scan"
    named, spki_sha256 = (institution.org_code, application.number), ""
    if application.is_revocation:
        packet = packets.revocation_packet(*named, xlsx, pdf, scanned=is_scan)
    else:
        csr = csr_paper.read(Csr.in_force(application).content.bytes())
        spki_sha256 = csr.spki_sha256
        packet = packets.issue_packet(*named, csr.der, xlsx, pdf, scanned=is_scan)
    _ask_the_rules(application, packet, {"xlsx": xlsx, "pdf": frozen}, verb)
    points = packets.check(
        packet,
        form,
        frozen,
        accepted_scan=pdf if is_scan else None,
        spki_sha256=spki_sha256,
        mapping=_mapping(application),
    )
    return packet, points


def _ask_the_rules(application, packet, papers, verb):
    """ATT-01 and ATT-02: what is in the packet, and that it is what was examined."""
    enclosed = [(KINDS[file.media_type], len(file.data)) for file in packet.files]
    leaving = {kind: hashlib.sha256(data).hexdigest() for kind, data in papers.items()}
    found = Case(application, enclosed=enclosed, leaving=leaving).findings(verb)
    facts.refuse_errors(found, "送付物を確認してください。")


def _mapping(application):
    """Where the values stand on the CA's form that this application was written on, or None: our specimen."""
    template = ApplicationForm.current(application).template
    return template and template.mapping


def letter_of(application, packet, office=""):
    """The letter exactly as it would leave now with the files of this packet (an EmailMessage); `office`: from this address
    of the institution's, answers to the officer."""
    officer = application.officer
    desk = [("", address) for address in ca_profiles.of(application).recipients]
    form = form_values.frozen(ApplicationForm.current(application))
    if not office:
        return packet_mails.packet((officer.name, officer.mail), desk, form, packet)
    message = packet_mails.packet((Institution.here().formal_name, office), desk, form, packet)
    message["Reply-To"] = formataddr((officer.name, officer.mail))
    return message


def dispatch(application, who, confirmed):
    """Ask the worker to post the packet. `confirmed`: 最新の手順・様式を確認しました. The application is sent only when
    the mail server has taken it."""
    require_now("dispatch", application, who)
    require_confirmed(confirmed)
    _nothing_under_way(application)
    message = letter_of(application, packet_of(application)[0])
    told = {"message_id": str(message["Message-ID"]), "confirmed_on": clock.today().isoformat()}
    with performing("dispatch", application, who, told) as deed:
        _nothing_under_way(application)
        deed.facts["sha256"] = letters.send(message, "packet", application, application.version).sha256


def prepare_signed(application, who, confirmed, office=""):
    """The letter for the officer's card to sign, or for the key of the `office` address: (bytes, EmailMessage, Packet). Raises
    what dispatch raises."""
    require_now("dispatch", application, who)
    require_confirmed(confirmed)
    _nothing_under_way(application)
    packet = packet_of(application)[0]
    message = letter_of(application, packet, office)
    return letters.finished(message), message, packet


def dispatch_signed(application, who, ours, signed, confirmed_at):
    """Ask the worker to post the packet as a signed mail (RFC 8551): `signed` must be the letter `ours` (bytes) and nothing
    else, under a signature by the S/MIME certificate of the registered officer who sends it or by the institution's own of
    an office, not known to be revoked. Its bytes leave unchanged. Raises MailRefused, Refused."""
    require_now("dispatch", application, who)
    facts.demand(facts.for_dispatch(application), "送付に必要なものがそろっていません。")
    roots, others = TrustAnchor.trusted_for("seal")
    found = guard.run("webapp.papers.signed_mail:check", signed, ours, roots, others, clock.now())
    _sent_by_officer(found)
    state = kept_lists.state_of(found.certificate_der, "seal")
    kept_lists.refuse_revoked(
        state, "メールの署名に使った証明書", "有効な証明書で署名し直すか、署名しないで送付してください。"
    )
    message = BytesParser(policy=SMTP).parsebytes(ours, headersonly=True)
    told = {"message_id": str(message["Message-ID"]), "confirmed_on": clock.day_of(confirmed_at).isoformat()}
    told |= {"signer_certificate_serial": found.serial_hex, "issuer": found.issuer_text, "revocation": state.label}
    with performing("dispatch", application, who, told) as deed:
        _nothing_under_way(application)
        letter = letters.keep_bytes(signed, message, "packet", application, version=application.version)
        deed.facts["sha256"] = letter.sha256
        Job.ask("post", letter)


def _sent_by_officer(found):
    office = OfficeCertificate.here()
    if office is not None and (found.sender, found.certificate_der) == (office.mail, office.content.bytes()):
        return
    person = Person.with_mail(found.sender)
    if person is None or Role.OFFICER not in person.roles():
        raise Refused(
            f"差出人({found.sender})は、登録担当者の登録メールアドレスではありません。",
            "差し戻して登録担当者を選び直すか、署名しないで送付してください。",
        )


def dispatch_by_hand(application, who, confirmed):
    """Record that the officer has sent the same letter with a mailer of their own (.eml)."""
    require_now("dispatch_by_hand", application, who)
    require_confirmed(confirmed)
    prepare_by_hand(application, who)
    letter = _prepared(application)
    told = {"message_id": letter.message_id, "confirmed_on": clock.today().isoformat(), "sha256": letter.sha256}
    with performing("dispatch_by_hand", application, who, told):
        letter.posted_at = clock.now()
        letter.save(only=[Letter.posted_at])
        _tell(application)


def prepare_by_hand(application, who):
    """The letter as bytes (.eml) for the officer's own mailer; the same letter each time until it was sent."""
    require_now("dispatch_by_hand", application, who)
    _nothing_under_way(application)
    letter = _prepared(application) or letters.keep(
        letter_of(application, packet_of(application, "dispatch_by_hand")[0]),
        "packet",
        application,
        "by_hand",
        application.version,
    )
    return letter.content.bytes()


def _prepared(application):
    letter = Letter.packet(application)
    is_open = letter and letter.state == "by_hand" and letter.posted_at is None
    return letter if is_open and letter.version == application.version else None


def post(letter):
    """The mail server has taken the packet: the application is sent. Called by the worker in its transaction."""
    application = letter.application
    with performing("post", application, THE_WORKER, {"message_id": letter.message_id, "answer": letter.answer}):
        _tell(application)


def doubt(letter):
    """The packet may not have arrived (DATA was finished without an answer), or was refused: the officers are told."""
    if letter.state == "refused":
        letters.notify(mails.rejected, letter.application, letters.officers(), letter.answer)
    else:
        letters.notify(mails.in_doubt, letter.application, letters.officers())


def confirm_posting(application, who, note):
    """The officer has found out that the doubtful letter did arrive."""
    with performing("confirm_posting", application, who, {}, {"note": note or ""}) as deed:
        letter = _doubtful(application)
        deed.facts["message_id"] = letter.message_id
        letter.state, letter.posted_at = "posted", letter.posted_at or clock.now()
        letter.save(only=[Letter.state, Letter.posted_at])
        _tell(application)


def repost(application, who):
    """Send the doubtful or refused letter once more: the same bytes under the same Message-ID."""
    facts.refuse_errors(Case(application).findings("repost"), "機関の要件を満たしていないため、いまは送付できません。")
    with performing("repost", application, who) as deed:
        letter = _doubtful(application)
        deed.facts["message_id"] = letter.message_id
        letter.state = "waiting"
        letter.save(only=[Letter.state])
        Job.ask("post", letter)


def _doubtful(application):
    letter = Letter.packet(application)
    if letter is None or letter.state not in ("unknown", "refused"):
        raise Refused("送信結果を確かめる必要のあるメールはありません。", "画面を開き直してください。")
    return letter


def _nothing_under_way(application):
    letter = Letter.packet(application)
    if (
        letter is not None
        and letter.version == application.version
        and letter.state in ("waiting", "posting", "unknown")
    ):
        raise Refused(
            "この申請の送付メールは、すでに送信を始めています。", "送信の結果を待つか、画面で結果を確定してください。"
        )


def _require_mail(application):
    if ca_profiles.of(application).dispatch != "mail":
        raise Refused("この認証局には、メールではなくポータルで申請します。", "送付の画面を開き直してください。")


def require_confirmed(confirmed):
    """Raise Incomplete unless the officer has looked at what the CA says of its procedure today."""
    if not confirmed:
        sentence = f"認証局の案内で最新の手順と様式を確認し、「{CONFIRMED}」に印を付けてください。"
        raise Incomplete("確認の欄に印がありません。", sentence, {"confirmed": sentence})


def _tell(application):
    letters.notify(mails.posted, application, letters.people_of(application))
