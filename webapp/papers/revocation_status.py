"""Evidence that the world agrees about a revocation: bytes from outside in, a Found or a refusal out.

    found = guard.run("webapp.papers.revocation_status:read_crl", data, issuer_der, serial_hex, at, addresses)
    request, nonce = ocsp_request(serial, issuer_der)
    found = guard.run("webapp.papers.revocation_status:read_ocsp", data, issuer_der, serial_hex, at, nonce)
    kept = guard.run("webapp.papers.revocation_status:read_list", data, authorities, at)
    state = guard.run("webapp.papers.revocation_status:judge", certificate_der, authorities, lists, at)

The names of all refusals stand here, so that they come back from the guarded child as themselves.
"""

from webapp.papers.crl import MAX_BYTES as MAX_CRL_BYTES
from webapp.papers.crl import RevocationList, read_crl, read_list
from webapp.papers.ocsp import MAX_BYTES as MAX_OCSP_BYTES
from webapp.papers.ocsp import ocsp_request, read_ocsp
from webapp.papers.revocation_state import RevocationState, judge
from webapp.papers.status_answer import (
    GOOD,
    REVOKED,
    UNKNOWN,
    Found,
    NoStatus,
    NotAuthorised,
    NotUnderstood,
    OtherCertificate,
    OtherIssuer,
    Stale,
    TooLarge,
    WrongNonce,
    WrongSignature,
)

__all__ = [
    "GOOD",
    "MAX_CRL_BYTES",
    "MAX_OCSP_BYTES",
    "REVOKED",
    "UNKNOWN",
    "Found",
    "NoStatus",
    "NotAuthorised",
    "NotUnderstood",
    "OtherCertificate",
    "OtherIssuer",
    "RevocationList",
    "RevocationState",
    "Stale",
    "TooLarge",
    "WrongNonce",
    "WrongSignature",
    "judge",
    "ocsp_request",
    "read_crl",
    "read_list",
    "read_ocsp",
]
