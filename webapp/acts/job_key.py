"""The key by which the server signs what it asks of stations (Ed25519, RFC 8032): a file of mode 0600, never a row. Stations
pin its public half when they are paired; who loses the file must pair them again."""

import os
import secrets
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

_kept = {}


def settle(file):
    """Say once, at start-up, where the key lies (a Path). It is made when it is first used."""
    _kept.clear()
    _kept["file"] = Path(file)


def key():
    """The private key."""
    if "key" not in _kept:
        file = _kept["file"]
        if not file.exists():
            _make(file)
        _kept["key"] = Ed25519PrivateKey.from_private_bytes(file.read_bytes())
    return _kept["key"]


def _make(file):
    """Written whole under another name first: of two processes that begin at once, both then read the same key."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = file.with_name(f"{file.name}.{secrets.token_hex(8)}")
    made = Ed25519PrivateKey.generate().private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(made)
        os.link(fresh, file)
    except FileExistsError:
        pass  # another process was faster
    finally:
        fresh.unlink(missing_ok=True)
