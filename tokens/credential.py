"""tokend's own PIN: a file of mode 0600 (or 0400), and the memory that a PIN was refused.

A refused PIN is never tried again, also after a restart, until the file holds another one: otherwise a service that
is started again and again would lock the token. The memory is a salted scrypt digest (RFC 7914), never the PIN. To
try the same PIN once more on purpose (the token was unlocked), delete the state file.
"""

import hashlib
import json
import os
import secrets
from pathlib import Path

from tokens.errors import CredentialRefused, TokenError, named
from tokens.pins import sound

MODES = (0o600, 0o400)
REFUSALS = {"pin_incorrect", "pin_locked", "pin_length", "pin_expired", "pin_not_set"}


class Credential:
    """The PIN in `pin_file` and what `state_file` (made with mode 0600) remembers of it."""

    def __init__(self, pin_file, state_file):
        self.pin_file = Path(pin_file)
        self.state_file = Path(state_file)
        self._unsaved = None

    def pin(self):
        """The PIN to log in with. Raises CredentialRefused if the token refused it before, TokenError
        credential_unreadable if the file is missing, empty, or open to others, pin_weak if it holds a PIN from the factory."""
        pin = self._read()
        refused = self._refused()
        if refused and secrets.compare_digest(refused["digest"], _digest(pin, refused["salt"])):
            raise CredentialRefused()
        return pin

    def refuse(self, pin):
        """Remember that the token refused this PIN."""
        salt = secrets.token_hex(16)
        self._unsaved = {"salt": salt, "digest": _digest(pin, salt)}
        self._save(json.dumps(self._unsaved))
        self._unsaved = None

    def accept(self):
        """The token took the PIN: nothing to remember any more."""
        self.state_file.unlink(missing_ok=True)

    def _read(self):
        try:
            descriptor = os.open(self.pin_file, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            with os.fdopen(descriptor, encoding="utf-8") as file:
                mode = os.fstat(descriptor).st_mode & 0o7777
                pin = file.read(200).rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise named("credential_unreadable", type(error).__name__) from error
        if mode not in MODES:
            raise named("credential_unreadable", oct(mode))
        try:
            return sound(pin)
        except TokenError as error:
            if error.code == "pin_weak":
                raise
            raise named("credential_unreadable", "no PIN in it") from error

    def _refused(self):
        """The refusal remembered, or None. A state file that cannot be understood stops all logins."""
        try:
            refused = json.loads(self.state_file.read_text(encoding="ascii"))
            return {"salt": str(refused["salt"]), "digest": str(refused["digest"])}
        except FileNotFoundError:
            return self._unsaved
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise named("credential_refused", "state file") from error

    def _save(self, text):
        """Whole and on disk, or not at all."""
        half = self.state_file.with_suffix(".new")
        descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(descriptor)
        os.replace(half, self.state_file)


def _digest(pin, salt):
    return hashlib.scrypt(pin.encode("utf-8"), salt=bytes.fromhex(salt), n=2**14, r=8, p=1).hex()
