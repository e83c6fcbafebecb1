"""PEM, DER and what people paste instead: the first look at a text or file that should hold a CSR or a certificate."""

import base64
import re
from dataclasses import dataclass

from webapp.errors import Unreadable

MAX_BYTES = 64 * 1024

CSR = "CSR"
CERTIFICATE = "certificate"
PKCS7 = "PKCS#7"
PKCS12 = "PKCS#12"
PRIVATE_KEY = "private key"
PUBLIC_KEY = "public key"
UNKNOWN = "unknown"

_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 #]+)-----(.*?)-----END \1-----", re.DOTALL)
_PRIVATE = re.compile(r"PRIVATE[ _-]?KEY|PuTTY-User-Key-File|SSH2 ENCRYPTED|RSAKeyValue", re.IGNORECASE)
_BASE64_BODY = re.compile(r"[A-Za-z0-9+/\s]{40,}")
_ENCRYPTION_OIDS = (bytes.fromhex("2a864886f70d0105"), bytes.fromhex("2a864886f70d010c01"))  # PKCS#5, PKCS#12 PBE
KEYSTORES = (b"\xfe\xed\xfe\xed", b"\xce\xce\xce\xce")  # Java's JKS and JCEKS
_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")


class PrivateKeyPasted(Unreadable):
    """A private key came where none may come. Says that the key must be replaced and never holds what was pasted:
    whoever catches this must not keep the input either."""


@dataclass(frozen=True)
class Block:
    """One object: `kind` as in this module's constants (judged by its bytes, not by its label), `der` its bytes."""

    kind: str
    der: bytes


def blocks(data, largest=MAX_BYTES):
    """The objects in `data` (bytes or str, at most `largest` bytes; PEM, or one DER object), at least one.

    PrivateKeyPasted as soon as anything looks like a private key; Unreadable for an empty or too large input,
    missing BEGIN/END lines, broken Base64 and files of another kind.
    """
    raw = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else bytes(data)
    _refuse_size(raw, largest)
    if raw.startswith(KEYSTORES):
        raise pasted()
    if shape(raw) != UNKNOWN:
        return [_checked(raw)]
    text = _text(raw)
    _refuse_private_text(text)
    found = [_checked(_decoded(body)) for _, body in _BLOCK.findall(text)]
    if not found:
        _refuse_without_lines(text, raw)
    return found


def shape(der):
    """What the first bytes of a DER object say it is; works on a truncated object, so that half a private key
    is recognised as well (RFC 8017 A.1.2, RFC 5958, RFC 5915, RFC 7292, RFC 2986, RFC 5280, RFC 5652)."""
    outer = _content(der, 0x30)
    if outer.startswith((b"\x02\x01\x00", b"\x02\x01\x01")):
        return PRIVATE_KEY
    if outer.startswith(b"\x02\x01\x03"):
        return PKCS12
    if outer.startswith(_SIGNED_DATA):
        return PKCS7
    inner = _content(outer, 0x30)
    if inner.startswith(b"\x02\x01"):
        return CSR
    if inner.startswith((b"\xa0\x03\x02\x01", b"\x02")):
        return CERTIFICATE
    if inner.startswith(b"\x06"):
        return PRIVATE_KEY if any(oid in inner[:16] for oid in _ENCRYPTION_OIDS) else PUBLIC_KEY
    return UNKNOWN


def pem(kind, der):
    """`der` as PEM text with lines of 64 characters; `kind` e.g. "CERTIFICATE REQUEST"."""
    body = base64.b64encode(der).decode("ascii")
    lines = [body[start : start + 64] for start in range(0, len(body), 64)]
    return "\n".join([f"-----BEGIN {kind}-----", *lines, f"-----END {kind}-----", ""])


def _content(der, tag):
    if len(der) < 2 or der[0] != tag:
        return b""
    if der[1] < 0x80:
        return der[2:]
    return der[2 + (der[1] & 0x7F) :]


