"""What the CA sends: a ZIP, encrypted with パスワード(証明書取得時用), holding the certificate (seed 1-1-6).

Call it through guard.run: a ZIP from outside may be a bomb.
"""

import io
import lzma
import posixpath
import struct
import zlib
from dataclasses import dataclass

import pyzipper
from pyzipper import BadZipFile

from webapp.errors import Refused, Unreadable
from webapp.papers import certificate, key_search
from webapp.papers.armour import PrivateKeyPasted
from webapp.papers.unpacking import is_encrypted, member_name

__all__ = ["Delivery", "PrivateKeyPasted", "WrongPassword", "open_zip"]

MAX_ZIP_BYTES = 10 * 1024 * 1024
MAX_MEMBERS = 30
MAX_MEMBER_BYTES = 1024 * 1024
MAX_TOTAL_BYTES = 5 * 1024 * 1024

_CERTIFICATES = (".cer", ".crt", ".der", ".pem", ".p7b", ".p7c", ".p7s", ".txt")
_ARCHIVES = (".zip", ".7z", ".rar", ".lzh", ".exe")
# How pyzipper and its decompressors report a damaged file.
_DAMAGE = (BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, ValueError, LookupError, OSError)
_STRONG_ENCRYPTION = 0x40


class WrongPassword(Refused):
    """The ZIP does not open with this password. The ZIP itself is not lost: another may be tried."""


@dataclass(frozen=True)
class Delivery:
    """What was in the ZIP: `leaf` (DER) is the certificate for the subscriber, `authorities` (DER) the CA certificates
    above it that came along, next issuer first; `members` the names of all files; `notes` sentences about what was odd.

    It holds bytes, which are read where they are used: a child cannot tell of a certificate what is not in it.
    """

    leaf: bytes
    authorities: tuple[bytes, ...]
    members: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def certificate(self):
        """The Certificate in `leaf`."""
        return certificate.read(self.leaf)

    @property
    def chain(self):
        """The Certificates in `authorities`."""
        return tuple(certificate.read(der) for der in self.authorities)


def open_zip(data, password):
    """The Delivery in a ZIP (bytes; AES or ZipCrypto, names in UTF-8 or CP932) under a password (str).

    WrongPassword if it does not open; PrivateKeyPasted if a private key is in it; Unreadable for what is no ZIP, is
    damaged, a bomb, has paths or archives inside, or does not hold exactly one certificate that issues none of the
    others. A ZIP without encryption is taken, with a note.
    """
    archive, members = _opened(data)
    encrypted = [member for member in members if is_encrypted(member)]
    if encrypted:
        archive.setpassword(_fitting(archive, encrypted[0], password))
    found = _unique(each for member in members for each in _certificates(archive, member))
    leaf = _leaf(found, members)
    _, *authorities = certificate.path(leaf, found)
    notes = () if encrypted else ("このZIPは暗号化されていませんでした。送り主が認証局であることを確認してください。",)
    names = tuple(member_name(member) for member in members)
    return Delivery(leaf.der, tuple(each.der for each in authorities), names, notes)


def open_file(data):
    """The Delivery in a file from the CA's link (bytes: PEM, DER or P7B), without a password. PrivateKeyPasted, or
    Unreadable for what is no certificate or more than one of a subscriber."""
    if data[:4] == b"PK\x03\x04":
        raise Unreadable(
            "ZIPファイルです。この認証局の証明書は、ZIPではなく証明書のファイルで届きます。",
            "認証局のリンクから保存した証明書のファイル(.cer、.crt、.pem、.p7b)を選択してください。",
        )
    found = _unique(certificate.read_all(data))
    leaf = _leaf(found, [])
    _, *authorities = certificate.path(leaf, found)
    return Delivery(leaf.der, tuple(each.der for each in authorities), ())


def _opened(data):
    if len(data) > MAX_ZIP_BYTES:
        raise Unreadable("ZIPファイルが大きすぎます。", "認証局から届いたZIPファイルか確認してください。")
    try:
        archive = pyzipper.AESZipFile(io.BytesIO(data))
        members = [member for member in archive.infolist() if not member.is_dir()]
    except (NotImplementedError, *_DAMAGE):
        raise Unreadable(
            "ZIPファイルとして開けません。別の種類のファイルか、途中で壊れています。",
            "認証局からのメールに添付されたZIPを、そのまま保存し直して選択してください。",
        ) from None
    _refuse_bomb(members)
    for member in members:
        _refuse_member(member)
    return archive, members


def _refuse_bomb(members):
    if len(members) > MAX_MEMBERS or sum(member.file_size for member in members) > MAX_TOTAL_BYTES:
        raise Unreadable(
            "ZIPの中のファイルが多すぎるか、展開すると大きすぎます。開かずに中止しました。",
            "証明書のZIPは小さなファイルです。認証局から届いたZIPファイルか確認してください。",
        )


