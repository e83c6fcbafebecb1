"""The mailboxes of the practice world: every mail a file, an index by recipient."""

import email
import email.policy
import re
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import getaddresses, parseaddr


@dataclass(frozen=True)
class Attachment:
    """One attached file: `name` as the sender wrote it, `media_type`, `data` decoded."""

    name: str
    media_type: str
    data: bytes


@dataclass(frozen=True)
class Mail:
    """A mail in the index. `received_at` is an aware datetime's ISO text (UTC)."""

    id: int
    sender: str
    recipients: tuple
    subject: str
    message_id: str
    received_at: str


class Mailbox:
    """Files mails under `folder.mail` and indexes them in `store`. `now` returns an aware datetime."""

    def __init__(self, folder, store, now):
        self.folder, self.store, self.now = folder, store, now

    def file(self, raw: bytes, recipients=()) -> int:
        """Files the mail `raw` (RFC 5322 bytes) for `recipients` (of the envelope; else those of its headers). Returns its id."""
        message = parse(raw)
        addresses = {address.lower() for address in recipients or addresses_of(message)}
        with self.store.open() as db:
            row = (
                header(message, "From"),
                header(message, "Subject"),
                header(message, "Message-ID"),
                self.now().isoformat(),
            )
            sql = "INSERT INTO mail (sender, subject, message_id, received_at) VALUES (?, ?, ?, ?)"
            number = db.execute(sql, row).lastrowid
            db.executemany("INSERT INTO recipient VALUES (?, ?)", [(number, address) for address in sorted(addresses)])
            self._path(number).write_bytes(raw)
        return number

    def mails(self, to="") -> list[Mail]:
        """All mails, or those for the address `to`, newest first."""
        sql = "SELECT * FROM mail WHERE ? = '' OR id IN (SELECT mail_id FROM recipient WHERE address = ?) ORDER BY id DESC"
        return [self._mail(row) for row in self.store.all(sql, to, to.lower())]

    def mail(self, number) -> Mail | None:
        """The mail of that number, or None."""
        row = self.store.one("SELECT * FROM mail WHERE id = ?", number)
        return self._mail(row) if row else None

    def with_message_id(self, message_id) -> Mail | None:
        """The newest mail under a Message-ID, or None."""
        row = self.store.one("SELECT * FROM mail WHERE message_id = ? ORDER BY id DESC LIMIT 1", message_id)
        return self._mail(row) if row else None

    def addresses(self) -> list:
        """(address, number of mails, newest) of every mailbox, newest first."""
        sql = "SELECT address, COUNT(*), MAX(mail_id) FROM recipient GROUP BY address ORDER BY 3 DESC"
        return [tuple(row) for row in self.store.all(sql)]

    def raw(self, number) -> bytes:
        """The mail as it arrived."""
        return self._path(number).read_bytes()

    def message(self, number) -> EmailMessage:
        """The mail, parsed."""
        return parse(self.raw(number))

    def _mail(self, row):
        recipients = self.store.all("SELECT address FROM recipient WHERE mail_id = ? ORDER BY address", row["id"])
        return Mail(row["id"], row["sender"], tuple(r["address"] for r in recipients), *tuple(row)[2:])

    def _path(self, number):
        return self.folder.mail / f"{number:04d}.eml"


def parse(raw: bytes) -> EmailMessage:
    """RFC 5322 bytes to a message."""
    return email.message_from_bytes(raw, policy=email.policy.default)


def header(message, name) -> str:
    """A header in one line, "" if it is not there."""
    return " ".join(str(message.get(name, "")).split())


def addresses_of(message) -> list[str]:
    """The addresses in To and Cc."""
    return [address for _, address in getaddresses([header(message, "To"), header(message, "Cc")]) if address]


def answer_address(message) -> str:
    """The bare address that an answer goes to: Reply-To, else From."""
    return parseaddr(header(message, "Reply-To") or header(message, "From"))[1]


def is_address(text) -> bool:
    """Whether `text` is one bare mail address, as a form should hold it."""
    return bool(re.fullmatch(r"[\w.!#$%&'*+/=?^`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*", text, re.ASCII))


def attachments(message) -> list[Attachment]:
    """The attached files, in order."""
    return [
        Attachment(part.get_filename() or "", part.get_content_type(), part.get_payload(decode=True) or b"")
        for part in message.walk()
        if part.get_filename() or part.get_content_disposition() == "attachment"
    ]


def text(message) -> str:
    """The plain text of the mail, "" if there is none."""
    body = message.get_body(preferencelist=("plain",))
    return body.get_content().replace("\r\n", "\n") if body else ""
