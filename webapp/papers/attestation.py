"""A key attestation: a manufacturer's word, in certificates, that a key was made inside its device and never left it.

Read is YubiKey's (Yubico, "PIV Attestation"): a certificate over the attested key, issued by the device's own F9
certificate, issued by Yubico. Its extensions are raw bytes below 1.3.6.1.4.1.41482.3: .3 firmware (three bytes),
.7 serial (DER INTEGER), .8 PIN and touch policy (two bytes), .9 form factor (one byte, from 0x80 on of FIPS models), .10 FIPS (present).
Anything else is not verified here; whoever reads it at the CA decides.
"""

from dataclasses import dataclass

from cryptography import x509

from webapp.errors import Unreadable
from webapp.papers import armour, certificate

_YUBICO = "1.3.6.1.4.1.41482.3."
FIRMWARE, SERIAL, POLICY, FORM, FIPS = (_YUBICO + last for last in ("3", "7", "8", "9", "10"))
_PIN = {1: "PIN不要", 2: "PINは接続ごとに1回", 3: "PINは毎回"}
_TOUCH = {1: "タッチ不要", 2: "タッチは毎回", 3: "タッチは15秒間有効"}
_FORMS = {1: "USB-A", 2: "USB-A Nano", 3: "USB-C", 4: "USB-C Nano", 5: "USB-C・Lightning", 6: "USB-A 生体認証", 7: "USB-C 生体認証"}  # fmt: skip
_LONGEST_PATH = 6


@dataclass(frozen=True)
class Attestation:
    """What an attestation file says. `is_verified`: the path to a trusted root holds and the attested key is the asked
    one; `is_other_key`: it is about another key; `sentence` (Japanese) says why. `details`: (label, words)."""

    is_verified: bool
    is_other_key: bool
    sentence: str
    spki_sha256: str = ""
    serial: str = ""
    details: tuple = ()


def read(data, spki_sha256, roots, others, at):
    """The Attestation in `data` (PEM or DER certificates, P7B) about the key with the hash `spki_sha256`, judged by
    `roots` and `others` (DER) at an instant. PrivateKeyPasted when a private key is among it."""
    try:
        found = certificate.read_all(data)
        leaf = _leaf(found, spki_sha256)
        if leaf is None:
            return _unverified("YubiKeyのアテステーション証明書ではありません。この形式は、しるしでは検証できません。")
        return _judged(leaf, found, spki_sha256, roots, others, at)
    except armour.PrivateKeyPasted:
        raise
    except Unreadable as refusal:
        return _unverified(f"証明書として読み取れません。{refusal.message}")


def _leaf(found, spki_sha256):
    """The attestation among the certificates, about the asked key if one is."""
    own = [each for each in found if {FIRMWARE, SERIAL} <= set(each.extensions.present) and not each.extensions.is_ca]
    return next((each for each in own if each.spki_sha256 == spki_sha256), own[0] if own else None)


def _judged(leaf, found, spki_sha256, roots, others, at):
    said = _said(leaf)
    if leaf.spki_sha256 != spki_sha256:
        sentence = "アテステーションが証明する鍵は、この申請のCSRの鍵ではありません。"
        return Attestation(False, True, sentence, leaf.spki_sha256, **said)
    reason = _fault_of_path(leaf, found, [certificate.read(der) for der in roots], others, at)
    if reason:
        return Attestation(False, False, reason, leaf.spki_sha256, **said)
    sentence = "アテステーションは、登録されたメーカーのルート認証局まで検証できました。鍵はCSRの鍵です。"
    return Attestation(True, False, sentence, leaf.spki_sha256, **said)


def _fault_of_path(leaf, found, roots, others, at):
    """Why the leaf does not lead to a trusted root, or an empty string. Each step up must be a CA's, and all must be
    valid at the instant."""
    candidates = [each for each in (*found, *map(certificate.read, others)) if each.extensions.is_ca]
    path = [leaf]
    while len(path) <= _LONGEST_PATH:
        if any(each.not_before > at or each.not_after < at for each in path):
            return "アテステーションの証明書の中に、有効期間の外にあるものがあります。"
        root = next((each for each in roots if certificate.issued(each, path[-1])), None)
        if root is not None:
            valid = root.not_before <= at <= root.not_after
            return "" if valid else "登録されたルート認証局の有効期限が切れています。"
        above = next((each for each in candidates if each not in path and certificate.issued(each, path[-1])), None)
        if above is None:
            break
        path.append(above)
    if len(path) == 1:
        return "デバイスの中間証明書(F9)がありません。アテステーション証明書と一緒に、1つのファイルにしてください。"
    return "メーカーのルート認証局が、しるしに登録されていません。管理者が「アテステーションの確認」の用途で登録すると、検証できます。"


def _said(leaf):
    """What the extensions say, for people: {serial, details}; what is malformed is left out."""
    raw = {
        each.oid.dotted_string: each.value.value
        for each in x509.load_der_x509_certificate(leaf.der).extensions
        if isinstance(each.value, x509.UnrecognizedExtension)
    }
    firmware, serial, policy, form = (raw.get(oid, b"") for oid in (FIRMWARE, SERIAL, POLICY, FORM))
    number = str(int.from_bytes(serial[2:], "big")) if serial[:1] == b"\x02" and 0 < len(serial[2:]) <= 8 else ""
    details = [
        ("製造元", "Yubico"),
        ("ファームウェア", ".".join(map(str, firmware)) if len(firmware) == 3 else ""),
        ("シリアル番号", number),
        ("PINとタッチ", "、".join(_policies(policy)) if len(policy) == 2 else ""),
        ("形状", _FORMS.get(form[0] & 0x0F, "") if len(form) == 1 else ""),
        ("FIPS認証モデル", "はい" if FIPS in raw or form[:1] >= b"\x80" else "記載なし"),
    ]
    return {"serial": number, "details": tuple((label, words) for label, words in details if words)}


def _policies(policy):
    return filter(None, (_PIN.get(policy[0]), _TOUCH.get(policy[1])))


def _unverified(sentence):
    return Attestation(False, False, sentence)
