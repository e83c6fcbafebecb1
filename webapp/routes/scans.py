"""印影確認: the scan of a stamped paper beside the version that was examined (seed 1-1-4, 1-3-2)."""

from flask import Blueprint, g, request, url_for

from webapp.acts import require_now, scan_ties, scans, seal_uses, sealing
from webapp.errors import Incomplete, Unseen
from webapp.pages import attachment, page, see_other
from webapp.papers import jpeg_turn
from webapp.procedure import Role
from webapp.register import Paper, ScanPicture, SealUse, row_number
from webapp.routes import case
from webapp.routes.finding import attempt, find, tried, typed, upload, who
from webapp.routes.sealing import seal_page

bp = Blueprint("scans", __name__, url_prefix="/applications/<int:number>")


@bp.post("/scans")
def receive_scan(number):
    application = find(number)
    return tried(
        lambda: scans.receive_scan(application, who(), *upload()),
        lambda refusal: seal_page(application, refusal, "stamped"),
        lambda scan: see_other("scans.show", number=number, scan=scan.id),
    )


@bp.get("/scans/<int:scan>")
def show(number, scan):
    application = find(number)
    require_now("stamp", application, who())
    row = scans.find(application, scan)
    scans.require_waiting(application, row)
    return _page(application, row)


def _page(application, scan, refusal=None):
    form = case.form_of(application)
    sentence, detail = scan_ties.result(scan.version, scan.mark_on_page)
    return page(
        "applications/scan.html",
        application=application,
        scan=scan,
        pdf=Paper.newest(application, "form_pdf"),
        form=form,
        sheets=_sheets(application, scan),
        turned=_turned(),
        turned_on=(_turned() + 90) % 360,
        spots=[_url(scan, each) for kind in ("examined_spot", "spot") for each in scan.pictures(kind)],
        sentence=sentence,
        detail=detail,
        sealer_title=application.head.title(Role.HEAD) or "登録担当者",
        attested=sealing.ATTESTED,
        ticked=request.form.getlist("attested"),
        typed=typed(words="", approval="", keeper=SealUse.last_stamp_keeper()),
        most_words=sealing.MOST_WORDS,
        longest=seal_uses.LONGEST,
        refusal=refusal,
    )


def _sheets(application, scan):
    """Pairs (pictures of the examined version, of the scan): page beside page where there are as many of both, else all
    beside all."""
    examined = [
        {"url": url_for("papers.show", number=each.id)} for each in Paper.pictures(application, is_masked=False)
    ]
    scanned = [{"url": _url(scan, each, turned=_turned() or None)} for each in scan.pictures("page")]
    if len(examined) != len(scanned):
        return [(examined, scanned)]
    return [([one], [other]) for one, other in zip(examined, scanned, strict=True)]


def _url(scan, picture, **query):
    return url_for("scans.picture", number=scan.application_id, scan=scan.id, picture=picture.id, **query)


def _turned():
    """By how many degrees the pages of the scan are to be shown turned, clockwise."""
    given = request.values.get("turned", "")
    return next((turn for turn in jpeg_turn.TURNS if str(turn) == given), 0)


@bp.get("/scans/<int:scan>/pictures/<int:picture>")
def picture(number, scan, picture):
    row = ScanPicture.get_or_none((ScanPicture.scan == _shown(number, scan)) & (ScanPicture.id == picture))
    if row is None:
        raise Unseen("画像が見つかりません。", "印影確認の画面から開き直してください。")
    data = jpeg_turn.turned(row.content.bytes(), _turned())
    return attachment(data, f"scan-{scan}-{row.kind}-{row.page}.jpg", "image/jpeg", is_shown=True)


@bp.get("/scans/<int:scan>/file")
def file(number, scan):
    """The scan as the PDF that would be sent."""
    row = _shown(number, scan)
    return attachment(row.content.bytes(), f"{row.application.number}-scan.pdf", "application/pdf", is_shown=True)


def _shown(number, scan):
    """The scan, which shows the ZIP password, for those who may see it; raises Unseen."""
    application = find(number)
    if not application.may_see_password(g.person):
        raise Unseen("このスキャンは、申請の担当者だけが開けます。", "必要な場合は、登録担当者に連絡してください。")
    return scans.find(application, scan)


@bp.post("/stamp")
def stamp(number):
    application = find(number)
    require_now("stamp", application, who())
    scan = _chosen(application)
    if scan is None:
        nothing = Incomplete("スキャンがまだありません。", "先に、捺印済みの書面のスキャンを読み取ってください。")
        return seal_page(application, nothing, "stamped")
    given = request.form
    said = {name: given.get(name, "") for name in ("words", "approval", "keeper")}
    return attempt(
        lambda: sealing.stamp(application, who(), scan, given.getlist("attested"), **said),
        lambda refusal: _page(application, scan, refusal),
        "sealing.report",
        "stamp",
        number=number,
    )


def _chosen(application):
    """The scan that the page showed, or None when the form names none."""
    scan = row_number(request.form.get("scan", ""))
    return None if scan is None else scans.find(application, scan)
