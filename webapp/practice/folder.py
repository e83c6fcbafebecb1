"""Where the practice desk keeps its things: one folder, nothing outside it.

desk.json        settings, written with defaults on the first start      address.json  url and smtp_port of this start
smtp.json        host, port, user, password, ca (0600)                   smtp-ca.pem   the certificate to trust for SMTP
desk.sqlite      index of mails, cases, certificates                     smtp-key.pem  its key (0600)
mail/NNNN.eml    every mail as it arrived or left
hsm/             the CA's SoftHSM token and its PIN (0600)
ca/              root, issuing, smime: .cer (DER), .pem, .crl
anchors/         code-signing-root.cer, code-signing-issuing.cer, smime-root.cer: what the demo may trust (DER)
"""

import os
from pathlib import Path


class Folder:
    """The data folder of one desk. Makes the sub-folders it names; a file with a secret is written with mode 0600."""

    def __init__(self, path):
        self.path = Path(path).absolute()
        for part in (self.path, self.mail, self.hsm, self.ca, self.anchors):
            part.mkdir(parents=True, exist_ok=True, mode=0o700)

    @property
    def mail(self):
        return self.path / "mail"

    @property
    def hsm(self):
        return self.path / "hsm"

    @property
    def ca(self):
        return self.path / "ca"

    @property
    def anchors(self):
        return self.path / "anchors"

    def __truediv__(self, name):
        return self.path / name


def write_secret(path, data: bytes):
    """Writes `data` to `path` so that it is never readable by others, not even for a moment."""
    whole = path.with_name(path.name + ".new")
    whole.unlink(missing_ok=True)
    descriptor = os.open(whole, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    whole.replace(path)


def write_whole(path, data: bytes):
    """Writes `data` to `path`; a reader sees the old content or the new, never a part."""
    whole = path.with_name(path.name + ".new")
    whole.write_bytes(data)
    whole.replace(path)
