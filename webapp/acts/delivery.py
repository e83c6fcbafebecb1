"""1-1-6: the certificate as it comes back, put beside its key, proven, reviewed and taken into use."""

import secrets

from tokens import proof
from tokens.errors import ProofRefused
from webapp import clock, mails
from webapp.acts import ca_profiles, facts, forms, intakes, key_use, letters, performing, require_now
from webapp.acts.case import required
from webapp.acts.judgement import Case
from webapp.acts.keys import on_token
from webapp.errors import Incomplete, NotYourAct, Refused
from webapp.mails import renewals as renewal_mails
from webapp.papers import certificate as certificate_paper
from webapp.papers import guard
from webapp.register import Certificate, Challenge, Content, Csr, Event, Token, TrustAnchor, database

NONCE = 32  # bytes of a challenge


def take_delivery(application, who, name, data, typed_password=""):
    """Take what came from the CA: kept, a ZIP opened with the form's password (or one typed instead), its certificate
    judged (CRT-01…11). Raises Unreadable, WrongPassword, or Incomplete with what is wrong; the file stays kept."""
    require_now("take_delivery", application, who)
    intake = intakes.receive(application, who, "delivery", name, data, is_secret=True)
    with intakes.reading(intake):
        delivery = _opened(application, data, typed_password)
        found = judge(delivery, application)
        _refuse_faults(found)
        leaf, csr = delivery.certificate, Csr.in_force(application)
        told = {"sha256": leaf.sha256, "serial": leaf.serial_hex, "issuer_sha256": leaf.issuer_sha256}
        with performing("take_delivery", application, who, told):
            _keep(application, who, name, data, delivery, csr, found)
            letters.notify(mails.delivered, application, [*letters.people_of(application), application.officer])
            key_use.tell_officers(application)


def _opened(application, data, typed_password):
    if not ca_profiles.of(application).has_zip:
        return guard.run("webapp.papers.delivery:open_file", data)
    return guard.run("webapp.papers.delivery:open_zip", data, typed_password or application.password())


def judge(delivery, application):
    """The findings about a delivered certificate and its chain."""
    roots, others = TrustAnchor.trusted_for("certificate")
    anchors = [certificate_paper.read(der) for der in roots]
    chain = [*delivery.chain, *(certificate_paper.read(der) for der in others)]
    return Case(application, certificate=delivery.certificate, chain=chain, anchors=anchors).findings("take_delivery")


def _refuse_faults(findings):
    errors = facts.errors_in(findings)
    if errors:
        raise Incomplete(
            "この証明書は受け取れません。",
            " ".join(finding.sentence for finding in errors) + " 受信したファイルは保存してあります。",
            {"file": " ".join(dict.fromkeys(finding.advice for finding in errors if finding.advice))},
        )


def _keep(application, who, name, data, delivery, csr, findings):
    leaf = delivery.certificate
    others = _path(delivery)
    for certificate in (leaf, *others):
        Content.keep(certificate.der)
    media_type = "application/zip" if ca_profiles.of(application).has_zip else "application/octet-stream"
    forms.keep(application, "delivery", name, media_type, data, application.version, is_secret=False, person=who.person)
    row = Certificate.create(
        application=application,
        content=leaf.sha256,
        chain=[certificate.sha256 for certificate in others],
        spki_sha256=leaf.spki_sha256,
        issuer_sha256=leaf.issuer_sha256,
        serial=leaf.serial_hex,
        subject=str(leaf.subject),
        issuer=str(leaf.issuer),
        not_before=leaf.not_before,
        not_after=leaf.not_after,
        key_pair=csr.key_pair,
        received_at=clock.now(),
        findings=[[finding.id, finding.severity, finding.sentence, finding.advice] for finding in findings],
        title=application.title,
        purpose=application.purpose,
        department=application.department,
        subscriber=application.subscriber,
    )
    if Token.is_lost_with(row):  # USE-01: the token went missing while the CA was examining
        Certificate.update(blocked_at=clock.now()).where(Certificate.id == row.id).execute()
        Event.write("block_key", row, who.person, who.address, {"serial": row.serial})


def _path(delivery):
    """The certificates above the delivered one, issuer first: from the ZIP, completed from what is trusted."""
    roots, others = TrustAnchor.trusted_for("certificate")
    known = [certificate_paper.read(der) for der in (*others, *roots)]
    return certificate_paper.path(delivery.certificate, [*delivery.chain, *known])[1:]


def chain_ders(certificate):
    """The DER bytes of the certificates above a register row, the issuer first."""
    return [Content.get_by_id(sha256).bytes() for sha256 in certificate.chain]


def set_challenge(certificate):
    """The open challenge for a certificate: fresh when the last one was met."""
    with database.atomic():
        waiting = (Challenge.certificate == certificate) & Challenge.met_at.is_null()
        return Challenge.select().where(waiting).order_by(-Challenge.id).first() or Challenge.create(
            certificate=certificate, nonce=secrets.token_hex(NONCE), set_at=clock.now()
        )


