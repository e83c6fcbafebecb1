"""A private key in a mail is found wherever people put one, and what is none is let through."""

import base64
import io
import zipfile
from datetime import datetime
from email.message import EmailMessage

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)

from tests import ca
from tests.arriving import mail
from tests.incoming_mails import delivery
from webapp.papers import received_mail, unpacking
from webapp.practice import parcel

KEY = ec.generate_private_key(ec.SECP256R1())
RSA = rsa.generate_private_key(65537, 2048)
SECRET = BestAvailableEncryption(b"secret")
FORMS = {
    "PKCS#8": (KEY, PrivateFormat.PKCS8, NoEncryption()),
    "PKCS#8, RSA": (RSA, PrivateFormat.PKCS8, NoEncryption()),
    "PKCS#8, Ed25519": (ed25519.Ed25519PrivateKey.generate(), PrivateFormat.PKCS8, NoEncryption()),
    "PKCS#8 with a password": (RSA, PrivateFormat.PKCS8, SECRET),
    "PKCS#1": (RSA, PrivateFormat.TraditionalOpenSSL, NoEncryption()),
    "SEC1": (KEY, PrivateFormat.TraditionalOpenSSL, NoEncryption()),
}
PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
DER = KEY.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
SSH = KEY.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
PFX = pkcs12.serialize_key_and_certificates(b"x", KEY, None, None, SECRET)
TEXT = PEM.decode()
FOUND = "秘密鍵が含まれています"


def refused(data):
    """The sentence with which a mail is refused, its advice beside it."""
    with pytest.raises(received_mail.PrivateKeyPasted) as caught:
        received_mail.read(data)
    assert "新しい鍵ペアを作成" in caught.value.advice and "危殆化" in caught.value.advice
    assert TEXT.splitlines()[1] not in caught.value.message + caught.value.advice
    return caught.value.message


def zipped(*members, **how):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, **how) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return made.getvalue()


def locked(name, data=b"x", encryption="aes"):
    return parcel.pack([(name, "plain.cer", data)], "Mihon#2026", datetime(2026, 11, 22), encryption)


@pytest.mark.parametrize("form", FORMS)
def test_a_key_attached_in_der_or_pem_is_found(form):
    key, kind, secret = FORMS[form]
    for encoding in (Encoding.PEM, Encoding.DER):
        assert "添付ファイル「a.bin」に" + FOUND in refused(mail(("a.bin", key.private_bytes(encoding, kind, secret))))


@pytest.mark.parametrize(
    "data",
    [
        PFX,
        b"\x30\x80" + PFX[4:],  # as some programs write it, without lengths (X.690 8.1.3.6)
        base64.encodebytes(DER),
        base64.encodebytes(PFX),
        SSH,
        b"PuTTY-User-Key-File-3: ssh-rsa\r\nEncryption: none\r\n",
        b"---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\r\nP2/56w==",
        b"<RSAKeyValue><Modulus>x</Modulus><D>y</D></RSAKeyValue>",
        b'{"kty": "EC", "crv": "P-256", "x": "f83O", "d": "jpsQ"}',
        b"\xfe\xed\xfe\xed\x00\x00\x00\x02",
        b"\x1e\xf1\xb5\xb0\x00\x00\x00\x00",
        PEM.replace(b"\n", b"\r\n"),
        b"".join(b" \t> " + line for line in PEM.splitlines(True)),
        b"\xff\xfe" + TEXT.encode("utf-16-le"),
        b"\xfe\xff" + TEXT.encode("utf-16-be"),
        TEXT.encode("utf-16-le"),
        "鍵です。\r\n".encode("utf-16-be") + TEXT.encode("utf-16-be"),
        TEXT.encode("utf-32"),
    ],
)
def test_a_key_attached_in_another_dress_is_found(data):
    assert FOUND in refused(mail(("file", data)))


@pytest.mark.parametrize("charset", ["utf-8", "iso-2022-jp", "shift_jis", "utf-16"])
@pytest.mark.parametrize("encoding", ["base64", "quoted-printable", "8bit"])
def test_a_key_in_the_text_is_found_in_every_charset(charset, encoding):
    head = f"From: a@b.example\r\nSubject: x\r\nContent-Type: text/plain; charset={charset}\r\n"
    head += f"Content-Transfer-Encoding: {encoding}\r\n\r\n"
    raw = f"鍵です。\r\n  {TEXT}".encode(charset)
    coded = {"base64": base64.encodebytes, "8bit": bytes, "quoted-printable": _quoted}[encoding](raw)
    assert "メールの本文に" + FOUND in refused(head.encode() + coded)


def _quoted(raw):
    return b"".join(b"=%02X" % byte + (b"=\r\n" if place % 20 == 19 else b"") for place, byte in enumerate(raw))


@pytest.mark.parametrize(
    "html",
    [
        f"<pre>{TEXT}</pre>",
        "<p>-----BEGIN&nbsp;<b>EC</b> PRIVATE&#32;KEY-----<br>MHcCAQEE</p>",
        f"<p>x</p><!-- {TEXT} -->",
        "<div>" + "</div><div>".join(base64.encodebytes(DER).decode().split()) + "</div>",
    ],
)
def test_a_key_in_the_html_is_found_also_beside_a_text_without_one(html):
    message = EmailMessage()
    message["From"], message["Subject"] = "a@b.example", "x"
    message.set_content("申請します。")
    message.add_alternative(html, subtype="html")
    assert "メールの本文に" + FOUND in refused(message.as_bytes())
    assert "添付ファイル「鍵.html」に" + FOUND in refused(mail(("鍵.html", html.encode())))


