"""Which certificate is in this file? Asked of files that openssl made, of damaged ones and of hostile ones."""

import random
import shutil
import struct
import subprocess
import zipfile

import pytest

from tests import ca, papers_seals
from tests.openssl import openssl
from tests.papers_pdf import frozen_pdf
from tests.signed_files import CATALOG, INDIRECT, MANIFEST, Maker, jar, program, script, zipped
from webapp.errors import Unreadable
from webapp.papers import guard
from webapp.papers.armour import PrivateKeyPasted, pem
from webapp.papers.identification import LARGEST, identify


@pytest.fixture(scope="module")
def maker(tmp_path_factory):
    return Maker(ca.Authority(), tmp_path_factory.mktemp("signed"))


def parts(found):
    """[(part, DER)] of an Identification, to be compared with certificates."""
    return [(each.part, each.der) for each in found.found]


def signed_by(maker, *signers):
    """What a signature of `signers` should give: each with the chain above, then the time-stamp authority."""
    above = [("chain", ca.der(maker.authority.issuing))]
    shown = [("signer", ca.der(signers[0])), *above]
    shown += [("signer", ca.der(each)) for each in signers[1:]]
    return sorted([*shown, ("other", ca.der(maker.stamper))])


# Certificates as files


def test_one_certificate_is_found_as_pem_and_as_der_with_the_serial_that_openssl_prints(maker):
    printed = openssl("x509", "-in", maker.path("first.pem"), "-noout", "-serial").decode()
    for data, kind in ((ca.pem(maker.leaf), "PEM"), (ca.der(maker.leaf), "DER")):
        found = identify(data, "a.cer")
        assert kind in found.kind and not found.is_signed and parts(found) == [("alone", ca.der(maker.leaf))]
        assert f"serial={found.found[0].certificate.serial_hex.upper()}" == printed.strip()


def test_among_many_in_any_order_the_end_entity_comes_first_and_each_once(maker):
    authority = maker.authority
    text = b"Bag Attributes\n" + ca.pem(authority.root) + b"text\n" + ca.pem(authority.issuing)
    text += 2 * openssl("x509", "-in", maker.path("first.pem"), "-text") + b"\nend"
    expected = [("alone", ca.der(maker.leaf)), ("chain", authority.chain[0]), ("chain", authority.chain[1])]
    assert parts(identify(text, "a.pem")) == expected
    for form in ("DER", "PEM"):
        bundle = maker.bundle(authority.issuing, maker.leaf, authority.root, form=form)
        found = identify(bundle, "a.p7b")
        assert parts(found) == expected and "p7b" in found.kind and not found.is_signed


def test_two_people_in_one_file_come_before_the_authority(maker):
    pem = ca.pem(maker.authority.issuing) + ca.pem(maker.leaf) + ca.pem(maker.second)
    found = identify(pem, "a.pem")
    assert [part for part, _ in parts(found)] == ["alone", "chain", "alone"]
    assert {each.certificate.serial for each in found.found if each.part == "alone"} == {
        maker.leaf.serial_number,
        maker.second.serial_number,
    }


def test_an_authoritys_certificate_is_called_one(maker):
    assert "認証局の証明書" in identify(ca.pem(maker.authority.root), "root.pem").found[0].how


# Signatures


def test_a_p7s_names_its_signer_by_issuer_and_serial_or_by_key_identifier(maker):
    for options in ((), ("-keyid",), ("-stream", "-indef")):
        found = identify(maker.sign(*options), "a.p7s")
        assert found.is_signed and sorted(parts(found)) == signed_by(maker, maker.leaf)
    assert parts(identify(maker.sign(form="PEM"), "a.p7s")) == parts(found)


def test_a_signature_without_certificates_still_tells_its_serial(maker):
    found = identify(maker.sign("-nocerts"), "a.p7s")
    (note,) = [each for each in found.notes if "シリアル番号" in each]
    serial = openssl("x509", "-in", maker.path("first.pem"), "-noout", "-serial").decode().strip()[7:].lower()
    assert serial in note and "Practice (練習) Code Signing CA" in note
    assert ("signer", ca.der(maker.leaf)) not in parts(found)


