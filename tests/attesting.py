"""A maker of YubiKeys in memory: its root, a device's F9 certificate, and attestations with Yubico's extensions."""

from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from tests import ca
from webapp import clock

_YUBICO = "1.3.6.1.4.1.41482.3."
EXTENSIONS = {"3": b"\x05\x07\x04", "7": b"\x02\x04\x01\x23\x45\x67", "8": b"\x02\x01", "9": b"\x81", "10": b"\x02"}


class Maker:
    """`root`; `f9` (the certificate of one device's F9 key); days: how long all is valid from a day ago."""

    def __init__(self, days=3650):
        self.days = days
        self.root_key, self.f9_key = ca.new_key(), ca.new_key()
        self.root = self._certificate("Yubico PIV Root CA", self.root_key, "Yubico PIV Root CA", self.root_key, True)
        self.f9 = self._certificate("Yubico PIV Attestation", self.f9_key, "Yubico PIV Root CA", self.root_key, True)

    def attestation(self, public_key, extensions=EXTENSIONS, is_ca=False):
        """The attestation of a key, as the device would make it."""
        issuer = "Yubico PIV Attestation"
        return self._certificate("YubiKey PIV Attestation 9c", public_key, issuer, self.f9_key, is_ca, extensions)

    def bundle(self, public_key, **changes):
        """The PEM of attestation and F9."""
        return ca.pem(self.attestation(public_key, **changes)) + ca.pem(self.f9)

    def _certificate(self, subject, key, issuer, issuer_key, is_ca, extensions=()):
        since = clock.now() - timedelta(days=1)
        builder = (
            x509.CertificateBuilder()
            .subject_name(ca.name([("CN", subject)]))
            .issuer_name(ca.name([("CN", issuer)]))
            .public_key(key.public_key() if hasattr(key, "public_key") else key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(since)
            .not_valid_after(since + timedelta(days=self.days))
            .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        )
        for last in extensions:
            value = x509.UnrecognizedExtension(x509.ObjectIdentifier(_YUBICO + last), extensions[last])
            builder = builder.add_extension(value, critical=False)
        return builder.sign(issuer_key, hashes.SHA256())