def install(application, who, tokend):
    """Write the certificate beside its key on the institution's token and have the key sign a fresh challenge, which is
    verified with the certificate. Raises Refused with the token's own sentence, where the key is elsewhere, or while its
    use is not approved (acts/key_use.py), NotYourAct if it is somebody else's to use."""
    require_now("install", application, who)
    certificate = Certificate.of(application)
    refuse_unusable(application, "install")
    if certificate.key_pair is None:
        raise Refused(
            "この証明書の鍵は、しるしのトークンにはありません。", "証明書を引き渡し、鍵のある場所で格納してください。"
        )
    approval = key_use.require_allowed(application, who)
    der, challenge = certificate.content.bytes(), set_challenge(certificate)
    nonce = bytes.fromhex(challenge.nonce)
    on_token(tokend.install, certificate_der=der, chain_ders=chain_ders(certificate))
    given = on_token(tokend.prove, certificate_der=der, challenge=nonce)
    _checked(given, certificate)
    told = {"nonce": challenge.nonce, "mechanism": given.mechanism, "sha256": certificate.sha256}
    with performing("install", application, who, told):
        key_use.spend(approval)
        _meet(challenge, who, given)
        letters.notify(mails.awaits_acceptance, application, letters.people_of(application))


def refuse_blocked(certificate):
    """USE-01: a key that is compromised, or a certificate that is revoked, is not used any more."""
    if certificate.blocked_at or certificate.revoked_at:
        raise Refused(
            "この証明書の鍵は使用を止められています(危殆化または失効)。",
            "この鍵で署名しないでください。引き続き署名が必要なときは、新しい鍵ペアで更新を申請してください。",
        )


def refuse_unusable(application, verb):
    """USE-01 for an act that has the key of this application's certificate sign."""
    refuse_blocked(Certificate.of(application))
    for finding in Case(application).errors(verb):
        raise Refused(finding.sentence, finding.advice)


def hand_out(application, who, proof_text=""):
    """Record that the certificate of a CSR from elsewhere was handed to whoever holds the key; with the text that
    `python -m tokens prove` wrote it is proven at once, without it the proof stays openly missing."""
    require_now("hand_out", application, who)
    certificate = Certificate.of(application)
    if certificate.key_pair is not None:
        raise Refused(
            "この証明書の鍵は、しるしのトークンにあります。", "「トークンに格納し、動作を確認する」を使ってください。"
        )
    given = _read_proof(certificate, proof_text) if proof_text.strip() else None
    with performing("hand_out", application, who, {"sha256": certificate.sha256, "proven": given is not None}):
        if given:
            _meet(set_challenge(certificate), who, given)
        letters.notify(mails.awaits_acceptance, application, letters.people_of(application))


def prove(application, who, proof_text):
    """Take the proof for a certificate whose key is elsewhere, whenever it comes."""
    require_now("prove", application, who)
    certificate = Certificate.of(application)
    refuse_unusable(application, "prove")
    text = required(proof_text, "proof", "「python -m tokens prove」が書き出した内容を貼り付けてください。")
    given = _read_proof(certificate, text)
    challenge = set_challenge(certificate)
    with performing("prove", application, who, {"nonce": challenge.nonce, "mechanism": given.mechanism}):
        _meet(challenge, who, given)


def _read_proof(certificate, text):
    try:
        given = proof.from_text(text)
    except ProofRefused as error:
        raise Incomplete(error.message, error.advice, {"proof": error.message}) from None
    return _checked(given, certificate)


def _checked(given, certificate):
    """The proof, if it answers the open challenge of this certificate; raises Incomplete with the reason."""
    try:
        proof.check(given, bytes.fromhex(set_challenge(certificate).nonce), certificate.content.bytes())
    except ProofRefused as error:
        raise Incomplete(error.message, error.advice, {"proof": error.message}) from None
    return given


def _meet(challenge, who, given):
    """Write the proof on its challenge, once."""
    Challenge.update(
        met_at=clock.now(),
        signature=given.signature,
        mechanism=given.mechanism,
        token_label=given.token_label,
        token_serial=given.token_serial,
        person=who.person,
    ).where((Challenge.id == challenge.id) & Challenge.met_at.is_null()).execute()


def accept(application, who, is_reviewed):
    """ACC-01: the 利用管理者 has reviewed what the certificate says and takes it into use (CSBR 9.6.3)."""
    require_now("accept", application, who)
    if application.subscriber is None:
        raise NotYourAct(
            "発行申請書に利用管理者の記入がないため、登録担当者が代わりに確認します。", "登録担当者に連絡してください。"
        )
    if application.subscriber_id != who.person.id:
        raise NotYourAct(
            f"証明書の内容は、利用管理者の{application.subscriber.name}さんが確認します。", "ご本人に連絡してください。"
        )
    _reviewed("accept", application, who, is_reviewed)
    _take_into_use("accept", application, who, {})


def accept_for(application, who, is_reviewed, reason):
    """代理確認: an officer reviews it where the form names no 利用管理者, with a reason."""
    require_now("accept_for", application, who)
    if application.subscriber is not None:
        raise NotYourAct(
            f"この申請には利用管理者({application.subscriber.name}さん)がいます。", "ご本人に確認を依頼してください。"
        )
    reason = required(reason, "reason", "代わりに確認する理由を入力してください。")
    _reviewed("accept_for", application, who, is_reviewed)
    _take_into_use("accept_for", application, who, {"reason": reason})


def _take_into_use(verb, application, who, particulars):
    certificate = Certificate.of(application)
    with performing(verb, application, who, {"sha256": certificate.sha256}, particulars):
        Certificate.update(accepted_at=clock.now()).where(Certificate.id == certificate.id).execute()
        if application.replaces_id:
            people = [*letters.people_of(application), *letters.officers()]
            letters.notify(renewal_mails.replaced, application, people, application.replaces)


def _reviewed(verb, application, who, is_reviewed):
    """ACC-01."""
    case = Case(application, accepted_by=who.person.id, is_reviewed=bool(is_reviewed))
    facts.refuse_errors(case.findings(verb), "確認の欄に印がありません。")
