"""署名ステーションへの依頼 on screen: asking for one, the page that follows it, taking it back."""

from flask import Blueprint, g, request, url_for

from webapp.acts import job_rows, station_jobs
from webapp.gate import COOKIE
from webapp.pages import page, see_other
from webapp.register import Station, StationJobItem, row_number
from webapp.routes.finding import find as find_application
from webapp.routes.finding import tried, who

bp = Blueprint("jobs", __name__, url_prefix="/jobs")

# Where each kind is asked for, and where its result is to be seen.
PAGES = {
    "seal_pdf": ("sealing.show", "sealing.report"),
    "seal_list": ("seal_lists.choose", "home.home"),
    "make_key": ("drafts.csr", "applications.show"),
    "install": ("delivery.handover", "applications.show"),
    "sign_mail": ("dispatch.show", "dispatch.show"),
}
TITLES = {
    "seal_pdf": "署名ステーションで署名する",
    "seal_list": "まとめて署名する",
    "make_key": "署名ステーションで鍵ペアを生成する",
    "install": "署名ステーションで格納し、動作を確認する",
    "sign_mail": "署名ステーションでメールに署名し、送付する",
}
ENDS = {
    "rejected": "署名ステーションで取りやめられました。",
    "failed": "署名ステーションでの操作を完了できませんでした。",
    "expired": "期限(10分)を過ぎたため、依頼は終わりました。",
    "cancelled": "依頼を取り消しました。",
}

ITEM_STATES = {
    "open": {"state": "待ち", "kind": "plain"},
    "returned": {"state": "確認中", "kind": "plain"},
    "done": {"state": "署名済み", "kind": "plain"},
    "failed": {"state": "登録できませんでした", "kind": "attention"},
    "left": {"state": "署名していません", "kind": "attention"},
}
ENDED = {state: {"open": "left", "returned": "failed"}.get(state, state) for state in ITEM_STATES}


@bp.post("")
def ask():
    given = request.form
    application = find_application(row_number(given.get("application", "")))
    kind = given.get("kind", "")
    return tried(
        lambda: station_jobs.ask(application, who(), kind, _secret(), given),
        lambda refusal: _refused(application, kind, refusal),
        lambda job: see_other("jobs.show", number=job.id),
    )


def _refused(application, kind, refusal):
    back = PAGES[kind][0] if kind in PAGES else "applications.show"
    return page(
        "jobs/refused.html",
        application=application,
        refusal=refusal,
        title=TITLES.get(kind, "署名ステーション"),
        back_url=url_for(back, number=application.id),
        has_station=bool(Station.of(g.person)),
    )


@bp.get("/<int:number>")
def show(number):
    job = station_jobs.find(who(), number)
    number = {"number": job.application_id} if job.application_id else {}
    again, result = (url_for(each, **number) for each in PAGES[job.kind])
    items = _items(job)
    return page(
        "jobs/show.html",
        part="state" if request.htmx else "case",
        job=job,
        title=TITLES[job.kind],
        code=job_rows.code_for(job, _secret()),
        stations=[station.host for station in Station.of(g.person)],
        ended=ENDS.get(job.state, ""),
        again_url=again,
        result_url=result,
        items=items,
        summary=_summary(items) if items else None,
    )


def _items(job):
    """What became of each application of a list; none where the job is about one."""
    return [
        {
            "row": item.application,
            "sentence": item.sentence,
            **ITEM_STATES[item.state if job.is_open else ENDED[item.state]],
        }
        for item in StationJobItem.of(job)
    ]


def _summary(items):
    done = sum(item["state"] == ITEM_STATES["done"]["state"] for item in items)
    return {"sentence": f"{len(items)}件のうち{done}件の署名を登録しました。", "is_whole": done == len(items)}


@bp.post("/<int:number>/cancellation")
def cancel(number):
    station_jobs.cancel(station_jobs.find(who(), number), who())
    return see_other("jobs.show", number=number)


def _secret():
    """The secret of this browser session, by which its own match codes are made."""
    return request.cookies.get(COOKIE, "")
