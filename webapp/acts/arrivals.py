"""届いた申請: what a 利用管理者 without an account sent by mail is read, compared and, by one press of an officer, becomes an
application in that person's place (代理登録, seed 1-1-2 and 1-3-1). The officer is not its applicant and may examine it."""

import hashlib
import json
from datetime import datetime

from webapp import clock
from webapp.acts import Who, arrival_comparison, case, forms, keys, renewals, revocations
from webapp.acts.officers import require_officer
from webapp.errors import Incomplete, Overtaken
from webapp.papers import arrival as paper
from webapp.papers import guard
from webapp.procedure import Kind
from webapp.register import (
    Application,
    Arrival,
    ArrivalFile,
    Certificate,
    Content,
    Document,
    Event,
    FormTemplate,
    TrustAnchor,
    content,
    database,
)

DEED = "届いた申請を扱う"
MOST_FILES, LARGEST = 10, 20 * 1024 * 1024
OLD_FORM = "申請書は、使用を終えた様式「{}」(第{}版)に記入されています。値は読み取れたため、このまま申請を作れます。"


def receive_arrival(who, files):
    """Read what an officer drops ([(name, bytes)]: a mail, or a form and a CSR) and keep it: (Arrival, whether it is new).
    What was dismissed opens again. Raises NotYourAct, Incomplete, Unreadable, PrivateKeyPasted; then nothing is kept."""
    require_officer(who, DEED)
    files = [(" ".join(name.split())[-200:] or "file", data) for name, data in files if data]
    if not files or len(files) > MOST_FILES or sum(len(data) for _, data in files) > LARGEST:
        sentence = f"届いたメール、または申請書とCSRを、合わせて{MOST_FILES}個・20MB以内で選んでください。"
        raise Incomplete("ファイルを確認してください。", sentence, {"file": sentence})
    found = _read(files)
    fingerprint = _fingerprint(found)
    known = Arrival.get_or_none(Arrival.fingerprint == fingerprint)
    if known is not None:
        return _again(known, who), False
    return _written(who, found, fingerprint), True


def _read(files):
    rows = FormTemplate.select().where(FormTemplate.state != "draft").order_by(FormTemplate.state, -FormTemplate.id)
    templates = [(row.mapping, OLD_FORM.format(row.name, row.version) if row.retired_at else "") for row in rows]
    roots, others = TrustAnchor.trusted_for("seal")
    limits = {"seconds": paper.SECONDS, "megabytes": paper.MEGABYTES}
    return guard.run("webapp.papers.arrival:read", files, templates, roots, others, clock.now(), **limits)


def _fingerprint(found):
    """Over the forms and CSRs, so that the same files loose and in a mail are one; over everything where there are none."""
    meant = [each for each in found.files if each.kind in ("form", "csr")] or found.files
    hashes = sorted(hashlib.sha256(each.data).hexdigest() for each in meant)
    return hashlib.sha256("".join(hashes).encode()).hexdigest()


def _again(arrival, who):
    if arrival.state == "dismissed":
        with database.atomic():
            _move(arrival, "dismissed", state="read", reason="", settled_at=None, settled_by=None)
            Event.write("receive_arrival", arrival, who.person, who.address, {"again": True})
    return arrival


def _written(who, found, fingerprint):
    values = dict(found.values)
    secret = values.pop("zip_password", "")
    with database.atomic():
        arrival = Arrival.create(
            fingerprint=fingerprint,
            person=who.person,
            came_at=clock.now(),
            sender=found.sender,
            sender_name=found.sender_name,
            subject=found.subject,
            sent_at=found.sent_at,
            notes=list(found.notes),
            faults=[list(each) for each in found.faults],
            signature=found.signature,
            kind=found.kind,
            lists_documents=found.lists_documents,
            entries=json.loads(json.dumps(values, default=lambda each: each.isoformat())),
            zip_password=content.encrypt(secret.encode(), fingerprint.encode()) if secret else None,
            state="read",
        )
        for each in found.files:
            kept = Content.keep(each.data, is_encrypted=True)
            ArrivalFile.create(arrival=arrival, name=each.name, size=len(each.data), kind=each.kind, content=kept)
        told = {"kind": found.kind, "files": sorted(file.sha256 for file in arrival.files)}
        Event.write("receive_arrival", arrival, who.person, who.address, told, {"from": found.sender})
    return arrival


