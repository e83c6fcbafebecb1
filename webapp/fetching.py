"""Reading a shared mailbox (IMAP4rev1, RFC 3501; implicit TLS or STARTTLS, RFC 8314; XOAUTH2), so that no server, however
it answers, can make us read without end, send a password in the clear, or lose a mail. Nothing is ever deleted.

How to reach it is a file of mode 0600 (JSON: host, port, security tls|starttls|none, user, password or token_file, folder,
and `ca`, a PEM file to trust besides the system's); credentials are never rows, environment or arguments.
"""

import base64
import imaplib
import ipaddress
import json
import re
import socket
import ssl
import threading
from contextlib import contextmanager
from pathlib import Path

from webapp.register import Institution

SECONDS = 20  # for one answer
DEADLINE = 120  # seconds for one visit; a job's lease is longer
LARGEST = 25 * 1024 * 1024  # bytes of a mail
BUDGET = 80 * 1024 * 1024  # bytes of one visit
AT_ONCE = 20  # mails of one visit
DAYS = 30  # at the first visit only unread mails since then are taken
HEAD = 64 * 1024  # bytes of the head of a mail that is too large
_SLACK = 1024 * 1024
_TO_COMMAND_LINE = "サーバーのコマンドラインで、imapコマンドを使って設定し直してください。"


class NoMailbox(OSError):
    """How to reach the mailbox cannot be read from its files; the message says why, in Japanese."""


class NotPrivate(OSError):
    """The server does not offer what keeps the password secret."""


FAILURES = (OSError, UnicodeError, ValueError, imaplib.IMAP4.error)


def known(settings):
    """How the mailbox is reached (a dict, with `place`, its name in the register), or None where none is set up. A demo
    reads the practice desk's mailbox alone. Raises NoMailbox."""
    if not (settings.mailbox_file.exists() or settings.practice_mailbox_file.exists()):
        return None
    file = settings.practice_mailbox_file if Institution.here().is_practice else settings.mailbox_file
    return read(file) if file.exists() else None


def read(file):
    """What the file says. Raises NoMailbox."""
    defaults = {"port": 993, "security": "tls", "password": "", "token_file": "", "folder": "INBOX", "ca": ""}
    try:
        at = defaults | json.loads(_private(file))
        at |= {"port": int(at["port"]), "ca": str(Path(file.parent, at["ca"])) if at["ca"] else ""}
        at |= {"token_file": str(Path(file.parent, at["token_file"])) if at["token_file"] else ""}
        at["place"] = f"{at['user']}@{at['host']}:{at['port']}/{at['folder']}"
    except (ValueError, KeyError, TypeError) as error:
        raise NoMailbox(f"共用メールボックスの設定ファイル {file.name} を読み取れません。") from error
    if at["security"] not in ("tls", "starttls", "none"):
        raise NoMailbox(
            f"共用メールボックスの設定ファイル {file.name} の security は、tls か starttls にしてください。"
        )
    return at


def _private(file):
    """The text of a file that only we can read. Raises NoMailbox."""
    file = Path(file)
    try:
        if file.stat().st_mode & 0o077:
            raise NoMailbox(
                f"ファイル {file.name} を、ほかの利用者が読めます。chmod 600 で読めないようにしてください。"
            )
        return file.read_text("utf-8")
    except (FileNotFoundError, PermissionError, UnicodeDecodeError) as error:
        raise NoMailbox(f"ファイル {file.name} を読み取れません。") from error


@contextmanager
def opened(at):
    """The folder, open for reading (a Folder). Raises one of FAILURES."""
    connection = _connected(at)
    watch = threading.Timer(DEADLINE, _shut, [connection.sock])
    watch.daemon = True
    watch.start()
    try:
        _sign_in(connection, at)
        yield Folder(connection, at["folder"])
        connection.logout()
    finally:
        watch.cancel()
        _hang_up(connection)


def _hang_up(connection):
    _shut(connection.sock)
    connection.file.close()
    connection.sock.close()


def _shut(sock):
    """End whatever waits for this socket, also in another thread."""
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        return


def _connected(at):
    context = ssl.create_default_context()
    if at["ca"]:
        context.load_verify_locations(at["ca"])
    if at["security"] == "none" and not _is_loopback(at["host"]):
        raise NotPrivate("暗号化しない接続は、同じサーバーの中(127.0.0.1)でだけ使えます。")
    connection = _Connection(at["host"], at["port"], context if at["security"] == "tls" else None)
    if at["security"] == "starttls":
        _encrypt(connection, context)
    return connection


def _is_loopback(host):
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _encrypt(connection, context):
    """STARTTLS, or nothing: a server, or somebody between, that does not offer it gets no password (RFC 8314 §5.2)."""
    if connection.state != "NONAUTH" or "STARTTLS" not in connection.capabilities:
        _hang_up(connection)
        raise NotPrivate("メールサーバーが、暗号化した接続(STARTTLS)に対応していません。")
    try:
        connection.starttls(context)
    except BaseException:
        _hang_up(connection)
        raise


def _sign_in(connection, at):
    if connection.state != "NONAUTH":
        raise NotPrivate("メールサーバーが、ログインの前に別の人として接続しました。")
    if at["token_file"]:
        token = _private(at["token_file"]).strip()
        first = f"user={at['user']}\x01auth=Bearer {token}\x01\x01".encode()
        answers = iter((first,))  # the server tells a failure in a challenge, which is answered with nothing
        connection.authenticate("XOAUTH2", lambda _: next(answers, b""))
    elif "AUTH=PLAIN" in connection.capabilities:
        connection.authenticate("PLAIN", lambda _: f"\0{at['user']}\0{at['password']}".encode())
    else:
        connection.login(at["user"], at["password"])


