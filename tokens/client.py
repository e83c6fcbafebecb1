"""The client's side of tokend, for the web and the worker. Imports no pkcs11 and knows no PIN."""

import hashlib
import socket
from dataclasses import dataclass

from tokens import wire
from tokens.errors import named
from tokens.proof import Proof


@dataclass(frozen=True)
class StoredCertificate:
    """A certificate that lies on a token (DER)."""

    label: str
    cka_id: bytes
    der: bytes


@dataclass(frozen=True)
class Token:
    """A token that is present; `flags` and `mechanisms` are PKCS#11 names without CKF_ and CKM_."""

    label: str
    serial: str
    manufacturer: str
    model: str
    flags: tuple[str, ...]
    mechanisms: tuple[str, ...]
    certificates: tuple[StoredCertificate, ...]


@dataclass(frozen=True)
class MadeKey:
    """A key pair on a token and its request. `attributes` are the key's own (LOCAL, EXTRACTABLE, …: True, False or
    None where the module does not say); `token` has label, serial, manufacturer and model."""

    csr_der: bytes
    spki_sha256: bytes
    cka_id: bytes
    attributes: dict
    token: dict


@dataclass(frozen=True)
class Installed:
    """A certificate that was written and read back; `token` as in MadeKey."""

    cka_id: bytes
    certificate_sha256: bytes
    token: dict


@dataclass(frozen=True)
class SelfCheck:
    """A test signature by a key that is gone: `spki` its public key (DER); not yet verified (tokens.self_check)."""

    spki: bytes
    signature: bytes
    mechanism: str
    token: dict


@dataclass(frozen=True)
class Tokend:
    """tokend at the Unix socket `path`. Every method raises TokenError; `seconds` is the longest wait."""

    path: str
    seconds: float = 150

    def tokens(self):
        """[Token, …]: what is present, without login."""
        return [_token(each) for each in self._asked("tokens")["tokens"]]

    def make_key(self, *, cka_id, label, algorithm, subject):
        """MadeKey for `cka_id` (bytes, the caller's own, written down before): asking again makes no second key.
        `algorithm` is RSA-3072, RSA-4096, P-256 or P-384; `subject` [(short name, value), …] in encoded order."""
        subject = [list(pair) for pair in subject]
        return MadeKey(**self._asked("make_key", cka_id=cka_id, label=label, algorithm=algorithm, subject=subject))

    def install(self, *, certificate_der, chain_ders=()):
        """Installed: the certificate lies beside its key, the chain beside it."""
        return Installed(**self._asked("install", certificate_der=certificate_der, chain_ders=list(chain_ders)))

    def prove(self, *, certificate_der, challenge):
        """The Proof of possession for this challenge (32 bytes); not yet verified: tokens.proof.check does that."""
        made = self._asked("prove", certificate_der=certificate_der, challenge=challenge)
        return proof_of(made, certificate_der, challenge)

    def sign_mail(self, *, certificate_der, inside, signed_attributes_der):
        """The signature (bytes) over the signed attributes of a mail whose signed part is `inside`, by an office's key."""
        asked = {"certificate_der": certificate_der, "inside": inside, "signed_attributes_der": signed_attributes_der}
        return self._asked("sign_mail", **asked)["signature"]

    def self_check(self, *, nonce):
        """SelfCheck over this nonce (32 bytes): login, a key of the moment, a signature. Stores nothing."""
        return SelfCheck(**self._asked("self_check", nonce=nonce))

    def health(self):
        """{"token", "credential": "ready" or the code of an error, "busy"} without touching the token."""
        return self._asked("health")

    def _asked(self, op, **args):
        answer = self._answer(wire.pack({"op": op, "args": args}))
        if "ok" not in answer:
            raise named(answer.get("code", ""), answer.get("detail", ""))
        return answer["ok"]

    def _answer(self, request):
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(self.seconds)
                connection.connect(str(self.path))
                connection.sendall(request)
                with connection.makefile("rb") as stream:
                    return wire.unpack(stream.readline(wire.LONGEST))
        except TimeoutError as error:
            raise named("timeout", "tokend") from error
        except (OSError, ValueError) as error:
            raise named("tokend_unreachable", type(error).__name__) from error


def proof_of(made, certificate_der, challenge):
    """The Proof from what the worker's operation `prove` returned."""
    return Proof(
        challenge=challenge,
        certificate_sha256=hashlib.sha256(certificate_der).digest(),
        signature=made["signature"],
        mechanism=made["mechanism"],
        token_label=made["token"]["label"],
        token_serial=made["token"]["serial"],
    )


def _token(values):
    certificates = tuple(StoredCertificate(**each) for each in values["certificates"])
    lists = {"flags": tuple(values["flags"]), "mechanisms": tuple(values["mechanisms"])}
    return Token(**{**values, **lists, "certificates": certificates})
