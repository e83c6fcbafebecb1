"""A mail that came is read as people send them: Japanese charsets, forwarded mails, Outlook's files; and as attackers do."""

import base64
import subprocess
import time
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests import ca, outlook_file
from tokens import smime
from webapp.errors import Unreadable
from webapp.papers import guard, received_mail
from webapp.papers.received_mail import read

DESK = "certs@desk.practice.example"
EMPTY_ZIP = b"PK\x05\x06" + bytes(18)


def mail(text="本文です。", **headers):
    message = EmailMessage()
    head = {"From": f"サービス窓口 <{DESK}>", "To": "鈴木 花子 <suzuki@shinsei.example>", "Subject": "証明書の送付"}
    for name, value in (head | headers).items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message


def raw(head, body=b"text"):
    return b"From: desk <certs@desk.practice.example>\r\n" + head + b"\r\n\r\n" + body


def test_the_desks_mail_with_its_zip_is_read_in_a_guarded_child():
    message = mail(
        Date="Mon, 23 Nov 2026 16:00:00 +0900", Message_ID="<1@desk>", In_Reply_To="<2@us>", References="<0@us> <2@us>"
    )
    message.add_attachment(EMPTY_ZIP, maintype="application", subtype="zip", filename="証明書.zip")
    limits = {"seconds": received_mail.SECONDS, "megabytes": received_mail.MEGABYTES}
    found = guard.run("webapp.papers.received_mail:read", message.as_bytes(), **limits)
    assert (found.sender, found.sender_name, found.to) == (DESK, "サービス窓口", ("suzuki@shinsei.example",))
    assert (found.subject, found.text) == ("証明書の送付", "本文です。")
    assert found.sent_at == datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
    assert (found.message_id, found.answers) == ("<1@desk>", ("<2@us>", "<0@us>"))
    [attached] = found.attachments
    assert (attached.name, attached.type, attached.data, attached.size) == (
        "証明書.zip",
        "application/zip",
        EMPTY_ZIP,
        22,
    )
    assert found.signature is None and found.notes == ()


@pytest.mark.parametrize(
    "charset, text",
    [
        ("iso-2022-jp", "申請番号 CS-2026-0001 の件"),
        ("shift_jis", "申請番号の件"),
        ("euc-jp", "申請番号の件"),
        ("utf-8", "髙橋 﨑子 𠮷野"),
    ],
)
def test_japanese_charsets_are_read_in_subject_and_body(charset, text):
    data = text.encode(charset)
    subject = f"=?{charset}?B?{base64.b64encode(data).decode()}?=".encode()
    found = read(raw(b"Subject: " + subject + f"\r\nContent-Type: text/plain; charset={charset}".encode(), data))
    assert (found.subject, found.text, found.notes) == (text, text, ())


def test_jis_with_the_marks_that_only_windows_knows_is_read():
    circled, company, kana = b"\x1b$B-!\x1b(B", b"\x1b$B-j\x1b(B", b"\x1b(I1\x1b(B"
    found = read(raw(b"Subject: x\r\nContent-Type: text/plain; charset=ISO-2022-JP", circled + company + kana))
    assert found.text == "①㈱ア".replace("ア", "ｱ")


def test_a_wrong_charset_is_said_and_the_words_are_found_all_the_same():
    found = read(raw(b"Subject: x\r\nContent-Type: text/plain; charset=us-ascii", "申請の件".encode("cp932")))
    assert found.text == "申請の件" and "文字コード" in found.notes[0]
    unknown = read(raw(b"Subject: x\r\nContent-Type: text/plain; charset=klingon", b"abc"))
    assert unknown.text == "abc" and "文字コード" in unknown.notes[0]


@pytest.mark.parametrize(
    "parameter",
    [
        "filename*=utf-8''%E7%94%B3%E8%AB%8B%E6%9B%B8.xlsx",
        "filename*0*=utf-8''%E7%94%B3; filename*1*=%E8%AB%8B%E6%9B%B8.xlsx",
        'filename="=?utf-8?B?55Sz6KuL5pu4Lnhsc3g=?="',
        'filename="=?iso-2022-jp?B?GyRCPz9APz1xGyhCLnhsc3g=?="',
        'filename="C:\\\\Users\\\\x\\\\../../=?utf-8?Q?=E7=94=B3=E8=AB=8B=E6=9B=B8.xlsx?="',
    ],
    ids=["rfc2231", "continued", "encoded-word", "jis", "with-folders"],
)
def test_the_name_of_a_file_is_found_in_every_way_it_is_written(parameter):
    head = f"Subject: x\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; {parameter}"
    name = read(raw(head.encode())).attachments[0].name
    assert name in ("申請書.xlsx", "真誠書.xlsx")
    assert "/" not in name and "\\" not in name


