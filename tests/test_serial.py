"""シリアル番号: whatever notation people copy it from, the same certificate is meant."""

import subprocess

import pytest

from tests import ca
from webapp.papers import serial
from webapp.register.words import serials

NUMBER = 0x0A1B2C3D4E5F60718293A4B5C6D7E8F9


@pytest.mark.parametrize(
    "written",
    [
        "0a1b2c3d4e5f60718293a4b5c6d7e8f9",
        "A1B2C3D4E5F60718293A4B5C6D7E8F9",
        "0x0A1B2C3D4E5F60718293A4B5C6D7E8F9",
        "0X0a1b2c3d4e5f60718293a4b5c6d7e8f9",
        "0A:1B:2C:3D:4E:5F:60:71:82:93:A4:B5:C6:D7:E8:F9",
        "0a 1b 2c 3d 4e 5f 60 71 82 93 a4 b5 c6 d7 e8 f9",
        " 0a1b2c3d4e5f60718293a4b5c6d7e8f9\r\n",
        "０Ａ１Ｂ２Ｃ３Ｄ４Ｅ５Ｆ６０７１８２９３Ａ４Ｂ５Ｃ６Ｄ７Ｅ８Ｆ９",
        "０ａ：１ｂ：２ｃ：３ｄ：４ｅ：５ｆ：６０：７１：８２：９３：ａ４：ｂ５：ｃ６：ｄ７：ｅ８：ｆ９",
        "00a1b2c3d4e5f60718293a4b5c6d7e8f9",
    ],
)
def test_one_serial_in_many_notations(written):
    assert serial.readings(written) == (NUMBER,)
    assert serial.fault(written) == ""


def test_digits_alone_may_be_hexadecimal_or_decimal():
    assert serial.readings("12345678") == (0x12345678, 12345678)
    assert serial.readings("１２３ ４５６ ７８") == (0x12345678, 12345678)
    assert serial.readings("0x12345678") == serial.readings("12:34:56:78") == (0x12345678,)
    assert serial.readings("7") == (7,)


def test_a_decimal_that_would_be_too_long_as_hexadecimal_is_decimal():
    longest = (1 << 160) - 1
    assert serial.readings(str(longest)) == (longest,)
    assert serial.readings(f"{longest:x}") == (longest,)


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("", "入力されていません"),
        (" 　\n", "入力されていません"),
        ("0", "0はシリアル番号になりません"),
        ("00:00", "0はシリアル番号になりません"),
        ("-5", "負の数"),
        ("−12ab", "負の数"),
        ("1g2h", "「gh」"),
        ("シリアル", "使えない文字"),
        ("0x", "入力されていません"),
        (":", "入力されていません"),
        ("1.5e3", "「.」"),
        ("f" * 41, "20オクテット"),
        ("9" * 49, "20オクテット"),
        ("9" * 10_000, "20オクテット"),
        ("\x00", "使えない文字"),
        ("٣٤", "使えない文字"),
    ],
)
def test_what_is_no_serial_says_why(written, why):
    assert serial.readings(written) == ()
    assert why in serial.fault(written)
    assert serial.fault(written).endswith("。")


def test_the_notations_lead_back_to_the_number():
    for number in (1, 10, 0xFF, 0x100, 2**63 - 1, NUMBER, (1 << 160) - 1):
        assert number in serial.readings(serial.as_hex(number))
        assert number in serial.readings(serial.as_decimal(number))
        assert number in serial.readings(serial.in_groups(number))
        assert len(serial.as_hex(number)) % 2 == 0
    assert serial.in_groups(NUMBER) == "0a1b 2c3d 4e5f 6071 8293 a4b5 c6d7 e8f9"
    assert serial.in_groups(0xA1B2C3) == "a1 b2c3"


def test_openssl_writes_what_we_read():
    certificate = ca.Authority().code_signing(ca.new_key().public_key())
    shown = subprocess.run(
        ["openssl", "x509", "-noout", "-serial"], input=ca.pem(certificate), capture_output=True, check=True
    ).stdout.decode()
    assert serial.readings(shown.partition("=")[2]) == (certificate.serial_number,)


@pytest.mark.parametrize("written", ["12345678", "0a1b", "0A:1B", "0x0a1b", "a1 b2 c3", "", "xyz"])
def test_searching_the_register_means_the_same(written):
    assert {serial.as_hex(number) for number in serial.readings(written)} == set(serials(written))
