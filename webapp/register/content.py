"""The bytes of every paper, under their SHA-256. What carries the ZIP password is encrypted at rest."""

import hashlib
import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from peewee import BlobField, BooleanField, CharField, IntegerField

from webapp.register.database import Row

_NONCE = 12
_vault = {}


def unlock(key_file):
    """Read the installation's content key (32 bytes, made on first use with mode 0600)."""
    if not key_file.exists():
        key_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(AESGCM.generate_key(256))
    _vault["cipher"] = AESGCM(key_file.read_bytes())


def encrypt(data, context):
    """Bytes that only this installation's key opens, bound to `context` (bytes)."""
    nonce = os.urandom(_NONCE)
    return nonce + _vault["cipher"].encrypt(nonce, data, context)


def decrypt(data, context):
    """The bytes that `encrypt` was given; raises cryptography's InvalidTag when they were changed."""
    data = bytes(data)
    return _vault["cipher"].decrypt(data[:_NONCE], data[_NONCE:], context)


class Content(Row):
    sha256 = CharField(primary_key=True)
    stored = BlobField(column_name="bytes")
    size = IntegerField()
    is_encrypted = BooleanField()

    @classmethod
    def keep(cls, data, is_encrypted=False):
        """Keep bytes and return their row; what is there already is not stored twice."""
        sha256 = hashlib.sha256(data).hexdigest()
        stored = encrypt(data, sha256.encode()) if is_encrypted else data
        (
            cls.insert(sha256=sha256, stored=stored, size=len(data), is_encrypted=is_encrypted)
            .on_conflict_ignore()
            .execute()
        )
        return cls.get_by_id(sha256)

    def bytes(self):
        """The content as it was given."""
        return decrypt(self.stored, self.sha256.encode()) if self.is_encrypted else bytes(self.stored)