def test_html_is_reduced_to_its_words_and_nothing_is_fetched():
    html = """<html><head><style>p{}</style><script>alert(1)</script></head><body><p>証明書を<b>送付</b>します。</p>
    <img src="http://tracker.example/x.png"><a href="http://evil.example">窓口</a></body></html>"""
    message = mail()
    message.set_content(html, subtype="html")
    found = read(message.as_bytes())
    assert "証明書を送付します。" in found.text and "窓口" in found.text
    assert "alert" not in found.text and "example" not in found.text and "<" not in found.text
    assert "文字だけを取り出して" in found.notes[0]


def test_plain_text_is_preferred_to_html():
    message = mail("文字の本文")
    message.add_alternative("<p>HTMLの本文</p>", subtype="html")
    assert read(message.as_bytes()).text == "文字の本文"


def test_a_forwarded_mail_keeps_its_own_head_and_files():
    inner = mail("窓口の本文", Message_ID="<inner@desk>", In_Reply_To="<ours@us>")
    inner.add_attachment(b"PK", maintype="application", subtype="zip", filename="c.zip")
    outer = mail("転送します", From="佐藤 <sato@shinsei.example>")
    outer.add_attachment(inner)
    found = read(outer.as_bytes())
    assert found.sender == "sato@shinsei.example" and found.attachments == ()
    [inside] = found.inside
    assert (inside.sender, inside.answers, inside.attachments[0].name) == (DESK, ("<ours@us>",), "c.zip")
    assert [each.message_id for each in found.everything()] == ["", "<inner@desk>"]


def test_winmail_dat_is_named_with_what_to_do():
    message = mail()
    message.add_attachment(b"\x78\x9f\x3e\x22", maintype="application", subtype="ms-tnef", filename="winmail.dat")
    assert "winmail.dat" in read(message.as_bytes()).notes[0]


def test_a_spoofed_head_is_shown_as_what_it_is():
    found = read(
        b'From: "certs@desk.practice.example" <evil@evil.example>\r\nFrom: certs@desk.practice.example\r\nSubject: x\r\n\r\nx'
    )
    assert found.sender == "evil@evil.example"
    assert any("別のアドレス" in note for note in found.notes) and any("ふたつ以上" in note for note in found.notes)


def test_line_ends_and_marks_of_direction_do_not_survive_in_heads_and_names():
    subject = base64.b64encode("a\r\nBcc: x@y\x00\u202egpj.exe".encode()).decode()
    found = read(raw(f"Subject: =?utf-8?B?{subject}?=".encode()))
    assert found.subject == "a Bcc: x@y gpj.exe"


# Signatures


@pytest.fixture
def signer(card, authorities):
    def made(mail_address=DESK, authority=None):
        key, der = card(mail_address, authority=authority)
        return key, der, (authority or authorities.seal)

    return made


def judged(data, authority):
    return read(data, [ca.der(authority.root)], [ca.der(authority.issuing)]).signature


def signed_by(holder, message):
    key, der, authority = holder
    return smime.signed(
        message.as_bytes(), der, authority.chain, lambda data: key.sign(data, ec.ECDSA(hashes.SHA256()))
    )


def test_a_signed_mail_of_the_desk_is_good_and_its_content_is_read(signer):
    holder = signer()
    message = mail(Message_ID="<1@desk>", Date="Mon, 23 Nov 2026 16:00:00 +0900")
    message.add_attachment(b"PK", maintype="application", subtype="zip", filename="証明書.zip")
    data = signed_by(holder, message)
    signature = judged(data, holder[2])
    assert (signature.state, signature.mails) == ("good", (DESK,)) and "Practice S/MIME CA" in signature.issuer
    found = read(data)
    assert found.text == "本文です。" and [each.name for each in found.attachments] == ["証明書.zip"]
    assert found.signature.state == "unknown"


def test_one_changed_byte_breaks_the_signature(signer):
    holder = signer()
    data = signed_by(holder, mail(Message_ID="<1@desk>", Date="Mon, 23 Nov 2026 16:00:00 +0900"))
    at = data.index(base64.b64encode("本文です。".encode())[:8])
    changed = data[:at] + (b"7" if data[at : at + 1] != b"7" else b"6") + data[at + 1 :]
    assert judged(changed, holder[2]).state == "broken"
    assert judged(data.replace(b"\r\n", b"\n"), holder[2]).state == "good"


