"""The file that says how the mail server is reached: JSON, mode 0600, written on the command line alone."""

import json
import os
import re
import secrets
from pathlib import Path

from webapp.acts import entries
from webapp.errors import Unreadable


def checked(host, port, user, ca):
    """{host, port, user, password, ca} from what was typed, the password still empty. Raises Incomplete, Unreadable."""
    values = entries.checked(
        {
            "host": entries.pattern(
                r"[A-Za-z0-9.:-]{1,253}", "ホスト名は、smtp.example.ac.jpのように入力してください。"
            ),
            "port": _port,
            "user": entries.line("ユーザー名", is_needed=False),
        },
        {"host": host, "port": port, "user": user},
    )
    return values | {"password": "", "ca": _certificates(ca.strip())}


def _port(text):
    if not re.fullmatch(r"[0-9]{1,5}", text) or not 0 < int(text) < 65536:
        raise entries.Unfit("ポート番号は、1から65535の数字で入力してください。")
    return int(text)


def _certificates(path):
    """The PEM text of a file of CA certificates, or an empty string for none."""
    if not path:
        return ""
    try:
        text = Path(path).read_text("ascii")
    except (OSError, UnicodeDecodeError):
        text = ""
    if "-----BEGIN CERTIFICATE-----" not in text or "PRIVATE KEY" in text:
        raise Unreadable(f"{path} は、認証局の証明書(PEM)として読み取れません。", "PEMのファイルを指定してください。")
    return text


def write(path, at):
    """Write what `checked` gave (with the password) to `path`; the CA certificates go into a file beside it."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if at["ca"]:
        authorities = path.with_name(f"{path.stem}-ca.pem")
        _replace(authorities, at["ca"])
        at = at | {"ca": authorities.name}
    _replace(path, json.dumps(at, ensure_ascii=False, indent=1) + "\n")


def _replace(path, text):
    """Put a whole file in place at once, readable by us alone from its first moment."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(fresh, path)
