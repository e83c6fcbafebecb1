"""機関のトークンによるメールの署名: the packet under the signature of an office's address, by a key that lies on the
institution's token. A person's signature is never made there: heads and officers sign with their own cards."""

import hashlib

from cryptography import x509

from tokens import certificates, smime
from tokens.errors import TokenError
from webapp import clock
from webapp.acts import dispatch, house
from webapp.acts.keys import on_token
from webapp.errors import Incomplete, Overtaken, Refused
from webapp.register import IN_THE_WAY, Content, Institution, OfficeCertificate, Person, TrustAnchor

PERSONAL = "機関の長・機関責任者の署名は、本人のカードで行います。"


def fitting(tokens):
    """[(certificate, mail), …]: those on the institution's token that are for signing mail today, for one address that is
    nobody's own; `tokens` as tokens.client.Tokend.tokens() gives them."""
    label = Institution.here().token_label
    stored = [each.der for token in tokens if label and token.label == label for each in token.certificates]
    usable = certificates.for_sealing([x509.load_der_x509_certificate(der) for der in stored])
    return [(each, _mail(each)) for each in usable if _mail(each) and Person.with_mail(_mail(each)) is None]


def register(who, sha256, tokend):
    """Let mails to the desk be signed by this certificate of the token (hex of its SHA-256) from now on, in place of the one
    before. Raises NotYourAct, Incomplete, Refused: a person's certificate is refused."""
    house.require_administrator(who)
    present = on_token(tokend.tokens)
    ders = [each.der for token in present for each in token.certificates]
    der = next((der for der in ders if _sha256(der) == sha256), None)
    if der is None:
        sentence = "トークンにある証明書から選んでください。"
        raise Incomplete("証明書を選んでください。", sentence, {"certificate": sentence})
    refuse_personal(der)
    if sha256 not in {_sha256(certificates.der(each)) for each, _ in fitting(present)}:
        raise Refused(
            "この証明書では、メールに署名できません。",
            "機関のトークンにある、期限内のS/MIME証明書(メールアドレスは1つ)を選んでください。",
        )
    mail = _mail(x509.load_der_x509_certificate(der))
    try:
        with house.administering(who):
            stop(who)
            row = OfficeCertificate.create(content=Content.keep(der), mail=mail, since_on=clock.today())
            house.note("register_office_certificate", row, who, {"sha256": sha256, "mail": mail})
    except IN_THE_WAY:
        raise Overtaken("ほかの人が、同時に登録しました。", "画面を開き直してください。") from None
    return row


def stop(who):
    """Let no mail be signed by the institution's token any more. True if one was in force."""
    row = OfficeCertificate.here()
    if row is None:
        return False
    with house.administering(who):
        OfficeCertificate.update(until_on=clock.today()).where(OfficeCertificate.id == row.id).execute()
        house.note("end_office_certificate", row, who, {"mail": row.mail})
    return True


def refuse_personal(der):
    """Raises Refused for a certificate that is for an address of somebody of the house."""
    known = certificates.mails(x509.load_der_x509_certificate(der))
    people = [person for person in map(Person.with_mail, known) if person is not None]
    if people:
        advice = f"{people[0].name}さんの証明書です。個人の署名は、署名ステーションで行ってください。"
        raise Refused(PERSONAL, advice)


def dispatch_with_token(application, who, confirmed, tokend):
    """Ask the worker to post the packet as a signed mail from the office's address, signed by the institution's token. The
    letter says inside what it says outside, is verified before it may leave, and its bytes never change. Raises what
    dispatch raises, Refused while no certificate is registered or with the token's own sentence."""
    row = OfficeCertificate.here()
    if row is None:
        raise Refused(
            "機関のトークンで署名する証明書が登録されていません。",
            "管理者に、設定の「トークン」での登録を依頼してください。",
        )
    der = row.content.bytes()
    refuse_personal(der)
    ours, _, _ = dispatch.prepare_signed(application, who, confirmed, office=row.mail)
    signed = _signed(ours, der, tokend)
    dispatch.dispatch_signed(application, who, ours, signed, clock.now())


def _signed(ours, der, tokend):
    others = [x509.load_der_x509_certificate(each) for each in TrustAnchor.trusted_for("seal")[1]]
    chain = [certificates.der(each) for each in certificates.chain_of(x509.load_der_x509_certificate(der), others)]
    try:
        inside = smime.part_of(ours)

        def sign(attributes):
            return tokend.sign_mail(certificate_der=der, inside=inside, signed_attributes_der=attributes)

        return smime.signed(ours, der, chain, sign, now=clock.now())
    except TokenError as error:
        raise Refused(error.message, error.advice) from error


def _mail(certificate):
    found = certificates.mails(certificate)
    return found[0].lower() if len(found) == 1 else ""


def _sha256(der):
    return hashlib.sha256(der).hexdigest()