def _refuse_size(raw, largest):
    if not raw.strip():
        raise Unreadable("内容が空です。", "ファイルの中身、またはCSR全体を貼り付けてください。")
    if len(raw) > largest:
        raise Unreadable(
            f"大きすぎます({len(raw) // 1024} KB)。CSRや証明書は、大きくても{largest // 1024} KBです。",
            "選択したファイルが正しいか確認してください。",
        )


def _checked(der):
    kind = shape(der)
    if kind == PRIVATE_KEY:
        raise pasted()
    if kind == PKCS12:
        raise PrivateKeyPasted(
            "これはPKCS#12(.p12、.pfx)のファイルです。秘密鍵が含まれているため、読み取らずに破棄しました。",
            "この秘密鍵は外に出たものとして扱い、使わないでください。新しい鍵ペアを作成し、そのCSRを提出してください。",
        )
    return Block(kind, der)


def pasted(place=""):
    """The refusal of a private key that was found in a `place` ("添付ファイル「a.zip」"), in words for who sent it."""
    return PrivateKeyPasted(
        f"{place and place + 'に'}秘密鍵が含まれています。秘密鍵は誰にも渡してはいけないものです。"
        "受け取った内容は保存も記録もしていません。",
        "この秘密鍵は外に出たもの(危殆化)として扱い、もう使わないでください。新しい鍵ペアを作成し、新しいCSR"
        "(-----BEGIN CERTIFICATE REQUEST----- で始まるもの)だけを提出してください。この鍵の証明書がすでにあるときは、失効の手続きが必要です。",
    )


def _text(raw):
    """Bytes as text: UTF-16 of the Windows editor, UTF-8 with or without BOM; other bytes survive as they may.
    Quotation marks of a mail reply at the beginning of lines are dropped."""
    encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    return re.sub(r"(?m)^[ \t>]+", "", raw.decode(encoding, "replace"))


def _refuse_private_text(text):
    if _PRIVATE.search(text) or ('"kty"' in text and '"d"' in text):
        raise pasted()


def _decoded(body):
    try:
        return base64.b64decode("".join(body.split()), validate=True)
    except ValueError:  # binascii.Error, and letters beyond ASCII
        raise Unreadable(
            "BEGIN行とEND行の間の文字が壊れています(Base64として読めません)。",
            "途中の文字が欠けたり、ほかの文字が混ざったりしていないか確認し、ファイルから全体をコピーし直してください。",
        ) from None


def _refuse_without_lines(text, raw):
    _refuse_other_files(raw, text)
    der = _bare_base64(text)
    if shape(der) in (PRIVATE_KEY, PKCS12):
        raise pasted()
    if "-----BEGIN" in text or "-----END" in text or shape(der) != UNKNOWN:
        raise Unreadable(
            "「-----BEGIN …-----」の行と「-----END …-----」の行がそろっていません。",
            "BEGIN行からEND行まで、両方の行を含めて全体を貼り付けてください(ハイフンは5つずつです)。",
        )
    raise Unreadable(
        "CSRや証明書として読み取れません。",
        "「-----BEGIN」で始まるテキスト(PEM形式)またはDER形式のファイルを指定してください。",
    )


def _bare_base64(text):
    """The bytes behind the longest run of Base64 without its lines; empty if there is none."""
    without_lines = re.sub(r"-----[^\n]*", "", text)
    body = "".join(max(_BASE64_BODY.findall(without_lines), key=len, default="").split())
    return base64.b64decode(body[: len(body) // 4 * 4])


_OTHERS = (
    (b"%PDF", "PDF"),
    (b"PK\x03\x04", "ZIPまたはExcel"),
    (b"\xd0\xcf\x11\xe0", "Officeの古い形式(またはパスワード付き)"),
    (b"\xff\xd8\xff", "JPEG画像"),
    (b"\x89PNG", "PNG画像"),
    (b"ssh-", "SSHの公開鍵"),
    (b"ecdsa-sha2", "SSHの公開鍵"),
)


def _refuse_other_files(raw, text):
    for start, name in _OTHERS:
        if raw.startswith(start) or text.encode("utf-8", "replace").startswith(start):
            raise Unreadable(f"これは{name}のファイルです。", "CSRまたは証明書のファイルを選択してください。")