def register_arrival(arrival, who, given):
    """「この内容で申請を作る」: make the application in the person's place, submitted, with the originals beside it; returns
    it. `given`: subscriber, title, purpose, replaces, is_another, agreed as chosen. All of it or nothing. Raises
    Incomplete with what differs or is missing, and what the acts themselves refuse."""
    require_officer(who, DEED)
    if arrival.state != "read":
        raise Overtaken("この届いた申請は、すでに処理されています。", "画面を開き直してください。")
    person = arrival_comparison.chosen_person(arrival, given.get("subscriber", ""))
    compared = arrival_comparison.Comparison(arrival, person)
    if compared.errors:
        raise Incomplete("直してもらう点があるため、申請を作れません。", "下の返信文を送り主に送ってください。")
    instead = Who(person, who.address, who.person)
    with database.atomic():
        make = _revocation if arrival.kind == Kind.REVOKE else _issue
        application = make(arrival, instead, given)
        case.submit(application, instead)
        _keep_originals(arrival, application, who)
        _move(arrival, "read", state="registered", application=application, **_settled(who))
        told = {"arrival": arrival.id, "files": sorted(file.sha256 for file in arrival.files)} | instead.told
        told |= {"consent": "form" if arrival.lists_documents else "officer"} if arrival.kind == Kind.ISSUE else {}
        words = {"from": arrival.sender, "name": person.name}
        Event.write("register_arrival", application, who.person, who.address, told, words)
    return application


def _issue(arrival, instead, given):
    if arrival_comparison.is_renewal(arrival):
        application = renewals.renew(_replaced(instead, given.get("replaces", "")), instead)
    else:
        named = (given.get("title", ""), given.get("purpose", ""))
        application = case.open_application(instead, *named, is_another=given.get("is_another") == "yes")
    secret = arrival.password()
    if secret and application.zip_password:
        application.zip_password = content.encrypt(secret.encode(), application.number.encode())
        application.save(only=[Application.zip_password])
    request = arrival.files.where(ArrivalFile.kind == "csr").get()
    keys.attach_csr(application, instead, request.content.bytes())
    if not arrival.lists_documents and given.get("agreed") != "yes":
        sentence = "利用管理者が3つの文書を承認していることを、申請書やメールの記載、または本人への照会で確認し、印を付けてください。"
        raise Incomplete("文書の承認を確認してください。", sentence, {"agreed": sentence})
    case.consent(application, instead, [str(row.id) for row in Document.to_agree()])
    return application


def _replaced(instead, number):
    offered = arrival_comparison.certificates_of(instead.person)
    found = next((row for row in offered if str(row.id) == number), None)
    if found is None:
        sentence = "更新する証明書を一覧から選んでください。"
        raise Incomplete("更新する証明書を選んでください。", sentence, {"replaces": sentence})
    return found


def _revocation(arrival, instead, given):
    entries = arrival.entries
    certificate = Certificate.get(Certificate.serial == entries["serial"])
    at = entries.get("compromised_at")
    at = datetime.fromisoformat(at) if at else None
    noticed = arrival.sent_at or arrival.came_at
    return revocations.open_revocation(certificate, instead, entries["reason"], entries.get("comment", ""), at, noticed)


def _keep_originals(arrival, application, who):
    for file in arrival.files:
        kind = "received_form" if file.kind == "form" else "received_file"
        data = file.content.bytes()
        media_type = "application/octet-stream"
        forms.keep(application, kind, file.name, media_type, data, application.version, person=who.person)


def dismiss_arrival(arrival, who, reason):
    """Put it aside with a reason."""
    require_officer(who, DEED)
    reason = case.required(reason, "reason", "理由を入力してください。")
    with database.atomic():
        _move(arrival, "read", state="dismissed", reason=reason, **_settled(who))
        Event.write("dismiss_arrival", arrival, who.person, who.address, {}, {"reason": reason})


def _settled(who):
    return {"settled_at": clock.now(), "settled_by": who.person}


def _move(arrival, since, **values):
    this = (Arrival.id == arrival.id) & (Arrival.state == since)
    if not Arrival.update(**values).where(this).execute():
        raise Overtaken("この届いた申請は、ほかの人がすでに処理しています。", "画面を開き直してください。")
    for name, value in values.items():
        setattr(arrival, name, value)
