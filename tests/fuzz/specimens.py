"""Valid files for each reader, small and of every kind it takes; all from worlds.py, so nearly the same in every run."""

import io
import json
import zipfile
from datetime import timedelta
from email.message import EmailMessage
from email.policy import SMTP
from functools import cache
from pathlib import Path

import pyzipper
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ReasonFlags, ocsp

from tests import ca, importing, outlook_file, revocation, signed_files, stamping
from tests.fuzz import asn1, formats, papers
from tests.fuzz.worlds import AT, JOB_KEY, MAIL, PASSWORD, signer, template, world
from tests.test_station_protocol import NOW, ORIGIN, PAYLOADS, STATION, TOKEN, job
from tokens import signing_record, smime, wire
from tokens.station import payloads, protocol
from webapp.mails.frame import letter as framed
from webapp.papers import delivery, form_mapping, plain
from webapp.profiles import checking

PROFILES = Path(checking.__file__).parent


def requests():
    extensions = [x509.SubjectAlternativeName([x509.RFC822Name(MAIL)]), x509.KeyUsage(*[True] + [False] * 8)]
    made = [ca.csr(world().key), ca.csr(world().key, extensions=extensions)]
    return [*map(ca.pem, made), *map(ca.der, made)]


def certificates():
    one, issuing = world().leaf, world().code.issuing
    return [ca.der(one), ca.pem(one), ca.pem(one) + ca.pem(issuing), signer().p7b, signer().p7b_pem]


def cards():
    return [ca.der(world().card), ca.pem(world().card), ca.der(world().person)]


def opened(data):
    try:
        archive = pyzipper.AESZipFile(io.BytesIO(data))
        archive.setpassword(PASSWORD.encode())
        return [(each.filename, archive.read(each)) for each in archive.infolist()]
    except (zipfile.BadZipFile, RuntimeError, ValueError, OSError, NotImplementedError, KeyError, EOFError, IndexError):
        return []
    except Exception as error:  # noqa: BLE001 - zlib.error, struct.error, UnicodeError of a ZIP spoilt before
        return [] if type(error).__name__ in ("error", "UnicodeDecodeError", "BadZipFile") else _again(error)


def _again(error):
    raise error


def encrypted(files):
    out = io.BytesIO()
    with pyzipper.AESZipFile(out, "w", compression=pyzipper.ZIP_DEFLATED) as archive:
        archive.setpassword(PASSWORD.encode())
        archive.setencryption(pyzipper.WZ_AES, nbits=256)
        for name, content in files:
            archive.writestr(name, content)
    return out.getvalue()


def deliveries():
    leaf, chain = world().leaf, ca.pem(world().code.issuing) + ca.pem(world().code.root)
    files = [("readme.txt", b"hello"), ("証明書.cer", ca.der(leaf)), ("ca.pem", chain)]
    return [encrypted(files), encrypted([("a.p7b", signer().p7b)]), formats.stored(files)]


def signed_things():
    der = signer().der
    jar = signed_files.jar(der)
    zipped = formats.stored([("a.exe", signed_files.program(der)), ("b.cer", ca.der(world().leaf))])
    programs = [signed_files.program(der, signer().nested), signed_files.program(der, is_64=False)]
    return [
        *programs,
        signed_files.script(der),
        jar,
        zipped,
        der,
        signer().pem,
        signer().nested,
        *certificates(),
        papers.sealed()[0],
    ]


def within(data, random):
    """A program: the signature in it, or a number of its headers."""
    at = data.find(signer().der)
    if at < 0 or random.random() < 0.4:
        place = random.randrange(min(0x3C, len(data)), min(len(data), 0x150) + 1)
        return (
            data[:place]
            + random.choice((0, 1, 0xFFFFFFFF, 0x7FFFFFFF, 8, 200)).to_bytes(4, "little")
            + data[place + 4 :]
        )
    return signed_files.program(asn1.der(signer().der, random))


def attestations():
    leaf = world().leaf.public_key()
    return [world().yubico.bundle(leaf), ca.der(world().yubico.attestation(leaf))]


@cache
def person_list():
    return revocation.crl(world().seal, (world().person, ReasonFlags.key_compromise))


def lists():
    entries = [(world().leaf, ReasonFlags.key_compromise), (world().code.issuing, None)]
    point = x509.IssuingDistributionPoint([x509.UniformResourceIdentifier(ca.CRL_URL)], None, False, False, None, False, False)  # fmt: skip
    more = [(x509.CRLNumber(7), False), (point, True)]
    return [
        revocation.crl(world().code, *entries),
        revocation.crl(world().code, *entries, extensions=more),
        revocation.crl(world().code),
    ]


def lists_to_sign():
    return [x509.load_der_x509_crl(each).tbs_certlist_bytes for each in lists()]


def _answers():
    how = {"status": ocsp.OCSPCertStatus.REVOKED, "reason": ReasonFlags.superseded}
    long = {"ends": timedelta(days=3650)}
    return [revocation.response(world().code, world().leaf, **each) for each in (long, long | how)]


