"""A card with the IsoApplet, as OpenSC's driver isoApplet speaks to it: a file system that pkcs15-init fills, keys that
are made on the card with the user's PIN. The driver knows RSA of 2048 bits and ECDSA."""

import secrets

from cryptography.hazmat.primitives.asymmetric import rsa

from webapp.practice.cards import files, keys, pins
from webapp.practice.cards.apdu import (
    NO_SUCH_REFERENCE,
    NOT_ALLOWED,
    NOT_NOW,
    UNKNOWN_COMMAND,
    WRONG_DATA,
    WRONG_PARAMETERS,
    Refusal,
    atr,
)
from webapp.practice.cards.files import Files
from webapp.practice.cards.pins import Pin
from webapp.practice.cards.tlv import objects, tlv

APPLICATION = bytes.fromhex("f276a288bcfba69d34f31001")
ATR = atr(b"RENSHU-ISO")
VERSION = bytes([0, 6])
SECURE_RANDOM, ELLIPTIC_CURVES = 0x02, 0x04
MAKE_RSA, MAKE_EC = 0xF3, 0xEC
RSA_BITS = 2048
CURVE_OF_SIZE = {32: "P-256", 48: "P-384"}  # bytes of the field
PIN, PUK = 1, 2
PUK_BYTES = 16
PUK_TRIES = 5


class IsoAppletCard:
    """The card of a memory.Memory, writing into a log.Log."""

    atr = ATR

    def __init__(self, memory, log):
        self.memory, self.log = memory, log
        self.pin, self.puk = Pin(memory, "pin"), Pin(memory, "puk")
        self.reset()

    @staticmethod
    def fresh():
        """The memory of an empty card: no PIN yet."""
        return {"pin": pins.fresh(""), "puk": pins.fresh("", PUK_TRIES), "files": files.fresh(), "keys": {}}

    def reset(self):
        """As after insertion."""
        self._verified, self._environment = False, (0, 0)
        self._files = Files(self.memory, lambda: self._verified or not self.pin.is_set)

    def answer(self, command):
        """The data the card answers; raises Refusal."""
        if command.ins not in self.COMMANDS:
            raise Refusal(UNKNOWN_COMMAND)
        return self.COMMANDS[command.ins](self, command) or b""

    # Files

    def _select(self, command):
        if command.p1 == 0x04:
            if command.data == APPLICATION:
                self._files.chosen = ""
                return VERSION + bytes([SECURE_RANDOM | ELLIPTIC_CURVES])
            self._files.choose_name(command.data)
        else:
            beginning = {0x00: "near", 0x08: "root"}.get(command.p1, "here")
            self._files.choose(command.data, beginning)
        return b"" if command.p2 & 0x0C else self._files.describe()

    def _create(self, command):
        self._files.create(command.data)

    def _delete(self, command):
        self._files.delete(command.data)

    def _read(self, command):
        return self._files.read(command.p1 << 8 | command.p2, command.le or 256)

    def _update(self, command):
        self._files.update(command.p1 << 8 | command.p2, command.data)

    # PINs

    def _verify(self, command):
        if command.data:
            self._verified = False
            self.pin.check(command.data)
            self._verified = True
        elif not self._verified:
            raise self.pin.refusal()

    def _set_or_change_pin(self, command):
        chosen = {PIN: self.pin, PUK: self.puk}.get(command.p2)
        if chosen is None:
            raise Refusal(NO_SUCH_REFERENCE)
        if command.p1 == 0x01:  # the first value
            if self.pin.is_set:
                raise Refusal(NOT_NOW)
            chosen.become(command.data)
            self._verified = self._verified or chosen is self.pin
        else:
            half = len(command.data) // 2
            chosen.check(command.data[:half])
            chosen.become(command.data[half:])

    def _unblock_pin(self, command):
        self.puk.check(command.data[:PUK_BYTES])
        self.pin.become(command.data[PUK_BYTES:])

    # Keys

    def _set_environment(self, command):
        given = dict(objects(command.data))
        if not {0x80, 0x84} <= given.keys():
            raise Refusal(WRONG_DATA)
        self._environment = given[0x80][0], given[0x84][0]

    def _generate(self, command):
        self._demand_pin()
        algorithm, reference = self._environment
        if algorithm == MAKE_RSA:
            key, before = keys.make(f"RSA-{RSA_BITS}"), []
        elif algorithm == MAKE_EC:
            parameters = objects(command.data)
            if len(parameters) == 1:
                parameters = objects(parameters[0][1])
            curve = CURVE_OF_SIZE.get(len(dict(parameters).get(0x81, b"")))
            if curve is None:
                raise Refusal(WRONG_PARAMETERS)
            key, before = keys.make(curve), [tlv(tag, value) for tag, value in parameters]
        else:
            raise Refusal(WRONG_PARAMETERS)
        self.memory.values["keys"][str(reference)] = keys.to_text(key)
        self.memory.save()
        return keys.public_template(key, *before)

    def _sign(self, command):
        self._demand_pin()
        algorithm, reference = self._environment
        kept = self.memory.values["keys"].get(str(reference))
        if kept is None:
            raise Refusal(NO_SUCH_REFERENCE)
        key = keys.from_text(kept)
        if isinstance(key, rsa.RSAPrivateKey):
            signature = keys.sign_padded(key, _padded(command.data))
        else:
            signature = keys.sign_digest(key, command.data)
        self.log.signed(str(reference))
        return signature

    def _challenge(self, command):
        return secrets.token_bytes(command.le or 8)

    def _demand_pin(self):
        if not self._verified:
            raise Refusal(NOT_ALLOWED)

    COMMANDS = {
        0xA4: _select,
        0xE0: _create,
        0xE4: _delete,
        0xB0: _read,
        0xD6: _update,
        0x20: _verify,
        0x24: _set_or_change_pin,
        0x2C: _unblock_pin,
        0x22: _set_environment,
        0x46: _generate,
        0x2A: _sign,
        0x84: _challenge,
    }


def _padded(digest_info):
    """EMSA-PKCS1-v1_5 (RFC 8017 §9.2) round a DigestInfo."""
    filling = RSA_BITS // 8 - 3 - len(digest_info)
    if filling < 8:
        raise Refusal(WRONG_DATA)
    return b"\x00\x01" + b"\xff" * filling + b"\x00" + digest_info
