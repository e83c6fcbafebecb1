"""What was signed with a certificate, read from what is brought to the 署名簿: a record (tokens/signing_record.py) or the
signed program itself. Call it through guard.run: everything comes from outside."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from tokens import program_signature, signing_record
from webapp.errors import Unreadable
from webapp.papers import armour, certificate, identification, timestamp
from webapp.papers.identification import PrivateKeyPasted
from webapp.papers.identified import SIGNER

__all__ = ["PrivateKeyPasted", "SignedFile", "read"]

VERIFIED, BROKEN, NONE, UNKNOWN = "verified", "broken", "none", "unknown"
UNSEEN = "ファイルから署名を取り出せないため、タイムスタンプは確認していません。"


@dataclass(frozen=True)
class SignedFile:
    """`source` is "record" or "program"; hashes are lower-case hex, "" for a `sha256_before` nobody told; `signed_at` is aware
    or None. `stamp`: "verified", "broken" (`fault` says why), "none" (the signature has no time stamp) or "unknown"
    (nobody looked); `timestamped_at` and `authority` tell what a time stamp says, proven or not; `is_trusted` whether its
    authority leads to a trusted root, by `authority_pem` (its certificate, and what came with it)."""

    source: str
    name: str
    release: str
    sha256: str
    sha256_before: str
    signed_at: datetime | None
    tool: str
    stamp: str
    timestamped_at: datetime | None = None
    authority: str = ""
    fault: str = ""
    is_trusted: bool = False
    authority_pem: bytes = b""


def read(data, name, sha256, issuer_sha256, serial, roots=(), others=()):
    """The SignedFile of `data` (bytes of a file called `name`), signed with the certificate of this SHA-256 (hex, or None:
    then by `issuer_sha256` and `serial`, both hex); its time stamp judged by `roots` and `others` (DER). Raises Unreadable,
    PrivateKeyPasted."""
    wanted, anchors = (sha256, issuer_sha256, serial), (roots, others)
    if data.lstrip()[:1] == b"{":
        return _of_record(data, wanted, anchors)
    found = identification.identify(data, name)
    signers = [each.der for each in found.found if each.part == SIGNER]
    if not found.is_signed or not signers:
        raise Unreadable(
            "署名されたファイルでも、署名の記録でもありません。",
            "署名済みのプログラムか、python -m tokens sign が書き出した記録(.json)を選択してください。",
        )
    der = next((der for der in signers if _is(certificate.read(der), wanted)), None)
    if der is None:
        raise _another(certificate.read(signers[0]))
    signature = program_signature.signed_data(data)
    digest = hashlib.sha256(data).hexdigest()
    return _seen(der, signature, anchors, "program", name, "", digest, "", None, "")


def _of_record(data, wanted, anchors):
    try:
        record = signing_record.from_bytes(data)
    except ValueError:
        raise Unreadable(
            "署名の記録として読み取れません。",
            "python -m tokens sign が書き出したファイルを、そのまま選択してください。",
        ) from None
    told = certificate.read(record.certificate)
    if not _is(told, wanted):
        raise _another(told)
    values = (record.name, record.release, record.sha256, record.sha256_before or "", record.signed_at, record.tool)
    return _seen(record.certificate, record.signature, anchors, "record", *values)


def _seen(der, signature, anchors, source, name, release, sha256, sha256_before, signed_at, tool):
    told = timestamp.read(signature, der, *anchors) if signature else None
    if told is None and source == "record" and signature:
        raise Unreadable(
            "記録の中の署名は、この証明書によるものではありません。",
            "記録を作り直すか、署名したファイルを選択してください。",
        )
    if told is not None and not told.is_right:
        raise Unreadable(
            "署名が正しくありません。この証明書の鍵で作られたものではないか、壊れています。",
            "ファイルを入手し直してください。心当たりのない署名であれば、すぐに登録担当者に知らせてください。",
        )
    signed_at = signed_at or (told and told.signed_at)
    values = (source, name, release, sha256, sha256_before, signed_at or None, tool)
    if told is None:
        return SignedFile(*values, UNKNOWN, fault=UNSEEN)
    stamp = told.timestamp
    if stamp is None:
        return SignedFile(*values, NONE)
    if stamp.fault:
        return SignedFile(*values, BROKEN, stamp.at, stamp.authority, stamp.fault)
    pem = "".join(armour.pem("CERTIFICATE", each) for each in stamp.chain[: timestamp.LONGEST_CHAIN]).encode()
    return SignedFile(*values, VERIFIED, stamp.at, stamp.authority, "", stamp.is_trusted, pem)


def _is(held, wanted):
    sha256, *name = wanted
    return held.sha256 == sha256 if sha256 else [held.issuer_sha256, held.serial_hex] == name


def _another(held):
    return Unreadable(
        f"別の証明書で署名されています(シリアル番号 {held.serial_hex}、{held.subject})。",
        "その証明書の画面から登録してください。心当たりのない署名であれば、登録担当者に知らせてください。",
    )
