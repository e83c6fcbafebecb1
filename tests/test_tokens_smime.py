"""Signed mails: made with a key on a token, judged by openssl cms."""

import subprocess
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from ca import Authority, der, new_key, pem
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from softhsm import PIN, make_token, run

from tokens import smime
from tokens.errors import TokenError

MAIL = "tanaka@shinsei.example"


@pytest.fixture(scope="module")
def authority():
    return Authority()


@pytest.fixture(scope="module")
def signer(authority):
    """(certificate, sign): the head's certificate and a key in memory."""
    key = new_key()
    return authority.smime(key.public_key(), MAIL), lambda data: key.sign(data, ec.ECDSA(hashes.SHA256()))


def letter(**changes):
    message = EmailMessage(policy=SMTP)
    message["From"] = f"田中 機関責任者 <{MAIL}>"
    message["To"] = "サービス窓口 <certs@nii.example>"
    message["Subject"] = "コード署名証明書の発行申請 CS-2026-0012"
    message["Message-ID"] = "<1@shinsei.example>"
    message.set_content("申請書を送ります。\n.\nFrom ここも本文です。 \n末尾の空白\n")
    message.add_attachment(b"%PDF-1.7\r\n\0\xff", maintype="application", subtype="pdf", filename="発行申請書.pdf")
    for name, value in changes.items():
        del message[name]
        if value:
            message[name] = value
    return message.as_bytes()


def signed(message, authority, signer):
    certificate, sign = signer
    return smime.signed(message, der(certificate), authority.chain[:1], sign)


def verified(mail, authority, tmp_path):
    """What openssl says the signature covers, or None if it does not verify."""
    (tmp_path / "root.pem").write_bytes(pem(authority.root))
    (tmp_path / "mail.eml").write_bytes(mail)
    command = ["openssl", "cms", "-verify", "-in", tmp_path / "mail.eml", "-CAfile", tmp_path / "root.pem"]
    done = subprocess.run(
        [*command, "-purpose", "smimesign", "-out", tmp_path / "covered"], capture_output=True, text=True
    )
    return (tmp_path / "covered").read_bytes() if "Verification successful" in done.stderr else None


def test_openssl_verifies_it_and_finds_subject_and_recipients_inside(authority, signer, tmp_path):
    mail = signed(letter(), authority, signer)
    covered = message_from_bytes(verified(mail, authority, tmp_path), policy=SMTP)
    outside = message_from_bytes(mail, policy=SMTP)
    for name in ("From", "To", "Subject", "Message-ID"):
        assert covered[name] == outside[name] and covered[name]
    assert covered["Subject"] == "コード署名証明書の発行申請 CS-2026-0012"
    assert covered.get_param("hp") == "clear"
    assert covered.get_body().get_content().startswith("申請書を送ります。")
    (attached,) = covered.iter_attachments()
    assert attached.get_filename() == "発行申請書.pdf" and attached.get_content() == b"%PDF-1.7\r\n\0\xff"


def test_it_is_written_as_rfc_8551_wants(authority, signer):
    mail = signed(letter(), authority, signer)
    assert mail.isascii() and b"\n" not in mail.replace(b"\r\n", b"")
    assert max(map(len, mail.split(b"\r\n"))) <= 998
    message = message_from_bytes(mail, policy=SMTP)
    assert message.get_content_type() == "multipart/signed" and message.get_param("micalg") == "sha-256"
    assert message.get_param("protocol") == "application/pkcs7-signature"
    inner, signature = message.get_payload()
    assert signature.get_content_type() == "application/pkcs7-signature" and signature.get_filename() == "smime.p7s"


def test_eight_bit_mail_and_bare_line_ends_are_made_safe_first(authority, signer, tmp_path):
    raw = f"From: {MAIL}\nTo: certs@nii.example\nSubject: test\nMIME-Version: 1.0\n".encode()
    raw += "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n申請します。\n".encode()
    covered = message_from_bytes(verified(signed(raw, authority, signer), authority, tmp_path), policy=SMTP)
    assert covered.get_content().strip() == "申請します。" and covered["Subject"] == "test"


def test_one_changed_octet_is_noticed(authority, signer, tmp_path):
    mail = signed(letter(), authority, signer)
    start = mail.index(b"hp=")
    for place in range(start, start + 400, 57):
        changed = bytearray(mail)
        changed[place] ^= 1
        assert verified(bytes(changed), authority, tmp_path) is None


def test_blind_recipients_are_not_told(authority, signer):
    assert b"secret" not in signed(letter(Bcc="secret@shinsei.example"), authority, signer)


def test_it_signs_no_mail_of_somebody_else_and_nothing_that_is_no_mail(authority, signer):
    for message, code in (
        (letter(From="suzuki@shinsei.example"), "mail_other_sender"),
        (letter(Subject=""), "mail_unreadable"),
        (letter(To=""), "mail_unreadable"),
        (b"\x00\xff", "mail_unreadable"),
        (b"From: " + b"(" * 3000 + b"\nTo: a@b.example\nSubject: x\n\nbody", "mail_unreadable"),
        (signed(letter(), authority, signer), "mail_unreadable"),
    ):
        with pytest.raises(TokenError) as refusal:
            signed(message, authority, signer)
        assert refusal.value.code == code


@pytest.mark.slow
def test_the_command_signs_with_the_card(tmp_path, authority):
    token = make_token(tmp_path / "card")
    made = run("csr", "--subject", f"CN={MAIL}", "--algorithm", "P-256", "-o", tmp_path / "r.csr", token=token, pin=PIN)
    assert made.returncode == 0, made.stderr
    key = x509.load_pem_x509_csr((tmp_path / "r.csr").read_bytes()).public_key()
    (tmp_path / "c.pem").write_bytes(pem(authority.smime(key, MAIL)) + pem(authority.issuing))
    assert run("install", "--certificate", tmp_path / "c.pem", token=token, pin=PIN).returncode == 0
    (tmp_path / "letter.eml").write_bytes(letter())
    done = run("smime", tmp_path / "letter.eml", "-o", tmp_path / "signed.eml", token=token, pin=PIN)
    assert done.returncode == 0 and "書き換えないでください" in done.stdout, done.stderr
    assert verified((tmp_path / "signed.eml").read_bytes(), authority, tmp_path)
