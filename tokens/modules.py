"""PKCS#11 modules of this computer: where they usually lie, and what each is."""

import glob
import os
import sys
from dataclasses import dataclass
from pathlib import Path

LINUX = ("/usr/lib/*-linux-gnu", "/usr/lib64", "/usr/lib", "/usr/local/lib")
MAC = ("/opt/homebrew/lib", "/usr/local/lib")
PROGRAMS = (r"C:\Program Files", r"C:\Program Files (x86)")
REGISTERED = ("/usr/share/p11-kit/modules/*.module", "/etc/pkcs11/modules/*.module")
COLLECTIONS = {
    "p11-kit-trust.so",
    "p11-kit-proxy.so",
    "p11-kit-client.so",
    "pkcs11-spy.so",
}  # lead to others, or to none

# Short name, what it is, patterns for Linux and macOS (below each folder, or absolute), patterns for Windows (likewise).
KNOWN = (
    (
        "opensc",
        "OpenSC(PIV、JPKIなど多くのICカード)",
        ("opensc-pkcs11.so", "pkcs11/opensc-pkcs11.so", "/Library/OpenSC/lib/opensc-pkcs11.so"),
        (r"OpenSC Project\OpenSC\pkcs11\opensc-pkcs11.dll",),
    ),
    (
        "yubikey",
        "YubiKey(PIV)",
        ("libykcs11.so*", "libykcs11.dylib"),
        (r"Yubico\Yubico PIV Tool\bin\libykcs11.dll",),
    ),
    (
        "etoken",
        "SafeNet eToken",
        ("libeTPkcs11.so", "libeToken.so", "libeTPkcs11.dylib"),
        (r"C:\Windows\System32\eTPKCS11.dll",),
    ),
    (
        "idprime",
        "Thales IDPrime / eToken 5110 CC",
        ("libIDPrimePKCS11.so", "pkcs11/libIDPrimePKCS11.so", "libIDPrimePKCS11.dylib"),
        (r"SafeNet\Authentication\SAC\x64\IDPrimePKCS1164.dll",),
    ),
    (
        "luna",
        "Thales Luna HSM",
        ("/usr/safenet/lunaclient/lib/libCryptoki2_64.so", "/opt/safenet/lunaclient/lib/libCryptoki2_64.so"),
        (r"SafeNet\LunaClient\cryptoki.dll",),
    ),
    (
        "nshield",
        "Entrust nShield HSM",
        ("/opt/nfast/toolkits/pkcs11/libcknfast.so",),
        (r"nCipher\nfast\toolkits\pkcs11\cknfast-64.dll", r"Entrust\nShield\toolkits\pkcs11\cknfast.dll"),
    ),
    (
        "cloudhsm",
        "AWS CloudHSM",
        ("/opt/cloudhsm/lib/libcloudhsm_pkcs11.so",),
        (r"Amazon\CloudHSM\lib\cloudhsm_pkcs11.dll",),
    ),
    (
        "utimaco",
        "Utimaco HSM",
        ("libcs_pkcs11_R3.so", "/opt/utimaco/lib/libcs_pkcs11_R3.so"),
        (r"Utimaco\*\Lib\cs_pkcs11_R3.dll",),
    ),
    ("nethsm", "Nitrokey NetHSM", ("nitrokey/libnethsm_pkcs11.so", "libnethsm_pkcs11.so"), ()),
    ("tpm2", "TPM(tpm2-pkcs11)", ("libtpm2_pkcs11.so*", "pkcs11/libtpm2_pkcs11.so"), ()),
    ("opencryptoki", "openCryptoki", ("opencryptoki/libopencryptoki.so", "pkcs11/libopencryptoki.so"), ()),
    (
        "softhsm",
        "SoftHSM(練習・試験用のソフトウェアトークン)",
        ("softhsm/libsofthsm2.so", "pkcs11/libsofthsm2.so"),
        (r"C:\SoftHSM2\lib\softhsm2-x64.dll", r"SoftHSM2\lib\softhsm2-x64.dll"),
    ),
)


@dataclass(frozen=True)
class Found:
    """A module that lies on this computer: its short name (for --module), what it is (Japanese), its path."""

    name: str
    what: str
    path: str


def found():
    """[Found, …]: known makers first, then what p11-kit has registered; each file once."""
    modules = [Found(name, what, path) for name, what, *places in KNOWN for path in _existing(places)]
    modules += [Found(Path(path).stem, "p11-kitに登録されたモジュール", path) for path in _registered()]
    once = {}
    for module in modules:
        if Path(module.path).name not in COLLECTIONS:
            once.setdefault(os.path.realpath(module.path), module)
    return list(once.values())


def path_of(text):
    """The path for what a person wrote after --module: a short name that `found` knows, else the text itself."""
    return next((module.path for module in found() if module.name == text), text)


def _existing(places):
    unix, windows = places
    folders, patterns = (PROGRAMS, windows) if sys.platform == "win32" else (LINUX, unix)
    folders = MAC if sys.platform == "darwin" else folders
    for pattern in patterns:
        absolute = pattern.startswith(("/", "C:"))
        for place in [pattern] if absolute else [os.path.join(folder, pattern) for folder in folders]:
            yield from sorted(glob.glob(place))


def _registered():
    for path in sorted(path for pattern in REGISTERED for path in glob.glob(pattern)):
        try:
            lines = Path(path).read_text("utf-8", "replace").splitlines()
        except OSError:
            continue
        for line in lines:
            key, _, value = line.partition(":")
            if key.strip() == "module":
                yield from _existing(((value.strip(), f"pkcs11/{value.strip()}"), ()))
