"""Work that is due: rows written with the act that asks for them, claimed under a lease, done outside transactions."""

from datetime import timedelta

from peewee import BigIntegerField, CharField, IntegerField, TextField

from webapp import clock
from webapp.register.database import InstantField, Row, database

LEASE = timedelta(minutes=3)
BACKOFF = (5, 30, 120, 600, 1800, 3600)  # seconds before the next try
ATTEMPTS = 40  # about a day and a half of tries


class Job(Row):
    """`kind` is a key of webapp.worker.WORK, `subject_id` the row it is about."""

    kind = CharField()
    subject_id = BigIntegerField()
    state = CharField()
    claimed_by = CharField(null=True)
    lease_until = InstantField(null=True)
    attempts = IntegerField()
    next_at = InstantField()
    outcome = TextField()

    @classmethod
    def ask(cls, kind, row, at=None):
        """Write a job for a row, due at an instant (now when not given), in the caller's transaction."""
        due = at or clock.now()
        return cls.create(kind=kind, subject_id=row.id, state="due", attempts=0, next_at=due, outcome="")

    @classmethod
    def newest(cls, kind, row):
        return cls.select().where((cls.kind == kind) & (cls.subject_id == row.id)).order_by(-cls.id).first()

    @classmethod
    def claim(cls, worker, now):
        """Claim one job that is due, or whose worker let its lease run out; returns it or None."""
        ripe = ((cls.state == "due") & (cls.next_at <= now)) | ((cls.state == "claimed") & (cls.lease_until < now))
        with database.atomic():
            job = cls.select().where(ripe).order_by(cls.next_at, cls.id).first()
            if job is None:
                return None
            taken = (
                cls.update(state="claimed", claimed_by=worker, lease_until=now + LEASE, attempts=cls.attempts + 1)
                .where((cls.id == job.id) & (cls.attempts == job.attempts) & ripe)
                .execute()
            )
        return cls.get_by_id(job.id) if taken else None

    @classmethod
    def hasten(cls, kind, row):
        """Let the job that waits for a row be done now; returns how many there are."""
        waiting = (cls.kind == kind) & (cls.subject_id == row.id) & (cls.state == "due")
        return cls.update(next_at=clock.now()).where(waiting).execute()

    def wait_until(self, instant, outcome):
        """Put the job back until an instant: it went well, and there is more to do then."""
        self._put(state="due", attempts=0, next_at=instant, outcome=outcome)

    def finish(self, outcome=""):
        self._put(state="done", outcome=outcome)

    def give_up(self, outcome):
        self._put(state="failed", outcome=outcome)

    def try_later(self, outcome, now):
        """Put the job back with a growing pause; after ATTEMPTS tries it has failed."""
        if self.attempts >= ATTEMPTS:
            self.give_up(outcome)
        else:
            pause = timedelta(seconds=BACKOFF[min(self.attempts, len(BACKOFF)) - 1])
            self._put(state="due", next_at=now + pause, outcome=outcome)

    def _put(self, **values):
        """Set the job down, unless somebody else has claimed it since."""
        Job.update(lease_until=None, **values).where(
            (Job.id == self.id) & (Job.attempts == self.attempts) & (Job.state == "claimed")
        ).execute()