def _refuse_member(member):
    name = member_name(member)
    if _escapes(name):
        raise Unreadable(
            f"ZIPの中に、外のフォルダーを指すファイル名「{name}」があります。開かずに中止しました。",
            "認証局から届いたZIPか確認し、心当たりがなければ情報セキュリティ担当に知らせてください。",
        )
    if name.lower().endswith(_ARCHIVES):
        raise Unreadable(
            f"ZIPの中に、さらに圧縮ファイル「{name}」が入っています。",
            "外側のZIPを手元で展開し、内側のZIP(または証明書のファイル)を選択してください。",
        )
    if member.flag_bits & _STRONG_ENCRYPTION:
        raise _unknown_method()


def _unknown_method():
    return Unreadable("対応していない圧縮・暗号化方式のZIPです。", "手元で展開し、証明書のファイルを選択してください。")


def _escapes(name):
    path = name.replace("\\", "/")
    return path.startswith("/") or path[1:2] == ":" or ".." in path.split("/") or "\0" in path


def _fitting(archive, member, password):
    """The password as the bytes that open the first encrypted member: UTF-8, else CP932."""
    for encoding in ("utf-8", "cp932"):
        candidate = password.encode(encoding, "replace")
        if candidate and _opens(archive, member, candidate):
            return candidate
    raise WrongPassword(
        "登録済みのパスワードではZIPを開けませんでした。",
        "発行申請書の「パスワード(証明書取得時用)」を確認し、入力してください。受信したZIPは保存してあります。",
        {"password": "このパスワードでは開けません。"},
    )


def _opens(archive, member, candidate):
    """A wrong password shows at once (RuntimeError), or for one in 256 with ZipCrypto only by what comes out."""
    try:
        _content(archive, member, candidate)
    except NotImplementedError:
        raise _unknown_method() from None
    except (RuntimeError, *_DAMAGE):
        return False
    return True


def _content(archive, member, password=None):
    with archive.open(member, pwd=password) as file:
        content = file.read(MAX_MEMBER_BYTES + 1)
    if len(content) > MAX_MEMBER_BYTES:
        raise Unreadable(
            f"ZIPの中の「{member_name(member)}」が大きすぎます。", "認証局から届いたZIPファイルか確認してください。"
        )
    return content


def _certificates(archive, member):
    name = member_name(member).lower()
    if posixpath.basename(name).startswith(".") or name.startswith("__macosx/"):
        return []
    if name.endswith(key_search.ENDINGS):
        raise PrivateKeyPasted(
            f"ZIPの中に、秘密鍵を含む種類のファイル「{member_name(member)}」があります。開かずに中止しました。",
            "この手続きで認証局から秘密鍵が届くことはありません。サービス窓口に問い合わせてください。",
        )
    if not name.endswith(_CERTIFICATES):
        return []
    content = _read(archive, member)
    if name.endswith(".txt") and b"-----BEGIN" not in content:
        return []
    return _understood(member_name(member), content)


def _read(archive, member):
    try:
        return _content(archive, member)
    except NotImplementedError:
        raise _unknown_method() from None
    except RuntimeError:
        sentence = f"ZIPの中の「{member_name(member)}」は、ほかのファイルと別のパスワードで暗号化されています。"
        raise WrongPassword(sentence, "手元で展開し、証明書のファイルを選択してください。") from None
    except _DAMAGE:
        sentence = f"ZIPの中の「{member_name(member)}」が壊れています。"
        raise Unreadable(sentence, "メールに添付されたZIPを、そのまま保存し直して選択してください。") from None


def _understood(name, content):
    try:
        return certificate.read_all(content)
    except PrivateKeyPasted:
        raise
    except Unreadable as unreadable:
        raise Unreadable(f"ZIPの中の「{name}」: {unreadable.message}", unreadable.advice) from None


def _unique(certificates):
    return list({each.sha256: each for each in certificates}.values())


def _leaf(found, members):
    """The one certificate that issues none of the others; among several, the one that is no CA's."""
    if not found:
        names = "、".join(f"「{member_name(member)}」" for member in members[:5]) or "なし"
        raise Unreadable(
            f"ZIPの中に証明書がありません(入っていたファイル: {names})。",
            "認証局から届いた、証明書のZIPファイルか確認してください。",
        )
    ends = [each for each in found if not any(certificate.issued(each, other) for other in found if other != each)]
    ends = [each for each in ends if not each.extensions.is_ca] or ends
    if len(ends) != 1:
        raise Unreadable(
            f"利用者の証明書が{len(ends)}枚あります。どれがこの申請のものか決められません。",
            "この申請の証明書1枚(と認証局の証明書)だけが入ったファイルを選択してください。",
        )
    return ends[0]