def test_a_catalog_is_called_one(maker):
    assert "(.cat)" in identify(maker.sign("-econtent_type", CATALOG, "-nodetach"), "a.cat").kind


@pytest.mark.parametrize("is_64", [True, False])
def test_a_program_names_who_signed_it_and_not_who_stamped_the_time(maker, is_64):
    found = identify(program(maker.sign("-econtent_type", INDIRECT), is_64=is_64), "a.exe")
    assert sorted(parts(found)) == signed_by(maker, maker.leaf) and "Authenticode" in found.kind
    assert found.found[0].part == "signer" and "署名者のものではありません" in found.found[-1].how


def test_a_second_signature_nested_or_beside_is_found_as_well(maker):
    nested = identify(program(maker.nested()), "a.dll")
    assert sorted(parts(nested)) == signed_by(maker, maker.leaf, maker.second)
    beside = identify(program(maker.sign(), maker.sign(by="second")), "a.dll")
    assert sorted(parts(beside)) == signed_by(maker, maker.leaf, maker.second)


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"encoding": "utf-16"},
        {"before": "// ", "mark": "//"},
        {"before": "'' ", "mark": "''"},
        {"before": "<!-- ", "after": " -->"},
    ],
)
def test_a_signed_script_is_read_in_every_dialect(maker, how):
    found = identify(script(maker.sign("-econtent_type", INDIRECT), **how), "a.ps1")
    assert sorted(parts(found)) == signed_by(maker, maker.leaf) and "スクリプト" in found.kind


def test_a_signed_pdf_names_its_signers():
    authority = ca.Authority("Practice S/MIME CA")
    head = papers_seals.Head(authority, embed=authority.chain)
    once = papers_seals.sign(frozen_pdf(), head)
    found = identify(once, "a.pdf")
    assert parts(found)[0] == ("signer", ca.der(head.certificate)) and len(parts(found)) == 3
    other = papers_seals.Head(authority)
    twice = papers_seals.sign(once, other, field="Second", box=(10, 10, 60, 60))
    signers = [der for part, der in parts(identify(twice, "a.pdf")) if part == "signer"]
    assert signers == [ca.der(head.certificate), ca.der(other.certificate)]


@pytest.mark.parametrize("ending", ["RSA", "EC", "DSA", "rsa"])
def test_a_signed_jar_or_apk_names_its_signer(maker, ending):
    found = identify(jar(maker.sign("-noattr"), ending), "a.jar")
    assert sorted(parts(found)) == signed_by(maker, maker.leaf) and "JAR" in found.kind
    found = identify(jar(maker.sign(), ending, **{"AndroidManifest.xml": b"x"}), "a.apk")
    assert "Android" in found.kind and any("v1" in note for note in found.notes)


def test_a_zip_of_all_of_them_is_read_with_the_people_first(maker):
    authority = maker.authority
    files = {"1/issuing.cer": authority.chain[0], "2/leaf.cer": ca.der(maker.leaf), "readme.txt": b"your private key"}
    found = identify(zipped(files), "a.zip")
    assert parts(found) == [("alone", ca.der(maker.leaf)), ("chain", authority.chain[0])]
    assert "2/leaf.cer" in found.found[0].how
    inner = zipped({"a.exe": program(maker.sign()), "b.zip": zipped({"c.p7s": maker.sign(by="second")})})
    found = identify(inner, "a.zip")
    assert [der for part, der in parts(found) if part == "signer"] == [ca.der(maker.leaf), ca.der(maker.second)]
    assert found.is_signed


