"""The extensions of a certificate that the rules look at (RFC 5280 §4.2.1)."""

from dataclasses import dataclass

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID as Access

_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
)


@dataclass(frozen=True)
class Extensions:
    """`present` and `critical` are dotted OIDs. `key_usage` holds RFC 5280's bits in snake case
    (content_commitment = nonRepudiation); `purposes` (EKU) and `policies` dotted OIDs; key identifiers hex or ""."""

    present: tuple[str, ...]
    critical: tuple[str, ...]
    key_usage: tuple[str, ...]
    purposes: tuple[str, ...]
    policies: tuple[str, ...]
    crl_urls: tuple[str, ...]
    issuer_urls: tuple[str, ...]
    ocsp_urls: tuple[str, ...]
    is_ca: bool
    subject_key_id: str
    authority_key_id: str
    mails: tuple[str, ...]


def read(certificate):
    """The Extensions of an x509.Certificate. ValueError or x509.DuplicateExtension when they are malformed."""
    found = {type(extension.value): extension.value for extension in certificate.extensions}
    return Extensions(
        present=tuple(extension.oid.dotted_string for extension in certificate.extensions),
        critical=tuple(extension.oid.dotted_string for extension in certificate.extensions if extension.critical),
        key_usage=_key_usage(found.get(x509.KeyUsage)),
        purposes=tuple(oid.dotted_string for oid in found.get(x509.ExtendedKeyUsage, ())),
        policies=tuple(p.policy_identifier.dotted_string for p in found.get(x509.CertificatePolicies, ())),
        crl_urls=_crl_urls(found.get(x509.CRLDistributionPoints, ())),
        issuer_urls=_access(found.get(x509.AuthorityInformationAccess, ()), Access.CA_ISSUERS),
        ocsp_urls=_access(found.get(x509.AuthorityInformationAccess, ()), Access.OCSP),
        is_ca=x509.BasicConstraints in found and found[x509.BasicConstraints].ca,
        subject_key_id=_hex(found, x509.SubjectKeyIdentifier, "digest"),
        authority_key_id=_hex(found, x509.AuthorityKeyIdentifier, "key_identifier"),
        mails=_mails(found.get(x509.SubjectAlternativeName)),
    )


def _key_usage(usage):
    return tuple(name for name in _USAGES if usage is not None and getattr(usage, name))


def _crl_urls(points):
    return _urls(name for point in points for name in point.full_name or ())


def _access(descriptions, method):
    return _urls(each.access_location for each in descriptions if each.access_method == method)


def _urls(names):
    return tuple(name.value for name in names if isinstance(name, x509.UniformResourceIdentifier))


def _hex(found, kind, attribute):
    value = getattr(found[kind], attribute) if kind in found else None
    return (value or b"").hex()


def _mails(names):
    return () if names is None else tuple(names.get_values_for_type(x509.RFC822Name))
