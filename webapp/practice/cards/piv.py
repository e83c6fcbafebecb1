"""A PIV card (NIST SP 800-73-4, part 2, what a signing station needs of it), with the few commands of Yubico's that
its library asks for. Slot 9C demands the PIN before every signature; 9E never does."""

import secrets

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.ciphers import Cipher, modes

from webapp.practice.cards import attesting, keys, pins
from webapp.practice.cards.apdu import (
    NO_SUCH_REFERENCE,
    NOT_ALLOWED,
    NOT_FOUND,
    UNKNOWN_COMMAND,
    WRONG_DATA,
    WRONG_PARAMETERS,
    Refusal,
    atr,
)
from webapp.practice.cards.pins import Pin
from webapp.practice.cards.tlv import inside, objects, tlv

APPLICATION = bytes.fromhex("a000000308")
VERSION = bytes.fromhex("000010000100")
ATR = atr(b"RENSHU-PIV")
YUBIKEY_ATR = bytes.fromhex("3bfd1300008131fe158073c021c057597562694b657940")
MANAGEMENT_KEY = "010203040506070801020304050607080102030405060708"  # as every new PIV card has it
ALGORITHMS = {0x07: "RSA-2048", 0x05: "RSA-3072", 0x11: "P-256", 0x14: "P-384"}
AUTHENTICATION, MANAGEMENT, SIGNATURE, CARD_AUTHENTICATION = 0x9A, 0x9B, 0x9C, 0x9E
CERTIFICATES = {AUTHENTICATION: 0x5FC105, SIGNATURE: 0x5FC10A, 0x9D: 0x5FC10B, CARD_AUTHENTICATION: 0x5FC101}
CHUID, DISCOVERY = 0x5FC102, 0x7E
PIN, PUK = 0x80, 0x81
PIN_BYTES = 8
NO_AGENCY = "d4e739da739ced39ce739d836858210842108421c84210c3eb"  # FASC-N of a card of no federal agency