@pytest.mark.slow
def test_what_osslsigncode_signs_is_read(maker, tmp_path):
    """An independent maker of Authenticode; it signs a program that has been one from the start, and a script."""
    tool = shutil.which("osslsigncode")
    assert tool, "osslsigncode is missing: bin/test installs it"
    plain = tmp_path / "plain.exe"
    plain.write_bytes(program() + bytes(512))
    (tmp_path / "a.ps1").write_bytes(b"Write-Host 1\r\n")

    def sign(by, before, after, *more):
        words = ["-certs", maker.path(f"{by}.pem"), "-key", maker.path(f"{by}.key"), "-in", tmp_path / before]
        done = subprocess.run([tool, "sign", *more, *words, "-out", tmp_path / after], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return (tmp_path / after).read_bytes()

    found = identify(sign("first", "plain.exe", "once.exe"), "once.exe")
    assert parts(found) == [("signer", ca.der(maker.leaf))]
    found = identify(sign("second", "once.exe", "twice.exe", "-nest"), "twice.exe")
    assert parts(found) == [("signer", ca.der(maker.leaf)), ("signer", ca.der(maker.second))]


# What is refused, and how it is called


def refused(data, name, *words, kind=Unreadable):
    with pytest.raises(kind) as refusal:
        identify(data, name)
    said = refusal.value.message + refusal.value.advice
    assert [word for word in words if word not in said] == [] and refusal.value.advice
    return said


def test_a_private_key_is_refused_wherever_it_lies_and_not_repeated(maker):
    secret = maker.key_pem.decode().splitlines()[1]
    der = openssl("pkey", "-in", maker.path("first.key"), "-outform", "DER")
    mixed = ca.pem(maker.leaf) + maker.key_pem
    for data, name in ((maker.key_pem, "a.key"), (der, "a.der"), (mixed, "a.pem"), (zipped({"a.pem": mixed}), "a.zip")):
        said = refused(data, name, "秘密鍵が含まれています", "保存も記録もしていません", kind=PrivateKeyPasted)
        assert secret not in said


def test_other_things_are_called_by_their_names(maker):
    refused(maker.pkcs12(), "a.p12", "PKCS#12", "-nokeys", kind=PrivateKeyPasted)
    refused(zipped({"a.pfx": maker.pkcs12()}), "a.zip", "PKCS#12", kind=PrivateKeyPasted)
    refused(b"\xfe\xed\xfe\xed" + bytes(40), "a.jks", "キーストア", "keytool", kind=PrivateKeyPasted)
    request, revoked = ca.csr(maker.key), maker.authority.crl([maker.leaf])
    for form in (ca.pem, ca.der):
        refused(form(request), "a.csr", "CSR", "まだありません")
        refused(form(revoked), "a.crl", "失効リスト(CRL)")
    refused(openssl("pkey", "-in", maker.path("first.key"), "-pubout"), "a.pub", "公開鍵だけ")
    refused(frozen_pdf(), "a.pdf", "電子署名がありません")
    refused(program(), "a.exe", "署名が埋め込まれていません", ".cat")
    refused(b"Write-Host 1", "a.ps1", "署名ブロックがありません")
    refused(zipped({"META-INF/MANIFEST.MF": MANIFEST}), "a.jar", "署名がありません", "v1")
    refused(zipped({"[Content_Types].xml": b"x"}), "a.xlsx", "Office")
    refused(bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600), "a.msi", ".msi")
    refused(zipped({"a.md": b"x"}), "a.zip", "見つかりません", "a.md")


def test_a_full_width_letter_within_pem_is_told(maker):
    refused(ca.pem(maker.leaf).replace(b"MII", "M１I".encode(), 1), "a.pem", "Base64")
    headless = b"".join(ca.pem(maker.leaf).splitlines()[2:4]).replace(b"A", b"=", 1)
    refused(headless + b"=" + headless, "a.pem", "。")


def test_a_certificate_beside_other_things_is_found_and_they_are_told(maker):
    data = ca.pem(ca.csr(maker.key)) + ca.pem(maker.leaf) + ca.pem(maker.authority.crl())
    found = identify(data, "a.pem")
    assert len(found.found) == 1 and any("CSR" in n for n in found.notes) and any("CRL" in n for n in found.notes)


def test_an_encrypted_zip_is_sent_to_the_page_for_deliveries(maker, tmp_path):
    data = zipped({"a.cer": ca.der(maker.leaf)}, zipfile.ZIP_STORED)
    for signature, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = data.index(signature) + at
        data = data[:place] + b"\x01\x00" + data[place + 2 :]
    refused(data, "a.zip", "パスワードで暗号化されています", "証明書を受け取る")


# Damaged and hostile files


