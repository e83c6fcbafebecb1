"""How a practice card vouches for a key that it made (Yubico, "PIV Attestation"): a certificate over the key, issued by the
card's own F9 key. Whoever gives the card that key is the maker; the root above it is nobody's but a test's."""

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

F9 = 0xF9
CERTIFICATE = 0x5FFF01  # the object in which the F9 certificate lies
_YUBICO = "1.3.6.1.4.1.41482.3."
_FIRMWARE, _SERIAL, _POLICY, _FORM = (_YUBICO + last for last in ("3", "7", "8", "9"))
_PIN_ONCE, _PIN_ALWAYS, _NO_TOUCH, _USB_A = 2, 3, 1, 1


def attestation(slot, public_key, attester, attester_certificate, version, number, asks_always):
    """The certificate (DER) over the public key in `slot`, by the private key `attester` and its certificate (DER); `version`
    (three bytes) and `number` are the card's."""
    issuer = x509.load_der_x509_certificate(attester_certificate)
    since = datetime.now(UTC) - timedelta(days=1)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"YubiKey PIV Attestation {slot:x}")])
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer.subject).public_key(public_key)
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(since).not_valid_after(since + timedelta(days=3650))
    said = {
        _FIRMWARE: version,
        _SERIAL: b"\x02\x05\x00" + number.to_bytes(4, "big"),
        _POLICY: bytes([_PIN_ALWAYS if asks_always else _PIN_ONCE, _NO_TOUCH]),
        _FORM: bytes([_USB_A]),
    }
    for name, value in said.items():
        extension = x509.UnrecognizedExtension(x509.ObjectIdentifier(name), value)
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(attester, hashes.SHA256()).public_bytes(Encoding.DER)