class _Connection(imaplib.IMAP4):
    """imaplib's, with an end to what a server may send, and without its faith in literals that are cut short."""

    def __init__(self, host, port, context):
        self.context, self.left = context, BUDGET
        super().__init__(host, port, SECONDS)

    def _create_socket(self, timeout):
        sock = socket.create_connection((self.host, self.port), timeout)
        try:
            return self.context.wrap_socket(sock, server_hostname=self.host) if self.context else sock
        except BaseException:
            sock.close()
            raise

    def read(self, size):
        if size > LARGEST + _SLACK:
            raise self.abort("a literal that is too large")
        data = super().read(size)
        if len(data) < size:
            raise self.abort("a literal that ends early")
        return self._counted(data)

    def readline(self):
        return self._counted(super().readline())

    def _counted(self, data):
        self.left -= len(data)
        if self.left < 0:
            raise self.abort("too much in one visit")
        return data


class Folder:
    """A folder that is open: `validity` (UIDVALIDITY); mails are named by their UIDs (int)."""

    def __init__(self, connection, name):
        self.connection = connection
        self._ask("select", f'"{_utf7(name)}"')
        known_as = connection.untagged_responses.get("UIDVALIDITY", [b""])[-1] or b""
        self.validity = known_as.decode("ascii", "replace")[:40]
        if not self.validity.isdigit():
            raise imaplib.IMAP4.error("no UIDVALIDITY")

    def _ask(self, verb, *words):
        kind, answer = getattr(self.connection, verb)(*words)
        if kind != "OK":
            raise imaplib.IMAP4.error(f"{verb} was refused")
        return answer

    def unread(self, since):
        """The UIDs of unread mails since a day (a date), in order."""
        return self._found("UNSEEN", "SINCE", f"{since.day}-{_MONTHS[since.month - 1]}-{since.year}")

    def after(self, uid):
        """The UIDs after `uid`, in order; `n:*` also names the last one, however small it is (RFC 3501 §6.4.8)."""
        return [each for each in self._found("UID", f"{uid + 1}:*") if each > uid]

    def _found(self, *criteria):
        answer = self._ask("uid", "SEARCH", *criteria)
        words = b" ".join(each for each in answer if each).split()
        return sorted({int(word) for word in words if word.isdigit() and len(word) <= 10})

    def mail(self, uid):
        """(bytes, whether they are the whole mail and not only its head), or None for a mail that is gone."""
        size = self._size(uid)
        if size is None:
            return None
        if size <= LARGEST:
            return self._fetched(uid, "(UID BODY.PEEK[])"), True
        return self._fetched(uid, f"(UID BODY.PEEK[HEADER]<0.{HEAD}>)"), False

    def _size(self, uid):
        for line in self._ask("uid", "FETCH", str(uid), "(UID RFC822.SIZE)"):
            match = re.search(rb"RFC822\.SIZE (\d{1,12})", line if isinstance(line, bytes) else b"")
            if match:
                return int(match[1])
        return None

    def _fetched(self, uid, what):
        for part in self._ask("uid", "FETCH", str(uid), what):
            if isinstance(part, tuple) and re.search(rb"\bUID %d\b" % uid, part[0]):
                return part[1]
        raise imaplib.IMAP4.error("no mail in the answer")

    def mark_seen(self, uid):
        """Mark a mail as read, so that people see it is taken care of; a folder that forbids it stays as it is."""
        self.connection.uid("STORE", str(uid), "+FLAGS.SILENT", r"(\Seen)")


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _utf7(name):
    """The name of a folder in modified UTF-7 (RFC 3501 §5.1.3), safe within quotes."""
    plain = re.sub(r"[\x00-\x1f\x7f]", "", name).replace("&", "&-").replace("\\", "\\\\").replace('"', '\\"')
    return re.sub(r"[^\x20-\x7e]+", lambda run: f"&{_base64(run[0])}-", plain)


def _base64(text):
    return base64.b64encode(text.encode("utf-16-be")).decode().rstrip("=").replace("/", ",")


def trouble(error):
    """(what happened, what to do), both Japanese, for one of FAILURES; never what the server said, which may hold anything."""
    if isinstance(error, NoMailbox):
        return str(error), _TO_COMMAND_LINE
    if isinstance(error, NotPrivate):
        return str(error), "サーバーの管理者に、TLSを使えるホスト名とポート番号を確認してください。"
    if isinstance(error, ssl.SSLCertVerificationError):
        sentence = "メールサーバーの証明書を確認できませんでした。"
        return sentence, "ホスト名が証明書と合っているか、認証局の証明書(ca)の指定が必要かを確認してください。"
    if isinstance(error, imaplib.IMAP4.abort):
        return (
            "メールサーバーとの接続が途中で切れたか、応答が正しくありません。",
            "しばらく待っても続くときは、サーバーの管理者に確認してください。",
        )
    if isinstance(error, imaplib.IMAP4.error):
        sentence = "メールサーバーにログインできないか、フォルダーを開けませんでした。"
        return sentence, "ユーザー名、パスワード(またはアクセストークン)、フォルダー名を確認してください。"
    sentence = f"メールサーバーにつながらないか、応答がありませんでした({type(error).__name__})。"
    return sentence, "ホスト名とポート番号、ネットワークを確認してください。"
