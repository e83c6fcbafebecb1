"""検証報告書: what the examination of a signed PDF came to, on screen and on paper."""

from datetime import datetime

from flask import Blueprint

from webapp import clock
from webapp.errors import Unseen
from webapp.pages import page
from webapp.papers.seal_validation import MEANINGS, WORDS
from webapp.register import SealValidation
from webapp.routes.finding import find

TIMES = {
    "claimed": ("署名した人のパソコンの時計(署名時刻)", "時刻の正しさは保証されません。"),
    "stamped": ("タイムスタンプ局の時刻", "タイムスタンプ局が証明しています。"),
    "received": ("しるしが受領した時刻", "証明書は、この時刻で確かめています。"),
}
bp = Blueprint("seal_validations", __name__, url_prefix="/applications/<int:number>/seal-validations")


@bp.get("")
def index(number):
    """The signed PDFs of an application that came in: taken and refused."""
    application = find(number)
    rows = SealValidation.select().where(SealValidation.application == application).order_by(SealValidation.id.desc())
    return page("applications/seal_validations.html", application=application, rows=list(rows), words=WORDS)


@bp.get("/<int:row>")
def show(number, row):
    application = find(number)
    found = SealValidation.get_or_none(SealValidation.application == application, SealValidation.id == row)
    if found is None:
        raise Unseen("検証報告書が見つかりません。", "申請の画面から開き直してください。")
    report = found.report
    return page(
        "applications/seal_validation.html",
        application=application,
        row=found,
        report=report,
        headline=WORDS[found.indication],
        is_taken=found.paper_id is not None,
        means=MEANINGS[found.sub_indication],
        checks=[
            {"sentence": f"{s}。", "result": r, "detail": " ― ".join(filter(None, (word, d)))}
            for s, r, d, word in report["checks"]
        ],
        points=[{"sentence": s, "result": r, "detail": d} for s, r, d in report["points"]],
        times=[(label, clock_words(report["times"][key]), about) for key, (label, about) in _times(report)],
        validity=[clock_words(report["signer"][key]) for key in ("not_before", "not_after")]
        if report["signer"]
        else [],
    )


def _times(report):
    """Of a signature that was not read nothing is known but when it came."""
    return TIMES.items() if report["signer"] else [("received", (TIMES["received"][0], ""))]


def clock_words(text):
    """An ISO instant as people in Japan read it, with seconds; "" stays ""."""
    return f"{datetime.fromisoformat(text).astimezone(clock.JST):%Y年%-m月%-d日 %H:%M:%S}" if text else ""
