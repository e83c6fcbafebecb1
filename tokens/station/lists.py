"""Several forms of one head: each fetched, signed, written down and sent by itself, after one press.

A PIN for each signature, unless the server's procedure allows one for the list, both now (in the envelope that it signed) and
when the station was paired. The first that fails ends the list; what was signed before stays sealed, the rest stays as it was.
"""

from functools import partial
from hashlib import sha256
from itertools import count

from tokens.errors import TokenError
from tokens.misses import SIGNATURE
from tokens.pin_entry import SECONDS
from tokens.station import forms, jobs, journal, payloads, protocol
from tokens.station.refusals import Refusal

LEAST_SECONDS = 20  # before the end of a list; what is signed later might not arrive
FOR_EACH = 10  # further seconds that a card may take for each of several signatures
TO_SEND_EACH = 3
LEFT_OUT = "署名ステーションで、この書類を一覧から外しました。"
SEE_THERE = "1件ずつの結果は、しるしの画面で確認してください。"


def allows_one_pin(envelope, pairing):
    """May one PIN entry do for the whole list? The envelope alone cannot say so: the pairing must have, too."""
    return envelope.type == "seal_list" and envelope.payload.one_pin and pairing.one_pin


def documents(server, envelope):
    """The bytes of all documents of a list. Raises TokenError."""
    asked = enumerate(envelope.payload.documents)
    return [server.get(f"/station/jobs/{envelope.job}/documents/{at}", each.size) for at, each in asked]


def performed(agent, ready):
    """Sign what was chosen of a list and tell the server: True if the list is out of the way. False: nothing was signed, and
    the person may press again (a wrong PIN at the first one)."""
    if not ready.chosen:
        agent.stop(ready.envelope.job)
        return True
    sealed, failure = (_with_one_pin if ready.one_pin else _with_a_pin_each)(agent, ready)
    if not sealed and not isinstance(failure, Refusal):
        agent._tell(False, ready.shown.title, failure)
        return False
    agent.ready.remove(ready)
    offer = agent._taken[ready.envelope.job]
    if not sealed:
        agent._give_up(offer, failure)
        return failure.code == "expired"
    _ended(agent, offer, ready, sealed, failure)
    return failure is None


def _with_a_pin_each(agent, ready):
    """(places of what was signed, TokenError or None): signed and sent one after another."""
    sealed, total = [], len(ready.chosen)
    for number, (place, form) in enumerate(ready.chosen, 1):
        part = f"{number}件目(全{total}件)"
        ask = partial(agent._asked, form, part, part_of=lambda kind, part=part: part)
        try:
            with agent._busy("signing", part):
                _demand_time(agent, ready)
                value = jobs.performed(form, ask, agent.journal)
        except TokenError as error:
            return sealed, error
        sealed.append(place)
        _sent(agent, ready, place, part, _written(agent, form, value))
    return sealed, None


def _with_one_pin(agent, ready):
    """The same within one login: all are written down before the first is sent."""
    places, chosen = zip(*ready.chosen, strict=True)
    all_of, numbers = f"全{len(chosen)}件", count(1)
    part_of = lambda kind: f"{next(numbers)}件目({all_of})" if kind == SIGNATURE else all_of  # noqa: E731
    seconds = SECONDS + FOR_EACH * len(chosen)
    try:
        with agent._busy("signing", all_of):
            _demand_time(agent, ready, LEAST_SECONDS + TO_SEND_EACH * len(chosen))
            values, failure = forms.sealed_together(
                chosen, partial(agent._asked, ready, all_of, part_of=part_of, seconds=seconds)
            )
    except TokenError as error:
        return [], error
    bodies = [_written(agent, form, value) for form, value in zip(chosen, values, strict=False)]
    for number, (place, body) in enumerate(zip(places, bodies, strict=False), 1):
        _sent(agent, ready, place, f"{number}件目({all_of})", body)
    return list(places[: len(values)]), failure


def _demand_time(agent, ready, seconds=LEAST_SECONDS):
    if agent.clock() + seconds >= ready.envelope.expires_at:
        raise Refusal("expired")


def _written(agent, form, value):
    """The result to be sent of one document, after its line in the station's own record."""
    body = protocol.result("done", value)
    certificate = sha256(form.held.der).hexdigest()
    agent.journal.signed(
        form.envelope, serial=value.token.serial, certificate=certificate, result=sha256(body).hexdigest()
    )
    return body


def _sent(agent, ready, place, part, body):
    offer = agent._taken[ready.envelope.job]
    if agent._report(offer, body, part, of=f"documents/{place}/result"):
        number = ready.parts[place].envelope.payload.number
        agent._tell(True, f"{number} {ready.shown.operation}", None, f"{number}に署名し、しるしに送りました。")


def _ended(agent, offer, ready, sealed, failure):
    """Say, there and here, which documents were not signed and why."""
    reason = failure.message if failure else ""
    left = [
        payloads.Left(at, reason if ready.answers[at] else LEFT_OUT)
        for at in range(len(ready.parts))
        if at not in sealed
    ]
    if failure:
        agent.journal.write(journal.REFUSED, **journal.of_envelope(ready.envelope), reason=failure.code, left=len(left))
    body = protocol.result("done", payloads.SealedList(tuple(left), ready.card.told))
    is_taken = agent._report(offer, body)
    told = f"{len(ready.chosen)}件のうち{len(sealed)}件に署名しました。"
    if failure:
        agent._tell(False, ready.shown.title, failure, told + failure.message)
    elif is_taken:
        agent._tell(True, ready.shown.title, None, told, SEE_THERE)
