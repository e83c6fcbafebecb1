"""Certificates in use: the list, one in human words, and the commands to sign with it."""

from flask import Blueprint, g, request

from webapp import clock, signing_commands
from webapp.acts import delivery as acts
from webapp.errors import Unseen
from webapp.pages import attachment, page
from webapp.papers import certificate as certificate_paper
from webapp.register import Application, Certificate
from webapp.register.search import serials
from webapp.routes.delivery import points

bp = Blueprint("certificates", __name__, url_prefix="/certificates")
PER_PAGE = 25


@bp.get("")
def index():
    words = request.args.get("q", "").strip()
    seen = Application.seen_by(g.person).select(Application.id)
    query = Certificate.select(Certificate, Application).join(Application).where(Certificate.application.in_(seen))
    if words:
        query = query.where(
            Certificate.subject.contains(words)
            | Certificate.serial.in_(serials(words))
            | Application.title.contains(words)
            | Application.number.contains(words)
        )
    before = request.args.get("before", type=int)
    narrowed = query.where(Certificate.id < before) if before else query
    rows = list(narrowed.order_by(-Certificate.id).limit(PER_PAGE + 1))
    older = {"before": rows[PER_PAGE - 1].id, **({"q": words} if words else {})} if len(rows) > PER_PAGE else None
    return page(
        "certificates/index.html", words=words, certificates=[_row(row) for row in rows[:PER_PAGE]], older=older
    )


def _row(certificate):
    days = (clock.day_of(certificate.not_after) - clock.today()).days
    return {"row": certificate, "left": f"あと{days}日" if days >= 0 else "期限切れ", "late": days < 90}


@bp.get("/<int:number>")
def show(number):
    row = _find(number)
    return page(
        "certificates/show.html",
        certificate=row,
        application=row.application,
        read=certificate_paper.read(row.content.bytes()),
        left=_row(row)["left"],
        points=points(row),
        proof=row.proof,
        commands=signing_commands.commands(row, row.application.number),
        key=row.key_pair,
    )


def _find(number):
    row = Certificate.get_or_none(Certificate.id == number)
    if row is None or not row.application.is_seen_by(g.person):
        raise Unseen("証明書が見つかりません。", "証明書の一覧から探してください。")
    return row


@bp.get("/<int:number>/file")
def save(number):
    row = _find(number)
    return attachment(row.content.bytes(), f"{row.application.number}.cer", "application/pkix-cert")


@bp.get("/<int:number>/chain")
def chain(number):
    """The certificate with its chain, PEM, the certificate itself first."""
    row = _find(number)
    ders = [row.content.bytes(), *acts.chain_ders(row)]
    text = "".join(certificate_paper.read(der).pem for der in ders)
    return attachment(text.encode(), f"{row.application.number}-chain.pem", "application/x-pem-file")
