"""1-1-4, 1-3-2: the scan of a stamped paper is kept, read and tied to the examined version, and waits for the officer who
compares it on screen (印影確認). The upload seals nothing; acts/sealing.stamp does."""

from webapp.acts import forms, intakes, require_now, scan_ties
from webapp.errors import Overtaken, Unseen
from webapp.papers import guard
from webapp.register import Content, Scan, ScanPicture, database

LIMITS = {"seconds": 60, "megabytes": 1024}


def receive_scan(application, who, name, data):
    """Keep and read a scan of the examined version: the Scan, which takes the place of one that waits. Raises Unseen,
    NotYourAct, Overtaken as the act `stamp` does, Incomplete without a file, Unreadable for one that is no scan, Refused
    for a print of another version or application, and for one that lacks a page."""
    require_now("stamp", application, who)
    frozen = forms.frozen_pdf(application)
    intake = intakes.receive(application, who, "scan", name, data, is_secret=True)
    with intakes.refusing(intake):
        taken = guard.run("webapp.papers.scan:read", data, name, **LIMITS)
        seen = guard.run("webapp.papers.scan_view:look", taken.pdf, frozen, **LIMITS)
        scan_ties.refuse_missing_pages(application, len(seen.pages))
        tied = scan_ties.tie(application, seen.pages)
    before = Scan.waiting(application)
    with database.atomic():
        if before:
            intakes.settle(before.intake, "refused", "確認する前に、別のスキャンに替えました。")
        return _kept(application, intake, taken, seen, tied)


def _kept(application, intake, taken, seen, tied):
    scan = Scan.create(
        application=application,
        intake=intake,
        version=application.version,
        content=Content.keep(taken.pdf, is_encrypted=True),
        pages=taken.pages,
        mark_on_page=tied,
    )
    pictures = [("page", number, page.picture) for number, page in enumerate(seen.pages, 1)]
    pictures += zip(("examined_spot", "spot"), (1, 1), seen.spots, strict=False)
    for kind, number, picture in pictures:
        ScanPicture.create(scan=scan, kind=kind, page=number, content=Content.keep(picture, is_encrypted=True))
    return scan


def find(application, number):
    """The scan of an application with this row number; raises Unseen."""
    scan = Scan.get_or_none((Scan.application == application) & (Scan.id == number))
    if scan is None:
        raise Unseen("スキャンが見つかりません。", "申請の「捺印・署名」の画面から開き直してください。")
    return scan


def require_waiting(application, scan):
    """Raise Overtaken unless this scan is the one to be compared: of the version that was examined, and the newest."""
    if scan.version != application.version:
        raise Overtaken(
            f"第{scan.version}版のスキャンです。審査したのは第{application.version}版です。",
            f"第{application.version}版を印刷して捺印し、スキャンを登録してください。",
        )
    if Scan.waiting(application) != scan:
        raise Overtaken(
            "このスキャンは、別のスキャンに替わっています。",
            "「捺印・署名」の画面で、新しいスキャンを確認してください。",
        )
