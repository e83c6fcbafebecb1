"""署名ステーション of those who leave, and what expired: once a day what nobody can use any more is put away."""

from datetime import timedelta

from webapp import clock
from webapp.acts.stations import NONCES_KEPT, end
from webapp.register import Pairing, PairingMiss, Station, StationJob, StationNonce, database

KEPT = timedelta(days=1)  # after the end, so that whoever comes back to a page still reads how it ended
PORTION, MOST = 1000, 100_000  # rows in one transaction, and of one kind in one round


def end_all(who, person):
    """End all stations of a person who leaves, in the caller's transaction."""
    for station in Station.of(person):
        end(station, who.person, who.address)


def make_round():
    """End the stations of those who have no role or no account any more, and forget the pairings that nobody decided, the
    wrong codes, the nonces and the jobs that came to nothing. Returns how many rows were forgotten."""
    for station in Station.left_behind():
        with database.atomic():
            end(station, None, "worker")
    now = clock.now()
    StationJob.end_overdue(now)
    nothing = StationJob.state.in_(("expired", "cancelled", "failed"))
    return (
        _forget(StationJob, nothing & (StationJob.expires_at < now - KEPT))
        + _forget(Pairing, (Pairing.state == "pending") & (Pairing.expires_at < now - KEPT))
        + _forget(PairingMiss, PairingMiss.at < now - KEPT)
        + _forget(StationNonce, StationNonce.at < now - NONCES_KEPT)
    )


def _forget(table, over):
    """Delete what is over in portions, MOST at the most: what is left, the next round takes. Returns how many."""
    gone = 0
    while gone < MOST:
        ids = [row.id for row in table.select(table.id).where(over).limit(PORTION)]
        if not ids:
            break
        with database.atomic():
            gone += table.delete().where(table.id.in_(ids)).execute()
    return gone
