"""Looking for private keys in all that came: in mails, in what is attached, and in ZIPs that are attached (one level deep). Call
it in a guarded child. Everything is looked at as bytes without their zeros, so that UTF-16 needs no second look.

Whoever catches PrivateKeyPasted keeps nothing of what came; its words name files, never what was in them.
"""

import base64
import posixpath
import re

from webapp.errors import Unreadable
from webapp.papers import armour, mail_words, unpacking
from webapp.papers.armour import PrivateKeyPasted

# PEM (RFC 7468), OpenSSH, PGP and SSH2 (RFC 4716); PuTTY; XML of .NET (RFC 4050); JWK (RFC 7517).
_MARK = re.compile(rb"-{4,5} ?BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY|PuTTY-User-Key-File-\d+:")
_PAIRS = (
    (re.compile(b"<RSAKeyValue>"), re.compile(b"<D>")),
    (re.compile(rb'"kty"\s*:'), re.compile(rb'"d"\s*:\s*"')),
)
_BASE64 = re.compile(rb"(?<![A-Za-z0-9+/])M[A-Za-z0-9+/]{47}")  # DER begins with 30, in Base64 with M
_BARE = 1024 * 1024  # bytes of a file in which Base64 without its lines is looked for
_SHAPES = (armour.PRIVATE_KEY, armour.PKCS12)
_STORES = (*armour.KEYSTORES, b"\x1e\xf1\xb5\xb0")  # the last: Microsoft's PVK
# What a file with a private key is called, where it cannot be opened.
ENDINGS = (".key", ".p12", ".pfx", ".p8", ".pk8", ".pvk", ".ppk", ".jks", ".keystore")
_NAMES = ("id_rsa", "id_dsa", "id_ecdsa", "id_ed25519")
_CERTIFICATES = (".cer", ".crt", ".der", ".pem", ".p7b", ".p7c", ".txt")
_ARCHIVES = (".zip", ".7z", ".rar", ".lzh", ".gz", ".tgz", ".cab")


def refuse_text(text, place=""):
    """Raises PrivateKeyPasted if a private key stands in a text (str, or bytes in whatever charset). One that only speaks
    of private keys is let through."""
    raw = text.encode("utf-8", "replace") if isinstance(text, str) else text
    raw = raw.replace(b"\0", b"")
    if _MARK.search(raw) or any(one.search(raw) and other.search(raw) for one, other in _PAIRS):
        raise armour.pasted(place)
    for found in _BASE64.finditer(raw[:_BARE]):
        if armour.shape(base64.b64decode(found[0])) in _SHAPES:
            raise armour.pasted(place)


def refuse_html(text, place=""):
    """The same for HTML (str): in its source, and in its words where tags or entities break the source."""
    refuse_text(text, place)
    refuse_text(mail_words.words_of(text), place)


def refuse_file(name, data, budget):
    """Raises PrivateKeyPasted if a file (bytes) is or holds a private key, unpacking.TooLarge for a ZIP that unpacks to more
    than the `budget` (see unpacking.content). Returns sentences about what could not be looked into."""
    place = f"添付ファイル「{name}」"
    if unpacking.is_zip(data):
        return _zip(place, data, budget)
    _refuse_content(name, data, place)
    return []


def _refuse_content(name, data, place):
    if armour.shape(data) in _SHAPES or data.startswith(_STORES):
        raise armour.pasted(place)
    if name.lower().endswith((".html", ".htm")):
        refuse_html(mail_words.decoded(data)[0], place)
    refuse_text(data, place)


def _zip(place, data, budget):
    try:
        archive, members = unpacking.opened(data)
    except unpacking.TooLarge:
        raise
    except Unreadable:
        return [f"{place}は壊れていて開けないため、秘密鍵が入っていないか調べていません。"]
    if any(member.filename == "[Content_Types].xml" for member in members):
        return _office(place, archive, members, budget)
    notes = _members(place, archive, members, budget)
    locked = [_name(member) for member in members if unpacking.is_encrypted(member)]
    _refuse_names(place, locked)
    if not all(name.lower().endswith(_CERTIFICATES) for name in locked):
        notes.append(f"{place}は暗号化されているため、秘密鍵が入っていないか、ファイル名だけを調べました。")
    return notes


def _members(place, archive, members, budget):
    readable = [member for member in members if not unpacking.is_encrypted(member)]
    broken, inside = [], []
    for member in readable[: unpacking.MAX_READ]:
        name = _name(member)
        try:
            data = unpacking.content(archive, member, budget)
        except unpacking.TooLarge:
            raise
        except Unreadable:
            broken.append(name)
            continue
        _refuse_content(name, data, f"{place}の中の「{name}」")
        if name.lower().endswith(_ARCHIVES):
            inside.append(name)
    notes = [f"{place}の中の「{name}」は読めないため、秘密鍵が入っていないか調べていません。" for name in broken[:1]]
    notes += [f"{place}の中の圧縮ファイル「{name}」は、秘密鍵が入っていないか調べていません。" for name in inside[:1]]
    if len(readable) > unpacking.MAX_READ:
        notes.append(f"{place}の中は、はじめの{unpacking.MAX_READ}個のファイルだけ、秘密鍵が入っていないか調べました。")
    return notes


def _office(place, archive, members, budget):
    """A document of Office: what it unpacks to is limited, and said, where it is read as a form."""
    try:
        return _members(place, archive, members, budget)
    except unpacking.TooLarge:
        return [f"{place}は開くと大きくなりすぎるため、秘密鍵が書かれていないか調べていません。"]


def _name(member):
    """Harmless in a sentence: one line, and the end of a long name, which says the kind."""
    return mail_words.line(unpacking.member_name(member))[-100:]


def _refuse_names(place, names):
    for name in names:
        base = posixpath.basename(name.replace("\\", "/")).lower()
        if base.endswith(ENDINGS) or base in _NAMES:
            raise PrivateKeyPasted(
                f"{place}の中に、秘密鍵を含む種類のファイル「{name}」があります。暗号化されているため中は確認できませんが、"
                "念のため破棄しました。受け取った内容は保存も記録もしていません。",
                "秘密鍵であれば、外に出たもの(危殆化)として扱い、もう使わないでください。新しい鍵ペアを作成し、新しいCSRだけを"
                "提出してください。秘密鍵でなければ、そのファイルを除いて送り直してください。",
            )
