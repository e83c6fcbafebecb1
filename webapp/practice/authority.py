"""認証局 of the practice world: its keys live on its own SoftHSM token, its certificates in the data folder."""

import datetime
import secrets
import shutil

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp

from tokens import softhsm
from tokens.token_key import TokenKey
from tokens.worker import TokenWorker
from webapp.practice import certificates, persons
from webapp.practice.folder import write_secret, write_whole

LABEL = "practice-ca"
ISSUERS = {"root": "root", "issuing": "root", "smime": "smime"}  # role -> who signs its certificate
ANCHORS = {"root": "code-signing-root", "issuing": "code-signing-issuing", "smime": "smime-root"}
FRESH = datetime.timedelta(days=1)
DER, PEM = serialization.Encoding.DER, serialization.Encoding.PEM


class Authority:
    """Makes itself on first use: token, three P-384 keys, their certificates and lists. `url` is what the certificates
    name as the place of lists, issuers and the responder; `issued` is what was issued so far; `now` returns an aware
    datetime; the world learns of a revocation `publish_after` (timedelta) later."""

    def __init__(self, folder, issued, url, now, publish_after=datetime.timedelta(0)):
        self.folder, self.issued, self.url, self.now = folder, issued, url, now
        self.publish_after = publish_after
        self.persons = persons.Persons(issued.store)
        self._pin = self._open_token()
        self.worker = TokenWorker(softhsm.MODULE, softhsm.prepare(folder.hsm))
        for role in ISSUERS:
            self._establish(role)

    def close(self):
        """Ends the process that holds the keys."""
        self.worker.close()

    def certificate(self, role) -> x509.Certificate:
        """The certificate of "root", "issuing" or "smime"."""
        return x509.load_der_x509_certificate((self.folder.ca / f"{role}.cer").read_bytes())

    def issue(self, subject_and_key: x509.CertificateSigningRequest) -> x509.Certificate:
        """A code-signing certificate for the subject and the key of a CSR that was examined before."""
        csr, key = subject_and_key, self._key("issuing", "certificate")
        builder = certificates.code_signing(csr.subject, csr.public_key(), key.public_key(), self.now(), self.url)
        return builder.sign(key, hashes.SHA384())

    def issue_mail(self, address, public_key) -> x509.Certificate:
        """An S/MIME certificate for that mail address."""
        return self._for_a_person(certificates.mail, address, public_key, persons.MAIL)

    def issue_authentication(self, address, public_key) -> x509.Certificate:
        """A certificate to sign in with, for the holder of that mail address."""
        return self._for_a_person(certificates.authentication, address, public_key, persons.SIGN_IN)

    def revoke_of_person(self, serial):
        """Revokes a person's certificate (serial in hex) and publishes it at once; nothing if it is revoked already."""
        if self.persons.revoke(serial, self.now()):
            self.write_list("smime")

    def restore_of_person(self, serial):
        """Takes that back, which only a practice authority may do."""
        if self.persons.restore(serial):
            self.write_list("smime")

    def published(self) -> list:
        """(serial int, aware datetime, reason int) of the revocations that the world may know of by now."""
        until = self.now() - self.publish_after
        return [revoked for revoked in self.issued.revoked() if revoked[1] <= until]

    def list_revoked(self, role) -> bytes:
        """The CRL of `role` (DER), at most a day old and with everything published so far."""
        path = self.folder.ca / f"{role}.crl"
        if not path.exists() or _made(path) + FRESH < self.now() or (role == "issuing" and self._lacks_some(path)):
            self.write_list(role)
        return path.read_bytes()

    def write_list(self, role):
        """Signs a new CRL now."""
        key = self._key(role, "crl")
        revoked = {"issuing": self.published, "smime": self.persons.revoked}.get(role, list)()
        signed = certificates.revocation_list(role, revoked, key.public_key(), self.now()).sign(key, hashes.SHA384())
        write_whole(self.folder.ca / f"{role}.crl", signed.public_bytes(DER))

    def sign_answer(self, builder: ocsp.OCSPResponseBuilder) -> bytes:
        """An OCSPResponse (DER) signed by the issuing authority itself."""
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, self.certificate("issuing"))
        return builder.sign(self._key("issuing", "ocsp"), hashes.SHA384()).public_bytes(DER)

    def _for_a_person(self, certificate, address, public_key, purpose):
        key, now = self._key("smime", "certificate"), self.now()
        made = certificate(address, public_key, key.public_key(), now, self.url).sign(key, hashes.SHA384())
        self.persons.record(made, address, purpose, now)
        return made

    def _lacks_some(self, path):
        made = _made(path)
        return any(when + self.publish_after > made for _, when, _ in self.published())

    def _open_token(self):
        path = self.folder.hsm / "pin"
        if not path.exists():  # without a PIN nobody can ever use what lies there
            shutil.rmtree(self.folder.hsm / "tokens", ignore_errors=True)
            pin = secrets.token_hex(8)
            softhsm.make_token(self.folder.hsm, LABEL, pin)
            write_secret(path, pin.encode())
        return path.read_text()

    def _establish(self, role):
        path = self.folder.ca / f"{role}.cer"
        if not path.exists():
            write_whole(path, self._sign_authority(role).public_bytes(DER))
        write_whole(self.folder.ca / f"{role}.pem", self.certificate(role).public_bytes(PEM))
        write_whole(self.folder.anchors / f"{ANCHORS[role]}.cer", path.read_bytes())

    def _sign_authority(self, role):
        issuer = ISSUERS[role]
        public_key = self._make_key(role)
        signer = (
            TokenKey(public_key, self._signer(role, "certificate"))
            if issuer == role
            else self._key(issuer, "certificate")
        )
        builder = certificates.authority(role, public_key, issuer, signer.public_key(), self.now(), self.url)
        return builder.sign(signer, hashes.SHA384())

    def _make_key(self, role):
        wish = {
            "cka_id": role.encode(),
            "label": role,
            "algorithm": "P-384",
            "subject": [["CN", certificates.NAMES[role]]],
        }
        made = self.worker.call("make_key", token=LABEL, pin=self._pin, **wish)
        return x509.load_der_x509_csr(made["csr_der"]).public_key()

    def _key(self, role, purpose):
        return TokenKey(self.certificate(role).public_key(), self._signer(role, purpose))

    def _signer(self, role, purpose):
        fixed = {"token": LABEL, "pin": self._pin, "cka_id": role.encode(), "purpose": purpose}
        return lambda data, hash_name: self.worker.call("sign", **fixed, tbs=data, hash_name=hash_name)["signature"]


def _made(path):
    return x509.load_der_x509_crl(path.read_bytes()).last_update_utc
