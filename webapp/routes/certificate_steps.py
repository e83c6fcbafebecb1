"""What somebody may do with a certificate now: renew it, ask for its revocation, or look at what is under way."""

from flask import g, url_for

from webapp.acts import renewals, revocations
from webapp.errors import Refused
from webapp.routes.finding import who


def steps_of(certificate):
    """{"steps": [(label, url, kind)], "remarks": [(sentence, label, url)]} for the page of a certificate."""
    return {"steps": [*_renewal(certificate), *_revocation(certificate)], "remarks": _remarks(certificate)}


def _may(asking, certificate):
    try:
        asking(certificate, who())
    except Refused:
        return False
    return True


def _renewal(certificate):
    if not _may(renewals.require_renewable, certificate):
        return []
    label = "再発行を申請する" if certificate.revoked_at else "更新を申請する"
    kind = "primary" if not certificate.is_valid or certificate.days_left <= 90 else "secondary"
    return [(label, url_for("renewals.new", number=certificate.id), kind)]


def _revocation(certificate):
    if certificate.is_expired or not _may(revocations.require_revocable, certificate):
        return []
    return [("失効を申請する", url_for("revocations.new", number=certificate.id), "secondary")]


def _remarks(certificate):
    found = []
    if certificate.blocked_at and not certificate.revoked_at:
        found.append(("この証明書の鍵は、危殆化のため使用を止めています。署名しないでください。", "", ""))
    if certificate.revoking_id and certificate.revoking.is_seen_by(g.person):
        case = certificate.revoking
        found.append(("失効の手続き中です。", case.number, url_for("applications.show", number=case.id)))
    renewal, successor = certificate.renewal, certificate.successor
    if renewal and renewal.is_open and renewal.is_seen_by(g.person):
        url = url_for("applications.show", number=renewal.id)
        found.append((f"更新の申請中です({renewal.status})。", renewal.number, url))
    if successor:
        url = url_for("certificates.show", number=successor.id)
        found.append(("新しい証明書に更新されています。", f"シリアル番号 {successor.serial}", url))
    if successor and certificate.is_valid:
        found.append((OLD_ONE, "", ""))
    return found


OLD_ONE = (
    "この古い証明書は、失効しないかぎり期限まで有効です。"
    "タイムスタンプのない署名は失効すると検証できなくなることがあるため、"
    "配布中のソフトウェアを新しい証明書で署名し直してから、失効を検討してください。"
)
