"""Certificates in use: the list, one in human words, and the commands to sign with it."""

from flask import Blueprint, g, request, url_for

from webapp import signing_commands
from webapp.acts import certificates as acts
from webapp.acts.delivery import chain_ders
from webapp.errors import Unseen
from webapp.pages import attachment, page
from webapp.papers import certificate as certificate_paper
from webapp.papers import serial
from webapp.papers.revocation_reasons import REASONS
from webapp.procedure import Role
from webapp.register import ImportBatch, Token, filters
from webapp.register.filters import ORIGINS, STATES
from webapp.routes import certificate_steps, exported, lists
from webapp.routes.delivery import points
from webapp.routes.finding import attempt, find_certificate, typed, who
from webapp.sentences import told_all

bp = Blueprint("certificates", __name__, url_prefix="/certificates")
ORDERS = (
    ("received", "受領の古い順"),
    ("end", "有効期限の近い順"),
    ("-end", "有効期限の遠い順"),
    ("title", "管理名称の順"),
    ("-number", "申請番号の新しい順"),
)


@bp.get("")
def index():
    view = lists.certificates()
    return lists.answer(
        "certificates/index.html",
        view,
        states=_states(view),
        origins=list(ORIGINS.items()),
        orders=ORDERS,
        left=_left,
        may_import=Role.OFFICER in g.roles,
        columns=exported.columns(exported.CERTIFICATES),
    )


def _states(view):
    """What can be chosen, and a number of days that only the address names."""
    chosen = view.asked.get("state", "")
    return [*STATES.items(), *([(chosen, filters.state_words(chosen))] if chosen and chosen not in STATES else [])]


def _left(row):
    """How long still, in words: days of a valid certificate, nothing of another."""
    return f"あと{row.days_left}日" if row.is_valid else ""


@bp.get("/export")
def export():
    return exported.answer(lists.certificates(), exported.CERTIFICATES, "証明書一覧")


@bp.get("/<int:number>")
def show(number):
    return _page(find_certificate(number))


def _page(row, refusal=None):
    has_file = row.content is not None
    return page(
        "certificates/show.html",
        certificate=row,
        application=row.application,
        read=certificate_paper.read(row.content.bytes()) if has_file else None,
        decimal=serial.as_decimal(int(row.serial, 16)),
        left=_left(row),
        reason=str(REASONS.get(row.revocation_reason, row.revocation_reason)),
        points=points(row) if row.application and has_file else [],
        proof=row.proof,
        commands=signing_commands.commands(row, _name(row)) if has_file and _may_sign(row) else [],
        key=row.key_pair,
        token=_token(row),
        batch=ImportBatch.of(row),
        history=told_all(acts.history(row)),
        may_describe=Role.OFFICER in g.roles,
        typed=typed(title=row.title, purpose=row.purpose),
        refusal=refusal,
        **certificate_steps.steps_of(row),
    )


def _token(row):
    """{label, url} of the token of the ledger on which the key lies; the url only for those who may see it. Or None."""
    found = Token.of(row)
    is_seen = found is not None and found.is_seen_by(g.person)
    return found and {"label": found.label, "url": url_for("tokens.show", number=found.id) if is_seen else ""}


def _may_sign(row):
    """USE-01: nobody is told how to sign with a certificate that has ended, or whose key is blocked."""
    return row.is_valid and row.blocked_at is None


@bp.post("/<int:number>/description")
def describe_certificate(number):
    row = find_certificate(number)
    title, purpose = request.form.get("title", ""), request.form.get("purpose", "")
    return attempt(
        lambda: acts.describe_certificate(row, who(), title, purpose),
        lambda refusal: _page(row, refusal),
        "certificates.show",
        "describe_certificate",
        number=number,
    )


def _with_file(number):
    """The certificate, if its bytes are kept; raises Unseen."""
    row = find_certificate(number)
    if row.content is None:
        raise Unseen(
            "この証明書のファイルは、しるしにはありません。", "一覧から取り込んだため、証明書の情報だけがあります。"
        )
    return row


def _name(row):
    return row.number or f"certificate-{row.id}"


@bp.get("/<int:number>/file")
def save(number):
    row = _with_file(number)
    return attachment(row.content.bytes(), f"{_name(row)}.cer", "application/pkix-cert")


@bp.get("/<int:number>/chain")
def chain(number):
    """The certificate with its chain, PEM, the certificate itself first."""
    row = _with_file(number)
    ders = [row.content.bytes(), *chain_ders(row)]
    text = "".join(certificate_paper.read(der).pem for der in ders)
    return attachment(text.encode(), f"{_name(row)}-chain.pem", "application/x-pem-file")
