"""The ZIP of the CA (seed 1-1-6): as it comes, and as it should not come."""

import io
import struct
import zipfile

import ca
import pytest
import pyzipper
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs7

from webapp.errors import Unreadable
from webapp.papers import delivery, guard

PASSWORD = "Kx7#mPq9_Rt4wZs6.Hb"
AUTHORITY = ca.Authority()
KEY = ca.new_key()
LEAF = AUTHORITY.code_signing(KEY.public_key())
CHAIN = ca.pem(AUTHORITY.issuing) + ca.pem(AUTHORITY.root)


def _aes(files, password=PASSWORD):
    buffer = io.BytesIO()
    with pyzipper.AESZipFile(buffer, "w", compression=pyzipper.ZIP_DEFLATED) as archive:
        if password:
            archive.setpassword(password.encode())
            archive.setencryption(pyzipper.WZ_AES, nbits=256)
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def _refusal(data, password=PASSWORD, kind=Unreadable):
    with pytest.raises(kind) as caught:
        delivery.open_zip(data, password)
    assert caught.value.advice.endswith("。")
    return caught.value.message


def test_it_opens_an_aes_zip_with_certificate_and_chain():
    opened = delivery.open_zip(_aes({"readme.txt": b"hello", "cert.cer": ca.der(LEAF), "ca.pem": CHAIN}), PASSWORD)
    assert (opened.leaf, list(opened.authorities)) == (ca.der(LEAF), AUTHORITY.chain)
    assert opened.certificate.der == ca.der(LEAF) and [each.der for each in opened.chain] == AUTHORITY.chain
    assert (opened.members, opened.notes) == (("readme.txt", "cert.cer", "ca.pem"), ())


def _zipcrypto(files, folder, password=PASSWORD):
    import subprocess

    for name, content in files.items():
        (folder / name).write_bytes(content)
    subprocess.run(["zip", "-q", "-P", password, "a.zip", *files], cwd=folder, check=True)
    return (folder / "a.zip").read_bytes()


def test_it_opens_a_zip_of_the_old_encryption(tmp_path):
    opened = delivery.open_zip(_zipcrypto({"cert.crt": ca.pem(LEAF), "ca.p7b": _p7b()}, tmp_path), PASSWORD)
    assert (opened.leaf, len(opened.chain)) == (ca.der(LEAF), 2)


def _p7b():
    return pkcs7.serialize_certificates([LEAF, AUTHORITY.issuing, AUTHORITY.root], serialization.Encoding.DER)


def test_the_same_opens_in_a_guarded_child():
    opened = guard.run("webapp.papers.delivery:open_zip", _aes({"cert.cer": ca.der(LEAF)}), PASSWORD)
    assert opened == delivery.Delivery(ca.der(LEAF), (), ("cert.cer",), ())
    with pytest.raises(delivery.WrongPassword, match="開けません"):
        guard.run("webapp.papers.delivery:open_zip", _aes({"cert.cer": ca.der(LEAF)}), "wrong")


def test_it_reads_names_of_japanese_windows():
    name = "申請大学_証明書ソ表.cer"
    plain = _aes({"X" * len(name.encode("cp932")): ca.der(LEAF)}, None)
    assert delivery.open_zip(plain.replace(b"X" * 23, name.encode("cp932")), "").members == (name,)


def test_it_reads_names_in_utf8_with_and_without_the_flag():
    name = "証明書.cer"
    assert delivery.open_zip(_aes({name: ca.der(LEAF)}), PASSWORD).members == (name,)
    plain = _aes({"X" * 13: ca.der(LEAF)}, None)
    assert delivery.open_zip(plain.replace(b"X" * 13, name.encode()), "").members == (name,)


def test_a_wrong_password_is_told_and_never_shown(tmp_path):
    for data in (_aes({"a.cer": ca.der(LEAF)}), _zipcrypto({"a.cer": ca.der(LEAF)}, tmp_path)):
        for wrong in ("wrong-password", "", "パスワード"):
            message = _refusal(data, wrong, delivery.WrongPassword)
            assert "開けませんでした" in message and "wrong-password" not in message


def test_a_wrong_password_is_wrong_even_when_the_check_byte_agrees(tmp_path):
    data = _zipcrypto({"a.cer": ca.der(LEAF)}, tmp_path)
    for number in range(700):
        _refusal(data, f"wrong{number}", delivery.WrongPassword)


def test_a_zip_without_a_password_is_taken_with_a_note():
    opened = delivery.open_zip(_aes({"cert.cer": ca.der(LEAF)}, None), PASSWORD)
    assert opened.leaf == ca.der(LEAF) and "暗号化されていません" in opened.notes[0]


def test_a_zip_of_leaf_and_root_without_what_lies_between_is_taken():
    opened = delivery.open_zip(_aes({"leaf.cer": ca.der(LEAF), "root.cer": AUTHORITY.chain[1]}), PASSWORD)
    assert (opened.leaf, opened.chain) == (ca.der(LEAF), ())


