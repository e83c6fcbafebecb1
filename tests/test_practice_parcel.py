"""The ZIP of the practice desk, opened by programs that know nothing of it."""

import datetime
import io
import zipfile

import pytest
import pyzipper

from webapp.practice import parcel

PASSWORD = "hK7#mPq2&xWz9<tRv4%b"
MEMBERS = [("証明書_ソ表.cer", "leaf.cer", b"leaf" * 400), ("中間CA証明書.cer", "issuing.cer", b"")]
NOW = datetime.datetime(2026, 11, 22, 14, 5, 30)


def names(archive):
    return [info.filename.encode("cp437").decode("cp932") for info in archive.infolist()]


def test_an_aes_parcel_opens_with_the_password_only():
    data = parcel.pack(MEMBERS, PASSWORD, NOW)
    with pyzipper.AESZipFile(io.BytesIO(data)) as archive:
        assert names(archive) == ["証明書_ソ表.cer", "中間CA証明書.cer"]
        with pytest.raises(RuntimeError):
            archive.read(archive.infolist()[0])
        archive.setpassword(PASSWORD.encode())
        assert [archive.read(info) for info in archive.infolist()] == [b"leaf" * 400, b""]


def test_a_zipcrypto_parcel_opens_with_the_standard_library():
    data = parcel.pack(MEMBERS, PASSWORD, NOW, encryption="zipcrypto")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert names(archive) == ["証明書_ソ表.cer", "中間CA証明書.cer"]
        assert archive.infolist()[0].date_time == (2026, 11, 22, 14, 5, 30)
        assert [archive.read(info, PASSWORD.encode()) for info in archive.infolist()] == [b"leaf" * 400, b""]


@pytest.mark.parametrize("encryption", ["aes", "zipcrypto"])
def test_japanese_names_carry_no_utf8_flag_and_plain_names_are_a_setting(encryption):
    japanese = zipfile.ZipFile(io.BytesIO(parcel.pack(MEMBERS, PASSWORD, NOW, encryption)))
    assert not any(info.flag_bits & 0x800 for info in japanese.infolist())
    plain = zipfile.ZipFile(io.BytesIO(parcel.pack(MEMBERS, PASSWORD, NOW, encryption, "ascii")))
    assert plain.namelist() == ["leaf.cer", "issuing.cer"]


def test_another_encryption_is_not_guessed_at():
    with pytest.raises(ValueError, match="rot13"):
        parcel.pack(MEMBERS, PASSWORD, NOW, encryption="rot13")
