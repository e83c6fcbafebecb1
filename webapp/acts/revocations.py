"""1-3 失効: asked for from the certificate, so that its serial is never typed; and 緊急失効, which one officer may do alone
and which another person reviews afterwards."""

from datetime import timedelta
from types import SimpleNamespace

from webapp import clock
from webapp.acts import case, confirmation, facts, intakes, letters, performing, require_now
from webapp.acts.case import required
from webapp.errors import Incomplete, NotYourAct, Overtaken, Unseen
from webapp.mails import revocations as mails
from webapp.papers import guard, received_mail
from webapp.papers.revocation_reasons import KEY_COMPROMISE
from webapp.procedure import Kind, Role, Stage
from webapp.register import Application, Certificate, Event, Job, Person, Revocation, Token, database

NOT_NAMED = (
    "このメールには、この証明書のシリアル番号も申請番号もありません。"
    "ファイルを確かめるか、この証明書の通知だと分かった理由を入力してください。"
)


HURRY = timedelta(hours=20)  # after a compromise was noticed: four hours are left


def hurry(application):
    """Called by the worker when the 24 hours of a compromised key run out: whoever can still send it is told."""
    if application.stage in (Stage.DRAFT, Stage.SUBMITTED, Stage.EXAMINED, Stage.SEALED):
        people = [*letters.people_of(application), *letters.officers()]
        letters.notify(mails.hurry, application, people, Revocation.of(application).noticed_at + timedelta(hours=24))


def require_revocable(certificate, who):
    """Raises NotYourAct unless this person may ask for it, Overtaken while another revocation is under way or done, or
    when the certificate has ended."""
    is_own = certificate.subscriber_id == who.person.id and Role.SUBSCRIBER in who.person.roles()
    if not is_own and Role.OFFICER not in who.person.roles():
        raise NotYourAct(
            "失効は、この証明書の利用管理者または登録担当者が申請します。",
            "利用管理者本人か登録担当者に依頼してください。トークンをなくしたなど急ぐときは、登録担当者に電話してください。",
        )
    if certificate.revoked_at:
        raise Overtaken("この証明書は、すでに失効しています。", "失効の申請は不要です。")
    if certificate.is_expired:
        raise Overtaken(
            "この証明書の有効期間は、すでに終わっています。", "失効の申請は不要です。今後は使用しないでください。"
        )
    if certificate.revoking_id:
        raise Overtaken(
            f"この証明書の失効は、{certificate.revoking.number}で申請中です。",
            f"{certificate.revoking.number}の手続きを進めてください。",
        )


def require_emergency(certificate, who):
    """The same for 緊急失効, which only an officer begins."""
    if Role.OFFICER not in who.person.roles():
        raise NotYourAct("緊急失効は登録担当者が始めます。", "すぐに登録担当者へ電話してください。")
    require_revocable(certificate, who)


def open_revocation(certificate, who, reason, comment, compromised_at=None, noticed_at=None):
    """File a draft for 失効 and return it. `reason` is a code of papers.revocation_reasons; the times are aware instants,
    for reason 1 only; then the key is blocked at once (REV-03). Raises NotYourAct, Overtaken, Incomplete with fields."""
    require_revocable(certificate, who)
    application = _unsaved(certificate, who, is_emergency=False)
    return _open(application, certificate, who, _checked(application, reason, comment, compromised_at, noticed_at))


def open_emergency(certificate, who, comment, compromised_at, noticed_at, contacts):
    """緊急失効: an officer alone files and submits at once; the key is blocked, the subscriber, the officers and
    `contacts` ((name, address) pairs of the institution's CSIRT and CISO list) are told. Returns the application."""
    require_emergency(certificate, who)
    application = _unsaved(certificate, who, is_emergency=True)
    said = _checked(application, KEY_COMPROMISE, comment, compromised_at, noticed_at or clock.now())
    with database.atomic():
        application = _open(application, certificate, who, said)
        case.submit(application, who)
        letters.notify(
            mails.emergency, application, [*letters.people_of(application), *letters.officers()], certificate
        )
        letters.notify_others(mails.emergency, application, contacts, certificate)
    return application


def _unsaved(certificate, who, is_emergency):
    """The application as it would be: the officer who acts in an emergency stands on the form and seals it."""
    before = certificate.application if certificate.application_id else None
    is_officer = Role.OFFICER in who.person.roles()
    officer = who.person if is_officer else before and _still_officer(before.officer)
    officer = officer or next(iter(Person.holding(Role.OFFICER)), None)
    head = who.person if is_emergency else next(iter(Person.holding(Role.HEAD)), officer)
    return Application(
        kind=Kind.REVOKE.value,
        occasion="revoke",
        is_emergency=is_emergency,
        target=certificate,
        department=certificate.department or case.department_of(who),
        subscriber=certificate.subscriber,
        officer=officer,
        head=head,
        title=certificate.title or certificate.subject,
        purpose=certificate.purpose,
    )


def _still_officer(person):
    return person if person is not None and Role.OFFICER in person.roles() else None


def _open(application, certificate, who, said):
    columns = {name: value for name, value in application.__data__.items() if value is not None}
    this = Certificate.id == certificate.id
    with database.atomic():
        is_free = Certificate.revoking.is_null() & Certificate.revoked_at.is_null()
        if (
            not Certificate.update(blocked_at=_blocked(said, certificate)).where(this & is_free).execute()
        ):  # holds the row until the end
            raise Overtaken(
                "この証明書の失効は、ほかの人がすでに申請しています。", "証明書の画面を開き直してください。"
            )
        application = case.filed(who, **columns)
        Revocation.create(application=application, **vars(said))
        Certificate.update(revoking=application).where(this).execute()
        if said.reason == KEY_COMPROMISE:
            told = {"serial": certificate.serial} | who.told
            Event.write("block_key", certificate, who.doer, who.address, told)
            Job.ask("hurry", application, said.noticed_at + HURRY)
    return application


