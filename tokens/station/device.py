"""What makes this PC a station: its own key, and the servers it was paired with. Files of mode 0600 in the person's own folder."""

import json
import os
import stat
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from tokens import folders
from tokens.station.refusals import Refusal

KEY, PAIRINGS, MODULES = "device.key", "pairings.json", "modules.json"


@dataclass(frozen=True)
class Pairing:
    """A server this station belongs to: what was pinned when they met. `job_key` is base64 of the raw public key; `one_pin`: its
    procedure allowed one PIN entry for a list of documents then, without which no job may ask for that."""

    origin: str
    station: str
    owner: str
    job_key: str
    one_pin: bool = False


def folder():
    """The folder of the station's settings (mode 0700, made if missing)."""
    if sys.platform in ("win32", "darwin"):
        place = folders.state() / "station"
    else:
        base = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
        place = Path(base) / "shirushi" / "station"
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    return place


def key():
    """The station's Ed25519 private key; made at the first call. Raises Refusal key_open if others can read the file,
    key_unreadable."""
    path = folder() / KEY
    try:
        made = Ed25519PrivateKey.generate()
        write_new(path, made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return made
    except FileExistsError:
        pass
    try:
        with open(path, "rb") as file:
            _only_mine(file)
            found = load_pem_private_key(file.read(2000), password=None)
    except (OSError, ValueError) as error:
        raise Refusal("key_unreadable", type(error).__name__) from error
    if not isinstance(found, Ed25519PrivateKey):
        raise Refusal("key_unreadable", "kind")
    return found


def pairings():
    """[Pairing, …] in the order they were made."""
    try:
        return [Pairing(**each) for each in _read(PAIRINGS)]
    except TypeError as error:
        raise Refusal("settings_unreadable", PAIRINGS) from error


def pair(pairing):
    """Remember a pairing, in place of an earlier one with the same origin."""
    _write(PAIRINGS, [asdict(each) for each in [*_others(pairing.origin), pairing]])


def forget(origin):
    """Forget the pairing with an origin; with the last one the device key goes too. False if there was none."""
    left, before = _others(origin), len(pairings())
    if len(left) == before:
        return False
    _write(PAIRINGS, [asdict(each) for each in left])
    if not left:
        (folder() / KEY).unlink(missing_ok=True)
    return True


def modules():
    """The PKCS#11 modules this person chose, or none."""
    found = _read(MODULES)
    return [each for each in found if isinstance(each, str)]


def choose_modules(paths):
    """Use only these modules from now on."""
    _write(MODULES, [str(each) for each in paths])


def write_new(path, data):
    """A new file of mode 0600. Raises FileExistsError."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def replace(path, data):
    """A file of mode 0600 with these bytes, whole or not at all."""
    half = path.with_name(path.name + ".new")
    half.unlink(missing_ok=True)
    write_new(half, data)
    os.replace(half, path)


def _others(origin):
    return [each for each in pairings() if each.origin != origin]


def _read(name):
    try:
        values = json.loads((folder() / name).read_text("utf-8"))
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        raise Refusal("settings_unreadable", name) from error
    if not isinstance(values, list):
        raise Refusal("settings_unreadable", name)
    return values


def _write(name, values):
    replace(folder() / name, json.dumps(values, ensure_ascii=False, indent=1).encode("utf-8"))


def _only_mine(file):
    if sys.platform == "win32":  # the profile folder is the person's own there
        return
    found = os.fstat(file.fileno())
    if found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & 0o077:
        raise Refusal("key_open")
