"""Every option once, with its default and its reason. What belongs to the institution lies in the register."""

import os
from dataclasses import dataclass, fields
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    data: Path  # the folder of this installation (var/demo or var/real)
    database_url: str = ""  # DATABASE_URL; empty: data/register.db
    public_url: str = "http://127.0.0.1:8080"  # how browsers reach us; used in mails and for the same-origin check
    tokend_socket: str = ""  # TOKEND_SOCKET; empty: data/tokend.sock
    practice_url: str = ""  # the practice desk's page, in the demo
    card_reader: str = ""  # the socket of the practice card reader (bin/run --card virtual); empty: a card in SoftHSM
    card_pad: str = ""  # the PKCS#11 module that asks for the PIN at that reader's pad (bin/run --card pad)
    sender_name: str = "しるし"
    sender_mail: str = "shirushi@localhost.invalid"  # under which notices leave
    proxies: int = 0  # how many web servers of ours stand in front and add X-Forwarded-For; their word is taken
    work_seconds: float = 1.0  # how long the worker rests when nothing is due
    reminder_hour: int = 7  # from when in Japan the day's reminders are written

    @property
    def database(self):
        return self.database_url or f"sqlite:///{self.data / 'register.db'}"

    @property
    def sender(self):
        """(name, address) of the house's own notices."""
        return self.sender_name, self.sender_mail

    @property
    def tokend(self):
        return self.tokend_socket or str(self.data / "tokend.sock")

    @property
    def content_key_file(self):
        """32 bytes, mode 0600: what the contents that carry a password are encrypted with."""
        return self.data / "keys" / "content.key"

    @property
    def job_key_file(self):
        """32 bytes, mode 0600: what the jobs for signing stations are signed with (Ed25519)."""
        return self.data / "keys" / "stations.key"

    @property
    def mail_file(self):
        """JSON, mode 0600: how to reach the mail server (credentials are files, never rows)."""
        return self.data / "keys" / "smtp.json"

    @property
    def mailbox_file(self):
        """JSON, mode 0600: how to read the shared mailbox that the desk's answers come to; without it none is read."""
        return self.data / "keys" / "imap.json"

    @property
    def practice_mailbox_file(self):
        """The same in a demo, which never reads a real mailbox."""
        return self.data / "practice" / "imap.json"

    def server_file(self, is_practice):
        """The mail file that is used: a demo posts to the practice desk alone, whatever else is configured."""
        return self.data / "practice" / "smtp.json" if is_practice else self.mail_file

    @property
    def lobby(self):
        """Where LibreOffice and other tools may put their temporary files."""
        return self.data / "work"

    @classmethod
    def from_environment(cls, environ=os.environ):
        """Read SHIRUSHI_<OPTION>; DATABASE_URL and TOKEND_SOCKET go by their usual names.
        Raises ValueError with a sentence for an option that cannot be understood."""
        if "SHIRUSHI_DATA" not in environ:
            raise ValueError("SHIRUSHI_DATA is not set: the folder of the installation, such as var/demo")
        names = {"database_url": "DATABASE_URL", "tokend_socket": "TOKEND_SOCKET"}
        given = {}
        for option in fields(cls):
            value = environ.get(names.get(option.name, "SHIRUSHI_" + option.name.upper()))
            if value:
                given[option.name] = value
        given["data"] = Path(given["data"]).resolve()
        given["public_url"] = given.get("public_url", cls.public_url).rstrip("/")
        for name, kind in (("work_seconds", float), ("proxies", int), ("reminder_hour", int)):
            if name in given:
                given[name] = kind(given[name])
        if not 0 <= given.get("reminder_hour", 0) <= 23:
            raise ValueError("SHIRUSHI_REMINDER_HOUR is an hour of the day, 0 to 23")
        return cls(**given)
