"""The practice cards by themselves, without a reader: what they answer, what they keep, and what they never tell."""

import json

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, utils

from webapp.practice.cards import card
from webapp.practice.cards.apdu import Chip
from webapp.practice.cards.piv import APPLICATION
from webapp.practice.cards.tlv import objects, tlv

PIN, PUK = "718293", "55443322"
SELECT = bytes([0, 0xA4, 4, 0, len(APPLICATION)]) + APPLICATION


@pytest.fixture
def path(tmp_path):
    card.make(tmp_path / "card.json", "piv", pin=PIN, puk=PUK)
    return tmp_path / "card.json"


@pytest.fixture
def chip(path):
    chip = card.chip(path)
    assert said(chip, SELECT) == 0x9000
    return chip


def padded(pin):
    return pin.encode().ljust(8, b"\xff")


def verify(pin):
    return bytes([0, 0x20, 0, 0x80, 8]) + padded(pin)


def sign(slot, algorithm, data):
    asked = tlv(0x7C, tlv(0x82), tlv(0x81, data))
    return bytes([0, 0x87, algorithm, slot, len(asked)]) + asked + b"\x00"


def said(chip, command):
    return int.from_bytes(chip.transmit(command)[-2:], "big")


def test_a_miss_is_kept_before_it_is_answered_and_outlives_the_power(path, chip):
    assert said(chip, verify("000000")) == 0x63C2
    again = card.chip(path)
    again.transmit(SELECT)
    assert said(again, bytes([0, 0x20, 0, 0x80])) == 0x63C2
    assert said(again, verify(PIN)) == 0x9000
    assert said(again, verify("0")) == 0x63C2  # the right PIN had given all tries back


def test_a_locked_card_opens_with_its_puk_alone(chip):
    for status in (0x63C2, 0x63C1, 0x6983, 0x6983):
        assert said(chip, verify("000000")) == status
    assert said(chip, verify(PIN)) == 0x6983
    unblock = bytes([0, 0x2C, 0, 0x80, 16])
    assert said(chip, unblock + padded("00000000") + padded("445566")) == 0x63C2
    assert said(chip, unblock + padded(PUK) + padded("445566")) == 0x9000
    assert said(chip, verify("445566")) == 0x9000


def test_the_signature_key_takes_one_pin_for_one_signature(path):
    key = card.load(path).make_key(0x9C, "P-256").public_key()
    chip = card.chip(path)
    chip.transmit(SELECT)
    digest = hashes.Hash(hashes.SHA256())
    digest.update(b"practice")
    digest = digest.finalize()
    assert said(chip, sign(0x9C, 0x11, digest)) == 0x6982
    chip.transmit(verify(PIN))
    answer = chip.transmit(sign(0x9C, 0x11, digest))
    ((_, inside),) = objects(answer[:-2])
    key.verify(dict(objects(inside))[0x82], digest, ec.ECDSA(utils.Prehashed(hashes.SHA256())))
    assert said(chip, sign(0x9C, 0x11, digest)) == 0x6982
    assert [entry.key for entry in card.log(path).signatures] == ["9c"]


def test_a_long_command_comes_in_pieces_and_so_does_a_long_answer(path):
    key = card.load(path).make_key(0x9A, "RSA-2048").public_key()
    chip = card.chip(path)
    chip.transmit(SELECT), chip.transmit(verify(PIN))
    block = b"\x00\x01" + b"\xff" * 202 + b"\x00" + bytes.fromhex("3031300d060960864801650304020105000420") + bytes(32)
    asked = tlv(0x7C, tlv(0x82), tlv(0x81, block))
    first, rest = asked[:255], asked[255:]
    assert said(chip, bytes([0x10, 0x87, 7, 0x9A, 255]) + first) == 0x9000
    answer = chip.transmit(bytes([0, 0x87, 7, 0x9A, len(rest)]) + rest + b"\x00")
    assert answer[-2] == 0x61
    whole = answer[:-2] + chip.transmit(bytes([0, 0xC0, 0, 0, answer[-1]]))[:-2]
    signature = dict(objects(objects(whole)[0][1]))[0x82]
    key.verify(signature, bytes(32), padding.PKCS1v15(), utils.Prehashed(hashes.SHA256()))


def test_the_log_tells_everything_but_pins(path, chip):
    for command in (verify(PIN), verify("999999"), bytes([0, 0x24, 0, 0x80, 16]) + padded(PIN) + padded("445566")):
        chip.transmit(command)
    text = card.log(path).path.read_text()
    assert [entry.ins for entry in card.log(path).entries] == [0xA4, 0x20, 0x20, 0x24]
    assert len(card.log(path).pin_entries) == 2
    for pin in (PIN, "999999", "445566"):
        assert pin not in text and pin.encode().hex() not in text


def test_a_key_that_is_not_there_and_a_command_that_is_none_are_refused(chip):
    chip.transmit(verify(PIN))
    assert said(chip, sign(0x9C, 0x11, bytes(32))) == 0x6A88
    assert said(chip, bytes([0, 0xEE, 0, 0])) == 0x6D00


@pytest.mark.parametrize("kind", ["piv", "isoapplet"])
def test_no_bytes_bring_a_card_out_of_countenance(tmp_path, kind):
    secrets = {"pin": PIN, "puk": PUK} if kind == "piv" else {}
    made = card.make(tmp_path / "card.json", kind, **secrets)
    chip = Chip(made, made.log)
    chip.transmit(SELECT)
    for ins in range(256):
        for body in (
            b"",
            b"\x00",
            b"\x05\x01",
            b"\x02\x7c\x7f",
            b"\x04\x7c\x02\x81\x7f",
            b"\x03\x5c\x01\x7e\x00",
            b"\x01\xff",
        ):
            answer = chip.transmit(bytes([0, ins, 0, 0x80]) + body)
            assert len(answer) >= 2
    assert chip.transmit(b"") == b"\x67\x00"


def test_the_memory_of_a_card_is_readable_by_its_owner_alone(path):
    assert path.stat().st_mode & 0o777 == 0o600
    assert json.loads(path.read_text())["kind"] == "piv"