def _blocked(said, certificate):
    """Since when the key must not be used: now that it is compromised, or since its token was lost, or None."""
    if said.reason == KEY_COMPROMISE:
        return clock.now()
    return certificate.blocked_at if Token.is_lost_with(certificate) else None


def _checked(application, reason, comment, compromised_at, noticed_at):
    """What was typed as values for Revocation; raises Incomplete with the sentences of REV-01…04 by field."""
    is_compromise = reason == KEY_COMPROMISE
    said = SimpleNamespace(
        reason=reason,
        comment=(comment or "").strip(),
        compromised_at=_minute(compromised_at) if is_compromise else None,
        noticed_at=(noticed_at or clock.now()) if is_compromise else None,
    )
    faults = facts.errors_in(facts.judge_revocation(application, said))
    if faults:
        fields = {}
        for fault in faults:
            fields[fault.field] = f"{fields.get(fault.field, '')} {fault.sentence} {fault.advice}".strip()
        raise Incomplete("失効の申請の内容を確認してください。", "印の付いた項目を直すと先に進めます。", fields)
    return said


def _minute(instant):
    """An instant as the form prints it, to the minute."""
    return instant and instant.replace(second=0, microsecond=0)


def give_reason(application, who, reason, comment, compromised_at, noticed_at, officer_id, head_id):
    """Change what a draft says: reason, comment, times, and who stands on the form."""
    require_now("give_reason", application, who)
    said = _checked(application, reason, comment, compromised_at, noticed_at)
    chosen = {
        "officer": case.chosen(officer_id, Person.holding(Role.OFFICER), "officer"),
        "head": case.chosen(head_id, sealers(application), "head"),
    }
    with performing("give_reason", application, who, {"reason": said.reason}, {"comment": said.comment}, **chosen):
        Revocation.update(**vars(said)).where(Revocation.application == application).execute()
        Certificate.update(blocked_at=_blocked(said, application.target)).where(
            Certificate.revoking == application
        ).execute()


def sealers(application):
    """Everybody who may seal this application today, heads first; where no seal is wanted, who may stand on the form."""
    roles = facts.seal_roles(application) or (Role.HEAD, Role.OFFICER)
    people = [person for role in roles for person in Person.holding(role)]
    return list({person.id: person for person in people}.values())


def note_completion(application, who, name="", data=b"", note=""):
    """Record that the CA's 失効完了通知 has arrived (1-3-4), with the mail itself (.eml bytes) where there is one, or
    with a note of how it came. From now on the CRL and OCSP are asked. Raises Incomplete, Unreadable."""
    require_now("note_completion", application, who)
    certificate = application.target
    if data:
        intake = intakes.receive(application, who, "completion", name, data, is_secret=False)
        with intakes.reading(intake):
            limits = {"seconds": received_mail.SECONDS, "megabytes": received_mail.MEGABYTES}
            notice = guard.run("webapp.papers.completion:read", data, certificate.serial, application.number, **limits)
            if not notice.names_it:
                required(note, "note", NOT_NAMED)
            told = {"sha256": intake.sha256, "names_it": notice.names_it}
            particulars = {"note": note or "", "from": notice.sender, "subject": notice.subject}
            _complete(application, who, told, particulars)
            confirmation.keep_notice(application, who, name, data, notice)
        return
    note = required(note, "note", "完了通知メールのファイルを選ぶか、どのように知らされたかを入力してください。")
    _complete(application, who, {}, {"note": note})


def _complete(application, who, told, particulars):
    now, certificate = clock.now(), application.target
    revocation = Revocation.of(application)
    with performing("note_completion", application, who, told, particulars):
        Revocation.update(completed_at=now).where(Revocation.id == revocation.id).execute()
        Certificate.update(
            revoked_at=now, revocation_reason=revocation.reason, revoking=None, blocked_at=certificate.blocked_at or now
        ).where(Certificate.id == certificate.id).execute()
        Job.ask("confirm", application)
        letters.notify(
            mails.completed, application, [*letters.people_of(application), application.officer], certificate
        )


def review_emergency(application, who, note):
    """事後確認: another person has looked at what one officer did alone. Raises Incomplete without a note, NotYourAct for
    somebody who took part."""
    require_now("review_emergency", application, who)
    if not application.is_emergency:
        raise Unseen("この申請は緊急失効ではないため、事後確認は要りません。", "申請の画面に戻ってください。")
    took_part = {application.applicant_id, application.examiner_id, application.sealer_id, application.attester_id}
    if who.person.id in took_part:
        raise NotYourAct(
            "事後確認は、この緊急失効に関わっていない人が行います。",
            "ほかの登録担当者または機関責任者に依頼してください。",
        )
    if application.reviewer_id:
        raise Overtaken("事後確認は、すでに記録されています。", "画面を開き直してください。")
    note = required(note, "note", "確認した内容を入力してください。")
    with performing("review_emergency", application, who, {}, {"note": note}, reviewer=who.person):
        letters.notify(mails.reviewed, application, [*letters.people_of(application), *letters.officers()], note)