def test_it_does_not_choose_between_three_certificates():
    files = {f"{n}.cer": ca.der(AUTHORITY.code_signing(ca.new_key().public_key())) for n in range(3)}
    assert "3枚" in _refusal(_aes(files | {"ca.pem": CHAIN}))


def test_the_same_certificate_twice_is_one():
    files = {"a.cer": ca.der(LEAF), "a.pem": ca.pem(LEAF), "a.p7b": _p7b()}
    assert delivery.open_zip(_aes(files), PASSWORD).leaf == ca.der(LEAF)


def test_it_says_what_was_there_when_there_is_no_certificate():
    assert "「申請書.xlsx」" in _refusal(_aes({"申請書.xlsx": b"x", "note.txt": b"hello"}))
    assert "なし" in _refusal(_aes({}, None))


@pytest.mark.parametrize("name", ["../cert.cer", "a/../../cert.cer", "/etc/cert.cer", "..\\cert.cer", "C:\\cert.cer"])
def test_it_does_not_open_a_zip_whose_names_lead_outside(name):
    assert "外のフォルダー" in _refusal(_aes({name: ca.der(LEAF)}))


def test_it_does_not_open_archives_in_archives():
    inner = _aes({"cert.cer": ca.der(LEAF)})
    assert "さらに圧縮ファイル「inner.zip」" in _refusal(_aes({"inner.zip": inner}))


def test_it_does_not_open_bombs():
    assert "大きすぎます" in _refusal(_aes({"cert.cer": bytes(6 * 1024 * 1024)}))
    assert "大きすぎます" in _refusal(_aes({"cert.cer": bytes(2 * 1024 * 1024)}))
    assert "多すぎる" in _refusal(_aes({f"{n}.cer": b"" for n in range(31)}))
    assert "大きすぎます" in _refusal(bytes(11 * 1024 * 1024))


def test_it_does_not_believe_the_size_that_a_zip_claims():
    data = bytearray(_aes({"cert.cer": bytes(3 * 1024 * 1024)}, None))
    for start, field in ((data.index(b"PK\x03\x04"), 22), (data.index(b"PK\x01\x02"), 24)):
        struct.pack_into("<I", data, start + field, 1000)
    _refusal(bytes(data))


def test_a_private_key_in_the_zip_is_refused():
    key = KEY.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    assert "秘密鍵" in _refusal(_aes({"cert.cer": ca.der(LEAF), "x.pfx": b"x"}), kind=delivery.PrivateKeyPasted)
    assert "秘密鍵" in _refusal(_aes({"cert.pem": ca.pem(LEAF) + key}), kind=delivery.PrivateKeyPasted)


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"%PDF-1.7", b"7z\xbc\xaf\x27\x1c" + bytes(50)])
def test_what_is_no_zip_is_called_so(data):
    assert "ZIPファイルとして開けません" in _refusal(data)


def test_a_certificate_that_cannot_be_read_is_named():
    assert "「cert.cer」" in _refusal(_aes({"cert.cer": b"\x30\x03\x02\x01\x09"}))
    assert "「request.pem」: これはCSRです" in _refusal(_aes({"request.pem": ca.pem(ca.csr(KEY))}))


def test_what_macos_adds_is_passed_over():
    files = {"__MACOSX/._cert.cer": b"x", ".DS_Store": b"x", "cert.cer": ca.der(LEAF)}
    assert delivery.open_zip(_aes(files), PASSWORD).leaf == ca.der(LEAF)


def test_a_damaged_zip_is_called_damaged():
    data = bytearray(_aes({"cert.cer": ca.der(LEAF)}, None))
    data[80] ^= 0xFF
    assert "壊れています" in _refusal(bytes(data))


def test_two_passwords_in_one_zip_are_told():
    buffer = io.BytesIO(_aes({"a.cer": ca.der(LEAF)}))
    with pyzipper.AESZipFile(buffer, "a", encryption=pyzipper.WZ_AES) as archive:
        archive.setpassword(b"other")
        archive.writestr("b.cer", ca.der(AUTHORITY.issuing))
    assert "別のパスワード" in _refusal(buffer.getvalue(), kind=delivery.WrongPassword)


def test_an_unknown_way_of_packing_is_called_so():
    data = bytearray(_aes({"cert.cer": ca.der(LEAF)}, None))
    for start, field in ((data.index(b"PK\x03\x04"), 8), (data.index(b"PK\x01\x02"), 10)):
        struct.pack_into("<H", data, start + field, 97)
    assert "対応していない" in _refusal(bytes(data))


def test_every_cut_and_flipped_byte_is_opened_or_refused():
    from webapp.errors import Refused

    data = _aes({"cert.cer": ca.der(LEAF)})
    for place in range(0, len(data), 3):
        for damaged in (data[:place], data[:place] + bytes([data[place] ^ 0x55]) + data[place + 1 :]):
            try:
                delivery.open_zip(damaged, PASSWORD)
            except Refused as refusal:
                assert refusal.message


def test_python_agrees_that_the_test_zips_are_zips():
    with zipfile.ZipFile(io.BytesIO(_aes({"cert.cer": ca.der(LEAF)}, None))) as archive:
        assert archive.testzip() is None