def answers():
    return [each.public_bytes(Encoding.DER) for each in _answers()]


def answers_to_sign():
    return [each.tbs_response_bytes for each in _answers()]


def stamps():
    signed = stamping.signature_of(world().key, world().leaf, said_at=AT)
    token = world().stamper.token(stamping.value_of(signed), AT)
    return [stamping.stamped(signed, token), signed.dump()]


def records():
    words = {
        "name": "計測.exe",
        "release": "1.0",
        "sha256": "ab" * 32,
        "sha256_before": "cd" * 32,
        "signed_at": AT,
        "tool": "x",
    }
    made = [
        signing_record.SigningRecord(**words, certificate=ca.der(world().leaf), signature=each)
        for each in (*stamps(), None)
    ]
    return [*map(signing_record.to_bytes, made), *(signed_files.program(each) for each in stamps())]


def _mail(text="本文です。CS-2026-0012", **more):
    message = EmailMessage()
    head = {
        "From": "サービス窓口 <certs@desk.example>",
        "To": "鈴木 花子 <suzuki@shinsei.example>",
        "Subject": "証明書の送付",
    }
    head |= {"Date": "Mon, 23 Nov 2026 16:00:00 +0900", "Message-ID": "<1@desk>", "References": "<0@us> <2@us>"} | more
    for name, value in head.items():
        message[name] = value
    message.set_content(text)
    return message


def mails():
    rich = _mail()
    rich.add_alternative("<p>本文<br><script>x</script><a href='http://x'>y</a></p>", subtype="html")
    rich.add_attachment(b"PK\x03\x04", maintype="application", subtype="zip", filename="証明書.zip")
    outer = _mail("転送します。")
    outer.add_attachment(rich)
    jis = b"From: a <a@b.example>\r\nSubject: =?iso-2022-jp?B?GyRCPXBMPhsoQg==?=\r\nContent-Type: text/plain; charset=iso-2022-jp\r\n\r\n"  # fmt: skip
    return [
        _mail().as_bytes(),
        rich.as_bytes(),
        outer.as_bytes(),
        jis + "署名".encode("iso-2022-jp"),
        *signed_letters(),
    ]


@cache
def letter():
    message = framed(
        ("田中 一郎", MAIL),
        [("", "certs@desk.example")],
        "【コード署名用証明書 新規発行申請】CS-2026-0012",
        "本文\n" * 9,
    )
    message["Date"] = "Mon, 23 Nov 2026 16:00:00 +0900"
    message.add_attachment(bytes(range(256)), maintype="application", subtype="octet-stream", filename="a.xlsx")
    return message.as_bytes(policy=SMTP)


@cache
def signed_letters():
    head = world().head
    chain = world().seal.chain
    return [smime.signed(letter(), ca.der(head.certificate), each, lambda d: head.key.sign(d, ec.ECDSA(hashes.SHA256()))) for each in ([], chain)]  # fmt: skip


def outlook():
    words = {outlook_file.SUBJECT: "証明書の送付", outlook_file.BODY: "本文", outlook_file.SMTP: "a@b.example", outlook_file.HTML: "<p>x</p>"}  # fmt: skip
    inner = outlook_file.message(words, is_inner=True)
    full = outlook_file.message(words, [("証明書.zip", b"PK\x03\x04" * 2000)], [inner])
    old = outlook_file.message(
        {outlook_file.SUBJECT: "件名", outlook_file.HEADERS: "From: a@b.example\r\n"}, narrow="cp932"
    )
    return [*map(outlook_file.saved, (outlook_file.message(words), full, old))]


def tables():
    lines = "\r\n".join([importing.HEADS, importing.GOOD, importing.GOOD])
    tabs = "\ufeff" + lines.replace(",", "\t")
    return [lines.encode(), lines.encode("cp932"), tabs.encode("utf-16-le"), ca.pem(world().leaf)]


def profiles():
    return [path.read_bytes() for path in sorted(PROFILES.glob("*.toml"))]


def mappings():
    blank, mapping, _ = template()
    seal = {"page": 1, "left": 150, "top": 108, "width": 25, "height": 22}
    return [form_mapping.exported("issue", "様式", mapping["places"], each) for each in (None, seal)]


def envelopes():
    return [protocol.signed(job(kind), JOB_KEY)[0].encode() for kind in PAYLOADS]


def results():
    value = payloads.SealedPdf(pdf=b"%PDF-1.7 \xff", token=payloads.Token(**TOKEN))
    return [protocol.result("done", value), protocol.result("rejected", reason="やめました。")]


def messages():
    return [wire.pack({"act": "sign", "args": [1, "a", b"\0\xff", None], "more": {"deep": [b"x"]}})]


def plain_values():
    found = delivery.open_zip(deliveries()[0], PASSWORD)
    return [plain.encode(["value", each]) for each in (found, (1, AT, 2**2000), {"a": b"\0", AT.date(): [None, 1.5]})]


__all__ = ["NOW", "ORIGIN", "STATION", "json"]