def test_a_key_between_the_parts_or_in_a_forwarded_mail_is_found():
    inner = EmailMessage()
    inner["From"], inner["Subject"] = "a@b.example", "x"
    inner.set_content("鍵です。")
    inner.add_attachment(DER, maintype="application", subtype="octet-stream", filename="a.der")
    outer = EmailMessage()
    outer["From"], outer["Subject"] = "c@d.example", "Fwd"
    outer.set_content("転送します。")
    outer.add_attachment(inner)
    assert "「a.der」" in refused(outer.as_bytes())
    assert FOUND in refused(mail(("a.txt", b"x")) + PEM)


@pytest.mark.parametrize("data", [PEM, DER, PFX, TEXT.encode("utf-16")])
@pytest.mark.parametrize("name", ["server.key", "鍵/読んでください.txt", "id_rsa"])
def test_a_key_in_a_zip_is_found_whatever_it_is_called(name, data):
    message = refused(mail(("一式.zip", zipped(("README.txt", b"x"), (name, data)))))
    assert f"添付ファイル「一式.zip」の中の「{name}」に{FOUND}" in message


def test_a_key_in_a_document_of_office_is_found():
    members = ("[Content_Types].xml", b"<Types/>"), ("word/document.xml", f"<w:t>{TEXT}</w:t>".encode())
    assert FOUND in refused(mail(("鍵.docx", zipped(*members))))


@pytest.mark.parametrize("encryption", ["aes", "zipcrypto"])
@pytest.mark.parametrize("name", ["server.key", "SATO.PFX", "鍵.p12", "home/.ssh/id_rsa"])
def test_an_encrypted_zip_is_refused_by_the_name_of_a_key_in_it(name, encryption):
    message = refused(mail(("一式.zip", locked(name, encryption=encryption))))
    assert f"「{name}」" in message and "暗号化されているため中は確認できません" in message


def test_of_an_encrypted_zip_it_is_said_that_only_the_names_were_looked_at():
    [note] = received_mail.read(mail(("一式.zip", locked("資料.pdf")))).notes
    assert "一式.zip" in note and "ファイル名だけを調べました" in note


def test_the_desks_encrypted_zip_with_certificates_is_taken_without_a_word(case):
    application = case.sent()
    message = delivery(case, application)
    found = received_mail.read(bytes(message))
    assert [each.name for each in found.attachments] == ["証明書.zip"] and found.notes == ()


def test_certificates_requests_and_words_about_keys_are_let_through():
    authority = ca.Authority("Practice")
    files = [
        ("a.cer", ca.der(authority.root)),
        ("a.pem", ca.pem(authority.root)),
        ("b.txt", base64.encodebytes(ca.der(authority.issuing))),
        ("a.csr", ca.pem(ca.csr(KEY, [("C", "JP"), ("O", "Shinsei"), ("CN", "Shinsei")]))),
        ("公開鍵.xml", b"<RSAKeyValue><Modulus>x</Modulus><Exponent>AQAB</Exponent></RSAKeyValue>"),
        ("手引き.txt", "PRIVATE KEYは送らないでください。PuTTYの鍵も同じです。".encode("utf-16")),
    ]
    found = received_mail.read(mail(*files, ("一式.zip", zipped(*files))))
    assert len(found.attachments) == 7 and found.notes == ()


def test_a_bomb_is_not_unpacked_but_refused():
    bomb = zipped(*((f"{number}.txt", bytes(10 * 1024 * 1024)) for number in range(5)))
    with pytest.raises(unpacking.TooLarge, match="展開すると大きすぎます"):
        received_mail.read(mail(("a.zip", bomb)))
    half = zipped(*((f"{number}.txt", bytes(10 * 1024 * 1024)) for number in range(3)))
    with pytest.raises(unpacking.TooLarge):  # all of one mail together
        received_mail.read(mail(("a.zip", half), ("b.zip", half)))


def test_a_member_that_claims_to_be_small_is_not_believed():
    bomb = bytearray(zipped(("a.txt", bytes(50 * 1024 * 1024))))
    place = bomb.rindex(b"PK\x01\x02") + 24  # its size in the directory
    bomb[place : place + 4] = (10).to_bytes(4, "little")
    found = received_mail.read(mail(("a.zip", bytes(bomb))))
    assert "読めないため" in found.notes[0]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (
            zipped(("内側.zip", zipped(("a.key", PEM)))),
            "圧縮ファイル「内側.zip」は、秘密鍵が入っていないか調べていません",
        ),
        (zipped(*((f"{number}.txt", b"x") for number in range(201))), "はじめの200個のファイルだけ"),
        (b"PK\x03\x04" + bytes(40), "壊れていて開けない"),
    ],
)
def test_what_could_not_be_looked_into_is_said(data, sentence):
    assert sentence in received_mail.read(mail(("一式.zip", data))).notes[0]
