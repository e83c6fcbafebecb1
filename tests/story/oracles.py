"""Independent judges: openssl, pdfsig, pdftotext, pkcs11-tool and python-calamine. Each raises NotAsTold with what it
said, or returns what it found."""

import hashlib
import os
import re
import subprocess
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPConnection
from io import BytesIO
from urllib.parse import urlsplit

from python_calamine import load_workbook

from tests.person import NotAsTold

PROOF = b"SHIRUSHI-PROOF-v1\0"  # what a proof begins with (tokens/proof.py), spelt out here once more
LONGEST_DAYS = 460  # CSBR 6.3.2 since 2026-03-01


@dataclass(frozen=True)
class Request:
    """A CSR as openssl reads it: `key` such as "RSA 3072" or "P-256", the public key as PEM."""

    subject: str
    key: str
    public_key: bytes


def request(csr):
    """openssl req -verify on a CSR (PEM)."""
    done = subprocess.run(["openssl", "req", "-verify", "-noout", "-text"], input=csr, capture_output=True, timeout=30)
    said = done.stdout.decode() + done.stderr.decode()
    if done.returncode or "verify OK" not in said:
        raise NotAsTold(f"openssl req -verify: {said}")
    curve, bits = re.search(r"NIST CURVE: (\S+)", said), re.search(r"Public-Key: \((\d+) bit\)", said)
    subject = _run("openssl", "req", "-noout", "-subject", "-nameopt", "RFC2253", given=csr).decode().strip()
    public_key = _run("openssl", "req", "-noout", "-pubkey", given=csr)
    return Request(subject.removeprefix("subject="), curve[1] if curve else f"RSA {bits[1]}", public_key)


def text_of(pdf, folder):
    """What pdftotext reads in a PDF."""
    return _run("pdftotext", _kept(folder, "form.pdf", pdf), "-").decode()


def cells_of(xlsx):
    """Every value of the first sheet, as python-calamine reads it."""
    rows = load_workbook(BytesIO(xlsx)).get_sheet_by_index(0).to_python()
    return [str(cell).strip() for row in rows for cell in row if str(cell).strip()]


def seal(pdf, folder):
    """pdfsig on a sealed PDF: exactly one signature, valid, over the whole document. Returns the signer's name."""
    said = _run("pdfsig", "-nocert", _kept(folder, "sealed.pdf", pdf)).decode()
    names = re.findall(r"Signer Certificate Common Name: (.+)", said)
    if len(names) != 1 or "Signature is Valid." not in said or "- Total document signed" not in said:
        raise NotAsTold(f"pdfsig: {said}")
    return names[0]


def certificate(chain, csr, root, folder):
    """openssl on a delivered certificate: `chain` PEM, the leaf first; `root` DER from the CA's own page. It verifies up
    to that root, is not revoked by the CRL that it names, signs code, lives no longer than allowed and has the key of
    the CSR. Returns its days."""
    leaf, *others = [part + b"-----END CERTIFICATE-----\n" for part in chain.split(b"-----END CERTIFICATE-----")[:-1]]
    leaf_file, others_file = _kept(folder, "leaf.pem", leaf), _kept(folder, "others.pem", b"".join(others))
    trusted = _run("openssl", "x509", "-inform", "DER", given=root)
    listed = _run("openssl", "crl", "-inform", "DER", given=fetched(_list_address(leaf)))
    anchors = _kept(folder, "root.pem", trusted)
    crl = _kept(folder, "issuing.crl", listed)
    _run("openssl", "verify", "-CAfile", anchors, "-untrusted", others_file, "-CRLfile", crl, "-crl_check", leaf_file)
    if b"Code Signing" not in _run("openssl", "x509", "-noout", "-ext", "extendedKeyUsage", given=leaf):
        raise NotAsTold("openssl x509: the certificate does not say Code Signing")
    if _run("openssl", "x509", "-noout", "-pubkey", given=leaf) != request(csr).public_key:
        raise NotAsTold("openssl x509: the certificate has another key than the CSR")
    return _days(leaf)


def serial(chain):
    """The serial of the first certificate (PEM) in lower-case hex."""
    told = _run("openssl", "x509", "-noout", "-serial", given=chain).decode()
    return told.strip().removeprefix("serial=").lower()


def _days(leaf):
    told = _run("openssl", "x509", "-noout", "-dates", "-dateopt", "iso_8601", given=leaf).decode()
    begin, end = (datetime.fromisoformat(moment) for moment in re.findall(r"=(.+)Z", told))
    days = (end - begin).total_seconds() / 86400
    if days > LONGEST_DAYS:
        raise NotAsTold(f"openssl x509: the certificate lives {days:.1f} days")
    return round(days)


