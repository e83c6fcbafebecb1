"""Virtual smartcards for tests: the practice cards in a reader of their own, behind the genuine pcscd and the genuine
modules of OpenSC and Yubico.

    virtual_card("opensc-piv") -> VirtualCard: module, env, serial, pin, puk; insert(), pull(), swap(), log

A PIV card comes with RSA in 9C (PIN at each signature; 3072 bits, or 2048 where the module knows no more) and P-256 in
9A, each with its certificate; an IsoApplet card with RSA-2048 whose certificate is issued and not written yet. Every card has a number of its own; the keys of one kind are the same in a run.
"""

import os
import subprocess
import time
from dataclasses import dataclass
from functools import cached_property

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from tests import ca
from tokens.errors import TokenError
from tokens.worker import TokenWorker
from webapp.practice.cards import card as practice
from webapp.practice.cards.reader import Reader

LIBRARIES = "/usr/lib/x86_64-linux-gnu"
OPENSC = f"{LIBRARIES}/opensc-pkcs11.so"
YKCS11 = f"{LIBRARIES}/libykcs11.so.2"
SPY = f"{LIBRARIES}/pkcs11-spy.so"
WAIT_SECONDS = 20
MAIL = "tanaka@shinsei.example"
SIGNATURE, AUTHENTICATION = 0x9C, 0x9A
ISO_ID = "45"


@dataclass(frozen=True)
class Kind:
    """A module and the sort of card behind it."""

    module: str
    card: str
    reader: str = "Renshu Reader"
    pin: str = "718293"
    puk: str = "55443322"
    keys: tuple = ()  # of a PIV card: slot and algorithm

    @property
    def like_yubikey(self):
        return self.module == YKCS11


KINDS = {
    "opensc-piv": Kind(OPENSC, "piv", keys=((SIGNATURE, "RSA-3072"), (AUTHENTICATION, "P-256"))),
    "opensc-isoapplet": Kind(OPENSC, "isoapplet", puk="0123456789abcdef"),
    "ykcs11-piv": Kind(YKCS11, "piv", "Yubico YubiKey CCID", keys=((SIGNATURE, "RSA-2048"), (AUTHENTICATION, "P-256"))),
}


class VirtualCard:
    """A card of `kind` (a Kind) in the file `path`, for `slot` of `reader`. `certificates` are those of its
    keys: slot of the PIV card, or CKA_ID -> DER."""

    def __init__(self, kind, path, reader, slot=0):
        self.kind, self.path, self.reader, self.slot, self.certificates = kind, path, reader, slot, {}
        self.module, self.pin, self.puk = kind.module, kind.pin, kind.puk

    @property
    def env(self):
        return self.reader.env

    @property
    def log(self):
        return practice.log(self.path)

    @property
    def memory(self):
        """What the card has kept, read now."""
        return practice.load(self.path).memory.values

    @cached_property
    def serial(self):
        """What the module calls its number."""
        if self.kind.card == "isoapplet":
            return self.memory["serial"]
        if self.kind.like_yubikey:
            return str(self.memory["number"])
        return self.memory["objects"]["5fc102"][58 + 16 : 58 + 32]  # the second half of the GUID in the CHUID

    @property
    def tries_left(self):
        """By the card's own counter."""
        return self.memory["pin"]["left"]

    def insert(self):
        """Put the card in and wait until the module sees it."""
        self.reader.insert(self.path, self.slot, self.kind.like_yubikey)
        self.wait(lambda: self.is_seen)
        return self

    def pull(self):
        """Take the card out; returns at once, before the module has noticed."""
        self.reader.pull(self.slot)

    def swap(self, other):
        """Put another card into the same slot as a hand does it: the reader has noticed that this one is gone."""
        self.pull()
        self.wait(lambda: not self.is_seen)
        self.reader.insert(other.path, self.slot, other.kind.like_yubikey)

    def worker(self, module=None, **env):
        return TokenWorker(module or self.module, {**self.env, **env})

    def spied(self, log):
        """A worker whose every call pkcs11-spy writes into the file `log`, PINs and all."""
        return self.worker(SPY, PKCS11SPY=self.module, PKCS11SPY_OUTPUT=str(log))

    def tool(self, *words, check=True, module=None):
        """pkcs11-tool on this card; its standard output as text."""
        command = ["pkcs11-tool", "--module", module or self.module, *map(str, words)]
        return self.run(*command, check=check)

    def run(self, *command, check=True, data=None):
        """Another program that talks to the reader; its standard output as text."""
        env = {**os.environ, **self.env}
        ended = subprocess.run(command, env=env, input=data, capture_output=True, timeout=60)
        if check and ended.returncode:
            raise AssertionError(f"{command[0]}: {ended.stderr.decode(errors='replace')}")
        return ended.stdout.decode(errors="replace")

    @property
    def is_seen(self):
        return self.serial in self.tool("-L", check=False)

    def wait(self, seen):
        end = time.monotonic() + WAIT_SECONDS
        while not seen():
            if time.monotonic() > end:
                raise AssertionError(f"the module did not notice within {WAIT_SECONDS} s")
            time.sleep(0.05)


