"""ZIP files as containers: signed JARs and Android packages (scheme v1), and plain ZIPs with other files inside."""

import posixpath
from dataclasses import replace

from webapp.errors import Unreadable
from webapp.papers import signed_data, unpacking
from webapp.papers.armour import PrivateKeyPasted
from webapp.papers.identified import Found, Identification, once, ordered, refuse_too_many
from webapp.papers.unpacking import MAX_READ, MAX_TOTAL_BYTES, member_name

DEEPEST = 2  # a ZIP within a ZIP
_BLOCKS = (".rsa", ".ec", ".dsa")
_WORTH_OPENING = (
    ".cer", ".crt", ".der", ".pem", ".p7b", ".p7c", ".p7s", ".p7m", ".txt", ".cat", ".exe", ".dll", ".sys", ".ps1",
    ".psm1", ".psd1", ".pdf", ".jar", ".apk", ".zip", ".key", ".p12", ".pfx", ".jks", ".p8", ".pk8", ".ppk",
)  # fmt: skip


def identify(data, read_inside, depth=1, budget=None):
    """The Identification of a ZIP (bytes). Members that may hold certificates are read by `read_inside(bytes, name,
    depth, budget)`, which returns an Identification or raises Unreadable; `budget` is a list of one number, the bytes
    that may still be unpacked. Raises Unreadable for what is damaged, encrypted, too large or holds no certificate,
    PrivateKeyPasted when a private key is inside."""
    budget = [MAX_TOTAL_BYTES] if budget is None else budget
    archive, members = _opened(data)
    blocks = [member for member in members if _is_block(member.filename)]
    if blocks:
        return _signed_archive(archive, blocks, members, budget)
    if any(member.filename in ("META-INF/MANIFEST.MF", "AndroidManifest.xml") for member in members):
        raise Unreadable(
            "このJAR・APKには、読み取れる署名がありません(META-INFに署名のファイルがない)。",
            "署名済みのJARを選択してください。APKは、v1方式(JAR署名)の署名だけを読み取ります。",
        )
    if any(member.filename == "[Content_Types].xml" for member in members):
        raise Unreadable(
            "これはOfficeの文書です。Officeの文書の署名は読み取れません。",
            "Officeで「ファイル」›「情報」›「署名の表示」から証明書の詳細を開くと、シリアル番号を確認できます。",
        )
    if depth > DEEPEST:
        raise Unreadable("圧縮ファイルの中の圧縮ファイルは、2段までしか開けません。", "手元で展開してください。")
    return _plain_archive(archive, members, read_inside, depth, budget)


def _opened(data):
    archive, members = unpacking.opened(data)
    if any(map(unpacking.is_encrypted, members)):
        raise Unreadable(
            "このZIPはパスワードで暗号化されています。ここでは開けません。",
            "認証局から届いた証明書のZIPは、申請の画面の「証明書を受け取る」で選択してください。"
            "ほかのZIPは、手元で展開してから中のファイルを選択してください。",
        )
    return archive, members


def _is_block(name):
    folder, _, file = name.upper().rpartition("/")
    return folder == "META-INF" and file.lower().endswith(_BLOCKS)


def _signed_archive(archive, blocks, members, budget):
    is_android = any(member.filename == "AndroidManifest.xml" for member in members)
    kind, where = ("署名されたAndroidアプリ(APK)", "APK") if is_android else ("署名されたJARファイル", "JAR")
    found, notes = (), ()
    for member in blocks[:MAX_READ]:
        more, further = signed_data.signed(unpacking.content(archive, member, budget), where)
        found, notes = once((*found, *more)), (*notes, *further)
    if is_android:
        notes = (*notes, "APKは、v1方式(JAR署名)の署名だけを読み取っています。")
    return Identification(kind, found, notes, is_signed=True)


def _plain_archive(archive, members, read_inside, depth, budget):
    worth = [member for member in members if _is_worth_opening(member)]
    found, notes, is_signed = [], [], False
    for member in worth[:MAX_READ]:
        name = member_name(member)
        content = unpacking.content(archive, member, budget)
        if name.lower().endswith(".txt") and b"-----BEGIN" not in content:
            continue
        try:
            inside = read_inside(content, name, depth + 1, budget)
        except PrivateKeyPasted:
            raise
        except Unreadable as unreadable:
            notes.append(f"ZIPの中の「{name}」: {unreadable.message}")
            continue
        found += [Found(each.der, each.part, f"ZIPの中の「{name}」: {each.how}") for each in inside.found]
        notes += [f"ZIPの中の「{name}」: {note}" for note in inside.notes]
        is_signed = is_signed or inside.is_signed
    if len(worth) > MAX_READ:
        notes.append(f"ZIPの中のファイルは、はじめの{MAX_READ}個だけを調べました。")
    if not found and not is_signed:
        raise _without(members, notes)
    found = once(found)
    refuse_too_many(found)
    if not is_signed:
        found = _sorted(found)
    return Identification("ZIPファイル", found, tuple(notes[:20]), is_signed)


def _sorted(found):
    """Certificates that lie in a file each: who comes above whom is seen only when they are together."""
    place = {each.der: each.how for each in found}
    together, _ = ordered([each.der for each in found], where="ZIP")
    return tuple(replace(each, how=place[each.der]) for each in together)


def _is_worth_opening(member):
    name = member.filename.lower()
    hidden = posixpath.basename(name).startswith(".") or name.startswith("__macosx/")
    return not hidden and name.endswith(_WORTH_OPENING)


def _without(members, notes):
    names = "、".join(f"「{member_name(member)}」" for member in members[:5]) or "なし"
    return Unreadable(
        f"ZIPの中に証明書や署名が見つかりません(入っていたファイル: {names})。{' '.join(notes[:3])}",
        "手元で展開し、署名されたファイルまたは証明書のファイルを選択してください。",
    )
