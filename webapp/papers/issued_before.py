"""What somebody brings of the years before: a list of certificates, or the certificates themselves. Call it through
guard.run: everything comes from outside."""

from dataclasses import dataclass

from webapp.errors import Unreadable
from webapp.papers import identification, import_list
from webapp.papers.armour import PrivateKeyPasted
from webapp.papers.identified import ALONE, SIGNER, Found

__all__ = ["Brought", "Found", "PrivateKeyPasted", "Unreadable", "read"]


@dataclass(frozen=True)
class Brought:
    """`kind` files or list; `found` the certificates of people among files; `rows` (line, {key: text}) of a list, keys as in import_list; `notes` sentences about the whole."""

    kind: str
    found: tuple[Found, ...]
    rows: tuple[tuple[int, dict], ...]
    notes: tuple[str, ...]


def read(data, name):
    """The Brought of a file (bytes). Raises PrivateKeyPasted (nothing of it may be kept), else Unreadable."""
    if import_list.is_list(data, name):
        _refuse_keys(data)
        rows, notes = import_list.read(data, name)
        for _, cells in rows:
            _refuse_keys(" ".join(cells.values()).encode())
        return Brought("list", (), tuple(rows), tuple(notes))
    brought = identification.identify(data, name)
    people = tuple(each for each in brought.found if each.part in (SIGNER, ALONE))
    people = tuple(each for each in people if not each.certificate.extensions.is_ca)
    if not people:
        raise Unreadable(
            "このファイルには、利用者の証明書がありません(認証局の証明書だけです)。",
            "コード署名用証明書のファイルを選択してください。認証局の証明書は、管理者が「信頼する認証局」に登録します。",
        )
    return Brought("files", people, (), brought.notes)


def _refuse_keys(data):
    if b"PRIVATE KEY-----" in data:
        raise PrivateKeyPasted(
            "一覧の中に秘密鍵が含まれています。受け取った内容は保存も記録もしていません。",
            "秘密鍵は誰にも渡してはいけないものです。対応する証明書の失効が必要かどうかを、すぐに確認してください。",
        )
