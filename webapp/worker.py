"""The loop over due rows: posting letters and making the papers of submitted forms.

`turn(settings, name)` does one piece of work and is what tests call. Several workers may run: a job is claimed under a
lease, nothing is sent or converted inside a transaction, and a worker that dies leaves a lease that runs out.
"""

import logging
import os
import socket
import time

from webapp import asking, clock, fetching, posting
from webapp.acts import (
    ca_profiles,
    confirmation,
    dispatch,
    form_templates,
    forms,
    imports,
    kept_lists,
    mailboxes,
    reminders,
    revocations,
    trials,
    watching,
)
from webapp.errors import Refused
from webapp.procedure import Stage
from webapp.register import OUTAGES, Application, Job, Letter, Mailbox, database
from webapp.register.jobs import ATTEMPTS

log = logging.getLogger("shirushi.worker")

STOPPED = "処理が何度も途中で止まりました。"  # by workers that died at it and could not say why


def turn(settings, name="worker"):
    """Do one job that is due; returns its row, or None when there is nothing to do. The first turn of a day, from its
    hour on, writes the reminders."""
    watching.make_round(settings.reminder_hour)
    _ask_mailbox(settings)
    job = Job.claim(name, clock.now())
    if job is not None:
        log.info("job %s: %s %s, try %s", job.id, job.kind, job.subject_id, job.attempts)
        WORK[job.kind](job, settings)
        ended = Job.get_by_id(job.id)
        log.info("job %s is %s: %s", ended.id, ended.state, ended.outcome)
    return job


def _freeze(job, settings):
    if job.attempts > ATTEMPTS:
        return job.give_up(job.outcome or STOPPED)
    try:
        forms.make(job.subject_id, settings.lobby)
    except (Refused, OSError) as error:
        log.warning("job %s: %s", job.id, error)
        job.try_later(str(error), clock.now())
    else:
        job.finish()


def _trial_form(job, settings):
    if job.attempts > ATTEMPTS:
        return job.give_up(job.outcome or STOPPED)
    form_templates.make_trial(job.subject_id, settings.lobby)
    job.finish()


def _post(job, settings):
    """Post a letter. What was `posting` when its worker died has perhaps been delivered: nobody sends it again. What
    still waits when the tries are used up was never sent, and nobody shall wait for it."""
    letter = Letter.get_by_id(job.subject_id)
    if letter.state == "posting":
        return _settle(job, letter, "unknown", "送信中にしるしの処理が止まりました。")
    if letter.state != "waiting":
        return job.finish(letter.state)  # called off
    if job.attempts > ATTEMPTS:
        return _fail(job, letter, job.outcome or STOPPED)
    try:
        with posting.server(settings) as server:
            if not _mark(letter, "waiting", "posting"):
                return job.finish("called off")
            answer = posting.hand_over(server, letter)
    except posting.Doubtful as error:
        _settle(job, letter, "unknown", str(error))
    except posting.Rejected as error:
        _settle(job, letter, "refused", str(error))
    except posting.FAILURES as error:
        log.warning("letter %s: %s: %s", letter.id, type(error).__name__, error)
        _fail(job, letter, *posting.trouble(error))
    else:
        _settle(job, letter, "posted", answer)


def _remind(job, settings):
    """Write the letters that an officer asked for to many people at once."""
    job.finish(f"{reminders.write(job.kind, job.subject_id)}通")


def _fail(job, letter, trouble, advice=""):
    """Nothing was taken: wait and try again, until the tries are used up and a person must know. Somebody is looking
    on while a test letter is posted, and is told at once what to do."""
    if letter.purpose == "trial":
        return _settle(job, letter, "cancelled", trouble + advice)
    if job.attempts >= ATTEMPTS:
        return _settle(job, letter, "refused", trouble)
    _mark(letter, "posting", "waiting")
    job.try_later(trouble, clock.now())


