"""Every part of the pages in every state, for whoever changes how they look. In practice installations only."""

from flask import Blueprint

from webapp import clock
from webapp.errors import Unseen
from webapp.pages import page
from webapp.register import Institution
from webapp.rules import ERROR, WARNING, Finding

bp = Blueprint("gallery", __name__, url_prefix="/gallery")

FINDINGS = (
    Finding("CSR-02", ERROR, "csr", "RSAの鍵長が2048ビットです。", "新しい鍵ペアを作成し、そのCSRを提出してください。"),
    Finding("ORG-01", WARNING, "address", "番地の表記が台帳と異なります。"),
)


@bp.get("")
def show():
    if not Institution.here().is_practice:
        raise Unseen("お探しのページはありません。", "アドレスを確かめるか、ホームから探してください。")
    return page("gallery.html", instant=clock.now(), date=clock.today(), findings=list(FINDINGS))
