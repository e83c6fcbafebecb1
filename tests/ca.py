"""A certification authority in memory, for tests: EC keys, nothing on disk, nobody outside the tests trusts it.

    ca = Authority()
    certificate = ca.code_signing(new_key().public_key())

`ca.root` and `ca.issuing` are its certificates, `ca.chain` both as DER (issuing first). Everything it returns is an
object of cryptography; `der(x)` and `pem(x)` give bytes.
"""

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID as Access
from cryptography.x509.oid import ExtendedKeyUsageOID as Purpose
from cryptography.x509.oid import NameOID

SUBJECT = (
    ("C", "JP"),
    ("ST", "Tokyo"),
    ("L", "Chiyoda-ku"),
    ("O", "Practice University"),
    ("CN", "Practice University"),
)
ISSUER = "Practice (練習) Code Signing CA"
NON_EV_CODE_SIGNING = "2.23.140.1.4.1"
CRL_URL = "http://practice.example/ca/issuing.crl"
ISSUER_URL = "http://practice.example/ca/issuing.cer"
OCSP_URL = "http://practice.example/ocsp"

_OIDS = {
    "C": NameOID.COUNTRY_NAME,
    "ST": NameOID.STATE_OR_PROVINCE_NAME,
    "L": NameOID.LOCALITY_NAME,
    "O": NameOID.ORGANIZATION_NAME,
    "OU": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "CN": NameOID.COMMON_NAME,
    "DC": NameOID.DOMAIN_COMPONENT,
    "emailAddress": NameOID.EMAIL_ADDRESS,
}
_BITS = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


def new_key(curve=None):
    """A fresh EC private key, P-256 unless told."""
    return ec.generate_private_key(curve or ec.SECP256R1())


def name(values):
    """An x509.Name from (short name, value) pairs."""
    return x509.Name([x509.NameAttribute(_OIDS[short], value) for short, value in values])


