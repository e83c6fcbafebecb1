"""The CSR, as openssl reads it (reference: domain.md §4-5, rules DN and CSR)."""

import base64
import hashlib
import re
from dataclasses import dataclass

from webapp.practice.checks import FAULT, LOOK, Finding, judged
from webapp.practice.tools import run

TOOL = "openssl req"
LEAST_RSA = 3072
CURVES = ("P-256", "P-384", "P-521")
_NAMES = ("-nameopt", "sep_multiline,sname,utf8,esc_ctrl")


@dataclass(frozen=True)
class Request:
    """A CSR: `subject` ((short name, value), …) in encoded order, `verified` whether it signs itself, `spki` DER,
    `text` the long listing of openssl."""

    subject: tuple
    verified: bool
    spki: bytes
    text: str

    @property
    def spki_sha256(self):
        """Of the public key, hex."""
        return hashlib.sha256(self.spki).hexdigest()

    def found(self, pattern):
        """The first group of `pattern` in the listing, or ""."""
        match = re.search(pattern, self.text)
        return match[1] if match else ""


def read(data: bytes) -> Request | None:
    """The CSR in `data` (PEM or DER), or None if openssl cannot read it."""
    kind = "PEM" if data.lstrip().startswith(b"-----") else "DER"
    command = ("openssl", "req", "-inform", kind, "-noout")
    listing = run(*command, "-text", "-verify", data=data)
    public = run(*command, "-pubkey", data=data)
    if listing.code or public.code or not public.out:
        return None
    subject = run(*command, "-subject", *_NAMES, data=data)
    return Request(_subject(subject.text), "verify OK" in listing.err, _der(public.text), listing.text)


def examine(request: Request | None, known) -> list[Finding]:
    """Findings on the CSR alone. `known(spki_sha256)` tells whether this desk has certified that key before."""
    if request is None:
        return [Finding(FAULT, "CSRを読み取れません。PEM形式のPKCS#10か確認してください。", TOOL)]
    return [
        judged(
            request.verified,
            "CSRの署名は正しい署名です。",
            "CSRの署名を検証できません。CSRを作り直してください。",
            TOOL,
        ),
        _key(request),
        _hash(request),
        _names(request.subject),
        _fresh(known(request.spki_sha256)),
        *_extras(request),
    ]


def _key(request):
    bits = int(request.found(r"Public-Key: \((\d+) bit\)") or 0)
    curve = request.found(r"NIST CURVE: (\S+)")
    if request.found(r"Public Key Algorithm: (rsaEncryption)"):
        exponent = int(request.found(r"Exponent: (\d+)") or 0)
        right = bits >= LEAST_RSA and exponent % 2 == 1 and exponent >= 65537
        return judged(
            right,
            f"鍵はRSA {bits}ビットです。",
            f"鍵がRSA {bits}ビットです。{LEAST_RSA}ビット以上で作り直してください。",
            TOOL,
        )
    fault = "鍵の種類が使えません。RSA 3072ビット以上、または楕円曲線 P-256・P-384・P-521 で作り直してください。"
    return judged(curve in CURVES, f"鍵は楕円曲線 {curve} です。", fault, TOOL)


def _hash(request):
    name = request.found(r"Signature Algorithm: (\S+)")
    right = re.search(r"sha(256|384|512)", name, re.IGNORECASE)
    return judged(
        right, f"CSRの署名方式は {name} です。", f"CSRの署名方式 {name} は使えません。SHA-256以上にしてください。", TOOL
    )


def _names(subject):
    shorts = [short for short, _ in subject]
    wrong = [short for short in shorts if short not in ("C", "ST", "L", "O", "CN")]
    absent = [short for short in ("C", "ST", "L", "O", "CN") if short not in shorts]
    if wrong:
        return Finding(
            FAULT, f"主体者DNに使えない項目({'、'.join(wrong)})があります。除いてCSRを作り直してください。", TOOL
        )
    if absent or len(shorts) != 5 or dict(subject)["C"] != "JP":
        return Finding(
            FAULT, "主体者DNは C=JP と ST・L・O・CN を1つずつ含めてください。CSRを作り直してください。", TOOL
        )
    return judged(True, f"主体者DN: {', '.join(f'{short}={value}' for short, value in subject)}", "", TOOL)


def _fresh(known):
    fault = "この公開鍵には以前に証明書を発行しています。新しい鍵ペアでCSRを作り直してください。"
    return judged(not known, "公開鍵は、これまでに証明書を発行した鍵ではありません。", fault)


def _extras(request):
    if request.found(r"(challengePassword|email:)"):
        return [
            Finding(
                LOOK,
                "CSRに使われない属性(パスワードまたはメールアドレス)が含まれています。発行時には使いません。",
                TOOL,
            )
        ]
    return []


def _subject(text):
    pairs = (line.strip().partition("=") for line in text.splitlines()[1:] if "=" in line)
    return tuple((short, value) for short, _, value in pairs)


def _der(pem):
    return base64.b64decode("".join(pem.split("-----")[2].split()))
