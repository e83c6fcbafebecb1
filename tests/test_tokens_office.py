"""tokend signs mails with an office's key and nothing else: the mail is read before, and no personal signature can be had."""

import asyncio
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from hashlib import sha256
from types import SimpleNamespace

import pytest
from cryptography import x509

from tests import ca
from tests.openssl import openssl
from tests.softhsm import PIN, make_token
from tests.test_tokens_tokend import refused, running
from tokens import cms, smime, to_be_signed, tokend
from tokens.errors import TokenError
from tokens.station.protocol import sign_in_bytes

OFFICE, HEAD = "certs-office@shinsei.example", "tanaka@shinsei.example"


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    """A tokend whose file names the office's address; on its token the keys of the office and of 田中, each certified."""
    folder, authority = tmp_path_factory.mktemp("office"), ca.Authority("Practice S/MIME CA")
    token = make_token(folder / "token")
    found = {}
    with token.worker() as worker:
        for mail in (OFFICE, HEAD):
            wanted = {"token": token.label, "pin": PIN}
            key = {"cka_id": mail.encode(), "label": mail, "algorithm": "P-256", "subject": [["CN", "x"]]}
            public = x509.load_der_x509_csr(worker.call("make_key", **wanted, **key)["csr_der"]).public_key()
            found[mail] = ca.der(authority.smime(public, mail))
            worker.call("install", **wanted, certificate_der=found[mail], chain_ders=authority.chain)
    (folder / "daemon").mkdir()
    with running(folder / "daemon", token, offices=[OFFICE]) as daemon:
        yield SimpleNamespace(tokend=daemon, certificates=found, authority=authority, token=token)


def letter(sender=OFFICE, **changes):
    message = EmailMessage(policy=SMTP)
    told = {
        "From": sender,
        "To": "certs@desk.practice.example",
        "Subject": "申請書",
        "Date": "Mon, 23 Nov 2026 16:00:00 +0900",
    }
    for name, value in (told | {"Message-ID": "<1@shinsei.example>"} | changes).items():
        message[name] = value
    message.set_content("本文\n", charset="utf-8", cte="base64")
    return message.as_bytes()


def signed(office, message, mail=OFFICE):
    def sign(attributes):
        told = {"inside": smime.part_of(message), "signed_attributes_der": attributes}
        return office.tokend.sign_mail(certificate_der=office.certificates[mail], **told)

    return smime.signed(message, office.certificates[mail], office.authority.chain, sign)


def attributes_over(content, certificate_der):
    signer = cms.signer_of(certificate_der, [])
    made = signer.signed_attrs(sha256(content).digest(), "sha256", use_pades=False)
    return asyncio.run(made).dump()


def test_a_mail_of_the_office_is_signed_as_openssl_reads_it(office, tmp_path):
    (tmp_path / "mail.eml").write_bytes(signed(office, letter()))
    (tmp_path / "root.pem").write_bytes(ca.pem(office.authority.root))
    words = ["-in", str(tmp_path / "mail.eml"), "-CAfile", str(tmp_path / "root.pem"), "-out", str(tmp_path / "inside")]
    openssl("cms", "-verify", *words)
    inside = (tmp_path / "inside").read_bytes()
    assert b"To: certs@desk.practice.example" in inside and b"Subject: " in inside


def test_a_persons_certificate_is_refused_at_the_door_though_its_key_lies_on_the_token(office):
    told = {"inside": smime.part_of(letter(HEAD)), "certificate_der": office.certificates[HEAD]}
    attributes = attributes_over(told["inside"], told["certificate_der"])
    error = refused("not_an_office", office.tokend.sign_mail, signed_attributes_der=attributes, **told)
    assert "個人の署名は、本人のカードで行います" in error.message and "機関の長・機関責任者" in error.advice


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"%PDF-1.7\r\n\r\nthe form that a head should seal", "bytes_refused"),
        (b"CSM-AUTH-v1\0" + bytes(128), "bytes_refused"),
        (b"\r\n\r\n", "bytes_refused"),
        (smime.part_of(letter()).replace(b'hp="clear"', b'hp="cipher"'), "bytes_refused"),
        (smime.part_of(letter()).replace(b"To: certs@", b"X-To: certs@"), "bytes_refused"),
        (smime.part_of(letter()).replace(b"From: ", b"From: x@evil.example\r\nFrom: "), "bytes_refused"),
        (smime.part_of(letter(HEAD)), "mail_other_sender"),
    ],
    ids=["PDF", "login", "empty", "not protected", "no recipient", "two senders", "another sender"],
)  # fmt: skip
def test_attributes_over_anything_but_a_mail_of_the_office_are_refused(office, content, code):
    certificate = office.certificates[OFFICE]
    told = {"inside": content, "signed_attributes_der": attributes_over(content, certificate)}
    refused(code, office.tokend.sign_mail, certificate_der=certificate, **told)


def test_attributes_over_another_mail_than_the_one_shown_are_refused(office):
    certificate, shown = office.certificates[OFFICE], smime.part_of(letter())
    other = attributes_over(smime.part_of(letter(Subject="別の件名")), certificate)
    refused(
        "bytes_refused", office.tokend.sign_mail, certificate_der=certificate, inside=shown, signed_attributes_der=other
    )


def test_a_daemon_whose_file_names_no_office_signs_no_mail():
    certificate = ca.der(ca.Authority().smime(ca.new_key().public_key(), OFFICE))
    for offices, code in (([], "not_an_office"), ([HEAD], "not_an_office"), ([OFFICE.upper()], "")):
        try:
            tokend.check_office(offices, certificate)
            assert code == ""
        except TokenError as error:
            assert error.code == code


def test_no_operation_of_the_daemon_takes_a_document_or_bare_bytes():
    """What is signed is built by the worker, or read as a mail: the list is short enough to be looked at."""
    assert set(tokend.REQUESTS) == {"make_key", "install", "prove", "sign_mail", "self_check"}
    assert {name for fields in tokend.REQUESTS.values() for name in fields} == {
        "cka_id", "label", "algorithm", "subject", "certificate_der", "chain_ders", "challenge", "inside",
        "signed_attributes_der", "nonce",
    }  # fmt: skip


@pytest.mark.slow
def test_a_large_packet_fits_through_the_socket(office):
    message = EmailMessage(policy=SMTP)
    for name, value in {"From": OFFICE, "To": "a@b.example", "Subject": "x", "Message-ID": "<2@x>"}.items():
        message[name] = value
    message["Date"] = datetime.now(UTC)
    message.set_content("x")
    message.add_attachment(bytes(3_000_000), maintype="application", subtype="zip", filename="a.zip")
    assert len(signed(office, message.as_bytes())) > 4_000_000


def test_login_bytes_are_no_signed_attributes_and_signed_attributes_are_no_login():
    """The kinds begin differently: a daemon or a worker that is handed one for the other refuses it."""
    login = sign_in_bytes("https://shirushi.example", "ab" * 32, "cd" * 32, "7")
    certificate = ca.der(ca.Authority().smime(ca.new_key().public_key(), HEAD))
    attributes = attributes_over(b"content", certificate)
    assert login[:1] != attributes[:1] == b"\x31"
    for check in (
        lambda: to_be_signed.check_signed_attributes(login, certificate),
        lambda: to_be_signed.check_ca_bytes("certificate", login),
    ):
        with pytest.raises(TokenError):
            check()
