"""The row of a job for stations, and the code that opens it."""

import hashlib
import hmac
import secrets

from tokens.station import codes, payloads, protocol
from webapp import clock
from webapp.acts.visits import digest
from webapp.register import StationJob
from webapp.register.stations import WAITING

_CODE = b"SHIRUSHI-MATCH-CODE-v1\0"


def new(kind, payload, secret, address, life, **columns):
    """The columns of a new job for StationJob.create, made outside any transaction: hashing a code takes its time. `secret` is
    that of the browser session that asks, `payload` a value of tokens.station.payloads, `life` a timedelta."""
    handle, now = secrets.token_hex(16), clock.now()
    return columns | {
        "handle": handle,
        "kind": kind,
        "state": "prepared",
        "payload": protocol.canonical(payloads.written(payload)).decode(),
        "asked_at": now,
        "expires_at": now + life,
        "address": address,
        "session_sha256": digest(secret),
        "code_hash": codes.hashed(_match_code(secret, handle), handle),
        "misses": 0,
        "sentence": "",
    }


def payload_of(job):
    """What a job carries, as a value of tokens.station.payloads."""
    return payloads.read(payloads.ASKED[job.kind], protocol.plain(job.payload.encode()))


def code_for(job: StationJob, secret):
    """The six digits that open a job, for the session that asked and while they are needed; an empty string otherwise."""
    is_ours = hmac.compare_digest(job.session_sha256, digest(secret))
    return _match_code(secret, job.handle) if is_ours and job.state in WAITING else ""


def _match_code(secret, handle):
    """Made from the secret in the cookie of the session that asked, so that no other session and no table holds it."""
    made = hmac.digest(secret.encode(), _CODE + handle.encode(), hashlib.sha256)
    return f"{int.from_bytes(made) % 1_000_000:06}"
