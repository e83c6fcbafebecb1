"""The file that says how the shared mailbox is reached: JSON, mode 0600, written on the command line alone."""

from pathlib import Path

from webapp import smtp_file
from webapp.errors import Incomplete


def checked(host, port, user, folder, token_file, ca):
    """What the file will hold, from what was typed, the password still empty. Raises Incomplete, Unreadable."""
    at = smtp_file.checked(host, port, user, ca)
    if not at["user"]:
        sentence = "共用メールボックスのユーザー名を入力してください。"
        raise Incomplete("入力内容を確認してください。", sentence, {"user": sentence})
    if token_file and not Path(token_file).is_file():
        sentence = f"アクセストークンのファイル {token_file} がありません。"
        raise Incomplete("入力内容を確認してください。", sentence, {"token_file": sentence})
    token_file = str(Path(token_file).resolve()) if token_file else ""
    security = "starttls" if at["port"] == 143 else "tls"
    return at | {"security": security, "folder": folder.strip() or "INBOX", "token_file": token_file}