def _list_address(leaf):
    told = _run("openssl", "x509", "-noout", "-ext", "crlDistributionPoints", given=leaf).decode()
    return re.search(r"URI:(\S+)", told)[1]


def fetched(address):
    """The bytes at an http address, as any program would fetch them."""
    parts = urlsplit(address)
    connection = HTTPConnection(parts.netloc, timeout=30)
    try:
        connection.request("GET", parts.path)
        answer = connection.getresponse()
        data = answer.read()
    finally:
        connection.close()
    if answer.status != 200:
        raise NotAsTold(f"{address} は {answer.status} でした。")
    return data


def token_certificate(store, label, pin, chain, folder):
    """pkcs11-tool on a SoftHSM store: the certificate lies beside a private key of the same CKA_ID that cannot be taken
    out, and reads back byte for byte. Returns the CKA_ID (hex)."""
    wanted = _run("openssl", "x509", "-outform", "DER", given=chain)
    tool = _Tool(store, label, pin)
    private = tool.objects("privkey")
    for identity in tool.objects("cert"):
        path = os.fspath(folder / f"{identity}.der")
        tool.run("--read-object", "--type", "cert", "--id", identity, "--output-file", path)
        with open(path, "rb") as file:
            if file.read() == wanted:
                access = private.get(identity, "")
                if "never extractable" not in access:
                    raise NotAsTold(f"pkcs11-tool: the key beside the certificate is: {access or 'not there'}")
                return identity
    raise NotAsTold(f"pkcs11-tool: the certificate is not on the token「{label}」")


def sign_in_serials(store, label, pin, folder):
    """pkcs11-tool and openssl: the serials (lower-case hex) of the certificates on a token that are for signing in and for
    nothing else, each beside a private key."""
    tool, found = _Tool(store, label, pin), []
    private = tool.objects("privkey")
    for identity in private:
        path = os.fspath(folder / f"{identity}.der")
        tool.run("--read-object", "--type", "cert", "--id", identity, "--output-file", path)
        told = _run("openssl", "x509", "-inform", "DER", "-in", path, "-noout", "-serial", "-ext", "extendedKeyUsage")
        serial, _, purposes = told.decode().strip().partition("\n")
        if purposes.splitlines()[-1].strip() == "TLS Web Client Authentication":
            found.append(serial.removeprefix("serial=").lower())
    return found


def key_on_token(store, label, pin):
    """pkcs11-tool before there is a certificate: {CKA_ID: access} of the private keys."""
    return _Tool(store, label, pin).objects("privkey")


@dataclass(frozen=True)
class _Tool:
    store: object
    label: str
    pin: str

    def run(self, *words):
        env = os.environ | {"SOFTHSM2_CONF": str(self.store / "softhsm2.conf"), "STORY_PIN": self.pin}
        command = ["pkcs11-tool", "--module", "/usr/lib/softhsm/libsofthsm2.so", "--token-label", self.label]
        done = subprocess.run(
            [*command, "--login", "--pin", "env:STORY_PIN", *words], env=env, capture_output=True, text=True, timeout=60
        )
        if done.returncode:
            raise NotAsTold(f"pkcs11-tool {' '.join(words)}: {done.stderr}")
        return done.stdout

    def objects(self, kind):
        """{CKA_ID: access} of the objects of a type."""
        found = {}
        for part in re.split(r"(?m)^(?=\S)", self.run("--list-objects", "--type", kind)):
            identity, access = re.search(r"ID: +(\w+)", part), re.search(r"Access: +(.+)", part)
            if identity:
                found[identity[1]] = access[1] if access else ""
        return found


def proof(chain, nonce, signature, folder):
    """openssl dgst -verify: the key of the certificate (first in `chain`, PEM) signed this challenge (hex)."""
    der = _run("openssl", "x509", "-outform", "DER", given=chain)
    public_key = _kept(folder, "public.pem", _run("openssl", "x509", "-noout", "-pubkey", given=chain))
    signed = _kept(folder, "proof.sig", signature)
    told = PROOF + bytes.fromhex(nonce) + hashlib.sha256(der).digest()
    _run("openssl", "dgst", "-sha256", "-verify", public_key, "-signature", signed, given=told)


def _kept(folder, name, data):
    path = folder / name
    path.write_bytes(data)
    return os.fspath(path)


def _run(*words, given=b""):
    done = subprocess.run(words, input=given, capture_output=True, timeout=60)
    if done.returncode:
        raise NotAsTold(f"{' '.join(words[:3])}: {(done.stderr or done.stdout).decode(errors='replace')}")
    return done.stdout
