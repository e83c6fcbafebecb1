"""The station's own record of what it signed and refused, and of the keys it was about to make.

Lines of JSON, only ever appended; each carries the SHA-256 of the line before it, so that a line changed, taken out or put in shows.
Whoever owns the account can still write the whole file anew; the record is the owner's, against a server that lies.
"""

import hashlib
import json
import os
import secrets
import time

from tokens import folders
from tokens.station import protocol
from tokens.station.refusals import Refusal

FILE = "station-journal.jsonl"
START = "0" * 64
CLAIMED, SIGNED, REFUSED, PLANNED, STOPPED = "claimed", "signed", "refused", "key_planned", "stopped"


class Journal:
    """The record in the file `path` (the person's own, if none is given)."""

    def __init__(self, path=None):
        self.path = path or folders.state() / FILE

    def write(self, event, **facts):
        """Append a line: plain values only, never a PIN or a key. It is on the disk when this returns."""
        with folders.alone(str(self.path)):
            lines = self._lines()
            torn = bool(lines) and not lines[-1].endswith(b"\n")  # the power went while writing
            values = {"n": len(lines) + 1, "at": int(time.time()), "before": _hash(lines), "event": event, **facts}
            line = (b"\n" if torn else b"") + protocol.canonical(values) + b"\n"
            with open(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as file:
                file.write(line)
                file.flush()
                os.fsync(file.fileno())

    def entries(self):
        """[dict, …] of all lines that can be read."""
        return [entry for entry in map(_entry, self._lines()) if entry]

    def broken_at(self):
        """The number of the first line that does not follow from the one before it, or None."""
        lines = self._lines()
        for at, line in enumerate(lines):
            entry = _entry(line)
            if entry.get("n") != at + 1 or entry.get("before") != _hash(lines[:at]):
                return at + 1
        return None

    def claim(self, envelope):
        """Note that this envelope was taken, once. Raises Refusal replayed if its nonce was seen before."""
        if any(entry["event"] == CLAIMED and entry.get("nonce") == envelope.nonce for entry in self.entries()):
            raise Refusal("replayed", envelope.job)
        self.write(CLAIMED, **of_envelope(envelope))

    def planned(self, envelope):
        """The line in which the key of a make_key envelope was planned, or None."""
        wanted = {"event": PLANNED, "origin": envelope.origin, "journal_id": envelope.payload.journal_id}
        return next((entry for entry in self.entries() if wanted.items() <= entry.items()), None)

    def same_plan(self, envelope, planned):
        """Raises Refusal other_subject if the key was planned for another DN or algorithm."""
        asked = envelope.payload
        if (planned["subject"], planned["algorithm"]) != ([list(each) for each in asked.subject], asked.algorithm):
            raise Refusal("other_subject", asked.journal_id)

    def plan(self, envelope, serial):
        """The CKA_ID (20 bytes) for the key of a make_key envelope on the token with this serial; written down before it is
        used. A second try gets the same one. Raises Refusal other_token, other_subject if it is for something else."""
        planned = self.planned(envelope)
        if planned:
            self.same_plan(envelope, planned)
            if planned["serial"] != serial:
                raise Refusal("other_token", planned["serial"])
            return bytes.fromhex(planned["cka_id"])
        cka_id, asked = secrets.token_bytes(20), envelope.payload
        words = {"origin": envelope.origin, "journal_id": asked.journal_id, "subject": asked.subject}
        self.write(PLANNED, cka_id=cka_id.hex(), serial=serial, algorithm=asked.algorithm, **words)
        return cka_id

    def signed(self, envelope, **facts):
        self.write(SIGNED, **of_envelope(envelope), **facts)

    def _lines(self):
        try:
            return self.path.read_bytes().splitlines(keepends=True)
        except FileNotFoundError:
            return []


def _hash(lines):
    return hashlib.sha256(lines[-1].rstrip(b"\n")).hexdigest() if lines else START


def _entry(line):
    try:
        values = json.loads(line)
    except ValueError:
        return {}
    return values if isinstance(values, dict) and isinstance(values.get("event"), str) else {}


def of_envelope(envelope):
    """What a line says of an envelope."""
    payload = envelope.payload
    told = {name: getattr(payload, name) for name in ("number", "sha256", "journal_id") if hasattr(payload, name)}
    if hasattr(payload, "documents"):
        told["numbers"] = [each.number for each in payload.documents]
    who = {"owner": envelope.owner, "requested_by": envelope.requested_by}
    return {
        "job": envelope.job,
        "type": envelope.type,
        "origin": envelope.origin,
        "nonce": envelope.nonce,
        **who,
        **told,
    }
