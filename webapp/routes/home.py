"""Home: for each role what it has to do now, and nothing else."""

from datetime import timedelta
from itertools import islice

from flask import Blueprint, current_app, g, url_for

from webapp import clock
from webapp.acts import kept_lists, mailboxes, station_lists, watching
from webapp.pages import page
from webapp.procedure import Role, Stage
from webapp.register import Application, Certificate, ChainHead, Event, Institution, Person, Visit
from webapp.register.applications import MANY
from webapp.routes import arrivals, case, house_queues, incoming_step, upkeep
from webapp.routes.administration import checklist

bp = Blueprint("home", __name__)
SHOWN = 10  # rows of a counted list; the rest is a link away
GONE = 30  # days for which a certificate that has ended is still shown
LATE = 5  # business days after which a waiting application stands out
LATE_ROUND = "期限のお知らせの確認が、26時間以上行われていません。しるしのワーカーが動いているか、サーバーの管理者に確認してください。"
QUEUES = (
    ("審査待ち", (Stage.SUBMITTED,), "審査を待っている申請はありません。提出されるとメールでお知らせします。"),
    ("捺印・署名待ち", (Stage.EXAMINED,), "捺印・署名を待っている申請はありません。"),
    ("送付待ち", (Stage.SEALED,), "送付を待っている申請はありません。捺印・署名が済むと、ここに表示します。"),
    ("認証局で審査中", (Stage.SENT,), "認証局で審査中の申請はありません。送付すると、ここに表示します。"),
)


@bp.get("/")
def home():
    roles = g.roles
    return page(
        "home/home.html",
        greeting=g.person.name,
        steps=_own_steps(),
        certificates=_own_certificates() if Role.SUBSCRIBER in roles else [],
        shown=SHOWN,
        is_subscriber=Role.SUBSCRIBER in roles,
        queues=_officers_queues() if Role.OFFICER in roles else [],
        takes_arrivals=Role.OFFICER in roles,
        upkeep=list(upkeep.steps()),
        sees_upkeep=bool(roles & {Role.OFFICER, Role.HEAD, Role.AUDITOR}),
        to_seal=_to_seal() if Role.HEAD in roles else None,
        seals_several=Role.HEAD in roles and station_lists.has_several(g.person),
        audit=_audit() if Role.AUDITOR in roles else None,
        set_up=_set_up() if Role.ADMINISTRATOR in roles else None,
        watch=_watch() if roles & {Role.OFFICER, Role.ADMINISTRATOR} else None,
        may_file=bool(roles & {Role.SUBSCRIBER, Role.OFFICER}),
    )


def _officers_queues():
    came = [*incoming_step.queue(), *arrivals.queue(), *_arrived()]
    return [*came, *_queues(), *upkeep.queues(), *house_queues.queues()]


def _watch():
    """When the last reminders were written, and what is wrong with them, if anything."""
    newest, is_late = watching.heartbeat()
    trouble = [LATE_ROUND] if is_late else []
    if newest and newest.failed:
        trouble.append(
            f"期限のお知らせの一部を確認できませんでした({newest.failed})。サーバーの管理者にお知らせください。"
        )
    if newest and newest.untold:
        trouble.append(
            f"お知らせを送る相手のない期限が{newest.untold}件あります。登録担当者のメールアドレスを確認してください。"
        )
    return {"at": newest.ended_at if newest else None, "trouble": trouble + kept_lists.trouble() + mailboxes.trouble()}


def _own():
    mine = (Application.applicant == g.person) | (Application.subscriber == g.person)
    return Application.select().where(mine)


def _own_steps():
    """At most three things this person can do in their own applications, the longest waiting first."""
    waiting = [Stage.DRAFT, Stage.SUBMITTED, Stage.SENT, Stage.DELIVERED, Stage.INSTALLED]
    rows = _own().where(Application.stage.in_(waiting)).order_by(*Application.by_waiting(*waiting)).limit(20)
    steps = ((row, case.next_step(row, g.person)) for row in rows)
    return [
        {
            "sentence": f"{row.title}: {step.sentence}",
            "label": step.label if not step.is_post else "画面を開く",
            "url": step.url if not step.is_post else url_for("applications.show", number=row.id),
            "note": f"{row.number} {row.status}",
        }
        for row, step in islice(((row, step) for row, step in steps if step.label), 3)
    ]


