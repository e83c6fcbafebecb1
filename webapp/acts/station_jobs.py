"""What is asked of a person's signing stations, opened there with the code that only the asking browser shows, and what
comes back: the result is taken once, by the same act as an upload is.

prepared → offered (a station has listed it) → claimed (opened with the code) → returned (the result is being checked) →
done, rejected (at the station), failed, expired or cancelled.
"""

from datetime import timedelta

from tokens.station import codes, protocol
from tokens.station.refusals import Refusal
from webapp import clock
from webapp.acts import Who, card_sign_in, job_key, job_rows, station_lists, station_work
from webapp.acts.stations import StationRefused, origin
from webapp.errors import Overtaken, Refused, Unseen
from webapp.register import Content, Event, Station, StationJob, StationJobItem, database
from webapp.register.stations import WAITING
from webapp.sentences import JOB_LABELS

LIFE = timedelta(minutes=10)
TRIES = 3  # match codes before a job ends
MOST_OFFERED = 20


def ask(application, who, kind, secret, given):
    """Ask a job of this person's stations; `secret` is that of the browser session, `given` what was typed with it. It takes
    the place of one that waits for the same. Returns the StationJob. Raises what the act that it leads to would."""
    if kind not in station_work.WORK:
        raise Refused("この操作は、署名ステーションでは行えません。", "申請の画面からやり直してください。")
    _demand_station(who)
    payload, document = station_work.WORK[kind].prepare(application, who, given)
    columns = {"person": who.person, "application": application, "version": application.version, "document": document}
    title = f"{application.number} {JOB_LABELS[kind]}"
    row = job_rows.new(kind, payload, secret, who.address, LIFE, title=title, **columns)
    with database.atomic():
        for earlier in StationJob.open_about(application, who.person, kind):
            _ended(earlier, WAITING, "cancelled")
        job = StationJob.create(**row)
        _note("ask_station", job, who)
    return job


def ask_list(applications, who, secret):
    """Ask this person's stations to seal several applications with one press. It takes the place of a list that waits. Returns
    the StationJob. Raises what station_lists.prepare does."""
    _demand_station(who)
    payload, items = station_lists.prepare(applications, who)
    columns = {"person": who.person, "application": None, "version": 0, "document": None}
    title = f"{len(items)}件の申請書への電子署名"
    row = job_rows.new("seal_list", payload, secret, who.address, LIFE, title=title, **columns)
    with database.atomic():
        for earlier in StationJob.open_lists(who.person):
            _ended(earlier, WAITING, "cancelled")
        job = StationJob.create(**row)
        for place, item in enumerate(items):
            StationJobItem.create(job=job, place=place, **item)
        _note("ask_station", job, who)
    return job


def _demand_station(who):
    if not Station.of(who.person):
        raise Refused(
            "ペアリングした署名ステーションがありません。",
            "「署名ステーション」のページの手順で、カードのある端末を用意してください。",
        )


def find(who, number):
    """A job of one's own. Raises Unseen."""
    StationJob.end_overdue(clock.now())
    job = StationJob.get_or_none((StationJob.id == number) & (StationJob.person == who.person))
    if job is None or job.kind == "sign_in":
        raise Unseen("依頼が見つかりません。", "申請の画面からやり直してください。")
    return job


def cancel(job, who):
    """Take back what was asked. Raises Overtaken when it has ended."""
    with database.atomic():
        if not _ended(job, (*WAITING, "claimed"), "cancelled"):
            raise Overtaken("この依頼は、もう終わっています。", "結果を画面で確認してください。")
        _note("cancel_job", job, who)


# What stations do


def offered(station):
    """The jobs that a station's owner has waiting, as [StationJob]; they count as offered now."""
    StationJob.end_overdue(clock.now())
    jobs = StationJob.waiting_for(station.person, MOST_OFFERED)
    for job in jobs:
        if job.state == "prepared":
            job.move(("prepared",), "offered")
    return jobs


def claim(station, handle, typed, address):
    """Open a job with its match code: (envelope text, signature). Once, and three tries. Raises StationRefused no_job,
    wrong_code, stopped, claimed."""
    job = _of(station, handle)
    try:
        code = codes.digits(typed)
    except Refusal:
        code = ""
    may_try = (StationJob.id == job.id) & StationJob.state.in_(WAITING) & (StationJob.misses < TRIES)
    if not StationJob.update(misses=StationJob.misses + 1).where(may_try).execute():
        raise _not_waiting(_of(station, handle))
    if not code or not codes.is_code(code, job.handle, job.code_hash):
        raise _wrong(job, station, address)
    return _opened(job, station, address)


def _wrong(job, station, address):
    tried = StationJob.get_by_id(job.id).misses
    if tried >= TRIES:
        with database.atomic():
            sentence = "確認番号が3回間違っていたため、依頼を取り消しました。"
            if _ended(job, WAITING, "failed", sentence):
                _note("stop_job", job, Who(station.person, address), station)
        return StationRefused("stopped", 410, sentence, "画面から、もう一度はじめからやり直してください。")
    sentence = f"確認番号が違います。あと{TRIES - tried}回入力できます。"
    return StationRefused("wrong_code", 422, sentence, "依頼した画面に表示されている6桁の番号を入力してください。")