def test_a_signer_whom_no_registered_authority_knows_is_unknown(signer, authorities):
    holder = signer(authority=ca.Authority())
    data = signed_by(holder, mail(Message_ID="<1@desk>", Date="Mon, 23 Nov 2026 16:00:00 +0900"))
    assert judged(data, authorities.seal).state == "unknown"


@pytest.mark.parametrize("options", [["-nodetach"], [], ["-nodetach", "-stream"]], ids=["opaque", "detached", "ber"])
@pytest.mark.parametrize("digest", ["sha256", "sha1"])
def test_what_openssl_signs_is_judged(tmp_path, signer, options, digest):
    key, der, authority = signer()
    kind = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (tmp_path / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, *kind))
    (tmp_path / "c.der").write_bytes(der)
    (tmp_path / "mail").write_bytes(b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + "署名した本文".encode())
    subprocess.run(["openssl", "x509", "-inform", "DER", "-in", "c.der", "-out", "c.pem"], cwd=tmp_path, check=True)
    words = ["openssl", "cms", "-sign", "-in", "mail", "-signer", "c.pem", "-inkey", "key.pem", "-md", digest, *options]
    data = subprocess.run(
        [*words, "-from", DESK, "-subject", "x"], cwd=tmp_path, capture_output=True, check=True
    ).stdout
    assert judged(data, authority).state == ("good" if digest == "sha256" else "unknown")
    assert read(data).text == "署名した本文"


def test_an_encrypted_mail_is_said_to_be_one():
    head = b"Subject: x\r\nContent-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m"
    enveloped = bytes.fromhex("300b06092a864886f70d010703")
    found = read(raw(head + b"\r\nContent-Transfer-Encoding: base64", base64.b64encode(enveloped)))
    assert "暗号化されたメール" in found.notes[0] and found.signature is None


# Outlook


def test_a_mail_saved_by_outlook_gives_the_same_value():
    texts = {
        outlook_file.SUBJECT: "証明書の送付", outlook_file.NAME: "サービス窓口, 認証局", outlook_file.SMTP: DESK,
        outlook_file.BODY: "本文です。\r\n2行目", outlook_file.MESSAGE_ID: "<1@desk>", outlook_file.IN_REPLY_TO: "<2@us>",
    }  # fmt: skip
    data = outlook_file.saved(outlook_file.message(texts, [("証明書.zip", b"PK" * 5000), ("小さい.cer", b"x")]))
    found = read(data)
    assert (found.sender, found.sender_name, found.subject) == (DESK, "サービス窓口, 認証局", "証明書の送付")
    assert (found.text, found.message_id, found.answers) == ("本文です。\n2行目", "<1@desk>", ("<2@us>",))
    assert found.sent_at == datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
    assert [(each.name, each.data) for each in found.attachments] == [
        ("証明書.zip", b"PK" * 5000),
        ("小さい.cer", b"x"),
    ]


def test_outlooks_own_copy_of_the_head_is_preferred_and_old_files_are_read():
    head = (
        f"Microsoft Mail Internet Headers Version 2.0\r\nFrom: desk <{DESK}>\r\nMessage-ID: <9@desk>\r\n\r\n--part\r\n"
    )
    texts = {
        outlook_file.HEADERS: head,
        outlook_file.SUBJECT: "失効完了",
        outlook_file.BODY: "完了",
        outlook_file.NAME: "別",
    }
    found = read(outlook_file.saved(outlook_file.message(texts, narrow="cp932")))
    assert (found.sender, found.message_id, found.subject, found.text) == (DESK, "<9@desk>", "失効完了", "完了")


def test_a_mail_within_a_mail_of_outlook_is_inside():
    inner = outlook_file.message(
        {outlook_file.SUBJECT: "内", outlook_file.SMTP: DESK, outlook_file.BODY: "b"}, [("c.zip", b"PK")], is_inner=True
    )
    outer = {outlook_file.SUBJECT: "外", outlook_file.SMTP: "sato@shinsei.example", outlook_file.BODY: "a"}
    found = read(outlook_file.saved(outlook_file.message(outer, inside=[inner])))
    assert [each.subject for each in found.everything()] == ["外", "内"]
    assert found.inside[0].attachments[0].name == "c.zip"


def test_a_signed_mail_saved_by_outlook_is_judged(signer):
    holder = signer()
    data = signed_by(holder, mail(Message_ID="<1@desk>", Date="Mon, 23 Nov 2026 16:00:00 +0900"))
    texts = {outlook_file.CLASS: "IPM.Note.SMIME.MultipartSigned", outlook_file.SMTP: DESK, outlook_file.SUBJECT: "x"}
    saved = outlook_file.saved(outlook_file.message(texts, [("smime.p7m", data)]))
    assert judged(saved, holder[2]).state == "good" and read(saved).text == "本文です。"


