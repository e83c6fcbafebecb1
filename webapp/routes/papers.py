"""The papers themselves: to open, to save, and the pages of a form as pictures."""

from flask import Blueprint, g

from webapp.errors import Unseen
from webapp.pages import attachment
from webapp.papers import csr as csr_paper
from webapp.register import Csr, Document, Paper, StatusAnswer

bp = Blueprint("papers", __name__)


@bp.get("/papers/<int:number>")
def show(number):
    paper = _find(number)
    is_shown = paper.media_type in ("application/pdf", "image/png")
    return attachment(paper.content.bytes(), paper.name, paper.media_type, is_shown)


@bp.get("/papers/<int:number>/file")
def save(number):
    paper = _find(number)
    return attachment(paper.content.bytes(), paper.name, paper.media_type)


def _find(number):
    paper = Paper.get_or_none(Paper.id == number)
    if paper is None or not paper.application.is_seen_by(g.person):
        raise Unseen("書類が見つかりません。", "申請の画面から開き直してください。")
    if paper.carries_password and not paper.application.may_see_password(g.person):
        raise Unseen("この書類は、申請の担当者だけが開けます。", "必要な場合は、登録担当者に連絡してください。")
    return paper


@bp.get("/status-answers/<int:number>/file")
def status_answer(number):
    """The signed CRL or OCSP response that is kept as evidence (DER)."""
    row = StatusAnswer.get_or_none(StatusAnswer.id == number)
    if row is None or row.content is None or not row.application.is_seen_by(g.person):
        raise Unseen("回答が見つかりません。", "失効の確認の画面から開き直してください。")
    media_type = {"crl": "application/pkix-crl", "ocsp": "application/ocsp-response"}[row.kind]
    ending = {"crl": "crl", "ocsp": "ors"}[row.kind]
    return attachment(row.content.bytes(), f"{row.application.number}-{row.id}.{ending}", media_type)


@bp.get("/csrs/<int:number>/file")
def csr(number):
    row = Csr.get_or_none(Csr.id == number)
    if row is None or not row.application.is_seen_by(g.person):
        raise Unseen("CSRが見つかりません。", "申請の画面から開き直してください。")
    pem = csr_paper.read(row.content.bytes()).pem
    return attachment(pem.encode(), f"{row.application.number}.csr", "application/pkcs10")


@bp.get("/documents/<int:number>")
def document(number):
    """The kept copy of a document to agree to."""
    row = Document.get_or_none(Document.id == number)
    if row is None or row.content is None:
        raise Unseen("この文書の写しは保存されていません。", "一覧にあるアドレスから開いてください。")
    return attachment(
        row.content.bytes(),
        row.name,
        row.media_type,
        is_shown=row.media_type in ("application/pdf", "text/plain; charset=utf-8"),
    )
