"""A PC with a card, made into a station of a played intranet: real SoftHSM, the real agent; only the server is played."""

from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256

from cryptography import x509

from tests.ca import Authority, der
from tests.played_intranet import CODE, payload
from tests.softhsm import PIN, empty_form, make_token
from tokens.station import device, pictures
from tokens.station.agent import Agent
from tokens.station.cards import Cards
from tokens.station.journal import Journal

MAIL = "tanaka@shinsei.example"
MARK = "0123456789a"  # as long as what it replaces, so that the offsets stay
NUMBER = "CS-2026-0012"


@dataclass
class Person:
    """Somebody who is asked for PINs, and how often that was."""

    pins: list = field(default_factory=list)
    asked: int = 0

    def pin(self, question):
        self.asked += 1
        return self.pins.pop(0) if self.pins else PIN

    def agrees_to_last_try(self, question, told):
        return True

    def point_to_reader(self, question):
        raise AssertionError("no pad here")


def card_with(directory, mail=MAIL, label="署名カード", authority=None, token=None, **changes):
    """(TestToken, certificate DER): a SoftHSM token with a P-256 key and an S/MIME certificate for `mail`. A `token` that
    is given may have the key already."""
    authority = authority or Authority()
    token = token or make_token(directory, label)
    with token.worker() as worker:
        wanted = {"token": label, "pin": PIN}
        key = {"cka_id": b"smime", "label": "署名", "algorithm": "P-256", "subject": [["CN", "x"]]}
        csr = x509.load_der_x509_csr(worker.call("make_key", **wanted, **key)["csr_der"])
        certificate = der(authority.smime(csr.public_key(), mail, **changes))
        worker.call("install", **wanted, certificate_der=certificate, chain_ders=authority.chain)
    return token, certificate


DRAWN_ONCE = cache(pictures.of)


@contextmanager
def reader(token):
    """The Cards of a PC with this token. The real PDFium draws, but each document once in a run."""
    drawn, pictures.of = pictures.of, DRAWN_ONCE
    try:
        with Cards([token.module], token.env) as cards:
            yield cards
    finally:
        pictures.of = drawn


def station(intranet, cards, person=None, **more):
    """The Agent of a station with these Cards that is paired with the intranet."""
    key = device.key()
    pairing = intranet.paired(key)
    device.pair(pairing)
    return Agent([pairing], key, cards, Journal(), person or Person(), **more)


def taken(agent, job, code=CODE):
    """The station has looked, and a person typed the code."""
    agent.look(agent.pairings[0])
    agent.claim(job, code)
    return agent


def done(agent, *job_ids):
    agent.perform(job_ids)
    return agent


@cache
def form():
    """The PDF of a form, its number and mark upon it."""
    return empty_form().replace(b"(Application CS-2026-0012)", f"({NUMBER} {MARK})".encode())


def seal(document, **changes):
    """A payload that asks for the seal on this document."""
    told = {"number": NUMBER, "form_name": "発行申請書", "mark": MARK, "field": "Seal", "size": len(document)}
    names = {"signer_mails": [MAIL], "name_lines": ["学校法人申請学園", "髙橋 﨑子"]}
    return payload("seal_pdf", sha256=sha256(document).hexdigest(), **{**told, **names, **changes})
