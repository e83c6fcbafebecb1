"""Files that carry a certificate, made with openssl: signatures of all kinds round one signer, and where they lie."""

import base64
import io
import struct
import zipfile

from asn1crypto import cms
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests import ca
from tests.openssl import openssl

CATALOG, INDIRECT = "1.3.6.1.4.1.311.10.1", "1.3.6.1.4.1.311.2.1.4"
MANIFEST = b"Manifest-Version: 1.0\r\n\r\n"


class Maker:
    """A person with a code-signing certificate of `authority`, and a time-stamp authority; their files in `folder`."""

    def __init__(self, authority, folder):
        self.authority, self.folder = authority, folder
        self.key, self.second_key = ca.new_key(), ca.new_key()
        self.leaf = authority.code_signing(self.key.public_key())
        self.second = authority.code_signing(self.second_key.public_key())
        self.stamper = ca.Authority("Practice TSA").issuing
        self.key_pem = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        second = self.second_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        for name, certificate, key in (
            ("first", self.leaf, self.key_pem),
            ("second", self.second, second),
        ):
            self.write(f"{name}.pem", ca.pem(certificate))
            self.write(f"{name}.key", key)
        self.write("chain.pem", ca.pem(authority.issuing) + ca.pem(self.stamper))
        self.write("content", b"content")

    def write(self, name, data):
        (self.folder / name).write_bytes(data)
        return str(self.folder / name)

    def path(self, name):
        return str(self.folder / name)

    def sign(self, *options, by="first", form="DER"):
        """A SignedData by `openssl cms`, with the issuing CA and a time-stamp authority's certificate beside."""
        words = ["-in", self.path("content"), "-signer", self.path(f"{by}.pem"), "-inkey", self.path(f"{by}.key")]
        return openssl(
            "cms", "-sign", "-binary", *words, "-certfile", self.path("chain.pem"), "-outform", form, *options
        )

    def bundle(self, *certificates, form="DER"):
        """A .p7b by `openssl crl2pkcs7`."""
        path = self.write("bundle.pem", b"".join(map(ca.pem, certificates)))
        return openssl("crl2pkcs7", "-nocrl", "-certfile", path, "-outform", form)

    def nested(self):
        """A signature of the first person, and within it one of the second (Microsoft's nested signature)."""
        outer = cms.ContentInfo.load(self.sign("-econtent_type", INDIRECT))
        inner = cms.ContentInfo.load(self.sign("-econtent_type", INDIRECT, by="second"))
        signer = outer["content"]["signer_infos"][0]
        signer["unsigned_attrs"] = [{"type": "microsoft_nested_signature", "values": [inner]}]
        return outer.dump(force=True)

    def pkcs12(self):
        words = ["-in", self.path("first.pem"), "-inkey", self.path("first.key"), "-passout", "pass:Practice1"]
        return openssl("pkcs12", "-export", *words)


def program(*signatures, is_64=True, offset=None):
    """The smallest PE file with an attribute certificate table of these SignedData (PE format, "Optional Header"); a
    table that begins at `offset` if told."""
    start = 0x40
    optional = struct.pack("<H", 0x20B if is_64 else 0x10B) + bytes((112 if is_64 else 96) - 6)
    table = b"".join(_entry(each) for each in signatures)
    at = start + 24 + len(optional) + 4 + 16 * 8
    directories = [(0, 0)] * 16
    if signatures:
        directories[4] = (offset or at, len(table))
    header = b"MZ" + bytes(0x3A) + struct.pack("<I", start)
    image = b"PE\0\0" + bytes(20) + optional + struct.pack("<I", 16)
    return header + image + b"".join(struct.pack("<II", *each) for each in directories) + table


def _entry(signature):
    """A WIN_CERTIFICATE, padded to eight bytes."""
    padded = signature + bytes(-len(signature) % 8)
    return struct.pack("<IHH", 8 + len(padded), 0x0200, 2) + padded


def script(signature, before="# ", after="", mark="#", encoding="utf-8"):
    """A script of Windows with its signature block."""
    text = base64.b64encode(signature).decode()
    lines = [f"SIG {mark} Begin signature block"]
    lines += [text[at : at + 64] for at in range(0, len(text), 64)]
    lines += [f"SIG {mark} End signature block"]
    return ("Write-Host 1\r\n" + "\r\n".join(f"{before}{line}{after}" for line in lines) + "\r\n").encode(encoding)


def zipped(files, compression=zipfile.ZIP_DEFLATED):
    """A ZIP of {name: bytes}."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def jar(signature, ending="EC", **more):
    """A signed JAR; `more` are further members."""
    return zipped({"META-INF/MANIFEST.MF": MANIFEST, f"META-INF/ME.{ending}": signature, "a.class": b"x", **more})
