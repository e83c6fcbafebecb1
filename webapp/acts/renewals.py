"""1-2 更新発行: one press from the certificate. What is known is carried over; consent, identity and password never."""

from webapp.acts import case
from webapp.errors import Incomplete, NotYourAct, Overtaken
from webapp.procedure import Kind, Role
from webapp.register import Person

# Why somebody renews (seed 1, 手続きの種別), and what each means for the certificate that is renewed.
OCCASIONS = {
    "continue": "いまの証明書を続けて使いたい(有効期限が近い)",
    "other_content": "主体者DN以外の記載内容を変える",
    "reissue": "失効した証明書を再発行する",
}


def require_renewable(certificate, who):
    """Raises NotYourAct unless this person may apply for another one of it, Overtaken while that is under way or done."""
    roles = who.person.roles()
    if not roles & {Role.SUBSCRIBER, Role.OFFICER}:
        raise NotYourAct("更新は利用管理者または登録担当者が申請します。", "担当の方に依頼してください。")
    under_way = certificate.renewal
    if under_way is not None and under_way.is_open:
        raise Overtaken(
            f"この証明書の更新は、{under_way.number}で申請中です(いまは「{under_way.status}」)。",
            f"{under_way.number}の手続きを進めてください。",
        )
    successor = certificate.successor
    if successor is not None and successor.is_valid:
        raise Overtaken(
            f"この証明書は、すでに新しい証明書(シリアル番号 {successor.serial})に更新されています。",
            "続けて使うための更新は、新しい証明書の画面から申請してください。",
        )


def occasion_for(certificate):
    """The occasion that fits how a certificate stands: a revoked one is re-issued, another one goes on."""
    return "reissue" if certificate.revoked_at else "continue"


def renew(certificate, who, occasion=""):
    """File a draft that is to replace a certificate, with its 管理名称, 用途, department and people, and return it. A new
    key pair, consents and the officer's checks are asked for anew, because nothing of them is carried over. Raises
    NotYourAct, Overtaken, Incomplete."""
    require_renewable(certificate, who)
    occasion = occasion or occasion_for(certificate)
    _check_occasion(occasion, certificate)
    return case.filed(
        who,
        kind=Kind.ISSUE.value,
        occasion=occasion,
        department=certificate.department or case.department_of(who),
        subscriber=_still(certificate.subscriber, Role.SUBSCRIBER) or _self(who, Role.SUBSCRIBER),
        officer=_as_before(certificate, "officer", Role.OFFICER),
        head=_as_before(certificate, "head", Role.HEAD),
        replaces=certificate.id,
        title=certificate.title or certificate.subject,
        purpose=certificate.purpose,
    )


def _check_occasion(occasion, certificate):
    sentence = ""
    if occasion not in OCCASIONS:
        sentence = "更新の理由を選んでください。"
    elif occasion == "reissue" and not certificate.revoked_at:
        sentence = "この証明書は失効していないため、再発行ではなく更新を選んでください。"
    elif occasion != "reissue" and certificate.revoked_at:
        sentence = "この証明書は失効しているため、「失効した証明書を再発行する」を選んでください。"
    if sentence:
        raise Incomplete("更新の理由を確認してください。", sentence, {"occasion": sentence})


def _still(person, role):
    """The person, if they hold the role today: who has left is not carried over."""
    return person if person is not None and role in person.roles() else None


def _self(who, role):
    return who.person if role in who.person.roles() else None


def _as_before(certificate, name, role):
    """Who stood on the form of the certificate's own application, or the first who holds the role today."""
    before = getattr(certificate.application, name) if certificate.application_id else None
    return _still(before, role) or next(iter(Person.holding(role)), None)