def _own_certificates():
    """Those that this person is responsible for now, the next to end first; one that has ended stays for a month."""
    since = clock.now() - timedelta(days=GONE)
    mine = (Certificate.subscriber == g.person) & (Certificate.not_after >= since) & Certificate.revoked_at.is_null()
    return list(Certificate.select().where(mine).order_by(Certificate.not_after, Certificate.id).limit(SHOWN + 1))


def _queues():
    return [
        {
            "heading": heading,
            "count": Application.counted(*stages),
            "rows": [_queue_row(row) for row in Application.at(g.person, *stages).limit(SHOWN)],
            "empty": empty,
            "id": f"queue-{stages[0].value}",
            "more_url": url_for("applications.index", stage=stages[0].value),
        }
        for heading, stages, empty in QUEUES
    ] + _to_install()


def _set_up():
    """What is still to be set up in this installation, as things to do for the administrator."""
    wanting = [item for item in checklist.items(current_app.config["SHIRUSHI"]) if not item["done"]]
    return [
        {"sentence": item["detail"], "label": f"{item['label']}を設定する", "url": item["url"], "note": ""}
        for item in wanting[:3]
    ]


def _arrived():
    """What has come to the officers since this person was last here; not shown while there is nothing."""
    before = Visit.seen_before(g.visit)
    stages = (Stage.SUBMITTED, Stage.SEALED, Stage.DELIVERED)
    if before is None:
        return []
    newer = Application.at(g.person, *stages).where(Application.stage_since_at > before)
    newest = newer.order_by(-(Application.stage_since_at + 0), -Application.id).limit(SHOWN)
    rows = [_queue_row(row) for row in newest][::-1]
    count = newer.select(Application.id).limit(MANY).count()
    listed = {"heading": "新着", "count": count, "rows": rows, "empty": "", "id": "arrived", "more_url": ""}
    return [listed] if rows else []


def _to_install():
    """Certificates that have come and wait for somebody; not shown while there are none."""
    stages = (Stage.DELIVERED, Stage.INSTALLED)
    count = Application.counted(*stages)
    rows = [_queue_row(row) for row in Application.at(g.person, *stages).limit(SHOWN)]
    listed = {
        "heading": "格納・確認待ち",
        "count": count,
        "rows": rows,
        "empty": "",
        "id": "queue-delivered",
        "more_url": "",
    }
    return [listed] if count else []


def _queue_row(row):
    waited = clock.business_days_between(clock.day_of(row.stage_since_at), clock.today())
    at_desk = row.stage == Stage.SENT
    return {
        "number": row.number,
        "name": row.title,
        "url": url_for("applications.show", number=row.id),
        "whose": row.waiting,
        "since": case.since_words(row.stage_since_at),
        "due": f"送付から{waited}営業日" if at_desk else (f"{waited}営業日経過" if waited >= LATE else ""),
        "late": waited >= (15 if at_desk else LATE),
    }


def _to_seal():
    rows = Application.at(g.person, Stage.EXAMINED).where(Application.head == g.person).limit(SHOWN)
    return [
        {
            "sentence": f"{row.applicant.name}さん({row.department.name})の申請「{row.title}」の{row.form_name}に、電子署名または捺印をしてください。",
            "label": "内容を確認し、署名に進む",
            "url": url_for("sealing.show", number=row.id),
            "note": f"{row.number} 審査: {Person.get_by_id(row.examiner_id).name}({clock.day_of(row.stage_since_at):%Y年%-m月%-d日})",
        }
        for row in rows
    ]


def _audit():
    head = ChainHead.get_by_id(1)
    newest = Event.select().order_by(-Event.seq).first()
    return {"count": head.seq, "at": newest.at, "check": Event.newest(Institution.here(), "check_chain")}