def test_a_program_cut_short_or_pointing_outside_itself_is_refused(maker):
    whole = program(maker.sign())
    for length in (2, 0x3F, 0x42, 0x80, 0x120, len(whole) - 300):
        refused(whole[:length], "a.exe", "。")
    refused(program(maker.sign(), offset=1 << 30), "a.exe", "終わりより後ろ")
    refused(program(maker.sign(), offset=len(whole) - 4), "a.exe", "終わりより後ろ")
    refused(program(b""), "a.exe", "。")
    refused(program(b"\x30\x84\xff\xff\xff\xff"), "a.exe", "壊れています")
    lying = bytearray(whole)
    struct.pack_into(
        "<I", lying, len(whole) - len(program(maker.sign())) + whole.index(b"\x00\x02\x02\x00") - 4, 1 << 31
    )
    refused(bytes(lying), "a.exe", "。")


def test_a_script_whose_block_does_not_end_is_refused(maker):
    whole = script(maker.sign())
    refused(whole[: len(whole) // 2], "a.ps1", "途中で切れています")
    refused(script(b"nothing"), "a.ps1", "壊れています")


def test_a_bomb_a_doll_and_ten_thousand_certificates_are_not_opened(maker):
    refused(zipped({"a.cer": bytes(50 * 1024 * 1024)}), "a.zip", "大きすぎます")
    refused(zipped({f"{n}.cer": bytes(9 * 1024 * 1024) for n in range(5)}), "a.zip", "大きすぎます")
    doll = zipped({"a.cer": ca.der(maker.leaf)})
    for _ in range(3):
        doll = zipped({"a.zip": doll})
    refused(doll, "a.zip", "2段まで")
    refused(10_000 * ca.pem(maker.leaf), "a.pem", "大きすぎるファイル")
    forged = [ca.der(maker.leaf)[:-1] + bytes([n]) for n in range(150)]
    refused(b"".join(pem("CERTIFICATE", der).encode() for der in forged), "a.pem", "150枚")
    refused(zipped({f"{n}.cer": der for n, der in enumerate(forged)}), "a.zip", "枚")
    refused(b"\0" * (LARGEST + 1), "a.exe", "20MB")


@pytest.mark.parametrize(
    "data", [b"", b"   \n", b"MZ", b"PK\x03\x04", b"%PDF-1.7", b"\x30\x80", b"-----BEGIN CERTIFICATE-----"]
)
def test_nothing_and_beginnings_of_something_are_refused(data):
    refused(data, "a", "。")


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
def test_whatever_byte_is_changed_the_answer_is_one_or_a_refusal(maker):
    """A fixed seed: a few hundred files, each with some bytes changed, cut or doubled."""
    chance = random.Random(20261122)
    authority = ca.Authority("Practice S/MIME CA")
    pdf = papers_seals.sign(frozen_pdf(), papers_seals.Head(authority))
    files = [maker.sign(), program(maker.nested()), script(maker.sign()), jar(maker.sign()), maker.bundle(maker.leaf)]
    files += [ca.der(maker.leaf), ca.pem(maker.leaf), zipped({"a.cer": ca.der(maker.leaf)})]
    for _ in range(400):
        for whole in files:
            survives(damaged(whole, chance))
    for _ in range(6):
        survives(damaged(pdf, chance))
        survives(chance.randbytes(500))


def damaged(whole, chance):
    data = bytearray(whole)
    for _ in range(chance.randint(1, 4)):
        at, how = chance.randrange(len(data)), chance.randrange(3)
        if how == 0:
            data[at] = chance.randrange(256)
        elif how == 1:
            del data[at + 1 : at + chance.randint(2, 40)]
        else:
            data[at:at] = data[at : at + 20]
    return bytes(data)


def survives(data):
    try:
        for each in identify(data, "a").found:
            assert each.certificate.serial > 0
    except Unreadable as refusal:
        assert refusal.message


def test_the_answer_comes_out_of_the_guarded_child_whole(maker):
    found = guard.run("webapp.papers.identification:identify", program(maker.sign()), "a.exe")
    assert found == identify(program(maker.sign()), "a.exe") or sorted(parts(found)) == signed_by(maker, maker.leaf)
    with pytest.raises(PrivateKeyPasted, match="PKCS#12"):
        guard.run("webapp.papers.identification:identify", maker.pkcs12(), "a.p12")
