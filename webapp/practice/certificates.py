"""The certificates and lists of the practice authority, as the rules want them (CSBR 3.10.0 §7.1.2; S/MIME BR §7.1.2).

Each function returns a builder that the authority signs. `url` is the address of the desk's page, without a slash.
"""

import datetime
import secrets

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

PRACTICE_POLICY = x509.ObjectIdentifier("1.3.6.1.4.1.32473.1")  # RFC 5612: the number set aside for examples
CODE_SIGNING_POLICY = x509.ObjectIdentifier("2.23.140.1.4.1")  # CSBR §7.1.6.1, non-EV
MAILBOX_POLICY = x509.ObjectIdentifier("2.23.140.1.5.1.3")  # S/MIME BR, mailbox-validated strict
CODE_SIGNING_DAYS = 460  # CSBR §6.3.2, issued from 2026-03-01
MAIL_DAYS = 730
CA_DAYS = 3650
CRL_DAYS = 7

NAMES = {
    "root": "Practice (練習) Code Signing Root CA",
    "issuing": "Practice (練習) Code Signing CA",
    "smime": "Practice (練習) S/MIME CA",
}


def name_of(role):
    """The name of an authority: "root", "issuing" or "smime"."""
    parts = ((NameOID.COUNTRY_NAME, "JP"), (NameOID.ORGANIZATION_NAME, "Practice Authority (練習)"))
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in (*parts, (NameOID.COMMON_NAME, NAMES[role]))])


def authority(role, public_key, issuer, issuer_key, now, url):
    """A CA certificate. The two roots sign themselves (`issuer` equals `role`)."""
    inner = role == "issuing"
    builder = _certificate(name_of(role), public_key, name_of(issuer), issuer_key, now, CA_DAYS)
    builder = builder.add_extension(
        x509.BasicConstraints(ca=True, path_length=1 if role == "root" else 0), critical=True
    )
    builder = builder.add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
    if inner:
        builder = _places(builder, issuer, url)
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), critical=False)
        builder = _policies(builder, CODE_SIGNING_POLICY)
    return builder


def code_signing(subject: x509.Name, public_key, issuer_key, now, url):
    """A code-signing certificate for 460 days, subject exactly as asked for."""
    builder = _certificate(subject, public_key, name_of("issuing"), issuer_key, now, CODE_SIGNING_DAYS)
    builder = builder.add_extension(_usage(digital_signature=True), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    return _places(_policies(builder, CODE_SIGNING_POLICY), "issuing", url, f"{url}/ocsp")


def mail(address, public_key, issuer_key, now, url):
    """An S/MIME certificate, mailbox-validated: the subject holds the mail address and nothing else."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, address)])
    builder = _certificate(subject, public_key, name_of("smime"), issuer_key, now, MAIL_DAYS)
    builder = builder.add_extension(_usage(digital_signature=True), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.RFC822Name(address)]), critical=False)
    return _places(_policies(builder, MAILBOX_POLICY), "smime", url)


def authentication(address, public_key, issuer_key, now, url):
    """A certificate with which the holder of that mail address signs in with a card, and can do nothing else: client
    authentication alone (RFC 5280 §4.2.1.12), by the same authority as its sister for mail."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, address)])
    builder = _certificate(subject, public_key, name_of("smime"), issuer_key, now, MAIL_DAYS)
    builder = builder.add_extension(_usage(digital_signature=True), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.RFC822Name(address)]), critical=False)
    return _places(_policies(builder), "smime", url)


def revocation_list(role, revoked, issuer_key, now):
    """A CRL for seven days. `revoked` holds (serial int, aware datetime, reason int) triples."""
    builder = x509.CertificateRevocationListBuilder(name_of(role), now, now + datetime.timedelta(days=CRL_DAYS))
    builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), critical=False)
    builder = builder.add_extension(x509.CRLNumber(int(now.timestamp() * 1000)), critical=False)
    for serial, when, reason in revoked:
        builder = builder.add_revoked_certificate(_entry(serial, when, reason))
    return builder


def _entry(serial, when, reason):
    entry = x509.RevokedCertificateBuilder(serial, when)
    flag = reason_flag(reason)
    return (entry.add_extension(x509.CRLReason(flag), critical=False) if flag else entry).build()


def reason_flag(number):
    """The reason of a revocation, or None for 0: unspecified is left out (RFC 5280 §5.3.1)."""
    flags = {1: "key_compromise", 3: "affiliation_changed", 4: "superseded", 5: "cessation_of_operation"}
    return x509.ReasonFlags[flags[number]] if number in flags else None


def _certificate(subject, public_key, issuer, issuer_key, now, days):
    until = now + datetime.timedelta(days=days, seconds=-1)
    builder = x509.CertificateBuilder(issuer, subject, public_key, secrets.randbits(126) | 1 << 126, now, until)
    own = x509.SubjectKeyIdentifier.from_public_key(public_key)
    theirs = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key)
    return builder.add_extension(own, critical=False).add_extension(theirs, critical=False)


def _usage(**on):
    off = dict.fromkeys(
        "digital_signature content_commitment key_encipherment data_encipherment key_agreement key_cert_sign crl_sign "
        "encipher_only decipher_only".split(),
        False,
    )
    return x509.KeyUsage(**off | on)


def _places(builder, issuer, url, responder=""):
    lists = x509.DistributionPoint([x509.UniformResourceIdentifier(f"{url}/ca/{issuer}.crl")], None, None, None)
    access = [_access(AuthorityInformationAccessOID.CA_ISSUERS, f"{url}/ca/{issuer}.cer")]
    access += [_access(AuthorityInformationAccessOID.OCSP, responder)] if responder else []
    builder = builder.add_extension(x509.CRLDistributionPoints([lists]), critical=False)
    return builder.add_extension(x509.AuthorityInformationAccess(access), critical=False)


def _access(method, url):
    return x509.AccessDescription(method, x509.UniformResourceIdentifier(url))


def _policies(builder, *reserved):
    policies = [x509.PolicyInformation(oid, None) for oid in (*reserved, PRACTICE_POLICY)]
    return builder.add_extension(x509.CertificatePolicies(policies), critical=False)