def test_another_or_a_damaged_compound_file_is_refused():
    whole = outlook_file.saved(outlook_file.message({outlook_file.SUBJECT: "x", outlook_file.SMTP: DESK}))
    for data in (outlook_file.saved({"WordDocument": b"x" * 5000}), whole[:700], whole[:512] + b"\xff" * 2000):
        with pytest.raises(Unreadable):
            read(data)


# Hostile


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"PK\x03\x04" + bytes(200), b"<html><p>x</p>", b"\r\n\r\nbody", b"Subject: x\r\n\r\ny"]
)
def test_what_is_no_mail_is_refused(data):
    with pytest.raises(Unreadable, match="メールのファイルではない"):
        read(data)


def nested(depth):
    data = b"Content-Type: text/plain\r\n\r\nx"
    for number in range(depth):
        mark = b"b%d" % number
        data = (
            b"Content-Type: multipart/mixed; boundary="
            + mark
            + b"\r\n\r\n--"
            + mark
            + b"\r\n"
            + data
            + b"\r\n--"
            + mark
            + b"--"
        )
    return b"From: a@b.example\r\nSubject: x\r\n" + data


def forwarded(depth):
    data = b"From: a@b.example\r\nSubject: x\r\n\r\nx"
    for _ in range(depth):
        data = b"From: a@b.example\r\nSubject: x\r\nContent-Type: message/rfc822\r\n\r\n" + data
    return data


MANY = raw(b"Subject: x\r\nContent-Type: multipart/mixed; boundary=q", b"--q\r\n\r\nx\r\n" * 10_000 + b"--q--")
BOMBS = {
    "10,000 parts": MANY,
    "nested multiparts": nested(200),
    "nested mails": forwarded(200),
    "long head": raw(b"Subject: " + b"x" * 1_000_000),
    "many headers": raw(b"X: y\r\n" * 5000 + b"Subject: x"),
    "too large": raw(b"Subject: x", b"x" * (25 * 1024 * 1024)),
    "101 files": raw(
        b"Subject: x\r\nContent-Type: multipart/mixed; boundary=q",
        b"--q\r\nContent-Type: image/png\r\n\r\nx\r\n" * 101 + b"--q--",
    ),
}


@pytest.mark.parametrize("name", sorted(BOMBS))
def test_a_bomb_is_refused_at_once(name):
    began = time.monotonic()
    with pytest.raises(Unreadable, match=r"多すぎ|長すぎ|大きすぎ"):
        read(BOMBS[name])
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    "head, body",
    [
        (b"Subject: =?utf-8?B?!!!!?=", b"x"),
        (b"Subject: =?x-none?Q?=ff?= \xff\xfe", b"x"),
        (b"Subject: x\r\nDate: not a date\r\nMessage-ID: <<<>>>", b"x"),
        (b"Subject: x\r\nDate: Mon, 99 Nov 99999 99:99:99 +9999", b"x"),
        (b"To: " + b"(" * 5000 + b"<a@b>\r\nSubject: x", b"x"),
        (b"Subject: x\r\nContent-Type: multipart/mixed", b"--x\r\n\r\ny"),
        (b"Subject: x\r\nContent-Type: multipart/mixed; boundary=\"\"", b"--\r\n\r\ny"),
        (b"Subject: x\r\nContent-Type: multipart/signed; boundary=q; protocol=\"application/pkcs7-signature\"", b"--q\r\n\r\ny\r\n--q\r\nContent-Type: application/pkcs7-signature\r\n\r\nzz\r\n--q--"),
        (b"Subject: x\r\nContent-Type: ;;;=\"\r\nContent-Transfer-Encoding: base64", b"=====A"),
        (b"Subject: x\r\nContent-Type: application/zip; name*0*=x'%\r\nContent-Disposition: attachment; filename*=a'b", b"y"),
        (b"Subject: x\r\nContent-Type: message/rfc822", b"\xff\xff"),
        (b"Subject: x\r\nContent-Type: text/html", b"<!" * 2000 + b"<![CDATA[<p>x"),
    ],
    ids=lambda value: value[:40].decode("ascii", "replace") if isinstance(value, bytes) else None,
)  # fmt: skip
def test_damage_is_read_or_refused_but_never_breaks_the_reader(head, body):
    try:
        found = read(raw(head, body))
    except Unreadable:
        return
    assert found.sender == DESK


def test_a_huge_broken_base64_is_read_and_said():
    head = b"Subject: x\r\nContent-Type: application/zip; name=a.zip\r\nContent-Transfer-Encoding: base64"
    found = read(raw(head, b"A!!" * 1_000_000))
    assert "壊れています" in found.notes[0]
