"""Certificates issued before, brought as files: what they are judged by, and what is never kept."""

import io
import zipfile

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs7

from tests import ca
from tests.bad import secrets_of
from tests.cases import unguarded
from tests.importing import GOOD, HEADS, brought, many, press, sentences, verdicts
from webapp.acts import imports as acts
from webapp.papers import guard
from webapp.papers.armour import PrivateKeyPasted
from webapp.register import Certificate, Content, ImportBatch, Institution


@pytest.fixture
def officer(browser, suzuki):
    with unguarded():
        yield browser.sign_in_as(suzuki)


def issued(authorities, **changes):
    return authorities.code.code_signing(ca.new_key().public_key(), Institution.here().subject, **changes)


def test_certificates_are_read_from_pem_der_p7b_and_zip(officer, authorities):
    three = [issued(authorities) for _ in range(3)]
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w") as archive:
        for place, each in enumerate(three):
            archive.writestr(f"{place}.cer", ca.der(each))
    for name, data, count in (
        ("a.pem", b"".join(ca.pem(each) for each in (*three, authorities.code.issuing)), 3),
        ("a.cer", ca.der(three[0]), 1),
        ("a.p7b", pkcs7.serialize_certificates([three[0], authorities.code.issuing], Encoding.DER), 1),
        ("a.zip", kept.getvalue(), 3),
    ):
        brought(officer, data, name)
        assert [verdict for _, verdict in verdicts()] == ["new"] * count, name
    press(officer)
    row = Certificate.get(Certificate.content == ca_sha256(three[0]))
    assert row.spki_sha256 and len(row.chain) == 2 and row.content.bytes() == ca.der(three[0])
    page = officer.see(f"/certificates/{row.id}")
    assert page.status == 200 and "証明書を保存する" in page.text
    assert officer.get(f"/certificates/{row.id}/chain").get_data().count(b"BEGIN CERTIFICATE") == 3


def ca_sha256(made):
    return made.fingerprint(hashes.SHA256()).hex()


def test_a_csr_with_the_key_of_an_imported_certificate_is_noticed(officer, authorities, case):
    key = ca.new_key()
    old = authorities.code.code_signing(key.public_key(), Institution.here().subject)
    brought(officer, ca.der(old), "a.cer")
    press(officer)
    assert Certificate.select().where(Certificate.spki_sha256.is_null(False)).count() == 1


def test_strangers_and_other_certificates_are_refused(officer, authorities):
    stranger = ca.Authority().code_signing(ca.new_key().public_key(), Institution.here().subject)
    mail = authorities.code.smime(ca.new_key().public_key(), "sato@shinsei.example")
    brought(officer, ca.pem(stranger) + ca.pem(mail), "a.pem")
    assert {verdict for _, verdict in verdicts()} == {"wrong"}
    assert any("認証局の署名ではありません" in each for each in sentences())
    assert any("コード署名用の証明書ではありません" in each for each in sentences())
    page = brought(officer, ca.der(authorities.code.root), "root.cer")
    assert page.status == 422 and "認証局の証明書だけ" in page.text


def test_a_private_key_is_refused_and_nothing_of_it_is_kept(officer, authorities):
    key = ca.new_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    before = Content.select().count()
    for data, name in ((ca.pem(issued(authorities)) + key, "a.pem"), (f"{HEADS}\r\n{GOOD}".encode() + key, "a.csv")):
        page = brought(officer, data, name)
        assert page.status == 422 and "秘密鍵" in page.text
    assert Content.select().count() == before and ImportBatch.select().count() == 0


@pytest.mark.slow
def test_what_is_brought_comes_out_of_the_guarded_child(house, authorities):
    three = [issued(authorities) for _ in range(3)]
    files = guard.run("webapp.papers.issued_before:read", b"".join(map(ca.pem, three)), "a.pem")
    assert files.kind == "files" and {each.der for each in files.found} == {ca.der(each) for each in three}
    limits = {"seconds": acts.SECONDS, "megabytes": acts.MEGABYTES}
    found = guard.run("webapp.papers.issued_before:read", many(20_000), "a.csv", **limits)
    assert found.kind == "list" and len(found.rows) == 20_000 and found.rows[0][1]["title"] == "計測 0"
    with pytest.raises(PrivateKeyPasted):
        guard.run("webapp.papers.issued_before:read", b"a,b\n" + secrets_of(ca.new_key())[0], "a.csv")