def _mark(letter, since, to):
    """Move a letter on unless somebody has called it off; returns how many rows moved."""
    letter.state = to
    return Letter.update(state=to).where((Letter.id == letter.id) & (Letter.state == since)).execute()


def _settle(job, letter, state, answer):
    """Write what became of a letter, and what follows from it, in one transaction."""
    with database.atomic():
        letter.state, letter.answer = state, answer
        letter.posted_at = clock.now() if state == "posted" else None
        letter.save(only=[Letter.state, Letter.answer, Letter.posted_at])
        _follow(letter)
        job.finish(answer)


def _follow(letter):
    if letter.purpose == "trial":
        trials.tell(letter)
    elif letter.purpose == "packet" and letter.state == "posted":
        dispatch.post(letter)
    elif letter.purpose == "packet":
        dispatch.doubt(letter)
    elif letter.state == "refused":
        watching.take_back(letter)


def _hurry(job, _settings):
    """The 24 hours of a compromised key run out."""
    with database.atomic():
        revocations.hurry(Application.get_by_id(job.subject_id))
        job.finish()


def _confirm(job, settings):
    """Ask CRL and OCSP whether a revocation shows; until it does, again later."""
    application = Application.get_by_id(job.subject_id)
    if application.stage != Stage.COMPLETED:
        return job.finish("nothing to confirm")
    if confirmation.ask(application, asking.fetch, settings.practice_url):
        return job.finish("confirmed")
    job.wait_until(confirmation.next_question(application), "not shown yet")


def _keep_lists(job, settings):
    """Ask for the lists of revoked persons' certificates, and again before long."""
    due = kept_lists.take(asking.fetch, settings.practice_url)
    job.wait_until(due, "asked")


def _import(job, settings):
    if job.attempts > ATTEMPTS:
        return job.give_up(job.outcome or STOPPED)
    imports.carry_on(job.subject_id)
    job.finish()


def _ask_mailbox(settings):
    """Where a shared mailbox is set up, a job reads it from time to time."""
    try:
        at = fetching.known(settings)
    except fetching.NoMailbox as error:
        return mailboxes.failed(mailboxes.at("imap.json"), *fetching.trouble(error))
    if at is not None:
        mailboxes.ask(at["place"])


def _fetch_mail(job, settings):
    """Take what has come to the shared mailbox. It never fails for good: the next visit is only put off."""
    row = Mailbox.get_by_id(job.subject_id)
    try:
        at = fetching.known(settings)
        if at is None or at["place"] != row.place:
            return job.finish("set up otherwise")
        with fetching.opened(at) as folder:
            count, is_more = mailboxes.visit(row, folder, fetching.AT_ONCE, fetching.DAYS)
    except fetching.FAILURES as error:
        sentence, advice = fetching.trouble(error)
        mailboxes.failed(row, sentence, advice)
        job.wait_until(clock.now() + mailboxes.AFTER_TROUBLE, f"{type(error).__name__}: {sentence}")
    else:
        mailboxes.went_well(row)
        job.wait_until(clock.now() + (mailboxes.SOON if is_more else mailboxes.PAUSE), f"{count} mails")


WORK = {
    "fetch_mail": _fetch_mail,
    "import": _import,
    "freeze": _freeze,
    "trial_form": _trial_form,
    "post": _post,
    "confirm": _confirm,
    kept_lists.JOB: _keep_lists,
    "hurry": _hurry,
    "remind_stocktaking": _remind,
    "remind_campaign": _remind,
}


def _begin():
    ca_profiles.catch_up()
    return kept_lists.plan()


def run(settings):
    """Work for ever, resting while nothing is due."""
    name = f"{socket.gethostname()}-{os.getpid()}"
    is_planned = False
    while True:
        try:
            with database.connection_context():
                is_planned = is_planned or _begin()
                job = turn(settings, name)
        except OUTAGES as error:
            log.error("the register cannot be used now: %s", error)
            job = None
        if job is None:
            time.sleep(settings.work_seconds)
