"""The cards in this PC: through which module each is reached, and which certificate on which is the right one."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from tokens import certificates, modules
from tokens.errors import TokenError, named
from tokens.station.payloads import Token
from tokens.station.refusals import Refusal
from tokens.worker import TokenWorker

SECONDS = 60


@dataclass(frozen=True)
class Card:
    """A token and the worker that reaches it. `token` has its names, flags, mechanisms and certificates."""

    worker: object
    token: dict = field(repr=False)

    @property
    def told(self):
        """As results name it."""
        return Token(*(_printable(self.token[name]) for name in ("label", "serial", "model")))


@dataclass(frozen=True)
class Held:
    """A certificate on a card, and what else lies there (DER), to find its chain."""

    card: Card
    der: bytes
    others: tuple[bytes, ...] = ()

    @property
    def certificate(self):
        return x509.load_der_x509_certificate(self.der)

    @property
    def chain(self):
        """DER of the issuers, nearest first, without the root."""
        known = [each for each in map(_readable, self.others) if each]
        return [certificates.der(each) for each in certificates.chain_of(self.certificate, known)]


class Cards:
    """All modules of this PC (`paths`: only these), each in a worker of its own; `env` for the workers."""

    def __init__(self, paths=(), env=None):
        paths = [modules.path_of(each) for each in paths] or [each.path for each in modules.found()]
        self.workers = [TokenWorker(path, env) for path in paths]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for worker in self.workers:
            worker.close()

    def present(self):
        """[Card, …]; a card that two modules reach counts once. Raises TokenError if no module works, or none holds a card."""
        found, failures = {}, []
        for worker in self.workers:
            try:
                tokens = worker.call("tokens", timeout=SECONDS)["tokens"]
            except TokenError as error:
                failures.append(error)
                continue
            for token in tokens:
                found.setdefault((token["serial"], token["label"]), Card(worker, token))
        if not found:
            raise failures[0] if failures and len(failures) == len(self.workers) else named("token_missing")
        return list(found.values())

    def holding(self, fits):
        """The Held whose certificate `fits(certificate)`; of several for the same person the one that lasts longest. Raises
        Refusal no_certificate_for, several_certificates."""
        fitting = [each for each in self._held() if _true(fits, each.certificate)]
        if not fitting:
            raise Refusal("no_certificate_for")
        if len({(each.certificate.subject, tuple(certificates.mails(each.certificate))) for each in fitting}) > 1:
            raise Refusal("several_certificates")
        return max(fitting, key=lambda each: each.certificate.not_valid_after_utc)

    def _held(self):
        once = {}
        for card in self.present():
            ders = tuple(each["der"] for each in card.token["certificates"])
            for der in ders:
                if _readable(der):
                    once.setdefault(der, Held(card, der, ders))
        return list(once.values())


def is_of(mails):
    """A test for certificates: is it for signing, today, and for one of these addresses?"""
    wanted = {each.lower() for each in mails}
    return lambda found: bool(
        certificates.for_sealing([found]) and wanted & {each.lower() for each in certificates.mails(found)}
    )


def signs_in(found):
    """Is the certificate one to sign in with, today?"""
    now = datetime.now(UTC)
    purposes = found.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    within = found.not_valid_before_utc <= now <= found.not_valid_after_utc
    return within and ExtendedKeyUsageOID.CLIENT_AUTH in purposes


def described(certificate):
    """A certificate in a line: whose, until when."""
    until = certificate.not_valid_after_utc.date().isoformat()
    names = certificates.mails(certificate) or [certificate.subject.rfc4514_string()]
    return f"{certificates.common_name(certificate)}({'、'.join(names)}、{until}まで)"


def rows(held):
    """Rows that say with which certificate and card something is signed."""
    return [("署名に使う証明書", described(held.certificate)), ("カード", called(held.card))]


def called(card):
    return f"{card.told.label}(製造番号 {card.told.serial})"


def _true(fits, certificate):
    try:
        return fits(certificate)
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return False


def _readable(der):
    try:
        return x509.load_der_x509_certificate(der)
    except ValueError:
        return None


def _printable(text):
    return "".join(each for each in text or "" if each.isprintable()).strip() or "-"