def csr(key, subject=SUBJECT, *, hash=None, extensions=(), attributes=()):
    """A CSR by `key`; `extensions` are extension values, `attributes` (ObjectIdentifier, bytes) pairs."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(name(subject))
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    for oid, value in attributes:
        builder = builder.add_attribute(oid, value)
    return builder.sign(key, hash or hashes.SHA256())


def der(thing):
    """The DER bytes of a certificate, CSR or CRL."""
    return thing.public_bytes(Encoding.DER)


def pem(thing):
    """The PEM bytes of a certificate, CSR or CRL."""
    return thing.public_bytes(Encoding.PEM)


class Authority:
    """A root and an issuing CA with fresh EC keys. `at` is the instant from which all is dated (default: now)."""

    def __init__(self, issuer=ISSUER, at=None):
        self.at = (at or datetime.now(UTC)).replace(microsecond=0)
        self.root_key, self.issuing_key = new_key(), new_key()
        root_name, issuing_name = (
            name([("C", "JP"), ("O", "Practice"), ("CN", cn)]) for cn in (f"{issuer} Root", issuer)
        )
        self.root = self._authority(root_name, self.root_key, root_name, self.root_key)
        self.issuing = self._authority(issuing_name, self.issuing_key, root_name, self.root_key)

    @property
    def chain(self):
        """DER of the issuing CA and of the root."""
        return [der(self.issuing), der(self.root)]

    def code_signing(self, public_key, subject=SUBJECT, **changes):
        """A code-signing certificate that keeps CSBR; see `certificate` for what `changes` can break."""
        rule = {"usages": ("digital_signature",), "purposes": (Purpose.CODE_SIGNING,), "mails": ()}
        return self.certificate(public_key, subject, **(rule | changes))

    def smime(self, public_key, mail, **changes):
        """An S/MIME certificate as UPKI issues them since 2023: CN = mail address only. Its keyUsage has
        nonRepudiation only with usages=("digital_signature", "content_commitment")."""
        rule = {"usages": ("digital_signature",), "purposes": (Purpose.EMAIL_PROTECTION,), "mails": (mail,)}
        return self.certificate(public_key, (("CN", mail),), **(rule | {"policies": ("2.23.140.1.5.1.2",)} | changes))

    def client_auth(self, public_key, mail, **changes):
        """A certificate for signing in only, which may not seal."""
        return self.smime(public_key, mail, **({"purposes": (Purpose.CLIENT_AUTH,), "policies": ()} | changes))

    def certificate(
        self,
        public_key,
        subject,
        *,
        usages,
        purposes,
        mails,
        days=459,
        not_before=None,
        key_usage_critical=True,
        purposes_critical=False,
        policies=(NON_EV_CODE_SIGNING,),
        crl_urls=(CRL_URL,),
        crl_critical=False,
        issuer_urls=(ISSUER_URL,),
        ocsp_urls=(OCSP_URL,),
        authority_key_id=True,
        is_ca=None,
        serial=None,
    ):
        """Any end-entity certificate by the issuing CA. An empty tuple (or None for `usages`) leaves an extension
        out; `is_ca` None leaves basicConstraints out."""
        start = not_before or self.at - timedelta(minutes=5)
        builder = self._builder(name(subject), public_key, self.issuing.subject, start, days, serial)
        access = [_access(Access.CA_ISSUERS, url) for url in issuer_urls] + [_access(Access.OCSP, u) for u in ocsp_urls]
        extensions = [
            (usages is not None and x509.KeyUsage(**{bit: bit in (usages or ()) for bit in _BITS}), key_usage_critical),
            (purposes and x509.ExtendedKeyUsage(purposes), purposes_critical),
            (policies and x509.CertificatePolicies([_policy(oid) for oid in policies]), False),
            (crl_urls and x509.CRLDistributionPoints([_point(url) for url in crl_urls]), crl_critical),
            (access and x509.AuthorityInformationAccess(access), False),
            (authority_key_id and self._authority_key_id(), False),
            (is_ca is not None and x509.BasicConstraints(ca=bool(is_ca), path_length=None), True),
            (mails and x509.SubjectAlternativeName([x509.RFC822Name(mail) for mail in mails]), False),
            (x509.SubjectKeyIdentifier.from_public_key(public_key), False),
        ]
        for extension, critical in extensions:
            if extension:
                builder = builder.add_extension(extension, critical)
        return builder.sign(self.issuing_key, hashes.SHA256())

    def crl(self, revoked=(), *, at=None, reason=None):
        """A CRL of the issuing CA for 7 days; `revoked` are certificates, revoked at `at`."""
        moment = at or self.at
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.issuing.subject)
            .last_update(moment)
            .next_update(moment + timedelta(days=7))
        )
        for certificate in revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(certificate.serial_number).revocation_date(moment)
            if reason:
                entry = entry.add_extension(x509.CRLReason(reason), critical=False)
            builder = builder.add_revoked_certificate(entry.build())
        return builder.sign(self.issuing_key, hashes.SHA256())

    def _authority(self, subject, key, issuer, issuer_key):
        usage = x509.KeyUsage(**{bit: bit in ("key_cert_sign", "crl_sign") for bit in _BITS})
        return (
            self._builder(subject, key.public_key(), issuer, self.at - timedelta(days=400), 3650, None)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
            .sign(issuer_key, hashes.SHA256())
        )

    def _authority_key_id(self):
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(self.issuing_key.public_key())

    @staticmethod
    def _builder(subject, public_key, issuer, start, days, serial):
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(public_key)
            .serial_number(serial or x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + timedelta(days=days))
        )


def _policy(oid):
    return x509.PolicyInformation(x509.ObjectIdentifier(oid), None)


def _point(url):
    return x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None)


def _access(method, url):
    return x509.AccessDescription(method, x509.UniformResourceIdentifier(url))