def _not_waiting(job):
    if job.state == "claimed":
        sentence = "この依頼は、すでに開かれています。"
        return StationRefused("claimed", 409, sentence, "画面から、もう一度はじめからやり直してください。")
    return StationRefused("stopped", 410, "この依頼は、もう終わっています。", "画面で結果を確認してください。")


def _opened(job, station, address):
    now = clock.now()
    made = protocol.envelope(
        job_rows.payload_of(job),
        job=job.handle,
        origin=origin(),
        station=str(station.id),
        owner=station.owner,
        requested_by=requester(job),
        title=job.title,
        now=now.timestamp(),
        lines=_lines(job),
        seconds=max(int((job.expires_at - now).total_seconds()), 1),
    )
    with database.atomic():
        columns = {"station": station, "nonce": made.nonce, "claimed_at": now, "misses": StationJob.misses - 1}
        if not job.move(WAITING, "claimed", **columns):
            raise _not_waiting(StationJob.get_by_id(job.id))
        _note("claim_job", job, Who(station.person, address), station)
    return protocol.signed(made, job_key.key())


def requester(job):
    return job.person.name if job.kind != "sign_in" else f"サインイン画面({job.address})"


def _lines(job):
    about = (
        [("管理名称", job.application.title), ("手続き", job.application.procedure_label)] if job.application else []
    )
    return [*about, ("依頼した場所", job.address or "不明"), ("依頼した時刻", _words(job.asked_at))]


def _words(instant):
    return f"{instant.astimezone(clock.JST):%Y年%-m月%-d日 %H:%M}"


def document(station, handle):
    """The bytes that a claimed job is about. Raises StationRefused no_job."""
    job = _claimed(station, handle)
    if job.document_sha256 is None:
        raise _no_job()
    return Content.get_by_id(job.document_sha256).bytes()


def document_of_list(station, handle, place):
    """The bytes of one document of a claimed list. Raises StationRefused no_job."""
    return _item(_claimed(station, handle), place).document.bytes()


def take_of_list(station, handle, place, body, address):
    """Take the result of one document of a list, once; returns its state. Raises as `take` does: that one has failed then, and
    the others have not."""
    job = _claimed(station, handle)
    item = _item(job, place)
    outcome, value, _ = protocol.result_read("seal_pdf", body)
    if outcome != "done":
        raise Refusal("malformed", "outcome")
    _demand_first(item.move("open", "returned"))
    try:
        station_lists.take_one(item, value, Who(station.person, address))
    except (Refused, Refusal) as refusal:
        item.move("returned", "failed", f"{refusal.message}{refusal.advice}")
        raise
    item.move("returned", "done")
    return "done"


def _item(job, place):
    found = StationJobItem.get_or_none((StationJobItem.job == job) & (StationJobItem.place == place))
    if found is None:
        raise _no_job()
    return found


def take(station, handle, body, address):
    """Take the result of a job (the JSON bytes), once; returns its state. Raises Refusal for what is no result, StationRefused
    no_job or finished, and what the act that it leads to raises: the job has failed then."""
    job = _claimed(station, handle)
    outcome, value, reason = protocol.result_read(job.kind, body)
    who = Who(station.person, address)
    if outcome != "done":
        with database.atomic():
            _demand_first(_ended(job, ("claimed",), outcome, reason[:500]))
            if outcome == "rejected":
                _note("reject_job", job, who, station)
            else:
                _note("fail_job", job, who, station)
        return outcome
    _demand_first(job.move(("claimed",), "returned"))
    token = vars(value.token)
    try:
        _work(job).take(job, value, who)
    except (Refused, Refusal) as refusal:
        with database.atomic():
            _ended(job, ("returned",), "failed", f"{refusal.message}{refusal.advice}")
            _note("fail_job", job, who, station)
        raise
    with database.atomic():
        _ended(job, ("returned",), "done", told=(job.told or {}) | {"token": token})
        _note("finish_job", job, who, station, {"token": token})
    return "done"


def _work(job):
    apart = {"sign_in": card_sign_in, "seal_list": station_lists}
    return apart.get(job.kind) or station_work.WORK[job.kind]


def _of(station, handle):
    """The job of a station's owner under this handle. Raises StationRefused no_job."""
    StationJob.end_overdue(clock.now())
    job = StationJob.get_or_none((StationJob.handle == handle) & (StationJob.person == station.person_id))
    if job is None:
        raise _no_job()
    return job


def _claimed(station, handle):
    """The same, opened by this very station."""
    job = _of(station, handle)
    if job.station_id != station.id:
        raise _no_job()
    if job.state != "claimed":
        raise StationRefused("finished", 409, "この依頼は、もう終わっています。", "画面で結果を確認してください。")
    return job


def _no_job():
    return StationRefused("no_job", 404, "この依頼はありません。", "画面から、もう一度はじめからやり直してください。")


def _demand_first(is_first):
    if not is_first:
        raise StationRefused("finished", 409, "結果は、すでに受け取っています。", "画面で結果を確認してください。")


def _ended(job, since, state, sentence="", **columns):
    return job.move(since, state, ended_at=clock.now(), sentence=sentence, **columns)


def _note(act, job, who, station=None, more=None):
    about = [job.application] if job.application else [item.application for item in StationJobItem.of(job)]
    facts = {"kind": job.kind, "application": "、".join(row.number for row in about)} | (more or {})
    Event.write(act, job, who.person, who.address, facts | ({"station": station.id} if station else {}))