class Factory:
    """Makes cards of every kind in `folder`; readers run as long as it lives."""

    def __init__(self, folder):
        self.folder, self.readers = folder, {}
        self.authority = ca.Authority()
        self._count, self._templates = 0, {}

    def card(self, name, slot=0):
        """A new VirtualCard of KINDS[name], personalised, not inserted."""
        card = self.blank(name, slot)
        values = self._values(card)
        card.certificates = dict(values["certificates"])
        made = practice.load(card.path)
        made.memory.values |= values["memory"]
        made.memory.values.setdefault("objects", {}).update(values["objects"])
        made.memory.save()
        return card

    def blank(self, name, slot=0):
        """A new card of KINDS[name] as it leaves the factory."""
        kind, path = KINDS[name], self._next()
        practice.make(path, kind.card, **({"pin": kind.pin, "puk": kind.puk} if kind.card == "piv" else {}))
        return VirtualCard(kind, path, self._reader(kind), slot)

    def empty(self):
        """All cards out."""
        for reader in self.readers.values():
            reader.pull(0)
            reader.pull(1)

    def close(self):
        for reader in self.readers.values():
            reader.close()

    def certify(self, public_key):
        """An S/MIME certificate (DER) for a key."""
        return ca.der(self.authority.smime(public_key, MAIL))

    def _next(self):
        self._count += 1
        return self.folder / f"card-{self._count}.json"

    def _reader(self, kind):
        if kind.reader not in self.readers:
            self.readers[kind.reader] = Reader(self.folder / kind.reader.split()[0], kind.reader)
        return self.readers[kind.reader]

    def _values(self, card):
        """What the issuer writes on such a card, made once for each kind."""
        if card.kind not in self._templates:
            write = self._written_piv if card.kind.card == "piv" else self._written_iso
            self._templates[card.kind] = write(card.kind)
        return self._templates[card.kind]

    def _written_piv(self, kind):
        made = practice.make(self._next(), "piv", pin=kind.pin, puk=kind.puk)
        number = made.memory.values["objects"].copy()
        certificates = {}
        for slot, algorithm in kind.keys:
            certificates[slot] = self.certify(made.make_key(slot, algorithm).public_key())
            made.put_certificate(slot, certificates[slot])
        kept = made.memory.values
        objects = {tag: value for tag, value in kept["objects"].items() if tag not in number}
        return {"memory": {"keys": kept["keys"]}, "objects": objects, "certificates": certificates}

    def _written_iso(self, _kind):
        """Filled by pkcs15-init, with a key made on the card; its certificate is issued and not written yet."""
        card = self.blank("opensc-isoapplet")
        card.reader.insert(card.path)
        card.wait(lambda: "not recognized" in card.tool("-L", check=False))
        serial = "8000000000000001"
        initialise(card, serial)
        login = ["--login", "--pin", card.pin]
        card.tool(*login, "--keypairgen", "--key-type", "rsa:2048", "--id", ISO_ID, "--label", "key")
        spki_file = card.path.with_suffix(".spki")
        card.tool("--read-object", "--type", "pubkey", "--id", ISO_ID, "--output-file", spki_file)
        der = self.certify(load_der_public_key(spki_file.read_bytes()))
        card.pull()
        return {"memory": {**card.memory, "serial": serial}, "objects": {}, "certificates": {ISO_ID: der}}


def initialise(card, serial):
    """PKCS#15 on an empty IsoApplet card, by OpenSC's own tool."""
    words = ["--create-pkcs15", "--so-pin", card.pin, "--so-puk", card.puk, "--serial", serial, "--label", "Renshu"]
    card.run("pkcs15-init", "--reader", str(card.slot), *words)


def public_key_file(card, certificate_der):
    """A PEM file with the certificate's public key, for openssl."""
    public_key = x509.load_der_x509_certificate(certificate_der).public_key()
    path = card.path.with_suffix(".pem")
    path.write_bytes(public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return path


def outcome(call, *arguments, **named):
    """The code of the TokenError a call raises, or "ok"."""
    try:
        call(*arguments, **named)
    except TokenError as error:
        return error.code
    return "ok"
