"""検証報告書: what the examination of each signed PDF came to, taken or refused, is kept with it (ETSI EN 319 102-1).

A refusal is no act, but an auditor must see that somebody brought a PDF that was not what it should be, and that its report is
not taken away later: it has its event. Nobody can flood the chain by it who may not seal this very application now."""

import hashlib
from contextlib import contextmanager

from webapp import clock
from webapp.acts import ca_profiles
from webapp.errors import NotYourAct, Overtaken, Refused, Unseen
from webapp.papers import guard
from webapp.papers.seal_report import SealRefused
from webapp.papers.seal_validation import Validation, level, report
from webapp.register import Event, SealValidation, TrustAnchor, database

__all__ = ["keeping", "level"]

SECONDS = 30


class Keeping:
    """What is found out of one intake (`found` a papers Validation, `state` a RevocationState), written down at its end."""

    def __init__(self, application, intake):
        self.application, self.intake = application, intake
        self.found, self.state, self.stamp_note = None, None, ""

    def judged(self, data, frozen):
        """The Seal on a PDF. Raises SealRefused, and Unreadable when the child gives no answer."""
        roots, others = TrustAnchor.trusted_for("seal")
        stamps = TrustAnchor.trusted_for("timestamp")
        now = clock.now()
        unread = {"code": "unreadable", "step": "format", "message": "PDFを読み取れませんでした。", "advice": ""}
        hashes = [hashlib.sha256(each).hexdigest() for each in (frozen, data)]
        self.found = Validation(None, *hashes, now, **unread)
        issuers = ca_profiles.of(self.application).seal_issuers
        asked = ("webapp.papers.seal:validate", data, frozen, roots, others, now, stamps, issuers)
        self.found = found = guard.run(*asked, seconds=SECONDS)
        if found.seal is None:
            raise SealRefused(found.code, found.message, found.advice, found.sub)
        return found.seal

    def write(self, paper=None, refusal=None):
        """Write the report, and return it; within the caller's transaction."""
        body = report(self.found, self.state, refusal, self.stamp_note)
        SealValidation.create(
            application=self.application,
            intake=self.intake,
            paper=paper,
            at=clock.now(),
            indication=body["indication"],
            sub_indication=body["sub_indication"],
            report=body,
        )
        return body


@contextmanager
def keeping(application, intake, who):
    """While a signed PDF is judged: a refusal that says something of it leaves a report without a paper, and an event."""
    kept = Keeping(application, intake)
    try:
        yield kept
    except (NotYourAct, Overtaken, Unseen):
        raise
    except Refused as refusal:
        if kept.found is not None:
            with database.atomic():
                body = kept.write(refusal=None if kept.found.code else refusal)
                told = {name: body[name] for name in ("code", "indication", "sub_indication")}
                told |= {"sha256": body["sha256"]["signed"]} | who.told
                Event.write("refuse_seal", application, who.doer, who.address, told, {"reason": body["message"]})
        raise
