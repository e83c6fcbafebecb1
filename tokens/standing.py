"""May something be signed with this certificate now? What the certificate says itself, and what the register's file of its
standing says (USE-01). That file is signed by nobody and dated; it is believed for a day."""

import hashlib
import json
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from tokens import certificates
from tokens.terminal import Complaint

KIND = "shirushi.standing/1"
BELIEVED = timedelta(hours=24)
SKEW = timedelta(minutes=10)
GET_ANOTHER = "証明書の画面の「署名簿」から、証明書の状態を保存し直してください。"


def require_valid(certificate):
    """Raise Complaint for a certificate that has ended, has not begun, or is not for code signing."""
    now = datetime.now(UTC)
    ends = certificate.not_valid_after_utc.astimezone(certificates.JAPAN)
    if now > certificate.not_valid_after_utc:
        raise Complaint(
            f"この証明書の有効期間は、{ends:%Y年%-m月%-d日 %H:%M}に終わっています。署名しません。",
            "新しい証明書を使ってください。",
        )
    if now < certificate.not_valid_before_utc:
        raise Complaint(
            "この証明書の有効期間は、まだ始まっていません。署名しません。", "このパソコンの時計をお確かめください。"
        )
    try:
        purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        purposes = ()
    if ExtendedKeyUsageOID.CODE_SIGNING not in purposes:
        raise Complaint("コード署名用の証明書ではありません。", "証明書のファイルを選び直してください。")


def require_standing(certificate, data):
    """Raise Complaint unless the standing file (bytes) is of this certificate, of today, and lets it be used."""
    told = _read(data)
    issuer = hashlib.sha256(certificate.issuer.public_bytes()).hexdigest()
    if (told["serial"], told["issuer_sha256"]) != (certificates.serial_hex(certificate), issuer):
        raise Complaint("別の証明書の状態のファイルです。", GET_ANOTHER)
    age = datetime.now(UTC) - told["at"]
    if not -SKEW <= age <= BELIEVED:
        raise Complaint("証明書の状態のファイルが、24時間以内のものではありません。", GET_ANOTHER)
    faults = {
        "revoked": "この証明書は失効しています。",
        "blocked": "この証明書の鍵は、危殆化のため使用を止めています。",
    }
    for name, fault in faults.items():
        if told[name]:
            raise Complaint(f"{fault}署名しません。", "登録担当者に連絡してください。")
    if not told["accepted"]:
        raise Complaint(
            "この証明書は、利用開始の確認が済んでいません。署名しません。",
            "しるしの申請の画面で、利用を始めてください。",
        )


def _read(data):
    try:
        told = json.loads(data)
        found = {"at": datetime.fromisoformat(told["at"])} | {name: told[name] for name in ("serial", "issuer_sha256")}
        found |= {name: told[name] for name in ("accepted", "revoked", "blocked")}
        is_told = all(isinstance(found[name], bool) for name in ("accepted", "revoked", "blocked"))
        if told["kind"] == KIND and found["at"].tzinfo and is_told:
            return found
    except (ValueError, TypeError, KeyError, RecursionError):
        pass
    raise Complaint("証明書の状態のファイルとして読み取れません。", GET_ANOTHER)