class PivCard:
    """The card of a memory.Memory, writing into a log.Log."""

    def __init__(self, memory, log):
        self.memory, self.log, self.atr = memory, log, ATR
        self.pin, self.puk = Pin(memory, "pin"), Pin(memory, "puk")
        self.reset()

    @staticmethod
    def fresh(pin, puk):
        """The memory of a card as it leaves the factory: no key, a number of its own."""
        guid = secrets.token_bytes(16)
        chuid = tlv(0x30, bytes.fromhex(NO_AGENCY)) + tlv(0x34, guid) + tlv(0x35, b"20351231") + tlv(0x3E) + tlv(0xFE)
        return {
            "pin": pins.fresh(pin),
            "puk": pins.fresh(puk),
            "number": secrets.randbelow(2**31),
            "objects": {f"{CHUID:x}": chuid.hex()},
            "keys": {},
        }

    def become_yubikey(self):
        """Show a YubiKey's ATR: its maker's library looks for that."""
        self.atr = YUBIKEY_ATR

    def reset(self):
        """As after insertion."""
        self._chosen = self._managed = self._verified = self._verified_just_now = False
        self._challenge = None

    # In the factory: what an issuer does before the card is handed over

    def make_key(self, slot, algorithm):
        """A new key in `slot` (0x9A, 0x9C, …); returns its private key, so that the issuer can certify it."""
        key = keys.make(algorithm)
        self._keep_key(slot, algorithm, key)
        return key

    def put_certificate(self, slot, der):
        """The slot's certificate (SP 800-73-4 part 1, appendix A)."""
        self._put(CERTIFICATES[slot], tlv(0x70, der) + tlv(0x71, b"\x00") + tlv(0xFE))

    def put_attester(self, key, der):
        """The F9 key with which the card vouches for what it made, and its certificate, as a maker puts them in."""
        self._keep_key(attesting.F9, "P-256", key)
        self._put(attesting.CERTIFICATE, tlv(0x70, der) + tlv(0x71, b"\x00") + tlv(0xFE))

    # With a reader

    def answer(self, command):
        """The data the card answers; raises Refusal."""
        if command.ins in self.ALWAYS:
            return self.ALWAYS[command.ins](self, command)
        if not self._chosen or command.ins not in self.COMMANDS:
            raise Refusal(UNKNOWN_COMMAND)
        return self.COMMANDS[command.ins](self, command)

    def _select(self, command):
        if command.p1 != 0x04 or command.data[: len(APPLICATION)] != APPLICATION:
            raise Refusal(NOT_FOUND)
        self._chosen, self._verified, self._verified_just_now = True, False, False
        return tlv(0x61, tlv(0x4F, VERSION), tlv(0x79, tlv(0x4F, APPLICATION)))

    def _version(self, _command):
        return bytes([5, 4, 3])

    def _number(self, _command):
        return self.memory.values["number"].to_bytes(4, "big")

    def _get_data(self, command):
        wanted = dict(objects(command.data)).get(0x5C, b"")
        tag = int.from_bytes(wanted, "big")
        if tag == DISCOVERY:
            return tlv(DISCOVERY, tlv(0x4F, APPLICATION + VERSION), tlv(0x5F2F, b"\x40\x00"))  # PIN of the application
        if f"{tag:x}" not in self.memory.values["objects"]:
            raise Refusal(NOT_FOUND)
        return tlv(0x53, bytes.fromhex(self.memory.values["objects"][f"{tag:x}"]))

    def _put_data(self, command):
        self._demand_management()
        given = dict(objects(command.data))
        if not {0x5C, 0x53} <= given.keys():
            raise Refusal(WRONG_DATA)
        self._put(int.from_bytes(given[0x5C], "big"), given[0x53])
        return b""

    def _verify(self, command):
        if command.p2 != PIN:
            raise Refusal(NO_SUCH_REFERENCE)
        if command.p1 == 0xFF:
            self._verified = self._verified_just_now = False
        elif command.data:
            self._verified = self._verified_just_now = False
            self.pin.check(command.data)
            self._verified = self._verified_just_now = True
        elif not self._verified:
            raise self.pin.refusal()
        return b""

    def _change_pin(self, command):
        known = {PIN: self.pin, PUK: self.puk}.get(command.p2)
        if known is None:
            raise Refusal(NO_SUCH_REFERENCE)
        known.check(command.data[:PIN_BYTES])
        known.become(command.data[PIN_BYTES:])
        return b""

    def _unblock_pin(self, command):
        if command.p2 != PIN:
            raise Refusal(NO_SUCH_REFERENCE)
        self.puk.check(command.data[:PIN_BYTES])
        self.pin.become(command.data[PIN_BYTES:])
        return b""

    def _generate(self, command):
        self._demand_management()
        algorithm = ALGORITHMS.get(int.from_bytes(inside(0xAC, command.data).get(0x80, b""), "big"))
        if algorithm is None or command.p2 not in CERTIFICATES:
            raise Refusal(WRONG_PARAMETERS)
        return keys.public_template(self.make_key(command.p2, algorithm))

    def _attest(self, command):
        kept = self.memory.values["keys"]
        if f"{attesting.F9:x}" not in kept:
            raise Refusal(UNKNOWN_COMMAND)
        if f"{command.p1:x}" not in kept or command.p1 == attesting.F9:
            raise Refusal(NO_SUCH_REFERENCE)
        whole = inside(0x53, tlv(0x53, bytes.fromhex(self.memory.values["objects"][f"{attesting.CERTIFICATE:x}"])))
        made = keys.from_text(kept[f"{command.p1:x}"]["key"]).public_key()
        by = keys.from_text(kept[f"{attesting.F9:x}"]["key"]), whole[0x70]
        about = self._version(command), self.memory.values["number"], command.p1 == SIGNATURE
        return attesting.attestation(command.p1, made, *by, *about)

    def _authenticate(self, command):
        asked = inside(0x7C, command.data)
        if command.p2 == MANAGEMENT:
            return self._authenticate_manager(asked)
        return self._sign(command.p2, asked.get(0x81, b""))

    def _sign(self, slot, data):
        kept = self.memory.values["keys"].get(f"{slot:x}")
        if kept is None:
            raise Refusal(NO_SUCH_REFERENCE)
        allowed = {SIGNATURE: self._verified_just_now, CARD_AUTHENTICATION: True}.get(slot, self._verified)
        self._verified_just_now = False
        if not allowed:
            raise Refusal(NOT_ALLOWED)
        key = keys.from_text(kept["key"])
        sign = keys.sign_padded if isinstance(key, rsa.RSAPrivateKey) else keys.sign_digest
        signature = sign(key, data)
        self.log.signed(f"{slot:x}")
        return tlv(0x7C, tlv(0x82, signature))

    def _authenticate_manager(self, asked):
        """Who knows the management key: by its answer to our challenge, or to one that it sent with its own."""
        cipher = Cipher(TripleDES(bytes.fromhex(MANAGEMENT_KEY)), modes.ECB())
        if asked.get(0x80) == b"" or asked.get(0x81) == b"":
            self._challenge = secrets.token_bytes(8)
            if 0x81 in asked:
                return tlv(0x7C, tlv(0x81, self._challenge))
            return tlv(0x7C, tlv(0x80, cipher.encryptor().update(self._challenge)))
        challenge, self._challenge = self._challenge, None
        if challenge and asked.get(0x80) == challenge and len(asked.get(0x81, b"")) == 8:
            self._managed = True
            return tlv(0x7C, tlv(0x82, cipher.encryptor().update(asked[0x81])))
        if challenge and asked.get(0x82) == cipher.encryptor().update(challenge):
            self._managed = True
            return b""
        raise Refusal(NOT_ALLOWED)

    def _demand_management(self):
        if not self._managed:
            raise Refusal(NOT_ALLOWED)

    def _keep_key(self, slot, algorithm, key):
        self.memory.values["keys"][f"{slot:x}"] = {"algorithm": algorithm, "key": keys.to_text(key)}
        self.memory.save()

    def _put(self, tag, value):
        self.memory.values["objects"][f"{tag:x}"] = value.hex()
        self.memory.save()

    ALWAYS = {0xA4: _select, 0xFD: _version, 0xF8: _number}
    COMMANDS = {
        0xCB: _get_data,
        0xDB: _put_data,
        0x20: _verify,
        0x24: _change_pin,
        0x2C: _unblock_pin,
        0x47: _generate,
        0x87: _authenticate,
        0xF9: _attest,
    }
