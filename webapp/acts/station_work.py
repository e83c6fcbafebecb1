"""The four kinds of work on an application that a station does: what it is given, and which act takes what comes back."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from tokens.station import payloads
from webapp.acts import ca_profiles, delivery, dispatch, facts, job_rows, keys, require_now, seal_stamps, sealing
from webapp.errors import Incomplete, Overtaken, Refused
from webapp.procedure import Role, Stage
from webapp.register import ApplicationForm, Certificate, Content, Csr, Institution, Paper

SEAL_FIELD = "Seal"  # papers.pdf.FIELD; the web loads no pyHanko


@dataclass(frozen=True)
class Work:
    """`prepare(application, who, given)` returns (payload, Content or None) or raises what the act would; `take(job, value,
    who)` does the act with what a station has made."""

    prepare: Callable
    take: Callable


def prepare_seal(application, who, given):
    require_now("seal", application, who)
    facts.demand([facts.made(application)], f"{application.form_name}がまだできていません。")
    pdf = Paper.newest(application, "form_pdf")
    head = application.head
    if not head.mail:
        raise Refused(f"{head.name}さんのメールアドレスが登録されていません。", "管理者に登録を依頼してください。")
    payload = payloads.SealPdf(
        number=application.number,
        form_name=application.form_name,
        sha256=pdf.sha256,
        size=pdf.size,
        mark=ApplicationForm.current(application).mark,
        field=SEAL_FIELD,
        signer_mails=(head.mail,),
        name_lines=tuple(line for line in (head.title(Role.HEAD), head.name) if line),
    )
    return payload, pdf.content


def take_seal(job, value, who):
    pdf, note = seal_stamps.stamped(value.pdf)
    sealing.seal(job.application, who, f"{job.application.number}-station.pdf", pdf, note)


def prepare_key(application, who, given):
    require_now("make_key", application, who)
    institution = Institution.here()
    algorithm = given.get("algorithm", "")
    if algorithm not in ca_profiles.of(application).offered_keys:
        fields = {"algorithm": "一覧から選んでください。"}
        raise Incomplete("鍵の種類を選んでください。", "一覧から選んでください。", fields)
    before = Csr.select().where(Csr.application == application).count()
    payload = payloads.MakeKey(
        number=application.number,
        subject=institution.subject,
        algorithm=algorithm,
        label=f"{application.number} {application.title}"[:60],
        journal_id=f"{application.number}-{before + 1}-{algorithm}",
    )
    return payload, None


def take_key(job, value, who):
    asked = job_rows.payload_of(job)
    keys.take_station_key(job.application, who, asked.algorithm, value, job.station.id)


def prepare_install(application, who, given):
    require_now(_verb_of_install(application), application, who)
    certificate = Certificate.of(application)
    delivery.refuse_blocked(certificate)
    if certificate.key_pair is not None:
        raise Refused(
            "この証明書の鍵は、しるしのトークンにあります。", "「トークンに格納し、動作を確認する」を使ってください。"
        )
    payload = payloads.Install(
        number=application.number,
        certificate=certificate.content.bytes(),
        chain=tuple(delivery.chain_ders(certificate)),
        spki_sha256=certificate.spki_sha256,
        challenge=delivery.set_challenge(certificate).nonce,
    )
    return payload, None


def take_install(job, value, who):
    act = delivery.hand_out if _verb_of_install(job.application) == "hand_out" else delivery.prove
    act(job.application, who, value.proof)


def _verb_of_install(application):
    return "hand_out" if application.stage == Stage.DELIVERED else "prove"


def prepare_mail(application, who, given):
    data, message, packet = dispatch.prepare_signed(application, who, given.get("confirmed"))
    recipients = tuple(
        address.addr_spec for name in ("To", "Cc") if message[name] for address in message[name].addresses
    )
    files = (payloads.Attachment(each.name, len(each.data), _sha256(each.data)) for each in packet.files)
    payload = payloads.SignMail(
        number=application.number,
        sha256=_sha256(data),
        size=len(data),
        sender=message["From"].addresses[0].addr_spec,
        recipients=recipients,
        subject=str(message["Subject"]),
        attachments=tuple(files),
    )
    return payload, Content.keep(data, is_encrypted=True)


def take_mail(job, value, who):
    if job.version != job.application.version:
        raise Overtaken("申請の内容が、署名を待つ間に変わりました。", "送付の画面で内容を確認し、やり直してください。")
    ours = Content.get_by_id(job.document_sha256).bytes()
    dispatch.dispatch_signed(job.application, who, ours, value.mail, job.asked_at)


def _sha256(data):
    return hashlib.sha256(data).hexdigest()


WORK = {
    "seal_pdf": Work(prepare_seal, take_seal),
    "make_key": Work(prepare_key, take_key),
    "install": Work(prepare_install, take_install),
    "sign_mail": Work(prepare_mail, take_mail),
}
