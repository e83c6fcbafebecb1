"""Which bytes a key on a token may be made to sign. Each check reads the bytes as what they are said to be.

The kinds cannot be mistaken for each other: our own strings begin with an ASCII letter, CMS signed attributes with
a SET (0x31), a certification request, a certificate, a CRL and an OCSP response with a SEQUENCE whose members differ.
"""

import hashlib

from asn1crypto import (
    cms,
    crl,
    ocsp,
    tsp,  # noqa: F401 - importing it teaches cms the attribute signing_certificate_v2
    x509,
)

from tokens.errors import named

CA_KINDS = {"certificate": x509.TbsCertificate, "crl": crl.TbsCertList, "ocsp": ocsp.ResponseData}
CMS_DEMANDED = {"content_type", "message_digest", "signing_certificate_v2"}
CMS_ALLOWED = CMS_DEMANDED | {"cms_algorithm_protection", "signing_time"}
INDIRECT_DATA = "1.3.6.1.4.1.311.2.1.4"  # SPC_INDIRECT_DATA_OBJID: the digest of a Windows program
PROGRAM_DEMANDED = {"content_type", "message_digest"}
PROGRAM_ALLOWED = PROGRAM_DEMANDED | {"signing_time", "1.3.6.1.4.1.311.2.1.11", "1.3.6.1.4.1.311.2.1.12"}


def check_ca_bytes(purpose, tbs):
    """`tbs` must be DER of what `purpose` names: "certificate" (TBSCertificate), "crl" (TBSCertList) (RFC 5280 §4.1,
    §5.1) or "ocsp" (ResponseData, RFC 6960 §4.2.1). Raises TokenError bytes_refused for anything else."""
    kind = CA_KINDS.get(purpose)
    if kind is None:
        raise named("bytes_refused", f"purpose {purpose!r}")
    _parsed(kind, tbs)


def check_signed_attributes(data, certificate_der):
    """`data` must be DER CMS signed attributes (RFC 5652 §5.4) over id-data, holding content type, message digest
    and an ESSCertIDv2 (RFC 5035) with the SHA-256 of `certificate_der`. Raises TokenError bytes_refused."""
    attributes = _parsed(cms.CMSAttributes, data)
    found = {attribute["type"].native: attribute["values"] for attribute in attributes}
    if not CMS_DEMANDED <= found.keys() <= CMS_ALLOWED or len(found) != len(attributes):
        raise named("bytes_refused", "signed attributes")
    if found["content_type"][0].native != "data" or len(found["message_digest"][0].native) != 32:
        raise named("bytes_refused", "content type or digest")
    signers = found["signing_certificate_v2"][0]["certs"]
    if len(signers) != 1 or signers[0]["cert_hash"].native != hashlib.sha256(certificate_der).digest():
        raise named("bytes_refused", "another certificate")


def check_program_attributes(data):
    """`data` must be DER signed attributes of Authenticode (Microsoft, "Windows Authenticode Portable Executable Signature
    Format"): content type SPC_INDIRECT_DATA_OBJID and a SHA-256 digest, at most signing time, statement type and
    program name beside them. Raises TokenError bytes_refused."""
    attributes = _parsed(cms.CMSAttributes, data)
    found = {attribute["type"].native: attribute["values"] for attribute in attributes}
    if not PROGRAM_DEMANDED <= found.keys() <= PROGRAM_ALLOWED or len(found) != len(attributes):
        raise named("bytes_refused", "signed attributes")
    kinds, digests = found["content_type"], found["message_digest"]
    if [each.dotted for each in kinds] != [INDIRECT_DATA] or [len(each.native) for each in digests] != [32]:
        raise named("bytes_refused", "content type or digest")


def _parsed(kind, data):
    try:
        value = kind.load(data, strict=True)
        _ = value.native
    except (ValueError, TypeError, KeyError) as error:
        raise named("bytes_refused", kind.__name__) from error
    return value
